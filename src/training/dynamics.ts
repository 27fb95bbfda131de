/**
 * Training of the first-order model, whose features stay those of θ0 (MATH.md §4; Lee et al. 2019). Under squared loss
 * one eigendecomposition of Θ gives the outputs after any time (`closedForm.ts`). Under other losses, and in batches,
 * the steps are made one by one, with Θ in place of the network (`stepped.ts`).
 */

import { checkNumbers, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { transposeTimes } from "../kernel/finite/tangents.js";
import type { Model } from "../kernel/models.js";
import { Lease } from "../lease.js";
import { gemm } from "../linalg/blas.js";
import { maxAbs } from "../linalg/vectors.js";
import { copyIn, scratch } from "../linalg/view.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { displaced } from "../model/network.js";
import { type Check, count, optional, or, outputs, positive, read, type Schema, seed } from "../options.js";
import { checkInputs, type Data, noWeights } from "../problem.js";
import { ClosedForm } from "./closedForm.js";
import { checkTime, DESCENT, type DescentOptions, descentKind, ruleOf, timesOf } from "./descent.js";
import { meanLoss } from "./evaluate.js";
import { type CheckedLoss, type Loss, lossOption, targetsOf } from "./loss.js";
import type { Path } from "./path.js";
import { Stepped, TOLERANCE, type Training } from "./stepped.js";

export interface DynamicsOptions extends DescentOptions {
  /** `descent` (default): t counts steps. `flow`: dθ/dt = −η ∇loss, t is time. */
  kind?: "descent" | "flow";
  /**
   * The kernel of several outputs.
   *
   * - `full`: all outputs move together by the (N·C)×(N·C) Θ, as under gradient descent on the weights. Default of
   *   finite networks.
   * - `average`: each output moves separately under the mean kernel, N×N. Default of other models, and their only
   *   choice.
   */
  outputs?: "full" | "average";
  /**
   * Default `squared`, in closed form for any time. Under the others time t costs t products with Θ: 2N²C flops each
   * with one kernel for all outputs, 2(NC)² with that of all pairs.
   */
  loss?: Loss;
  /** Rows of a step. Default: all. With fewer, squared loss is stepped too, B/N of a product a step. */
  batchSize?: number;
  /** Decides the order of the rows, an epoch at a time, as in training. Default 0. */
  shuffleSeed?: number;
  /**
   * Flow under a loss that is not squared: the error of a step of the integration, relative to the largest of |f0| and
   * |Y|, in [1e-13, 0.1]. Default 1e-8.
   */
  tolerance?: number;
}

const tolerance: Check<number> = (value, name) => {
  const asked = positive(value, name);
  if (asked >= 1e-13 && asked <= 0.1) return asked;
  throw new RangeError(`${name} is ${asked}; expected a number in [1e-13, 0.1]`);
};

const OPTIONS = {
  ...DESCENT,
  kind: or(descentKind, "descent"),
  outputs: optional(outputs),
  loss: lossOption,
  batchSize: optional(count),
  shuffleSeed: or(seed, 0),
  tolerance: or(tolerance, TOLERANCE),
} satisfies Schema<DynamicsOptions>;

/** `ntk.dynamics`: makes Θ(X, X), and decomposes it for squared loss. The result answers questions about it. */
export function dynamicsOf(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike,
  options: DynamicsOptions,
): Dynamics {
  const { kind, outputs, loss, batchSize, shuffleSeed, tolerance, ...descent } = read(
    options,
    "dynamics",
    "{ learningRate: 0.1 }",
    OPTIONS,
  );
  const rule = ruleOf(descent, kind);
  if (kind === "flow" && batchSize !== undefined)
    throw new RangeError('gradient flow has no batches; expected kind "descent" with batchSize');
  const inputs = checkInputs(context, model, X, outputs);
  const { rows } = inputs.X;
  const data = { ...inputs, Y: targetsOf(loss, Y, "Y", rows, inputs.source.outputs ?? outputsOf(loss, Y)) };
  const batches = batchSize === undefined ? undefined : { size: batchSize, seed: shuffleSeed };
  return new Dynamics(context, data, { rule, loss, batches, tolerance });
}

/** Outputs of a model that prescribes none: columns of Y, or as many as labels need. */
function outputsOf({ name }: CheckedLoss, Ylike: MatrixLike): number {
  const { data, cols } = toMatrix(Ylike, "Y");
  if (name !== "crossEntropy" || cols !== 1) return cols;
  // What is no label is refused by its row.
  return data.reduce((most, label) => (Number.isInteger(label) ? Math.max(most, label + 1) : most), 2);
}

/**
 * Gradient descent on the first-order model. Holds the eigenvectors of Θ, or Θ, in backend memory until `dispose()`.
 *
 * Under squared loss any time costs the same. Otherwise time t costs its steps from the last known time before it; the
 * dual weights of the last 128 times are kept. Calls are synchronous: long runs belong in a worker.
 *
 * @example
 * const path = ntk.dynamics(net, X, Y, { learningRate: 0.1 });
 * const [early, late] = path.at([10, 1000], Xnew);
 * path.at(Infinity).data; // the end of training
 *
 * const labels = Array.from(X, (_, i) => i % 2);
 * const classes = ntk.dynamics(net, X, labels, { learningRate: 0.1, loss: "logistic" });
 * classes.lossAt(1000) < classes.lossAt(10); // true
 */
export class Dynamics {
  readonly #context: Context;
  readonly #data: Data;
  readonly #training: Training;
  readonly #path: Path;
  /** f0 on the training inputs, N×C. */
  readonly #start: Float64Array;
  readonly #lease: Lease;
  #eigenvalues: Float64Array | undefined;
  #maxLearningRate: number | undefined;

  /** `data.Y` is as {@link targetsOf} makes it. @internal */
  constructor(context: Context, data: Data, asked: Training) {
    const { source, X, Y } = data;
    // A batch of all rows is no batch.
    const batches = asked.batches && asked.batches.size < X.rows ? asked.batches : undefined;
    const training = { ...asked, batches };
    const closed = training.loss.name === "squared" && !batches;
    (closed ? ClosedForm : Stepped).require(context, data);
    this.#context = context;
    this.#data = data;
    this.#training = training;
    this.#start = source.start(X, Y.cols);
    this.#path = closed
      ? new ClosedForm(context, data, this.#start, training.rule)
      : new Stepped(context, data, this.#start, training, () => this.#lease.check());
    this.#lease = new Lease(context, this, "dynamics", context.arena.free.bind(context.arena, this.#path.at));
  }

  /**
   * Eigenvalues of Θ(X, X), ascending. Under other losses than the squared one, or in batches, they cost an
   * eigendecomposition when they are first read.
   */
  get eigenvalues(): Float64Array {
    if (!this.#eigenvalues) {
      this.#lease.check();
      this.#eigenvalues = this.#path.eigenvalues().slice();
    }
    return this.#eigenvalues;
  }

  /**
   * The largest rate that is known to be stable, momentum and decay included: bound · n/(cλ_max + nκ). n is the number
   * of terms whose mean is the loss: N·C, or N with `crossEntropy`; of a batch where there are batches. c is the
   * largest curvature of a term.
   *
   * - `squared`: c = 1. Without batches the bound is exact: descent blows up above it.
   * - `huber` 1, `crossEntropy` ½, `logistic` ¼: the bound suffices, and larger rates may do. With momentum it is that
   *   of the last steps, in which the loss is nearly quadratic.
   * - a loss of one's own: nothing is known of its curvature, and the rate is 0.
   *
   * Rates above it are allowed. Reading it costs what {@link eigenvalues} cost.
   */
  get maxLearningRate(): number {
    if (this.#maxLearningRate === undefined) {
      this.#lease.check();
      this.#maxLearningRate = this.#path.maxLearningRate();
    }
    return this.#maxLearningRate;
  }

  /**
   * Outputs at time t, on the training inputs (N×C) or on X (N*×C). A list of times gives a list of matrices. t counts
   * steps (descent) or is time (flow); Infinity is the end of training, for squared loss without batches.
   *
   * @throws RangeError for a bad time or X; ConvergenceError where descent has blown up beyond 1e308, at Infinity with
   *   a rate above `maxLearningRate`, or where a flow needs more than a million steps; BackendError after `dispose()`.
   */
  at(t: number, X?: MatrixLike): Matrix;
  at(t: NumberList, X?: MatrixLike): Matrix[];
  at(t: number | NumberList, X?: MatrixLike): Matrix | Matrix[] {
    const times = this.#times(t);
    const at = X === undefined ? undefined : toMatrix(X, "X", { cols: this.#data.X.cols });
    const results = this.outputsAt(times, at);
    results.forEach(({ data }, i) => {
      if (!data.every(Number.isFinite)) throw this.#diverged(times[i]);
    });
    return typeof t === "number" ? results[0] : results;
  }

  /** {@link at} for checked times. Overflow is allowed. @internal */
  outputsAt(times: readonly number[], X?: Matrix): Matrix[] {
    const { source, Y } = this.#data;
    const outputs = Y.cols;
    const start = X ? source.start(X, outputs) : this.#start;
    const columns = outputs / source.block;
    const size = start.length / columns;
    this.#context.arena.require(3 * times.length * Math.max(start.length, Y.data.length));
    const moved = X ? this.#onNew(times, X, columns) : this.#path.moved(times);
    return times.map((_, k) => {
      const data = start.slice();
      for (let c = 0; c < columns; c++) {
        const from = (k * columns + c) * size;
        for (let i = 0; i < size; i++) data[i * columns + c] += moved[from + i];
      }
      return matrix(start.length / outputs, outputs, data);
    });
  }

  /** Makes the steps up to t ahead of {@link outputsAt}, in slices of about 16 ms between yields. @internal */
  *walk(t: number): Generator<undefined, void, void> {
    if (this.#path instanceof Stepped) yield* this.#path.walk(t);
  }

  /**
   * The loss at time t, without the decay term: a mean over all N·C entries, or over the N points (see `Loss`).
   *
   * @throws as {@link at}, and RangeError where the sum of its terms overflows, or a loss of one's own is NaN.
   */
  lossAt(t: number): number {
    const { data } = this.at(this.#time(t));
    const { Y } = this.#data;
    // A sum of squares needs no copy.
    if (this.#training.loss.name === "squared")
      return checkNumbers(halfMeanSquare(data, Y.data), `the loss at t = ${t}`);
    const loss = meanLoss(this.#context, this.#training.loss, data, Y);
    if (Number.isNaN(loss)) throw new RangeError(`the loss is NaN at t = ${t}; expected a number from loss.value`);
    return checkNumbers(loss, `the loss at t = ${t}`);
  }

  /**
   * θ at time t: θ0 + D Φᵀα(t), D the rates, in the order of `net.parameters`.
   *
   * @throws RangeError for a model without weights, or with averaged outputs, and where a weight overflows; otherwise
   *   as {@link at}.
   */
  parametersAt(t: number): Float64Array {
    const time = this.#time(t);
    const { source, X } = this.#data;
    const net = source.weights;
    if (!net) throw noWeights("parametersAt()", source);
    const alpha = this.#path.duals([time]);
    if (!alpha.every(Number.isFinite)) throw this.#diverged(time);
    return checkNumbers(displaced(net, transposeTimes(this.#context, net, X, alpha)), `parametersAt(${t})`);
  }

  /**
   * Eigenvectors of Θ(X, X) in columns, a column for each of {@link eigenvalues}: the functions on X that are learned
   * one by one under squared loss. Rows are those of Θ: n·C + c with `outputs: "full"`. Signs are arbitrary.
   *
   * @throws MemoryLimitError; BackendError after `dispose()`.
   * @example
   * const path = ntk.dynamics(net, X, Y, { learningRate: 0.1 });
   * path.eigenvectors().cols; // 8
   */
  eigenvectors(): Matrix {
    this.#lease.check();
    return this.#path.eigenvectors();
  }

  /** Gives the backend memory back. Using it afterwards is a BackendError; a second call does nothing. */
  dispose(): void {
    this.#lease.release();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #times(t: unknown): number[] {
    this.#lease.check();
    const times = timesOf(this.#training.rule, t);
    if (times.includes(Infinity)) this.#hasEnd();
    return times;
  }

  /** A single time; refuses a list. */
  #time(t: unknown): number {
    this.#lease.check();
    checkTime(this.#training.rule, t);
    if (t === Infinity) this.#hasEnd();
    return t;
  }

  /** @throws RangeError where the end of training is not in closed form. */
  #hasEnd(): void {
    if (this.#path instanceof ClosedForm) return;
    const { loss, rule } = this.#training;
    const what = loss.name === "squared" ? "batches" : `the loss ${loss.name === "own" ? "of your own" : loss.name}`;
    const finite = rule.kind === "flow" ? "a time" : "a number of steps";
    throw new RangeError(
      `t is Infinity; with ${what} the end of training has no closed form, and may be at infinite weights; ask for ${finite}`,
    );
  }

  /** Θ(X, X_train) α in rows (time k, right-hand side c). */
  #onNew(times: readonly number[], X: Matrix, columns: number): Float64Array {
    const context = this.#context;
    const count = times.length * columns;
    const alpha = this.#path.duals(times);
    const { source, X: known } = this.#data;
    const cross = source.cross(X, known);
    return context.arena.run(() => {
      const [A, K] = [copyIn(context, alpha, count, cross.cols), copyIn(context, cross.data, cross.rows, cross.cols)];
      const out = scratch(context, count, cross.rows);
      gemm(1, A, K.t, 0, out);
      return out.copy();
    });
  }

  #diverged(t: number): ConvergenceError {
    const { rule, loss } = this.#training;
    const diverged = `the first-order model has diverged at t = ${t}`;
    if (loss.name === "own") return new ConvergenceError(`${diverged}; use a smaller rate or fewer steps`, { step: t });
    const { maxLearningRate } = this;
    const cause =
      rule.rate >= maxLearningRate
        ? `the learning rate ${rule.rate} is above the largest stable one, ${maxLearningRate}`
        : `the learning rate ${rule.rate} is not above ${maxLearningRate}, which suffices without momentum`;
    return new ConvergenceError(`${diverged}: ${cause}; use a smaller rate or fewer steps`, {
      step: t,
      maxLearningRate,
    });
  }
}

/** ½ · mean (f − y)². Where only the sum overflows, its terms are divided by the largest one first. */
function halfMeanSquare(f: Float64Array, y: Float64Array): number {
  const sum = f.reduce((sum, value, at) => sum + (value - y[at]) ** 2, 0);
  if (Number.isFinite(sum)) return sum / (2 * f.length);
  const apart = f.map((value, at) => value - y[at]);
  const top = maxAbs(apart);
  const part = apart.reduce((sum, value) => sum + (value / top) ** 2, 0) / (2 * f.length);
  return top * part * top;
}
