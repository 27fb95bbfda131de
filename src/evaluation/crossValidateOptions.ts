/** The options of `ntk.crossValidate`, their checks, and what it returns. */
import { checkPositiveInteger } from "../check.js";
import type { ClassifyOptions } from "../classification/classifyOptions.js";
import type { Model } from "../kernel/models.js";
import type { Label, Labels } from "../labels.js";
import type { Matrix } from "../matrix.js";
import { any, type Check, callback, choice, count, optional, or, type Schema, seed, signal } from "../options.js";
import type { FitOptions } from "../regression/fitOptions.js";
import type { TuneOptions } from "../regression/tuneOptions.js";
import type { Signal } from "../signal.js";
import type { TrainOptions } from "../training/trainOptions.js";
import { describe, refusal } from "../words.js";

/** How each fold is fitted. With `tune` and with `classify` no option of `fit` counts but those named there. */
export interface CandidateOptions extends Omit<FitOptions, "onProgress" | "signal"> {
  /**
   * The model, and its ridge or scale, are tuned on the rows of each fit alone: `ntk.tune` with these options. An empty
   * object tunes the ridge.
   */
  tune?: Omit<TuneOptions, "onProgress" | "signal">;
  /**
   * Y are labels, and each fold is classified with these options of `ntk.classify`. An empty object takes its defaults.
   */
  classify?: ClassifyOptions;
  /**
   * The model is a finite network, and each fold really trains it, from its own start: `ntk.train` with these options.
   * A trained network has no band, so its scores are `rmse` and `r2`. No option of `fit` counts beside it.
   */
  train?: Omit<
    TrainOptions,
    "onProgress" | "onRecord" | "signal" | "state" | "Xtest" | "Ytest" | "validation" | "patience"
  >;
}

/** A model with options of its own, which stand in place of the common ones. */
export interface Candidate<M extends Model = Model> extends CandidateOptions {
  /** Default: the model in a few words. */
  name?: string;
  model: M;
}

export interface CrossValidateOptions extends CandidateOptions {
  /**
   * Parts of the rows, from 2 to N; default 5. `"loo"`: leave-one-out from one fit of all rows. It has `rmse` and `r2`
   * alone.
   */
  folds?: number | "loo";
  /** Permutations of the rows, each cut into folds; default 1, at most 10 000. */
  repeats?: number;
  /** Seed of the permutations; default 0. */
  seed?: number;
  /** A label for each row: rows of one group are all seen, or all unseen. */
  groups?: Labels;
  /**
   * Standardise by the mean and deviation of the rows that a fit sees: `"inputs"`, or `"both"` inputs and targets.
   * Errors are in the units of Y either way. Default: nothing is standardised.
   */
  standardize?: "inputs" | "both";
  /** What `best` and `differences` go by. Default `rmse`, and `logLoss` for labels. */
  criterion?: Metric;
  /** Called after each fold of each model. */
  onProgress?: (progress: CrossValidateProgress) => void;
  /** Stops between folds, and between the kernels of `tune`: the folds so far are returned, with `aborted: true`. */
  signal?: Signal;
}

export type Metric = "rmse" | "r2" | "nlpd" | "coverage" | "accuracy" | "logLoss";

/** Scores of rows that a fit has not seen. Those of regressions, or those of classifiers, are there. */
export interface Metrics {
  /** Regressions: as in `fit.score`. */
  rmse?: number | undefined;
  r2?: number | undefined;
  nlpd?: number | undefined;
  coverage?: number | undefined;
  /** Classifiers: as in `classifier.score`. */
  accuracy?: number | undefined;
  logLoss?: number | undefined;
}

export interface CrossValidateProgress {
  /** Place of the model among the models. */
  model: number;
  repeat: number;
  fold: number;
  /** Fits that are done, of `total`. */
  done: number;
  total: number;
}

export interface FoldScore extends Metrics {
  repeat: number;
  fold: number;
  /** Rows that were scored. */
  rows: number;
  /** The ridge of the fit; of a classifier the scale. */
  ridge?: number;
  scale?: number;
}

export interface ModelScore {
  name: string;
  folds: FoldScore[];
  /** Means over the folds. */
  mean: Metrics;
  /**
   * Standard errors of the means. Fits share rows, so the variance of the folds counts 1/J + n_test/n_train times for J
   * folds (Nadeau & Bengio 2003).
   */
  standardError: Metrics;
  /**
   * What the fits that have not seen a row predict there, N×C: means, or the probabilities of the classes. With
   * `repeats` it is the mean over the repeats.
   */
  predictions: Matrix;
  /** What was unusual, a sentence each, with the number of folds in which it was. */
  notes: string[];
}

/** A model beside the best one, fold by fold on the same rows. */
export interface PairedDifference {
  name: string;
  /** Mean of (its criterion − that of the best model) over the folds. */
  mean: number | undefined;
  /** As in {@link ModelScore.standardError}. A difference below twice its error says little. */
  standardError: number | undefined;
}

export interface CrossValidated {
  /** In the order given. */
  models: ModelScore[];
  /** Place of the best model; undefined where no fold was done or the criterion does not exist. */
  best: number | undefined;
  criterion: Metric;
  /** Each other model against the best. */
  differences: PairedDifference[];
  /** Of labels: the classes, in the order of the columns of `predictions`. */
  classes?: Label[];
  aborted: boolean;
}

const METRICS = ["rmse", "r2", "nlpd", "coverage", "accuracy", "logLoss"] as const;

/** More repeats than this are a slip: the standard error of the mean hardly falls from a hundred on. */
const MOST_REPEATS = 10_000;

const repeats: Check<number> = (value, name) => {
  checkPositiveInteger(value, name, MOST_REPEATS);
  return value;
};

const text: Check<string> = (value, name) => {
  if (typeof value === "string") return value;
  throw refusal(new TypeError(`${name} is ${describe(value)}; expected a string`));
};

const foldCount: Check<number | "loo"> = (value, name) => (value === "loo" ? value : count(value, name));

const CANDIDATE = {
  ridge: any,
  ridges: any,
  noise: any,
  weights: any,
  perOutput: any,
  solver: any,
  traceError: any,
  rank: any,
  scale: any,
  centered: any,
  mean: any,
  outputs: any,
  tune: any,
  classify: any,
  train: any,
} satisfies Schema<CandidateOptions>;

export const CANDIDATE_OPTIONS = { ...CANDIDATE, name: optional(text), model: any } satisfies Schema<Candidate>;

export const OPTIONS = {
  ...CANDIDATE,
  folds: or(foldCount, 5),
  repeats: or(repeats, 1),
  seed: or(seed, 0),
  groups: any,
  standardize: optional(choice(["inputs", "both"])),
  criterion: optional(choice(METRICS)),
  onProgress: optional(callback),
  signal,
} satisfies Schema<CrossValidateOptions>;

/** Keys of what a candidate may have of its own. */
export const OWN_KEYS = Object.keys(CANDIDATE) as (keyof CandidateOptions)[];
