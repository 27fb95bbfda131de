/**
 * `compare` over widths, initialisations, learning rates and seeds: means with standard errors, and the exponents with which
 * gap and drifts fall with the width (MATH.md §5). The protocol stands beside the numbers: which rate, after how many steps,
 * over which widths.
 */
import type { Context } from "../arena.js";
import { checkKeys, checkNonNegative, checkPositiveInteger, describe, toMatrix } from "../check.js";
import { ConvergenceError } from "../errors.js";
import type { MatrixLike } from "../matrix.js";
import type { Init } from "../model/init.js";
import { createNetwork, type Network, type NetworkOptions } from "../model/network.js";
import { type CompareOptions, type Comparison, comparing } from "./compare.js";
import { checkRule } from "./descent.js";
import { drain } from "./slices.js";
import { checkRun, stableRate } from "./train.js";

/** A rate for every network, or a fraction of each network's own largest stable rate. */
export type SweepRate = number | { fraction: number };

export interface SweepOptions extends Omit<CompareOptions, "learningRate" | "onProgress"> {
  /** Hidden widths. */
  widths: readonly number[];
  /** Hidden layers of that width each; default 1. */
  depth?: number;
  learningRates: readonly SweepRate[];
  /** Default `["lecun"]`. */
  inits?: readonly Init[];
  /** How many seeds, 0 … seeds − 1; default 5. */
  seeds?: number;
  /** Everything else of the networks. */
  network?: Pick<NetworkOptions, "activation" | "weightStd" | "biasStd" | "bias">;
  /** Called after each run. */
  onProgress?: (progress: SweepProgress) => void;
}

/** Runs that are done, of all. */
export interface SweepProgress {
  done: number;
  total: number;
}

/** What is averaged and fitted; `gapTest`, `testLoss` and `linearTestLoss` with Xtest and Ytest. */
export const MEASURES = [
  "loss",
  "linearLoss",
  "gap",
  "gapTest",
  "testLoss",
  "linearTestLoss",
  "parameterDrift",
  "relativeParameterDrift",
  "kernelDrift",
] as const;
export type Measure = (typeof MEASURES)[number];

export interface SweepRun extends Omit<Comparison, "network" | "aborted"> {
  init: Init;
  width: number;
  seed: number;
  /** As asked for. */
  rate: SweepRate;
  /** As used. */
  learningRate: number;
  /** The step at which training diverged, if it did; the record ends before. */
  divergedAt: number | undefined;
}

/** Mean over the seeds that got as far as `step`, and its standard error (undefined for fewer than two). */
export interface SweepSummary {
  init: Init;
  width: number;
  rate: SweepRate;
  step: number;
  runs: number;
  diverged: number;
  mean: Partial<Record<Measure, number>>;
  standardError: Partial<Record<Measure, number>>;
}

/** measure ∝ width^exponent, by least squares on the logarithms of all runs. */
export interface Exponent {
  exponent: number;
  /** From the residuals, so that curvature counts too. */
  standardError: number;
  /** Widths that were fitted: those whose mean gap is below 0.1. */
  widths: number[];
  /** Hidden layers of that width each; default 1. */
  depth?: number;
}

export interface SweepExponents {
  init: Init;
  rate: SweepRate;
  step: number;
  /** Undefined where fewer than two widths, or three runs, are in the lazy regime. */
  gap: Exponent | undefined;
  gapTest: Exponent | undefined;
  relativeParameterDrift: Exponent | undefined;
  parameterDrift: Exponent | undefined;
  kernelDrift: Exponent | undefined;
}

export interface Sweep {
  runs: SweepRun[];
  summary: SweepSummary[];
  exponents: SweepExponents[];
  aborted: boolean;
}

const KEYS = [
  "widths",
  "depth",
  "learningRates",
  "inits",
  "seeds",
  "network",
  "steps",
  "recordAt",
  "momentum",
  "nesterov",
  "weightDecay",
  "Xtest",
  "Ytest",
  "onProgress",
  "signal",
];
/** Beyond it narrow nets saturate, and the power law with them. */
const LAZY_GAP = 0.1;

