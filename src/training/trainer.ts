/** Full-batch gradient descent in backend memory: weights, data and the updates themselves (MATH.md §1, §2). */
import type { Context } from "../context.js";
import { kernelScratch } from "../kernel/finite/kernel.js";
import { forEachTile, loadNetwork } from "../kernel/finite/layers.js";
import { forward, outputsInto, tangentTransposeInto } from "../kernel/finite/tangents.js";
import { Lease } from "../lease.js";
import { doubles } from "../linalg/precision.js";
import { type Network, scales, widths, withParameters } from "../model/network.js";
import { ActivationCode, type Info } from "../ops.js";
import type { Run } from "./run.js";

/** Training has diverged where the loss is this many times the first loss. */
const DIVERGED = 1e12;
/** Most updates in one crossing. */
export const MAX_SLICE = 4096;

/**
 * Weights and data of a run in a held block of backend memory. The block lives until {@link free}, or until the
 * generator that trains is collected.
 */
export class Trainer {
  /** A loss above this limit counts as diverged. Before the first update, any finite loss is within the limit. */
  limit = Number.MAX_VALUE;
  #first = true;
  readonly #context: Context;
  readonly #run: Run;
  readonly #lease: Lease;
  readonly #at: {
    theta: number;
    theta0: number;
    velocity: number;
    x: number;
    y: number;
    rates: number;
    losses: number;
  };
  readonly #P: number;

  constructor(context: Context, run: Run) {
    const { arena } = context;
    const { net, X, Y } = run;
    const P = net.parameters.length;
    const parts = {
      theta: P,
      theta0: P,
      velocity: P,
      x: X.data.length,
      y: Y.data.length,
      rates: MAX_SLICE,
      losses: MAX_SLICE,
    };
    const total = Object.values(parts).reduce((sum, length) => sum + length, 0);
    const kernel =
      run.recordAt.length > 0
        ? (X.rows * net.outputs) ** 2 + kernelScratch(doubles(context), net, X.rows, X.rows, "full")
        : P + 2 ** 21;
    arena.require(total + kernel);
    this.#context = context;
    this.#run = run;
    this.#P = P;
    let address = arena.hold(total);
    this.#lease = new Lease(context, this, "training", arena.free.bind(arena, address));
    this.#at = { theta: 0, theta0: 0, velocity: 0, x: 0, y: 0, rates: 0, losses: 0 };
    for (const name of Object.keys(parts) as (keyof typeof parts)[]) {
      this.#at[name] = address;
      address += parts[name] * 8;
    }
    arena.view(this.#at.theta, P).set(net.parameters);
    arena.view(this.#at.theta0, P).set(net.parameters);
    arena.view(this.#at.velocity, P).fill(0);
    arena.view(this.#at.x, X.data.length).set(X.data);
    arena.view(this.#at.y, Y.data.length).set(Y.data);
    arena.view(this.#at.rates, MAX_SLICE).fill(run.rule.rate);
  }

  /**
   * Makes `count` updates from step `from`. Returns the loss before each, and the index at which it diverged, or −1.
   */
  advance(from: number, count: number): { losses: Float64Array; diverged: number } {
    const { arena } = this.#context;
    const { net, rule } = this.#run;
    const { rates, losses } = this.#at;
    if (rule.schedule) arena.view(rates, count).set(rule.schedule.subarray(from, from + count));
    const single = widths(net).length === 1 && net.outputs === 1;
    const info = arena.run(() => (single ? this.#fused(count) : this.#layered(count)));
    const result = arena.copyOut(losses, count);
    if (this.#first) this.limit = Math.min(Number.MAX_VALUE, DIVERGED * (result[0] + 1));
    this.#first = false;
    const first = result.findIndex((loss) => !(loss <= this.limit));
    return { losses: result, diverged: info > 0 ? info - 1 : first };
  }

  /** One hidden layer and one output: one op makes all updates, and keeps nothing of size N×m. */
  #fused(count: number): Info {
    const { ops, arena } = this.#context;
    const { net, X, rule } = this.#run;
    const { theta, theta0, velocity, x, y, rates, losses } = this.#at;
    const [input, output] = scales(net);
    const [m] = widths(net);
    return ops.dtrain(
      ActivationCode[net.activation],
      count,
      X.rows,
      m,
      net.inputs,
      input.alpha,
      input.beta,
      output.alpha,
      output.beta,
      net.bias ? 1 : 0,
      x,
      y,
      rates,
      rule.momentum,
      rule.nesterov ? 1 : 0,
      rule.decay,
      theta,
      theta0,
      velocity,
      losses,
      this.limit,
      arena.allocBytes(ops.dtrainScratchBytes(X.rows, m, net.inputs)),
    );
  }

  /**
   * Any depth and number of outputs, by the same contract: features, outputs and Φᵀ of the residuals, layer by layer.
   */
  #layered(count: number): Info {
    const { ops, arena } = this.#context;
    const { net, X, Y, rule } = this.#run;
    const { theta, theta0, velocity, x, y, rates, losses } = this.#at;
    const inputs = { address: x, n: X.rows };
    const gradient = arena.alloc(this.#P);
    const total = Y.data.length;
    for (let k = 0; k < count; k++) {
      let squares = 0;
      arena.view(gradient, this.#P).fill(0);
      arena.run(() => {
        const loaded = loadNetwork(this.#context, net, theta);
        forEachTile(this.#context, loaded, inputs, (tile) => {
          const size = tile.rows * net.outputs;
          const residual = arena.alloc(size);
          outputsInto(this.#context, loaded, tile, residual);
          const f = arena.view(residual, size);
          const target = arena.view(y + tile.row * net.outputs * 8, size);
          for (let i = 0; i < size; i++) {
            f[i] -= target[i];
            squares += f[i] * f[i];
            f[i] /= total;
          }
          tangentTransposeInto(this.#context, loaded, tile, residual, gradient);
        });
      });
      const loss = squares / (2 * total);
      arena.view(losses, count)[k] = loss;
      if (!(loss <= this.limit)) return k + 1;
      const rate = arena.view(rates, count)[k];
      const { momentum, nesterov, decay } = rule;
      ops.ddescend(this.#P, rate, momentum, nesterov ? 1 : 0, decay, gradient, theta, theta0, velocity);
    }
    return 0;
  }

  /** The network as it is now. */
  network(): Network {
    return withParameters(this.#run.net, this.#context.arena.copyOut(this.#at.theta, this.#P));
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
