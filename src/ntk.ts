/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `Ntk`: one backend and its memory, and every computation bound to them. Methods check their input, then hand over
 * to `kernel/`, `regression/`, `training/` and `linalg/`. Get one from `load()`.
 */

import { Arena } from "./arena.js";
import { checkNumbers, checkResult, toMatrix } from "./check.js";
import { type Classifier, classifyModel } from "./classification/classifier.js";
import type { ClassifyOptions } from "./classification/classifyOptions.js";
import type { Context } from "./context.js";
import { BackendError } from "./errors.js";
import { crossValidating } from "./evaluation/crossValidate.js";
import type {
  Candidate,
  CrossValidated,
  CrossValidateOptions,
  CrossValidateProgress,
} from "./evaluation/crossValidateOptions.js";
import { kernelBlocks } from "./kernel/finite/kernel.js";
import { unlessOverflows } from "./kernel/finite/rescale.js";
import { bytesOfNetwork } from "./kernel/finite/singlePrecision.js";
import { forward, jacobian, kernelTimesVector } from "./kernel/finite/tangents.js";
import type { KernelSource } from "./kernel/kernel.js";
import { type KernelTile, type KernelTilesOptions, kernelTilesOf } from "./kernel/kernelTiles.js";
import { kernelSource } from "./kernel/modelKernel.js";
import type { Model } from "./kernel/models.js";
import type { Label, Labels } from "./labels.js";
import {
  cholesky,
  eigh,
  gram,
  inverse,
  logDeterminant,
  matmul,
  SOLVE,
  type SolveOptions,
  solve,
} from "./linalg/dense.js";
import { LEAST_SQUARES, type LeastSquares, type LeastSquaresOptions, leastSquares } from "./linalg/leastSquares.js";
import type { Precision } from "./linalg/precision.js";
import { type Svd, svd } from "./linalg/svd.js";
import type { Matrix, MatrixLike } from "./matrix.js";
import { type Network, type NetworkOptions, validateNetwork } from "./model/network.js";
import type { RandomFeatures } from "./model/randomFeatures.js";
import type { Backend } from "./ops.js";
import { or, outputs, read } from "./options.js";
import { alignmentOf } from "./regression/alignment.js";
import type { Batches } from "./regression/batchSource.js";
import { type FeatureModel, featuresOf } from "./regression/featureModel.js";
import { type Fit, fitModel, fittingModel, restoredFit } from "./regression/fit.js";
import type { FitOptions, FitProgress, Fitting } from "./regression/fitOptions.js";
import { type PrimalSums, type PrimalSumsLike, type PrimalSumsOptions, primalSumsOf } from "./regression/primalSums.js";
import type { RestoreOptions } from "./regression/restore.js";
import { type Spectrum, type SpectrumOptions, spectrumOf } from "./regression/spectrum.js";
import { type StreamOptions, streamFitOf } from "./regression/stream.js";
import { type StreamFit, sumsFitOf } from "./regression/streamFit.js";
import type { SumsFitOptions } from "./regression/sumsSolver.js";
import { tune, tuning } from "./regression/tune.js";
import type { BinnedNoise } from "./regression/tuneNoise.js";
import type { Tuned, TuneOptions, TunePoint } from "./regression/tuneOptions.js";
import { drain } from "./slices.js";
import { type CompareOptions, type Comparison, compareNetwork, comparingNetwork } from "./training/compare.js";
import { type Dynamics, type DynamicsOptions, dynamicsOf } from "./training/dynamics.js";
import { type Ensemble, type EnsembleOptions, ensembleOf } from "./training/ensemble.js";
import type { Trained } from "./training/group.js";
import { type Linearized, linearize } from "./training/linearize.js";
import { type KernelSamples, kernelSamplesOf, type SampleKernelOptions } from "./training/sampleKernel.js";
import {
  type Sweep,
  type SweepOptions,
  type SweepProgress,
  sweepingNetworks,
  sweepNetworks,
} from "./training/sweep.js";
import { trainingOf, trainNetwork } from "./training/train.js";
import type { Measured, Progress, TrainOptions, Validation } from "./training/trainOptions.js";

const OUTPUTS = { outputs: or(outputs, "average") };
const OUTPUTS_EXAMPLE = '{ outputs: "full" }';

/** Tangent-kernel computations on one backend. Not shared between threads; cheap to make several. */
export class Ntk {
  /** What computes: WebAssembly or plain JavaScript. */
  readonly backend: "wasm" | "js";
  /** Which build: `relaxed` (fused multiply-add), `simd`, or `js`. */
  readonly variant: "relaxed" | "simd" | "js";
  /**
   * Why it is not the fastest variant, in words: what the engine lacks, a policy or a limit of the process that keeps
   * WebAssembly from running. Undefined where it is the fastest, and where the variant was asked for.
   */
  readonly variantReason: string | undefined;
  /** What `kernel`, products and factorisations are computed in; see `load`. */
  readonly precision: "float64" | "float32";
  readonly #context: Context;
  readonly #drop: () => void;
  readonly #threads: () => number;
  readonly #threadsReason: () => string | undefined;

