/** The models of a cross-validation, with how each is fitted. All is checked before the first fit. */

import { toMatrix } from "../check.js";
import { taskOf } from "../classification/classifier.js";
import { OPTIONS as CLASSIFY, type ClassifyOptions } from "../classification/classifyOptions.js";
import type { Context } from "../context.js";
import { type Model, modelInWords, ownModel } from "../kernel/models.js";
import { classified, type Label } from "../labels.js";
import { toEntries } from "../lists.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { read, readWithin } from "../options.js";
import { checkData } from "../problem.js";
import { checkFitOptions, type FitOptions } from "../regression/fitOptions.js";
import { pointTermsOf } from "../regression/pointNoise.js";
import { tuning } from "../regression/tune.js";
import { OPTIONS as TUNE, type TuneOptions } from "../regression/tuneOptions.js";
import { isPlainObject } from "../scalars.js";
import { checkRun } from "../training/run.js";
import { TRAIN, TRAIN_EXAMPLE, type TrainOptions } from "../training/trainOptions.js";
import { isArray, reading } from "../words.js";
import { CANDIDATE_OPTIONS, type Candidate, type CandidateOptions, OWN_KEYS } from "./crossValidateOptions.js";

/** Models side by side. */
const MOST_MODELS = 10_000;

interface Common {
  name: string;
  model: Model;
  tune: TuneOptions | undefined;
}

export interface FitPlan extends Common {
  kind: "fit";
  options: FitOptions;
}

export interface ClassifyPlan extends Common {
  kind: "classify";
  options: ClassifyOptions;
}

export interface TrainPlan extends Common {
  kind: "train";
  model: Network;
  options: TrainOptions;
}

/** The rows: inputs, and targets or labels. */
export interface Targets {
  X: Matrix;
  Y: Matrix;
}

export interface Labelled {
  X: Matrix;
  labels: Label[];
  /** The place of each label among the classes. */
  index: Int32Array;
  classes: Label[];
}

export type Work =
  | { kind: "fit"; plans: (FitPlan | TrainPlan)[]; data: Targets }
  | { kind: "classify"; plans: ClassifyPlan[]; data: Labelled };

/** True for a model with options of its own. */
function isCandidate(value: unknown): value is Candidate {
  if (!isPlainObject(value, "the model")) return false;
  return reading("the model", () => Object.hasOwn(value, "model") && !Object.hasOwn(value, "kind"));
}

/** @throws TypeError, RangeError; MemoryLimitError */
export function planned(context: Context, models: unknown, X: MatrixLike, Y: unknown, common: CandidateOptions): Work {
  const list = isArray(models) ? toEntries(models, "models", "models", 1, MOST_MODELS) : [models];
  const candidates = list.map((value) => candidateOf(value, common));
  const classifying = candidates.filter(({ options }) => options.classify !== undefined).length;
  if (classifying > 0 && classifying < list.length)
    throw new RangeError(
      `crossValidate: ${classifying} of ${list.length} models classify; expected all or none, which share Y and the criterion`,
    );
  return classifying > 0 ? classifyWork(context, candidates, X, Y) : fitWork(context, candidates, X, Y as MatrixLike);
}

interface Given {
  name: string;
  model: Model;
  options: CandidateOptions;
}

function candidateOf(value: unknown, common: CandidateOptions): Given {
  if (!isCandidate(value))
    return { name: modelInWords(ownModel(value as Model)), model: ownModel(value as Model), options: common };
  const { name, model, ...own } = read(
    value,
    "crossValidate: a model",
    "{ model: net, ridge: 0.1 }",
    CANDIDATE_OPTIONS,
  );
  const copy = ownModel(model as Model);
  const options = { ...common } as Record<string, unknown>;
  // A way to a ridge stands in place of the common one.
  if (["ridge", "ridges", "tune"].some((key) => own[key as keyof typeof own] !== undefined))
    for (const key of ["ridge", "ridges", "tune"]) delete options[key];
  for (const key of OWN_KEYS) if (own[key] !== undefined) options[key] = own[key];
  const words = modelInWords(copy);
  return { name: name ?? (options.train === undefined ? words : `${words}, trained`), model: copy, options };
}

