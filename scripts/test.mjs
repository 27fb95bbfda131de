// Runs every suite everywhere it has to run: this Node, the Nodes of tools/nodes (which have relaxed SIMD), headless
// Chromium and Firefox, the playground's end-to-end tests; then scripts/smoke.mjs, the packed package in other runtimes and bundlers. Ends with the plain line
// `N passed, N failed`. A missing engine is named and skipped; with CI set, it is a failure.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM } from "./chromium.mjs";
import { FIREFOX } from "./firefox.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const nodes = join(root, "tools/nodes/node_modules");
const reports = mkdtempSync(join(tmpdir(), "ntk-wasm-"));
/** A browser may hang. With it its row, not the rest: about twice what a row takes. */
const LIMIT_MINUTES = 6;

const runs = [
  { name: `node ${process.versions.node}`, node: process.execPath, project: "node" },
  {
    name: "node 22",
    node: join(nodes, "node22/bin/node"),
    project: "node",
    missing: "npm ci --ignore-scripts --prefix tools/nodes",
  },
  {
    name: "node 24",
    node: join(nodes, "node24/bin/node"),
    project: "node",
    missing: "npm ci --ignore-scripts --prefix tools/nodes",
  },
  {
    name: "node 26",
    node: join(nodes, "node26/bin/node"),
    project: "node",
    missing: "npm ci --ignore-scripts --prefix tools/nodes",
  },
  {
    name: "chromium",
    node: process.execPath,
    project: "chromium",
    needs: CHROMIUM,
    missing: "install Debian's chromium, or set CHROMIUM",
    browser: true,
  },
  {
    name: "firefox",
    node: process.execPath,
    project: "firefox",
    needs: FIREFOX,
    missing: "install Debian's firefox-esr, or set FIREFOX",
    browser: true,
  },
  {
    name: "playground",
    node: process.execPath,
    project: "playground",
    needs: CHROMIUM,
    missing: "install Debian's chromium, or set CHROMIUM",
    browser: true,
  },
];

/** Vitest's exit status, "late" where it was ended; asked first, so that it can end its browser. */
function vitestRun(node, args, minutes) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [vitest, "run", ...args], { cwd: root, stdio: "inherit" });
    const timers = [];
    let late = false;
    const end = (signal, ms) => timers.push(setTimeout(() => (late = child.kill(signal)), ms));
    if (minutes) {
      end("SIGTERM", minutes * 60_000);
      end("SIGKILL", minutes * 60_000 + 10_000);
    }
    child.on("error", reject);
    child.on("exit", (status) => {
      timers.forEach(clearTimeout);
      resolve(late ? "late" : status);
    });
  });
}

let passed = 0;
let failed = 0;
for (const [index, { name, node, project, needs = node, missing, browser }] of runs.entries()) {
  if (!existsSync(needs)) {
    console.log(`\n${process.env.CI ? "FAILED" : "skipped"}: ${name} (${needs} is not there: ${missing})`);
    if (process.env.CI) failed += 1;
    continue;
  }
  console.log(`\n== ${name}`);
  const report = join(reports, `${index}.json`);
  const args = ["--project", project, "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`];
  const attempt = async () => {
    const status = await vitestRun(node, args, browser && LIMIT_MINUTES);
    const result = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : undefined;
    return { status, passed: result?.numPassedTests ?? 0, failed: result?.numFailedTests ?? 0 };
  };
  let counts = await attempt();
  if (browser && counts.status !== "late" && counts.passed + counts.failed === 0) {
    console.log(`\n${name}: not one test ran; once more`);
    counts = await attempt();
  }
  if (counts.status === "late") console.log(`\n${name}: FAILED: not done after ${LIMIT_MINUTES} minutes`);
  // A suite that died before its first test, or a run without a report, fails too.
  if (counts.status !== 0 && counts.failed === 0) counts.failed = 1;
  if (counts.passed === 0 && counts.failed === 0) counts.failed = 1;
  console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed`);
  passed += counts.passed;
  failed += counts.failed;
}
rmSync(reports, { recursive: true });

console.log("\n== the packed package");
const smoke = spawnSync(process.execPath, [join(root, "scripts/smoke.mjs")], { cwd: root, encoding: "utf8" });
console.log(smoke.stdout + smoke.stderr);
const [, good, bad] = smoke.stdout.match(/(\d+) passed, (\d+) failed\n$/) ?? [0, 0, 1];
passed += Number(good);
failed += Number(bad);
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
