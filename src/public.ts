/** The public names that every entry has: all but `load`. */
export { BackendError, ConvergenceError, MemoryLimitError, NotPositiveDefiniteError } from "./errors.js";
export type { CustomKernel, Model } from "./kernel/source.js";
export type { Matrix, MatrixLike, NumberArray, NumberList } from "./matrix.js";
export type { Activation } from "./model/activation.js";
export { createInfiniteNetwork, type InfiniteNetwork, type InfiniteNetworkOptions } from "./model/infinite.js";
export type { Init } from "./model/init.js";
export { type Initialization, initialization } from "./model/initialization.js";
export {
  type Block,
  createNetwork,
  type Network,
  type NetworkOptions,
  type NetworkShape,
  type Parametrization,
} from "./model/network.js";
export type { Ntk } from "./ntk.js";
export type { CompareOptions, Comparison } from "./predict/compare.js";
export type { DescentOptions } from "./predict/descent.js";
export type { Dynamics, DynamicsOptions } from "./predict/dynamics.js";
export type { Ensemble, EnsembleOptions, EnsembleOutputs, EnsembleQuery } from "./predict/ensemble.js";
export type { Measure } from "./predict/exponents.js";
export type { Fit, FitOptions, Prediction, PredictOptions } from "./predict/fit.js";
export type { Linearized } from "./predict/linearize.js";
export type { OutputPoint, PathPoint } from "./predict/path.js";
export type { TrainingRecord } from "./predict/record.js";
export type { OutputReport, Report } from "./predict/report.js";
export type { RestoreOptions } from "./predict/restore.js";
export type { KernelSamples, SampleKernelOptions } from "./predict/sampleKernel.js";
export type { SampleOptions } from "./predict/samples.js";
export type {
  Exponent,
  Sweep,
  SweepExponents,
  SweepOptions,
  SweepProgress,
  SweepRate,
  SweepRun,
  SweepSummary,
} from "./predict/sweep.js";
export type { Progress, Trained, TrainOptions } from "./predict/train.js";
export type { Tuned, TuneOptions, TunePoint } from "./predict/tune.js";
export type { UpdateOptions } from "./predict/update.js";
export { type Label, type OneHot, oneHot, type Standardized, standardize } from "./prepare.js";
export type { Signal } from "./signal.js";
