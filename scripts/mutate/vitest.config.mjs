// The suites that mutation testing runs, in one worker. Who starts this ends what hangs.
import { configDefaults, defineConfig } from "vitest/config";
import { patience } from "../slowness.mjs";

export default defineConfig({
  test: {
    include: (process.env.NTK_SUITES ?? "test/ops/*.test.ts").split(" "),
    exclude: [...configDefaults.exclude, "**/*.long.test.ts", "**/*.node.test.ts", "**/*.redis.test.ts"],
    pool: "threads",
    maxWorkers: 1,
    fileParallelism: false,
    // Modules are imported once for all suites of a run, which saves a second for each suite.
    isolate: false,
    bail: 1,
    testTimeout: patience(120_000),
    hookTimeout: patience(120_000),
  },
});
