// Mutants of the library above the ops: Stryker makes them, all of a file in one text with a switch, and runs for each
// the tests that reach it. `checker.mjs` tells Stryker which mutants are in the sample.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stryker } from "@stryker-mutator/core";
import { patience } from "../slowness.mjs";
import { plain } from "./checker.mjs";
import { copyTree, fromZero } from "./copy.mjs";

/** What a part mutates, and the smallest set of suites that covers it. */
export const PARTS = {
  linalg: {
    mutate: ["src/linalg/**/*.ts"],
    suites: [
      "test/linalg/*.test.ts",
      "test/{pivotedCholesky,topModes,refinement}.test.ts",
      "test/bad/{input,memory}.test.ts",
      "test/kernel/memory.test.ts",
      "test/api/{matrixFree,fit,update,ridge,influence,noise,noiseLife,perOutput,spectrum,float32,inputScales}.test.ts",
    ],
  },
  // Three parts of src/kernel: the suites of one say little of the others.
  kernel: {
    mutate: ["src/kernel/*.ts"],
    suites: [
      "test/kernelMap.test.ts",
      "test/kernel/*.test.ts",
      "test/linalg/guards.test.ts",
      "test/api/{composed,kernelTiles,reentrant,spectrum,gradient,inputScales}.test.ts",
      "test/inputScales.node.test.ts",
    ],
  },
  finite: {
    mutate: ["src/kernel/finite/*.ts"],
    suites: [
      "test/{kernelMap,training,together}.test.ts",
      "test/kernel/{memory,rescale,networkTiles,resident}.test.ts",
      "test/linalg/guards.test.ts",
      "test/api/{network,outputs,golden,layers,perOutput,ownActivation,update,noise,float32,gradient,reentrant}.test.ts",
      "test/api/{composed,sampleKernel}.test.ts",
    ],
  },
  infinite: {
    mutate: ["src/kernel/infinite/*.ts"],
    suites: [
      "test/kernel/*.test.ts",
      "test/linalg/guards.test.ts",
      "test/api/{infinite,layers,ownActivation,kernelTiles,randomFeatures,gradient}.test.ts",
    ],
  },
  // The ops in JavaScript compute with the model's own functions.
  model: {
    variant: "js",
    mutate: ["src/model/**/*.ts"],
    suites: [
      "test/model/*.test.ts",
      "test/ops/{activation,random}.test.ts",
      "test/api/{activations,ownActivation,fromLayers,gradient,priorMean}.test.ts",
    ],
  },
  regression: {
    mutate: ["src/regression/**/*.ts"],
    suites: [
      "test/{search,ascent,leftOut,tuneParts,batches,partsOfRegression,regression,fields,snapshot,sums,trend,primalSystem,solutions}.test.ts",
      "test/{report,evidenceScan,pointNoise,lowRankSolution}.test.ts",
      "test/bad/{memory,asked,input,owned}.test.ts",
      "test/api/{jackknife,abort,callbacks,accepted,randomFeatures}.test.ts",
      "test/api/{fit,update,ridge,repeats,influence,noise,noiseLife,outputs,perOutput,restore,spectrum}.test.ts",
      "test/api/{lowRank,matrixFree,tune,tuneNoise,stream,primalSums,learningCurve,float32,evaluation}.test.ts",
      "test/api/{gradient,priorMean,inputScales}.test.ts",
    ],
  },
  training: {
    mutate: ["src/training/**/*.ts"],
    suites: [
      "test/{rungeKutta,together,training}.test.ts",
      "test/bad/{memory,asked,input,owned}.test.ts",
      "test/api/{abort,callbacks,reentrant}.test.ts",
      "test/api/{dynamics,ensemble,train,optimizers,lossCompare,lossDynamics,sampleKernel}.test.ts",
    ],
  },
  classification: {
    mutate: ["src/classification/**/*.ts"],
    suites: [
      "test/classification.test.ts",
      "test/api/{classify,evaluation}.test.ts",
      "test/bad/{owned,memory,asked}.test.ts",
    ],
  },
};

/** What the checker dropped, and mutators that are off. */
const UNCOUNTED = new Set(["CompileError", "Ignored"]);
const KILLED = new Set(["Killed", "Timeout", "RuntimeError"]);

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Mutants with `{ file, line, kind, code, by, status, test }`; those that are not in the sample are left out. */
export async function runStryker(part, { file, sample, seed }) {
  const copy = copyTree();
  const { mutate, suites, variant = "simd" } = PARTS[part];
  process.env.NTK_SUITES = suites.join(" ");
  process.env.NTK_VARIANT = variant;
  process.env.NTK_SAMPLE = JSON.stringify({ size: sample, seed });
  process.chdir(copy);
  // Stryker's processes outlive one that is ended from outside.
  process.once("exit", () => spawnSync("pkill", ["-KILL", "-P", String(process.pid)]));
  const results = await new Stryker({
    inPlace: true,
    mutate: file ? mutate.map((glob) => glob.replace(/\*\.ts$/, `*${file}*.ts`)) : mutate,
    // Messages are not compared word by word, and the compiler knows all other strings: they are members of unions.
    mutator: { excludedMutations: ["StringLiteral"] },
    plugins: ["@stryker-mutator/vitest-runner", path("checker.mjs"), path("reporter.mjs")],
    checkers: ["sample"],
    testRunner: "vitest",
    vitest: { configFile: "scripts/mutate/vitest.config.mjs", related: false },
    coverageAnalysis: "perTest",
    // What runs while a file loads would need all suites for each mutant: seven tenths of the time.
    ignoreStatic: true,
    concurrency: 1,
    timeoutMS: patience(5_000),
    timeoutFactor: 3,
    dryRunTimeoutMinutes: 30,
    testRunnerNodeArgs: ["--max-old-space-size=2000"],
    maxTestRunnerReuse: 500,
    reporters: ["progress-append-only", "survivors"],
    tempDirName: join(copy, ".stryker-tmp"),
    allowConsoleColors: false,
    disableTypeChecks: false,
  }).runMutationTest();
  return results
    .filter(({ status }) => !UNCOUNTED.has(status))
    .map((result) => ({
      ...plain({ ...result, location: fromZero(result.location) }, copy),
      status: KILLED.has(result.status) ? "killed" : "survived",
      test: result.killedBy?.[0] ?? result.status,
    }));
}
