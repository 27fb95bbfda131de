/** The trained network beside its first-order model, step by step: is the linear picture true? (MATH.md §5) */

import { toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { forward } from "../kernel/finite/tangents.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import type { Network } from "../model/network.js";
import { any, read, type Schema } from "../options.js";
import { checkData } from "../problem.js";
import { drain } from "../slices.js";
import { Dynamics } from "./dynamics.js";
import type { TrainingRecord } from "./recorder.js";
import { checkRun, type Progress, type Run, TRAIN, TRAIN_EXAMPLE, type TrainOptions } from "./run.js";
import { type Trained, training } from "./train.js";

export interface CompareOptions extends TrainOptions {
  /** Inputs that are not trained on, N*×d. The gap is reported on them too. */
  Xtest?: MatrixLike;
  /** Targets of Xtest, N*×C. Both test losses are then reported. */
  Ytest?: MatrixLike;
}

/**
 * Arrays are aligned with `steps`. Where the first-order model has overflowed, its losses are Infinity and the gaps 1,
 * their limit.
 */
export interface Comparison extends TrainingRecord {
  /** The trained network. */
  network: Network;
  aborted: boolean;
  /** Largest stable rate of the first-order model. */
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
  const run = checkRun(net, X, Y, train);
  const test = checkTest(Xtest, Ytest, run.net.inputs, run.net.outputs);
  return comparing(context, run, test.X, test.Y);
}

/** Copies of the test data that were given. @throws TypeError, RangeError */
export function checkTest(Xtest: unknown, Ytest: unknown, inputs: number, outputs: number): { X?: Matrix; Y?: Matrix } {
  if (Xtest === undefined) {
    if (Ytest === undefined) return {};
    throw new RangeError("Ytest is given without Xtest; expected both");
  }
  const X = copied(toMatrix(Xtest as MatrixLike, "Xtest", { cols: inputs }));
  if (Ytest === undefined) return { X };
  return { X, Y: copied(toMatrix(Ytest as MatrixLike, "Ytest", { rows: X.rows, cols: outputs })) };
}

/** Compares for a checked run. Yields between slices of the training. */
export function* comparing(
  context: Context,
  run: Run,
  Xtest?: Matrix,
  Ytest?: Matrix,
): Generator<Progress, Comparison, void> {
  const dynamics = new Dynamics(context, checkData(context, run.net, run.X, run.Y, "full"), run.rule);
  try {
    const onTrain: Float64Array[] = [];
    const onTest: Float64Array[] = [];
    const beside = ({ steps }: TrainingRecord) => {
      const train = side(dynamics, steps, undefined, run.Y, onTrain);
      const test = Xtest && side(dynamics, steps, Xtest, Ytest, onTest);
      return {
        maxLearningRate: dynamics.maxLearningRate,
        linearLoss: train.linearLoss,
        gap: train.gap,
        ...(test && { gapTest: test.gap }),
        ...(test && Ytest && { testLoss: test.loss, linearTestLoss: test.linearLoss }),
      };
    };
    try {
      const trained = yield* training(context, run, (network) => {
        onTrain.push(forward(context, network, run.X).data);
        if (Xtest) onTest.push(forward(context, network, Xtest).data);
      });
      return { ...trained, ...beside(trained) };
    } catch (error) {
      if (!(error instanceof ConvergenceError) || error.partial === undefined) throw error;
      const partial = error.partial as Trained;
      const { step, maxLearningRate } = error;
      throw new ConvergenceError(error.message, { step, maxLearningRate, partial: { ...partial, ...beside(partial) } });
    }
  } finally {
    dynamics.dispose();
  }
}

/**
 * Gaps and losses on one set of inputs. Without X these are the training inputs. `trained` has the network's outputs at
 * each step.
 */
function side(
  dynamics: Dynamics,
  steps: number[],
  X: Matrix | undefined,
  Y: Matrix | undefined,
  trained: Float64Array[],
) {
  const [start, ...linear] = dynamics.outputsAt([0, ...steps], X).map(({ data }) => data);
  const loss = (outputs: Float64Array[]) =>
    Float64Array.from(steps, (_, k) => (Y ? finiteOr(squares(outputs[k], Y.data) / (2 * Y.data.length), Infinity) : 0));
  return {
    gap: Float64Array.from(linear, (f, k) => {
      const [distance, moved] = [squares(trained[k], f), squares(f, start)];
      return distance === 0 ? 0 : finiteOr(Math.sqrt(distance / moved), 1);
    }),
    loss: loss(trained),
    linearLoss: loss(linear),
  };
}

function squares(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0);
}

function finiteOr(value: number, other: number): number {
  return Number.isFinite(value) ? value : other;
}
