/** The options of `ntk.tune`, their checks, and what comes of it. */

import type { Model } from "../kernel/models.js";
import { ACTIVATION, type Activation } from "../model/activation.js";
import type { PerLayer } from "../model/perLayer.js";
import {
  bounds,
  callback,
  choice,
  count,
  flag,
  layers,
  list,
  optional,
  or,
  outputs,
  readWithin,
  type Schema,
  seed,
  signal,
} from "../options.js";
import type { Signal } from "../signal.js";
import { describe, refusal } from "../words.js";
import type { BinnedNoise } from "./tuneNoise.js";

export interface TuneOptions {
  /**
   * `evidence` (default): the log evidence with the scale profiled out. `loo`: the root mean square of the
   * leave-one-out residuals. `laplace`: the log evidence of `classify`. Y is then labels, as `classify` takes them, and
   * the scale that multiplies the kernel is chosen in place of a ridge.
   */
  criterion?: "evidence" | "loo" | "laplace";
  /** Bounds of the ridge, 0 < low ≤ high. Default: 1e-10 and 10 times the mean of Θ's diagonal. */
  ridge?: readonly [number, number];
  /**
   * With criterion `laplace`: bounds of what multiplies the kernel, 0 < low ≤ high. Default: 1e-4 and 1e8 over the mean
   * of Θ's diagonal.
   */
  scale?: readonly [number, number];
  /**
   * Bounds of weightStd; default: the model's own value. Where a model has a list of a scale, each of its values is
   * searched within the bounds.
   */
  weightStd?: readonly [number, number];
  /** Bounds of biasStd; default: the model's own value. */
  biasStd?: readonly [number, number];
  /** Bounds of the lengthScale of a stationary kernel; default: its own value. */
  lengthScale?: readonly [number, number];
  /** Bounds of the period of a periodic kernel; default: its own value. */
  period?: readonly [number, number];
  /**
   * Activations to try, each for all layers. Default: the model's own. Activations decide how smooth functions are:
   * `relu` expects kinks, `erf` and `sin` do not.
   */
  activation?: readonly Activation[];
  /**
   * A scale for each input (automatic relevance determination), found by the gradient of the evidence after all
   * else: one scale for all inputs first, then quasi-Newton from there and from `starts` − 1 seeded starts around it
   * (default 3 in all), each scale between 1e-4 and 1e4.
   * For infinite networks, stationary kernels and models made of them. The result is a kernel with a length for
   * each input, or another model in `inputScaled`. Inputs should be standardized before.
   */
  inputScales?: boolean | { starts?: number; seed?: number };
  /** Numbers of hidden layers to try; a finite network repeats its last width. Default: the model's own depth. */
  depth?: readonly number[];
  /**
   * `"binned"`: the noise is not the same everywhere, but constant over bins of a one-dimensional input, which have
   * equally many rows. The variances of the bins are those of the best evidence, within the bounds of `ridge`.
   */
  noise?: "binned";
  /** The number of bins; default 8, or one for every 8 rows where these are fewer. */
  bins?: number;
  /**
   * How kernels are rated. `dual` (default): by an eigendecomposition each, which serves all ridges; from 128 rows on,
   * with the evidence, by two or three factorisations beside the best ridge of the last kernel, which assume one
   * maximum near it. The best kernel is then rated over all ridges. `cg` and
   * `lowrank`: by fits of this solver, without an N×N matrix. They rate a few ridges by the evidence, from the best
   * one of the last kernel on, and assume that the evidence has one maximum over the ridge. The score of `cg` is an
   * estimate.
   */
  solver?: "dual" | "cg" | "lowrank";
  /**
   * The most kernels for each activation and depth, and for the noise; default 40. For each start of `inputScales`,
   * and for the common scale; default 200.
   */
  evaluations?: number;
  /** Fit f − f0, as in `fit`. Default false. */
  centered?: boolean;
  /** As in `fit`. */
  outputs?: "full" | "average";
  /** Called after each kernel; with solver `cg` or `lowrank` after each ridge. */
  onProgress?: (point: TunePoint) => void;
  /**
   * Stops between kernels, or with solver `cg` or `lowrank` between ridges: the best so far is returned, with
   * `aborted: true`.
   */
  signal?: Signal;
}

