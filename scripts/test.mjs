// Runs every suite everywhere it has to run: this Node, the Nodes of tools/nodes (which have relaxed SIMD), headless
// Chromium and Firefox, the playground's end-to-end tests, the cluster's with a redis-server. ROWS says which suites
// and which variants a row has: each suite runs somewhere on each variant, and no row says again what another one has
// said. `NTK_ROWS=whole` runs all suites on all variants in every row. Then runs scripts/smoke.mjs: the packed package
// in other runtimes and bundlers. Ends with the plain line `N passed, N failed`. A missing engine is named and skipped.
// With CI set, it is a failure. `node scripts/test.mjs firefox smoke` runs those rows alone.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { counts, EVERY_MS, root, run, seconds } from "./child.mjs";
import { CHROMIUM } from "./chromium.mjs";
import { FIREFOX } from "./firefox.mjs";
import { REDIS } from "./redis.mjs";
import { patience, slowness } from "./slowness.mjs";

const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reports = mkdtempSync(join(tmpdir(), "ntk-wasm-"));
/** A row in which no test ends for so long hangs: a browser may. A test has two minutes (vitest.config.ts). */
const STILL_MS = patience(300_000);
/** What a vitest that is asked to end has to close its browser. */
const GRACE_MS = patience(10_000);

/** Threads share each call, however small (`test/setup/variants.ts`). */
const THREADS = { NTK_THREADS: "2" };
/**
 * All suites that need no file system, by folder. `root` has the files that are in no folder, and `engine` those of
 * them that meet the engine itself: workers, threads, modules.
 */
const PARTS = {
  ops: ["test/ops", "test/linalg", "test/kernel", "test/setup.test.ts"],
  model: ["test/model"],
  methods: ["test/api", "test/bad", "test/properties", "test/regressions"],
  root: readdirSync(join(root, "test"))
    .filter((name) => /^[a-zA-Z]+\.test\.ts$/.test(name))
    .map((name) => `test/${name}`),
  engine: ["test/worker", "test/threads.test.ts", "test/slim.test.ts"],
};
const only = (...variants) => ({ NTK_VARIANTS: variants.join(",") });

const node = (major, env = {}) => ({
  name: `node ${major}`,
  env,
  node: join(root, `tools/nodes/node_modules/node${major}/bin/node`),
  project: "node",
  missing: "npm ci --ignore-scripts --prefix tools/nodes",
});
const chromium = { needs: CHROMIUM, missing: "install Debian's chromium, or set CHROMIUM", browser: true };
const firefox = { needs: FIREFOX, missing: "install Debian's firefox-esr, or set FIREFOX", browser: true };
// This Node has no relaxed SIMD. Node 26 has what it left: relaxed SIMD in the suites that look at numbers. Node 24 has
// what threads may change, Node 22 the ops. A page differs by its engine's mathematics (Firefox), its workers and its
// threads.
const ROWS = [
  { name: `node ${process.versions.node}`, project: "node" },
  { ...node(22, only("relaxed")), files: PARTS.ops },
  { ...node(24, { ...THREADS, ...only("relaxed", "simd") }), files: [...PARTS.ops, ...PARTS.root] },
  { ...node(26, only("relaxed")), files: [...PARTS.ops, ...PARTS.model, ...PARTS.methods] },
  { name: "chromium", project: "chromium", ...chromium, env: only("relaxed"), files: [...PARTS.ops, ...PARTS.engine] },
  {
    name: "firefox",
    project: "firefox",
    ...firefox,
    env: only("simd", "js"),
    files: [...PARTS.ops, ...PARTS.engine, ...PARTS.model, "test/api/golden"],
  },
  { name: "playground", project: "playground", ...chromium },
  { name: "cluster", project: "redis", needs: REDIS, missing: "install Debian's redis-server, or set REDIS_SERVER" },
];
if (process.env.NTK_ROWS === "whole") for (const row of ROWS) Object.assign(row, { files: [], env: wholeEnv(row) });

