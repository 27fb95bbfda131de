/**
 * `Ntk`: every computation on one backend. What it adds to `Core` (core.ts) are training, classification, evaluation
 * and spectra, and fits that pause. Get one from `load()`.
 */

import { checkResult } from "./check.js";
import { type Classifier, classifyModel } from "./classification/classifier.js";
import type { ClassifyOptions } from "./classification/classifyOptions.js";
import { Core } from "./core.js";
import { crossValidating } from "./evaluation/crossValidate.js";
import type {
  Candidate,
  CrossValidated,
  CrossValidateOptions,
  CrossValidateProgress,
} from "./evaluation/crossValidateOptions.js";
import type { Model } from "./kernel/models.js";
import type { Label, Labels } from "./labels.js";
import type { Precision } from "./linalg/precision.js";
import type { Matrix, MatrixLike } from "./matrix.js";
import type { Network, NetworkOptions } from "./model/network.js";
import type { RandomFeatures } from "./model/randomFeatures.js";
import type { Backend } from "./ops.js";
import { alignmentOf } from "./regression/alignment.js";
import type { Batches } from "./regression/batchSource.js";
import { type FeatureModel, featuresOf } from "./regression/featureModel.js";
import { type Fit, fittingModel } from "./regression/fit.js";
import type { FitOptions, FitProgress, Fitting } from "./regression/fitOptions.js";
import { ITERATIVE } from "./regression/iterative.js";
import { type PrimalSums, type PrimalSumsLike, type PrimalSumsOptions, primalSumsOf } from "./regression/primalSums.js";
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

/** Tangent-kernel computations on one backend. Not shared between threads; cheap to make several. */
export class Ntk extends Core {
  /** @internal Use `load()`. */
  constructor(backend: Backend, precision: Precision = "float64", variantReason?: string, threadsReason?: string) {
    super(backend, precision, variantReason, threadsReason, ITERATIVE);
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
    return fittingModel(Core.contextOf(this), ITERATIVE, model, X, Y, options);
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
    return primalSumsOf(Core.contextOf(this), model, X, Y, options);
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
    return sumsFitOf(Core.contextOf(this), model, sums, options);
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
    return checkResult(featuresOf(Core.contextOf(this), model, X), "features(model, X)");
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
    return streamFitOf(Core.contextOf(this), model, batches, options);
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
    return classifyModel(Core.contextOf(this), model, X, labels, options);
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
    return drain(crossValidating(Core.contextOf(this), models, X, Y, options));
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
    return crossValidating(Core.contextOf(this), models, X, Y, options);
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
    return spectrumOf(Core.contextOf(this), model, X, Y, options);
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
    return alignmentOf(Core.contextOf(this), model, other, X);
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
    return dynamicsOf(Core.contextOf(this), model, X, Y, options);
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
    return trainNetwork(Core.contextOf(this), net, X, Y, options);
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
    return trainingOf(Core.contextOf(this), net, X, Y, options);
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
    return compareNetwork(Core.contextOf(this), net, X, Y, options);
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
    return comparingNetwork(Core.contextOf(this), net, X, Y, options);
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
    return sweepNetworks(Core.contextOf(this), X, Y, options);
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
    return sweepingNetworks(Core.contextOf(this), X, Y, options);
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
    return ensembleOf(Core.contextOf(this), model, X, Y, options);
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
    return kernelSamplesOf(Core.contextOf(this), options, X, sampling);
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
    return tune(Core.contextOf(this), model, X, Y, options) as Tuned<M>;
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
    return tuning(Core.contextOf(this), model, X, Y, options) as Generator<TunePoint, Tuned<M>, void>;
  }
}