/** One kernel with its best ridge, or with labels its best scale. */
export interface TunePoint {
  depth: number | undefined;
  /** Where activations are tried: this one. */
  activation?: Activation;
  /** One for all layers, or where the model has it one for each. */
  weightStd: PerLayer<number> | undefined;
  biasStd: PerLayer<number> | undefined;
  /** Of stationary kernels alone. */
  lengthScale?: PerLayer<number>;
  period?: PerLayer<number>;
  /** Where scales of the inputs are searched: what each is multiplied by. */
  inputScales?: number[];
  /** 0 for labels, which have no noise. */
  ridge: number;
  /** For labels alone: what multiplies the kernel. */
  scale?: number;
  /** The variances of the bins beside the ridge, where `noise` is searched. */
  noise?: number[];
  /** Larger is better: the log evidence, profiled or of Laplace, or minus the leave-one-out error. */
  score: number;
  /** With solver `cg` alone: the standard error of the score. */
  scoreError?: number;
  /** True where the ridge, or the scale, is at an end of its range: a better one may lie beyond. */
  atBound: boolean;
}

export interface Tuned<M extends Model = Model> {
  /** The model to fit with this ridge, or to classify with this scale. It is of the kind that was given. */
  model: M;
  ridge: number;
  /** For labels alone: what multiplies the kernel. */
  scale?: number;
  /**
   * The noise that was found with `noise: "binned"`, relative to the scale as the ridge is. `noiseAt(tuned.noise, X)`
   * is the noise to fit X with beside the ridge.
   */
  noise?: BinnedNoise;
  score: number;
  /** With solver `cg` alone: the standard error of the score. */
  scoreError?: number;
  /**
   * True where the ridge, the noise of a bin, a scale or the depth is at an end of its range: a better value may lie
   * beyond.
   */
  atBound: boolean;
  /**
   * What was unusual, a sentence each: choices at a bound, repeated rows, a search that ended before it had converged.
   */
  notes: string[];
  /** Every kernel that was tried, in order; with solver `cg` or `lowrank` every ridge. */
  trace: TunePoint[];
  aborted: boolean;
}

/** Starts of the search of input scales. */
export interface Starts {
  starts: number;
  seed: number;
}

const inputScales = (value: unknown, name: string): Starts | undefined => {
  if (value === undefined || value === false) return undefined;
  if (value === true) return { starts: 3, seed: 0 };
  if (typeof value !== "object")
    throw refusal(new TypeError(`${name} is ${describe(value)}; expected true, or { starts: 3, seed: 0 }`));
  return readWithin(value, name, "{ starts: 3, seed: 0 }", { starts: or(count, 3), seed: or(seed, 0) });
};

/** More activations than there are. */
const MOST_ACTIVATIONS = 1000;

export const OPTIONS = {
  criterion: or(choice(["evidence", "loo", "laplace"]), "evidence"),
  ridge: optional(bounds),
  scale: optional(bounds),
  solver: or(choice(["dual", "cg", "lowrank"]), "dual"),
  weightStd: optional(bounds),
  biasStd: optional(bounds),
  lengthScale: optional(bounds),
  period: optional(bounds),
  activation: optional(list(ACTIVATION, "a list of activations", MOST_ACTIVATIONS)),
  depth: optional(list(layers, "a list of numbers of hidden layers")),
  evaluations: optional(count),
  inputScales,
  centered: or(flag, false),
  outputs: optional(outputs),
  noise: optional(choice(["binned"])),
  bins: optional(count),
  onProgress: optional(callback),
  signal,
} satisfies Schema<TuneOptions>;
export type Checked = { [Key in keyof typeof OPTIONS]: ReturnType<(typeof OPTIONS)[Key]> };
