/**
 * A finite network in backend memory, layer by layer from the input up, and its features for a tile of rows. Every
 * kernel, Jacobian and prediction starts from them. H_0 = X, Z_l = alpha H_(l−1) C_lᵀ + beta d_l, H_l = σ(Z_l) (MATH.md
 * §1).
 */
import type { Context } from "../../context.js";
import { doubles, type Real } from "../../linalg/precision.js";
import { intact } from "../../lists.js";
import type { Matrix } from "../../matrix.js";
import { type Network, parameterCount, scales, widths } from "../../model/network.js";
import { ActivationCode } from "../../ops.js";

/** One affine map. The last one is the readout. */
export interface Layer {
  readonly fanIn: number;
  readonly fanOut: number;
  /** Forward scales; beta is 0 without biases. */
  readonly alpha: number;
  readonly beta: number;
  /** Weights, fanOut×fanIn. */
  readonly weights: number;
  /** Biases; 0 without. */
  readonly bias: number;
  /** Names of its blocks, and where in θ they start (the biases' are empty and −1 without). */
  readonly names: { weights: string; bias: string };
  readonly offsets: { weights: number; bias: number };
}

/** θ in scratch (or in a held block), and the scales that go with it. */
export interface Loaded {
  readonly net: Network;
  /** What θ is held and computed with. */
  readonly real: Real;
  readonly P: number;
  /** Outputs. */
  readonly C: number;
  /** Activation code of the ABI. */
  readonly code: number;
  readonly hidden: readonly Layer[];
  readonly readout: Layer;
  /** With one output, alpha b: the gain that makes σ' of the top layer its gradient. 0 with several outputs. */
  readonly gain: number;
}

/**
 * Addresses of θ's layers. θ is copied into scratch unless it lies in backend memory at `given`. Call inside
 * `arena.run`.
 */
export function loadNetwork(context: Context, net: Network, given?: number, real: Real = doubles(context)): Loaded {
  const theta = given ?? real.copyIn(intact(net.parameters, parameterCount(net.blocks)), "net.parameters");
  const sizes = [net.inputs, ...widths(net), net.outputs];
  const depth = sizes.length - 2;
  const starts = new Map(net.blocks.map(({ name, offset }) => [name, offset]));
  const offsetOf = (name: string) => starts.get(name) ?? -1;
  const layers = scales(net).map(({ alpha, beta }, l): Layer => {
    const suffix = depth > 1 ? String(l + 1) : "";
    const names = l === depth ? { weights: "b", bias: "a" } : { weights: `c${suffix}`, bias: `d${suffix}` };
    const offsets = { weights: offsetOf(names.weights), bias: offsetOf(names.bias) };
    return {
      fanIn: sizes[l],
      fanOut: sizes[l + 1],
      alpha,
      beta,
      weights: theta + offsets.weights * real.bytes,
      bias: net.bias ? theta + offsets.bias * real.bytes : 0,
      names,
      offsets,
    };
  });
  const readout = layers[depth];
  const single = net.outputs === 1;
  return {
    net,
    real,
    P: net.parameters.length,
    C: net.outputs,
    code: ActivationCode[net.activation],
    hidden: layers.slice(0, depth),
    readout,
    gain: single ? readoutGain(real, readout) : 0,
  };
}

/** alpha b of a single output, in scratch. */
function readoutGain(real: Real, { weights, fanIn, alpha }: Layer): number {
  const b = real.view(weights, fanIn);
  const gain = new Float64Array(fanIn);
  for (let j = 0; j < fanIn; j++) gain[j] = alpha * b[j];
  return real.copyIn(gain, "the readout");
}

/** Inputs in scratch: n×d, rows packed. */
export interface Inputs {
  readonly address: number;
  readonly n: number;
}

/** Copies X into scratch. Call inside `arena.run`. */
export function loadInputs(context: Context, X: Matrix, real: Real = doubles(context)): Inputs {
  return { address: real.copyIn(intact(X.data, X.rows * X.cols), "X"), n: X.rows };
}