/** The options of `fit` among those of a candidate. */
function fitOptionsOf({ tune: _tune, classify: _classify, train: _train, ...options }: CandidateOptions): FitOptions {
  return defined(options);
}

function defined<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

/** A checked copy of the options of `tune`. */
function tuneOptionsOf(tune: unknown): TuneOptions | undefined {
  if (tune === undefined) return undefined;
  const {
    onProgress: _progress,
    signal: _signal,
    ...checked
  } = readWithin(tune, "tune", "{ weightStd: [0.5, 4] }", TUNE);
  return defined(checked);
}

function fitWork(context: Context, candidates: readonly Given[], Xlike: MatrixLike, Ylike: MatrixLike): Work {
  const X = copied(toMatrix(Xlike, "X"));
  const Y = copied(toMatrix(Ylike, "Y", { rows: X.rows }));
  const plans = candidates.map(({ name, model, options }): FitPlan | TrainPlan => {
    if (options.train !== undefined) return trainPlan(name, model, options, X, Y);
    const fit = fitOptionsOf(options);
    const checked = checkFitOptions(fit);
    checkData(context, model, X, Y, checked.outputs);
    const terms = pointTermsOf(checked, X.rows);
    const tune = tuneOptionsOf(options.tune);
    if (tune) {
      if (checked.ridge !== undefined || checked.ridges !== undefined)
        throw new RangeError("crossValidate: both tune and ridge, or ridges, are given; expected one of them");
      if (checked.mean !== "zero")
        throw new RangeError(
          `crossValidate: tune is given with mean "${checked.mean}", and rates models without it; expected a ridge`,
        );
      tune.centered ||= checked.centered;
      if (checked.outputs) tune.outputs ??= checked.outputs;
      tuning(context, model, X, Y, tune).return(undefined as never);
    }
    const own = defined({ ...checked, noise: terms?.noise?.slice(), weights: terms?.weights?.slice() });
    return { kind: "fit", name, model, tune, options: own };
  });
  return { kind: "fit", plans, data: { X, Y } };
}

/** What a fold cannot have of its own. */
const WITHOUT = ["onProgress", "onRecord", "signal", "state", "Xtest", "Ytest", "validation", "patience"] as const;

/** @throws TypeError, RangeError for what cannot be trained */
function trainPlan(name: string, model: Model, { train, tune }: CandidateOptions, X: Matrix, Y: Matrix): TrainPlan {
  if (tune) throw new RangeError("crossValidate: both train and tune are given; expected one of them");
  const options = readWithin(train, "train", TRAIN_EXAMPLE, TRAIN);
  for (const key of WITHOUT)
    if (options[key] !== undefined)
      throw new RangeError(`crossValidate: train has ${key}, which the folds do not share; expected none`);
  const net = ownNetwork(validateNetwork(model));
  checkRun(net, X, Y, options);
  // The loss as it was given: the checked one is no option.
  const own = defined({ ...options, loss: (train as TrainOptions).loss }) as TrainOptions;
  return { kind: "train", name, model: net, tune: undefined, options: own };
}

function classifyWork(context: Context, candidates: readonly Given[], Xlike: MatrixLike, labels: unknown): Work {
  const X = copied(toMatrix(Xlike, "X"));
  const asked = candidates.map(({ options }) => readWithin(options.classify, "classify", "{ scale: 10 }", CLASSIFY));
  const { classes, index } = classified(labels, asked[0].classes, X.rows, "crossValidate");
  const own = Array.from(index, (place) => classes[place]);
  const plans = candidates.map(({ name, model, options }, i): ClassifyPlan => {
    const left = Object.keys(fitOptionsOf(options));
    if (left.length > 0)
      throw new RangeError(
        `crossValidate: ${left.join(", ")} given beside classify; expected classify: { ridge, scale, … } or tune`,
      );
    if (options.train !== undefined)
      throw new RangeError("crossValidate: train is given beside classify; expected one of them");
    taskOf(context, model, X, own, classes, asked[i]);
    const tune = tuneOptionsOf(options.tune);
    if (tune) tune.criterion = "laplace";
    if (tune) tuning(context, model, X, own as never, tune).return(undefined as never);
    return { kind: "classify", name, model, tune, options: { ...asked[i], classes } };
  });
  return { kind: "classify", plans, data: { X, labels: own, index, classes } };
}
