/**
 * The eigendecomposition as a `Factor`: A = UΛUᵀ with eigenvectors in the rows of U, and for each ridge the weights
 * 1/(Λ + ridge). One decomposition serves every ridge of a path, and a ridge for each right-hand side.
 *
 * It also solves where A is singular to rounding and the ridge is 0 or lost in rounding. Modes with |λ| ≤ nε λ_max are
 * left out, which gives the minimum-norm answer (MATH.md §7). Null modes of gradient descent follow the same rule
 * (MATH.md §4), so both agree. The error grows like κε; the normal equations of a truncated pivoted Cholesky factor
 * would square κ.
 */
import { checkNumbers } from "../check.js";
import { ConvergenceError, NotPositiveDefiniteError } from "../errors.js";
import { eigh, gemm } from "./blas.js";
import { type Factor, type Findings, maxDiagonal, roundingLevel, showRidge, sufficientRidge } from "./factor.js";
import { copyIn, scratch, type View } from "./view.js";

/** Eigenvalues ascending, eigenvectors in the rows of an n×n matrix. */
export interface Eigensystem {
  values: Float64Array;
  vectors: View;
}

/**
 * Eigenvalues of the lower triangle of A, ascending. With `vectors`, A gets the eigenvectors in its rows; without, A is
 * destroyed.
 *
 * @throws ConvergenceError; RangeError where the diagonal is not finite.
 */
export function decompose(A: View, vectors: boolean): Float64Array {
  maxDiagonal(A);
  const { values, info } = eigh(A, vectors);
  // Of finite entries too: an eigenvalue is up to n times as large.
  if (info === 0) return checkNumbers(values, "the spectrum");
  throw new ConvergenceError(
    `eigenvalue ${info - 1} of ${A.rows} did not converge; the matrix may hold entries of very different size: rescale it`,
  );
}

/** Safety factor on nε‖A‖ before a negative eigenvalue counts as real. */
const NEGATIVE = 10;

/**
 * The rounding level of the eigenvalues: a mode whose eigenvalue is at most this is a null mode.
 *
 * @param ridge the largest ridge that was given, and `pivot` the index at which Cholesky has failed: for the error.
 * @param n the order of the matrix, where `values` are only some of its eigenvalues.
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative; its message names a ridge that is enough.
 */
export function nullLevel(values: Float64Array, ridge = 0, pivot = -1, n = values.length): number {
  const [smallest, largest] = [values[0] ?? 0, values[values.length - 1] ?? 0];
  const level = roundingLevel(n, Math.max(Math.abs(smallest), largest));
  if (smallest < -NEGATIVE * level) {
    const enough = showRidge(sufficientRidge(n, smallest, largest));
    throw new NotPositiveDefiniteError(
      `the kernel has the eigenvalue ${smallest} beside a largest of ${largest}: it is not positive semi-definite; check kernel(X, X2), ` +
        (ridge > 0
          ? `or fit with one ridge above ${enough} in place of ${ridge}`
          : `or fit with one ridge above ${enough}`),
      pivot,
      ridge,
    );
  }
  return level;
}

/** Coordinates of `count` rows (each n long) in the eigenbasis: B Uᵀ for the matrix B of these rows. */
export function project({ vectors }: Eigensystem, rows: Float64Array, count: number): Float64Array {
  return product(rows, count, vectors.t);
}

/** The rows that have these coordinates: the inverse of {@link project}. */
export function combine({ vectors }: Eigensystem, rows: Float64Array, count: number): Float64Array {
  return product(rows, count, vectors);
}

/** B U for the matrix B of these rows. */
function product(rows: Float64Array, count: number, U: View): Float64Array {
  const { context } = U;
  return context.arena.run(() => {
    const [B, C] = [copyIn(context, rows, count, U.rows), scratch(context, count, U.cols)];
    gemm(1, B, U, 0, C);
    return C.copy();
  });
}

/** True where the ridge is at most the rounding level: null modes are then left out. */
export function isLost(ridge: number, level: number): boolean {
  return ridge <= level;
}

/**
 * A decomposition as a factor, for one ridge or for a ridge of each right-hand side. The factor owns the held block
 * from here on.
 *
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative.
 */
export function factorEigen({ values, vectors }: Eigensystem, ridges: Float64Array, failedPivot = -1): Factor {
  const n = values.length;
  const largest = ridges.reduce((top, ridge) => Math.max(top, ridge), 0);
  const level = nullLevel(values, largest, failedPivot);
  const lambda = values.map((value) => (value > level ? value : 0));
  const weights = Array.from(ridges, (ridge) =>
    lambda.map((value) => (value === 0 && isLost(ridge, level) ? 0 : 1 / (value + ridge))),
  );
  // Eigenvalues ascend, so the modes that every ridge leaves out come first.
  const kept = values.findIndex((_, i) => weights.some((row) => row[i] > 0));
  const start = kept < 0 ? n : kept;
  return new EigenFactor({
    vectors,
    start,
    lambda: lambda.subarray(start),
    weights: weights.map((row) => row.subarray(start)),
    notes: truncationNotes(values, level, ridges),
  });
}

