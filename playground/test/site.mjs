// The built playground in headless Chromium, from a sub-path: what its tests and screenshots share.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { build } from "vite";
import { CHROMIUM, CHROMIUM_FLAGS } from "../../scripts/chromium.mjs";
import { patience } from "../../scripts/slowness.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const PREFIX = "/some/where/";

/** Says that the site was built for all suites of this run. */
const BUILT = "NTK_PLAYGROUND_BUILT";

/** Builds the site on the library as it is, once for all suites of a run. */
export async function buildSite() {
  if (process.env[BUILT]) return;
  await build({ configFile: fileURLToPath(new URL("../vite.config.ts", import.meta.url)), logLevel: "warn" });
}

/** Builds the site before the suites of vitest's project. Two suites at a time would build into one folder. */
export async function setup() {
  await buildSite();
  process.env[BUILT] = "1";
}

const ISOLATED = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Serves playground/dist under a sub-path, without a type for .wasm files.
 *
 * @param {{ isolated?: boolean }} options without `isolated`, without the headers for cross-origin isolation.
 */
export async function serve({ isolated = true } = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const name = path === PREFIX ? "index.html" : path.slice(PREFIX.length);
    try {
      if (!path.startsWith(PREFIX) || name.includes("..")) throw new Error("not here");
      const body = await readFile(dist + name);
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, ...(isolated && ISOLATED) }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}${PREFIX}`, close: () => server.close() };
}

/** A start that hangs is given up and tried once more. */
export async function browse() {
  const launch = () => chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: patience(60_000) });
  return launch().catch((error) => {
    console.log(`Chromium did not start (${error.message.split("\n")[0]}); once more`);
    return launch();
  });
}
