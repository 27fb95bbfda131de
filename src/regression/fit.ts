/**
 * Regression with a tangent kernel: kernel ridge regression and its Gaussian-process reading (MATH.md §3).
 * `fitModel` checks, chooses a solver and, on a ridge path, a ridge; `Fit` predicts and reports.
 */

import { checkNumbers, checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { BackendError } from "../errors.js";
import { showAs } from "../fields.js";
import { type Model, modelInWords, ownModel } from "../kernel/models.js";
import { Lease } from "../lease.js";
import { drawSamples, type SampleOptions, samplesMemory } from "../linalg/gaussianSamples.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { displaced } from "../model/network.js";
import { read } from "../options.js";
import { averageAdvice, checkData, type Data, noWeights, type Problem, residualProblem } from "../problem.js";
import { drain } from "../slices.js";
import { chooseSolver, memoryOf, solving } from "./chooseSolver.js";
import { solveDual } from "./dual.js";
import {
  type CheckedFitOptions,
  checkFitOptions,
  coupled,
  type FitOptions,
  type FitProgress,
  type JointPrediction,
  PREDICT,
  type Prediction,
  type PredictionGradient,
  type PredictOptions,
  ridgesOf,
  SAMPLE,
} from "./fitOptions.js";
import { influenceOf } from "./influence.js";
import type { Iterative } from "./iterative.js";
import { type Interval, type IntervalOptions, intervalsAt, type LeftOut } from "./jackknife.js";
import { addedNoiseOf, covariancesOf, joinedCovariance, variancesOf } from "./moments.js";
import { checkTotals, pointTermsOf } from "./pointNoise.js";
import { gradientAt } from "./predictionGradient.js";
import { Report } from "./report.js";
import { copiedPath, type Fitted, jsonOf, packFit, type RestoreOptions, restoreFit } from "./restore.js";
import { choosePath, type PathPoint } from "./ridgePath.js";
import { type RegressionScore, SCORE, scoreOf } from "./score.js";
import { toBytes } from "./snapshot.js";
import { DIRECT, type Method } from "./solution.js";
import { TrendSolution, withTrend } from "./trendSolution.js";
import { planUpdate, type UpdateOptions } from "./updatePlan.js";

const NO_SCALES = new Float64Array(0);

/** The value; undefined where it overflows. */
function unlessRefused(value: () => number): number | undefined {
  try {
    return value();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

const NO_EVIDENCE: Partial<Pick<Report, "rank" | "degreesOfFreedom" | "logEvidence" | "logEvidenceProfiled">> = {};

/** Not a closure of the constructor: see {@link Lease}. It frees the memory of the latest update. */
function freeOf(fitted: Fitted): () => void {
  return () => fitted.solution.free();
}

/** `ntk.fit`: see {@link ../core.js}. */
export function fitModel(
  context: Context,
  iterative: Iterative | undefined,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike,
  options: FitOptions,
): Fit {
  return drain(fittingModel(context, iterative, model, X, Y, options));
}

/** `ntk.fitting`: see {@link ../ntk.js}. The input is checked and copied at once. */
export function fittingModel(
  context: Context,
  iterative: Iterative | undefined,
  model: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: FitOptions,
): Generator<FitProgress, Fit, void> {
  const checked = checkFitOptions(options);
  const { ridges, perOutput } = checked;
  const data = checkData(context, model, Xlike, Ylike, checked.outputs);
  const { source, X } = data;
  const given = ridgesOf(checked.ridge ?? 0, data);
  if (perOutput && source.block > 1) throw coupled("perOutput");
  if (checked.mean !== "zero" && source.block > 1) throw coupled(`mean "${checked.mean}"`);
  const own = pointTermsOf(checked, X.rows);
  checkTotals(own, ridges ?? given);
  const solver = chooseSolver(context, iterative, source, X.rows, checked, own);
  context.arena.require(memoryOf(context, solver, data, given), averageAdvice(source.block));
  return fitting(context, iterative, solver, data, given, own, checked);
}

function* fitting(
  context: Context,
  iterative: Iterative | undefined,
  solver: ReturnType<typeof chooseSolver>,
  data: Data,
  given: Float64Array,
  own: RowTerms | undefined,
  options: CheckedFitOptions,
): Generator<FitProgress, Fit, void> {
  const { ridges = [], perOutput, scale, centered, mean, onProgress } = options;
  const { source, X, Y } = data;
  const start = centered ? new Float64Array(Y.data.length) : source.start(X, Y.cols);
  const problem = residualProblem(data, start, own);
  const fitted = { context, model: data.model, problem, centered, scale };
  if (mean !== "zero") return new Fit({ ...fitted, ...fitTrend(context, problem, given, mean), path: [] });
  if (solver === "path") {
    const { ridges: chosen, factor, path, notes } = choosePath(context, problem, ridges, perOutput);
    return new Fit({ ...fitted, solution: solveDual(context, problem, chosen, factor), path, notes });
  }
  const slices = solving(context, iterative, solver, problem, given, options);
  let slice = slices.next();
  try {
    let told: FitProgress | undefined;
    for (; !slice.done; slice = slices.next()) {
      // The slices of one product tell the same.
      if (slice.value !== told) onProgress?.(slice.value);
      told = slice.value;
      yield slice.value;
    }
  } finally {
    slices.return(undefined as never);
  }
  return new Fit({ ...fitted, ...slice.value, path: [] });
}

/** Coefficients of a mean lose the digits that float32 does not have. */
const IN_DOUBLES: Method = { ...DIRECT, fallback: "a mean with coefficients is fitted in float64" };

/** A fit whose mean has coefficients. */
function fitTrend(context: Context, plain: Problem, ridges: Float64Array, kind: "constant" | "linear") {
  const problem = withTrend(plain, kind);
  const method = context.precision === "float32" ? IN_DOUBLES : DIRECT;
  const inner = solveDual(context, plain, ridges, undefined, method);
  try {
    return { problem, solution: new TrendSolution(context, problem, inner), notes: [] };
  } catch (error) {
    inner.free();
    throw error;
  }
}

/** `ntk.restore`: see {@link ../core.js}. */
export function restoredFit(
  context: Context,
  iterative: Iterative | undefined,
  snapshot: unknown,
  options: RestoreOptions,
): Fit {
  return new Fit(restoreFit(context, iterative, snapshot, options));
}

/**
 * A fitted model. It holds its factor in backend memory until `dispose()` (or `using`, or garbage collection).
 *
 * @example
 * const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
 * const { mean, variance } = fit.predict(Xnew);
 */
export class Fit {
  /** The ridges that were compared, in the order given; empty without `ridges`. */
  readonly path: PathPoint[];
  readonly #fitted: Fitted;
  readonly #lease: Lease;
  #report: Report | undefined;
  #updating = false;

  /** @internal */
  constructor(fitted: Fitted) {
    this.#fitted = fitted;
    this.path = copiedPath(fitted.path);
    this.#lease = new Lease(fitted.context, this, "fit", freeOf(fitted));
  }

  /** The model that was fitted: a copy, yours to change. */
  get model(): Model {
    return ownModel(this.#fitted.model);
  }

  static {
    showAs(Fit, (fit) => {
      const { model, problem } = fit.#fitted;
      const { X, outputs } = problem;
      const points = { points: X.rows, inputs: X.cols, outputs };
      return { model: modelInWords(model), ...points, path: fit.path.length, report: fit.report };
    });
  }

  /** How the fit went. Each field is computed when it is first read. After {@link update} there is a new report. */
  get report(): Report {
    this.#report ??= new Report(this.#fitted, this.#lease);
    return this.#report;
  }

  /**
   * Mean (N*×C), and on request variance and covariance, at new inputs X (N*×d).
   *
   * @throws RangeError for wrong shapes or non-finite input; MemoryLimitError; BackendError after `dispose()`.
   */
  predict(X: MatrixLike, options: PredictOptions & { interval: IntervalOptions }): Prediction & { interval: Interval };
  predict(X: MatrixLike, options: PredictOptions & { gradient: true }): Prediction & { gradient: PredictionGradient };
  predict(X: MatrixLike, options: PredictOptions & { variance?: true; covariance: true }): JointPrediction;
  predict(X: MatrixLike, options?: PredictOptions & { variance?: true }): Prediction & { variance: Matrix };
  predict(X: MatrixLike, options?: PredictOptions): Prediction;
  predict(Xlike: MatrixLike, options: PredictOptions = {}): Prediction {
    const { variance, covariance, noise, interval, gradient } = read(
      options,
      "predict",
      "{ variance: false }",
      PREDICT,
    );
    this.#lease.check();
    const { problem, solution, centered } = this.#fitted;
    const X = toMatrix(Xlike, "X", { cols: problem.X.cols });
    // A mean needs no scale, which may overflow.
    const scales = variance || covariance ? this.report.scales : NO_SCALES;
    const C = problem.outputs;
    const order = X.rows * problem.source.block;
    if (covariance) this.#fitted.context.arena.require(order * (order + problem.size));
    const added = addedNoiseOf(noise, C, X.rows, () => this.#noises());
    const { mean, variance: latent } = solution.predict(X, !centered, variance);
    const prediction: Prediction = { mean: checkResult(matrix(X.rows, C, mean), "the mean") };
    if (latent) prediction.variance = variancesOf(latent, X.rows, scales, added);
    if (covariance)
      prediction.covariance = joinedCovariance(
        covariancesOf(solution.covariances(X), problem.source.block, scales, added),
      );
    if (interval)
      prediction.interval = intervalsAt(this.#leftOut(), solution.ridges.length, X, prediction.mean, interval);
    if (gradient) prediction.gradient = gradientAt(this.#fitted, X, variance ? scales : undefined);
    return prediction;
  }

  /** @throws RangeError where the solution does not know the fits without a row. */
  #leftOut(): LeftOut {
    const { solution, problem } = this.#fitted;
    const known = solution.leftOut?.();
    if (known) return known;
    const why = problem.trend
      ? `a row that alone determines a coefficient of its mean "${problem.trend.basis.kind}"; expected more rows like it, or a simpler mean`
      : problem.source.block > 1
        ? 'the kernel of all pairs of outputs; expected outputs: "average"'
        : `solver "${solution.solver}"; expected solver "dual" or "primal", with a ridge above rounding level`;
    throw new RangeError(`interval needs a factor of the rows of one output, and this fit has ${why}`);
  }

  /**
   * How good the predictions at X (N*×d) are, whose targets are Y (N*×C): R², root mean squared error, negative log
   * predictive density, and the part of the targets inside the 95 % band. The band has the noise of an observation;
   * `noise` is as in {@link predict}, and `true` by default.
   *
   * @throws as {@link predict}; RangeError where an error overflows.
   * @example
   * const { r2, rmse, nlpd, coverage } = fit.score(X, Y);
   * r2 !== undefined && r2 <= 1; // true
   * coverage; // 1 where all targets lie in their bands
   */
  score(
    Xlike: MatrixLike,
    Ylike: MatrixLike,
    options: { noise?: boolean | number | NumberList } = {},
  ): RegressionScore {
    const { noise } = read(options, "score", "{ noise: 0.1 }", SCORE);
    this.#lease.check();
    const { problem } = this.#fitted;
    const X = toMatrix(Xlike, "X", { cols: problem.X.cols });
    const Y = toMatrix(Ylike, "Y", { rows: X.rows, cols: problem.outputs });
    const { mean, variance } = this.predict(X, { noise });
    return scoreOf(mean, variance, Y);
  }

  /** The variance of the noise of each output, sλ. */
  #noises(): Float64Array {
    const { ridges } = this.#fitted.solution;
    return this.report.scales.map((scale, c) => scale * ridges[ridges.length > 1 ? c : 0]);
  }

  /**
   * Draws from the posterior at X, N*×C each. The draws are Gaussian, with the mean and covariance of {@link predict},
   * and with noise on request.
   *
   * @throws as {@link predict}; ConvergenceError.
   */
  sample(Xlike: MatrixLike, options: SampleOptions & { noise?: boolean | number | NumberList } = {}): Matrix[] {
    const { noise, ...checked } = read(options, "sample", "{ draws: 3 }", SAMPLE);
    this.#lease.check();
    const { problem, solution, centered, context } = this.#fitted;
    const X = toMatrix(Xlike, "X", { cols: problem.X.cols });
    const order = X.rows * problem.source.block;
    context.arena.require(samplesMemory(context, order, problem.columns, checked.draws));
    const { scales } = this.report;
    const added = addedNoiseOf(noise, problem.outputs, X.rows, () => this.#noises());
    const latent = solution.predict(X, !centered, false).mean;
    const mean = checkResult(matrix(X.rows, problem.outputs, latent), "the mean");
    const parts = covariancesOf(solution.covariances(X), problem.source.block, scales, added);
    const covariances = parts.map((part) => checkResult(part, "the covariance"));
    return drawSamples(context, mean, covariances, checked);
  }

  /**
   * θ0 + β: the weights of the fitted first-order model, in the order of `net.parameters`.
   *
   * @throws RangeError for a model without weights, where several outputs share the averaged kernel, and where a weight
   *   overflows.
   */
  parameters(): Float64Array {
    this.#lease.check();
    const displacement = this.#fitted.solution.displacement();
    const { source, trend } = this.#fitted.problem;
    if (trend)
      throw new RangeError(
        `parameters() has no place for the mean "${trend.basis.kind}" of this fit; expected a fit with mean "zero"`,
      );
    const net = source.weights;
    if (!net || !displacement) throw noWeights("parameters()", source);
    return checkNumbers(displaced(net, displacement), "parameters()");
  }

  /**
   * The dual weights α = A⁻¹ r, N×C, with r = Y − f0, or r = Y where the fit is `centered`. A is Θ + λI, and with
   * `noise` and `weights` it is Θ + diag(λ/w_i + λ_i). The prediction is [f0 +] K(x, X) α. A fit in weight space,
   * `primal`, has α = (r − Φβ)/λ, or each row over its own noise. At ridge 0 on a singular kernel α is the shortest
   * one.
   *
   * @throws RangeError where α overflows; BackendError after `dispose()`.
   * @example
   * fit.dualWeights().rows; // 8
   */
  dualWeights(): Matrix {
    this.#lease.check();
    const { problem, solution } = this.#fitted;
    return checkResult(matrix(problem.X.rows, problem.outputs, solution.dualWeights()), "α");
  }

  /**
   * What each training point adds to the prediction at one new point x (1×d): row i is α_i K(x, x_i), N×C. The sum
   * of a column, plus f(x, θ0) unless the fit is `centered`, and plus the mean's own part with `mean`, is the
   * predicted mean. With the kernel of all pairs of outputs row i has the parts of all outputs of point i.
   *
   * @throws RangeError for wrong shapes or non-finite input; MemoryLimitError; BackendError after `dispose()`.
   * @example
   * const { data } = fit.influence([[0.1]]);
   * data.length; // 8: one for each training point
   */
  influence(x: MatrixLike): Matrix {
    this.#lease.check();
    const { problem, solution } = this.#fitted;
    const point = toMatrix(x, "x", { rows: 1, cols: problem.X.cols });
    return checkResult(influenceOf(problem, solution.dualWeights(), point), "the influence");
  }

  /**
   * The fit as plain JSON: model, settings, data, weights and the scalars of the report. `ntk.restore` turns it into a
   * fit again. Scalars that do not exist, or overflow, are left out.
   *
   * @throws RangeError where α or a weight overflows, as {@link dualWeights}; BackendError after `dispose()`.
   * @example
   * const again = ntk.restore(JSON.parse(JSON.stringify(fit)));
   * again.predict(Xnew).mean.data[0] === fit.predict(Xnew).mean.data[0]; // true
   */
  toJSON(): object {
    this.#lease.check();
    const { problem } = this.#fitted;
    const { report } = this;
    const { jitter } = report;
    // Estimates cost more than a fit: they are not made for this.
    const estimated = this.#fitted.solution.logDeterminantError !== undefined;
    const { rank, degreesOfFreedom, logEvidence, logEvidenceProfiled } = estimated ? NO_EVIDENCE : report;
    return {
      ...jsonOf(packFit(this.#fitted), this.dualWeights().data),
      ...(problem.source.weights && !problem.trend ? { parameters: [...this.parameters()] } : {}),
      report: {
        scale: unlessRefused(() => report.scale),
        jitter,
        rank,
        degreesOfFreedom,
        logEvidence,
        logEvidenceProfiled,
      },
    };
  }

  /**
   * The fit as bytes. The bytes have a version and a checksum. A number takes 8 bytes; in JSON it takes about 19.
   * `ntk.restore` turns the bytes into a fit again.
   *
   * The bytes hold no factor. A restored fit makes its factor when a variance is first asked for. A fit whose points
   * have come or gone is the exception: its bytes hold the factor, N²/2 numbers.
   *
   * @throws BackendError after `dispose()`.
   * @example
   * const bytes = fit.snapshot(); // to a file, IndexedDB or a server
   * const again = ntk.restore(bytes);
   * again.predict(Xnew).variance.data[0] === fit.predict(Xnew).variance.data[0]; // true
   */
  snapshot(): Uint8Array {
    this.#lease.check();
    return toBytes(packFit(this.#fitted));
  }

  /**
   * Refits after points were moved, removed or added. The update changes this fit and returns it. The update edits the
   * factor. An edit costs O(N²), and the kernel of the new points with all others. A fit costs O(N²m + N³/3).
   *
   * The fit gets a new `report`, with a new `scale` in it. The ridge, the option `scale` and `centered` stay. `path` is
   * still the path of the first fit. Each point that stays keeps its own noise and weight.
   *
   * All indices are row numbers before the update. The rows that stay close up after a removal. Added rows come last.
   *
   * An N×N fit deletes rows of its Cholesky factor by Givens rotations. It then appends the new rows. It never
   * downdates. After k updates the answer is that of a kernel that is off by at most c·k·N·ε‖Θ‖; in practice the kernel
   * is off by far less.
   *
   * A P×P fit takes rank-1 updates for the rows that come. It then takes downdates (LINPACK's) for the rows that go.
   *
   * A network with one hidden layer and one output keeps the N×m features of its points from the first update on. The
   * features take up to 256 MiB, memory permitting. Other models pay at each update for the features, or the kernel
   * function, of all points.
   *
   * Some fits are factored anew, at the cost of a fit:
   *
   * - a ridge path or a float32 fit: once, in float64;
   * - a P×P fit from which a point goes that carried more than 15/16 of some direction;
   * - a fit in which many rows change, where a new factor is as fast. For an N×N fit, many means that more than a
   *   quarter are removed or moved.
   *
   * Sources: Gill, Golub, Murray & Saunders 1974; Golub & Van Loan, Matrix Computations, 6.5.4.
   *
   * @throws TypeError, RangeError for bad input. RangeError for a fit that cannot be updated: ridge 0 on a singular
   *   kernel, or solver `cg`. NotPositiveDefiniteError where the new points make the system singular to rounding;
   *   MemoryLimitError; BackendError after `dispose()`. A refused update leaves the fit as it was, to the bit.
   * @example
   * fit.update({ move: { index: 3, X: [0.4], Y: [1.2] } }).predict(Xnew); // a point is dragged
   * fit.update({ add: { X: [[2]], Y: [[0]] }, remove: [0, 1] });
   */
  update(options: UpdateOptions): this {
    this.#lease.check();
    const { problem, solution, centered } = this.#fitted;
    if (solution.fixed) throw new RangeError(solution.fixed);
    if (this.#updating)
      throw new BackendError(
        "this fit was asked to update() while it is being updated, by its own kernel function; call update() afterwards",
      );
    this.#updating = true;
    try {
      const change = planUpdate(problem, centered, options);
      checkTotals(change.problem.terms, solution.ridges);
      this.#fitted.solution = solution.update(change);
      this.#fitted.problem = change.problem;
      this.#report = undefined;
    } finally {
      this.#updating = false;
    }
    return this;
  }

  /** Gives the backend memory back. Using the fit afterwards is a BackendError; a second call does nothing. */
  dispose(): void {
    this.#lease.release();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
