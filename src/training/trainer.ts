/** The steps of training in backend memory: weights, data and what the optimizer keeps (MATH.md §1, §2, §4). */
import { checkNumbers } from "../check.js";
import type { Context } from "../context.js";
import { activationArgument } from "../kernel/activationArgument.js";
import { callAll } from "../kernel/finite/batch.js";
import { kernelScratch } from "../kernel/finite/kernelMemory.js";
import { forEachTile, loadNetwork } from "../kernel/finite/layers.js";
import { outputsInto, tangentTransposeInto } from "../kernel/finite/tangents.js";
import { Lease } from "../lease.js";
import { hold, scratch, type View } from "../linalg/view.js";
import type { BuiltIn } from "../model/activation.js";
import { isDefined } from "../model/definedActivation.js";
import { type Network, scales, widths, withParameters } from "../model/network.js";
import { rateOf } from "../model/networkLayers.js";
import { valueAt } from "../model/perLayer.js";
import { type Info, type Ops, OptimizerCode, RULE } from "../ops.js";
import { Batches } from "./batches.js";
import { evaluate } from "./evaluate.js";
import { lossInto, termsOf } from "./loss.js";
import { corrections, keptBy } from "./optimizer.js";
import type { Run } from "./run.js";
import type { TrainingState } from "./state.js";

/** Training has diverged where the loss is this many times the first loss. */
const DIVERGED = 1e12;
/** Most steps in one crossing. */
export const MAX_SLICE = 4096;
/** Most rows of all batches of a crossing: 4 MB of row numbers. */
const MAX_ROWS = 2 ** 20;

/** What a slice of steps gave. */
export interface Slice {
  losses: Float64Array;
  /** Index of the first loss that counts as diverged, or −1. */
  diverged: number;
  /** Index of the first loss that is small enough, or −1. */
  reached: number;
}

/** Makes `count` steps of each run from step `from` on, side by side where an op makes them. */
export function advance(context: Context, trainers: readonly Trainer[], from: number, count: number): Slice[] {
  const infos = context.arena.run(() => {
    for (const trainer of trainers) trainer.schedule(from, count);
    if (!trainers.every(({ fused }) => fused)) return trainers.map((trainer) => trainer.layered(count));
    return callAll(context, "dtrain", trainers.length, (op, i) => trainers[i].steps(op, count));
  });
  return trainers.map((trainer, i) => trainer.end(infos[i], count));
}

/** What decides how much a run holds. */
type Sized = Pick<Run, "X" | "Y" | "rule" | "optimizer" | "batches">;

/** Doubles that a run of P weights holds. */
export function heldDoubles(P: number, run: Sized): number {
  return Object.values(partsOf(P, 0, run)).reduce((sum, [rows, cols]) => sum + rows * cols, 0) + 64;
}

/** The parts of the held block: a row of numbers each; X and Y are matrices. */
function partsOf(P: number, blocks: number, { X, Y, rule, optimizer, batches }: Sized) {
  const { velocity, squares } = keptBy(optimizer, rule);
  const adam = optimizer.code !== OptimizerCode.descent;
  return {
    theta: [1, P],
    anchor: [1, P],
    velocity: [1, velocity ? P : 0],
    squares: [1, squares ? P : 0],
    X: [X.rows, X.cols],
    Y: [Y.rows, Y.cols],
    rates: [1, MAX_SLICE],
    losses: [1, MAX_SLICE],
    corrections: [1, adam ? 2 * MAX_SLICE : 0],
    blocks: [1, adam ? 2 * blocks : 0],
    // Row numbers and sizes are 32-bit integers, two to a double.
    order: [1, batches ? Math.ceil((mostSteps(batches.size) * batches.size) / 2) : 0],
    sizes: [1, batches ? MAX_SLICE / 2 : 0],
    room: [1, batches ? batches.size * (X.cols + Y.cols) : 0],
    rule: [1, RULE.length],
  } satisfies Record<string, [number, number]>;
}

type Parts = Record<keyof ReturnType<typeof partsOf>, View>;

/** Steps of a crossing whose batches' row numbers fit. */
function mostSteps(size: number): number {
  return Math.max(1, Math.min(MAX_SLICE, Math.floor(MAX_ROWS / size)));
}

/**
 * Weights and data of a run in a held block of backend memory. The block lives until {@link free}, or until the
 * generator that trains is collected.
 */
export class Trainer {
  /** A loss above this limit counts as diverged. Before the first step, any finite loss is within the limit. */
  limit = Number.MAX_VALUE;
  /** Most steps of a slice. */
  readonly mostSteps: number;
  /** Steps of an epoch; undefined where each step sees all rows. */
  readonly perEpoch: number | undefined;
  #first = true;
  readonly #context: Context;
  readonly #run: Run;
  readonly #lease: Lease;
  readonly #parts: Parts;
  readonly #batches: Batches | undefined;
  readonly #P: number;

