/**
 * A regression from sums over its rows: β = (ΦᵀΦ + λI)⁻¹Φᵀr. The rows themselves are gone, and with them what needs
 * them: α, leave-one-out, updates, and the search for rows that repeat.
 */
import { checkNumbers, checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { Lease } from "../lease.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { displaced } from "../model/network.js";
import { read } from "../options.js";
import { type FeatureModel, featureMap } from "./featureModel.js";
import { featureCovariance, featureVariance, type Posterior } from "./featurePosterior.js";
import { type JointPrediction, PREDICT, type Prediction, type PredictOptions } from "./fitOptions.js";
import { addedNoiseOf, covariancesOf, joinedCovariance, variancesOf } from "./moments.js";
import { ownSums, type PrimalSums, type PrimalSumsLike, primalSums } from "./primalSums.js";
import { type RegressionScore, SCORE, scoreOf } from "./score.js";
import { StreamReport } from "./streamReport.js";
import { checkSumsOf, isMinimumNorm, type SolvedSums, SUMS_FIT, type SumsFitOptions, solveSums } from "./sumsSolver.js";

/** `ntk.fitSums`: see {@link ../ntk.js}. */
export function sumsFitOf(
  context: Context,
  model: FeatureModel,
  given: PrimalSumsLike,
  options: SumsFitOptions,
): StreamFit {
  const checked = read(options, "fitSums", "{ ridge: 1e-3 }", SUMS_FIT);
  const map = featureMap(context, model);
  const sums = ownSums(primalSums(given, "sums"));
  checkSumsOf(map, sums, "sums");
  return new StreamFit(solveSums(map, sums, checked, []));
}

/** Not a closure of the constructor: see {@link Lease}. */
function freeOf({ factor }: SolvedSums): () => void {
  return () => factor.free();
}

const NO_SCALES = new Float64Array(0);

/**
 * A fit from sums over rows. It holds its factor, P×P, in backend memory until `dispose()` (or `using`, or garbage
 * collection).
 *
 * @example
 * const fit = ntk.fitSums(net, ntk.primalSums(net, X, Y), { ridge: 1e-3 });
 * const { mean, variance } = fit.predict(Xnew);
 */
export class StreamFit {
  readonly #solved: SolvedSums;
  readonly #lease: Lease;
  readonly #report: StreamReport;

  /** @internal */
  constructor(solved: SolvedSums) {
    this.#solved = solved;
    this.#lease = new Lease(solved.map.context, this, "fitSums", freeOf(solved));
    this.#report = new StreamReport(solved, this.#lease);
  }

  /** How the fit went. Each field is computed when it is first read. */
  get report(): StreamReport {
    return this.#report;
  }

  /**
   * Mean (N*×C), and on request variance and covariance, at new inputs X (N*×d), as those of {@link Fit.predict}.
   *
   * @throws RangeError for wrong shapes or non-finite input; MemoryLimitError; BackendError after `dispose()`.
   */
  predict(X: MatrixLike, options: PredictOptions & { variance?: true; covariance: true }): JointPrediction;
  predict(X: MatrixLike, options?: PredictOptions & { variance?: true }): Prediction & { variance: Matrix };
  predict(X: MatrixLike, options?: PredictOptions): Prediction;
  predict(Xlike: MatrixLike, options: PredictOptions = {}): Prediction {
    const { variance, covariance, noise, interval } = read(options, "predict", "{ variance: false }", PREDICT);
    if (interval)
      throw new RangeError("interval needs the rows that were fitted, and sums have none; expected a fit of the rows");
    this.#lease.check();
    const { map, sums, beta, ridge } = this.#solved;
    const X = toMatrix(Xlike, "X", { cols: sums.inputs });
    const C = sums.squares.length;
    const order = X.rows * map.block;
    if (covariance) map.context.arena.require(order * (order + map.count));
    // A mean needs no scale, which may overflow.
    const scales = variance || covariance ? this.report.scales : NO_SCALES;
    const added = addedNoiseOf(noise, C, X.rows, () => this.report.scales.map((scale) => scale * ridge));
    const mean = matrix(X.rows, C, map.mean(X, beta, !sums.centered));
    const prediction: Prediction = { mean: checkResult(mean, "the mean") };
    if (variance) prediction.variance = variancesOf(featureVariance(map, this.#posterior, X), X.rows, scales, added);
    if (covariance) {
      const latent = featureCovariance(map, this.#posterior, X);
      prediction.covariance = joinedCovariance(covariancesOf([latent], map.block, scales, added));
    }
    return prediction;
  }

  /**
   * How good the predictions at X (N*×d) are, whose targets are Y (N*×C): R², root mean squared error, negative log
   * predictive density, and the part of the targets inside the 95 % band. The band has the noise of an observation;
   * `noise` is as in {@link predict}, and `true` by default.
   *
   * @throws as {@link predict}; RangeError where an error overflows.
   * @example
   * const { r2, rmse, nlpd, coverage } = ntk.fitSums(net, ntk.primalSums(net, X, Y), { ridge: 0.1 }).score(X, Y);
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
    const { sums } = this.#solved;
    const X = toMatrix(Xlike, "X", { cols: sums.inputs });
    const Y = toMatrix(Ylike, "Y", { rows: X.rows, cols: sums.squares.length });
    const { mean, variance } = this.predict(X, { noise });
    return scoreOf(mean, variance, Y);
  }

  get #posterior(): Posterior {
    const { factor, ridge } = this.#solved;
    return { factor, ridge, minimumNorm: isMinimumNorm(this.#solved) };
  }

  /**
   * θ0 + β: the weights of the fitted first-order model, in the order of `net.parameters`.
   *
   * @throws RangeError for random features, which have no weights of a network, and where a weight overflows.
   */
  parameters(): Float64Array {
    this.#lease.check();
    const { map, beta } = this.#solved;
    if (!map.network)
      throw new RangeError("parameters() needs a finite network; random features are of one of infinite width");
    return checkNumbers(displaced(map.network, beta), "parameters()");
  }

  /**
   * The sums that were fitted, to fit again with another ridge, or with more rows.
   *
   * @throws BackendError after `dispose()`.
   * @example
   * const sums = ntk.primalSums(net, X, Y);
   * ntk.fitSums(net, sums, { ridge: 1e-3 }).sums().rows; // 8
   */
  sums(): PrimalSums {
    this.#lease.check();
    return ownSums(this.#solved.sums);
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
