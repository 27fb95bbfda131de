/**
 * Training in closed form. One eigendecomposition of Θ gives the outputs of gradient descent (or flow) on the
 * first-order model after any time (MATH.md §4; Lee et al. 2019). Loss: ½ · mean over all N·C entries of (f − y)².
 */

import { toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { tangentTranspose } from "../kernel/finite/tangents.js";
import type { Model } from "../kernel/models.js";
import { Lease } from "../lease.js";
import { eighScratch, gemm, transpose } from "../linalg/blas.js";
import { combine, decompose, type Eigensystem, nullLevel, project } from "../linalg/eigen.js";
import { copyIn, hold, scratch } from "../linalg/view.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { zeros } from "../memory.js";
import { displaced } from "../model/network.js";
import { optional, or, outputs, read, type Schema } from "../options.js";
import type { Problem } from "../problem.js";
import { averageAdvice, checkData, type Data, noWeights, residualProblem } from "../problem.js";
import {
  checkTime,
  DESCENT,
  type DescentOptions,
  descentKind,
  maxLearningRate,
  type Rule,
  responses,
  ruleOf,
  timesOf,
} from "./descent.js";

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
}

const OPTIONS = {
  ...DESCENT,
  kind: or(descentKind, "descent"),
  outputs: optional(outputs),
} satisfies Schema<DynamicsOptions>;

/** `ntk.dynamics`: decomposes Θ(X, X). The result answers questions about it. */
export function dynamicsOf(
  context: Context,
  model: Model,
  X: MatrixLike,
  Y: MatrixLike,
  options: DynamicsOptions,
): Dynamics {
  const { kind, outputs, ...descent } = read(options, "dynamics", "{ learningRate: 0.1 }", OPTIONS);
  const rule = ruleOf(descent, kind);
  return new Dynamics(context, checkData(context, model, X, Y, outputs), rule);
}

/**
 * Gradient descent on the first-order model, solved. Holds the eigenvectors of Θ in backend memory until `dispose()`.
 *
 * @example
 * const path = ntk.dynamics(net, X, Y, { learningRate: 0.1 });
 * const [early, late] = path.at([10, 1000], Xnew);
 * path.at(Infinity).data; // the end of training
 */
export class Dynamics {
  /** Eigenvalues of Θ(X, X), ascending. */
  readonly eigenvalues: Float64Array;
  /**
   * The largest rate at which descent is stable, momentum and decay included: bound · NC/(λ_max + NCκ). Rates above it
   * are allowed, and descent then blows up.
   */
  readonly maxLearningRate: number;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #Y: Matrix;
  readonly #rule: Rule;
  readonly #spectrum: Eigensystem;
  /** Coefficients of y − f0 in the eigenbasis, one row for each right-hand side. */
  readonly #coefficients: Float64Array;
  /** The rounding level: a mode whose eigenvalue is at most this does not move. */
  readonly #level: number;
  /** f0 on the training inputs, N×C. */
  readonly #start: Float64Array;
  readonly #lease: Lease;

  /** @internal */
  constructor(context: Context, data: Data, rule: Rule) {
    const { source, X, Y } = data;
    const { arena } = context;
    const n = X.rows * source.block;
    arena.require(n * n + Math.max(source.scratch(X.rows), eighScratch(context, n)), averageAdvice(source.block));
    this.#context = context;
    this.#rule = rule;
    this.#Y = Y;
    this.#start = source.start(X, Y.cols);
    this.#problem = residualProblem(data, this.#start);
    const vectors = hold(context, n, n);
    try {
      source.fill(X, vectors);
      this.#spectrum = { values: decompose(vectors, true), vectors };
      this.eigenvalues = this.#spectrum.values.slice();
      this.#level = nullLevel(this.#spectrum.values);
      this.#coefficients = project(this.#spectrum, this.#problem.R, this.#problem.columns);
    } catch (error) {
      arena.free(vectors.at);
      throw error;
    }
    this.maxLearningRate = maxLearningRate(rule, Y.data.length, this.eigenvalues[n - 1]);
    this.#lease = new Lease(context, this, "dynamics", arena.free.bind(arena, vectors.at));
  }

