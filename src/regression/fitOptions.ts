/** The options of `ntk.fit`, `fit.predict` and `fit.sample`, their checks, and what a prediction is. */
import type { Model } from "../kernel/models.js";
import { SAMPLES } from "../linalg/gaussianSamples.js";
import type { Matrix, MatrixLike, NumberList } from "../matrix.js";
import type { InfiniteNetwork } from "../model/infinite.js";
import type { PriorMean } from "../model/meanBasis.js";
import type { StationaryKernel } from "../model/stationary.js";
import {
  callback,
  choice,
  count,
  flag,
  nonNegative,
  optional,
  or,
  outputs,
  read,
  type Schema,
  signal,
} from "../options.js";
import { type Data, ridgeList, ridgeOrRidges, scaleOrFit } from "../problem.js";
import type { Signal } from "../signal.js";
import { type Interval, type IntervalOptions, interval } from "./jackknife.js";
import { addedNoise, rowWeights, variances } from "./pointNoise.js";

export interface FitOptions {
  /**
   * λ ≥ 0, absolute: added to the diagonal of Θ. Default 0: the minimum-norm interpolant. A list has a ridge for each
   * output; it needs `outputs: "average"`, and one eigendecomposition serves all its ridges.
   */
  ridge?: number | NumberList;
  /**
   * A path of ridges instead of one. One eigendecomposition serves them all, and the best profiled evidence wins. See
   * {@link Fit.path}.
   */
  ridges?: NumberList;
  /**
   * With `ridges`: true chooses a ridge for each output separately, which needs `outputs: "average"`. Default false:
   * one ridge for all outputs.
   */
  perOutput?: boolean;
  /**
   * A variance λ_i ≥ 0 of each row of X, added to the diagonal of Θ beside the ridge. The noise of the row is
   * s(λ + λ_i): at scale 1 the variances are absolute, with `scale: "fit"` they are relative to s. The outputs of a
   * point share its variance.
   */
  noise?: NumberList;
  /**
   * A weight w_i > 0 of each row of X, as of weighted least squares. The noise of the row is sλ/w_i, as if it stood in
   * the data w_i times; with `noise` beside it s(λ/w_i + λ_i).
   */
  weights?: NumberList;
  /**
   * The system to solve.
   *
   * - `auto` (default): the cheaper of `dual` and `primal`. With `load({ precision: "float32" })`, fewer than 400 rows
   *   are solved in float64, which is as fast; the report says so.
   * - `dual`: N×N.
   * - `primal`: P×P, finite networks only.
   * - `cg`: preconditioned conjugate gradients, for many points, without an N×N matrix that has to fit. A finite
   *   network multiplies through its features, O(NP) an iteration. Other models keep their matrix up to 1 GiB, or make
   *   its tiles anew. A variance costs a solve for each row. Evidences are estimates, and the report has their error.
   * - `lowrank`: a kernel of numerical rank r ≪ N, by pivoted Cholesky to `traceError`: O(Nr²). It needs a ridge, or
   *   noise at each row, above rounding level. `auto` takes it from 2000 points on where a rank of at most N/16 leaves
   *   only rounding.
   */
  solver?: "auto" | "dual" | "primal" | "cg" | "lowrank";
  /**
   * With solver `lowrank`: stop where the trace of Θ − L Lᵀ is at most this part of tr Θ. Default Nε, rounding level.
   * The report has the trace that was reached, and the error that it allows.
   */
  traceError?: number;
  /** With solver `lowrank`: the largest rank r. Default: what N·r numbers in 256 MiB allow. */
  rank?: number;
  /**
   * Multiplies variances: 1 (default), or `"fit"` for ŝ = rᵀα/N of each output. With the kernel of all pairs of
   * outputs, the outputs share ŝ = rᵀα/(N·C). Copies of a row count once in N.
   */
  scale?: 1 | "fit";
  /** Fit f − f0 instead of f, which leaves out the start values of the network. Default false. */
  centered?: boolean;
  /**
   * The prior mean beside the start values.
   *
   * - `zero` (default): none.
   * - `constant`, `linear`: an intercept, and with `linear` a slope for each input. The coefficients have a flat prior:
   *   generalised least squares fits them with the kernel, and their uncertainty is a part of every variance. The
   *   prediction far from the data is then the mean's. `report.meanCoefficients` has them. It needs solver `dual` (what
   *   `auto` takes with it), a ridge, and one kernel for all outputs.
   */
  mean?: PriorMean;
  /**
   * The kernel of several outputs.
   *
   * - `full`: Θ of every pair of outputs, (N·C)×(N·C): the tangent kernel of the weights. Default of finite networks.
   * - `average`: one N×N kernel for each output, the mean over the outputs. Default of other models, and their only
   *   choice.
   */
  outputs?: "full" | "average";
  /** Called after each iteration of solver `cg` and each block of columns of `cg` and `lowrank`. */
  onProgress?: (progress: FitProgress) => void;
  /** Ends solver `cg` between two iterations: the fit is what there is then, and its report says so. */
  signal?: Signal;
}

