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
import { type Network, withParameters } from "../model/network.js";
import { Checks } from "./checks.js";
import { Recorder, record, type TrainingRecord } from "./recorder.js";
import type { Run } from "./run.js";
import { stableRate } from "./stability.js";
import type { TrainingState } from "./state.js";
import { advance, MAX_SLICE, Trainer } from "./trainer.js";
import type { Progress } from "./trainOptions.js";

export interface Trained extends TrainingRecord {
  /** The network with the weights at the end of training. */
  network: Network;
  /** True where a signal stopped training before `steps`. */
  aborted: boolean;
  /** What ended training: all steps were made, a signal, a loss of at most `untilLoss`, or `patience`. */
  stopped: "steps" | "signal" | "untilLoss" | "patience";
  /** What a later run goes on from. */
  state: TrainingState;
  /** With `validation`: the step of the smallest validation loss, that loss, and the network there. */
  best?: { step: number; loss: number; network: Network };
}

/** What a run ended with: an error where it diverged. */
export type Outcome<T> = T | ConvergenceError;

/** What is told of each recorded step of each run. */
type Seen = (index: number, network: Network, step: number) => void;

/** Milliseconds of a slice between two looks at the signal. */
const SLICE_MS = 16;

/** A run of a group, and its place there. */
interface Member {
  readonly index: number;
  readonly run: Run;
  readonly trainer: Trainer;
  readonly recorder: Recorder;
  /** With validation. */
  readonly checks: Checks | undefined;
}

/**
 * Trains a group, and yields between slices. The runs differ in network and rule only. A run that diverges, or stops
 * early, leaves the group, and the others go on. `onRecord` sees each network at each recorded step. What is yielded is
 * the progress of one run that goes on.
 */
