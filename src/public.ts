/** The public names that every entry has: all but `load`. */

export type { Classifier, ClassifierReport } from "./classification/classifier.js";
export type { ClassifyOptions, ClassPrediction, ClassPredictOptions } from "./classification/classifyOptions.js";
export type { ClassificationScore } from "./classification/score.js";
export type { Core } from "./core.js";
export { type ColumnDescription, type DataDescription, describeData, type TableLike } from "./describeData.js";
export { get, toArray } from "./entries.js";
export {
  BackendError,
  ConvergenceError,
  MemoryLimitError,
  NotPositiveDefiniteError,
  SingularMatrixError,
} from "./errors.js";
export type {
  Candidate,
  CandidateOptions,
  CrossValidated,
  CrossValidateOptions,
  CrossValidateProgress,
  FoldScore,
  Metric,
  Metrics,
  ModelScore,
  PairedDifference,
} from "./evaluation/crossValidateOptions.js";
export { checkKernel, type KernelCheck } from "./kernel/checkKernel.js";
export type { CustomKernel } from "./kernel/custom.js";
export type { KernelTile, KernelTilesOptions } from "./kernel/kernelTiles.js";
export {
  type ComposedModel,
  type InputScaledModel,
  inputScaled,
  linearKernel,
  type Model,
  type PrecomputedKernel,
  type ProductModel,
  precomputed,
  productOf,
  type ScaledModel,
  type SumModel,
  scaled,
  sumOf,
} from "./kernel/models.js";
export type { Labels } from "./labels.js";
export type { SolveOptions } from "./linalg/dense.js";
export type { SampleOptions } from "./linalg/gaussianSamples.js";
export type { LeastSquares, LeastSquaresOptions } from "./linalg/leastSquares.js";
export type { Svd } from "./linalg/svd.js";
export type { Matrix, MatrixLike, NumberArray, NumberList } from "./matrix.js";
export type { Activation, ActivationDescription, ActivationName } from "./model/activation.js";
export { type DefinedActivation, defineActivation } from "./model/definedActivation.js";
export {
  type NetworkFromLayersOptions,
  type NetworkLayer,
  networkFromLayers,
  type Tensor,
} from "./model/fromLayers.js";
export {
  createInfiniteNetwork,
  type InfiniteNetwork,
  type InfiniteNetworkOptions,
  type InfiniteNetworkSettings,
  type InfiniteWidth,
} from "./model/infinite.js";
export { type Initialization, initialization } from "./model/initialization.js";
export type { Init } from "./model/initSchemes.js";
export type { PriorMean } from "./model/meanBasis.js";
export {
  type Block,
  createNetwork,
  type Network,
  type NetworkOptions,
  type NetworkShape,
  type Parametrization,
} from "./model/network.js";
export type { PerLayer, Rates } from "./model/perLayer.js";
export { type RandomFeatures, type RandomFeaturesOptions, randomFeatures } from "./model/randomFeatures.js";
export {
  type MaternOptions,
  maternKernel,
  type PeriodicOptions,
  periodicKernel,
  type RbfOptions,
  rbfKernel,
  type StationaryKernel,
} from "./model/stationary.js";
export type { Ntk } from "./ntk.js";
export { type Label, type OneHot, oneHot, type Standardized, standardize } from "./prepare.js";
export type { Batch, Batches } from "./regression/batchSource.js";
export type { FeatureModel } from "./regression/featureModel.js";
export type { Fit } from "./regression/fit.js";
export type {
  FitCall,
  FitOptions,
  FitProgress,
  Fitting,
  JointPrediction,
  Prediction,
  PredictionGradient,
  PredictOptions,
} from "./regression/fitOptions.js";
export type { Interval, IntervalOptions } from "./regression/jackknife.js";
export type { LearningCurve, LearningCurveOptions } from "./regression/learningCurve.js";
export { addSums, type PrimalSums, type PrimalSumsLike, type PrimalSumsOptions } from "./regression/primalSums.js";
export type { OutputReport, Report } from "./regression/report.js";
export type { RestoreOptions } from "./regression/restore.js";
export type { OutputPoint, PathPoint } from "./regression/ridgePath.js";
export type { OutputScore, RegressionScore } from "./regression/score.js";
export type { Approximation } from "./regression/solution.js";
export type { Spectrum, SpectrumOptions } from "./regression/spectrum.js";
export type { StreamOptions, StreamProgress } from "./regression/stream.js";
export { StreamError } from "./regression/streamError.js";
export type { StreamFit } from "./regression/streamFit.js";
export type { StreamReport } from "./regression/streamReport.js";
export type { SumsFitOptions } from "./regression/sumsSolver.js";
export { type BinnedNoise, noiseAt } from "./regression/tuneNoise.js";
export type { Tuned, TuneOptions, TunePoint } from "./regression/tuneOptions.js";
export type { UpdateOptions } from "./regression/updatePlan.js";
export type { Signal } from "./signal.js";
export type { CompareOptions, Comparison } from "./training/compare.js";
export type { DescentOptions } from "./training/descent.js";
export type { Dynamics, DynamicsOptions } from "./training/dynamics.js";
export type { Ensemble, EnsembleOptions, EnsembleOutputs, EnsembleQuery } from "./training/ensemble.js";
export type { Exponent, Measure, SweepExponents, SweepRate, SweepRun, SweepSummary } from "./training/exponents.js";
export type { Trained } from "./training/group.js";
export type { Linearized } from "./training/linearize.js";
export type { Loss, OwnLoss } from "./training/loss.js";
export type { OptimizerOptions } from "./training/optimizer.js";
export type { TrainingRecord } from "./training/recorder.js";
export type { KernelSamples, SampleKernelOptions } from "./training/sampleKernel.js";
export type { TrainingState, TrainingStateLike } from "./training/state.js";
export type { Sweep, SweepOptions, SweepProgress } from "./training/sweep.js";
export type { Measured, Progress, Recorded, TrainOptions, Validation } from "./training/trainOptions.js";
