/**
 * The first-order model under any loss, and in batches: steps in dual weights α, with f = f0 + Θα (MATH.md §4). A step
 * costs a product with Θ: N²C multiply-adds with one kernel for all outputs, (NC)² with that of all pairs. Flow is
 * integrated (`rungeKutta.ts`).
 *
 * α at the times that were asked for last is kept, so that a later time goes on from there.
 */

import type { Context } from "../context.js";
import { eighScratch, gemm, gemv, mirror } from "../linalg/blas.js";
import { decompose, nullLevel } from "../linalg/eigen.js";
import { maxDiagonal } from "../linalg/factor.js";
import { maxAbs, transposed } from "../linalg/vectors.js";
import { copyIn, hold, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { averageAdvice, type Data } from "../problem.js";
import { Batches } from "./batches.js";
import type { Rule } from "./descent.js";
import { type DescentState, descendTo, descentStart } from "./descentSteps.js";
import type { CheckedLoss } from "./loss.js";
import { inColumns, type Path } from "./path.js";
import { type Flow, type FlowState, flowStart, flowTo } from "./rungeKutta.js";
import { Slopes } from "./slopes.js";
import { stableRate } from "./stability.js";

/** How the model is trained. */
export interface Training {
  readonly rule: Rule;
  readonly loss: CheckedLoss;
  /** Rows of a step, in an order that the seed decides. */
  readonly batches: { readonly size: number; readonly seed: number } | undefined;
  /** The error of a step of the flow, relative to the largest of |f0| and |Y|. Descent needs none. */
  readonly tolerance: number;
}

export const TOLERANCE = 1e-8;

/** Times whose α is kept. */
const KEPT = 128;
/** Milliseconds of a slice. */
const SLICE_MS = 16;

/** α at a time, and from where later times are reached. */
interface Kept {
  readonly alpha: Float64Array;
  readonly state: DescentState | FlowState;
}

export class Stepped implements Path {
  readonly at: number;
  readonly #context: Context;
  readonly #training: Training;
  readonly #Y: Matrix;
  /** f0 in rows (right-hand side c). */
  readonly #start: Float64Array;
  /** Both triangles of Θ. */
  readonly #theta: View;
  readonly #batches: Batches | undefined;
  readonly #live: () => void;
  /** By time, in the order in which they were asked for. */
  readonly #kept = new Map<number, Kept>();
  #most = KEPT;
  #eigenvalues: Float64Array | undefined;
  /** The first step at which an output is not finite. */
  #end = Infinity;

  /** `start` is f0 on the training inputs, N×C; `live` throws after `dispose()`. Holds a block. */
  constructor(context: Context, { source, X, Y }: Data, start: Float64Array, training: Training, live: () => void) {
    const n = X.rows * source.block;
    this.#context = context;
    this.#training = training;
    this.#Y = Y;
    this.#start = transposed(start, n, start.length / n);
    const { batches } = training;
    this.#batches = batches && new Batches(X.rows, batches.size, batches.seed);
    this.#live = live;
    this.#theta = hold(context, n, n);
    this.at = this.#theta.at;
    try {
      source.fill(X, this.#theta);
      maxDiagonal(this.#theta);
      mirror(this.#theta);
    } catch (error) {
      context.arena.free(this.at);
      throw error;
    }
  }

  /** Checks the memory before any work. @throws MemoryLimitError */
  static require({ arena }: Context, { source, X, Y }: Data): void {
    const n = X.rows * source.block;
    arena.require(n * n + Math.max(source.scratch(X.rows), 5 * Y.data.length), averageAdvice(source.block));
  }

  eigenvalues(): Float64Array {
    this.#eigenvalues ??= this.#decomposed(false, (_, values) => values);
    return this.#eigenvalues;
  }

  eigenvectors(): Matrix {
    return this.#decomposed(true, (vectors) => inColumns(this.#context, vectors));
  }

  maxLearningRate(): number {
    const { rule, loss } = this.#training;
    const { rows, cols } = this.#Y;
    const points = this.#batches?.size ?? rows;
    return stableRate(rule, loss, points, cols, () => this.eigenvalues()[this.#theta.rows - 1]);
  }

  duals(times: readonly number[]): Float64Array {
    const size = this.#start.length;
    const result = zeros(times.length * size);
    const context = this.#context;
    context.arena.run(() => {
      const slopes = new Slopes(context, this.#theta, this.#start, this.#Y, this.#training.loss);
      // Ascending: each time goes on from the one before it.
      const order = times.map((t, k) => ({ t, k })).sort((a, b) => a.t - b.t);
      for (const { t, k } of order) result.set(this.#dual(slopes, t), k * size);
    });
    return result;
  }

  /**
   * Goes to step t in slices of about 16 ms, between which it yields. α at a time that was gone to in this way is kept
   * beside the last {@link KEPT} times.
   */
  *walk(t: number): Generator<undefined, void, void> {
    const from = [...this.#kept.keys()].reduce((last, k) => (k <= t ? Math.max(last, k) : last), 0);
    let [at, slice] = [from, 1];
    while (at < t && at < this.#end) {
      const next = Math.min(t, at + slice);
      const began = performance.now();
      this.duals([next]);
      const perStep = (performance.now() - began) / (next - at);
      slice = Math.max(1, Math.min(2 * slice, Math.floor(SLICE_MS / Math.max(perStep, 1e-6))));
      if (at > from) this.#kept.delete(at);
      at = next;
      if (at < t) yield;
    }
    this.#most++;
  }

  moved(times: readonly number[]): Float64Array {
    const alpha = this.duals(times);
    const n = this.#theta.rows;
    return this.#context.arena.run(() => {
      const A = copyIn(this.#context, alpha, alpha.length / n, n);
      const out = scratch(this.#context, A.rows, n);
      gemm(1, A, this.#theta.t, 0, out);
      return out.copy();
    });
  }

  /** α(t); NaN from where on an output is not finite. */
  #dual(slopes: Slopes, t: number): Float64Array {
    if (t > this.#end) return zeros(this.#start.length).fill(Number.NaN);
    const known = this.#kept.get(t);
    const reached = known ?? this.#reach(slopes, t);
    if (!reached) return this.#dual(slopes, t);
    this.#kept.delete(t);
    this.#kept.set(t, reached);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#most) this.#kept.delete(oldest);
    return reached.alpha;
  }

  /** Goes to t from the last known place before it. Undefined where an output is not finite on the way. */
  #reach(slopes: Slopes, t: number): Kept | undefined {
    let from: Kept["state"] | undefined;
    for (const { state } of this.#kept.values()) if (state.t <= t && state.t >= (from?.t ?? 0)) from = state;
    const { rule, tolerance } = this.#training;
    const length = this.#start.length;
    if (rule.kind === "flow") {
      const start = (from as FlowState | undefined) ?? flowStart(new Float64Array(length));
      const { state, y } = flowTo(this.#flow(slopes), start, t, tolerance);
      return { state, alpha: y };
    }
    const start = (from as DescentState | undefined) ?? descentStart(rule, length);
    const state = descendTo(slopes, { rule, batches: this.#batches, outputs: this.#Y.cols }, start, t, this.#live);
    if (state.t < t) this.#end = state.t;
    return state.t < t ? undefined : { state, alpha: state.alpha };
  }

  /** α' = −η(∇L(f0 + Θα) + κα). */
  #flow(slopes: Slopes): Flow {
    const { rate, decay } = this.#training.rule;
    const unit = Math.max(maxAbs(this.#start), maxAbs(this.#Y.data)) || 1;
    const [context, theta, columns] = [this.#context, this.#theta, slopes.alpha.rows];
    return {
      slope: (y, slope) => {
        slopes.alpha.entries().set(y);
        if (!slopes.all(slope)) slope.fill(Number.NaN);
        this.#live();
        for (let i = 0; i < y.length; i++) slope[i] = -rate * (slope[i] + decay * y[i]);
      },
      // Of the outputs: α may be large where it moves nothing.
      size: (change) =>
        context.arena.run(() => {
          const A = copyIn(context, change, columns, theta.rows);
          const out = scratch(context, columns, theta.rows);
          for (let c = 0; c < columns; c++) gemv(1, theta, A.slice(c, 1), 0, out.slice(c, 1));
          return maxAbs(out.entries()) / unit;
        }),
    };
  }

  /** Decomposes a copy of Θ. @throws NotPositiveDefiniteError, ConvergenceError, MemoryLimitError */
  #decomposed<T>(vectors: boolean, use: (vectors: View, values: Float64Array) => T): T {
    const [context, theta] = [this.#context, this.#theta];
    const n = theta.rows;
    context.arena.require((vectors ? 2 : 1) * n * n + eighScratch(context, n));
    return context.arena.run(() => {
      const A = scratch(context, n, n);
      A.entries().set(theta.entries());
      const values = decompose(A, vectors);
      nullLevel(values);
      return use(A, values);
    });
  }
}
