/**
 * The test error to expect from a fit to n of N points, from the spectrum of Θ on all N and the targets' coefficients
 * (MATH.md §8).
 *
 * With q_i = κ/(λ_i + κ) the part of mode i that is not learned,
 *
 *   (κ − ridge) Σ 1/(λ_i + κ) = N − n,
 *   error = n Σ q_i² (c_i² + σ²) / ((Σ q_i)² − (N − n) Σ q_i²).
 *
 * For n far below N these are the equations of Bordelon et al. 2020 and Simon et al. 2023, whose points are drawn from
 * an infinite population. At n = N they are generalised cross-validation.
 */
import { checkResult } from "../check.js";
import { maxAbs, sum } from "../linalg/vectors.js";
import { type Matrix, matrix, type NumberList } from "../matrix.js";
import { count, list, nonNegative, or, read, type Schema } from "../options.js";

export interface LearningCurveOptions {
  /** Numbers of points that are fitted: integers from 1 to N. */
  sizes: NumberList;
  /** λ ≥ 0, absolute, as in `fit`. Default 0. */
  ridge?: number;
  /** Variance of noise in the targets beside what they have: σ² of fresh noise for each fit and test. Default 0. */
  noise?: number;
}

export interface LearningCurve {
  sizes: Float64Array;
  /** Expected squared error at points that are not fitted, the noise of their targets included, mean over outputs. */
  error: Float64Array;
  /** The same for each output, sizes×C; one column where all outputs are one regression. */
  perOutput: Matrix;
  /** κ, in the units of `eigenvalues`: modes far above it are learned, modes far below it are not. */
  threshold: Float64Array;
}

/** Modes in groups of one eigenvalue. */
export interface Modes {
  /** Eigenvalues of Θ, in any order; 0 for null modes. */
  values: Float64Array;
  /** How many modes each group has; not always an integer. */
  counts: Float64Array;
  /** Σ c² over the group, columns×groups. */
  squares: Float64Array;
  columns: number;
  /** Rows of Θ, N for each point's block of rows: the counts sum to it. */
  rows: number;
  block: number;
}

const OPTIONS = {
  sizes: list(count, "a list of sizes"),
  ridge: or(nonNegative, 0),
  noise: or(nonNegative, 0),
} satisfies Schema<LearningCurveOptions>;

/** By how much of the error two readings of modes that are not known may differ before a curve is refused. */
const CERTAIN = 0.05;

/**
 * `spectrum.learningCurve`. The second reading of the modes is as far from the first as what is not known allows.
 *
 * @throws TypeError, RangeError
 */
export function learningCurve(options: LearningCurveOptions, modes: Modes, other: Modes | undefined): LearningCurve {
  const { sizes, ridge, noise } = read(options, "learningCurve", "{ sizes: [10, 100] }", OPTIONS);
  const known = modes.rows / modes.block;
  const points = sizes.map((size, i) => {
    if (size > known)
      throw new RangeError(`sizes[${i}] is ${size}; expected at most ${known}, the number of points of the spectrum`);
    const point = errorsAt(modes, size * modes.block, ridge, noise);
    if (other) compareReadings(point.errors, errorsAt(other, size * modes.block, ridge, noise).errors, size);
    return point;
  });
  const { columns } = modes;
  const perOutput = matrix(points.length, columns, Float64Array.from(points.flatMap(({ errors }) => [...errors])));
  const threshold = Float64Array.from(points, (point) => point.threshold);
  checkResult(matrix(1, points.length, threshold), "the threshold");
  return {
    sizes: Float64Array.from(sizes),
    error: Float64Array.from(points, ({ errors }) => sum(errors) / columns),
    perOutput: checkResult(perOutput, "the predicted error"),
    threshold,
  };
}

function compareReadings(errors: Float64Array, others: Float64Array, size: number): void {
  const [one, two] = [sum(errors), sum(others)];
  if (Math.abs(one - two) <= CERTAIN * Math.max(one, two)) return;
  const [low, high] = [Math.min(one, two), Math.max(one, two)].map((both) => both / errors.length);
  throw new RangeError(
    `sizes has ${size}, at which modes beyond the top ones matter: the error is between about ${low.toPrecision(3)} and ${high.toPrecision(3)}; ` +
      "use smaller sizes, a larger ridge, or a spectrum with a larger top, or without it",
  );
}

/** The threshold, and the error of each column, for `n` rows of Θ. */
function errorsAt(modes: Modes, n: number, ridge: number, noise: number) {
  const { values, counts, squares, columns, rows: N } = modes;
  // In units in which neither a square nor a ratio leaves the range of a double.
  const unit = Math.max(maxAbs(values), ridge) || 1;
  const lambda = values.map((value) => value / unit);
  const delta = ridge / unit;
  const kappa = thresholdOf(lambda, modes, n, delta);
  const q = unlearned(lambda, kappa);
  const [all, squared] = [dots(counts, q), dots(counts, q, q)];
  const divisor = all * all - (N - n) * squared;
  const errors = Float64Array.from({ length: columns }, (_, c) => {
    const own = squares.subarray(c * q.length, (c + 1) * q.length);
    const left = dots(own, q, q) + noise * squared;
    return left === 0 ? 0 : (n * left) / divisor;
  });
  if (divisor === 0 && errors.some((error) => error !== 0)) {
    throw new RangeError(
      `sizes has ${n / modes.block}, the rank of the kernel, at which the expected error of a fit with ridge 0 is infinite; use another size, or a ridge above 0`,
    );
  }
  return { threshold: kappa * unit, errors };
}

/**
 * The part of each mode that is not learned, κ/(λ + κ), up to a factor on which the error does not depend. At κ = 0 it
 * is all of the null modes and nothing of the others, or 1/λ where there are no null modes.
 */
function unlearned(lambda: Float64Array, kappa: number): Float64Array {
  const least = lambda.reduce((low, value) => Math.min(low, value), Infinity) + kappa;
  return lambda.map((value) => (least > 0 ? least / (value + kappa) : value > 0 ? 0 : 1));
}

/** κ by bisection: (κ − δ) Σ 1/(λ + κ) grows with κ from 0 to N. 0 where the modes above 0 are no more than n. */
function thresholdOf(lambda: Float64Array, { counts, rows: N }: Modes, n: number, delta: number): number {
  const nulls = sum(counts.filter((_, i) => lambda[i] === 0));
  if (delta === 0 && N - nulls <= n) return 0;
  const least = lambda.reduce((low, value) => (value > 0 ? Math.min(low, value) : low), Infinity);
  // Bounds: no mode is below the least one above 0; and Jensen's inequality for 1/(λ + κ).
  let low = Math.max(delta, delta === 0 ? (least * (N - n - nulls)) / n : 0, Number.MIN_VALUE);
  let high = Math.max(low, ((N - n) * (dots(counts, lambda) / N) + delta * N) / n);
  for (;;) {
    const middle = Math.sqrt(low) * Math.sqrt(high);
    if (!(middle > low && middle < high)) return low;
    const left = lambda.reduce((part, value, i) => part + (counts[i] * (middle - delta)) / (value + middle), 0);
    if (left < N - n) low = middle;
    else high = middle;
  }
}

/** Σ a_i b_i [c_i]. */
function dots(a: Float64Array, b: Float64Array, c?: Float64Array): number {
  return a.reduce((part, value, i) => part + value * b[i] * (c ? c[i] : 1), 0);
}
