/**
 * The empirical tangent kernel of a finite network, factored layer by layer (MATH.md §2). The N×P Jacobian is never
 * formed.
 *
 *   Θ_cc' = δ_cc' (β² + α² H_L H_Lᵀ) + Σ_l (α_l² H_(l−1) H_(l−1)ᵀ + β_l²) ∘ (G_l,c G_l,c'ᵀ),   G_l,c = ∂f_c/∂Z_l
 *
 * `average` is the mean of Θ_cc over the outputs, N×N; `full` is (N·C)×(N·C), row n·C + c. In the average, the products
 * of all outputs are one product over C·m units. In the top layer, where G_c = α b_c ∘ σ', they are one product over m
 * units with the root mean square of the weights. The kernel of a single hidden layer is one op; its terms apart take
 * UNITS at a time. Scratch is O(N·1024) either way. Sources: Jacot et al. 2018; Novak et al. 2022 for the factored
 * form.
 */
import type { Context } from "../../context.js";
import type { Real } from "../../linalg/precision.js";
import type { Matrix } from "../../matrix.js";
import { zeros } from "../../memory.js";
import { type Network, widths } from "../../model/network.js";
import { forEachGradient, forEachGradientPair } from "./gradients.js";
import {
  allocTile,
  features,
  fillTile,
  forEachTile,
  type Inputs,
  type Layer,
  type Loaded,
  loadInputs,
  loadNetwork,
} from "./layers.js";
import { fullKernelInto } from "./outputPairs.js";

/** Hidden units of one pass over a single hidden layer. */
const UNITS = 1024;

/** How the outputs of a network are treated: one kernel for all, or one for each pair. */
export type Outputs = "average" | "full";

/** Where the terms of Θ go, by name of their block of θ: terms with one address are summed; 0 leaves a term out. */
type Where = (block: string) => number;

/** Θ into `out`: lower triangle only without `other`. */
export function kernelInto(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  other: Inputs | undefined,
  outputs: Outputs,
  out: number,
): void {
  if (outputs === "full" && loaded.C > 1) fullKernelInto(context, loaded, inputs, other, out);
  else if (loaded.hidden.length === 1) ntkInto(context, loaded, inputs, other, out);
  else averageInto(context, loaded, inputs, other, () => out);
}

/** The whole kernel of a single hidden layer, averaged over the outputs: one op. */
function ntkInto({ arena }: Context, loaded: Loaded, inputs: Inputs, other: Inputs | undefined, out: number): void {
  const { code, readout, real } = loaded;
  const { fanIn: d, fanOut: m, alpha, beta, weights, bias } = loaded.hidden[0];
  const [n, n2] = [inputs.n, other?.n ?? inputs.n];
  arena.run(() => {
    const gain = loaded.gain || rootMeanSquare(loaded);
    const work = arena.allocBytes(real.ntkScratchBytes(n, n2, m, d));
    const [x, y] = [inputs.address, other?.address];
    const [sigma, a, b, delta] = [readout.alpha ** 2, alpha ** 2, beta ** 2, readout.beta ** 2];
    if (y === undefined)
      real.ntk(code, 0, n, m, d, alpha, x, d, weights, d, beta, bias, gain, sigma, a, b, 0, delta, out, n, work);
    else {
      real.ntkCross(
        code,
        0,
        n,
        n2,
        m,
        d,
        alpha,
        x,
        d,
        y,
        d,
        weights,
        d,
        beta,
        bias,
        gain,
        sigma,
        a,
        b,
        0,
        delta,
        out,
        n2,
        work,
      );
    }
  });
}

/** The average over the outputs, its terms where `where` says. */
function averageInto(context: Context, loaded: Loaded, inputs: Inputs, other: Inputs | undefined, where: Where): void {
  context.arena.run(() => {
    const sum = new Terms(context, loaded.real, inputs, other, where);
    const gain = loaded.gain || rootMeanSquare(loaded);
    if (loaded.hidden.length === 1) shallowInto(context, loaded, inputs, other, gain, sum);
    else deepInto(context, loaded, inputs, other, gain, sum);
  });
}

function shallowInto(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  other: Inputs | undefined,
  gain: number,
  sum: Terms,
): void {
  const { hidden, readout, real } = loaded;
  const [layer] = hidden;
  const m = layer.fanOut;
  const units = Math.min(UNITS, m);
  const memory = [inputs, other].map((x) => (x ? [0, 1].map(() => real.alloc(x.n * units)) : [0, 0]));
  for (let unit = 0; unit < m; unit += UNITS) {
    const k = Math.min(UNITS, m - unit);
    [inputs, other].forEach((x, i) => {
      const [s, g] = memory[i];
      if (x) features(context, loaded, layer, x.address, x.n, unit, k, gain, s, g);
    });
    const [[s, g], [s2, g2]] = memory;
    sum.addReadout(readout, k, [s, s2], unit === 0);
    sum.addHidden(layer, k, [g, g2], [inputs.address, other?.address ?? 0]);
  }
}

