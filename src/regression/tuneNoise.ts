/**
 * A noise model for `tune`: the noise of a point is constant over bins of a one-dimensional input. Its variances are
 * those of the best profiled evidence.
 *
 * With α = A⁻¹r and the scale s, the log evidence has the slope ½ Σ_b (D_i α_i²/s − D_i [A⁻¹]_ii) along the logarithm
 * of the variance of bin b. MacKay's fixed point (1992) sets the slope to 0: the variance becomes its
 * Σ_b α_i²/s / Σ_b [A⁻¹]_ii fold. Copies of an observation count once, as in the evidence: Σ_b D_i [A⁻¹]_ii loses 1
 * for each copy. A step that lowers the evidence is halved.
 */
import { toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { diagonalOf, type RowTerms, rowTerms } from "../linalg/rowTerms.js";
import type { Matrix, MatrixLike } from "../matrix.js";
import { finite, list, MOST_ENTRIES, nonNegative, read, type Schema } from "../options.js";
import { type Problem, termsOf } from "../problem.js";
import { repeatsOf } from "./repeats.js";
import type { RidgeScan } from "./ridgePath.js";
import { bestRidge, endOf, type RatedRidge } from "./tuneRidge.js";

/** Noise that is constant over bins of a one-dimensional input. Plain data. */
export interface BinnedNoise {
  /** Where a bin ends and the next one begins, ascending. Bin b has the inputs from edges[b − 1] to below edges[b]. */
  edges: number[];
  /**
   * The variance of each bin beside the ridge, one more than edges. The smallest is 0. Variances are relative to the
   * scale, as the ridge is.
   */
  variances: number[];
}

/** The bins of training inputs. */
export interface Bins {
  edges: number[];
  /** The bin of each row of X. */
  of: number[];
  count: number;
  /** How many were asked for: more than there are where equal inputs leave no room between bins. */
  wanted: number;
}

/** Rows of a bin, at least, by default. */
const ROWS_OF_A_BIN = 8;
const MOST_BINS = 8;

/**
 * Bins with equally many rows, as nearly as equal inputs stay together. An edge lies midway between two inputs.
 *
 * @throws RangeError for inputs of several numbers, and for more bins than rows.
 */
export function binsOf(X: Matrix, given: number | undefined): Bins {
  if (X.cols !== 1) {
    throw new RangeError(
      `noise "binned" needs inputs of one number; X has ${X.cols} columns: give fit a variance for each row instead`,
    );
  }
  const N = X.rows;
  if ((given ?? 0) > N) throw new RangeError(`bins is ${given}; expected at most one for each of ${N} rows`);
  const wanted = given ?? Math.max(1, Math.min(MOST_BINS, Math.floor(N / ROWS_OF_A_BIN)));
  const sorted = X.data.slice().sort();
  const steps = Array.from({ length: N - 1 }, (_, i) => i + 1).filter((i) => sorted[i - 1] < sorted[i]);
  const cuts = new Set<number>();
  for (let b = 1; b < wanted && steps.length > 0; b++) {
    const at = (b * N) / wanted;
    cuts.add(steps.reduce((best, i) => (Math.abs(i - at) < Math.abs(best - at) ? i : best)));
  }
  const edges = [...cuts].map((i) => between(sorted[i - 1], sorted[i]));
  return { edges, of: Array.from(X.data, (x) => binOf(edges, x)), count: edges.length + 1, wanted };
}

/** A number above a and at most b. */
function between(a: number, b: number): number {
  const middle = a / 2 + b / 2;
  return middle > a && middle <= b ? middle : b;
}

function binOf(edges: readonly number[], x: number): number {
  let bin = 0;
  while (bin < edges.length && x >= edges[bin]) bin++;
  return bin;
}

const edgeList = list(finite, "a list of numbers, the edges of bins", MOST_ENTRIES, 0);
const varianceList = list(nonNegative, "a list of variances, one for each bin");
const BINNED = {
  edges: (value) => edgeList(value, "noise.edges"),
  variances: (value) => varianceList(value, "noise.variances"),
} satisfies Schema<BinnedNoise>;

/**
 * The noise of a model at inputs X (N×1), N variances: for the option `noise` of `ntk.fit`, and with the ridge added
 * and times the scale for that of `fit.predict`.
 *
 * @param noise what `ntk.tune(model, X, Y, { noise: "binned" })` has found, `tuned.noise`.
 * @throws TypeError, RangeError for wrong kinds, shapes and values.
 * @example
 * const tuned = ntk.tune(net, X, Y, { noise: "binned", bins: 2 });
 * const { model, ridge } = tuned;
 * const fit = ntk.fit(model, X, Y, { ridge, noise: noiseAt(tuned.noise, X), scale: "fit" });
 * const band = noiseAt(tuned.noise, Xnew).map((variance) => fit.report.scale * (ridge + variance));
 * fit.predict(Xnew, { noise: band }).variance.rows === Xnew.length; // true
 */
export function noiseAt(noise: BinnedNoise, X: MatrixLike): Float64Array {
  const { edges, variances } = read(noise, "noiseAt", "tuned.noise", BINNED);
  const disorder = edges.findIndex((edge, i) => i > 0 && !(edge > edges[i - 1]));
  if (disorder >= 0)
    throw new RangeError(`noise.edges[${disorder}] is ${edges[disorder]}; expected more than the edge before it`);
  if (variances.length !== edges.length + 1) {
    throw new RangeError(
      `noise.variances has ${variances.length} entries; expected ${edges.length + 1}: one more than edges`,
    );
  }
  return Float64Array.from(toMatrix(X, "X", { cols: 1 }).data, (x) => variances[binOf(edges, x)]);
}

/** Weights of bins, the largest of them 1, and what they gave. */
export interface RatedNoise extends RatedRidge {
  weights: Float64Array;
}

/** Terms of the points with these weights of their bins. */
export function binTerms(bins: Bins, weights: Float64Array): RowTerms {
  return rowTerms(
    undefined,
    Float64Array.from(bins.of, (bin) => weights[bin]),
  ) as RowTerms;
}

/** The variances of the bins, beside the ridge. */
export function variancesOf({ weights, ridge }: RatedNoise): number[] {
  return Array.from(weights, (weight) => ridge / weight - ridge);
}

/** A sentence for each bin whose variance is at an end of the range. */
export function noiseNotes({ edges }: Bins, { weights, ridge }: RatedNoise, [low, high]: readonly [number, number]) {
  return Array.from(weights).flatMap((weight, bin) => {
    const end = endOf(ridge / weight, low, high);
    const where = `x from ${edges[bin - 1] ?? -Infinity} to ${edges[bin] ?? Infinity}`;
    return end
      ? `the noise of bin ${bin}, ${where}, is at the ${end} end of its range: a better one may lie beyond it`
      : [];
  });
}

/** The most that one step multiplies or divides a variance by. */
const MOST_CHANGE = 10;
/** The search has converged where a step adds less than this to the log evidence. */
const GAIN = 1e-3;
/** … and where so small a part of a step does not raise the evidence. */
const LEAST_STEP = 1 / 32;

/**
 * Weights of the bins with the best profiled evidence, from a start. Yields what it finds, one decomposition each.
 *
 * @param bounds the range of the variances: of the least one, and of what a step makes of the others.
 * @returns whether the search converged within `most` decompositions.
 */
export function* searchNoise(
  context: Context,
  problem: Problem,
  bins: Bins,
  start: Float64Array,
  bounds: readonly [number, number],
  most: number,
): Generator<RatedNoise, boolean, void> {
  const rate = (weights: Float64Array) => {
    let change: Float64Array = new Float64Array();
    const weighed = { ...problem, terms: termsOf(binTerms(bins, weights), problem.source.block) };
    const rated = bestRidge(context, weighed, "evidence", bounds, (scan, ridge) => {
      change = changeOf(scan, ridge, weighed, bins);
    });
    return { rated: { ...rated, weights }, change };
  };
  let best = rate(start);
  yield best.rated;
  let step = 1;
  for (let count = 1; count < most; count++) {
    const { ridge, weights } = best.rated;
    const variances = weights.map((weight, bin) =>
      Math.min(bounds[1], Math.max(bounds[0], (ridge / weight) * best.change[bin] ** step)),
    );
    const low = variances.reduce((least, value) => Math.min(least, value), Infinity);
    const next = rate(variances.map((value) => low / value));
    yield next.rated;
    const gain = next.rated.score - best.rated.score;
    if (gain > 0) best = next;
    if (gain > 0 ? gain < GAIN : step <= LEAST_STEP) return true;
    step = gain > 0 ? Math.min(1, 2 * step) : step / 2;
  }
  return false;
}

/** By how much the fixed point multiplies the variance of each bin. */
function changeOf(scan: RidgeScan, ridge: number, problem: Problem, bins: Bins): Float64Array {
  const { columns, size, source, terms, R } = problem;
  const D = diagonalOf(terms as RowTerms, ridge);
  const { alpha, inverse } = scan.solution(ridge);
  const { copied } = repeatsOf(problem);
  const scales = scan.evidences(ridge).map(({ scale }) => scale);
  const binOfRow = (row: number) => bins.of[Math.floor(row / source.block)];
  const [explained, expected] = [new Float64Array(bins.count), new Float64Array(bins.count)];
  for (let at = 0; at < R.length; at++) {
    const row = at % size;
    explained[binOfRow(row)] += (D[row] * alpha[at] ** 2) / scales[Math.floor(at / size)];
    expected[binOfRow(row)] += D[row] * inverse[row];
  }
  for (let c = 0; c < columns; c++) for (const group of copied[c]) expected[binOfRow(group[0])] -= group.length - 1;
  return explained.map((value, bin) => {
    const factor = value / expected[bin];
    return factor > 0 ? Math.min(MOST_CHANGE, Math.max(1 / MOST_CHANGE, factor)) : 1;
  });
}
