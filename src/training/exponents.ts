/** The results of a sweep: means with standard errors, and exponents of the width for gap and drifts (MATH.md §5). */
import { norm } from "../linalg/vectors.js";
import type { Init } from "../model/initSchemes.js";
import type { Comparison } from "./compare.js";

/** The averaged and fitted measures. `gapTest`, `testLoss` and `linearTestLoss` need Xtest and Ytest. */
const MEASURES = [
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

/** Above this gap narrow nets saturate, and the power law no longer holds. */
const LAZY_GAP = 0.1;

/** Means of the cells of the grid, `seeds` runs each; a run that is missing was not finished. */
export function summarise(grid: readonly (SweepRun | undefined)[], seeds: number): SweepSummary[] {
  const result: SweepSummary[] = [];
  for (let from = 0; from < grid.length; from += seeds) {
    const cell = grid.slice(from, from + seeds).filter((run) => run !== undefined);
    if (cell.length === 0) continue;
    const { init, width, rate } = cell[0];
    const steps = [...new Set(cell.flatMap((run) => run.steps))].sort((a, b) => a - b);
    for (const step of steps) {
      const mean: SweepSummary["mean"] = {};
      const standardError: SweepSummary["standardError"] = {};
      for (const measure of MEASURES) {
        const values = cell.flatMap((run) => valueAt(run, measure, step) ?? []);
        if (values.length === 0) continue;
        const average = meanOf(values);
        mean[measure] = average;
        if (values.length < 2 || average === Infinity) continue;
        const spread = norm(Float64Array.from(values, (x) => x - average));
        standardError[measure] = spread / Math.sqrt((values.length - 1) * values.length);
      }
      const reached = cell.filter((run) => run.steps.includes(step)).length;
      const diverged = cell.filter((run) => run.divergedAt !== undefined).length;
      result.push({ init, width, rate, step, runs: reached, diverged, mean, standardError });
    }
  }
  return result;
}

/** Infinity where a value is. The sum of finite values may be beyond a double: they are divided first then. */
function meanOf(values: readonly number[]): number {
  const sum = values.reduce((total, x) => total + x, 0);
  if (sum < Infinity) return sum / values.length;
  return values.reduce((total, x) => total + x / values.length, 0);
}

function valueAt(run: SweepRun, measure: Measure, step: number): number | undefined {
  const at = run.steps.indexOf(step);
  return at < 0 ? undefined : run[measure]?.[at];
}

/** Exponents of drifts and gaps in the width, for each initialisation, rate and recorded step. */
export function fitExponents(runs: SweepRun[], summary: SweepSummary[]): SweepExponents[] {
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

/** A rate for every network, or a fraction of each network's own largest stable rate. */
export type SweepRate = number | { fraction: number };

export interface SweepRun extends Omit<Comparison, "network" | "aborted" | "state" | "best"> {
  init: Init;
  width: number;
  seed: number;
  /** The rate as it was asked for. */
  rate: SweepRate;
  /** The rate that was used. */
  learningRate: number;
  /** The step at which training diverged, if it did. The record ends before it. */
  divergedAt: number | undefined;
}

/**
 * Mean over the seeds whose training reached `step`, and its standard error. The error is left out for fewer than two
 * seeds, and where the mean is Infinity: see the measures of a run.
 */
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
  /** Standard error from the residuals, so that curvature counts too. */
  standardError: number;
  /** The fitted widths: those whose mean gap is below 0.1. */
  widths: number[];
}

export interface SweepExponents {
  init: Init;
  rate: SweepRate;
  step: number;
  /** Undefined where the lazy regime has fewer than two widths or three runs. */
  gap: Exponent | undefined;
  gapTest: Exponent | undefined;
  relativeParameterDrift: Exponent | undefined;
  parameterDrift: Exponent | undefined;
  kernelDrift: Exponent | undefined;
}
