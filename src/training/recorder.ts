/** The record of a training run: losses, the distance of weights and kernel from the start, and what was asked for. */
import type { Context } from "../context.js";
import { kernelsInto } from "../kernel/finite/kernel.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { forward } from "../kernel/finite/tangents.js";
import { maxDiagonal } from "../linalg/factor.js";
import { norm } from "../linalg/vectors.js";
import { scratch } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { accuracyOf, meanLoss } from "./evaluate.js";
import { alignmentWithStart, alignmentWithTargets, sharpnessOf } from "./measures.js";
import type { Run } from "./run.js";
import type { Measured } from "./trainOptions.js";

/** A training record; arrays are aligned with `steps`. A drift or a test loss beyond a double is Infinity. */
export interface TrainingRecord {
  steps: number[];
  /** The mean loss of the trained network on all rows, without decay. */
  loss: Float64Array;
  /** ‖θ − θ0‖. */
  parameterDrift: Float64Array;
  /** ‖θ − θ0‖/‖θ0‖; 0 where θ0 is 0. */
  relativeParameterDrift: Float64Array;
  /** ‖Θ_t − Θ_0‖_F/‖Θ_0‖_F on X, where Θ is the kernel of all pairs of outputs. */
  kernelDrift: Float64Array;
  /** The mean loss on Xtest, with Xtest and Ytest. */
  testLoss?: Float64Array;
  /** What `record` named. */
  sharpness?: Float64Array;
  kernelAlignment?: Float64Array;
  targetAlignment?: Float64Array;
  accuracy?: Float64Array;
  /** With `accuracy`, Xtest and Ytest. */
  testAccuracy?: Float64Array;
}

type Extra = Measured | "testLoss" | "testAccuracy";
type Row = { step: number; loss: number; drift: number; kernel: number } & Partial<Record<Extra, number>>;

/** Fills a record, step by step. */
export class Recorder {
  readonly run: Run;
  /** Θ_0 on X; made with the first recorded step. */
  kernel0: Float64Array | undefined;
  readonly #size0: number;
  readonly #rows: Row[] = [];

  constructor(run: Run) {
    this.run = run;
    this.#size0 = norm(run.start.parameters);
  }

  /** Records a step, from Θ on X there. The loss follows with {@link setLoss}. */
  add(context: Context, step: number, network: Network, kernel: Float64Array): void {
    const { run, kernel0 = kernel } = this;
    const drift = norm(network.parameters.map((value, p) => value - run.start.parameters[p]));
    const row: Row = { step, loss: Number.NaN, drift, kernel: symmetricDistance(kernel, kernel0) };
    this.#rows.push(row);
    const asks = (name: Measured) => run.record.includes(name);
    if (run.onRecord || asks("accuracy") || asks("sharpness")) {
      const outputs = forward(context, network, run.X);
      if (asks("accuracy")) row.accuracy = accuracyOf(outputs, run.Y);
      if (asks("sharpness")) row.sharpness = sharpnessOf(context, kernel, outputs, run.Y, run.loss);
      run.onRecord?.({ step, network, outputs });
    }
    if (asks("kernelAlignment")) row.kernelAlignment = alignmentWithStart(kernel, kernel0);
    if (asks("targetAlignment")) row.targetAlignment = alignmentWithTargets(kernel, run.Y);
    if (!run.test) return;
    const outputs = forward(context, network, run.test.X);
    row.testLoss = meanLoss(context, run.loss, outputs.data, run.test.Y);
    if (asks("accuracy")) row.testAccuracy = accuracyOf(outputs, run.test.Y);
  }

  /** The step of the last row; undefined before the first. */
  get step(): number | undefined {
    return this.#rows.at(-1)?.step;
  }

  setLoss(loss: number): void {
    this.#rows[this.#rows.length - 1].loss = loss;
  }

  /** All complete rows. */
  result(): TrainingRecord {
    return this.before(Infinity);
  }

  /** The rows before a step. */
  before(step: number): TrainingRecord {
    const rows = this.#rows.filter((row) => row.step < step && !Number.isNaN(row.loss));
    const column = (f: (row: Row) => number) => Float64Array.from(rows, f);
    const { record, test } = this.run;
    const extras: Extra[] = [...record];
    if (test) extras.push("testLoss");
    if (test && record.includes("accuracy")) extras.push("testAccuracy");
    return {
      steps: rows.map((row) => row.step),
      loss: column((row) => row.loss),
      parameterDrift: column((row) => row.drift),
      relativeParameterDrift: column((row) => (this.#size0 === 0 ? 0 : row.drift / this.#size0)),
      kernelDrift: column((row) => row.kernel),
      ...Object.fromEntries(extras.map((name) => [name, column((row) => row[name] as number)])),
    };
  }
}

/** Records runs on X at a step. */
export function record(
  context: Context,
  X: Matrix,
  step: number,
  runs: readonly { recorder: Recorder; network: Network }[],
): void {
  const kernels = (networks: readonly Network[]) => (networks.length > 0 ? kernelsOn(context, X, networks) : []);
  const fresh = runs.map(({ recorder }) => recorder).filter(({ kernel0 }) => kernel0 === undefined);
  const starts = kernels(fresh.map(({ run }) => run.start));
  for (const [i, recorder] of fresh.entries()) recorder.kernel0 = starts[i];
  const moved = step === 0 ? starts : kernels(runs.map(({ network }) => network));
  for (const [i, { recorder, network }] of runs.entries()) recorder.add(context, step, network, moved[i]);
}

/** Θ on X of each network, its lower triangle; a RangeError where one overflows. */
function kernelsOn(context: Context, X: Matrix, networks: readonly Network[]): Float64Array[] {
  return context.arena.run(() => {
    const outs = networks.map(({ outputs }) => scratch(context, X.rows * outputs, X.rows * outputs));
    const inputs = loadInputs(context, X);
    const loaded = networks.map((network) => loadNetwork(context, network));
    kernelsInto(context, loaded, inputs, undefined, "full", outs);
    return outs.map((out) => {
      maxDiagonal(out);
      return out.copy();
    });
  });
}

/**
 * ‖A − B‖_F/‖B‖_F of symmetric matrices given by their lower triangles; 0 where both are 0. Each sum is in units of
 * its own largest entry, so neither overflows or vanishes.
 */
function symmetricDistance(A: Float64Array, B: Float64Array): number {
  if (A === B) return 0;
  const n = Math.sqrt(A.length);
  let [moved, largest] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let at = i * n; at <= i * (n + 1); at++) {
      // Halves: the difference of two doubles may be beyond a double.
      moved = Math.max(moved, Math.abs(A[at] / 2 - B[at] / 2));
      largest = Math.max(largest, Math.abs(B[at]));
    }
  }
  if (moved === 0) return 0;
  let [distance, size] = [0, 0];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const [a, b] = [A[i * n + j], B[i * n + j]];
      const weight = i === j ? 1 : 2;
      distance += weight * ((a / 2 - b / 2) / moved) ** 2;
      size += weight * (largest > 0 ? b / largest : 0) ** 2;
    }
  }
  return largest === 0 ? Infinity : 2 * (moved / largest) * Math.sqrt(distance / size);
}