/** Sentences that say which modes were left out. */
function truncationNotes(values: Float64Array, level: number, ridges: Float64Array): string[] {
  const n = values.length;
  const nulls = values.reduce((count, value) => count + (value > level ? 0 : 1), 0);
  const lost = ridges.filter((ridge) => isLost(ridge, level));
  if (nulls === 0 || lost.length === 0) return [];
  const left = `${nulls} of its ${n} modes were left out (eigenvalues up to ${level.toPrecision(2)}): the answer is the minimum-norm one`;
  const named = lost.find((ridge) => ridge > 0);
  if (named === undefined) return [`the kernel is singular to rounding and the ridge is 0; ${left}`];
  const enough = showRidge(sufficientRidge(n, values[0], values[n - 1]));
  return [`the ridge ${named} is lost in rounding beside the kernel; ${left}; a ridge above ${enough} would count`];
}

/** The parts of an {@link EigenFactor}. Every ridge leaves out the modes before `start`. */
interface Modes {
  vectors: View;
  start: number;
  /** Eigenvalues from `start` on; null ones are stored as 0. */
  lambda: Float64Array;
  /** 1/(λ + ridge) for each ridge; 0 where the mode is left out. */
  weights: Float64Array[];
  notes: string[];
}

class EigenFactor implements Factor {
  readonly n: number;
  readonly findings: Findings;
  readonly #modes: Modes;
  /** The kept eigenvectors in rows. */
  readonly #U: View;

  constructor(modes: Modes) {
    const { vectors, start, lambda, weights, notes } = modes;
    this.n = vectors.rows;
    this.#modes = modes;
    this.#U = vectors.block(start, 0, lambda.length, this.n);
    this.findings = {
      kind: "eigen",
      rank: lambda.reduce((count, value) => count + (value > 0 ? 1 : 0), 0),
      truncated: weights.some((_, k) => this.#isTruncated(k)),
      conditionNumber: weights.map(spread).reduce((top, value) => Math.max(top, value), 0) || undefined,
      notes,
    };
  }

  half(B: View, k = 0): View {
    const V = this.projected(B);
    const roots = this.#modes.weights[k].map(Math.sqrt);
    scaleColumns(V, () => roots);
    return V;
  }

  explained(B: View): Float64Array {
    const { weights } = this.#modes;
    const result = new Float64Array(B.rows * weights.length);
    return B.context.arena.run(() => {
      const V = this.projected(B);
      for (let i = 0; i < V.rows; i++) {
        const row = V.row(i);
        weights.forEach((weight, k) => {
          let sum = 0;
          for (let j = 0; j < row.length; j++) sum += weight[j] * row[j] * row[j];
          result[i * weights.length + k] = sum;
        });
      }
      return result;
    });
  }

  solve(B: View): void {
    this.#filter(B, this.#modes.weights);
  }

  project(B: View): void {
    this.#filter(
      B,
      this.#modes.weights.map((row) => row.map((weight) => (weight > 0 ? 1 : 0))),
    );
  }

  projected(B: View): View {
    const V = scratch(B.context, B.rows, this.#U.rows);
    gemm(1, B, this.#U.t, 0, V);
    return V;
  }

  logDeterminant(k: number): number | undefined {
    if (this.#isTruncated(k)) return undefined;
    return -this.#modes.weights[k].reduce((sum, weight) => sum + Math.log(weight), 0);
  }

  inverseDiagonal(k: number): Float64Array {
    const result = new Float64Array(this.n);
    this.#modes.weights[k].forEach((weight, i) => {
      const row = this.#U.row(i);
      for (let j = 0; j < this.n; j++) result[j] += weight * row[j] * row[j];
    });
    return result;
  }

  degreesOfFreedom(k: number): number {
    const { lambda, weights } = this.#modes;
    return lambda.reduce((sum, value, i) => sum + value * weights[k][i], 0);
  }

  free(): void {
    this.#U.context.arena.free(this.#modes.vectors.at);
  }

  /** True where ridge k leaves modes out. */
  #isTruncated(k: number): boolean {
    return this.#modes.start > 0 || this.#modes.weights[k].some((weight) => weight === 0);
  }

  /** Multiplies the coordinates of row k of B by `factors[k]`, in place; a single list of factors serves every row. */
  #filter(B: View, factors: readonly Float64Array[]): void {
    B.context.arena.run(() => {
      const V = this.projected(B);
      scaleColumns(V, (row) => factors[factors.length > 1 ? row : 0]);
      gemm(1, V, this.#U, 0, B);
    });
  }
}

/** The largest over the smallest weight of the kept modes; 0 without one. Weights fall as eigenvalues rise. */
function spread(weights: Float64Array): number {
  const kept = weights.filter((weight) => weight > 0);
  return kept.length === 0 ? 0 : kept[0] / kept[kept.length - 1];
}

/** Multiplies entry j of each row by entry j of the row's factors, in place. */
function scaleColumns(V: View, factorsOf: (row: number) => Float64Array): void {
  for (let i = 0; i < V.rows; i++) {
    const [row, factors] = [V.row(i), factorsOf(i)];
    for (let j = 0; j < row.length; j++) row[j] *= factors[j];
  }
}
