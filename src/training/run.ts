/** The request of a training run, checked before any work. */

import { toMatrix } from "../check.js";
import { copied, type Matrix, type MatrixLike, type NumberList } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { type Check, callback, list, MOST_ENTRIES, optional, type Schema, signal, size } from "../options.js";
import type { Signal } from "../signal.js";
import { DESCENT, type DescentOptions, type Rule, ruleOf } from "./descent.js";

export interface TrainOptions extends DescentOptions {
  /** Number of steps, ≥ 0. */
  steps: number;
  /**
   * Steps to record, each before it is made: sorted unique integers in [0, steps]. Default: 0, steps, and at most 100
   * spaced by ratio. A recorded step costs one kernel(net, X) with full outputs. Without one no such matrix is made.
   */
  recordAt?: NumberList;
  /** Called between slices of about 16 ms, on this thread. */
  onProgress?: (progress: Progress) => void;
  /** Stops between slices. The record so far is returned, with `aborted: true`. */
  signal?: Signal;
}

export interface Progress {
  /** Steps that were made. */
  step: number;
  steps: number;
  /** Loss before the last step. */
  loss: number;
}

/** Sorted unique steps. */
export const recordAt: Check<number[]> = (value, name) => {
  const steps = list(size, "a list of steps", MOST_ENTRIES, 0)(value, name);
  steps.forEach((step, i) => {
    if (i > 0 && step <= steps[i - 1])
      throw new RangeError(`${name}[${i}] is ${step}, not above ${name}[${i - 1}]; expected sorted unique steps`);
  });
  return steps;
};

/** The schema of {@link TrainOptions}. */
export const TRAIN = {
  ...DESCENT,
  steps: size,
  recordAt: optional(recordAt),
  onProgress: optional(callback),
  signal,
} satisfies Schema<TrainOptions>;

/** Checked input of a training run: copies. */
export interface Run {
  net: Network;
  X: Matrix;
  Y: Matrix;
  rule: Rule;
  steps: number;
  recordAt: number[];
  onProgress: ((progress: Progress) => void) | undefined;
  signal: Signal | undefined;
}

/** @throws TypeError, RangeError */
export function checkRun(value: Network, Xlike: MatrixLike, Ylike: MatrixLike, options: Checked): Run {
  const net = ownNetwork(validateNetwork(value));
  const X = copied(toMatrix(Xlike, "X", { cols: net.inputs }));
  const Y = copied(toMatrix(Ylike, "Y", { rows: X.rows, cols: net.outputs }));
  return { net, X, Y, ...checkSteps(options) };
}

/** Options to try instead, for error messages. */
export const TRAIN_EXAMPLE = "{ learningRate: 0.1, steps: 100 }";

type Checked = { [Key in keyof typeof TRAIN]: ReturnType<(typeof TRAIN)[Key]> };

const DEFAULT_RECORDED = 100;

/** The options that do not depend on the data. @throws RangeError */
export function checkSteps({ steps, recordAt, onProgress, signal, ...descent }: Checked): Omit<Run, "net" | "X" | "Y"> {
  const rule = ruleOf(descent, "descent");
  if (rule.schedule && rule.schedule.length < steps) {
    throw new RangeError(`learningRate has ${rule.schedule.length} rates; expected one for each of ${steps} steps`);
  }
  const late = recordAt?.findIndex((step) => step > steps) ?? -1;
  if (recordAt && late >= 0)
    throw new RangeError(`recordAt[${late}] is ${recordAt[late]}; expected at most steps, ${steps}`);
  return { rule, steps, recordAt: recordAt ?? spacedSteps(steps), onProgress, signal };
}

/** 0, steps, and at most DEFAULT_RECORDED steps between, spaced by ratio. */
function spacedSteps(steps: number): number[] {
  const chosen = new Set([0, steps]);
  for (let i = 0; i < DEFAULT_RECORDED; i++)
    chosen.add(Math.min(steps, Math.round(steps ** (i / (DEFAULT_RECORDED - 1)))));
  return [...chosen].sort((a, b) => a - b);
}
