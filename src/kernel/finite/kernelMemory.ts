/**
 * Doubles that kernels of finite networks take beside their result, for the check of the memory before any work. Each
 * sum here follows the scratch of one function of `kernel.ts` and of `outputPairs.ts`. What they take one after the
 * other counts once, by its largest.
 */
import type { Context } from "../../context.js";
import { gemmScratchBytes, gramScratchBytes } from "../../linalg/blas.js";
import { isDefined } from "../../model/definedActivation.js";
import { type Network, residualOf, widths } from "../../model/network.js";
import { valueAt } from "../../model/perLayer.js";
import { featuresScratchBytes, shallowScratchBytes } from "./networkOps.js";

/** Hidden units of one pass over a single hidden layer: the scratch of a product is bounded. */
export const UNITS = 1024;

/** How the outputs of a network are treated: one kernel for all, or one for each pair. */
export type Outputs = "average" | "full";

/** What of a network decides its memory. */
type Shape = Pick<Network, "inputs" | "hidden" | "outputs" | "activation" | "residual"> & {
  parameters: { length: number };
};

/** A network between n points and n2 others, or the same ones where n2 is missing. */
class Plan {
  readonly #context: Context;
  readonly #bytes: 8 | 4;
  readonly #n: number;
  readonly #n2: number | undefined;
  readonly #net: Shape;
  /** Inputs, and units of each hidden layer. */
  readonly #sizes: readonly number[];

  constructor(context: Context, bytes: 8 | 4, net: Shape, n: number, n2: number | undefined) {
    this.#context = context;
    this.#bytes = bytes;
    this.#net = net;
    this.#n = n;
    this.#n2 = n2;
    this.#sizes = [net.inputs, ...widths(net)];
  }

  get #C(): number {
    return this.#net.outputs;
  }

  get #points(): number {
    return this.#n + (this.#n2 ?? 0);
  }

  get #top(): number {
    return this.#sizes.length - 1;
  }

  get #widest(): number {
    return this.#sizes.slice(1).reduce((most, m) => Math.max(most, m), 0);
  }

  /** True where pre-activations of a layer are kept for the layers above. */
  get #joins(): boolean {
    return this.#sizes.some((_, l) => l < this.#top && residualOf(this.#net, l) >= 0);
  }

  /** So many entries, in doubles. */
  #entries(count: number): number {
    return (count * this.#bytes) / 8;
  }

  /** Scratch of a product of k columns and d columns of its factor, whose rows are repeated. */
  #gram(k: number, d: number, repeat = 1): number {
    const [rows, cols] = [repeat * this.#n, repeat * (this.#n2 ?? this.#n)];
    return gramScratchBytes(this.#context, this.#bytes, rows, cols, k, d) / 8;
  }

  /** Scratch of the largest of some steps of each layer. */
  #largest(step: (l: number) => number): number {
    return this.#sizes.slice(1).reduce((most, _, l) => Math.max(most, step(l + 1)), 0);
  }

  /** θ, the gain of the top layer, the inputs. */
  loaded(gain: boolean): number {
    const { parameters, inputs } = this.#net;
    return this.#entries(parameters.length + (gain ? this.#sizes[this.#top] : 0) + this.#points * inputs);
  }

  /** A single hidden layer as a whole. */
  op(): number {
    const [d, m] = this.#sizes;
    return shallowScratchBytes(this.#context, this.#bytes, this.#n, this.#n2 ?? this.#n, m, d) / 8;
  }

  /** A single hidden layer, some units at a time. */
  units(): number {
    const [d, m] = this.#sizes;
    const most = Math.min(UNITS, m);
    return this.#entries(2 * this.#points * most) + Math.max(this.#features(most, d), this.#gram(most, d));
  }

  /** Features and slopes of all points, and the joined layer. */
  tiles(): number {
    const units = this.#sizes.slice(1).reduce((sum, m) => sum + m, 0);
    return this.#entries(this.#points * (2 * units + (this.#joins ? this.#widest : 0)));
  }

  #features(m: number, d: number): number {
    const n = Math.max(this.#n, this.#n2 ?? 0);
    return featuresScratchBytes(this.#context, this.#bytes, n, m, d) / 8;
  }

  #feature(l: number): number {
    return this.#features(this.#sizes[l], this.#sizes[l - 1]);
  }

  /** Gradients of all layers of the others, and of two layers of the points; beside them the scratch of `body`. */
  #gradients(body: (l: number) => number): number {
    const C = this.#C;
    const copies = 2 + (this.#joins ? 1 : 0);
    const spare = (n: number) => this.#entries(copies * n * C * this.#widest);
    const down = (n: number) => (l: number) =>
      l === 1 ? 0 : gemmScratchBytes(this.#context, this.#bytes, n * C, this.#sizes[l - 1], this.#sizes[l]) / 8;
    const own = spare(this.#n) + this.#largest((l) => Math.max(down(this.#n)(l), body(l)));
    if (this.#n2 === undefined) return own;
    const units = this.#sizes.slice(1).reduce((sum, m) => sum + m, 0);
    const kept = this.#entries(C * this.#n2 * units);
    return kept + Math.max(own, spare(this.#n2) + this.#largest(down(this.#n2)));
  }

  /** Several hidden layers, averaged over the outputs. */
  average(): number {
    const [C, sizes, top] = [this.#C, this.#sizes, this.#top];
    const scaled = C > 1 ? this.#entries(this.#points * sizes[top]) + this.#gram(sizes[top], sizes[top - 1]) : 0;
    const body = (l: number) => (l === top && C > 1 ? 0 : this.#gram(C * sizes[l], sizes[l - 1]));
    return Math.max(
      this.#largest((l) => this.#feature(l)),
      this.#gram(sizes[top], 0),
      scaled,
      this.#gradients(body),
    );
  }

  /** All pairs of outputs. */
  full(): number {
    const [C, sizes, n, n2] = [this.#C, this.#sizes, this.#n, this.#n2 ?? this.#n];
    const factor = (l: number) => this.#gram(sizes[l], 0);
    const block = (k: number) => this.#gram(k, 1, C);
    const readout = this.#entries(Math.max(n, n2) * C * C) + block(C);
    const body = (l: number) => Math.max(factor(l - 1), block(sizes[l]));
    const made = this.#entries(n * n2) + Math.max(factor(this.#top), readout, this.#gradients(body));
    return Math.max(
      this.#largest((l) => this.#feature(l)),
      made,
    );
  }
}

/** Doubles that `kernelInto` takes beside its result. Without n2 the points are paired with themselves. */
export function kernelScratch(
  context: Context,
  bytes: 8 | 4,
  net: Shape,
  n: number,
  n2: number | undefined,
  outputs: Outputs,
): number {
  const plan = new Plan(context, bytes, net, n, n2);
  const depth = widths(net).length;
  if (outputs === "full" && net.outputs > 1) return plan.loaded(false) + plan.tiles() + plan.full();
  if (depth > 1) return plan.loaded(true) + plan.tiles() + plan.average();
  return plan.loaded(true) + (isDefined(valueAt(net.activation, 0)) ? plan.units() : plan.op());
}

/** The same for `kernelBlocks`. */
export function blocksScratch(context: Context, bytes: 8 | 4, net: Shape, n: number, n2: number | undefined): number {
  const plan = new Plan(context, bytes, net, n, n2);
  return plan.loaded(true) + (widths(net).length > 1 ? plan.tiles() + plan.average() : plan.units());
}
