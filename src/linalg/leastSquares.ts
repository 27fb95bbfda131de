/**
 * Least squares by Householder QR with column pivoting. Where columns depend on others, a second QR, of the rows of R,
 * gives the solution of minimum norm (Golub & Van Loan, 5.4.2 and 5.5.6; LAPACK gelsy). Columns lie in rows, so that
 * every loop runs over contiguous numbers. The matrix and each right-hand side are scaled by a power of two first.
 */
import { checkNumbers, checkResult } from "../check.js";
import { intact } from "../lists.js";
import { type Matrix, matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { nonNegative, or, type Schema } from "../options.js";
import { exponentOf, scaled } from "./scaling.js";
import { maxAbs, norm } from "./vectors.js";

export interface LeastSquaresOptions {
  /**
   * A column counts as dependent on others where what is left of it is at most this times the longest column. Default
   * max(m, n) ε.
   */
  tolerance?: number;
}

export const LEAST_SQUARES = {
  tolerance: or(nonNegative, -1),
} satisfies Schema<LeastSquaresOptions>;

/** What `leastSquares` gives. */
export interface LeastSquares {
  /** X, n×k: a column for each column of B. */
  readonly solution: Matrix;
  /** Columns of A that do not depend on others, by the tolerance. */
  readonly rank: number;
  /** ‖b − A x‖₂ for each column of B. */
  readonly residualNorms: Float64Array;
  /** What the answer rests on, a sentence each. */
  readonly notes: readonly string[];
}

/** A reflection I − factor v vᵀ, v from entry `from` of `data` on. */
interface Reflection {
  readonly data: Float64Array;
  readonly from: number;
  readonly count: number;
  readonly factor: number;
}

/** The reflection that turns x (count entries from `from` on) into (result, 0, …); v takes the place of x. */
function reflect(data: Float64Array, from: number, count: number): Reflection & { result: number } {
  const length = norm(data.subarray(from, from + count));
  const first = data[from];
  if (length === 0) return { data, from, count, factor: 0, result: 0 };
  const result = first > 0 ? -length : length;
  data[from] = first - result;
  return { data, from, count, factor: 1 / (length * (length + Math.abs(first))), result };
}

/** Applies a reflection to as many entries of y from `at` on. */
function apply({ data, from, count, factor }: Reflection, y: Float64Array, at: number): void {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += data[from + i] * y[at + i];
  sum *= factor;
  if (sum !== 0) for (let i = 0; i < count; i++) y[at + i] -= sum * data[from + i];
}

/** Columns shorter than this, beside a largest entry of 1, are 0: their squares underflow. */
const SMALLEST = 1e-150;

/** Which of the columns from j on is the longest below row j, counted from j, and its length. */
function longest(a: Float64Array, m: number, n: number, j: number): { best: number; length: number } {
  let [best, most] = [0, -1];
  for (let c = j; c < n; c++) {
    let sum = 0;
    for (let i = c * m + j; i < (c + 1) * m; i++) sum += a[i] * a[i];
    if (sum > most) [best, most] = [c - j, sum];
  }
  return { best, length: Math.sqrt(most) };
}

interface Triangle {
  /** The columns in rows of m, in the order of `places`: R above the diagonal. */
  readonly a: Float64Array;
  /** The diagonal of R. */
  readonly diagonal: Float64Array;
  readonly places: Int32Array;
  readonly rank: number;
}

/** QR with column pivoting of the n columns `a`, m long each; Qᵀ is applied to the k right-hand sides `b`. */
function pivotedQr(a: Float64Array, b: Float64Array, m: number, n: number, k: number, tolerance: number): Triangle {
  const steps = Math.min(m, n);
  const diagonal = new Float64Array(steps);
  const places = Int32Array.from({ length: n }, (_, j) => j);
  let least = 0;
  for (let j = 0; j < steps; j++) {
    const { best, length } = longest(a, m, n, j);
    if (j === 0) least = Math.max(tolerance * length, SMALLEST);
    if (!(length > least)) return { a, diagonal, places, rank: j };
    if (best > 0) {
      const own = a.slice(j * m, (j + 1) * m);
      a.copyWithin(j * m, (j + best) * m, (j + best + 1) * m);
      a.set(own, (j + best) * m);
      [places[j], places[j + best]] = [places[j + best], places[j]];
    }
    const reflection = reflect(a, j * m + j, m - j);
    diagonal[j] = reflection.result;
    for (let c = j + 1; c < n; c++) apply(reflection, a, c * m + j);
    for (let c = 0; c < k; c++) apply(reflection, b, c * m + j);
  }
  return { a, diagonal, places, rank: steps };
}

/** y with R y = c, by back substitution; R has full rank n. */
function substituteBack({ a, diagonal, rank }: Triangle, m: number, c: Float64Array): Float64Array {
  const y = c.slice(0, rank);
  for (let j = rank - 1; j >= 0; j--) {
    y[j] /= diagonal[j];
    for (let i = 0; i < j; i++) y[i] -= a[j * m + i] * y[j];
  }
  return y;
}

/** The solver for the shortest y with [R₁ R₂] y = c: with [R₁ R₂]ᵀ = Q T it is Q T⁻ᵀ c. */
function shortest({ a, diagonal, rank }: Triangle, m: number, n: number): (c: Float64Array) => Float64Array {
  const rows = zeros(rank * n);
  const corners = new Float64Array(rank);
  for (let i = 0; i < rank; i++) {
    rows[i * n + i] = diagonal[i];
    for (let j = i + 1; j < n; j++) rows[i * n + j] = a[j * m + i];
  }
  const reflections: Reflection[] = [];
  for (let i = 0; i < rank; i++) {
    const reflection = reflect(rows, i * n + i, n - i);
    reflections.push(reflection);
    corners[i] = reflection.result;
    for (let t = i + 1; t < rank; t++) apply(reflection, rows, t * n + i);
  }
  return (c) => {
    const y = zeros(n);
    for (const [i, corner] of corners.entries()) {
      let sum = c[i];
      for (let t = 0; t < i; t++) sum -= rows[i * n + t] * y[t];
      y[i] = sum / corner;
    }
    for (let i = rank - 1; i >= 0; i--) apply(reflections[i], y, i);
    return y;
  };
}

/** The rows of a matrix become columns, all multiplied by 2^−e. */
function columnsOf(data: Float64Array, rows: number, cols: number, e: (col: number) => number): Float64Array {
  const result = zeros(rows * cols);
  for (let j = 0; j < cols; j++) {
    const own = e(j);
    for (let i = 0; i < rows; i++) result[j * rows + i] = scaled(data[i * cols + j], -own);
  }
  return result;
}

export function leastSquares(A: Matrix, B: Matrix, { tolerance }: { tolerance: number }): LeastSquares {
  const { rows: m, cols: n } = A;
  const k = B.cols;
  const [given, targets] = [intact(A.data, m * n), intact(B.data, m * k)];
  const size = exponentOf(maxAbs(given));
  const sizes = Array.from({ length: k }, (_, c) => {
    let top = 0;
    for (let i = 0; i < m; i++) top = Math.max(top, Math.abs(targets[i * k + c]));
    return exponentOf(top);
  });
  const a = columnsOf(given, m, n, () => size);
  const b = columnsOf(targets, m, k, (c) => sizes[c]);
  const used = tolerance < 0 ? Math.max(m, n) * Number.EPSILON : tolerance;
  const triangle = pivotedQr(a, b, m, n, k, used);
  const { rank, places } = triangle;
  const solve = rank === n ? (c: Float64Array) => substituteBack(triangle, m, c) : shortest(triangle, m, n);
  const solution = matrix(n, k);
  const residualNorms = new Float64Array(k);
  for (let c = 0; c < k; c++) {
    const own = b.subarray(c * m, (c + 1) * m);
    const y = solve(own);
    for (let j = 0; j < n; j++) solution.data[places[j] * k + c] = scaled(y[j], sizes[c] - size);
    residualNorms[c] = scaled(norm(own.subarray(rank)), sizes[c]);
  }
  checkResult(solution, "the least-squares solution");
  checkNumbers(residualNorms, "residualNorms");
  return { solution, rank, residualNorms, notes: notesOf(m, n, rank, used) };
}

function notesOf(m: number, n: number, rank: number, tolerance: number): string[] {
  if (rank === n) return [];
  const why =
    rank === Math.min(m, n)
      ? `A has ${m} rows for ${n} unknowns`
      : `A has rank ${rank} of at most ${Math.min(m, n)}, by a tolerance of ${tolerance.toPrecision(2)}`;
  return [`${why}: the solution is the one of minimum norm among those that fit equally well`];
}
