// node drive.mjs SCENARIO OPTIONS: runs one scenario with a client of the warehouse and prints what it returns as JSON.
import { createClient } from "@clickhouse/client";
import * as scenarios from "./scenarios.mjs";

const [scenario, text] = process.argv.slice(2);
const options = JSON.parse(text);
const client = createClient({
  url: options.url,
  username: options.username,
  password: options.password,
  request_timeout: 30_000,
  log: { level: 127 },
  ...options.client,
});
const result = await scenarios[scenario](client, options);
await client.close();
process.stdout.write(JSON.stringify(result ?? null));