function deepInto(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  other: Inputs | undefined,
  gain: number,
  sum: Terms,
): void {
  const { arena } = context;
  const { hidden, readout, C, real } = loaded;
  const top = hidden.length - 1;
  const m = readout.fanIn;
  const load = (x: Inputs) => fillTile(context, loaded, x, 0, x.n, allocTile(loaded, x.n));
  const tile = load(inputs);
  const tile2 = other && load(other);
  const pair = (l: number): [number, number] => [tile.h[l], tile2?.h[l] ?? 0];
  sum.addReadout(readout, m, pair(top + 1), true);
  if (!loaded.gain) {
    // The top layer's gradients, averaged: σ' times the root mean square of its weights.
    arena.run(() => {
      const scaled = [tile, tile2].map((x) => {
        if (!x) return 0;
        const g = real.alloc(x.rows * m);
        real.hadamard(0, x.rows, m, 1, gain, m, 1, x.slopes[top], m, 1, g, m);
        return g;
      });
      sum.addHidden(hidden[top], m, [scaled[0], scaled[1]], pair(top));
    });
  }
  forEachGradientPair(context, loaded, tile, tile2, 1 / Math.sqrt(C), (l, g, g2) => {
    if (l < top || loaded.gain) sum.addHidden(hidden[l], C * hidden[l].fanOut, [g, g2], pair(l));
  });
}

/** α √(mean over outputs of b_cj²) for each unit j of the top layer. */
function rootMeanSquare({ readout, C, real }: Loaded): number {
  const m = readout.fanIn;
  const b = real.view(readout.weights, C * m);
  const size = new Float64Array(m);
  for (let at = 0; at < b.length; at++) size[at % m] += b[at] ** 2;
  return real.copyIn(
    size.map((sum) => readout.alpha * Math.sqrt(sum / C)),
    "the readout",
  );
}

/** Terms of the average kernel, each added to the matrix of its block. */
class Terms {
  readonly #context: Context;
  readonly #real: Real;
  readonly #inputs: Inputs;
  readonly #other: Inputs | undefined;
  readonly #where: Where;
  /** Matrices that hold something already. */
  readonly #begun = new Set<number>();

  constructor(context: Context, real: Real, inputs: Inputs, other: Inputs | undefined, where: Where) {
    this.#context = context;
    this.#real = real;
    this.#inputs = inputs;
    this.#other = other;
    this.#where = where;
  }

