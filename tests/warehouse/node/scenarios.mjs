// What applications do with @clickhouse/client; each scenario returns what the test then looks at.
import { Readable } from "node:stream";
import { createClient } from "@clickhouse/client";

const ROWS = "SELECT number AS n, toString(number) AS s FROM numbers({count:UInt32})";

export async function ping(client) {
  return [await client.ping(), await client.ping({ select: true })];
}

export async function pingNobody() {
  const nobody = createClient({ url: "http://127.0.0.1:1", log: { level: 127 } });
  const { success, error } = await nobody.ping();
  return { success, code: error.code };
}

// Every format that the client can parse or stream, read in the way it offers.
export async function formats(client) {
  const read = {};
  for (const format of [
    "JSON", "JSONStrings", "JSONCompact", "JSONCompactStrings", "JSONColumnsWithMetadata", "JSONObjectEachRow",
    "JSONEachRow", "JSONStringsEachRow", "JSONCompactEachRow", "JSONCompactStringsEachRow",
    "JSONCompactEachRowWithNames", "JSONCompactEachRowWithNamesAndTypes", "JSONCompactStringsEachRowWithNames",
    "JSONCompactStringsEachRowWithNamesAndTypes",
  ]) {
    const answer = await client.query({ query: ROWS, format, query_params: { count: 2 } });
    read[format] = await answer.json();
  }
  for (const format of [
    "CSV", "CSVWithNames", "CSVWithNamesAndTypes", "TabSeparated", "TabSeparatedRaw", "TabSeparatedWithNames",
    "TabSeparatedWithNamesAndTypes", "CustomSeparated", "CustomSeparatedWithNames", "CustomSeparatedWithNamesAndTypes",
  ]) {
    const answer = await client.query({ query: ROWS, format, query_params: { count: 2 } });
    read[format] = await answer.text();
  }
  return read;
}

export async function parquet(client) {
  const { stream } = await client.exec({ query: "SELECT 1 AS a FORMAT Parquet" });
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  const file = Buffer.concat(pieces);
  return [file.subarray(0, 4).toString(), file.subarray(-4).toString()];
}

export async function stream(client, { count, format }) {
  const answer = await client.query({ query: ROWS, format, query_params: { count } });
  let rows = 0;
  let last = "";
  for await (const batch of answer.stream()) {
    rows += batch.length;
    last = batch[batch.length - 1].text;
  }
  return { rows, last };
}

export async function parameters(client) {
  const query_params = {
    text: "it's \\ \t\n é 日本",
    list: ["a'b", "c"],
    at: new Date(Date.UTC(2026, 2, 1, 12, 30, 0)),
    none: null,
    pairs: { k: 1 },
    long: "x".repeat(100_000),
  };
  const query =
    "SELECT {text:String} AS text, {list:Array(String)} AS list, toUnixTimestamp({at:DateTime('UTC')}) AS at, " +
    "{none:Nullable(String)} AS none, {pairs:Map(String, UInt8)} AS pairs, length({long:String}) AS long";
  const use_multipart_params_auto = true;
  const answer = await client.query({ query, query_params, format: "JSONEachRow", use_multipart_params_auto });
  const [row] = await answer.json();
  return row;
}

const WITH_TYPES = {
  meta: [{ name: "n", type: "Int64" }, { name: "s", type: "String" }],
  data: [{ n: 5, s: "five" }],
};

export async function inserts(client, { table }) {
  const values = [{ n: 1, s: "one" }, { n: 2, s: "two" }];
  const first = await client.insert({ table, values, format: "JSONEachRow" });
  await client.insert({ table, values: [[3, "three"]], format: "JSONCompactEachRow" });
  await client.insert({ table, values: [[4]], columns: ["n"], format: "JSONCompactEachRow" });
  await client.insert({ table, values: WITH_TYPES, format: "JSON" });
  const objects = new Readable({ objectMode: true, read() {} });
  for (let n = 6; n < 20_006; n++) objects.push({ n, s: "streamed" });
  objects.push(null);
  const streamed = await client.insert({ table, values: objects, format: "JSONEachRow" });
  const text = Readable.from(["30001,a\n", "30002,b\n"], { objectMode: false });
  await client.insert({ table, values: text, format: "CSV" });
  const empty = await client.insert({ table, values: [], format: "JSONEachRow" });
  return { first, streamed, empty };
}

export async function brokenInsert(client, { table }) {
  const controller = new AbortController();
  const values = new Readable({ objectMode: true, read() {} });
  const landing = client.insert({ table, values, format: "JSONEachRow", abort_signal: controller.signal });
  for (let n = 0; n < 600_000; n++) values.push({ n, s: "never to be seen" });
  setTimeout(() => controller.abort(), 1500);
  return landing.then(() => "landed", (error) => error.message);
}

