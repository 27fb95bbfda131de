// `npm run bench`: every case, for every variant that runs here, alternated. It gives medians, GFLOP/s, ratios, and the
// share of the register peak measured around the same case. Prints a Markdown table, and writes it and a JSON file to
// bench/results/. Last comes what a classification costs beside a Cholesky factorisation (bench/classify.mjs).
//
//   --only REGEX   cases whose name matches     --rounds N   rounds a case (default 9)
//   --threads N    one thread beside N, and the share of what the machine gives (bench/threads.mjs)
//   --nodes        the same again on the Nodes of tools/nodes (relaxed SIMD)
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load } from "ntk-wasm";
import { supports } from "../dist/backend/inlined.js";
import { CASES, resident } from "./cases/float64.mjs";
import { benchClassify } from "./classify.mjs";
import { median } from "./lib/data.mjs";
import { machine, peakBinaries } from "./lib/machine.mjs";
import { busy, measure, peaks, sink, table } from "./lib/race.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    rounds: { type: "string", default: "9" },
    nodes: { type: "boolean", default: false },
    threads: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const variants = [...["relaxed", "simd"].filter(supports), "js"];
const [reference] = variants;
const peak = peaks(peakBinaries(variants));
const settings = {
  variants,
  reference,
  peak,
  rounds,
  context: resident,
  load: (variant, precision = "float64") => load({ variant, precision }),
};

const about = machine();
if (options.threads) {
  const { benchThreads } = await import("./threads.mjs");
  console.log(`Node ${about.node} (V8 ${about.v8}), ${about.cpu}, ${about.cores} cores.`);
  const settings = { only: options.only, rounds, print: (line) => console.log(line) };
  await benchThreads(variants[0], Number(options.threads), settings);
  process.exit();
}
const only = new RegExp(options.only);
const cases = CASES.filter(({ name }) => only.test(name));
if (cases.length === 0 && !only.test("classify")) {
  console.error(
    `--only ${options.only} matches no case; the cases are:\n${[...CASES.map(({ name }) => name), "classify"].join("\n")}`,
  );
  process.exit(2);
}
const { head, row: line } = table(
  cases.map(({ name }) => name),
  reference,
);
const rows = [];
const lines = [
  `Node ${about.node} (V8 ${about.v8}), ${about.cpu}, ${about.cores} cores; medians of ${rounds} rounds, contenders alternated.`,
  "Share: of the register peak (12 chains, no loads) measured in the same run; fused for relaxed, multiply+add for simd and js.",
  "Spread: the middle half of the rounds beside their median.",
  "",
  ...head,
];
for (const line of lines) console.log(line);
for (const item of cases) {
  for (const row of await measure(item, settings)) {
    rows.push(row);
    lines.push(line(row));
    console.log(lines.at(-1));
  }
}
if (only.test("classify"))
  await benchClassify(variants, rounds, (line) => {
    lines.push(line);
    console.log(line);
  });
const summary = Object.entries(peak).map(
  ([name, run]) => `${name} ${median(Array.from({ length: 9 }, run)).toFixed(1)}`,
);
console.log(`\nregister peak at the end, GFLOP/s: ${summary.join(", ")} (sink ${sink.toPrecision(3)})`);

const warning = busy(rows);
if (warning) {
  lines.push("", warning);
  console.log(`\n${warning}`);
}

const folder = new URL("results/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`node-${about.node}.md`, folder), `${lines.join("\n")}\n`);
writeFileSync(new URL(`node-${about.node}.json`, folder), `${JSON.stringify({ ...about, rounds, rows }, null, 1)}\n`);

if (options.nodes) {
  for (const name of ["node22", "node24"]) {
    const node = fileURLToPath(new URL(`../tools/nodes/node_modules/${name}/bin/node`, import.meta.url));
    if (!existsSync(node)) console.log(`\n${name} is not there: npm ci --ignore-scripts --prefix tools/nodes`);
    else
      spawnSync(node, [fileURLToPath(import.meta.url), "--only", options.only, "--rounds", options.rounds], {
        stdio: "inherit",
      });
  }
}
