/**
 * The regression system in either space, solved once: r = Y − f0 explained by Θα + λα (dual, N×N) or by Φβ + λβ
 * (primal, P×P). Formulas and their primal twins: MATH.md §3. Everything is at scale s = 1; `predict/fit.ts` scales.
 */
import type { Context } from "../arena.js";
import { pickRows } from "../kernel/source.js";
import type { Matrix } from "../matrix.js";
import { factorCholesky } from "./cholesky.js";
import type { Problem } from "./dual.js";
import { decompose, factorEigen } from "./eigen.js";
import { type Factor, maxDiagonal, notPositiveDefinite, roundingLevel } from "./factor.js";

/** How a system was solved. */
export interface Method {
  /** Of the factor that was used. */
  precision: "float64" | "float32";
  /** Of conjugate gradients; undefined for a direct solve. */
  iterations: number | undefined;
  /** Why float64 was used where float32 was asked for. */
  fallback: string | undefined;
}

/** A factor in float64, used directly. */
export const DIRECT: Method = { precision: "float64", iterations: undefined, fallback: undefined };

/** A solved regression. Y has N rows and C columns. */
export interface Solution {
  readonly solver: "dual" | "primal" | "cg";
  readonly factor: Factor;
  readonly method: Method;
  /** β = θ − θ0, P numbers; undefined for a model without weights. */
  readonly displacement: Float64Array | undefined;
  /** α, N×C: the weights of the training points. */
  dualWeights(): Float64Array;
  /** [start values +] Θ(X, X_train) α, rows×C: with weights one pass over the features of X. */
  mean(X: Matrix, start: boolean): Float64Array;
  /** Latent posterior variance at each row of X. */
  variance(X: Matrix): Float64Array;
  /** Both, where one pass over the features of X serves both. */
  meanAndVariance?(X: Matrix, start: boolean): { mean: Float64Array; variance: Float64Array } | undefined;
  /** Latent posterior covariance, rows×rows. */
  covariance(X: Matrix): Float64Array;
  /** Σ over outputs of rᵀα. */
  quadratic(): number;
  /** log |Θ + λI|, N×N, in both spaces; undefined where that is singular. */
  logDeterminant(): number | undefined;
  /** α_i / [(Θ + λI)⁻¹]_ii, N×C; undefined where Θ + λI is singular. */
  looResiduals(): Float64Array | undefined;
  /** tr Θ(Θ + λI)⁻¹; undefined without a factor. */
  degreesOfFreedom(): number | undefined;
  /** ‖r − Aα‖∞ / (‖A‖∞‖α‖∞ + ‖r‖∞) of the system that was solved. */
  backwardError(): number;
  /** Eigenvalues of that system's matrix without its ridge, ascending; undefined without a matrix. */
  spectrum(): Float64Array | undefined;
  /**
   * The solution with other rows, which takes over the memory of this one; where it throws, this one is as before. Absent where a
   * solver cannot.
   */
  update?(change: Change): Solution;
  /** Gives the held memory back. */
  free(): void;
}

/** Data that have changed in some rows. */
export interface Change {
  /** The regression after it. */
  problem: Problem;
  /** For each input after it, in order, its row before; -1 where the input is a new one. Rows that are missing are gone. */
  from: Int32Array;
}

/** Rows that have come, with their inputs, and rows that have gone, both ascending. */
export function exchanged({ from, problem }: Change, before: Matrix): { come: number[]; X: Matrix; gone: number[] } {
  const come = [...from.keys()].filter((i) => from[i] < 0);
  const left = new Set(from);
  const gone = Array.from({ length: before.rows }, (_, i) => i).filter((i) => !left.has(i));
  return { come, X: pickRows(problem.X, come), gone };
}

/**
 * Fills a held n×n block and factors it with a ridge: Cholesky; where a pivot cancels to rounding level, at ridge 0 the
 * minimum-norm factor (or, where that is asked for, an error), else an error: whether such a pivot comes out positive is luck.
 *
 * @throws NotPositiveDefiniteError, ConvergenceError, MemoryLimitError
 */
export function factorSystem(
  context: Context,
  n: number,
  ridge: number,
  fill: (out: number) => void,
  singular: "minimum-norm" | "error" = "minimum-norm",
): Factor {
  const block = context.arena.hold(n * n);
  try {
    fill(block);
    const top = maxDiagonal(context, n, block);
    const factor = factorCholesky(context, n, block, ridge, roundingLevel(n, 1));
    if (!("failedPivot" in factor)) return factor;
    if (ridge > 0 || singular === "error") throw notPositiveDefinite(factor.failedPivot, n, ridge, top);
    fill(block);
    return factorEigen(context, { values: decompose(context, n, block, true), vectors: block }, ridge);
  } catch (error) {
    context.arena.free(block);
    throw error;
  }
}

/** Eigenvalues of the n×n matrix that `fill` writes (lower triangle), ascending. */
export function spectrumOf(context: Context, n: number, fill: (out: number) => void): Float64Array {
  return context.arena.run(() => {
    const a = context.arena.alloc(n * n);
    fill(a);
    return decompose(context, n, a, false);
  });
}

/**
 * ‖R − (A + ridge I) S‖∞ / (‖A + ridge I‖∞ ‖S‖∞ + ‖R‖∞) for the symmetric A that `fill` writes (lower triangle);
 * R and S hold right-hand sides and solutions in rows of n; where null modes were left out, R counts by its projection on the
 * others, which is the system that was solved. 0 for a zero right-hand side.
 */
export function backwardErrorOf(
  context: Context,
  factor: Factor,
  fill: (out: number) => void,
  R: Float64Array,
  S: Float64Array,
): number {
  const { ops, arena } = context;
  const { n, ridge } = factor;
  return arena.run(() => {
    const a = arena.alloc(n * n);
    fill(a);
    ops.dmirror(n, a, n);
    for (let i = 0; i < n; i++) arena.view(a + i * (n + 1) * 8, 1)[0] += ridge;
    let norm = 0;
    for (let i = 0; i < n; i++) {
      const row = arena.view(a + i * n * 8, n);
      norm = Math.max(
        norm,
        row.reduce((sum, x) => sum + Math.abs(x), 0),
      );
    }
    const x = arena.copyIn(S);
    const y = arena.copyIn(R);
    factor.project(y, R.length / n);
    const size = maxAbs(arena.view(y, R.length));
    for (let o = 0; o < R.length; o += n) ops.dgemv(0, n, n, -1, a, n, x + o * 8, 1, y + o * 8);
    const bound = norm * maxAbs(S) + size;
    return bound === 0 ? 0 : maxAbs(arena.view(y, R.length)) / bound;
  });
}

/** Rows become columns: rows×cols → cols×rows. */
export function transposed(data: Float64Array, rows: number, cols: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) result[j * rows + i] = data[i * cols + j];
  return result;
}

/** Largest |x|. */
export function maxAbs(values: Float64Array): number {
  return values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

/** Σ x_i y_i. */
export function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}
