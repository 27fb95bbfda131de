/** The API of the worker version, derived from the plain one: what is added there is here, as a promise. */

import type { Classifier } from "../classification/classifier.js";
import type { ClassifyOptions, ClassPredictOptions } from "../classification/classifyOptions.js";
import type { ClassificationScore } from "../classification/score.js";
import type {
  Candidate,
  CrossValidated,
  CrossValidateOptions,
  CrossValidateProgress,
} from "../evaluation/crossValidateOptions.js";
import type { CustomKernel } from "../kernel/custom.js";
import type { Model } from "../kernel/models.js";
import type { Label, Labels } from "../labels.js";
import type { Matrix, MatrixLike } from "../matrix.js";
import type { Ntk } from "../ntk.js";
import type { Batches } from "../regression/batchSource.js";
import type { FeatureModel } from "../regression/featureModel.js";
import type { Fit } from "../regression/fit.js";
import type { FitCall, FitProgress, JointPrediction, Prediction, PredictOptions } from "../regression/fitOptions.js";
import type { Interval, IntervalOptions } from "../regression/jackknife.js";
import type { Report } from "../regression/report.js";
import type { Spectrum } from "../regression/spectrum.js";
import type { StreamOptions } from "../regression/stream.js";
import type { StreamFit } from "../regression/streamFit.js";
import type { StreamReport } from "../regression/streamReport.js";
import type { BinnedNoise } from "../regression/tuneNoise.js";
import type { Tuned, TuneOptions, TunePoint } from "../regression/tuneOptions.js";
import type { Signal } from "../signal.js";
import type { Dynamics } from "../training/dynamics.js";
import type { Ensemble, EnsembleOutputs, EnsembleQuery } from "../training/ensemble.js";
import type { Linearized } from "../training/linearize.js";
import type { KernelSamples } from "../training/sampleKernel.js";

/** What can be sent to a worker: a kernel of one's own has functions, which cannot. */
export type SentModel = Exclude<Model, CustomKernel>;

/** Options of a call get a `signal`; data stay what they are, but for models that cannot be sent. */
type WithSignal<T> =
  NonNullable<T> extends MatrixLike | Model | ArrayLike<number> | number | string | { inputs: number }
    ? Exclude<T, CustomKernel>
    : T & { signal?: Signal };

type Parameters_<P extends unknown[]> = { [K in keyof P]: WithSignal<P[K]> };

type Answer<R> = R extends Fit
  ? AsyncFit
  : R extends StreamFit
    ? AsyncStreamFit
    : R extends Dynamics
      ? AsyncDynamics
      : R extends Ensemble
        ? AsyncEnsemble
        : R extends KernelSamples
          ? AsyncKernelSamples
          : R extends Linearized
            ? AsyncLinearized
            : R extends Spectrum
              ? AsyncSpectrum
              : R;

type Member<M> = M extends (...args: infer P) => infer R
  ? R extends Generator<infer Y, infer Z, void>
    ? (...args: { [K in keyof P]: Exclude<P[K], CustomKernel> }) => AsyncGenerator<Y, Answer<Z>, void>
    : (...args: Parameters_<P>) => Promise<Answer<R>>
  : M;

/** Fields as they are, methods as promises. */
export type Remote<T, Omitted extends string = never> = {
  readonly [K in Exclude<Extract<keyof T, string>, "dispose" | Omitted>]: Member<T[K]>;
};

/** Lives in the worker until it is disposed of or collected. */
export interface RemoteObject {
  /** Frees it in the worker, after the calls made before. Using it afterwards is a BackendError. */
  dispose(): void;
  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void;
}

/** The fields of a report, without its methods. */
type FieldsOf<R> = Exclude<keyof R, "toJSON">;

/** A `Fit` in the worker. */
export interface AsyncFit extends Remote<Fit, "report" | "model" | "predict">, RemoteObject {
  /** As `predict` of a {@link Fit}. */
  predict(
    X: MatrixLike,
    options: PredictOptions & { signal?: Signal; interval: IntervalOptions },
  ): Promise<Prediction & { interval: Interval }>;
  predict(
    X: MatrixLike,
    options: PredictOptions & { signal?: Signal } & { variance?: true; covariance: true },
  ): Promise<JointPrediction>;
  predict(
    X: MatrixLike,
    options?: PredictOptions & { signal?: Signal } & { variance?: true },
  ): Promise<Prediction & { variance: Matrix }>;
  predict(X: MatrixLike, options?: PredictOptions & { signal?: Signal }): Promise<Prediction>;
  /**
   * Fields of the report as a plain object: the named ones, or all. Each is computed when first asked for; some cost an
   * eigendecomposition.
   */
  report<Field extends FieldsOf<Report> = FieldsOf<Report>>(fields?: readonly Field[]): Promise<Pick<Report, Field>>;
}

