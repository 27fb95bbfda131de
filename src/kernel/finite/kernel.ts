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
import { gram, hadamard, mirror, rowDots } from "../../linalg/blas.js";
import { copyIn, scratch, type View } from "../../linalg/view.js";
import type { Matrix } from "../../matrix.js";
import { zeros } from "../../memory.js";
import type { Network } from "../../model/network.js";
import { forEachGradient, forEachGradientPair } from "./gradients.js";
import { blocksScratch, kernelScratch, type Outputs, UNITS } from "./kernelMemory.js";
import { forEachTile, type Layer, type Loaded, layerFeatures, loadInputs, loadNetwork, wholeTile } from "./layers.js";
import { shallowKernels } from "./networkOps.js";
import { fullKernelInto } from "./outputPairs.js";

/** The matrix of each term of Θ, by the name of its block of θ. Terms of one matrix are summed. */
type Where = (block: string) => View;

/** out = gamma out + Θ: lower triangle only without `other`. */
export function kernelInto(
  context: Context,
  loaded: Loaded,
  inputs: View,
  other: View | undefined,
  outputs: Outputs,
  out: View,
  gamma: 0 | 1 = 0,
): void {
  kernelsInto(context, [loaded], inputs, other, outputs, [out], gamma);
}

/**
 * {@link kernelInto} for networks of one depth and number of outputs. Kernels of a single hidden layer are made side by
 * side.
 */
export function kernelsInto(
  context: Context,
  networks: readonly Loaded[],
  inputs: View,
  other: View | undefined,
  outputs: Outputs,
  outs: readonly View[],
  gamma: 0 | 1 = 0,
): void {
  const [{ C, hidden }] = networks;
  if (outputs === "full" && C > 1)
    networks.forEach((loaded, i) => void fullKernelInto(context, loaded, inputs, other, outs[i], gamma));
  else if (hidden.length === 1 && !hidden[0].own) shallowInto(context, networks, inputs, other, outs, gamma);
  else {
    networks.forEach((loaded, i) => {
      averageInto(context, loaded, inputs, other, () => outs[i], gamma === 1 ? [outs[i]] : []);
    });
  }
}

/** The whole kernels of a single hidden layer, averaged over the outputs: an op each. */
function shallowInto(
  context: Context,
  networks: readonly Loaded[],
  inputs: View,
  other: View | undefined,
  outs: readonly View[],
  gamma: number,
): void {
  context.arena.run(() => {
    const kernels = networks.map((loaded, i) => {
      const { hidden, readout } = loaded;
      const [layer] = hidden;
      const gain = loaded.gain ?? rootMeanSquare(context, loaded);
      const terms = {
        sigma: readout.tangent.alpha ** 2,
        alpha: layer.tangent.alpha ** 2,
        beta: layer.tangent.beta ** 2,
        gamma,
        delta: readout.tangent.beta ** 2,
      };
      return { code: layer.code, layer, gain, ...terms, K: outs[i] };
    });
    shallowKernels(kernels, inputs, other);
  });
}

/** The average over the outputs, its terms where `where` says. `begun` are matrices to which they are added. */
function averageInto(
  context: Context,
  loaded: Loaded,
  inputs: View,
  other: View | undefined,
  where: Where,
  begun: readonly View[],
): void {
  context.arena.run(() => {
    const sum = new Terms(where, begun);
    const gain = loaded.gain ?? rootMeanSquare(context, loaded);
    if (loaded.hidden.length === 1) addShallow(context, loaded, inputs, other, gain, sum);
    else addDeep(context, loaded, inputs, other, gain, sum);
  });
}

/** The terms of a single hidden layer, some units at a time. */
function addShallow(
  context: Context,
  loaded: Loaded,
  inputs: View,
  other: View | undefined,
  gain: View,
  sum: Terms,
): void {
  const { hidden, readout, bytes } = loaded;
  const [layer] = hidden;
  const { fanOut: m, weights, bias } = layer;
  const most = Math.min(UNITS, m);
  const memory = (X: View) => [0, 1].map(() => scratch(context, X.rows, most, bytes));
  const spaces = [memory(inputs), other ? memory(other) : []];
  for (let unit = 0; unit < m; unit += UNITS) {
    const k = Math.min(UNITS, m - unit);
    const part = { ...layer, weights: weights.slice(unit, k), bias: bias?.block(0, unit, 1, k) };
    const [[S, G], [S2, G2]] = spaces.map((space) => space.map((A) => A.reshape(A.rows, k)));
    layerFeatures(part, inputs, gain.block(0, unit, 1, k), S, G);
    if (other) layerFeatures(part, other, gain.block(0, unit, 1, k), S2, G2);
    sum.addReadout(readout, [S, S2], unit === 0);
    sum.addHidden(layer, [G, G2], [inputs, other]);
  }
}

