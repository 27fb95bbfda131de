/** The options of `ntk.classify` and of its predictions, their checks, and what a prediction is. */
import type { Label } from "../labels.js";
import { SAMPLES } from "../linalg/gaussianSamples.js";
import type { Matrix } from "../matrix.js";
import { any, type Check, choice, count, nonNegative, or, positive, type Schema } from "../options.js";
import { describe, refusal } from "../words.js";

export interface ClassifyOptions<L extends Label = Label> {
  /**
   * - `laplace` (default): the Laplace approximation of a Gaussian process with a logistic likelihood (two classes) or
   *   a softmax likelihood. Its evidence compares models.
   * - `dirichlet`: regression on transformed labels, with noise for each class (Milios et al. 2018). No iteration; its
   *   evidence is that of the transformed labels.
   * - `ridge`: kernel ridge regression of one-hot labels, the baseline. Its probabilities are clipped and divided by
   *   their sum.
   */
  method?: "laplace" | "dirichlet" | "ridge";
  /**
   * λ ≥ 0, absolute: added to the diagonal of the kernel at the training points. For `laplace` it is the variance of
   * jitter of the latent functions, for `dirichlet` it is added to the noise, for `ridge` it is the ridge. Default 0.
   */
  ridge?: number;
  /**
   * Multiplies the kernel, > 0. Default 1. With `"fit"` it is the scale of the largest evidence: an evidence for each
   * of some 12 scales. `ridge` is not multiplied.
   */
  scale?: number | "fit";
  /**
   * The classes in order, or a number C for 0, …, C − 1. Default: the distinct labels, numbers ascending, strings by
   * code point, false before true.
   */
  classes?: number | readonly L[];
  /** α_ε of method `dirichlet`: how many rows of each class every row counts for. Default 0.01. */
  concentration?: number;
}

export interface ClassPredictOptions {
  /**
   * Draws behind E[softmax(f)], for three classes and more. They are quasi-random and the same for every point. Default
   * 2048.
   */
  draws?: number;
  /** Integer in [0, 2^53) that shifts the draws; default 0. */
  seed?: number;
}

export interface ClassPrediction<L extends Label = Label> {
  /** The most probable class of each row; of equal ones the first. */
  labels: L[];
  /** N*×C, in the order of `classes`; rows sum to 1. */
  probabilities: Matrix;
  /**
   * Means of the latent functions, N*×C. `laplace` has one function for two classes, the log odds of the second: N*×1.
   * Those of `ridge` are the regression's predictions.
   */
  mean: Matrix;
  /** Variances of the latent functions, in the shape of `mean`. */
  variance: Matrix;
}

/** A number > 0 or "fit". */
const scaleOrSearch: Check<number | "fit"> = (value, name) => {
  if (typeof value === "number") return positive(value, name);
  if (value === "fit") return value;
  throw refusal(new TypeError(`${name} is ${describe(value)}; expected a number > 0 or "fit"`));
};

export const METHODS = ["laplace", "dirichlet", "ridge"] as const;

export const OPTIONS = {
  method: or(choice(METHODS), "laplace"),
  ridge: or(nonNegative, 0),
  scale: or(scaleOrSearch, 1),
  classes: any,
  concentration: or(positive, 0.01),
} satisfies Schema<ClassifyOptions>;

export const PREDICT = { draws: or(count, 2048), seed: SAMPLES.seed } satisfies Schema<ClassPredictOptions>;
