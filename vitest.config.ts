// Three projects run the same suites: `node` on whatever Node executes vitest, `chromium` and `firefox` in headless
// browsers. Files named *.node.test.ts need the file system and run in Node only. `playground` drives the built
// playground. `redis` has the files named *.redis.test.ts, which start a redis-server. `long` (npm run test:long) has
// the files named *.long.test.ts: tests that take ten seconds or more on a quiet machine, which no other project runs.
// Limits only end what hangs. The slowest test takes 4 s on a quiet machine, two minutes are thirty times as much, and
// limits grow with the machine.
import { playwright } from "@vitest/browser-playwright";
import { configDefaults, defineConfig } from "vitest/config";
import type { BrowserProviderOption, CoverageOptions } from "vitest/node";
import { CHROMIUM, CHROMIUM_FLAGS } from "./scripts/chromium.mjs";
import { ISOLATED } from "./scripts/isolated.mjs";
import { patience } from "./scripts/slowness.mjs";
import { firefox } from "./test/setup/firefox.js";

const REDIS = "test/**/*.redis.test.ts";
/** Suites of the package ntk-wasm-cli. */
const COMMAND_LINE = "packages/cli/test/*.test.ts";
const LONG = "test/**/*.long.test.ts";
const limits = { testTimeout: patience(120_000), hookTimeout: patience(180_000) };

/** All suites that need no file system, in a headless browser, at 2 threads. */
const inBrowser = (browser: "chromium" | "firefox", provider: BrowserProviderOption) => ({
  server: { headers: ISOLATED },
  test: {
    env: { NTK_THREADS: "2", ...(process.env.NTK_VARIANTS && { NTK_VARIANTS: process.env.NTK_VARIANTS }) },
    name: browser,
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "test/**/*.node.test.ts", REDIS, LONG],
    ...limits,
    browser: {
      enabled: true,
      headless: true,
      connectTimeout: patience(120_000),
      screenshotFailures: false,
      provider,
      instances: [{ browser }],
    },
  },
});

/**
 * What the project `node` runs of src/ (`npm run coverage`). Branches that no test reaches are those of engines that
 * lack something, of threads, and of numbers that a check further up has refused.
 */
const coverage = {
  provider: "v8",
  include: ["src/**/*.ts"],
  exclude: [
    "src/**/*.generated.ts",
    // They run in threads of their own, whose counts do not come back: test/worker.test.ts, test/threads.test.ts.
    "src/worker/entry.ts",
    "src/backend/threads/helper.ts",
    // They run in a process of their own, or with a Redis: test/cluster.redis.test.ts.
    "src/cluster/{cli,follow,open,redis,worker}.ts",
  ],
  thresholds: { lines: 95, branches: 95 },
  reporter: ["text-summary", "json-summary", "html"],
  reportsDirectory: "build/coverage",
  reportOnFailure: true,
} satisfies CoverageOptions;

export default defineConfig({
  test: {
    coverage,
    // Nothing else runs beside the tests; vitest would leave one core of two idle.
    maxWorkers: "100%",
    teardownTimeout: patience(60_000),
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts", COMMAND_LINE],
          exclude: [...configDefaults.exclude, REDIS, LONG],
          ...limits,
        },
      },
      { test: { name: "redis", include: [REDIS], ...limits } },
      { test: { name: "long", include: [LONG], testTimeout: patience(1_800_000) } },
      {
        test: {
          name: "playground",
          include: ["playground/test/*.test.ts"],
          globalSetup: ["playground/test/site.mjs"],
          ...limits,
        },
      },
      inBrowser(
        "chromium",
        playwright({ launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS, timeout: patience(60_000) } }),
      ),
      inBrowser("firefox", firefox()),
    ],
  },
});
