// Sizes of the built playground, gzipped. The first load of the page has a budget, and so has the worker, which is fetched beside it.
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("./dist/", import.meta.url);
const BUDGET = { page: 50_000, worker: 150_000 };
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
const workerFile = readdirSync(new URL("assets/", dist)).find((name) => /^worker-.*\.js$/.test(name));
if (!workerFile) throw new Error("no worker among the built files");
const sizes = { page, worker: gzipped(`assets/${workerFile}`) };

let failed = false;
for (const [name, size] of Object.entries(sizes)) {
  const over = size > BUDGET[name];
  failed ||= over;
  console.log(
    `${name}: ${(size / 1000).toFixed(1)} kB gzipped, budget ${BUDGET[name] / 1000} kB${over ? "  OVER" : ""}`,
  );
}
console.log(`first load: ${((sizes.page + sizes.worker) / 1000).toFixed(1)} kB gzipped in all`);
if (failed) process.exit(1);