  constructor(context: Context, run: Run) {
    const { arena } = context;
    const { net, X, Y, batches } = run;
    const P = net.parameters.length;
    const total = heldDoubles(P, run) + 2 * net.blocks.length;
    const kernel =
      run.recordAt.length > 0
        ? (X.rows * net.outputs) ** 2 + kernelScratch(context, 8, net, X.rows, undefined, "full")
        : P + 2 ** 21;
    arena.require(total + kernel);
    this.#context = context;
    this.#run = run;
    this.#P = P;
    this.#batches = batches && new Batches(X.rows, batches.size, batches.seed);
    this.mostSteps = batches ? mostSteps(batches.size) : MAX_SLICE;
    this.perEpoch = this.#batches?.perEpoch;
    const block = hold(context, 1, total);
    this.#lease = new Lease(context, this, "training", arena.free.bind(arena, block.at));
    let taken = 0;
    const parts = Object.entries(partsOf(P, net.blocks.length, run)).map(([name, [rows, cols]]) => {
      taken += rows * cols;
      return [name, block.part(taken - rows * cols, rows, cols)];
    });
    this.#parts = Object.fromEntries(parts) as Parts;
    this.#begin(Y.data);
    if (run.state) this.#resume(run.state);
  }

  /** Numbers of the first step of a run. */
  #begin(targets: Float64Array): void {
    const { net, start, X, rule, optimizer } = this.#run;
    const parts = this.#parts;
    parts.theta.entries().set(net.parameters);
    parts.anchor.entries().fill(0);
    if (optimizer.decayTo === "start") parts.anchor.entries().set(start.parameters);
    parts.velocity.entries().fill(0);
    parts.squares.entries().fill(0);
    parts.X.entries().set(X.data);
    parts.Y.entries().set(targets);
    parts.rates.entries().fill(rule.rate);
    const rateAt = rateOf(net);
    if (parts.blocks.cols > 0)
      parts.blocks.entries().set(net.blocks.flatMap(({ name, length }) => [length, rateAt(name)]));
    const { code, beta1, beta2, epsilon } = optimizer;
    const { untilLoss, loss } = this.#run;
    const values: Record<(typeof RULE)[number], number> = {
      loss: loss.code,
      optimizer: code,
      momentum: code === OptimizerCode.descent ? rule.momentum : beta1,
      nesterov: rule.nesterov ? 1 : 0,
      decay: rule.decay,
      beta2,
      epsilon,
      rates: parts.rates.at,
      corrections: parts.corrections.at,
      anchor: parts.anchor.at,
      velocity: parts.velocity.at,
      squares: parts.squares.at,
      blocks: parts.blocks.at,
      blockCount: net.blocks.length,
      order: parts.order.at,
      sizes: this.#batches ? parts.sizes.at : 0,
      room: parts.room.at,
      // The loss of a batch is not the loss.
      until: untilLoss === undefined || this.#batches ? -Infinity : untilLoss,
    };
    parts.rule.entries().set(RULE.map((name) => values[name]));
  }

  #resume({ step, velocity, squares, limit }: TrainingState): void {
    this.#parts.velocity.entries().set(velocity);
    this.#parts.squares.entries().set(squares);
    this.limit = limit;
    this.#first = step === 0;
  }

  /**
   * What a later run goes on from, after `step` steps.
   *
   * @throws RangeError where a moment of Adam has overflowed: the steps of its weight were 0.
   */
  state(step: number): Omit<TrainingState, "best" | "worse" | "validated"> {
    const { optimizer, start } = this.#run;
    const { velocity, squares } = this.#parts;
    checkNumbers(velocity.copy(), "the mean of the slopes");
    checkNumbers(squares.copy(), "the mean of the squares of the slopes");
    return {
      optimizer: optimizer.name,
      step,
      start: start.parameters.slice(),
      velocity: velocity.copy(),
      squares: squares.copy(),
      limit: this.limit,
    };
  }

  /** True where one op makes all steps: one hidden layer and one output. It keeps nothing of size N×m. */
  get fused(): boolean {
    const { net, loss } = this.#run;
    const own = isDefined(valueAt(net.activation, 0)) || loss.own !== undefined;
    return widths(net).length === 1 && net.outputs === 1 && !own;
  }

  /** Takes the rates, and the rows, of steps [from, from + count). */
  schedule(from: number, count: number): void {
    const { rule, optimizer } = this.#run;
    const parts = this.#parts;
    if (rule.schedule) parts.rates.entries().set(rule.schedule.subarray(from, from + count));
    if (parts.corrections.cols > 0) parts.corrections.entries().set(corrections(optimizer, from, count));
    if (!this.#batches) return;
    const [order, sizes] = [this.#integers(parts.order), this.#integers(parts.sizes)];
    let at = 0;
    for (let k = 0; k < count; k++) {
      const rows = this.#batches.at(from + k);
      order.set(rows, at);
      sizes[k] = rows.length;
      at += rows.length;
    }
  }

  #integers(part: View): Int32Array {
    return new Int32Array(part.entries().buffer, part.at, 2 * part.cols);
  }

  /** What a slice with this status gave. */
  end(info: Info, count: number): Slice {
    const losses = this.#parts.losses.block(0, 0, 1, count).copy();
    if (this.#first) this.limit = Math.min(Number.MAX_VALUE, DIVERGED * (Math.abs(losses[0]) + 1));
    this.#first = false;
    const { untilLoss } = this.#run;
    const made = info > 0 ? info : count;
    const diverged = losses.findIndex((loss, k) => k < made && !(loss <= this.limit));
    const reached = info > 0 && untilLoss !== undefined && losses[info - 1] <= untilLoss;
    return { losses, diverged, reached: reached ? info - 1 : -1 };
  }

  /** Makes `count` steps of a {@link fused} run by an op. Its scratch is the arena's. */
  steps(op: Ops["dtrain"], count: number): Info {
    const { ops, arena } = this.#context;
    const { net, X, batches, optimizer } = this.#run;
    const { theta, X: x, Y: y, losses, rule } = this.#parts;
    const [input, output] = scales(net, optimizer.code === OptimizerCode.descent ? 1 : 0);
    const [m] = widths(net);
    const rows = batches?.size ?? X.rows;
    return op(
      activationArgument(this.#context, valueAt(net.activation, 0) as BuiltIn),
      count,
      rows,
      m,
      net.inputs,
      input.alpha,
      input.beta,
      output.alpha,
      output.beta,
      net.bias ? 1 : 0,
      output.tangent.beta,
      output.tangent.alpha,
      input.tangent.alpha,
      input.tangent.beta,
      x.at,
      y.at,
      theta.at,
      losses.at,
      this.limit,
      rule.at,
      arena.allocBytes(ops.dtrainScratchBytes(rows, m, net.inputs)),
    );
  }

  /**
   * Any depth and number of outputs, and losses of one's own, by the same contract: features, outputs and Φᵀ of the
   * slopes, layer by layer.
   */
  layered(count: number): Info {
    const context = this.#context;
    const { ops, arena } = context;
    const { net, loss, optimizer, untilLoss } = this.#run;
    const { theta, losses, rule } = this.#parts;
    const gradient = scratch(context, 1, this.#P);
    const power = optimizer.code === OptimizerCode.descent ? 1 : 0;
    let taken = 0;
    for (let k = 0; k < count; k++) {
      const { X, Y } = this.#batch(k, taken);
      taken += X.rows;
      const terms = termsOf(loss, X.rows, Y.cols);
      let sum = 0;
      gradient.entries().fill(0);
      arena.run(() => {
        const loaded = loadNetwork(context, net, theta, 8, power);
        forEachTile(context, loaded, X, (tile) => {
          const outputs = scratch(context, tile.rows, net.outputs);
          outputsInto(loaded, tile, outputs);
          sum += lossInto(context, loss, outputs, Y.slice(tile.row, tile.rows), 1 / terms);
          tangentTransposeInto(context, loaded, tile, outputs, gradient);
        });
      });
      const mean = sum / terms;
      losses.entries()[k] = mean;
      if (!(mean <= this.limit) || (!this.#batches && untilLoss !== undefined && mean <= untilLoss)) return k + 1;
      ops.ddescend(this.#P, k, gradient.at, theta.at, rule.at);
    }
    return 0;
  }

  /** The rows of step k of a slice: all, or the batch whose row numbers begin at `taken`. */
  #batch(k: number, taken: number): { X: View; Y: View } {
    const { X, Y, order, sizes, room } = this.#parts;
    if (!this.#batches) return { X, Y };
    const size = this.#integers(sizes)[k];
    const rows = this.#integers(order).subarray(taken, taken + size);
    const gathered = { X: room.part(0, size, X.cols), Y: room.part(size * X.cols, size, Y.cols) };
    for (const name of ["X", "Y"] as const) {
      const [from, to, cols] = [this.#parts[name].entries(), gathered[name].entries(), gathered[name].cols];
      for (let i = 0; i < size; i++) to.set(from.subarray(rows[i] * cols, (rows[i] + 1) * cols), i * cols);
    }
    return gathered;
  }

  /** The network as it is now. */
  network(): Network {
    return withParameters(this.#run.net, this.#parts.theta.copy());
  }

  /** Loss of a network on all rows. */
  loss(network: Network): number {
    if (!network.parameters.every(Number.isFinite)) return Infinity;
    return evaluate(this.#context, network, this.#run, this.#run.loss).loss;
  }

  free(): void {
    this.#lease.release();
  }
}
