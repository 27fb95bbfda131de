/**
 * The really trained network: full-batch gradient descent on ½ · mean (f − y)². One crossing into the backend makes
 * many steps. The record has the loss, and the distance of weights and kernel from the start.
 */

import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { kernelInto } from "../kernel/finite/kernel.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { spectrumOf } from "../linalg/system.js";
import type { View } from "../linalg/view.js";
import type { Matrix, MatrixLike } from "../matrix.js";
import type { Network } from "../model/network.js";
import { read } from "../options.js";
import { drain } from "../slices.js";
import { maxLearningRate, type Rule } from "./descent.js";
import { Recorder, type TrainingRecord } from "./recorder.js";
import { checkRun, type Progress, type Run, TRAIN, TRAIN_EXAMPLE, type TrainOptions } from "./run.js";
import { MAX_SLICE, Trainer } from "./trainer.js";

export interface Trained extends TrainingRecord {
  /** The network with the weights at the end of training. */
  network: Network;
  /** True where a signal stopped training before `steps`. */
  aborted: boolean;
}

/** Milliseconds of a slice between two looks at the signal. */
const SLICE_MS = 16;

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

/**
 * `ntk.training`: returns the result of `train`. The input is checked and copied at once; the work is done step by
 * step.
 */
export function trainingOf(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: TrainOptions,
): Generator<Progress, Trained, void> {
  return training(context, checkRun(net, X, Y, read(options, "train", TRAIN_EXAMPLE, TRAIN)));
}

/** Trains, and yields between slices. `onRecord` sees the network at each recorded step. */
export function* training(
  context: Context,
  run: Run,
  onRecord: (network: Network) => void = () => {},
): Generator<Progress, Trained, void> {
  const { steps, recordAt } = run;
  const trainer = new Trainer(context, run);
  try {
    const recorder = new Recorder(context, run.net, run.X);
    let step = 0;
    let next = 0;
    let slice = 1;
    let aborted = run.signal?.aborted ?? false;
    while (!aborted) {
      const recording = recordAt[next] === step;
      if (recording) {
        const network = trainer.network();
        recorder.add(step, network);
        onRecord(network);
        next++;
      }
      if (step === steps) break;
      const count = Math.min(slice, (recordAt[next] ?? steps) - step);
      const began = performance.now();
      const { losses, diverged } = trainer.advance(step, count);
      if (recording) recorder.setLoss(losses[0]);
      if (diverged >= 0) throw divergence(context, run, step + diverged, losses[diverged], recorder, trainer.network());
      step += count;
      // Slices grow towards SLICE_MS, at most twofold at a time: the first ones are too short to time well.
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
        throw divergence(context, run, steps, loss, recorder, network);
      if (recordAt.at(-1) === steps) recorder.setLoss(loss);
    }
    return { ...recorder.result(), network, aborted };
  } finally {
    trainer.free();
  }
}

/** Largest stable rate of a network's first-order model on X. It costs one N×N spectrum. */
export function stableRate(context: Context, net: Network, X: Matrix, rule: Rule): number {
  const n = X.rows * net.outputs;
  const fill = (out: View) =>
    kernelInto(context, loadNetwork(context, net), loadInputs(context, X), undefined, "full", out);
  const values = spectrumOf({ context, n, ridges: new Float64Array(1), fill });
  return maxLearningRate(rule, n, values[n - 1]);
}

function divergence(
  context: Context,
  { net, X, rule }: Run,
  step: number,
  loss: number,
  recorder: Recorder,
  network: Network,
): ConvergenceError {
  const stable = stableRate(context, net, X, rule);
  return new ConvergenceError(
    `training diverged at step ${step} (loss ${loss}): the learning rate is ${rule.rate}, the largest stable one of the first-order ` +
      `model ${stable}; use a smaller rate`,
    { step, maxLearningRate: stable, partial: { ...recorder.before(step), network, aborted: false } },
  );
}
