// The built playground in headless Chromium, from a sub-path: what its tests and screenshots share.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright";
import { build } from "vite";
import { CHROMIUM, CHROMIUM_FLAGS } from "../../scripts/chromium.mjs";
import { ISOLATED } from "../../scripts/isolated.mjs";
import { serveFolder } from "../../scripts/serveFolder.mjs";
import { patience } from "../../scripts/slowness.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
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

/**
 * Serves playground/dist under a sub-path, without a type for .wasm files.
 *
 * @param {{ isolated?: boolean }} options without `isolated`, without the headers for cross-origin isolation.
 */
export function serve({ isolated = true } = {}) {
  return serveFolder(dist, {
    prefix: PREFIX,
    headers: (path) => ({
      ...(isolated && ISOLATED),
      ...(path.endsWith(".wasm") && { "content-type": "application/octet-stream" }),
    }),
  });
}

/** A start that hangs is given up and tried once more. */
export async function browse() {
  const launch = () => chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: patience(60_000) });
  return launch().catch((error) => {
    console.log(`Chromium did not start (${error.message.split("\n")[0]}); once more`);
    return launch();
  });
}
