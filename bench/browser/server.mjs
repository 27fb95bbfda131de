// What the bench opens in a browser: dist/, bench/ and the modules they import, and one page. The page is isolated
// (COOP, COEP), so that its clock is as fine as the browser allows.
import { fileURLToPath } from "node:url";
import { ISOLATED } from "../../scripts/isolated.mjs";
import { serveFolder } from "../../scripts/serveFolder.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SERVED = /^\/(dist|bench|node_modules\/(tinybench|@assemblyscript\/loader))\//;
const IMPORTS = {
  "ntk-wasm": "/dist/ntk-wasm.js",
  "@assemblyscript/loader": "/node_modules/@assemblyscript/loader/index.js",
  tinybench: "/node_modules/tinybench/dist/index.js",
};
const PAGE = `<!doctype html><meta charset="utf-8"><title>ntk-wasm bench</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module" src="/bench/browser/page.mjs"></script>`;

/** Starts it on a free port: { url, close }. */
export function serve() {
  return serveFolder(root, {
    headers: () => ISOLATED,
    page: (path) => (path === "/" ? PAGE : undefined),
    served: SERVED,
  });
}
