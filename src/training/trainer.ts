/** Full-batch gradient descent in backend memory: weights, data and the steps themselves (MATH.md §1, §2). */
import type { Context } from "../context.js";
import { activationArgument } from "../kernel/activationArgument.js";
import { callAll } from "../kernel/finite/batch.js";
import { kernelScratch } from "../kernel/finite/kernel.js";
import { forEachTile, loadNetwork } from "../kernel/finite/layers.js";
import { forward, outputsInto, tangentTransposeInto } from "../kernel/finite/tangents.js";
import { Lease } from "../lease.js";
import { hold, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { BuiltIn } from "../model/activation.js";
import { isDefined } from "../model/definedActivation.js";
import { type Network, scales, widths, withParameters } from "../model/network.js";
import { valueAt } from "../model/perLayer.js";
import type { Info, Ops } from "../ops.js";
import type { Run } from "./run.js";

/** Training has diverged where the loss is this many times the first loss. */
const DIVERGED = 1e12;
/** Most steps in one crossing. */
export const MAX_SLICE = 4096;

/** What a slice of steps gave. */
export interface Slice {
  losses: Float64Array;
  diverged: number;
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

/** Doubles that a run of P weights holds. */
export function heldDoubles(P: number, X: Matrix, Y: Matrix): number {
  return 3 * P + X.data.length + Y.data.length + 2 * MAX_SLICE;
}

/**
 * Weights and data of a run in a held block of backend memory. The block lives until {@link free}, or until the
 * generator that trains is collected.
 */
export class Trainer {
  /** A loss above this limit counts as diverged. Before the first step, any finite loss is within the limit. */
  limit = Number.MAX_VALUE;
  #first = true;
  readonly #context: Context;
  readonly #run: Run;
  readonly #lease: Lease;
  /** Parts of the held block, a row of numbers each; X and Y are matrices. */
  readonly #parts: Record<"theta" | "theta0" | "velocity" | "X" | "Y" | "rates" | "losses", View>;
  readonly #P: number;

  constructor(context: Context, run: Run) {
    const { arena } = context;
    const { net, X, Y } = run;
    const P = net.parameters.length;
    const total = heldDoubles(P, X, Y);
    const kernel =
      run.recordAt.length > 0
        ? (X.rows * net.outputs) ** 2 + kernelScratch(context, 8, net, X.rows, X.rows, "full")
        : P + 2 ** 21;
    arena.require(total + kernel);
    this.#context = context;
    this.#run = run;
    this.#P = P;
    const block = hold(context, 1, total);
    this.#lease = new Lease(context, this, "training", arena.free.bind(arena, block.at));
    let taken = 0;
    const part = (rows: number, cols: number) => {
      taken += rows * cols;
      return block.part(taken - rows * cols, rows, cols);
    };
    this.#parts = {
      theta: part(1, P),
      theta0: part(1, P),
      velocity: part(1, P),
      X: part(X.rows, X.cols),
      Y: part(Y.rows, Y.cols),
      rates: part(1, MAX_SLICE),
      losses: part(1, MAX_SLICE),
    };
    const parts = this.#parts;
    parts.theta.entries().set(net.parameters);
    parts.theta0.entries().set(net.parameters);
    parts.velocity.entries().fill(0);
    parts.X.entries().set(X.data);
    parts.Y.entries().set(Y.data);
    parts.rates.entries().fill(run.rule.rate);
  }

  /** True where one op makes all steps: one hidden layer and one output. It keeps nothing of size N×m. */
  get fused(): boolean {
    const { net } = this.#run;
    const own = isDefined(valueAt(net.activation, 0));
    return widths(net).length === 1 && net.outputs === 1 && !own;
  }

  /** Takes the rates of steps [from, from + count). */
  schedule(from: number, count: number): void {
    const { schedule } = this.#run.rule;
    if (schedule) this.#parts.rates.entries().set(schedule.subarray(from, from + count));
  }

  /** The loss before each step of a slice with this status, and the index at which it diverged, or −1. */
  end(info: Info, count: number): Slice {
    const losses = this.#parts.losses.block(0, 0, 1, count).copy();
    if (this.#first) this.limit = Math.min(Number.MAX_VALUE, DIVERGED * (losses[0] + 1));
    this.#first = false;
    const first = losses.findIndex((loss) => !(loss <= this.limit));
    return { losses, diverged: info > 0 ? info - 1 : first };
  }

  /** Makes `count` steps of a {@link fused} run by an op. Its scratch is the arena's. */
  steps(op: Ops["dtrain"], count: number): Info {
    const { ops, arena } = this.#context;
    const { net, X, rule } = this.#run;
    const { theta, theta0, velocity, X: x, Y: y, rates, losses } = this.#parts;
    const [input, output] = scales(net, 1);
    const [m] = widths(net);
    return op(
      activationArgument(this.#context, valueAt(net.activation, 0) as BuiltIn),
      count,
      X.rows,
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
      rates.at,
      rule.momentum,
      rule.nesterov ? 1 : 0,
      rule.decay,
      theta.at,
      theta0.at,
      velocity.at,
      losses.at,
      this.limit,
      arena.allocBytes(ops.dtrainScratchBytes(X.rows, m, net.inputs)),
    );
  }

  /**
   * Any depth and number of outputs, by the same contract: features, outputs and Φᵀ of the residuals, layer by layer.
   */
  layered(count: number): Info {
    const context = this.#context;
    const { ops, arena } = context;
    const { net, rule } = this.#run;
    const { theta, theta0, velocity, X, Y, rates, losses } = this.#parts;
    const gradient = scratch(context, 1, this.#P);
    const total = Y.rows * Y.cols;
    for (let k = 0; k < count; k++) {
      let squares = 0;
      gradient.entries().fill(0);
      arena.run(() => {
        const loaded = loadNetwork(context, net, theta, 8, 1);
        forEachTile(context, loaded, X, (tile) => {
          const residual = scratch(context, tile.rows, net.outputs);
          outputsInto(loaded, tile, residual);
          const [f, target] = [residual.entries(), Y.slice(tile.row, tile.rows).entries()];
          for (let i = 0; i < f.length; i++) {
            f[i] -= target[i];
            squares += f[i] * f[i];
            f[i] /= total;
          }
          tangentTransposeInto(context, loaded, tile, residual, gradient);
        });
      });
      const loss = squares / (2 * total);
      losses.entries()[k] = loss;
      if (!(loss <= this.limit)) return k + 1;
      const rate = rates.entries()[k];
      const { momentum, nesterov, decay } = rule;
      const vectors = [gradient.at, theta.at, theta0.at, velocity.at] as const;
      ops.ddescend(this.#P, rate, momentum, nesterov ? 1 : 0, decay, ...vectors);
    }
    return 0;
  }

  /** The network as it is now. */
  network(): Network {
    return withParameters(this.#run.net, this.#parts.theta.copy());
  }

  /** Loss of a network on the data. */
  loss(network: Network): number {
    if (!network.parameters.every(Number.isFinite)) return Infinity;
    const { X, Y } = this.#run;
    const { data } = forward(this.#context, network, X);
    return data.reduce((sum, f, i) => sum + (f - Y.data[i]) ** 2, 0) / (2 * data.length);
  }

  free(): void {
    this.#lease.release();
  }
}
