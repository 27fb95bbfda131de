/** What a solver of a regression gives: one interface, whichever system it solves. */

import type { PackedFactor } from "../linalg/cholesky.js";
import { type Matrix, pickRows } from "../matrix.js";
import type { Problem } from "../problem.js";

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
