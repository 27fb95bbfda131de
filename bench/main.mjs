// `npm run bench`: every case, for every variant that runs here, alternated; medians, GFLOP/s, share of the register peak
// measured around the same case, ratios. Prints a Markdown table; writes it and a JSON file to bench/results/.
//
//   --only REGEX   cases whose name matches     --samples N   samples a case (default 9)
//   --nodes        the same again on the Nodes of tools/nodes (relaxed SIMD)
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { load } from "ntk-wasm";
import { Bench } from "tinybench";
import { supports } from "../dist/backend/wasm.js";
import { CASES, resident } from "./cases.mjs";
import { machine, median, peaks } from "./machine.mjs";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    samples: { type: "string", default: "9" },
    nodes: { type: "boolean", default: false },
  },
});
const samples = Number(options.samples);
const variants = [...["relaxed", "simd"].filter(supports), "js"];
const peak = peaks(variants);

/** Everything that is run ends here: a sum that is printed, so that no result is dead. */
let sink = 0;

/** Median milliseconds of each contender; samples alternate, and the peak is measured between them. */
async function race(contenders) {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  const limits = Object.fromEntries(Object.keys(peak).map((name) => [name, []]));
  for (let round = -1; round < samples; round++) {
    // One tinybench round of one iteration each: tinybench times, this loop alternates.
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    for (const [name, contender] of Object.entries(contenders)) {
      const { before, run } = typeof contender === "function" ? { run: contender } : contender;
      bench.add(
        name,
        () => {
          sink += run();
        },
        before
          ? {
              beforeEach: () => {
                before();
              },
            }
          : {},
      );
    }
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.error) throw result.error;
      if (round >= 0) times[name].push(result.latency.mean);
    }
    for (const name of Object.keys(peak)) if (round >= 0) limits[name].push(peak[name]());
  }
  const medians = (lists) => Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, median(list)]));
  return { ms: medians(times), peak: medians(limits) };
}

async function measure({ name, flops, op, call, callNote, precision }) {
  const rows = [];
  for (const [column, make] of [
    ["op", op && ((variant) => op(resident(variant)))],
    [
      callNote ? `call (${callNote})` : "call",
      call && (async (variant) => call(await load({ variant, ...(precision && { precision }) }))),
    ],
  ]) {
    if (!make) continue;
    const contenders = {};
    for (const variant of variants) contenders[variant] = await make(variant);
    const { ms, peak: limit } = await race(contenders);
    for (const variant of variants) {
      const gflops = flops ? flops / ms[variant] / 1e6 : undefined;
      // JavaScript has no SIMD of its own: its share is of the multiply+add SIMD peak.
      const of = limit[variant] ?? limit.simd;
      rows.push({
        name,
        column,
        variant,
        ms: ms[variant],
        gflops,
        peak: of,
        share: gflops && gflops / of,
        slower: ms[variant] / ms[variants[0]],
      });
    }
  }
  return rows;
}

const cell = (value, digits) => (value === undefined ? "" : value.toFixed(digits));
const about = machine();
const rows = [];
const lines = [
  `Node ${about.node} (V8 ${about.v8}), ${about.cpu}, ${about.cores} cores; medians of ${samples}, contenders alternated.`,
  "Share: of the register peak (12 chains, no loads) measured in the same run; fused for relaxed, multiply+add for simd and js.",
  "",
  `| work | | variant | ms | GFLOP/s | share of peak | time / ${variants[0]} |`,
  "| --- | --- | --- | ---: | ---: | ---: | ---: |",
];
for (const line of lines) console.log(line);
for (const item of CASES.filter(({ name }) => new RegExp(options.only).test(name))) {
  for (const row of await measure(item)) {
    rows.push(row);
    const share = row.share === undefined ? "" : `${(100 * row.share).toFixed(0)} %`;
    const line = `| ${row.name} | ${row.column} | ${row.variant} | ${cell(row.ms, 2)} | ${cell(row.gflops, 1)} | ${share} | ${cell(row.slower, 1)} |`;
    lines.push(line);
    console.log(line);
  }
}
const summary = Object.entries(peak).map(
  ([name, run]) => `${name} ${median(Array.from({ length: 9 }, run)).toFixed(1)}`,
);
console.log(`\nregister peak at the end, GFLOP/s: ${summary.join(", ")} (sink ${sink.toPrecision(3)})`);

const folder = new URL("results/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL(`node-${about.node}.md`, folder), `${lines.join("\n")}\n`);
writeFileSync(new URL(`node-${about.node}.json`, folder), `${JSON.stringify({ ...about, samples, rows }, null, 1)}\n`);

if (options.nodes) {
  for (const name of ["node22", "node24"]) {
    const node = fileURLToPath(new URL(`../tools/nodes/node_modules/${name}/bin/node`, import.meta.url));
    if (!existsSync(node)) console.log(`\n${name} is not there: npm ci --ignore-scripts --prefix tools/nodes`);
    else
      spawnSync(node, [fileURLToPath(import.meta.url), "--only", options.only, "--samples", options.samples], {
        stdio: "inherit",
      });
  }
}
