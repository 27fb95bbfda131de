// Three projects run the same suites: `node` on whatever Node executes vitest, `chromium` and `firefox` in headless browsers; files named *.node.test.ts need
// the file system and run in Node only. `playground` drives the built playground.
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import type { BrowserProviderOption } from "vitest/node";
import { CHROMIUM, CHROMIUM_FLAGS } from "./scripts/chromium.mjs";
import { firefox } from "./test/setup/firefox.js";

/** All suites that need no file system, in a headless browser. */
const inBrowser = (browser: "chromium" | "firefox", provider: BrowserProviderOption) => ({
  test: {
    name: browser,
    include: ["test/**/*.test.ts"],
    exclude: ["test/**/*.node.test.ts"],
    testTimeout: 60_000,
    browser: { enabled: true, headless: true, screenshotFailures: false, provider, instances: [{ browser }] },
  },
});

export default defineConfig({
  test: {
    // Nothing else runs beside the tests; vitest would leave one core of two idle.
    maxWorkers: "100%",
    projects: [
      { test: { name: "node", include: ["test/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "playground", include: ["playground/test/*.test.ts"], testTimeout: 60_000 } },
      inBrowser("chromium", playwright({ launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS } })),
      inBrowser("firefox", firefox()),
    ],
  },
});