/** The terms of several hidden layers. */
function addDeep(
  context: Context,
  loaded: Loaded,
  inputs: View,
  other: View | undefined,
  gain: View,
  sum: Terms,
): void {
  const { hidden, readout, C, bytes } = loaded;
  const top = hidden.length - 1;
  const tile = wholeTile(context, loaded, inputs);
  const tile2 = other && wholeTile(context, loaded, other);
  const pair = (l: number): Pair => [tile.h[l], tile2?.h[l]];
  sum.addReadout(readout, pair(top + 1), true);
  if (!loaded.gain) {
    // The top layer's gradients, averaged: σ' times the root mean square of its weights.
    context.arena.run(() => {
      const scaled = (slopes: View) => {
        const G = scratch(context, slopes.rows, readout.fanIn, bytes);
        hadamard(1, gain, slopes, G);
        return G;
      };
      sum.addHidden(hidden[top], [scaled(tile.slopes[top]), tile2 && scaled(tile2.slopes[top])], pair(top));
    });
  }
  forEachGradientPair(context, loaded, tile, tile2, 1 / Math.sqrt(C), (l, G, G2) => {
    // One row for each input: the gradients of all outputs side by side.
    const wide = (A: View) => A.reshape(A.rows / C, C * A.cols);
    if (l < top || loaded.gain) sum.addHidden(hidden[l], [wide(G), G2 && wide(G2)], pair(l));
  });
}

/** α √(mean over outputs of b_cj²) for each unit j of the top layer, 1×m. */
function rootMeanSquare(context: Context, { readout, C, bytes }: Loaded): View {
  const m = readout.fanIn;
  const b = readout.weights.numbers();
  const size = new Float64Array(m);
  for (let at = 0; at < b.length; at++) size[at % m] += b[at] ** 2;
  const gain = size.map((sum) => readout.alpha * Math.sqrt(sum / C));
  return copyIn(context, gain, 1, m, bytes, "the readout");
}

/** A matrix of the rows, and another of the columns where these are other points. */
type Pair = readonly [View, View | undefined];

/** Terms of the average kernel, each added to the matrix of its block. */
class Terms {
  readonly #where: Where;
  /** Matrices that hold something already. */
  readonly #begun: Set<View>;

  constructor(where: Where, begun: readonly View[]) {
    this.#where = where;
    this.#begun = new Set(begun);
  }