export async function commands(client, { table }) {
  const made = await client.command({ query: `CREATE TABLE ${table}_made AS ${table}`, query_id: "made-by-command" });
  const filled = await client.command({ query: `INSERT INTO ${table}_made SELECT number, '' FROM numbers(3)` });
  const { stream, query_id } = await client.exec({ query: `SELECT count() FROM ${table}_made FORMAT CSV` });
  let counted = "";
  for await (const piece of stream) counted += piece;
  await client.command({ query: `DROP TABLE ${table}_made` });
  const values = Readable.from(["7\tseven\n"], { objectMode: false });
  const sent = await client.exec({ query: `INSERT INTO ${table} FORMAT TabSeparated`, values });
  sent.stream.resume();
  return { made, filled, counted, has_query_id: query_id.length > 0, summary: sent.summary };
}

// Two ways a question ends early: the signal of an answer to come, and closing the stream of one that is coming.
export async function abortQuestion(client, { query, query_id }) {
  const controller = new AbortController();
  const asked = client.query({ query, query_id, abort_signal: controller.signal });
  setTimeout(() => controller.abort(), 700);
  return asked.then(() => "answered", (error) => error.message);
}

export async function abortStream(client, { query, query_id }) {
  const answer = await client.query({ query, query_id, format: "JSONEachRow" });
  const rows = answer.stream();
  await new Promise((resolve) => rows.once("data", resolve));
  answer.close();
  return "closed";
}

export async function sessions(client, options) {
  const session = { session_id: options.session_id, clickhouse_settings: {} };
  await client.command({ query: "CREATE TEMPORARY TABLE kept (n Int32)", ...session });
  await client.insert({ table: "kept", values: [{ n: 5 }, { n: 6 }], format: "JSONEachRow", ...session });
  await client.command({ query: "SET max_block_size = 4321", ...session });
  const query = "SELECT sum(n) AS total, getSetting('max_block_size') AS size FROM kept";
  const rows = await (await client.query({ query, format: "JSONEachRow", ...session })).json();
  const outside = await client.query({ query: "SELECT * FROM kept" }).then(() => "seen", (error) => error.type);
  return { rows, outside };
}

export async function settings(client, { query_id }) {
  const answer = await client.query({
    query: "SELECT getSetting('max_threads') AS threads, 18446744073709551615 AS big",
    format: "JSONEachRow",
    query_id,
    clickhouse_settings: { max_threads: 3, output_format_json_quote_64bit_integers: 1 },
  });
  return { query_id: answer.query_id, rows: await answer.json(), headers: answer.response_headers };
}

export async function errors(client, { queries }) {
  const found = [];
  for (const query of queries) {
    await client.query({ query, format: "JSONEachRow" }).then(
      () => found.push("answered"),
      ({ name, code, type, message }) => found.push({ name, code, type, message }),
    );
  }
  return found;
}

export async function errorInStream(client, { query, format, settings }) {
  let rows = 0;
  try {
    const answer = await client.query({ query, format, clickhouse_settings: settings });
    for await (const batch of answer.stream()) rows += batch.length;
    return { rows, error: null };
  } catch (error) {
    return { rows, error: { name: error.name, code: error.code, type: error.type, message: error.message } };
  }
}

export async function rolesAreUnknown(client) {
  return client.query({ query: "SELECT 1", role: "boss" }).then(() => "answered", ({ code, type }) => ({ code, type }));
}

export async function beside(client, { table }) {
  const landings = Array.from({ length: 8 }, (_, part) =>
    client.insert({
      table,
      values: Array.from({ length: 500 }, (_, n) => ({ n: part * 500 + n, s: "beside" })),
      format: "JSONEachRow",
    }),
  );
  const questions = Array.from({ length: 8 }, async () =>
    (await client.query({ query: `SELECT count() AS n FROM ${table}`, format: "JSONEachRow" })).json(),
  );
  await Promise.all([...landings, ...questions]);
  const [row] = await (await client.query({ query: `SELECT uniqExact(n) AS n FROM ${table}`, format: "JSONEachRow" })).json();
  return row;
}

// Every row of each table, as an application gets it.
export async function everyTable(client, { tables }) {
  const read = {};
  for (const table of tables) {
    const answer = await client.query({ query: `SELECT * FROM lens.${table}`, format: "JSONEachRow" });
    read[table] = await answer.json();
  }
  return read;
}
