// `npm run bench:scale`: time and memory of a fit against the number of points N, for every way to solve it, with
// fitted exponents beside the expected ones. Each fit runs in a process of its own, whose memory is its peak less that
// of a fit of 16 points. `tiles` makes the kernel in blocks of rows, and keeps none. `*` marks the fastest fit of each
// N; `auto` is what `solver: "auto"` chose.
//
//   --most N       largest N (default 4000)
//   --widths LIST  hidden units (default 16,256); P is 4 times as many, and one
//   --rounds N     rounds, of which the median counts (default 3)
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createNetwork, load } from "ntk-wasm";
import { median } from "./lib/data.mjs";

const { values: options } = parseArgs({
  options: {
    most: { type: "string", default: "4000" },
    widths: { type: "string", default: "16,256" },
    rounds: { type: "string", default: "3" },
  },
});
const INPUTS = 2;
const RIDGE = 1;
const BATCH = 1000;

/** What is timed, and the exponents of N that its formula gives: of time from and to, of memory. */
const WAYS = {
  dual: { time: [2, 3], memory: 2 },
  primal: { time: [1, 1], memory: 0 },
  cg: { time: [1, 2], memory: 0 },
  lowrank: { time: [1, 1], memory: 1 },
  stream: { time: [1, 1], memory: 0 },
  tiles: { time: [2, 2], memory: 0 },
};

function points(N) {
  const X = Float64Array.from({ length: N * INPUTS }, (_, i) => 2 * Math.sin(12.9898 * (i + 1) ** 1.1));
  const Y = Float64Array.from({ length: N }, (_, i) => Math.sin(2 * X[2 * i]) + 0.1 * Math.sin(78.233 * i * i));
  return { X: { data: X, rows: N, cols: INPUTS }, Y };
}

async function run(ntk, net, way, { X, Y }) {
  if (way === "tiles") {
    let sum = 0;
    for (const { K } of ntk.kernelTiles(net, X)) sum += K.data[0];
    return sum;
  }
  const batches = Array.from({ length: Math.ceil(X.rows / BATCH) }, (_, k) => {
    const [from, to] = [k * BATCH, Math.min(X.rows, (k + 1) * BATCH)];
    const data = X.data.subarray(from * INPUTS, to * INPUTS);
    return { X: { data, rows: to - from, cols: INPUTS }, Y: Y.subarray(from, to) };
  });
  const fit =
    way === "stream"
      ? await ntk.fitStream(net, batches, { ridge: RIDGE })
      : ntk.fit(net, X, Y, { ridge: RIDGE, solver: way });
  const { solver } = fit.report;
  fit.predict([[0, 0]], { variance: false });
  fit.dispose();
  return solver;
}

/** A process that does one thing: its answer is milliseconds, peak memory, and the solver or the error. */
async function child() {
  const [way, N, m, rounds] = JSON.parse(process.env.NTK_SCALE_CHILD);
  const ntk = await load();
  const net = createNetwork({
    inputs: INPUTS,
    hidden: Number(m),
    activation: "tanh",
    init: "ntk",
    biasStd: 1,
    seed: 1,
  });
  const peak = () => process.resourceUsage().maxRSS / 1024;
  try {
    await run(ntk, net, way, points(16));
    const before = peak();
    const data = points(Number(N));
    const times = [];
    let solver;
    for (let round = 0; round < Number(rounds); round++) {
      const since = performance.now();
      solver = await run(ntk, net, way, data);
      times.push(performance.now() - since);
    }
    process.send({ time: median(times), memory: peak() - before, solver });
  } catch (error) {
    process.send({ error: `${error.name}: ${error.message}` });
  }
}

/** One measurement; undefined where this version has no such solver. */
async function measure(way, N, m) {
  const process_ = fork(fileURLToPath(import.meta.url), [], {
    env: { ...process.env, NTK_SCALE_CHILD: JSON.stringify([way, N, m, options.rounds]) },
  });
  const answer = await new Promise((resolve) => {
    process_.once("message", resolve);
    process_.once("exit", (code) => resolve({ error: `exit ${code}` }));
  });
  if (answer.error && !/solver is/.test(answer.error)) console.log(`${way}, N = ${N}: ${answer.error}`);
  return answer.error ? undefined : answer;
}

/** Slope of log y over log N, from the larger half of the sizes: what is constant is small there. */
function exponent(sizes, values) {
  const pairs = sizes.flatMap((N, i) => (values[i] > 0 ? [[Math.log(N), Math.log(values[i])]] : [])).slice(-3);
  if (pairs.length < 2) return undefined;
  const mean = (k) => pairs.reduce((sum, pair) => sum + pair[k], 0) / pairs.length;
  const [x, y] = [mean(0), mean(1)];
  return pairs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0) / pairs.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
}

const show = (value, digits = 3) => (value === undefined ? "–" : String(Number(value.toPrecision(digits))));

async function table(m, sizes) {
  const net = createNetwork({ inputs: INPUTS, hidden: m });
  console.log(`\nm = ${m}, d = ${INPUTS}, P = ${net.parameters.length}; ms (MiB)\n`);
  const results = {};
  const chosen = [];
  for (const N of sizes) {
    for (const way of Object.keys(WAYS)) {
      results[way] ??= [];
      results[way].push(await measure(way, N, m));
    }
    chosen.push((await measure("auto", N, m))?.solver);
  }
  const ways = Object.keys(WAYS).filter((way) => results[way].some((result) => result));
  const best = sizes.map((_, i) =>
    ways
      .filter((way) => way !== "tiles" && results[way][i])
      .reduce((a, b) => (results[a][i].time <= results[b][i].time ? a : b)),
  );
  console.log(`| | ${sizes.map((N) => `N = ${N}`).join(" | ")} | time, expected | memory, expected |`);
  console.log(`| --- | ${sizes.map(() => "---:").join(" | ")} | ---: | ---: |`);
  for (const way of ways) {
    const { time, memory } = WAYS[way];
    const cells = results[way].map((result, i) =>
      result ? `${show(result.time)}${best[i] === way ? "\\*" : ""} (${show(result.memory, 2)})` : "–",
    );
    const of = (key) => results[way].map((result) => result?.[key]);
    const expected = time[0] === time[1] ? `${time[0]}` : `${time[0]}–${time[1]}`;
    const slopes = [exponent(sizes, of("time")), exponent(sizes, of("memory"))].map((slope) => show(slope, 2));
    console.log(`| ${way} | ${cells.join(" | ")} | ${slopes[0]}, ${expected} | ${slopes[1]}, ${memory} |`);
  }
  console.log(`| auto | ${chosen.join(" | ")} | | |`);
}

if (process.env.NTK_SCALE_CHILD) await child();
else {
  const sizes = [];
  for (let N = 250; N <= Number(options.most); N *= 2) sizes.push(N);
  for (const m of options.widths.split(",")) await table(Number(m), sizes);
}