  /**
   * Outputs at time t, on the training inputs (N×C) or on X (N*×C). A list of times gives a list of matrices. t counts
   * steps (descent) or is time (flow); Infinity is the end of training.
   *
   * @throws RangeError for a bad time or X; ConvergenceError where descent has blown up beyond 1e308, or at Infinity
   *   with a rate above `maxLearningRate`; BackendError after `dispose()`.
   */
  at(t: number, X?: MatrixLike): Matrix;
  at(t: NumberList, X?: MatrixLike): Matrix[];
  at(t: number | NumberList, X?: MatrixLike): Matrix | Matrix[] {
    const times = this.#times(t);
    const at = X === undefined ? undefined : toMatrix(X, "X", { cols: this.#problem.X.cols });
    const results = this.outputsAt(times, at);
    results.forEach(({ data }, i) => {
      if (!data.every(Number.isFinite)) throw this.#diverged(times[i]);
    });
    return typeof t === "number" ? results[0] : results;
  }

  /** {@link at} for checked times. Overflow is allowed. @internal */
  outputsAt(times: readonly number[], X?: Matrix): Matrix[] {
    const { source, columns, outputs } = this.#problem;
    const start = X ? source.start(X, outputs) : this.#start;
    const size = start.length / columns;
    this.#context.arena.require(3 * times.length * Math.max(start.length, this.#problem.R.length));
    const moved = X ? this.#onNew(times, X) : combine(this.#spectrum, this.#modes(times, true), times.length * columns);
    return times.map((_, k) => {
      const data = start.slice();
      for (let c = 0; c < columns; c++) {
        const from = (k * columns + c) * size;
        for (let i = 0; i < size; i++) data[i * columns + c] += moved[from + i];
      }
      return matrix(start.length / outputs, outputs, data);
    });
  }

  /** ½ · mean over all N·C entries of (f − y)² at time t, without the decay term. */
  lossAt(t: number): number {
    const { data } = this.at(this.#time(t));
    return data.reduce((sum, f, at) => sum + (f - this.#Y.data[at]) ** 2, 0) / (2 * data.length);
  }

  /**
   * θ at time t: θ0 + D Φᵀα(t), D the rates, in the order of `net.parameters`.
   *
   * @throws RangeError for a model without weights, or with averaged outputs; otherwise as {@link at}.
   */
  parametersAt(t: number): Float64Array {
    const time = this.#time(t);
    const { source, X } = this.#problem;
    const net = source.weights;
    if (!net) throw noWeights("parametersAt()", source);
    const alpha = combine(this.#spectrum, this.#modes([time], false), 1);
    if (!alpha.every(Number.isFinite)) throw this.#diverged(time);
    const context = this.#context;
    return context.arena.run(() => {
      const loaded = loadNetwork(context, net);
      const v = copyIn(context, alpha, 1, alpha.length);
      const [moved] = tangentTranspose(context, loaded, loadInputs(context, X), v);
      return displaced(net, moved);
    });
  }

  /**
   * Eigenvectors of Θ(X, X) in columns, a column for each of {@link eigenvalues}: the functions on X that are learned
   * one by one. Rows are those of Θ: n·C + c with `outputs: "full"`. Signs are arbitrary.
   *
   * @throws MemoryLimitError; BackendError after `dispose()`.
   * @example
   * const path = ntk.dynamics(net, X, Y, { learningRate: 0.1 });
   * path.eigenvectors().cols; // 8
   */
  eigenvectors(): Matrix {
    this.#lease.check();
    const { vectors } = this.#spectrum;
    const { arena } = this.#context;
    const n = vectors.rows;
    arena.require(n * n);
    return arena.run(() => {
      const columns = scratch(this.#context, n, n);
      transpose(vectors, columns);
      return columns.matrix("the eigenvectors");
    });
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
    return timesOf(this.#rule, t);
  }

  /** A single time; refuses a list. */
  #time(t: unknown): number {
    this.#lease.check();
    checkTime(this.#rule, t);
    return t;
  }

  /** ψ ∘ c, or λψ ∘ c with `outputs`, in rows (time k, right-hand side c). Null modes do not move. */
  #modes(times: readonly number[], outputs: boolean): Float64Array {
    const { columns } = this.#problem;
    const { values } = this.#spectrum;
    const n = values.length;
    const total = n * columns;
    const result = zeros(times.length * total);
    values.forEach((value, i) => {
      if (!(value > this.#level)) return;
      const psi = responses(this.#rule, value + total * this.#rule.decay, total, times);
      for (let row = 0; row < times.length * columns; row++) {
        const coefficient = this.#coefficients[(row % columns) * n + i];
        const factor = psi[Math.floor(row / columns)] * (outputs ? value : 1);
        // A mode without data stays where it is, however unstable.
        result[row * n + i] = coefficient === 0 ? 0 : factor * coefficient;
      }
    });
    return result;
  }

  /** Θ(X, X_train) α in rows (time k, right-hand side c). */
  #onNew(times: readonly number[], X: Matrix): Float64Array {
    const { source, columns, size: n } = this.#problem;
    const context = this.#context;
    const count = times.length * columns;
    const alpha = combine(this.#spectrum, this.#modes(times, false), count);
    const cross = source.cross(X, this.#problem.X);
    return context.arena.run(() => {
      const [A, K] = [copyIn(context, alpha, count, n), copyIn(context, cross.data, cross.rows, n)];
      const out = scratch(context, count, cross.rows);
      gemm(1, A, K.t, 0, out);
      return out.copy();
    });
  }

  #diverged(t: number): ConvergenceError {
    return new ConvergenceError(
      `the first-order model has diverged at t = ${t}: the learning rate ${this.#rule.rate} is above the largest stable one, ` +
        `${this.maxLearningRate}; use a smaller rate or fewer steps`,
      { step: t, maxLearningRate: this.maxLearningRate },
    );
  }
}
