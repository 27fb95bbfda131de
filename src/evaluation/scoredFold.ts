/** One fold: fitted on the rows that are seen, scored on the others. */
import { classifyModel } from "../classification/classifier.js";
import type { Context } from "../context.js";
import { forward } from "../kernel/finite/tangents.js";
import { type Matrix, matrix, pickRows } from "../matrix.js";
import { standardize } from "../prepare.js";
import { type Fit, fittingModel } from "../regression/fit.js";
import type { FitOptions } from "../regression/fitOptions.js";
import { ITERATIVE } from "../regression/iterative.js";
import { scoreOf } from "../regression/score.js";
import { tuning } from "../regression/tune.js";
import { noiseAt } from "../regression/tuneNoise.js";
import type { Tuned } from "../regression/tuneOptions.js";
import type { Signal } from "../signal.js";
import { trainingOf } from "../training/train.js";
import type { Metrics } from "./crossValidateOptions.js";
import type { Fold } from "./folds.js";
import type { ClassifyPlan, FitPlan, Labelled, Targets, TrainPlan } from "./plan.js";

/** How a fold is prepared, and when it is given up. */
export interface Manner {
  standardize: "inputs" | "both" | undefined;
  signal: Signal | undefined;
}

/** What one fold gives. */
export interface Scored {
  metrics: Metrics;
  ridge?: number;
  scale?: number;
  /** Rows of the fold × outputs or classes. */
  predictions: Matrix;
  notes: string[];
}

type Slices = Generator<void, Scored | undefined, void>;

/** The inputs of both parts of a fold. */
function inputsOf(X: Matrix, { train, test }: Fold, manner: Manner): [Matrix, Matrix] {
  const [seen, unseen] = [pickRows(X, train), pickRows(X, test)];
  if (!manner.standardize) return [seen, unseen];
  const { X: own, apply } = standardize(seen);
  return [own, apply(unseen)];
}

/** Runs `tune` on the rows that are seen; undefined where the signal has ended it. */
function* tuned(search: Generator<unknown, Tuned, void>): Generator<void, Tuned | undefined, void> {
  for (;;) {
    const { done, value } = search.next();
    if (done) return value.aborted ? undefined : value;
    yield;
  }
}

/** A regression on one fold. Undefined where the signal has ended it. */
export function* scoredFit(context: Context, plan: FitPlan, data: Targets, fold: Fold, manner: Manner): Slices {
  const [X, Xnew] = inputsOf(data.X, fold, manner);
  const [given, unseen] = [pickRows(data.Y, fold.train), pickRows(data.Y, fold.test)];
  const units = manner.standardize === "both" ? standardize(given) : undefined;
  const Y = units?.X ?? given;
  let { model, options } = plan;
  options = { ...options, ...pickedTerms(plan.options, fold.train) };
  let added = pickedTerms(plan.options, fold.test);
  if (plan.tune) {
    const found = yield* tuned(tuning(context, model, X, Y, { ...plan.tune, ...signalOf(manner) }));
    if (!found) return undefined;
    model = found.model;
    options = { ...options, ridge: found.ridge };
    if (found.noise) {
      options = { ...options, noise: noiseAt(found.noise, X) };
      added = { noise: noiseAt(found.noise, Xnew) };
    }
  }
  const fit = yield* fitted(fittingModel(context, ITERATIVE, model, X, Y, { ...options, ...signalOf(manner) }));
  try {
    if (manner.signal?.aborted) return undefined;
    const { mean, variance } = predicted(fit, Xnew, added);
    const predictions = units ? units.invert(mean) : mean;
    const spreads = units ? matrix(variance.rows, variance.cols, scaledBack(variance, units.std)) : variance;
    const { r2, rmse, nlpd, coverage } = scoreOf(predictions, spreads, unseen);
    const { ridge, notes } = fit.report;
    return { metrics: { r2, rmse, nlpd, coverage }, ridge, predictions, notes };
  } finally {
    fit.dispose();
  }
}