/** A `StreamFit` in the worker. */
export interface AsyncStreamFit extends Remote<StreamFit, "report" | "predict">, RemoteObject {
  /** As `predict` of a {@link StreamFit}. */
  predict(
    X: MatrixLike,
    options: PredictOptions & { signal?: Signal } & { variance?: true; covariance: true },
  ): Promise<JointPrediction>;
  predict(
    X: MatrixLike,
    options?: PredictOptions & { signal?: Signal } & { variance?: true },
  ): Promise<Prediction & { variance: Matrix }>;
  predict(X: MatrixLike, options?: PredictOptions & { signal?: Signal }): Promise<Prediction>;
  /** Fields of the report as a plain object, as those of {@link AsyncFit.report}. */
  report<Field extends FieldsOf<StreamReport> = FieldsOf<StreamReport>>(
    fields?: readonly Field[],
  ): Promise<Pick<StreamReport, Field>>;
}

/** A `Classifier` in the worker: its classes and its report are here. */
export interface AsyncClassifier<L extends Label = Label> extends Remote<Classifier<L>, "score">, RemoteObject {
  /** As `score` of a {@link Classifier}. */
  score(
    X: MatrixLike,
    labels: Labels<L>,
    options?: ClassPredictOptions & { signal?: Signal },
  ): Promise<ClassificationScore>;
}

/** A `Dynamics` in the worker. */
export interface AsyncDynamics extends Remote<Dynamics, "at" | "outputsAt" | "walk">, RemoteObject {
  at(t: number, X?: MatrixLike): Promise<Matrix>;
  at(t: ArrayLike<number>, X?: MatrixLike): Promise<Matrix[]>;
}

/** An `Ensemble` in the worker. */
export interface AsyncEnsemble extends Remote<Ensemble, "at">, RemoteObject {
  at(t: number, X?: MatrixLike, query?: EnsembleQuery): Promise<EnsembleOutputs>;
  at(t: ArrayLike<number>, X?: MatrixLike, query?: EnsembleQuery): Promise<EnsembleOutputs[]>;
}

/** A `Spectrum` in the worker: its fields are here. */
export interface AsyncSpectrum extends Remote<Spectrum>, RemoteObject {}

/** A first-order model in the worker. */
export interface AsyncLinearized extends Remote<Linearized>, RemoteObject {}

/** The mean of the kernels drawn so far, and its standard error. */
export type KernelEstimate = Pick<KernelSamples, "draws" | "total" | "mean" | "standardError">;

/** A `KernelSamples` in the worker. */
export interface AsyncKernelSamples extends RemoteObject, AsyncIterable<KernelEstimate> {
  /** Networks to draw. */
  readonly total: number;
  /** Draws one more network; false where all have been drawn. */
  step(): Promise<boolean>;
  /** What there is so far. */
  estimate(): Promise<KernelEstimate>;
  /**
   * Draws what is left. `onProgress` is called after each draw. A signal stops between draws: the estimate so far is
   * returned.
   */
  result(options?: { onProgress?: (estimate: KernelEstimate) => void; signal?: Signal }): Promise<KernelEstimate>;
}

/**
 * An `Ntk` in a worker: the same methods, as promises. Calls are answered in order. A kernel of one's own cannot be
 * sent: its functions stay where they are. `threads` and `threadsReason` are what they were when it was loaded.
 */
export interface AsyncNtk
  extends Remote<
    Ntk,
    | "classify"
    | "crossValidate"
    | "crossValidating"
    | "fit"
    | "fitting"
    | "fitStream"
    | "sampleKernel"
    | "tune"
    | "tuning"
  > {
  readonly fit: FitCall<SentModel, Promise<AsyncFit>>;
  readonly fitting: FitCall<SentModel, AsyncGenerator<FitProgress, AsyncFit, void>>;
  classify<L extends Label>(
    model: SentModel,
    X: MatrixLike,
    labels: Labels<L>,
    options?: ClassifyOptions<L> & { signal?: Signal },
  ): Promise<AsyncClassifier<L>>;
  crossValidate(
    models: SentModel | readonly (SentModel | Candidate<SentModel>)[],
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options?: CrossValidateOptions,
  ): Promise<CrossValidated>;
  crossValidating(
    models: SentModel | readonly (SentModel | Candidate<SentModel>)[],
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options?: CrossValidateOptions,
  ): AsyncGenerator<CrossValidateProgress, CrossValidated, void>;
  /** The batches are iterated on the calling side, and sent one by one. */
  fitStream(model: FeatureModel, batches: Batches, options?: StreamOptions): Promise<AsyncStreamFit>;
  tune<M extends SentModel>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike,
    options: TuneOptions & { noise: "binned" },
  ): Promise<Tuned<M> & { noise: BinnedNoise }>;
  tune<M extends SentModel>(model: M, X: MatrixLike, Y: MatrixLike | Labels, options?: TuneOptions): Promise<Tuned<M>>;
  tuning<M extends SentModel>(
    model: M,
    X: MatrixLike,
    Y: MatrixLike | Labels,
    options?: TuneOptions,
  ): AsyncGenerator<TunePoint, Tuned<M>, void>;
  sampleKernel(...args: Parameters<Ntk["sampleKernel"]>): Promise<AsyncKernelSamples>;
  /** Waits for the calls made so far, then ends the worker. Later ones are a BackendError. */
  dispose(): Promise<void>;
  /** Ends the worker at once, whatever it does; calls without an answer are a BackendError. */
  terminate(): void;
  /** {@link dispose}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