export function* trainingGroup(
  context: Context,
  runs: readonly Run[],
  onRecord: Seen = () => {},
): Generator<Progress, Outcome<Trained>[], void> {
  const [{ steps, recordAt, signal, state }] = runs;
  const outcomes: Outcome<Trained>[] = [];
  const members: Member[] = [];
  try {
    for (const [index, run] of runs.entries()) {
      const trainer = new Trainer(context, run);
      const checks = run.validation && new Checks(context, run, run.validation);
      members.push({ index, run, trainer, recorder: new Recorder(run), checks });
    }
    // The longest first: a short one at the end of a slice keeps the other threads waiting for less.
    let live = members.slice().sort((a, b) => b.run.net.parameters.length - a.run.net.parameters.length);
    let [step, next, slice] = [state?.step ?? 0, 0, 1];
    let aborted = signal?.aborted ?? false;
    while (!aborted && live.length > 0) {
      const recording = recordAt[next] === step;
      if (recording) {
        recordStep(context, step, live, onRecord);
        next++;
      }
      live = live.filter((member) => {
        const stopped = stoppedAt(member, step);
        if (stopped) outcomes[member.index] = ended(context, member, step, stopped, onRecord);
        return !stopped;
      });
      if (step === steps || live.length === 0) break;
      const due = live.reduce((least, member) => Math.min(least, untilDue(member, step)), slice);
      const count = Math.min(due, (recordAt[next] ?? steps) - step);
      const began = performance.now();
      const ends = advance(context, trainersOf(live), step, count);
      // Slices grow towards SLICE_MS, at most twofold at a time: the first ones are too short to time well.
      const perStep = (performance.now() - began) / count;
      slice = Math.max(1, Math.min(MAX_SLICE, 2 * slice, Math.floor(SLICE_MS / Math.max(perStep, 1e-6))));
      const progress: Progress[] = [];
      live = live.filter((member, i) => {
        const { losses, diverged, reached } = ends[i];
        const { index, recorder, trainer } = member;
        if (recording && !trainer.perEpoch) recorder.setLoss(losses[0]);
        if (diverged >= 0) outcomes[index] = divergence(context, member, step + diverged, losses[diverged]);
        else if (reached >= 0) outcomes[index] = ended(context, member, step + reached, "untilLoss", onRecord);
        else progress.push({ step: step + count, steps, loss: losses[count - 1] });
        return diverged < 0 && reached < 0;
      });
      step += count;
      for (const [i, { run }] of live.entries()) run.onProgress?.(progress[i]);
      if (live.length > 0) yield progress[0];
      aborted = signal?.aborted ?? false;
    }
    for (const member of live)
      outcomes[member.index] = ended(context, member, step, aborted ? "signal" : "steps", onRecord);
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

/** Records a step of each member: with batches its loss too, and without it all but the loss. */
function recordStep(context: Context, step: number, members: readonly Member[], onRecord: Seen): void {
  const [{ run }] = members;
  const now = members.map(({ recorder, trainer }) => ({ recorder, network: trainer.network() }));
  record(context, run.X, step, now);
  for (const [i, { index, trainer, recorder }] of members.entries()) {
    if (trainer.perEpoch) recorder.setLoss(trainer.loss(now[i].network));
    onRecord(index, now[i].network, step);
  }
}

/** Why a member stops before step `step` is made, by what is looked at from time to time. */
function stoppedAt(
  { run, trainer, checks }: Member,
  step: number,
): Extract<Trained["stopped"], "untilLoss" | "patience"> | undefined {
  const { untilLoss } = run;
  const { perEpoch } = trainer;
  if (untilLoss !== undefined && perEpoch && step % perEpoch === 0 && trainer.loss(trainer.network()) <= untilLoss)
    return "untilLoss";
  return checks?.outOfPatience(step, trainer) ? "patience" : undefined;
}

/** Steps until something is looked at, at most as many as a crossing may make. */
function untilDue({ run, trainer, checks }: Member, step: number): number {
  const { mostSteps, perEpoch } = trainer;
  const epoch = run.untilLoss !== undefined && perEpoch ? perEpoch - (step % perEpoch) : mostSteps;
  const check = checks ? checks.every - (step % checks.every) : mostSteps;
  return Math.min(mostSteps, epoch, check);
}

/** The outcome of a run that has made its steps, or was stopped. */
function ended(
  context: Context,
  member: Member,
  step: number,
  why: Trained["stopped"],
  onRecord: Seen,
): Outcome<Trained> {
  const { run, trainer, recorder, checks } = member;
  const network = trainer.network();
  let stopped = why;
  if (why !== "signal") {
    const loss = trainer.loss(network);
    if (!(loss <= trainer.limit) || !network.parameters.every(Number.isFinite))
      return divergence(context, member, step, loss);
    if (why !== "steps" && run.recordAt.length > 0 && recorder.step !== step)
      recordStep(context, step, [member], onRecord);
    if (recorder.step === step) recorder.setLoss(loss);
    if (run.untilLoss !== undefined && loss <= run.untilLoss) stopped = "untilLoss";
  }
  const best = checks?.best;
  return {
    ...recorder.result(),
    network,
    aborted: stopped === "signal",
    stopped,
    state: { ...trainer.state(step), ...(checks ? checks.state() : { worse: 0, validated: -1 }) },
    ...(best && {
      best: { step: best.step, loss: best.loss, network: withParameters(run.net, best.parameters.slice()) },
    }),
  };
}

/** The error of a run that has diverged; its memory is given back. */
function divergence(
  context: Context,
  { run, trainer, recorder }: Member,
  step: number,
  loss: number,
): ConvergenceError {
  const { net, X, rule, optimizer } = run;
  const network = trainer.network();
  trainer.free();
  // 0 where none is known.
  const model = (optimizer.name === "descent" && networkRate(context, net, X, run)) || undefined;
  const stable = model === undefined ? "" : `, the largest stable one of the first-order model ${model}`;
  return new ConvergenceError(
    `training diverged at step ${step} (loss ${loss}): the learning rate is ${rule.rate}${stable}; use a smaller rate`,
    { step, maxLearningRate: model, partial: { ...recorder.before(step), network, aborted: false } },
  );
}

/** {@link stableRate} of a network's first-order model on X. It costs one N×N spectrum. */
export function networkRate(
  context: Context,
  net: Network,
  X: Matrix,
  { rule, loss, batches }: Pick<Run, "rule" | "loss" | "batches">,
): number {
  const n = X.rows * net.outputs;
  const fill = (out: View) =>
    kernelInto(context, loadNetwork(context, net), loadInputs(context, X), undefined, "full", out);
  const largest = () => spectrumOf({ context, n, ridges: new Float64Array(1), fill })[n - 1];
  return stableRate(rule, loss, batches?.size ?? X.rows, net.outputs, largest);
}
