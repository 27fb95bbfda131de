/**
 * The really trained network: full-batch gradient descent on ½ · mean (f − y)², many steps per crossing into the backend, with
 * a record of loss and of how far weights and kernel have moved.
 */
import type { Context } from "../arena.js";
import { toMatrix } from "../check.js";
import { ConvergenceError } from "../errors.js";
import { kernelInto } from "../kernel/finite/kernel.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { spectrumOf } from "../linalg/system.js";
import { copied, type Matrix, type MatrixLike, type NumberList } from "../matrix.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { callback, type Kind, type Kinds, list, MOST_ENTRIES, optional, read, signal, size } from "../options.js";
import type { Signal } from "../signal.js";
import { drain } from "../slices.js";
import { DESCENT, type DescentOptions, maxLearningRate, type Rule, ruleOf } from "./descent.js";
import { Recorder, type TrainingRecord } from "./recorder.js";
import { MAX_SLICE, Trainer } from "./trainer.js";

export interface TrainOptions extends DescentOptions {
  /** Updates to make, ≥ 0. */
  steps: number;
  /**
   * Steps to record, each before its update: sorted unique integers in [0, steps]. Default: 0, steps, and at most 100 spaced by
   * ratio. A record costs one kernel(net, X) with full outputs; with none, no such matrix is made.
   */
  recordAt?: NumberList;
  /** Called between slices of about 16 ms, on this thread. */
  onProgress?: (progress: Progress) => void;
  /** Stops between slices: the record so far is returned, with `aborted: true`. */
  signal?: Signal;
}

export interface Progress {
  /** Updates made. */
  step: number;
  steps: number;
  /** Loss before the last update. */
  loss: number;
}

export interface Trained extends TrainingRecord {
  /** The network with the weights that training ended with. */
  network: Network;
  /** True where a signal stopped it before `steps`. */
  aborted: boolean;
}

/** Sorted unique steps. */
const recordAt: Kind<number[]> = (value, name) => {
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
  signal: optional(signal),
} satisfies Kinds<TrainOptions>;
/** Options that would do. */
export const TRAIN_EXAMPLE = "{ learningRate: 0.1, steps: 100 }";
type Checked = { [Key in keyof typeof TRAIN]: ReturnType<(typeof TRAIN)[Key]> };

/** A slice between two looks at the signal. */
const SLICE_MS = 16;
const DEFAULT_RECORDS = 100;

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

/** `ntk.train`. */
export function trainNetwork(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: TrainOptions,
): Trained {
  return drain(trainingOf(context, net, X, Y, options));
}

/** `ntk.training`: returns what `train` does. The input is checked and copied at once, the work is done step by step. */
export function trainingOf(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: TrainOptions,
): Generator<Progress, Trained, void> {
  return training(context, checkRun(net, X, Y, read(options, "train", TRAIN_EXAMPLE, TRAIN)));
}

/** @throws TypeError, RangeError */
export function checkRun(value: Network, Xlike: MatrixLike, Ylike: MatrixLike, options: Checked): Run {
  const net = ownNetwork(validateNetwork(value));
  const X = copied(toMatrix(Xlike, "X", { cols: net.inputs }));
  const Y = copied(toMatrix(Ylike, "Y", { rows: X.rows, cols: net.outputs }));
  return { net, X, Y, ...checkSteps(options) };
}

/** What does not depend on the data. @throws RangeError */
export function checkSteps({ steps, recordAt, onProgress, signal, ...descent }: Checked) {
  const rule = ruleOf(descent, "descent");
  if (rule.schedule && rule.schedule.length < steps) {
    throw new RangeError(`learningRate has ${rule.schedule.length} rates; expected one for each of ${steps} steps`);
  }
  const late = recordAt?.findIndex((step) => step > steps) ?? -1;
  if (recordAt && late >= 0)
    throw new RangeError(`recordAt[${late}] is ${recordAt[late]}; expected at most steps, ${steps}`);
  return { rule, steps, recordAt: recordAt ?? spacedSteps(steps), onProgress, signal };
}

/** 0, steps, and at most DEFAULT_RECORDS between, spaced by ratio. */
function spacedSteps(steps: number): number[] {
  const chosen = new Set([0, steps]);
  for (let i = 0; i < DEFAULT_RECORDS; i++)
    chosen.add(Math.min(steps, Math.round(steps ** (i / (DEFAULT_RECORDS - 1)))));
  return [...chosen].sort((a, b) => a - b);
}

/** Trains, and yields between slices; `onRecord` sees the network at each recorded step. */
export function* training(
  context: Context,
  run: Run,
  onRecord: (network: Network) => void = () => {},
): Generator<Progress, Trained, void> {
  const { steps, recordAt } = run;
  const trainer = new Trainer(context, run);
  try {
    const record = new Recorder(context, run.net, run.X);
    let step = 0;
    let next = 0;
    let slice = 1;
    let aborted = run.signal?.aborted ?? false;
    while (!aborted) {
      const recording = recordAt[next] === step;
      if (recording) {
        const network = trainer.network();
        record.add(step, network);
        onRecord(network);
        next++;
      }
      if (step === steps) break;
      const count = Math.min(slice, (recordAt[next] ?? steps) - step);
      const began = performance.now();
      const { losses, diverged } = trainer.advance(step, count);
      if (recording) record.setLoss(losses[0]);
      if (diverged >= 0) throw divergence(context, run, step + diverged, losses[diverged], record, trainer.network());
      step += count;
      // Towards SLICE_MS, doubling at most: the first slices are too short to time well.
      const perStep = (performance.now() - began) / count;
      slice = Math.max(1, Math.min(MAX_SLICE, 2 * slice, Math.floor(SLICE_MS / Math.max(perStep, 1e-6))));
      const progress = { step, steps, loss: losses[count - 1] };
      run.onProgress?.(progress);
      yield progress;
      aborted = run.signal?.aborted ?? false;
    }
    const network = trainer.network();
    if (!aborted) {
      const loss = trainer.loss(network);
      if (!(loss <= trainer.limit) || !network.parameters.every(Number.isFinite))
        throw divergence(context, run, steps, loss, record, network);
      if (recordAt.at(-1) === steps) record.setLoss(loss);
    }
    return { ...record.result(), network, aborted };
  } finally {
    trainer.free();
  }
}

/** Largest stable rate of the first-order model of a network on X: one N×N spectrum. */
export function stableRate(context: Context, net: Network, X: Matrix, rule: Rule): number {
  const n = X.rows * net.outputs;
  const values = spectrumOf(context, n, (out) => {
    kernelInto(context, loadNetwork(context, net), loadInputs(context, X), undefined, "full", out);
  });
  return maxLearningRate(rule, n, values[n - 1]);
}

function divergence(
  context: Context,
  { net, X, rule }: Run,
  step: number,
  loss: number,
  record: Recorder,
  network: Network,
): ConvergenceError {
  const stable = stableRate(context, net, X, rule);
  return new ConvergenceError(
    `training diverged at step ${step} (loss ${loss}): the learning rate is ${rule.rate}, the largest stable one of the first-order ` +
      `model ${stable}; use a smaller rate`,
    { step, maxLearningRate: stable, partial: { ...record.before(step), network, aborted: false } },
  );
}
