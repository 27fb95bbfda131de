// A process that runs suites in the copy, again and again: vitest starts once. It may hang or die of a mutant; who
// started it ends it then. Started as `runner.mjs FOLDER`, it answers messages:
// - `{ suites }`, the paths of suites to run until one fails, with `{ failed }`, the name of a test or undefined
// - `{ compile: true }` with `{ compiled }`
// - `{ changed }`, the path of a file that was written, with `{}`
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import { createVitest } from "vitest/node";

const [, , folder] = process.argv;
process.chdir(folder);
const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
const vitest = await createVitest(
  "test",
  { root: folder, config: join(folder, "scripts/mutate/vitest.config.mjs"), watch: false, reporters: [{}] },
  {},
  { stdout: silent, stderr: silent },
);
const specifications = await vitest.globTestSpecifications();

/** The name of the first test that fails. */
async function failing(suites) {
  for (const suite of suites) {
    const wanted = specifications.filter(({ moduleId }) => moduleId.endsWith(suite));
    if (wanted.length === 0) throw new Error(`no suite ${suite}`);
    // Failures of the run before count for `bail`.
    vitest.state.filesMap.clear();
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(wanted);
    for (const module of testModules) {
      if (module.ok() && module.children.size > 0) continue;
      const [test] = module.children.allTests("failed");
      return `${suite}: ${test?.fullName ?? module.errors()[0]?.message}`;
    }
    if (unhandledErrors.length > 0) return `${suite}: ${unhandledErrors[0].message}`;
  }
  return undefined;
}

/** The binary of simd, quickly: -O1 compiles in half the time of -O3. */
async function compile() {
  const { main } = await import("assemblyscript/asc");
  const out = join(folder, "build/simd.wasm");
  const args = ["--target", "simd", "--outFile", out, "--optimizeLevel", "1", "--disableWarning"];
  const { error } = await main(args, { stdout: silent, stderr: silent });
  if (error) return false;
  const text = readFileSync(out).toString("base64");
  const path = join(folder, "src/backend/simd.generated.ts");
  writeFileSync(path, `export const binary: string = "${text}";\n`);
  vitest.invalidateFile(path);
  return true;
}

process.on("message", async ({ changed, suites, compile: wanted }) => {
  if (wanted) return process.send({ compiled: await compile() });
  if (changed) {
    vitest.invalidateFile(changed);
    return process.send({});
  }
  process.send({ failed: await failing(suites) });
});
process.send({ suites: specifications.map(({ moduleId }) => moduleId.slice(folder.length + 1)) });