/**
 * Refuses options O that always throw in a fit of a model M: `ridge` beside `ridges`, solver `primal` or
 * `outputs: "full"` with a network of infinite width or a stationary kernel, and a key that no fit has.
 */
export type Fitting<M extends Model, O> = O extends FitOptions
  ? // A record of options may have any key.
    (string extends keyof O
      ? unknown
      : [Exclude<keyof O, keyof FitOptions>] extends [never]
        ? unknown
        : { [Key in Exclude<keyof O, keyof FitOptions>]: never }) &
      (O extends { ridge: number | NumberList; ridges: NumberList }
        ? { ridges: "ridge or ridges, not both" }
        : unknown) &
      ([M] extends [InfiniteNetwork | StationaryKernel]
        ? (O extends { solver: "primal" } ? { solver: "primal needs a finite network" } : unknown) &
            (O extends { outputs: "full" } ? { outputs: "full needs a finite network" } : unknown)
        : unknown)
  : unknown;

/** How a fit is called: without options, or with options that do not always throw. */
export interface FitCall<Given extends Model, Result> {
  (model: Given, X: MatrixLike, Y: MatrixLike): Result;
  <M extends Given, O extends FitOptions | undefined>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: O & NoInfer<Fitting<M, O>>,
  ): Result;
}

/** How far a fit has got. */
export interface FitProgress {
  /** Iterations of conjugate gradients; 0 while the preconditioner is made. */
  iteration: number;
  /** The backward error so far, 1 at the start. With solver `lowrank` the trace that is left beside that of Θ. */
  residual: number;
  /** Columns of the kernel so far. */
  preconditionerRank: number;
}

export interface PredictOptions {
  /** Default true. */
  variance?: boolean;
  /**
   * The full covariance, (N*·C)×(N*·C) with row n·C + c; default false. With `outputs: "average"` outputs are
   * independent: the covariance is N*×N* if they share ridge and scale, else (N*·C)×(N*·C) with zeros between outputs.
   */
  covariance?: boolean;
  /**
   * Add noise: the band to draw around data. Default false: latent.
   *
   * - `true`: sλ, the noise of the common ridge. Noise and weights of training rows are those rows' own.
   * - A number: this variance, as it is, the same at each row of X.
   * - A list: a variance for each row of X, as they are.
   */
  noise?: boolean | number | NumberList;
  /**
   * Intervals for new observations from the leave-one-out residuals: they hold the level whatever the noise is like, as
   * long as the rows are exchangeable. Default: none. It needs the factor of solver `dual` or `primal`, and
   * `outputs: "average"` for several outputs of a finite network.
   */
  interval?: IntervalOptions;
  /**
   * The derivatives of mean and variance in the inputs; default false. Every model has them but a kernel of one's
   * own and a precomputed one. The derivative of the variance needs the factor of solver `dual` or `primal`;
   * `variance: false` leaves it out. Where an activation has a kink, so has a kernel at its training points: there
   * it is the mean of both sides.
   */
  gradient?: boolean;
}