  /** α² H H2ᵀ for k units, and once the constant β². */
  addReadout({ alpha, beta, names, bias }: Layer, k: number, h: [number, number], constant: boolean): void {
    const [b, a] = [this.#where(names.weights), bias ? this.#where(names.bias) : 0];
    const together = a === b && constant;
    if (b) this.#add(b, k, h, 0, 0, [0, 0], alpha ** 2, together ? beta ** 2 : 0);
    if (a && constant && !together) this.#add(a, 0, [0, 0], 0, 0, [0, 0], 0, beta ** 2);
  }

  /** (α² H H2ᵀ + β²) ∘ (G G2ᵀ) for k columns of G. */
  addHidden({ fanIn, alpha, beta, names, bias }: Layer, k: number, g: [number, number], h: [number, number]): void {
    const [c, d] = [this.#where(names.weights), bias ? this.#where(names.bias) : 0];
    const together = d === c;
    // α = 0 (weightStd 0) leaves the biases' part.
    const depth = alpha === 0 ? 0 : fanIn;
    if (c) this.#add(c, k, g, depth, alpha ** 2, h, together ? beta ** 2 : 0, 0);
    if (d && !together) this.#add(d, k, g, 0, 0, [0, 0], beta ** 2, 0);
  }

  /** out = [out +] delta + (alpha A A2ᵀ + beta) ∘ (G G2ᵀ), A of depth d. */
  #add(
    out: number,
    k: number,
    [g, g2]: [number, number],
    d: number,
    alpha: number,
    [a, a2]: [number, number],
    beta: number,
    delta: number,
  ): void {
    const { arena } = this.#context;
    const real = this.#real;
    const { n } = this.#inputs;
    const n2 = this.#other?.n ?? n;
    const gamma = this.#begun.has(out) ? 1 : 0;
    this.#begun.add(out);
    arena.run(() => {
      const work = arena.allocBytes(real.gramScratchBytes(n, n2, k, d));
      if (!this.#other) real.gram(0, n, k, g, k, d, alpha, a, d, beta, gamma, delta, out, n, work);
      else real.gramCross(0, n, n2, k, g, k, g2, k, d, alpha, a, d, a2, d, beta, gamma, delta, out, n2, work);
    });
  }
}

/** Doubles that {@link kernelInto} takes beside its result, at most; for the memory check before any work. */
export function kernelScratch(
  real: Real,
  net: Pick<Network, "inputs" | "hidden" | "outputs"> & { parameters: { length: number } },
  n: number,
  n2: number,
  outputs: Outputs,
): number {
  const sizes = [net.inputs, ...widths(net)];
  const C = net.outputs;
  const full = outputs === "full" && C > 1;
  const size = real.bytes / 8;
  const product = (k: number, d: number) => real.gramScratchBytes(n, n2, k, d) / 8;
  const parameters = net.parameters.length + sizes[sizes.length - 1];
  const points = n + n2;
  if (sizes.length === 2 && !full) {
    return size * (parameters + points * net.inputs) + real.ntkScratchBytes(n, n2, sizes[1], net.inputs) / 8;
  }
  const units = sizes.slice(1).reduce((sum, m) => sum + m, 0);
  const widest = sizes.reduce((top, m) => Math.max(top, m), 0);
  const features = points * (net.inputs + 2 * units) + 3 * C * points * widest + C * n2 * units;
  return size * (parameters + features + (full ? n * n2 : 0)) + (full ? C : 1) * product(C * widest, widest);
}

/** Θ(X, X2), or Θ(X, X), symmetric to the bit, where X2 is missing. */
export function kernel(
  context: Context,
  real: Real,
  net: Network,
  X: Matrix,
  X2: Matrix | undefined,
  outputs: Outputs,
): Matrix {
  const { arena } = context;
  const block = outputs === "full" ? net.outputs : 1;
  const [n, n2] = [X.rows, X2?.rows ?? X.rows];
  const [rows, cols] = [n * block, n2 * block];
  return arena.run(() => {
    arena.require((rows * cols * real.bytes) / 8 + kernelScratch(real, net, n, n2, outputs));
    const out = real.alloc(rows * cols);
    const loaded = loadNetwork(context, net, undefined, real);
    const [inputs, other] = [loadInputs(context, X, real), X2 && loadInputs(context, X2, real)];
    kernelInto(context, loaded, inputs, other, outputs, out);
    if (!X2) real.mirror(rows, out, rows);
    return real.copyOut(out, rows, cols, "the kernel");
  });
}

/** One matrix per block of θ, averaged over the outputs; they sum to Θ. */
export function kernelBlocks(
  context: Context,
  real: Real,
  net: Network,
  X: Matrix,
  X2?: Matrix,
): Record<string, Matrix> {
  const { arena } = context;
  const [n, n2] = [X.rows, X2?.rows ?? X.rows];
  return arena.run(() => {
    // Terms apart: the features of a pass are kept, and packed once more.
    const units = Math.min(UNITS, widths(net)[0]);
    const apart = (2 * (n + n2) * units * real.bytes + real.gramScratchBytes(n, n2, units, net.inputs)) / 8;
    arena.require((net.blocks.length * n * n2 * real.bytes) / 8 + kernelScratch(real, net, n, n2, "average") + apart);
    const at = new Map(net.blocks.map(({ name }) => [name, real.alloc(n * n2)]));
    const loaded = loadNetwork(context, net, undefined, real);
    const [inputs, other] = [loadInputs(context, X, real), X2 && loadInputs(context, X2, real)];
    averageInto(context, loaded, inputs, other, (name) => at.get(name) ?? 0);
    return Object.fromEntries(
      [...at].map(([name, address]) => {
        if (!X2) real.mirror(n, address, n);
        return [name, real.copyOut(address, n, n2, `the kernel of block ${name}`)];
      }),
    );
  });
}

/** diag Θ(X, X): N numbers (average), or N·C. */
export function kernelDiagonal(context: Context, net: Network, X: Matrix, outputs: Outputs): Float64Array {
  const { ops, arena } = context;
  return arena.run(() => {
    const loaded = loadNetwork(context, net);
    const { hidden, readout, C } = loaded;
    const full = outputs === "full";
    // Rows of G to a row of the diagonal: one for each output, or all outputs side by side.
    const [block, wide] = full ? [C, 1] : [1, C];
    const result = zeros(X.rows * block);
    forEachTile(context, loaded, loadInputs(context, X), ({ row, rows, ...rest }) => {
      const tile = { row, rows, ...rest };
      const [inner, outer] = [arena.alloc(rows), arena.alloc(rows * block)];
      const squares = (h: number, m: number, count: number, out: number) =>
        ops.drowdot(0, count, m, 1, h, m, h, m, 0, out);
      squares(tile.h[hidden.length], readout.fanIn, rows, inner);
      const from = row * block;
      const norms = arena.view(inner, rows);
      for (let i = 0; i < rows * block; i++) {
        result[from + i] = readout.beta ** 2 + readout.alpha ** 2 * norms[Math.floor(i / block)];
      }
      forEachGradient(context, loaded, tile, 1 / Math.sqrt(wide), (l, g) => {
        const { fanIn, fanOut, alpha, beta } = hidden[l];
        squares(tile.h[l], fanIn, rows, inner);
        squares(g, wide * fanOut, rows * block, outer);
        const [factors, bells] = [arena.view(inner, rows), arena.view(outer, rows * block)];
        for (let i = 0; i < rows * block; i++) {
          // A saturated unit carries no kernel, however large x is: 0 · ∞ = 0 (MATH.md §6).
          if (bells[i] !== 0) result[from + i] += (alpha ** 2 * factors[Math.floor(i / block)] + beta ** 2) * bells[i];
        }
      });
    });
    return result;
  });
}
