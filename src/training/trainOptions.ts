/** The options of a training run, and their schema. */

import type { Matrix, MatrixLike, NumberList } from "../matrix.js";
import type { Network } from "../model/network.js";
import {
  any,
  type Check,
  callback,
  choice,
  count,
  list,
  MOST_ENTRIES,
  optional,
  or,
  type Schema,
  seed,
  signal,
  size,
} from "../options.js";
import { checkNumber } from "../scalars.js";
import type { Signal } from "../signal.js";
import { DESCENT, type DescentOptions } from "./descent.js";
import { type Loss, lossOption } from "./loss.js";
import { OPTIMIZER, type OptimizerOptions } from "./optimizer.js";
import type { TrainingStateLike } from "./state.js";

/** What can be recorded beside losses and drifts. */
export type Measured = "sharpness" | "kernelAlignment" | "targetAlignment" | "accuracy";
const MEASURED: readonly Measured[] = ["sharpness", "kernelAlignment", "targetAlignment", "accuracy"];

export interface TrainOptions extends DescentOptions, OptimizerOptions {
  /** Number of steps, ≥ 0. With `state` those of the runs before count. */
  steps: number;
  /** What is made small. Default `"squared"`: ½ · mean (f − y)² over all N·C entries. */
  loss?: Loss;
  /** Rows of a step, ≥ 1; the last batch of an epoch may have fewer. Default: all rows. */
  batchSize?: number;
  /** The order of rows: a permutation for each epoch, the same in every engine. Default 0. */
  shuffleSeed?: number;
  /**
   * Steps to record, each before it is made: sorted unique integers in [0, steps]. Default: 0, steps, and at most 100
   * spaced by ratio. A recorded step costs one kernel(net, X) with full outputs. Without one no such matrix is made. A
   * run that stops early records where it stopped, unless the list is empty.
   */
  recordAt?: NumberList;
  /**
   * What to record beside losses and drifts:
   *
   * - `sharpness`: the largest eigenvalue of the Gauss–Newton matrix of the loss, by Lanczos: that of its Hessian where
   *   the data are fitted. Descent is at the edge of stability where it is 2/η, or 2(1 + μ)/η with momentum.
   * - `kernelAlignment`: centred alignment of Θ_t with Θ_0 on X; 0 where one does not change from point to point.
   * - `targetAlignment`: centred alignment of Θ_t with YYᵀ, Y the targets as one column; 0 likewise.
   * - `accuracy`: the share of points where the largest output is the largest target, or with one output, whose targets
   *   must be ±1, the share with its sign. With Ytest also `testAccuracy`.
   */
  record?: readonly Measured[];
  /** Inputs that are not trained on, N*×d, for the record. Both, or none. */
  Xtest?: MatrixLike;
  /** Targets of Xtest, as Y: the record has the test loss. */
  Ytest?: MatrixLike;
  /** Called at each recorded step, on this thread, with outputs on X, N×C. */
  onRecord?: (recorded: Recorded) => void;
  /**
   * Stops before the first step whose loss is at most this. With batches the loss of all rows is looked at after each
   * epoch.
   */
  untilLoss?: number;
  /** Data to validate on, with `patience`. */
  validation?: Validation;
  /** Stops where the validation loss has not been beaten for this many checks. */
  patience?: number;
  /** Goes on from the `state` of an earlier run, with its network, data and options. */
  state?: TrainingStateLike;
  /** Called between slices of about 16 ms, on this thread. */
  onProgress?: (progress: Progress) => void;
  /** Stops between slices. The record so far is returned, with `aborted: true`. */
  signal?: Signal;
}

/** Data that training does not see. */
export interface Validation {
  X: MatrixLike;
  Y: MatrixLike;
  /** Steps between two checks. Default: an epoch, or without batches a hundredth of `steps`. */
  every?: number;
}

/** A step as it is recorded. */
export interface Recorded {
  step: number;
  /** The network at that step. */
  network: Network;
  /** Its outputs on X, N×C. */
  outputs: Matrix;
}

export interface Progress {
  /** Steps that were made. */
  step: number;
  steps: number;
  /** Loss before the last step; with batches that of its batch. */
  loss: number;
}

/** Sorted unique steps. */
const recordAt: Check<number[]> = (value, name) => {
  const steps = list(size, "a list of steps", MOST_ENTRIES, 0)(value, name);
  steps.forEach((step, i) => {
    if (i > 0 && step <= steps[i - 1])
      throw new RangeError(`${name}[${i}] is ${step}, not above ${name}[${i - 1}]; expected sorted unique steps`);
  });
  return steps;
};

const number: Check<number> = (value, name) => {
  checkNumber(value, name);
  if (!Number.isFinite(value)) throw new RangeError(`${name} is ${value}; expected a finite number`);
  return value;
};

/** The schema of {@link TrainOptions}. */
export const TRAIN = {
  ...DESCENT,
  ...OPTIMIZER,
  steps: size,
  loss: lossOption,
  batchSize: optional(count),
  shuffleSeed: optional(seed),
  recordAt: optional(recordAt),
  record: or(list(choice(MEASURED), "a list of what to record", MEASURED.length, 0), []),
  Xtest: any,
  Ytest: any,
  onRecord: optional(callback),
  untilLoss: optional(number),
  validation: any,
  patience: optional(count),
  state: any,
  onProgress: optional(callback),
  signal,
} satisfies Schema<TrainOptions>;

/** Options to try instead, for error messages. */
export const TRAIN_EXAMPLE = "{ learningRate: 0.1, steps: 100 }";

/** Checked {@link TrainOptions}. */
export type Checked = { [Key in keyof typeof TRAIN]: ReturnType<(typeof TRAIN)[Key]> };