/** `ntk.sweep`. */
export function sweepNetworks(context: Context, X: MatrixLike, Y: MatrixLike, options: SweepOptions): Sweep {
  return drain(sweepingNetworks(context, X, Y, options));
}

/** `ntk.sweeping`: returns what `sweep` does. */
export function* sweepingNetworks(
  context: Context,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: SweepOptions,
): Generator<SweepProgress, Sweep, void> {
  checkKeys(options, KEYS, "sweep");
  const { widths, depth = 1, learningRates, inits = ["lecun"], seeds = 5, network = {}, onProgress, ...rest } = options;
  checkList(widths, "widths");
  checkList(learningRates, "learningRates");
  checkList(inits, "inits");
  checkPositiveInteger(seeds, "seeds");
  checkPositiveInteger(depth, "depth");
  checkKeys(network, ["activation", "weightStd", "biasStd", "bias"], "sweep: network");
  const X = toMatrix(Xlike, "X");
  const Y = toMatrix(Ylike, "Y", { rows: X.rows });
  const Xtest = rest.Xtest === undefined ? undefined : toMatrix(rest.Xtest, "Xtest", { cols: X.cols });
  if (rest.Ytest !== undefined && !Xtest) throw new RangeError("Ytest is given without Xtest; expected both");
  const Ytest =
    Xtest && rest.Ytest !== undefined ? toMatrix(rest.Ytest, "Ytest", { rows: Xtest.rows, cols: Y.cols }) : undefined;
  const grid = inits.flatMap((init) =>
    learningRates.flatMap((rate) =>
      widths.flatMap((width) => Array.from({ length: seeds }, (_, seed) => ({ init, rate, width, seed }))),
    ),
  );
  // Everything is checked before the first run.
  const { signal, steps, recordAt, momentum, nesterov, weightDecay } = rest;
  const shared = { signal, steps, recordAt, momentum, nesterov, weightDecay };
  const shape = { ...network, inputs: X.cols, outputs: Y.cols, depth };
  for (const rate of learningRates) checkRun(draw(grid[0], shape), X, Y, { ...shared, learningRate: probe(rate) });
  for (const cell of grid) if (cell.seed === 0) draw(cell, shape);

  const runs: SweepRun[] = [];
  let aborted = false;
  for (const cell of grid) {
    aborted = signal?.aborted ?? false;
    if (aborted) break;
    const net = draw(cell, shape);
    const rate = cell.rate;
    const stable =
      typeof rate === "number" ? 0 : stableRate(context, net, X, checkRule({ ...shared, learningRate: 1 }, "descent"));
    const learningRate = typeof rate === "number" ? rate : rate.fraction * stable;
    const run = checkRun(net, X, Y, { ...shared, learningRate });
    const { comparison, divergedAt } = yield* attempt(comparing(context, run, Xtest, Ytest), {
      done: runs.length,
      total: grid.length,
    });
    aborted = comparison.aborted;
    if (aborted) break;
    const { network: _, aborted: __, ...record } = comparison;
    runs.push({ ...cell, learningRate, divergedAt, ...record });
    onProgress?.({ done: runs.length, total: grid.length });
  }
  const summary = summarise(runs, seeds);
  return { runs, summary, exponents: fitExponents(runs, summary), aborted };
}

function checkList(value: unknown, name: string): void {
  if (!Array.isArray(value)) throw new TypeError(`${name} is ${describe(value)}; expected an array`);
  if (value.length === 0) throw new RangeError(`${name} is empty; expected at least one entry`);
}

/** A rate to check the options with. */
function probe(rate: SweepRate): number {
  if (typeof rate === "number") return rate;
  if (typeof rate !== "object" || rate === null || !("fraction" in rate)) {
    throw new TypeError(`learningRates has ${describe(rate)}; expected a number or { fraction }`);
  }
  checkNonNegative(rate.fraction, "learningRates: fraction");
  return rate.fraction;
}

function draw(
  { init, width, seed }: { init: Init; width: number; seed: number },
  { depth, ...shape }: SweepOptions["network"] & { inputs: number; outputs: number; depth: number },
): Network {
  return createNetwork({ ...shape, hidden: depth === 1 ? width : new Array(depth).fill(width), init, seed });
}

