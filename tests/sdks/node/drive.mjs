// node drive.mjs MODULE SCENARIO OPTIONS: runs one scenario and prints what it returns as JSON.
// The process ends when everything the client still sends is sent.
const [module, scenario, options] = process.argv.slice(2);
const scenarios = await import(`./${module}`);
const result = await scenarios[scenario](JSON.parse(options));
process.stdout.write(JSON.stringify(result ?? null));
