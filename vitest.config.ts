// Three projects run the same suites: `node` on whatever Node executes vitest, `chromium` and `firefox` in headless browsers; files named *.node.test.ts need
// the file system and run in Node only. `playground` drives the built playground.
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { CHROMIUM, CHROMIUM_FLAGS } from "./scripts/chromium.mjs";
import { firefox } from "./test/setup/firefox.js";

export default defineConfig({
  test: {
    // Nothing else runs beside the tests; vitest would leave one core of two idle.
    maxWorkers: "100%",
    testTimeout: 60_000,
    projects: [
      { test: { name: "node", include: ["test/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "playground", include: ["playground/test/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "chromium",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.node.test.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS },
            }),
            instances: [{ browser: "chromium" }],
          },
        },
      },
      {
        test: {
          name: "firefox",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.node.test.ts"],
          testTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: firefox(),
            instances: [{ browser: "firefox" }],
          },
        },
      },
    ],
  },
});