/** A run, slice by slice; one that diverges leaves its record. */
function* attempt(
  run: Generator<unknown, Comparison, void>,
  progress: SweepProgress,
): Generator<SweepProgress, { comparison: Comparison; divergedAt: number | undefined }, void> {
  try {
    for (;;) {
      const { done, value } = run.next();
      if (done) return { comparison: value, divergedAt: undefined };
      yield { ...progress };
    }
  } catch (error) {
    if (!(error instanceof ConvergenceError) || error.partial === undefined) throw error;
    return { comparison: error.partial as Comparison, divergedAt: error.step };
  } finally {
    // Stopped from outside, the run gives its memory back; ended, it ignores this.
    run.return(undefined as never);
  }
}

/** Runs of one cell of the grid follow each other, `seeds` at a time. */
function summarise(runs: SweepRun[], seeds: number): SweepSummary[] {
  const result: SweepSummary[] = [];
  for (let from = 0; from < runs.length; from += seeds) {
    const cell = runs.slice(from, from + seeds);
    const { init, width, rate } = cell[0];
    const steps = [...new Set(cell.flatMap((run) => run.steps))].sort((a, b) => a - b);
    for (const step of steps) {
      const mean: SweepSummary["mean"] = {};
      const standardError: SweepSummary["standardError"] = {};
      for (const measure of MEASURES) {
        const values = cell.flatMap((run) => valueAt(run, measure, step) ?? []);
        if (values.length === 0) continue;
        const average = values.reduce((sum, x) => sum + x, 0) / values.length;
        mean[measure] = average;
        if (values.length < 2) continue;
        const squares = values.reduce((sum, x) => sum + (x - average) ** 2, 0);
        standardError[measure] = Math.sqrt(squares / (values.length - 1) / values.length);
      }
      const reached = cell.filter((run) => run.steps.includes(step)).length;
      const diverged = cell.filter((run) => run.divergedAt !== undefined).length;
      result.push({ init, width, rate, step, runs: reached, diverged, mean, standardError });
    }
  }
  return result;
}

function valueAt(run: SweepRun, measure: Measure, step: number): number | undefined {
  const at = run.steps.indexOf(step);
  return at < 0 ? undefined : run[measure]?.[at];
}

function fitExponents(runs: SweepRun[], summary: SweepSummary[]): SweepExponents[] {
  const result: SweepExponents[] = [];
  for (const { init, rate, step } of summary) {
    if (result.some((row) => row.init === init && row.rate === rate && row.step === step)) continue;
    const lazy = summary
      .filter((row) => row.init === init && row.rate === rate && row.step === step && (row.mean.gap ?? 1) < LAZY_GAP)
      .map((row) => row.width);
    const group = runs.filter((run) => run.init === init && run.rate === rate && lazy.includes(run.width));
    const power = (measure: Measure) =>
      fitPower(group.flatMap((run) => ({ width: run.width, value: valueAt(run, measure, step) ?? 0 })));
    result.push({
      init,
      rate,
      step,
      gap: power("gap"),
      gapTest: power("gapTest"),
      relativeParameterDrift: power("relativeParameterDrift"),
      parameterDrift: power("parameterDrift"),
      kernelDrift: power("kernelDrift"),
    });
  }
  return result;
}

/** Ordinary least squares of log value on log width. */
function fitPower(all: { width: number; value: number }[]): Exponent | undefined {
  const points = all.filter(({ value }) => value > 0 && Number.isFinite(value));
  const widths = [...new Set(points.map(({ width }) => width))].sort((a, b) => a - b);
  if (widths.length < 2 || points.length < 3) return undefined;
  const xs = points.map(({ width }) => Math.log(width));
  const ys = points.map(({ value }) => Math.log(value));
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const spread = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  const exponent = xs.reduce((sum, x, i) => sum + (x - mx) * (ys[i] - my), 0) / spread;
  const rest = xs.reduce((sum, x, i) => sum + (ys[i] - my - exponent * (x - mx)) ** 2, 0);
  return { exponent, standardError: Math.sqrt(rest / (points.length - 2) / spread), widths };
}
