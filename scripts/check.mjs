// `npm run check`, which CI runs. It builds once, then checks formatting, lint, types, the package and the
// documentation, and runs what `npm test` runs. A step that fails does not stop the others, but nothing that needs the
// build is tried without it. Ends with the plain line `N passed, N failed`: each step counts as one, and so does each
// test of the last step.
import { join } from "node:path";
import { counts, root, run, seconds } from "./child.mjs";

const bin = (name, ...args) => [join(root, "node_modules/.bin", name), args];
const script = (name) => [process.execPath, [join(root, "scripts", name)]];
const ENTRIES_WITHOUT_TYPES = ["simd.wasm", "relaxed.wasm", "worker-script.js"];

/** What stands alone, then what needs the build, which also generates sources. */
const BEFORE = { "format and lint": bin("biome", "ci") };
const AFTER = {
  "types of what runs without Node": bin("tsc", "-p", "tsconfig.json", "--noEmit"),
  "types of src and test": bin("tsc", "-p", "tsconfig.test.json"),
  "types of the playground": bin("tsc", "-p", "playground"),
  "types of the command line": bin("tsc", "-p", "packages/cli"),
  publint: bin("publint"),
  "publint of the command line": bin("publint", "packages/cli"),
  "are the types wrong": bin(
    "attw",
    "--pack",
    "--profile",
    "esm-only",
    "--exclude-entrypoints",
    ...ENTRIES_WITHOUT_TYPES,
  ),
  "size budgets": bin("size-limit"),
  "public signatures": script("api.mjs"),
  "a second build is equal to the bit": script("reproducible.mjs"),
  documentation: script("docs.mjs"),
};

const failures = [];
let [passed, failed] = [0, 0];
const add = (found) => {
  passed += found.passed;
  failed += found.failed;
  return found.failed === 0;
};
async function step(name, [command, args]) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  const { status } = await run(name, command, args);
  console.log(`${name}: ${status === 0 ? "passed" : "FAILED"} in ${seconds(start)}`);
  if (status !== 0) failures.push(name);
  return add({ passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1 });
}

for (const [name, command] of Object.entries(BEFORE)) await step(name, command);
if (await step("build", script("build.mjs"))) {
  for (const [name, command] of Object.entries(AFTER)) await step(name, command);
  if (!add(counts(await run("tests", ...script("test.mjs"))))) failures.push("tests");
} else {
  const left = [...Object.keys(AFTER), "tests"];
  console.log(`\nFAILED, because the build failed: ${left.join(", ")}`);
  failures.push(...left);
  failed += left.length;
}
if (failures.length > 0) console.log(`\nfailed: ${failures.join(", ")}`);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
