/** The interface of a solved regression, whichever system its solver solves. */

import type { PackedFactor } from "../linalg/cholesky.js";
import { type Matrix, pickRows } from "../matrix.js";
import type { Problem } from "../problem.js";

/** How a system was solved. */
export interface Method {
  /** Precision of the factor. */
  precision: "float64" | "float32";
  /** Iterations of conjugate gradients; undefined for a direct solve. */
  iterations: number | undefined;
  /** The reason for float64 where float32 was asked for. */
  fallback: string | undefined;
}

/** A factor in float64, used directly. */
export const DIRECT: Method = { precision: "float64", iterations: undefined, fallback: undefined };

/** A solution as plain data. */
export interface SolutionState {
  space: "dual" | "primal" | "cg";
  /** The kind of factor that a restored solution makes. */
  factor: "cholesky" | "eigen";
  ridges: Float64Array;
  method: Method;
  /** α, right-hand sides in rows; empty where only the weights are used. */
  alpha: Float64Array;
  /** β; undefined for a model without weights. */
  displacement: Float64Array | undefined;
  /** The factor itself, if a new one would have other bits. */
  packed: PackedFactor | undefined;
  truncated: boolean;
  /** True where the features of the training points were kept. */
  resident: boolean;
  /** The measured backward error, if it is not measured again. */
  backwardError: number | undefined;
}

/**
 * A solved regression. Y has N rows and C columns. Θ is size×size. There is one right-hand side (all outputs together),
 * or one for each output. `ridges` has one entry that all right-hand sides share, or one for each.
 */
export interface Solution {
  /**
   * `eigen`: the eigendecomposition solved it, because the kernel is singular to rounding and the ridge is 0 or lost in
   * rounding.
   */
  readonly solver: "dual" | "primal" | "cg" | "eigen";
  readonly ridges: Float64Array;
  /** Numerical rank, if the solver knows it without a spectrum. */
  readonly rank: number | undefined;
  /** True where null modes were left out: the answer is the minimum-norm one. */
  readonly truncated: boolean;
  /** Condition number of the system over the kept modes, if the solver knows it without a spectrum. */
  readonly conditionNumber: number | undefined;
  /** Numbers that restore a solution with the same bits. */
  state(): SolutionState;
  /** What the solver had to do that the caller did not ask for, a sentence each. */
  readonly notes: readonly string[];
  readonly method: Method;
  /** β = θ − θ0, P numbers; undefined for a model without weights. */
  readonly displacement: Float64Array | undefined;
  /** α, N×C: the weights of the training points. */
  dualWeights(): Float64Array;
  /** [start values +] Θ(X, X_train) α, rows×C. With weights, it is one pass over the features of X. */
  mean(X: Matrix, start: boolean): Float64Array;
  /** Latent posterior variance at each row of X, rows × ridges. */
  variance(X: Matrix): Float64Array;
  /** Mean and variance, where one pass over the features of X gives both. */
  meanAndVariance?(X: Matrix, start: boolean): { mean: Float64Array; variance: Float64Array } | undefined;
  /** Latent posterior covariance for each ridge, rows×rows. */
  covariances(X: Matrix): Float64Array[];
  /** rᵀα ≥ 0 of each right-hand side. */
  quadratics(): Float64Array;
  /** log |Θ + λI|, size×size, in the dual and the primal space, for each ridge; undefined where Θ + λI is singular. */
  logDeterminants(): (number | undefined)[] | undefined;
  /**
   * y_i minus the mean at x_i without point i and its repeats, N×C; undefined where Θ + λI is singular. Without repeats
   * it is α_i / [(Θ + λI)⁻¹]_ii.
   */
  looResiduals(): Float64Array | undefined;
  /** tr Θ(Θ + λI)⁻¹ for each ridge; undefined without a factor. */
  degreesOfFreedom(): Float64Array | undefined;
  /** ‖r − Aα‖∞ / (‖A‖∞‖α‖∞ + ‖r‖∞) of the system that was solved. */
  backwardError(): number;
  /** Eigenvalues, ascending, of the system's matrix without its ridge; undefined without a matrix. */
  spectrum(): Float64Array | undefined;
  /**
   * The solution with other rows. It takes over the memory of this solution; where it throws, this solution is as
   * before. Absent where the solver cannot update.
   */
  update?(change: Change): Solution;
  /** Gives the held memory back. */
  free(): void;
}

/** Data that have changed in some rows. */
export interface Change {
  /** The regression after the change. */
  problem: Problem;
  /** For each input after the change, its row before; -1 for a new input. A row that appears nowhere is gone. */
  from: Int32Array;
}

/** Rows that have come, with their inputs, and rows that have gone. Both lists ascend. */
export function exchanged({ from, problem }: Change, before: Matrix): { come: number[]; X: Matrix; gone: number[] } {
  const come = [...from.keys()].filter((i) => from[i] < 0);
  const left = new Set(from);
  const gone = Array.from({ length: before.rows }, (_, i) => i).filter((i) => !left.has(i));
  return { come, X: pickRows(problem.X, come), gone };
}