/** The derivatives of a prediction in the inputs: an N*×d matrix for each output. */
export interface PredictionGradient {
  mean: Matrix[];
  /** Where the variance is asked for: of the latent variance, to which noise adds nothing. */
  variance?: Matrix[];
}

export interface Prediction {
  /** N*×C. */
  mean: Matrix;
  /** N*×C. With `outputs: "average"`, a shared ridge and a shared scale, all columns are equal. */
  variance?: Matrix;
  /** (N*·C)×(N*·C), or N*×N* if the outputs share it. */
  covariance?: Matrix;
  /** Where `interval` asks for it: its ends, N*×C each. */
  interval?: Interval;
  /** Where `gradient` asks for it: ∂mean/∂x and ∂variance/∂x. */
  gradient?: PredictionGradient;
}

/** A prediction with its covariance. */
export type JointPrediction = Prediction & { variance: Matrix; covariance: Matrix };

const OPTIONS = {
  ridge: optional(ridgeOrRidges),
  ridges: optional(ridgeList),
  noise: optional(variances),
  weights: optional(rowWeights),
  perOutput: or(flag, false),
  solver: or(choice(["auto", "dual", "primal", "cg", "lowrank"]), "auto"),
  scale: or(scaleOrFit, 1),
  centered: or(flag, false),
  mean: or(choice(["zero", "constant", "linear"]), "zero"),
  outputs: optional(outputs),
  traceError: optional(nonNegative),
  rank: optional(count),
  onProgress: optional(callback),
  signal,
} satisfies Schema<FitOptions>;

export const PREDICT = {
  variance: or(flag, true),
  covariance: or(flag, false),
  noise: or(addedNoise, false),
  interval: optional(interval),
  gradient: or(flag, false),
} satisfies Schema<PredictOptions>;

export const SAMPLE = { ...SAMPLES, noise: or(addedNoise, false) };

/** One ridge, or one for each output. */
export function ridgesOf(ridge: number | number[], { source, Y }: Data): Float64Array {
  if (typeof ridge === "number") return Float64Array.of(ridge);
  if (ridge.length !== Y.cols) {
    throw new RangeError(
      `ridge has ${ridge.length} entries; expected one number, or one for each of ${Y.cols} outputs`,
    );
  }
  if (source.block > 1) throw coupled("a ridge for each output");
  return Float64Array.from(ridge);
}

/** The error for a request that needs outputs with regressions of their own. */
export function coupled(what: string): RangeError {
  return new RangeError(
    `${what} needs outputs "average": the kernel of all pairs of outputs couples them in one system`,
  );
}

/** Types of the checks: a declaration file prints their names, not `AbortSignal`, which a consumer may lack. */
export type CheckedFitOptions = { [Key in keyof typeof OPTIONS]: ReturnType<(typeof OPTIONS)[Key]> };

/** @throws TypeError, RangeError */
export function checkFitOptions(options: FitOptions): CheckedFitOptions {
  const checked = read(options, "fit", "{ ridge: 1e-3 }", OPTIONS);
  const { ridge, ridges, perOutput, solver } = checked;
  for (const key of ["traceError", "rank"] as const) {
    if (checked[key] !== undefined && solver !== "lowrank")
      throw new RangeError(`${key} is given with solver "${solver}"; expected solver "lowrank" beside it`);
  }
  if (checked.mean !== "zero") {
    if (solver !== "auto" && solver !== "dual")
      throw new RangeError(`mean "${checked.mean}" is given with solver "${solver}"; expected solver "dual"`);
    if (ridges !== undefined)
      throw new RangeError(
        `mean "${checked.mean}" is given with ridges, which are rated without it; expected one ridge`,
      );
  }
  if (ridges === undefined) {
    if (perOutput) throw new RangeError("perOutput is true without ridges; expected the ridges to choose from");
    return checked;
  }
  if (ridge !== undefined) throw new RangeError("both ridge and ridges are given; expected one of them");
  if (solver === "primal" || solver === "cg" || solver === "lowrank")
    throw new RangeError('a ridge path decomposes Θ, N×N; expected solver "dual" or "auto" with ridges');
  return checked;
}