/**
 * H and (where g is not 0) gain ∘ σ' of one hidden layer, for `rows` rows of its input h and the units [unit, unit +
 * units). Both are rows×units, packed. `gain` has one number for each unit of the layer; 0 means 1.
 */
export function features(
  { arena }: Context,
  { code, real }: Pick<Loaded, "code" | "real">,
  layer: Layer,
  h: number,
  rows: number,
  unit: number,
  units: number,
  gain: number,
  s: number,
  g: number,
): void {
  const { fanIn, alpha, beta, weights, bias } = layer;
  arena.run(() => {
    const work = arena.allocBytes(real.featuresScratchBytes(rows, units, fanIn));
    real.features(
      code,
      0,
      rows,
      units,
      fanIn,
      alpha,
      h,
      fanIn,
      weights + unit * fanIn * real.bytes,
      fanIn,
      beta,
      bias && bias + unit * real.bytes,
      gain && gain + unit * real.bytes,
      s,
      units,
      g,
      units,
      work,
    );
  });
}

/** All layers' features of some rows. */
export interface Tile {
  /** First row and number of rows. */
  readonly row: number;
  readonly rows: number;
  /** H_0 … H_L, rows×m_l. */
  readonly h: readonly number[];
  /** σ'(Z_l) of hidden layer l (counted from 0), rows×m; the top layer's times {@link Loaded.gain} with one output. */
  readonly slopes: readonly number[];
}

/** Scratch for {@link fillTile}. */
export function allocTile({ hidden, real }: Loaded, rows: number): Pick<Tile, "h" | "slopes"> {
  const h = hidden.map(({ fanOut }) => real.alloc(rows * fanOut));
  return { h: [0, ...h], slopes: hidden.map(({ fanOut }) => real.alloc(rows * fanOut)) };
}

/** The features of rows [row, row + rows), in memory of {@link allocTile}. */
export function fillTile(
  context: Context,
  loaded: Loaded,
  inputs: Inputs,
  row: number,
  rows: number,
  memory: Pick<Tile, "h" | "slopes">,
): Tile {
  const { hidden, gain, real } = loaded;
  const h = [inputs.address + row * hidden[0].fanIn * real.bytes, ...memory.h.slice(1)];
  hidden.forEach((layer, l) => {
    const top = l === hidden.length - 1 ? gain : 0;
    features(context, loaded, layer, h[l], rows, 0, layer.fanOut, top, h[l + 1], memory.slopes[l]);
  });
  return { row, rows, h, slopes: memory.slopes };
}

/** Rows [first, first + rows) of a tile, without a copy. */
export function partOfTile({ hidden, real: { bytes } }: Loaded, tile: Tile, first: number, rows: number): Tile {
  const inputs = tile.h[0] + first * hidden[0].fanIn * bytes;
  return {
    row: tile.row + first,
    rows,
    h: [inputs, ...hidden.map(({ fanOut }, l) => tile.h[l + 1] + first * fanOut * bytes)],
    slopes: hidden.map(({ fanOut }, l) => tile.slopes[l] + first * fanOut * bytes),
  };
}

/** Doubles of one row of a tile, with the gradients of all outputs on top where they are needed. */
function rowSize({ hidden, C }: Pick<Loaded, "hidden" | "C">): number {
  const units = hidden.reduce((sum, { fanOut }) => sum + fanOut, 0);
  const widest = hidden.reduce((top, { fanOut }) => Math.max(top, fanOut), 0);
  return units + (hidden.length > 1 || C > 1 ? C * widest : 0);
}

/** Calls `body` for tiles of rows whose features take about 16 MiB. */
export function forEachTile(context: Context, loaded: Loaded, inputs: Inputs, body: (tile: Tile) => void): void {
  const { arena } = context;
  const size = Math.max(1, Math.min(inputs.n, Math.floor(2 ** 20 / rowSize(loaded))));
  arena.run(() => {
    const memory = allocTile(loaded, size);
    for (let row = 0; row < inputs.n; row += size) {
      const rows = Math.min(size, inputs.n - row);
      arena.run(() => body(fillTile(context, loaded, inputs, row, rows, memory)));
    }
  });
}
