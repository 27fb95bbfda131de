// A static server on the loopback: dist/, bench/ and the modules they import, and one page. The page is isolated (COOP,
// COEP), so that its clock is as fine as the browser allows.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const TYPES = {
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};
const SERVED = /^\/(dist|bench|node_modules\/(tinybench|@assemblyscript\/loader))\//;
const IMPORTS = {
  "ntk-wasm": "/dist/ntk-wasm.js",
  "@assemblyscript/loader": "/node_modules/@assemblyscript/loader/index.js",
  tinybench: "/node_modules/tinybench/dist/index.js",
};
const PAGE = `<!doctype html><meta charset="utf-8"><title>ntk-wasm bench</title>
<script type="importmap">${JSON.stringify({ imports: IMPORTS })}</script>
<script type="module" src="/bench/browser/page.mjs"></script>`;
const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

function answer(request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  if (pathname === "/") return response.writeHead(200, { ...HEADERS, "Content-Type": "text/html" }).end(PAGE);
  const file = join(root, normalize(pathname));
  const type = TYPES[extname(file)];
  if (!SERVED.test(normalize(pathname)) || !type || !existsSync(file)) return response.writeHead(404, HEADERS).end();
  response.writeHead(200, { ...HEADERS, "Content-Type": type });
  return createReadStream(file).pipe(response);
}

/** Starts it on a free port: { url, close }. */
export async function serve() {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
