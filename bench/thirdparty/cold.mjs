// The process that bench/cold.mjs times: `cold.mjs ADAPTER VARIANT FILE` prints milliseconds as JSON. They run from
// before the adapter's import to the first kernel of the model in FILE; the data are at hand before. Without arguments
// it does nothing.
import { readFileSync } from "node:fs";
import { deserialize } from "node:v8";

const [adapter, variant, file] = process.argv.slice(2);
if (!adapter) console.log("{}");
else {
  const input = deserialize(readFileSync(file));
  const start = performance.now();
  const { create } = await import(`./${adapter}.mjs`);
  const contender = await create(variant);
  const run = await contender.kernel(...input);
  const result = await run();
  const first = (contender.read ? contender.read(result) : result)[0];
  const ms = performance.now() - start;
  const { name } = contender;
  const version = contender.version ?? JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
  console.log(JSON.stringify({ ms, first, name, version }));
  process.exit(0);
}
