/** The trained network beside its first-order model, step by step: is the linear picture true? (MATH.md §5) */

import { areFinite, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { forward } from "../kernel/finite/tangents.js";
import { norm } from "../linalg/vectors.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import type { Network } from "../model/network.js";
import { any, read, type Schema } from "../options.js";
import { checkInputs } from "../problem.js";
import { drain } from "../slices.js";
import { Dynamics } from "./dynamics.js";
import { meanLoss } from "./evaluate.js";
import { type Outcome, single, type Trained, trainingGroup } from "./group.js";
import { type CheckedLoss, targetsOf } from "./loss.js";
import { checkRun, type Run } from "./run.js";
import { TOLERANCE } from "./stepped.js";
import { type Progress, TRAIN, TRAIN_EXAMPLE, type TrainOptions } from "./trainOptions.js";

export interface CompareOptions extends TrainOptions {
  /** Inputs that are not trained on, N*×d. The gap is reported on them too. */
  Xtest?: MatrixLike;
  /** Targets of Xtest, N*×C. Both test losses are then reported. */
  Ytest?: MatrixLike;
}

/**
 * Arrays are aligned with `steps`. Where the first-order model has overflowed, its losses are Infinity and the gaps 1,
 * their limit.
 *
 * The first-order model follows descent with momentum, Nesterov's too, weight decay, schedules, any loss, and batches
 * in the same order. It does not follow Adam, which divides the step of each weight by the size of its own gradients:
 * Θ is then not what moves the outputs.
 */
export interface Comparison extends Trained {
  /** The largest rate at which the first-order model is known to be stable: see `Dynamics`. */
  maxLearningRate: number;
  /** Loss of the first-order model. */
  linearLoss: Float64Array;
  /** ‖f_net − f_lin‖/‖f_lin − f0‖ on X; 0 at step 0. */
  gap: Float64Array;
  /** The gap on Xtest. */
  gapTest?: Float64Array;
  /** ½ · mean (f − y)² on Xtest of the trained network and of the first-order model; needs Ytest. */
  testLoss?: Float64Array;
  linearTestLoss?: Float64Array;
}

/** `ntk.compare`. */
export function compareNetwork(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: CompareOptions,
): Comparison {
  return drain(comparingNetwork(context, net, X, Y, options));
}

const OPTIONS = { ...TRAIN, Xtest: any, Ytest: any } satisfies Schema<CompareOptions>;

/** `ntk.comparing`: returns the result of `compare`. */
export function comparingNetwork(
  context: Context,
  net: Network,
  X: MatrixLike,
  Y: MatrixLike,
  options: CompareOptions,
): Generator<Progress, Comparison, void> {
  const { Xtest, Ytest, ...train } = read(options, "compare", TRAIN_EXAMPLE, OPTIONS);
  const run = checkRun(net, X, Y, { ...train, Xtest: undefined, Ytest: undefined });
  if (run.state)
    throw new RangeError("compare: state is given; expected none: both models start at the network's own θ0");
  checkFollowed(run);
  const test = checkTest(run.loss, Xtest, Ytest, run.net.inputs, run.net.outputs);
  return single(comparingGroup(context, [run], test));
}

/** What the first-order model does not follow is refused. @throws RangeError */
export function checkFollowed({ optimizer, rule }: Pick<Run, "optimizer" | "rule">): void {
  if (optimizer.name !== "descent") {
    throw new RangeError(
      `optimizer is "${optimizer.name}", which no tangent kernel follows: its step is not linear in the gradient; ` +
        'expected "descent", with momentum or batches if need be (train() runs the network alone)',
    );
  }
  if (optimizer.decayTo === "zero" && rule.decay > 0)
    throw new RangeError(
      'decayTo is "zero", and the first-order model decays to θ0; expected "start", or no weightDecay',
    );
}

/** Copies of the test data that were given. @throws TypeError, RangeError */
export function checkTest(
  loss: CheckedLoss,
  Xtest: unknown,
  Ytest: unknown,
  inputs: number,
  outputs: number,
): { X?: Matrix; Y?: Matrix } {
  if (Xtest === undefined) {
    if (Ytest === undefined) return {};
    throw new RangeError("Ytest is given without Xtest; expected both");
  }
  const X = copied(toMatrix(Xtest as MatrixLike, "Xtest", { cols: inputs }));
  if (Ytest === undefined) return { X };
  return { X, Y: targetsOf(loss, Ytest as MatrixLike, "Ytest", X.rows, outputs) };
}

/**
 * Compares for a group of checked runs, which {@link trainingGroup} trains. Yields between slices of the training, of
 * the models that follow it step by step, and between the models of several runs.
 */
export function* comparingGroup(
  context: Context,
  runs: readonly Run[],
  test: { X?: Matrix; Y?: Matrix },
): Generator<Progress | undefined, Outcome<Comparison>[], void> {
  const models: LinearModel[] = [];
  const training = trainingGroup(context, runs, (i, network, step) => models[i].record(network, step));
  try {
    for (const run of runs) {
      if (models.length > 0) yield;
      models.push(new LinearModel(context, run, test));
    }
    let [turn, progress] = [training.next(), undefined as Progress | undefined];
    for (; !turn.done; turn = training.next()) {
      progress = turn.value;
      yield progress;
      for (const model of models) for (const _ of model.follow()) yield progress;
    }
    const outcomes = turn.value;
    const results: Outcome<Comparison>[] = [];
    for (const [i, model] of models.entries()) {
      if (i > 0) yield;
      for (const _ of model.follow()) yield progress;
      results.push(model.beside(outcomes[i]));
    }
    return results;
  } finally {
    training.return([]);
    for (const model of models) model.dispose();
  }
}

/** The first-order model of a run, and the outputs of the trained network at each recorded step. */
class LinearModel {
  readonly #context: Context;
  readonly #run: Run;
  readonly #test: { X?: Matrix; Y?: Matrix };
  readonly #dynamics: Dynamics;
  readonly #stable: number;
  /** Recorded steps that the model has not gone to. */
  readonly #ahead: number[] = [];
  readonly #onTrain: Float64Array[] = [];
  readonly #onTest: Float64Array[] = [];

  constructor(context: Context, run: Run, test: { X?: Matrix; Y?: Matrix }) {
    this.#context = context;
    this.#run = run;
    this.#test = test;
    const { rule, loss, batches } = run;
    const data = { ...checkInputs(context, run.net, run.X, "full"), Y: run.Y };
    this.#dynamics = new Dynamics(context, data, { rule, loss, batches, tolerance: TOLERANCE });
    try {
      // Before training: its memory may be more than the steps need.
      this.#stable = this.#dynamics.maxLearningRate;
    } catch (error) {
      this.#dynamics.dispose();
      throw error;
    }
  }

  record(network: Network, step: number): void {
    this.#ahead.push(step);
    const { X } = this.#test;
    this.#onTrain.push(forward(this.#context, network, this.#run.X).data);
    if (X) this.#onTest.push(forward(this.#context, network, X).data);
  }

  /** Makes the model's steps up to the last recorded one, in slices. */
  *follow(): Generator<undefined, void, void> {
    for (let step = this.#ahead.shift(); step !== undefined; step = this.#ahead.shift())
      yield* this.#dynamics.walk(step);
  }

  /** What the run ended with, beside the model. */
  beside(outcome: Outcome<Trained>): Outcome<Comparison> {
    if (!(outcome instanceof ConvergenceError)) return { ...outcome, ...this.#at(outcome.steps) };
    const { message, step, maxLearningRate } = outcome;
    const partial = outcome.partial as Trained;
    return new ConvergenceError(message, {
      step,
      maxLearningRate,
      partial: { ...partial, ...this.#at(partial.steps) },
    });
  }

  dispose(): void {
    this.#dynamics.dispose();
  }

  #at(steps: number[]) {
    const { X, Y } = this.#test;
    const train = this.#side(steps, undefined, this.#run.Y, this.#onTrain);
    const test = X && this.#side(steps, X, Y, this.#onTest);
    return {
      maxLearningRate: this.#stable,
      linearLoss: train.linearLoss,
      gap: train.gap,
      ...(test && { gapTest: test.gap }),
      ...(test && Y && { testLoss: test.loss, linearTestLoss: test.linearLoss }),
    };
  }

  /**
   * Gaps and losses on one set of inputs. Without X these are the training inputs. `trained` has the network's outputs
   * at each step.
   */
  #side(steps: number[], X: Matrix | undefined, Y: Matrix | undefined, trained: Float64Array[]) {
    const [start, ...linear] = this.#dynamics.outputsAt([0, ...steps], X).map(({ data }) => data);
    const loss = (outputs: Float64Array[]) => Float64Array.from(steps, (_, k) => (Y ? this.#lossOf(outputs[k], Y) : 0));
    return {
      gap: Float64Array.from(linear, (f, k) => {
        const [distance, moved] = [distanceOf(trained[k], f), distanceOf(f, start)];
        return distance === 0 ? 0 : finiteOr(distance / moved, 1);
      }),
      loss: loss(trained),
      linearLoss: loss(linear),
    };
  }

  /** Infinity for outputs that have overflowed: a loss of one's own never sees them. */
  #lossOf(outputs: Float64Array, Y: Matrix): number {
    if (!areFinite(outputs)) return Infinity;
    return finiteOr(meanLoss(this.#context, this.#run.loss, outputs, Y), Infinity);
  }
}

/** ‖x − y‖₂ */
function distanceOf(x: Float64Array, y: Float64Array): number {
  return norm(x.map((value, i) => value - y[i]));
}

function finiteOr(value: number, other: number): number {
  return Number.isFinite(value) ? value : other;
}
