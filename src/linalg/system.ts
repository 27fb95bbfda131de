/**
 * The regression system in either space, solved once: r = Y − f0 explained by Θα + λα (dual, N×N) or by Φβ + λβ
 * (primal, P×P). Formulas and their primal twins: MATH.md §3. Everything is at scale s = 1; `regression/fit.ts` scales.
 */
import type { Context } from "../arena.js";
import { pickRows } from "../kernel/modelKernel.js";
import type { Matrix } from "../matrix.js";
import type { Problem } from "../regression/dual.js";
import { factorCholesky, type PackedFactor } from "./cholesky.js";
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

/** A solution as plain data. */
export interface SolutionState {
  space: "dual" | "primal" | "cg";
  /** How the factor is made again. */
  factor: "cholesky" | "eigen";
  ridges: Float64Array;
  method: Method;
  /** α, right-hand sides in rows; empty where only the weights count. */
  alpha: Float64Array;
  /** β, where there are weights. */
  displacement: Float64Array | undefined;
  /** The factor itself, where making it again gives other bits. */
  packed: PackedFactor | undefined;
  truncated: boolean;
  /** True where the features of the training points were kept. */
  resident: boolean;
  /** As it was measured, where it is not measured anew. */
  backwardError: number | undefined;
}

/**
 * A solved regression. Y has N rows and C columns. Θ is size×size, with one right-hand side (all outputs together) or one for each output;
 * right-hand sides share a ridge, or have one each: `ridges` has one entry or one for each right-hand side.
 */
export interface Solution {
  /** `eigen`: the kernel is singular to rounding and the ridge does not reach beyond that, so the eigendecomposition solved it. */
  readonly solver: "dual" | "primal" | "cg" | "eigen";
  readonly ridges: Float64Array;
  /** Numerical rank where the solver knows it without a spectrum. */
  readonly rank: number | undefined;
  /** True where null modes were left out: the answer is the minimum-norm one. */
  readonly truncated: boolean;
  /** Condition number of the system over the modes that it kept, where the solver knows it without a spectrum. */
  readonly conditionNumber: number | undefined;
  /** Numbers from which a solution of the same bits is made again. */
  state(): SolutionState;
  /** What the solver had to do that the caller did not ask for, in sentences. */
  readonly notes: readonly string[];
  readonly method: Method;
  /** β = θ − θ0, P numbers; undefined for a model without weights. */
  readonly displacement: Float64Array | undefined;
  /** α, N×C: the weights of the training points. */
  dualWeights(): Float64Array;
  /** [start values +] Θ(X, X_train) α, rows×C: with weights one pass over the features of X. */
  mean(X: Matrix, start: boolean): Float64Array;
  /** Latent posterior variance at each row of X, rows × ridges. */
  variance(X: Matrix): Float64Array;
  /** Both, where one pass over the features of X serves both. */
  meanAndVariance?(X: Matrix, start: boolean): { mean: Float64Array; variance: Float64Array } | undefined;
  /** Latent posterior covariance for each ridge, rows×rows. */
  covariances(X: Matrix): Float64Array[];
  /** rᵀα ≥ 0 of each right-hand side. */
  quadratics(): Float64Array;
  /** log |Θ + λI|, size×size, in both spaces, for each ridge; undefined where that is singular. */
  logDeterminants(): (number | undefined)[] | undefined;
  /**
   * y_i minus the mean at x_i without point i and those that repeat it, N×C; undefined where Θ + λI is singular. A point alone:
   * α_i / [(Θ + λI)⁻¹]_ii.
   */
  looResiduals(): Float64Array | undefined;
  /** tr Θ(Θ + λI)⁻¹ for each ridge; undefined without a factor. */
  degreesOfFreedom(): Float64Array | undefined;
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
 * Fills a held n×n block and factors it with a ridge, by Cholesky. Where a pivot cancels to rounding level it is luck whether it comes out
 * positive: then, and where right-hand sides have different ridges, by the eigendecomposition, which leaves null modes out where the ridge
 * does not reach beyond rounding. A system that points are to come to and go from has to have a Cholesky factor: `singular: "error"`.
 *
 * @throws NotPositiveDefiniteError for an indefinite matrix, and with `"error"` for a singular one; ConvergenceError, MemoryLimitError.
 */
export function factorSystem(
  context: Context,
  n: number,
  ridges: Float64Array,
  fill: (out: number) => void,
  singular: "minimum-norm" | "error" = "minimum-norm",
): Factor {
  const block = context.arena.hold(n * n);
  let pivot = -1;
  try {
    fill(block);
    const top = maxDiagonal(context, n, block);
    if (ridges.every((ridge) => ridge === ridges[0])) {
      const factor = factorCholesky(context, n, block, ridges[0], roundingLevel(n, 1));
      if (!("failedPivot" in factor)) return factor;
      pivot = factor.failedPivot;
      if (singular === "error") throw notPositiveDefinite(pivot, n, ridges[0], n * top);
      fill(block);
    }
    return factorEigen(context, { values: decompose(context, n, block, true), vectors: block }, ridges, pivot);
  } catch (error) {
    context.arena.free(block);
    throw error;
  }
}

/** {@link factorSystem} by the eigendecomposition from the start, as a ridge path has it. */
export function factorByEigen(context: Context, n: number, ridges: Float64Array, fill: (out: number) => void): Factor {
  const block = context.arena.hold(n * n);
  try {
    fill(block);
    return factorEigen(context, { values: decompose(context, n, block, true), vectors: block }, ridges);
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
 * ‖R − (A + ridge I) S‖∞ / (‖A + ridge I‖∞ ‖S‖∞ + ‖R‖∞) for the symmetric A that `fill` writes (lower triangle), the largest of all
 * right-hand sides. R and S hold right-hand sides and solutions in rows of n. Where null modes were left out, R counts by its projection on the
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
  const { n, ridges } = factor;
  const columns = R.length / n;
  return arena.run(() => {
    const a = arena.alloc(n * n);
    fill(a);
    ops.dmirror(n, a, n);
    const norm = rowSumNorm(arena.view(a, n * n), n);
    const x = arena.copyIn(S);
    const y = arena.copyIn(R);
    factor.project(y, columns);
    let worst = 0;
    for (let c = 0; c < columns; c++) {
      const ridge = ridges[ridges.length > 1 ? c : 0];
      const [solution, row] = [x + c * n * 8, y + c * n * 8];
      const size = maxAbs(arena.view(row, n));
      ops.dgemv(0, n, n, -1, a, n, solution, 1, row);
      const [residual, s] = [arena.view(row, n), arena.view(solution, n)];
      for (let i = 0; i < n; i++) residual[i] -= ridge * s[i];
      const bound = (norm + ridge) * maxAbs(s) + size;
      if (bound > 0) worst = Math.max(worst, maxAbs(residual) / bound);
    }
    return worst;
  });
}

/** Rows become columns: rows×cols → cols×rows. */
export function transposed(data: Float64Array, rows: number, cols: number): Float64Array {
  const result = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) result[j * rows + i] = data[i * cols + j];
  return result;
}

/** ‖A‖∞ of an n×n matrix: its largest row sum of sizes. */
export function rowSumNorm(a: Float64Array, n: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = i * n; j < (i + 1) * n; j++) sum += Math.abs(a[j]);
    norm = Math.max(norm, sum);
  }
  return norm;
}

/** Largest |x|. */
export function maxAbs(values: Float64Array): number {
  return values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

/** Σ x_i y_i. */
export function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}
