// The suites that mutation testing runs, in one worker. No limit depends on how slow the machine is: who starts this
// ends what hangs.
import { configDefaults, defineConfig } from "vitest/config";

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
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