  /** @internal Use `load()`. */
  constructor(backend: Backend, precision: Precision = "float64", variantReason?: string, threadsReason?: string) {
    const { team } = backend;
    this.#threads = () => team?.threads ?? 1;
    this.#threadsReason = () => team?.reason ?? threadsReason;
    this.precision = precision;
    this.variantReason = variantReason;
    this.backend = backend.name;
    this.variant = backend.variant;
    // The only reference to the backend and its memory: dropped by dispose().
    let parts: Pick<Context, "ops" | "arena"> | undefined = { ops: backend.ops, arena: new Arena(backend) };
    const live = () => {
      if (!parts) throw new BackendError("this Ntk was disposed of; load() gives a new one");
      if (team?.down) throw new BackendError(`${team.down}; load() gives a new Ntk`);
      return parts;
    };
    this.#drop = () => {
      parts = undefined;
      team?.end();
    };
    this.#context = {
      precision,
      get threads() {
        return team?.threads ?? 1;
      },
      get ops() {
        return live().ops;
      },
      get arena() {
        return live().arena;
      },
      get disposed() {
        return !parts;
      },
    };
  }

  /** Threads that compute, the calling one included. */
  get threads(): number {
    return this.#threads();
  }

  /**
   * Why there are fewer threads than `load` was asked for: memory cannot be shared here, or a thread has died.
   * Undefined where there are not.
   */
  get threadsReason(): string | undefined {
    return this.#threadsReason();
  }

  /**
   * f(X, θ0), N×C, for inputs X (N×d).
   *
   * @throws TypeError, RangeError for bad input, and where an output overflows; BackendError after `dispose()`.
   * @example
   * ntk.forward(net, [[0], [1]]).rows; // 2
   */
  forward(net: Network, X: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    return checkResult(forward(this.#context, value, A), "forward(net, X)");
  }

  /**
   * The tangent features Φ, (N·C)×P: row n·C + c is ∇f_c(x_n, θ0) in the order of `net.blocks` (Jacot et al. 2018).
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError where Φ does not fit.
   * @example
   * const { cols } = ntk.jacobian(net, [0, 1]); // cols === net.parameters.length
   */
  jacobian(net: Network, X: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    return checkResult(jacobian(this.#context, value, A), "jacobian(net, X)");
  }

  /**
   * The tangent kernel Θ = Φ(X) Φ(X2)ᵀ in its factored form, layer by layer (Novak et al. 2022): no Jacobian is formed.
   * `outputs: "average"` (default): N×N2, the mean over outputs. `outputs: "full"`: (N·C)×(N2·C), row n·C + c. Without
   * X2 the kernel is symmetric to the bit. Entries that truly overflow are ±Infinity. With precision `"float32"`
   * kernels of finite networks are right to 16 ε₃₂ √(Θ_ii Θ_jj), and entries that overflow are a RangeError. Deep
   * networks of large weights are computed in float64: their rounding would grow from layer to layer.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError where the result does not fit.
   * @example
   * const K = ntk.kernel(net, X); // K.data[i * K.cols + j] is Θ(x_i, x_j)
   * ntk.kernel(net, [0, 1], [[2]]).data.length; // 2
   * ntk.kernel(net, X, X, { outputs: "full" });
   */
  kernel(model: Model, X: MatrixLike, X2?: MatrixLike, options: { outputs?: "full" | "average" } = {}): Matrix {
    const { outputs } = read(options, "kernel", OUTPUTS_EXAMPLE, OUTPUTS);
    const source = kernelSource(this.#context, model, outputs, this.precision);
    const A = toMatrix(X, "X", columns(source));
    const K = X2 === undefined || X2 === X ? source.square(A) : source.cross(A, toMatrix(X2, "X2", { cols: A.cols }));
    return checkResult(K, "kernel(model, X, X2)", { infinite: true });
  }

  /**
   * {@link kernel} in blocks of rows, for kernels larger than memory: a generator of `{ row, K }`, K with all columns.
   * Entries have the bits of `kernel`; those of infinite networks with sigmoid, tanh, softplus or silu agree to
   * rounding. With float32, a block of little work is float64, as in `kernel`.
   *
   * @throws as {@link kernel}: for bad input, and where a block does not fit, at once.
   * @example
   * for (const { row, K } of ntk.kernelTiles(net, X, undefined, { rows: 3 })) console.log(row, K.rows, K.cols);
   * Array.from(ntk.kernelTiles(net, X, [[2]]), ({ K }) => K.cols); // [1]
   */
  kernelTiles(
    model: Model,
    X: MatrixLike,
    X2?: MatrixLike,
    options: KernelTilesOptions = {},
  ): Generator<KernelTile, void, void> {
    return kernelTilesOf(this.#context, model, X, X2, options);
  }

  /**
   * diag Θ(X, X), N numbers (N·C with `outputs: "full"`), without the rest of Θ. Entries that truly overflow are
   * Infinity.
   *
   * @throws TypeError, RangeError for bad input, and where an entry overflows to NaN.
   * @example
   * ntk.kernelDiagonal(net, [0, 1]).length; // 2
   */
  kernelDiagonal(model: Model, X: MatrixLike, options: { outputs?: "full" | "average" } = {}): Float64Array {
    const { outputs } = read(options, "kernelDiagonal", OUTPUTS_EXAMPLE, OUTPUTS);
    const source = kernelSource(this.#context, model, outputs);
    const diagonal = source.diagonal(toMatrix(X, "X", columns(source))).slice();
    return checkNumbers(diagonal, "kernelDiagonal(model, X)", { infinite: true });
  }

  /**
   * Which parameters carry the kernel: one N×N2 matrix for each block of θ (`a b c d`; deeper `a b cL dL … c1 d1`),
   * averaged over outputs. The matrices sum to Θ. Entries that truly overflow are ±Infinity.
   *
   * @throws TypeError, RangeError for bad input, and where an entry overflows to NaN; MemoryLimitError.
   * @example
   * const { b } = ntk.kernelBlocks(net, X); // the sigmoids' part
   * Object.keys(ntk.kernelBlocks(net, X)).join(" "); // "a b c d"
   */
  kernelBlocks(net: Network, X: MatrixLike, X2?: MatrixLike): Record<string, Matrix> {
    const [value, A] = checked(net, X);
    const B = X2 === undefined || X2 === X ? undefined : toMatrix(X2, "X2", { cols: A.cols });
    const bytes = bytesOfNetwork(this.precision, value);
    const compute = (net: Network, X: Matrix, X2: Matrix | undefined) => kernelBlocks(this.#context, bytes, net, X, X2);
    const blocks = unlessOverflows(value, A, B, compute, (all) => Object.values(all).map(({ data }) => data));
    for (const name of Object.keys(blocks))
      checkResult(blocks[name], `kernelBlocks(net, X, X2).${name}`, { infinite: true });
    return blocks;
  }

  /**
   * Θ(X, X) V for V (N·C)×k, row n·C + c, as Φ(ΦᵀV): O(NPk) work, no N×N matrix.
   *
   * @throws TypeError, RangeError for bad input.
   * @example
   * ntk.kernelTimesVector(net, X, V).rows === X.length; // true
   */
  kernelTimesVector(net: Network, X: MatrixLike, V: MatrixLike): Matrix {
    const [value, A] = checked(net, X);
    const right = toMatrix(V, "V", { rows: A.rows * value.outputs });
    return checkResult(kernelTimesVector(this.#context, value, A, right), "Θ V");
  }

  /**
   * Kernel ridge regression of Y (N×C) on X (N×d) with the model's tangent kernel; also read as a Gaussian process.
   * `ridge` is absolute. A ridge of 0 gives the minimum-norm answer where Θ is singular, and the report says its rank.
   * With `ridges` one eigendecomposition rates them all, and the ridge of the best profiled evidence is fitted. With
   * precision `"float32"` weights and means have float64's backward error from a float32 factor. Variances and
   * evidences make a float64 factor when first asked for.
   *
   * @throws TypeError, RangeError for bad input; NotPositiveDefiniteError where the ridge drowns in rounding or the
   *   kernel is indefinite; MemoryLimitError before any work; ConvergenceError.
   * @example
   * const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
   * const { mean, variance } = fit.predict(Xnew);
   */
  fit(model: Model, X: MatrixLike, Y: MatrixLike): Fit;
  fit<M extends Model, O extends FitOptions | undefined>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: O & NoInfer<Fitting<M, O>>,
  ): Fit;
  fit(model: Model, X: MatrixLike, Y: MatrixLike, options: FitOptions = {}): Fit {
    return fitModel(this.#context, model, X, Y, options);
  }

  /**
   * {@link fit} as a generator, which pauses after each iteration of solver `cg` and each block of columns of `cg` and
   * `lowrank`. Other solvers take one slice. Other calls may come in between.
   *
   * @throws as {@link fit}.
   * @example
   * const options = { ridge: 0.1, solver: "cg" } as const;
   * for (const { iteration, residual } of ntk.fitting(net, X, Y, options)) console.log(iteration, residual);
   */
  fitting(model: Model, X: MatrixLike, Y: MatrixLike): Generator<FitProgress, Fit, void>;
  fitting<M extends Model, O extends FitOptions | undefined>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: O & NoInfer<Fitting<M, O>>,
  ): Generator<FitProgress, Fit, void>;
  fitting(model: Model, X: MatrixLike, Y: MatrixLike, options: FitOptions = {}): Generator<FitProgress, Fit, void> {
    return fittingModel(this.#context, model, X, Y, options);
  }

  /**
   * What a fit in weight space needs of a block of rows: ΦᵀΦ, Φᵀr, rᵀr and their number, as plain data. Sums of blocks
   * add up (`addSums`), so rows may come in blocks, and from several machines; {@link fitSums} does the rest.
   *
   * @throws TypeError, RangeError for bad input, and where a sum overflows; MemoryLimitError where P×P does not fit.
   * @example
   * const sums = ntk.primalSums(net, X, Y);
   * sums.gram.rows === net.parameters.length; // true
   */
  primalSums(model: FeatureModel, X: MatrixLike, Y: MatrixLike, options: PrimalSumsOptions = {}): PrimalSums {
    return primalSumsOf(this.#context, model, X, Y, options);
  }

  /**
   * The regression of {@link fit} with solver `primal`, from sums over its rows. What needs the rows themselves is not
   * there: dual weights, leave-one-out, updates, snapshots. Rows that repeat each count.
   *
   * @throws TypeError, RangeError for bad input, and where `scale: "fit"` is lost in the rounding of the sums;
   *   NotPositiveDefiniteError; MemoryLimitError; ConvergenceError.
   * @example
   * const half = ntk.primalSums(net, X.slice(0, 4), Y.slice(0, 4));
   * const sums = addSums(half, ntk.primalSums(net, X.slice(4), Y.slice(4)));
   * ntk.fitSums(net, sums, { ridge: 1e-3 }).predict(Xnew).mean.rows; // 2
   */
  fitSums(model: FeatureModel, sums: PrimalSumsLike, options: SumsFitOptions = {}): StreamFit {
    return sumsFitOf(this.#context, model, sums, options);
  }

  /**
   * Random features Φ̂(X), N×count: Φ̂(X) Φ̂(X2)ᵀ estimates the kernel of the infinite network. Its error falls like
   * 1/√count.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError.
   * @example
   * const Phi = ntk.features(randomFeatures(createInfiniteNetwork(), { count: 500, seed: 1 }), X);
   * Phi.cols; // 500
   */
  features(model: RandomFeatures, X: MatrixLike): Matrix {
    return checkResult(featuresOf(this.#context, model, X), "features(model, X)");
  }

  /**
   * {@link fitSums} of rows that come in batches, in one pass: memory is O(P² + batch), work O(N P²). Batches may be of
   * any size, and come from a file or a server: an iterable, or an async one. Bits depend on the batches and their
   * order alone.
   *
   * A batch that cannot be used, a source that fails and a signal end the stream with a `StreamError`. Its `state` are
   * the sums of all batches before, and the option `state` goes on from there.
   *
   * @throws (the promise is rejected) StreamError { batch, row, state }; TypeError, RangeError for other bad input;
   *   MemoryLimitError; BackendError.
   * @example
   * async function* batches() {
   *   for (let i = 0; i < 8; i += 2) yield { X: X.slice(i, i + 2), Y: Y.slice(i, i + 2) };
   * }
   * const streamed = await ntk.fitStream(net, batches(), { ridge: 1e-3 });
   * streamed.report.rows; // 8
   * const more = await ntk.fitStream(net, [{ X, Y }], { ridge: 1e-3, state: streamed.sums() });
   * more.report.rows; // 16
   */
  fitStream(model: FeatureModel, batches: Batches, options: StreamOptions = {}): Promise<StreamFit> {
    return streamFitOf(this.#context, model, batches, options);
  }

  /**
   * A fit from what `fit.snapshot()` or `fit.toJSON()` gave (bytes, the object, or its JSON text), also by another
   * process. Means and variances are the same to the bit on the same variant. The factor is made again when a variance
   * is first asked for. A custom kernel is in no snapshot: give it as `model`.
   *
   * @throws TypeError where it is no snapshot; RangeError where it was cut short or altered, is of a newer version, or
   *   lacks its kernel; MemoryLimitError.
   * @example
   * const again = ntk.restore(fit.snapshot());
   * again.predict(Xnew).mean.rows; // 2
   */
  restore(snapshot: Uint8Array | ArrayBuffer | object | string, options: RestoreOptions = {}): Fit {
    return restoredFit(this.#context, snapshot, options);
  }

  /**
   * Classification with probabilities: latent functions with the model's tangent kernel as prior covariance, mean 0,
   * and a logistic or softmax likelihood by Laplace's approximation (Rasmussen & Williams 2006, chapter 3). Method
   * `"dirichlet"` is regression on transformed labels, `"ridge"` the one-hot baseline. The start values of a finite
   * network are left out, as with `centered` in {@link fit}; several outputs have their averaged kernel. Labels are
   * integers, strings or booleans.
   *
   * @throws TypeError, RangeError for bad input, naming the row of a bad label; NotPositiveDefiniteError for an
   *   indefinite kernel; ConvergenceError where Newton's method does not find the mode; MemoryLimitError.
   * @example
   * const flowers = ntk.classify(createInfiniteNetwork(), [-2, -1, 1, 2], ["lily", "lily", "rose", "rose"], {
   *   scale: "fit",
   * });
   * const { labels, probabilities } = flowers.predict([-1.5]);
   * labels.join(); // "lily"
   * probabilities.data[0] > 0.5; // true
   * flowers.report.logEvidence; // below 0: compare models by it
   * flowers.dispose();
   */
  classify<L extends Label>(
    model: Model,
    X: MatrixLike,
    labels: Labels<L>,
    options: ClassifyOptions<L> = {},
  ): Classifier<L> {
    return classifyModel(this.#context, model, X, labels, options);
  }

  /**
   * How good models are on rows that a fit has not seen: each of `folds` parts of the rows is predicted by a fit of the
   * rest. Several models are scored on the same folds and compared fold by fold. A model may have options of its own,
   * `{ model, name, ridge, … }`. With `tune` the ridge, or the model too, is chosen again on the rows of each fit. With
   * `classify` Y are labels, and each fold has its share of every class.
   *
   * Sources: Stone 1974; standard errors by Nadeau & Bengio 2003.
   *
   * @throws TypeError, RangeError for bad input, before the first fit; else as {@link fit}, {@link tune} or
   *   {@link classify}.
   * @example
   * const models = [{ name: "narrow", model: net }, { name: "wide", model: createInfiniteNetwork() }];
   * const { best, differences } = ntk.crossValidate(models, X, Y, { folds: 4, ridge: 1e-3, scale: "fit" });
   * models[best ?? 0].name; // which one has the lower error
   * differences.length; // 1: the other one beside it
   * ntk.crossValidate(net, X, Y, { folds: "loo", ridge: 1e-3 }).models[0].mean.rmse; // without another fit
   */
  crossValidate(
    models: Model | readonly (Model | Candidate)[],
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options: CrossValidateOptions = {},
  ): CrossValidated {
    return drain(crossValidating(this.#context, models, X, Y, options));
  }

  /**
   * {@link crossValidate} as a generator, which pauses after each fit, and between the kernels of `tune`.
   *
   * @throws as {@link crossValidate}.
   * @example
   * for (const { done, total } of ntk.crossValidating(net, X, Y, { ridge: 1e-3 })) console.log(`${done} of ${total}`);
   */
  crossValidating(
    models: Model | readonly (Model | Candidate)[],
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options: CrossValidateOptions = {},
  ): Generator<CrossValidateProgress, CrossValidated, void> {
    return crossValidating(this.#context, models, X, Y, options);
  }

  /**
   * What the kernel says about learning on X (N×d): its eigenvalues and eigenvectors, the targets' coefficients along
   * them, effective rank, participation ratio, alignment with YYᵀ, the learning time of each mode, and the predicted
   * learning curve. With `top` only the largest modes, by Lanczos: for a finite network through its features, without
   * an N×N matrix. For several outputs the kernel is their mean unless `outputs` is `"full"`.
   *
   * @throws TypeError, RangeError for bad input; NotPositiveDefiniteError for an indefinite kernel; MemoryLimitError;
   *   ConvergenceError where the residuals do not reach the tolerance.
   * @example
   * const { eigenvalues, coefficients, learningTimes } = ntk.spectrum(net, X, Y);
   * eigenvalues.length; // 8: ascending, as those of eigh
   * learningTimes[7] < learningTimes[6]; // true: the largest mode is learned first
   * ntk.spectrum(net, X, Y, { top: 2 }).eigenvalues.length; // 2
   */
  spectrum(
    model: Model,
    X: MatrixLike,
    Y: MatrixLike,
    options?: SpectrumOptions,
  ): Spectrum & { readonly coefficients: Matrix };
  spectrum(model: Model, X: MatrixLike, Y?: MatrixLike, options?: SpectrumOptions): Spectrum;
  spectrum(model: Model, X: MatrixLike, Y?: MatrixLike, options: SpectrumOptions = {}): Spectrum {
    return spectrumOf(this.#context, model, X, Y, options);
  }

  /**
   * How much the kernels of two models say the same about X, from 0 to 1: centred kernel alignment (Cortes et al.
   * 2012), which is the linear CKA of their tangent features (Kornblith et al. 2019). With targets (N×C) in place of
   * the other model: alignment with YYᵀ. It does not depend on the scale of either. Kernels are averaged over outputs.
   *
   * @throws TypeError, RangeError for bad input, and where a kernel or the targets do not change from point to point;
   *   MemoryLimitError.
   * @example
   * ntk.alignment(net, createInfiniteNetwork(), X); // above 0.5: the limit resembles the network
   * ntk.alignment(net, Y, X); // below 1
   */
  alignment(model: Model, other: Model | MatrixLike, X: MatrixLike): number {
    return alignmentOf(this.#context, model, other, X);
  }

  /**
   * Gradient descent or flow on the first-order model: outputs, loss and weights after any number of steps. Squared
   * loss is in closed form, from one eigendecomposition (Lee et al. 2019). Under other losses, and in batches, the
   * steps are made one by one with Θ (MATH.md §4). Momentum, Nesterov, weight decay and schedules included.
   *
   * @throws TypeError, RangeError for bad input; NotPositiveDefiniteError for an indefinite kernel; MemoryLimitError;
   *   ConvergenceError.
   * @example
   * const path = ntk.dynamics(net, X, Y, { learningRate: 0.1 });
   * const [early, late] = path.at([10, Infinity], Xnew);
   * path.dispose();
   *
   * const labels = Array.from(X, (_, i) => i % 2);
   * const classes = ntk.dynamics(createInfiniteNetwork(), X, labels, { learningRate: 0.1, loss: "crossEntropy" });
   * classes.at(100).cols; // 2: an output for each label
   */
  dynamics(model: Model, X: MatrixLike, Y: MatrixLike, options: DynamicsOptions): Dynamics {
    return dynamicsOf(this.#context, model, X, Y, options);
  }

  /**
   * Trains the network itself, by descent (momentum, Nesterov, decay, schedules), Adam or AdamW, on all rows or on
   * batches, and with one of several losses; the default is ½ · mean (f − y)². Records losses, ‖θ − θ0‖,
   * ‖Θ_t − Θ_0‖_F/‖Θ_0‖_F, and what `record` names. A recorded step costs one `kernel(net, X)`. The `state` of the
   * result, given back with the same data and options, goes on to the bit.
   *
   * @throws TypeError, RangeError for bad input, naming the row of a wrong label; ConvergenceError { step,
   *   maxLearningRate, partial } where the loss is no longer finite or exceeds 1e12 (loss_0 + 1); MemoryLimitError.
   * @example
   * const { network, loss, kernelDrift } = ntk.train(net, X, Y, { learningRate: 0.1, steps: 1000 });
   * loss[loss.length - 1] < loss[0]; // true
   * const batches = { optimizer: "adam", learningRate: 0.01, batchSize: 4, steps: 50 } as const;
   * const half = ntk.train(net, X, Y, { ...batches, steps: 25 });
   * ntk.train(half.network, X, Y, { ...batches, state: half.state }).state.step; // 50
   */
  train<M extends Measured = never>(
    net: Network,
    X: MatrixLike,
    Y: MatrixLike,
    options: TrainOptions & { record?: readonly M[]; validation: Validation },
  ): Trained & Record<M, Float64Array> & Required<Pick<Trained, "best">>;
  train<M extends Measured>(
    net: Network,
    X: MatrixLike,
    Y: MatrixLike,
    options: TrainOptions & { record: readonly M[] },
  ): Trained & Record<M, Float64Array>;
  train(net: Network, X: MatrixLike, Y: MatrixLike, options: TrainOptions): Trained;
  train(net: Network, X: MatrixLike, Y: MatrixLike, options: TrainOptions): Trained {
    return trainNetwork(this.#context, net, X, Y, options);
  }

  /**
   * {@link train} as a generator, a slice of about 16 ms for each step. It can be stopped and taken up again, and
   * returns what `train` does.
   *
   * @throws as {@link train}: for bad input at once.
   * @example
   * for (const { step, loss } of ntk.training(net, X, Y, { learningRate: 0.1, steps: 1000 })) console.log(step, loss);
   */
  training(net: Network, X: MatrixLike, Y: MatrixLike, options: TrainOptions): Generator<Progress, Trained, void> {
    return trainingOf(this.#context, net, X, Y, options);
  }

  /**
   * Is the linear picture true? Trains the network and its first-order model from the same θ0. Reports at each recorded
   * step both losses, the gap ‖f_net − f_lin‖/‖f_lin − f0‖ on X and Xtest, and how far weights and kernel moved.
   *
   * @throws as {@link train}; `partial` is then the comparison up to the divergence.
   * @example
   * const { steps, gap } = ntk.compare(net, X, Y, { learningRate: 0.1, steps: 100 });
   * gap[0]; // 0: both start at f0
   */
  compare(
    net: Network,
    X: MatrixLike,
    Y: MatrixLike,
    options: CompareOptions & { Xtest: MatrixLike; Ytest: MatrixLike },
  ): Comparison & Required<Pick<Comparison, "gapTest" | "testLoss" | "linearTestLoss">>;
  compare(
    net: Network,
    X: MatrixLike,
    Y: MatrixLike,
    options: CompareOptions & { Xtest: MatrixLike },
  ): Comparison & Required<Pick<Comparison, "gapTest">>;
  compare(net: Network, X: MatrixLike, Y: MatrixLike, options: CompareOptions): Comparison;
  compare(net: Network, X: MatrixLike, Y: MatrixLike, options: CompareOptions): Comparison {
    return compareNetwork(this.#context, net, X, Y, options);
  }

  /**
   * {@link compare}, a slice of its training for each step of the generator, as in {@link training}.
   *
   * @throws as {@link compare}: for bad input at once.
   * @example
   * for (const { step } of ntk.comparing(net, X, Y, { learningRate: 0.1, steps: 100 })) console.log(step);
   */
  comparing(
    net: Network,
    X: MatrixLike,
    Y: MatrixLike,
    options: CompareOptions,
  ): Generator<Progress, Comparison, void> {
    return comparingNetwork(this.#context, net, X, Y, options);
  }

  /**
   * {@link compare} over widths, initialisations, learning rates and seeds: every run, mean and standard error of each
   * measure, and the exponents of the gap and the drifts in the width.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError. Runs that diverge are counted, not thrown.
   * @example
   * const { exponents } = ntk.sweep(X, Y, {
   *   widths: [64, 256, 1024],
   *   inits: ["ntk"],
   *   learningRates: [0.5],
   *   steps: 100,
   * });
   * exponents.at(-1)?.gap?.exponent; // about -1: after the last recorded step
   */
  sweep(X: MatrixLike, Y: MatrixLike, options: SweepOptions): Sweep {
    return sweepNetworks(this.#context, X, Y, options);
  }

  /**
   * {@link sweep}, a slice of the runs at hand for each step of the generator, as in {@link training}.
   *
   * @throws as {@link sweep}: for bad input at once.
   * @example
   * const options = { widths: [64, 256], learningRates: [0.5], steps: 100 };
   * for (const { done, total } of ntk.sweeping(X, Y, options)) console.log(done, total);
   */
  sweeping(X: MatrixLike, Y: MatrixLike, options: SweepOptions): Generator<SweepProgress, Sweep, void> {
    return sweepingNetworks(this.#context, X, Y, options);
  }

  /**
   * Infinitely many infinitely wide networks, each trained on X, Y from its own start. Gives mean and covariance of
   * their outputs at any training time under squared loss, in closed form (Lee et al. 2019): under other losses the
   * outputs are not Gaussian. `kernel: "nngp"` models train the readout
   * only; they end at the NNGP posterior.
   *
   * @throws TypeError, RangeError for bad input; NotPositiveDefiniteError; MemoryLimitError; ConvergenceError.
   * @example
   * const networks = ntk.ensemble(createInfiniteNetwork({ activation: "erf" }), X, Y);
   * const { mean, variance } = networks.at(Infinity, Xnew);
   * networks.sample(Infinity, Xnew, { draws: 3, seed: 1 }).length; // 3: three trained networks
   * networks.dispose();
   */
  ensemble(model: Model, X: MatrixLike, Y: MatrixLike, options: EnsembleOptions = {}): Ensemble {
    return ensembleOf(this.#context, model, X, Y, options);
  }

  /**
   * The mean of the tangent kernels of random networks, with its standard error, draw by draw: iterate, or ask for the
   * `result()`.
   *
   * @throws TypeError, RangeError for bad input, before any draw; MemoryLimitError.
   * @example
   * const { mean, standardError } = ntk.sampleKernel({ inputs: 1, hidden: 64 }, X, { draws: 50, seed: 1 }).result();
   */
  sampleKernel(options: NetworkOptions, X: MatrixLike, sampling: SampleKernelOptions = {}): KernelSamples {
    return kernelSamplesOf(this.#context, options, X, sampling);
  }

  /**
   * Chooses ridge, weightStd, biasStd and depth by the profiled evidence or by leave-one-out, within bounds. Options
   * that are not given stay as the model has them. A custom kernel has a ridge only. With `noise: "binned"` it chooses
   * a noise for each bin of a one-dimensional input too: see {@link BinnedNoise}. With criterion `"laplace"` Y is
   * labels, as {@link classify} takes them, and the scale of the kernel is chosen in place of the ridge.
   *
   * @throws TypeError, RangeError for bad input; NotPositiveDefiniteError; MemoryLimitError; ConvergenceError.
   * @example
   * const { model, ridge } = ntk.tune(createInfiniteNetwork(), X, Y, { depth: [1, 2, 3], weightStd: [0.5, 4] });
   * const fit = ntk.fit(model, X, Y, { ridge });
   */
  tune<M extends Model>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: TuneOptions & { noise: "binned" },
  ): Tuned<M> & { noise: BinnedNoise };
  tune<M extends Model>(model: M, X: MatrixLike, Y: MatrixLike | Labels, options?: TuneOptions): Tuned<M>;
  tune<M extends Model>(model: M, X: MatrixLike, Y: MatrixLike | Labels, options: TuneOptions = {}): Tuned<M> {
    return tune(this.#context, model, X, Y, options) as Tuned<M>;
  }

  /**
   * {@link tune} as a generator, one kernel for each step. It can be stopped and taken up again, and returns what
   * `tune` does.
   *
   * @throws as {@link tune}: for bad input at once.
   * @example
   * for (const { score } of ntk.tuning(createInfiniteNetwork(), X, Y, { weightStd: [0.5, 4] })) console.log(score);
   */
  tuning<M extends Model>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options: TuneOptions = {},
  ): Generator<TunePoint, Tuned<M>, void> {
    return tuning(this.#context, model, X, Y, options) as Generator<TunePoint, Tuned<M>, void>;
  }

  /**
   * The first-order model around θ0: `at(θ, X)` = f(X, θ0) + Φ(X)(θ − θ0).
   *
   * @throws TypeError, RangeError for bad input.
   * @example
   * ntk.linearize(net).at(fit.parameters(), Xnew); // the same as fit.predict(Xnew).mean
   */
  linearize(net: Network): Linearized {
    return linearize(this.#context, net, () => void this.#context.ops);
  }

  /**
   * AB, for A m×k and B k×n (BLAS gemm), in the precision of this Ntk.
   *
   * @throws RangeError where shapes do not match.
   * @example
   * ntk.matmul([[1, 2]], [[3], [4]]).data; // [11]
   */
  matmul(A: MatrixLike, B: MatrixLike): Matrix {
    const a = toMatrix(A, "A");
    return checkResult(matmul(this.#context, a, toMatrix(B, "B", { rows: a.cols })), "A B");
  }

  /**
   * AAᵀ, symmetric to the bit, for A n×k (BLAS syrk), in the precision of this Ntk.
   *
   * @throws RangeError for bad input.
   * @example
   * ntk.gram([[1, 2], [3, 4]]).data; // [5, 11, 11, 25]
   */
  gram(A: MatrixLike): Matrix {
    return checkResult(gram(this.#context, toMatrix(A, "A")), "A Aᵀ");
  }

  /**
   * Lower L with A = LLᵀ, for A symmetric positive definite (LAPACK potrf), in the precision of this Ntk.
   *
   * @throws RangeError where A is not symmetric, naming the entry; NotPositiveDefiniteError with the 0-based pivot.
   * @example
   * ntk.cholesky([[4, 2], [2, 5]]).data; // [2, 0, 1, 2]
   */
  cholesky(A: MatrixLike): Matrix {
    return cholesky(this.#context, toMatrix(A, "A", { finite: false }));
  }

  /**
   * A⁻¹B for A n×n and B n×k. A symmetric A must be positive definite, and goes through Cholesky (LAPACK potrf, potrs);
   * any other goes through LU with partial pivoting (gesvx: rows and columns are scaled by powers of two). `method`
   * says otherwise: `"lu"` solves with a symmetric A that is not definite. With precision `"float32"` a symmetric solve
   * is LAPACK's dsposv, float64's residual from a float32 factor, where that is faster: n above 100 (k + 5). LU is
   * float64 always.
   *
   * @throws RangeError for bad input, and where method is `"cholesky"` and A is not symmetric;
   *   NotPositiveDefiniteError, SingularMatrixError with the 0-based pivot; MemoryLimitError.
   * @example
   * ntk.solve([[4, 2], [2, 5]], [8, 12]).data; // [1, 2]
   * ntk.solve([[0, 2], [1, 0]], [8, 12]).data; // [12, 4]
   * ntk.solve([[0, 1], [1, 0]], [8, 12], { method: "lu" }).data; // [12, 8]
   */
  solve(A: MatrixLike, B: MatrixLike, options?: SolveOptions): Matrix {
    const a = toMatrix(A, "A", { finite: false });
    const b = toMatrix(B, "B", { rows: a.rows });
    const method = options === undefined ? undefined : read(options, "solve", '{ method: "lu" }', SOLVE).method;
    return checkResult(solve(this.#context, a, b, method), "A⁻¹B");
  }

  /**
   * A⁻¹ for A n×n: through Cholesky, and symmetric to the bit, where A is symmetric positive definite, else through LU.
   * To solve systems, {@link solve} is faster and more accurate.
   *
   * @throws RangeError for bad input; SingularMatrixError with the 0-based pivot; MemoryLimitError.
   * @example
   * ntk.inverse([[0, 2], [4, 0]]).data; // [0, 0.25, 0.5, 0]
   */
  inverse(A: MatrixLike): Matrix {
    return checkResult(inverse(this.#context, toMatrix(A, "A", { finite: false })), "A⁻¹");
  }

  /**
   * The sign of det A and log |det A|, for A n×n: through Cholesky where A is symmetric positive definite, else through
   * LU. Nothing over- or underflows on the way.
   *
   * @throws RangeError for bad input; SingularMatrixError where the determinant is 0 to rounding; MemoryLimitError.
   * @example
   * ntk.logDeterminant([[0, 2], [1, 0]]); // { sign: -1, logDeterminant: 0.693… }
   */
  logDeterminant(A: MatrixLike): { sign: 1 | -1; logDeterminant: number } {
    return logDeterminant(this.#context, toMatrix(A, "A", { finite: false }));
  }

  /**
   * The X, n×k, with the least ‖AX − B‖ for A m×n and B m×k: the one of minimum norm, where A has fewer rows than
   * columns or columns that depend on others. Householder QR with column pivoting (Golub & Van Loan 5.4.2 and 5.5.6;
   * LAPACK gelsy), float64, in JavaScript on one thread. The answer is exact for a matrix within a few m n ε ‖A‖ of A
   * (Higham 2002, theorem 20.3). Gives the rank and the norm of each residual too.
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError.
   * @example
   * const { solution, rank, residualNorms } = ntk.leastSquares([[1, 0], [1, 1], [1, 2]], [1, 3, 5]);
   * solution.data; // [1, 2]: the line 1 + 2x
   * rank; // 2
   */
  leastSquares(A: MatrixLike, B: MatrixLike, options: LeastSquaresOptions = {}): LeastSquares {
    // A call on an Ntk that was disposed of is refused.
    void this.#context.ops;
    const a = toMatrix(A, "A");
    const b = toMatrix(B, "B", { rows: a.rows });
    return leastSquares(a, b, read(options, "leastSquares", "{ tolerance: 1e-10 }", LEAST_SQUARES));
  }

  /**
   * The singular value decomposition A = U Σ Vᵀ of A m×n, through {@link eigh} of the smaller of A Aᵀ and Aᵀ A. It is
   * right to a few kε σ₁²/σ_i in σ_i, k = min(m, n): large ones to all digits, small ones to fewer. What is at most
   * √(kε) σ₁ is left out, and `notes` says so. Singular vectors of the long side are orthogonal to a few
   * kε σ₁²/(σ_i σ_j), and of the short side to rounding (Golub & Van Loan 8.6.1).
   *
   * @throws TypeError, RangeError for bad input; MemoryLimitError; ConvergenceError.
   * @example
   * const { U, singularValues, V, rank } = ntk.svd([[3, 0], [0, -2], [0, 0]]);
   * singularValues; // [3, 2]
   * [U.rows, U.cols, V.rows, V.cols, rank]; // [3, 2, 2, 2, 2]
   */
  svd(A: MatrixLike): Svd {
    return svd(this.#context, toMatrix(A, "A"));
  }

  /**
   * Eigenvalues, ascending, and orthonormal eigenvectors in columns, of a symmetric A.
   *
   * @throws RangeError where A is not symmetric; ConvergenceError.
   * @example
   * ntk.eigh([[2, 1], [1, 2]]).values; // [1, 3]
   */
  eigh(A: MatrixLike): { values: Float64Array; vectors: Matrix } {
    const { values, vectors } = eigh(this.#context, toMatrix(A, "A", { finite: false }));
    return { values, vectors };
  }

  /** Gives the backend memory back to the engine; everything made from this Ntk is a BackendError afterwards. */
  dispose(): void {
    this.#drop();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A network and its inputs, checked. */
function checked(net: Network, X: MatrixLike): [Network, Matrix] {
  const value = validateNetwork(net);
  return [value, toMatrix(X, "X", { cols: value.inputs })];
}

/** The shape of X that a model prescribes. */
function columns({ inputs }: KernelSource): { cols?: number } {
  return inputs === undefined ? {} : { cols: inputs };
}
