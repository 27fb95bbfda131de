// Sizes of the built playground, gzipped. The first load of the page has a budget, and so has the worker, which is fetched beside it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("./dist/", import.meta.url);
const BUDGET_BYTES = 150_000;
const gzipped = (name) => gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length;

const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
/** Files that are loaded with an entry of the manifest. */
function filesOf(key, seen = new Set()) {
  const { file, css = [], imports = [] } = manifest[key];
  for (const name of [file, ...css]) seen.add(name);
  for (const name of imports) if (!seen.has(manifest[name].file)) filesOf(name, seen);
  return seen;
}

const first = new Set(["index.html", ...filesOf("index.html"), ...filesOf("src/views/regression.ts")]);
const page = [...first].reduce((sum, name) => sum + gzipped(name), 0);
/** The built file of this name; the one binary that runs counts, the larger. */
const asset = (pattern) => {
  const found = readdirSync(new URL("assets/", dist)).filter((name) => pattern.test(name));
  if (found.length === 0) throw new Error(`nothing like ${pattern} among the built files`);
  return Math.max(...found.map((name) => gzipped(`assets/${name}`)));
};
const sizes = { page, worker: asset(/^worker-.*\.js$/), binary: asset(/\.wasm$/) };
for (const [name, size] of Object.entries(sizes)) console.log(`${name}: ${(size / 1000).toFixed(1)} kB gzipped`);
const total = sizes.page + sizes.worker + sizes.binary;
console.log(`first load: ${(total / 1000).toFixed(1)} kB gzipped, budget ${BUDGET_BYTES / 1000} kB`);
if (total > BUDGET_BYTES) throw new Error("the first load is over its budget");
