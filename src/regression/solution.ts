/** The interface of a solved regression, whichever system its solver solves. */

import type { PackedFactor } from "../linalg/cholesky.js";
import type { Findings } from "../linalg/factor.js";
import type { Matrix } from "../matrix.js";
import type { Change } from "./exchange.js";
import type { LeftOut } from "./jackknife.js";

/** How a system was solved. */
export interface Method {
  /** Precision of the factor. */
  precision: "float64" | "float32";
  /** Iterations of conjugate gradients; undefined for a direct solve. */
  iterations: number | undefined;
  /** The reason for float64 where float32 was asked for. */
  fallback: string | undefined;
  /** Columns of the kernel in the preconditioner of conjugate gradients. */
  preconditionerRank?: number;
}

/** A factor in float64, used directly. */
export const DIRECT: Method = { precision: "float64", iterations: undefined, fallback: undefined };

/** A solution as plain data. */
export interface SolutionState {
  space: "dual" | "primal" | "cg" | "lowrank";
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
  /** Coefficients of the mean's functions, columns×m. */
  trend?: Float64Array;
  /** Of solver `lowrank`: what was asked of its approximation, which is made again. */
  lowRank?: { traceError: number | undefined; rank: number | undefined };
}

/**
 * A solved regression. Y has N rows and C columns. Θ is size×size. A is Θ + λI, or Θ + D where rows have variances and
 * weights of their own (`linalg/rowTerms.ts`). There is one right-hand side (all outputs together),
 * or one for each output.
 */
export interface Solution {
  /**
   * `eigen`: the eigendecomposition solved it, because the kernel is singular to rounding and the ridge is 0 or lost in
   * rounding.
   */
  readonly solver: "dual" | "primal" | "cg" | "lowrank" | "eigen";
  /** One entry that all right-hand sides share, or one for each. */
  readonly ridges: Float64Array;
  readonly method: Method;
  /** What the solver found out about the system. */
  findings(): Omit<Findings, "kind">;
  /** Numbers that restore a solution with the same bits. */
  state(): SolutionState;
  /** β = θ − θ0, P numbers; undefined for a model without weights. */
  displacement(): Float64Array | undefined;
  /** α, N×C: the weights of the training points. */
  dualWeights(): Float64Array;
  /**
   * [start values +] Θ(X, X_train) α, rows×C, and on request the latent posterior variance at each row of X, rows ×
   * ridges. With weights, the mean is one pass over the features of X; a variance may share the pass.
   */
  predict(X: Matrix, start: boolean, variance: boolean): Latent;
  /** Latent posterior covariance for each ridge, rows×rows. */
  covariances(X: Matrix): Float64Array[];
  /** rᵀα ≥ 0 of each right-hand side. */
  quadratics(): Float64Array;
  /** log |A|, size×size, in the dual and the primal space, for each ridge; undefined where A is singular. */
  logDeterminants(): (number | undefined)[] | undefined;
  /** Notes on what was computed after the fit. */
  lateNotes?(): string[];
  /** The standard error of an estimated log |A|; left out, or undefined, where nothing is estimated. */
  logDeterminantError?(): number | undefined;
  /** The kernel of low rank that stands for Θ; left out where Θ itself is solved. */
  readonly approximation?: Approximation;
  /**
   * y_i minus the mean at x_i without point i and its repeats, N×C; undefined where A is singular. Without repeats
   * it is α_i / [A⁻¹]_ii.
   */
  looResiduals(): Float64Array | undefined;
  /**
   * The fits without each one of the rows, rows with equal inputs alone too; undefined where A is singular. Left out by
   * solvers that have no factor of A, and with the kernel of all pairs of outputs.
   */
  leftOut?(): LeftOut | undefined;
  /**
   * A⁻¹k(x) for the rows of Θ(X, X_train), (rows·b)×size for each ridge: what the variance and the fits without a
   * row are made of. Left out by solvers that have no factor of A.
   */
  shares?(X: Matrix): Float64Array[];
  /** Coefficients of the mean in the units of X, (1 or 1 + d)×C; left out where the mean has none. */
  coefficients?(): Float64Array;
  /**
   * What the mean's functions add to the gradients at X, N×d for each output: to that of the mean, and for each
   * ridge to that of the variance where {@link shares} are those of this solution.
   */
  trendGradient?(X: Matrix): { mean: Matrix[]; variance(): Matrix[] };
  /** tr ΘA⁻¹ for each ridge; undefined without a factor. */
  degreesOfFreedom(): Float64Array | undefined;
  /** ‖r − Aα‖∞ / (‖A‖∞‖α‖∞ + ‖r‖∞) of the system that was solved. */
  backwardError(): number;
  /**
   * Eigenvalues, ascending, of the system's matrix without its ridge; undefined without a matrix. `bare`: without the
   * variances of the rows too.
   */
  spectrum(bare?: boolean): Float64Array | undefined;
  /** The smallest ridge of the system's matrix: λ, or what stands for it in weight space. */
  readonly shift: number;
  /** The reason why rows cannot come or go; undefined where they can. */
  readonly fixed: string | undefined;
  /**
   * The solution with other rows, where it is not {@link fixed}. It takes over the memory of this solution; where it
   * throws, this solution is as before.
   */
  update(change: Change): Solution;
  /** Gives the held memory back. */
  free(): void;
}

/** How far L Lᵀ is from the kernel that it stands for. */
export interface Approximation {
  /** Columns of L. */
  rank: number;
  /** tr(Θ − L Lᵀ), not below ‖Θ − L Lᵀ‖₂. With weights of rows it is that of the scaled kernel. */
  trace: number;
  /** The trace beside tr Θ. */
  relative: number;
  /** ‖α − A⁻¹r‖₂ / ‖α‖₂ is at most this, rounding apart: the trace over the smallest noise. */
  bound: number;
}

/** Mean, and on request variance. */
export interface Latent {
  mean: Float64Array;
  variance: Float64Array | undefined;
}