/** The environment of a row without its choice of variants. */
function wholeEnv({ env: { NTK_VARIANTS: _, ...rest } = {} }) {
  return rest;
}

/** Ends the processes of the row that runs. */
let endAll = (_signal) => {};
for (const signal of ["SIGINT", "SIGTERM"])
  process.on(signal, () => {
    endAll(signal);
    process.exit(1);
  });

/** Vitest's exit status, "hung" where it was ended; asked first, so that it can end its browser. Prints progress. */
function vitestRun(name, path, args, env) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    // A group of its own: vitest may leave a worker behind that never yields.
    const child = spawn(path, [vitest, "run", ...args], {
      cwd: root,
      stdio: ["inherit", "inherit", "inherit", "ipc"],
      detached: true,
      env: { ...process.env, ...env },
    });
    endAll = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // All of them have ended.
      }
    };
    let [state, heard, hung] = [undefined, start, false];
    const describe = () =>
      state
        ? `${state.done} of ${state.files} files, ${state.tests} tests, ${state.failed} failed, in ${seconds(start)}`
        : `starting for ${seconds(start)}`;
    child.on("message", (message) => {
      [state, heard] = [message, performance.now()];
    });
    const timer = setInterval(() => {
      console.log(`${name}: ${describe()}`);
      if (hung || performance.now() - heard < STILL_MS) return;
      hung = true;
      const running = state?.running.slice(0, 5).join("; ") || "none";
      console.log(`${name}: FAILED: no test ended for ${seconds(heard)}; open files: ${running}`);
      child.kill("SIGTERM");
      setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
    }, EVERY_MS);
    child.on("error", reject);
    child.on("exit", (status) => {
      clearInterval(timer);
      endAll("SIGKILL");
      resolve(hung ? "hung" : status);
    });
  });
}

/** The counts of one row. */
async function suites({
  name,
  node: path = process.execPath,
  project,
  env = {},
  files = [],
  needs = path,
  missing,
  browser,
}) {
  console.log(`\n== ${name}`);
  if (!existsSync(needs)) {
    console.log(`${process.env.CI ? "FAILED" : "skipped"}: ${needs} is not there: ${missing}`);
    return { passed: 0, failed: process.env.CI ? 1 : 0 };
  }
  const report = join(reports, `${name}.json`);
  const reporters = ["--reporter=./scripts/progress.mjs", "--reporter=json", `--outputFile.json=${report}`];
  const attempt = async () => {
    const status = await vitestRun(name, path, ["--project", project, ...files, ...reporters], env);
    const result = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
    return { status, passed: result?.numPassedTests ?? 0, failed: result?.numFailedTests ?? 0 };
  };
  let found = await attempt();
  if (browser && found.status !== "hung" && found.passed + found.failed === 0) {
    console.log(`\n${name}: not one test ran; once more`);
    found = await attempt();
  }
  // A suite that died before its first test, or a run without a report, fails too.
  if (found.failed === 0 && (found.status !== 0 || found.passed === 0)) found.failed = 1;
  console.log(`${name}: ${found.passed} passed, ${found.failed} failed`);
  return found;
}

const asked = process.argv.slice(2);
const wanted = (name) => asked.length === 0 || asked.some((part) => name.startsWith(part));
const known = [...ROWS.map(({ name }) => name), "smoke"];
for (const part of asked)
  if (!known.some((name) => name.startsWith(part))) throw new Error(`no row "${part}"; expected ${known.join(", ")}`);
console.log(`time limits are multiplied by ${slowness.toFixed(1)}`);
let [passed, failed] = [0, 0];
const add = (found) => {
  passed += found.passed;
  failed += found.failed;
};
for (const row of ROWS) if (wanted(row.name)) add(await suites(row));
rmSync(reports, { recursive: true });
if (wanted("smoke")) {
  console.log("\n== the packed package");
  add(counts(await run("smoke", process.execPath, [join(root, "scripts/smoke.mjs")])));
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