  /** α² H H2ᵀ for some units, and once the constant β². */
  addReadout({ tangent: { alpha, beta }, names, bias }: Layer, H: Pair, constant: boolean): void {
    const [b, a] = [this.#where(names.weights), bias && this.#where(names.bias)];
    const together = a === b && constant;
    this.#add(b, H, alpha ** 2, together ? beta ** 2 : 0);
    // The constant alone: a product of no units.
    if (a && constant && !together)
      this.#add(a, [H[0].block(0, 0, H[0].rows, 0), H[1]?.block(0, 0, H[1].rows, 0)], 0, beta ** 2);
  }

  /** (α² H H2ᵀ + β²) ∘ (G G2ᵀ) for some columns of G. */
  addHidden({ tangent: { alpha, beta }, names, bias }: Layer, G: Pair, H: Pair): void {
    const [c, d] = [this.#where(names.weights), bias && this.#where(names.bias)];
    const together = d === c;
    // α = 0 (weightStd 0) leaves the biases' part.
    this.#add(c, G, together ? beta ** 2 : 0, 0, alpha === 0 ? undefined : H, alpha ** 2);
    if (d && !together) this.#add(d, G, beta ** 2, 0);
  }

  /** out = [out +] delta + (alpha A A2ᵀ + beta) ∘ (G G2ᵀ). */
  #add(out: View, [G, G2]: Pair, beta: number, delta: number, [A, A2]: Partial<Pair> = [], alpha = 0): void {
    const gamma = this.#begun.has(out) ? 1 : 0;
    this.#begun.add(out);
    gram(out, G, G2, { A, A2, alpha, beta, gamma, delta });
  }
}

/** Θ(X, X2), or Θ(X, X), symmetric to the bit, where X2 is missing. */
export function kernel(
  context: Context,
  bytes: 8 | 4,
  net: Network,
  X: Matrix,
  X2: Matrix | undefined,
  outputs: Outputs,
): Matrix {
  return kernels(context, bytes, [net], X, X2, outputs)[0];
}

/** {@link kernel} for networks of one depth and number of outputs: side by side where they have one hidden layer. */
export function kernels(
  context: Context,
  bytes: 8 | 4,
  nets: readonly Network[],
  X: Matrix,
  X2: Matrix | undefined,
  outputs: Outputs,
): Matrix[] {
  const { arena } = context;
  const block = outputs === "full" ? nets[0].outputs : 1;
  const [n, n2] = [X.rows, X2?.rows ?? X.rows];
  const [rows, cols] = [n * block, n2 * block];
  return arena.run(() => {
    let doubles = 0;
    for (const net of nets)
      doubles += (rows * cols * bytes) / 8 + kernelScratch(context, bytes, net, n, X2?.rows, outputs);
    arena.require(doubles);
    const all = nets.map(() => scratch(context, rows, cols, bytes));
    const loaded = nets.map((net) => loadNetwork(context, net, undefined, bytes));
    const [inputs, other] = [loadInputs(context, X, bytes), X2 && loadInputs(context, X2, bytes)];
    kernelsInto(context, loaded, inputs, other, outputs, all);
    return all.map((K) => {
      if (!X2) mirror(K);
      return K.matrix("the kernel");
    });
  });
}

/** One matrix per block of θ, averaged over the outputs; they sum to Θ. */
export function kernelBlocks(
  context: Context,
  bytes: 8 | 4,
  net: Network,
  X: Matrix,
  X2?: Matrix,
): Record<string, Matrix> {
  const { arena } = context;
  const [n, n2] = [X.rows, X2?.rows ?? X.rows];
  return arena.run(() => {
    const matrices = (net.blocks.length * n * n2 * bytes) / 8;
    arena.require(matrices + blocksScratch(context, bytes, net, n, X2?.rows));
    const blocks = new Map(net.blocks.map(({ name }) => [name, scratch(context, n, n2, bytes)]));
    const loaded = loadNetwork(context, net, undefined, bytes);
    const [inputs, other] = [loadInputs(context, X, bytes), X2 && loadInputs(context, X2, bytes)];
    averageInto(context, loaded, inputs, other, (name) => blocks.get(name) as View, []);
    return Object.fromEntries(
      [...blocks].map(([name, K]) => {
        if (!X2) mirror(K);
        return [name, K.matrix(`the kernel of block ${name}`)];
      }),
    );
  });
}

/** diag Θ(X, X): N numbers (average), or N·C. */
export function kernelDiagonal(context: Context, net: Network, X: Matrix, outputs: Outputs): Float64Array {
  return context.arena.run(() => {
    const loaded = loadNetwork(context, net);
    const { hidden, readout, C } = loaded;
    const full = outputs === "full";
    // Rows of G to a row of the diagonal: one for each output, or all outputs side by side.
    const [block, wide] = full ? [C, 1] : [1, C];
    const result = zeros(X.rows * block);
    forEachTile(context, loaded, loadInputs(context, X), (tile) => {
      const count = tile.rows * block;
      const from = tile.row * block;
      const norms = rowDots(tile.h[hidden.length]);
      for (let i = 0; i < count; i++) {
        const { alpha, beta } = readout.tangent;
        result[from + i] = beta ** 2 + alpha ** 2 * norms[Math.floor(i / block)];
      }
      forEachGradient(context, loaded, tile, 1 / Math.sqrt(wide), (l, G) => {
        const { alpha, beta } = hidden[l].tangent;
        const factors = rowDots(tile.h[l]);
        const bells = rowDots(G.reshape(count, wide * G.cols));
        for (let i = 0; i < count; i++) {
          // A saturated unit carries no kernel, however large x is: 0 · ∞ = 0 (MATH.md §6).
          if (bells[i] !== 0) result[from + i] += (alpha ** 2 * factors[Math.floor(i / block)] + beta ** 2) * bells[i];
        }
      });
    });
    return result;
  });
}
