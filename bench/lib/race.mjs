// How everything is timed, in Node and in browsers. Contenders alternate, one turn each a round, and the register
// peak is measured between the rounds. The first round warms up; medians. Where the clock is coarse, short runs are
// repeated until a turn is long enough.
import { Bench } from "tinybench";
import { median, spread } from "./data.mjs";

const ITERATIONS = 1_000_000;
const FLOPS = 48 * ITERATIONS;

/** { variant: () → GFLOP/s of one run } from the binaries of bench/lib/peak.ts, each at least `minimumMs` long. */
export function peaks(binaries, minimumMs = 0) {
  const result = {};
  for (const [variant, bytes] of Object.entries(binaries)) {
    const { peak } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort() {} } }).exports;
    const time = (runs) => {
      const start = performance.now();
      for (let i = 0; i < runs; i++) if (!(peak(ITERATIONS, 0.5, 1) > 0)) throw new Error("peak: unreachable");
      return (performance.now() - start) / runs;
    };
    time(10);
    const runs = repeats(time(10), minimumMs);
    result[variant] = () => FLOPS / time(runs) / 1e6;
  }
  return result;
}

/** How often what takes `ms` milliseconds has to run for a turn of `minimumMs`. */
const repeats = (ms, minimumMs) => Math.max(1, Math.ceil(minimumMs / Math.max(ms, 0.01)));

/** The smallest step of performance.now() here, in milliseconds. */
export function clockResolution() {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    let now = start;
    while (now === start) now = performance.now();
    smallest = Math.min(smallest, now - start);
  }
  return smallest;
}

/** Everything that is run ends here: a sum that is printed, so that no result is dead. */
export let sink = 0;

/**
 * Milliseconds of one run by contender, in one tinybench round of one iteration each: tinybench times, the caller
 * alternates.
 */
async function turns(tasks) {
  const bench = new Bench({ iterations: 1, time: 0, warmup: false });
  for (const [name, { before, run, runs }] of tasks) {
    const timed = () => {
      for (let i = 0; i < runs; i++) {
        if (before && runs > 1) before();
        sink += run();
      }
    };
    bench.add(name, timed, before && runs === 1 ? { beforeEach: () => void before() } : {});
    // Where preparation has to be among the repetitions, it is timed alone and taken off.
    if (before && runs > 1) {
      bench.add(`${name}: before`, () => {
        for (let i = 0; i < runs; i++) before();
      });
    }
  }
  await bench.run();
  const ms = new Map();
  for (const { name, result } of bench.tasks) {
    if (result.error) throw result.error;
    ms.set(name, result.latency.mean);
  }
  return tasks.map(([name, { runs }]) => [name, (ms.get(name) - (ms.get(`${name}: before`) ?? 0)) / runs]);
}

/**
 * Median milliseconds of each contender (a function, or { before, run }), their spreads, and the median peaks measured
 * between the rounds.
 */
async function race(contenders, { peak, rounds, minimumMs = 0 }) {
  const tasks = Object.entries(contenders).map(([name, contender]) => [
    name,
    { ...(typeof contender === "function" ? { run: contender } : contender), runs: 1 },
  ]);
  const times = Object.fromEntries(tasks.map(([name]) => [name, []]));
  const limits = Object.fromEntries(Object.keys(peak).map((name) => [name, []]));
  const first = new Map(await turns(tasks));
  if (minimumMs) for (const [name, task] of tasks) task.runs = repeats(first.get(name), minimumMs);
  // Compiled code takes over during the first runs: count again with it.
  if (minimumMs)
    for (const [name, ms] of await turns(tasks)) tasks.find(([n]) => n === name)[1].runs = repeats(ms, minimumMs);
  for (let round = 0; round < rounds; round++) {
    for (const [name, ms] of await turns(tasks)) times[name].push(ms);
    for (const name of Object.keys(peak)) limits[name].push(peak[name]());
  }
  const medians = (lists) => Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, median(list)]));
  const spreads = Object.fromEntries(Object.entries(times).map(([name, list]) => [name, spread(list)]));
  return { ms: medians(times), spreads, peak: medians(limits) };
}

/**
 * Rows of one case: op and call, by variant. The op works in `context(variant)`, the call is made on `load(variant)`.
 * `settings` are { peak, rounds, minimumMs }. Ratios are to `reference`.
 */
export async function measure(
  { name, flops, op, call, callNote, precision },
  { variants, reference, context, load, ...settings },
) {
  const rows = [];
  for (const [column, make] of [
    ["op", op && ((variant) => op(context(variant)))],
    [callNote ? `call (${callNote})` : "call", call && (async (variant) => call(await load(variant, precision)))],
  ]) {
    if (!make) continue;
    const contenders = {};
    for (const variant of variants) contenders[variant] = await make(variant);
    const { ms, spreads, peak } = await race(contenders, settings);
    for (const variant of variants) {
      const gflops = flops ? flops / ms[variant] / 1e6 : undefined;
      // JavaScript has no SIMD of its own: its share is of the multiply+add SIMD peak. Vectors hold twice as many
      // floats.
      const of = (precision === "float32" ? 2 : 1) * (peak[variant] ?? peak.simd);
      const ratio = ms[variant] / ms[reference];
      const share = gflops && gflops / of;
      rows.push({ name, column, variant, ms: ms[variant], spread: spreads[variant], gflops, peak: of, share, ratio });
    }
  }
  return rows;
}

const cell = (value, digits) => (value === undefined ? "" : value.toFixed(digits));
const percent = (value) => (value === undefined ? "" : `${(100 * value).toFixed(0)} %`);

/**
 * A Markdown table whose columns are aligned, a line at a time: rows come while they are measured. The first column is
 * as wide as the longest of `names`.
 */
export function table(names, reference) {
  const head = ["case", "", "variant", "ms", "spread", "GFLOP/s", "share of peak", `time / ${reference}`];
  const widths = [names.reduce((top, { length }) => Math.max(top, length), 4), 12, 7, 8, 6, 7, 13, head[7].length];
  const line = (cells) =>
    `| ${cells.map((text, i) => (i < 3 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < 3 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return {
    head: [line(head), rule],
    row: ({ name, column, variant, ms, spread: wide, gflops, share, ratio }) =>
      line([name, column, variant, cell(ms, 2), percent(wide), cell(gflops, 1), percent(share), cell(ratio, 2)]),
  };
}

/** Shares and spreads beyond these say that the machine had other work. */
const MOST_SHARE = 1.05;
const MOST_SPREAD = 0.2;

/** A sentence where the machine was busy while rows were measured; undefined otherwise. */
export function busy(rows) {
  const wide = rows.filter(({ spread: part }) => part > MOST_SPREAD);
  const above = rows.filter(({ share }) => share > MOST_SHARE);
  if (wide.length === 0 && above.length === 0) return undefined;
  const of = (list, what) => (list.length > 0 ? [`${list.length} of ${rows.length} rows have ${what}`] : []);
  return (
    `The machine was busy: ${[...of(wide, "a spread above 20 %"), ...of(above, "a share above 105 % of the peak")].join(", and ")}. ` +
    "Ratios within a row's case hold better than times; run again on a quiet machine."
  );
}
