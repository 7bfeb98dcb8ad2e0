// node drive.mjs MODULE SCENARIO OPTIONS: runs one scenario of a module in this folder and prints what it returns as JSON.
// The process ends when everything the client still sends is sent.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [module, scenario, options] = process.argv.slice(2);
const scenarios = await import(pathToFileURL(resolve(module)));
const result = await scenarios[scenario](JSON.parse(options));
process.stdout.write(JSON.stringify(result ?? null));
