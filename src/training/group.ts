/**
 * Runs that train together. Small networks are too small to be shared among threads, but several of them are not: the
 * steps of all runs of a group are one crossing into the backend, and so are their kernels at a recorded step. A run
 * does what it does alone, to the bit; a single run is a group of one.
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { kernelInto } from "../kernel/finite/kernel.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { spectrumOf } from "../linalg/system.js";
import type { View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { maxLearningRate, type Rule } from "./descent.js";
import { Recorder, record, type TrainingRecord } from "./recorder.js";
import type { Progress, Run } from "./run.js";
import { advance, MAX_SLICE, Trainer } from "./trainer.js";

export interface Trained extends TrainingRecord {
  /** The network with the weights at the end of training. */
  network: Network;
  /** True where a signal stopped training before `steps`. */
  aborted: boolean;
}

/** What a run ended with: an error where it diverged. */
export type Outcome<T> = T | ConvergenceError;

/** Milliseconds of a slice between two looks at the signal. */
const SLICE_MS = 16;

/** A run of a group, and its place there. */
interface Member {
  readonly index: number;
  readonly run: Run;
  readonly trainer: Trainer;
  readonly recorder: Recorder;
}

/**
 * Trains a group, and yields between slices. The runs differ in network and rule only. A run that diverges leaves the
 * group, and the others go on. `onRecord` sees each network at each recorded step. What is yielded is the progress of
 * one run that goes on.
 */
export function* trainingGroup(
  context: Context,
  runs: readonly Run[],
  onRecord: (index: number, network: Network) => void = () => {},
): Generator<Progress, Outcome<Trained>[], void> {
  const [{ steps, recordAt, signal }] = runs;
  const outcomes: Outcome<Trained>[] = [];
  const members: Member[] = [];
  try {
    for (const [index, run] of runs.entries())
      members.push({ index, run, trainer: new Trainer(context, run), recorder: new Recorder(run.net) });
    // The longest first: a short one at the end of a slice keeps the other threads waiting for less.
    let live = members.slice().sort((a, b) => b.run.net.parameters.length - a.run.net.parameters.length);
    let [step, next, slice] = [0, 0, 1];
    let aborted = signal?.aborted ?? false;
    while (!aborted && live.length > 0) {
      const recording = recordAt[next] === step;
      if (recording) {
        recordStep(context, step, live, onRecord);
        next++;
      }
      if (step === steps) break;
      const count = Math.min(slice, (recordAt[next] ?? steps) - step);
      const began = performance.now();
      const ends = advance(context, trainersOf(live), step, count);
      // Slices grow towards SLICE_MS, at most twofold at a time: the first ones are too short to time well.
      const perStep = (performance.now() - began) / count;
      slice = Math.max(1, Math.min(MAX_SLICE, 2 * slice, Math.floor(SLICE_MS / Math.max(perStep, 1e-6))));
      const progress: Progress[] = [];
      live = live.filter((member, i) => {
        const { losses, diverged } = ends[i];
        if (recording) member.recorder.setLoss(losses[0]);
        if (diverged >= 0) outcomes[member.index] = divergence(context, member, step + diverged, losses[diverged]);
        else progress.push({ step: step + count, steps, loss: losses[count - 1] });
        return diverged < 0;
      });
      step += count;
      for (const [i, { run }] of live.entries()) run.onProgress?.(progress[i]);
      if (live.length > 0) yield progress[0];
      aborted = signal?.aborted ?? false;
    }
    for (const member of live) outcomes[member.index] = ended(context, member, aborted);
    return outcomes;
  } finally {
    for (const { trainer } of members) trainer.free();
  }
}

/**
 * The outcome of a group of one, which yields nothing but its progress.
 *
 * @throws ConvergenceError
 */
export function* single<T>(group: Generator<Progress | undefined, Outcome<T>[], void>): Generator<Progress, T, void> {
  const [outcome] = yield* group as Generator<Progress, Outcome<T>[], void>;
  if (outcome instanceof ConvergenceError) throw outcome;
  return outcome;
}

const trainersOf = (members: readonly Member[]) => members.map(({ trainer }) => trainer);

/** Records a step of each member, all but its loss. */
function recordStep(
  context: Context,
  step: number,
  members: readonly Member[],
  onRecord: (index: number, network: Network) => void,
): void {
  const [{ run }] = members;
  const now = members.map(({ recorder, trainer }) => ({ recorder, network: trainer.network() }));
  record(context, run.X, step, now);
  for (const [i, { index }] of members.entries()) onRecord(index, now[i].network);
}

/** The outcome of a run that has made its steps, or was stopped. */
function ended(context: Context, member: Member, aborted: boolean): Outcome<Trained> {
  const { run, trainer, recorder } = member;
  const network = trainer.network();
  if (!aborted) {
    const loss = trainer.loss(network);
    if (!(loss <= trainer.limit) || !network.parameters.every(Number.isFinite))
      return divergence(context, member, run.steps, loss);
    if (run.recordAt.at(-1) === run.steps) recorder.setLoss(loss);
  }
  return { ...recorder.result(), network, aborted };
}

/** The error of a run that has diverged; its memory is given back. */
function divergence(
  context: Context,
  { run, trainer, recorder }: Member,
  step: number,
  loss: number,
): ConvergenceError {
  const { net, X, rule } = run;
  const network = trainer.network();
  trainer.free();
  const stable = stableRate(context, net, X, rule);
  return new ConvergenceError(
    `training diverged at step ${step} (loss ${loss}): the learning rate is ${rule.rate}, the largest stable one of the first-order ` +
      `model ${stable}; use a smaller rate`,
    { step, maxLearningRate: stable, partial: { ...recorder.before(step), network, aborted: false } },
  );
}

/** Largest stable rate of a network's first-order model on X. It costs one N×N spectrum. */
export function stableRate(context: Context, net: Network, X: Matrix, rule: Rule): number {
  const n = X.rows * net.outputs;
  const fill = (out: View) =>
    kernelInto(context, loadNetwork(context, net), loadInputs(context, X), undefined, "full", out);
  const values = spectrumOf({ context, n, ridges: new Float64Array(1), fill });
  return maxLearningRate(rule, n, values[n - 1]);
}