function* fitted(slices: Generator<unknown, Fit, void>): Generator<void, Fit, void> {
  for (;;) {
    const { done, value } = slices.next();
    if (done) return value;
    yield;
  }
}

function signalOf({ signal }: Manner): { signal?: Signal } {
  return signal ? { signal } : {};
}

type Terms = Pick<FitOptions, "noise" | "weights">;

/** The variances and weights of some rows. */
function pickedTerms({ noise, weights }: Terms, rows: readonly number[]): Terms {
  const picked = (values: ArrayLike<number>) => Float64Array.from(rows, (row) => values[row]);
  return { ...(noise ? { noise: picked(noise) } : {}), ...(weights ? { weights: picked(weights) } : {}) };
}

/** Mean and variance of an observation at new rows. Its noise is s(λ/w_i + λ_i) where rows have terms of their own. */
function predicted(fit: Fit, X: Matrix, { noise, weights }: Terms): { mean: Matrix; variance: Matrix } {
  const { mean, variance } = fit.predict(X, { noise: true });
  if (!noise && !weights) return { mean, variance };
  const latent = weights && fit.predict(X).variance.data;
  const { scales } = fit.report;
  const C = variance.cols;
  variance.data.forEach((value, at) => {
    const i = Math.floor(at / C);
    const own = noise ? scales[at % C] * noise[i] : 0;
    variance.data[at] = own + (latent && weights ? latent[at] + (value - latent[at]) / weights[i] : value);
  });
  return { mean, variance };
}

/** Variances of standardised targets in the units of the targets. */
function scaledBack({ data, cols }: Matrix, std: Float64Array): Float64Array {
  return data.map((value, at) => value * std[at % cols] ** 2);
}

/** A network that one fold trains from its start. Undefined where the signal has ended it. */
export function* scoredTraining(context: Context, plan: TrainPlan, data: Targets, fold: Fold, manner: Manner): Slices {
  const [X, Xnew] = inputsOf(data.X, fold, manner);
  const [given, unseen] = [pickRows(data.Y, fold.train), pickRows(data.Y, fold.test)];
  const units = manner.standardize === "both" ? standardize(given) : undefined;
  const options = { recordAt: [], ...plan.options, ...signalOf(manner) };
  const slices = trainingOf(context, plan.model, X, units?.X ?? given, options);
  let slice = slices.next();
  while (!slice.done) {
    yield;
    slice = slices.next();
  }
  if (slice.value.aborted) return undefined;
  const outputs = forward(context, slice.value.network, Xnew);
  const predictions = units ? units.invert(outputs) : outputs;
  const { r2, rmse } = scoreOf(predictions, matrix(outputs.rows, outputs.cols), unseen);
  return { metrics: { r2, rmse }, predictions, notes: [] };
}

/** A classification of one fold. Undefined where the signal has ended it. */
export function* scoredClasses(
  context: Context,
  plan: ClassifyPlan,
  data: Labelled,
  fold: Fold,
  manner: Manner,
): Slices {
  const [X, Xnew] = inputsOf(data.X, fold, manner);
  const [labels, unseen] = [fold.train, fold.test].map((rows) => rows.map((row) => data.labels[row]));
  let { model, options } = plan;
  if (plan.tune) {
    const found = yield* tuned(tuning(context, model, X, labels as never, { ...plan.tune, ...signalOf(manner) }));
    if (!found) return undefined;
    model = found.model;
    options = { ...options, scale: found.scale as number };
  }
  if (manner.signal?.aborted) return undefined;
  const classifier = classifyModel(context, model, X, labels as string[], options as never);
  try {
    const { accuracy, logLoss } = classifier.score(Xnew, unseen as string[]);
    const { probabilities } = classifier.predict(Xnew);
    const { scale, notes } = classifier.report;
    return { metrics: { accuracy, logLoss }, scale, predictions: probabilities, notes };
  } finally {
    classifier.dispose();
  }
}
