/**
 * A finite network in backend memory, layer by layer from the input up, and its features for a tile of rows. Every
 * kernel, Jacobian and prediction starts from them. H_0 = X, Z_l = alpha H_(l−1) C_lᵀ + beta d_l, H_l = σ(Z_l) (MATH.md
 * §1).
 */
import type { Context } from "../../context.js";
import { addTo } from "../../linalg/blas.js";
import { checkFloats, copyIn, scratch, type View } from "../../linalg/view.js";
import { intact } from "../../lists.js";
import type { Matrix } from "../../matrix.js";
import { applyDefined, type DefinedActivation, isDefined } from "../../model/definedActivation.js";
import { type Network, parameterCount, residualOf, scales, widths } from "../../model/network.js";
import type { LayerScale, Power } from "../../model/networkLayers.js";
import { blockNames, valueAt } from "../../model/perLayer.js";
import { activationArgument } from "../activationArgument.js";
import { activate, affine, features } from "./networkOps.js";

/** Where the two blocks of a layer lie in θ, or in any vector like θ. */
interface Blocks {
  /** Weights, fanOut×fanIn. */
  readonly weights: View;
  /** Biases, 1×fanOut; undefined without. */
  readonly bias: View | undefined;
}

/** One affine map with its scales. The last one is the readout. */
export interface Layer extends Blocks, LayerScale {
  readonly fanIn: number;
  readonly fanOut: number;
  /** Names of its blocks, and where in θ they start (the biases' are empty and −1 without). */
  readonly names: { weights: string; bias: string };
  readonly offsets: { weights: number; bias: number };
}

/** A hidden layer. */
export interface HiddenLayer extends Layer {
  /** What the ops take for its activation; −1 where it is one's own. */
  readonly code: number;
  readonly own: DefinedActivation | undefined;
  /** The hidden layer whose pre-activation it adds; −1 where there is none. */
  readonly skip: number;
  /** True where a layer above adds its pre-activation. */
  readonly joins: boolean;
}

/** θ in backend memory, and the scales that go with it. */
export interface Loaded {
  readonly net: Network;
  /** Of an entry of θ and of all that is computed from it. */
  readonly bytes: 8 | 4;
  readonly P: number;
  /** Outputs. */
  readonly C: number;
  readonly hidden: readonly HiddenLayer[];
  readonly readout: Layer;
  /** Units of the widest hidden layer. */
  readonly widest: number;
  /** With one output, alpha b: the gain that makes σ' of the top layer its gradient. Undefined with several outputs. */
  readonly gain: View | undefined;
}

/** The blocks of a layer in u, a vector like θ. */
export function blocksOf(u: View, { fanIn, fanOut, offsets }: Pick<Layer, "fanIn" | "fanOut" | "offsets">): Blocks {
  return {
    weights: u.part(offsets.weights, fanOut, fanIn),
    bias: offsets.bias < 0 ? undefined : u.part(offsets.bias, 1, fanOut),
  };
}

/**
 * The layers of θ. θ is copied into scratch unless it lies in backend memory already. Tangent features have the factors
 * rate^`power`: ½ gives the kernel, 1 the direction of descent, 0 plain gradients. Call inside `arena.run`.
 */
export function loadNetwork(context: Context, net: Network, given?: View, bytes: 8 | 4 = 8, power?: Power): Loaded {
  const P = net.parameters.length;
  const theta =
    given ?? copyIn(context, intact(net.parameters, parameterCount(net.blocks)), 1, P, bytes, "net.parameters");
  const sizes = [net.inputs, ...widths(net), net.outputs];
  const depth = sizes.length - 2;
  const starts = new Map(net.blocks.map(({ name, offset }) => [name, offset]));
  const offsetOf = (name: string) => starts.get(name) ?? -1;
  // Objects are written out, not spread: a third of a small call's time.
  const layers = scales(net, power).map(({ alpha, beta, tangent }, l): Layer => {
    const names = blockNames(depth, l);
    const offsets = { weights: offsetOf(names.weights), bias: net.bias ? offsetOf(names.bias) : -1 };
    const [fanIn, fanOut] = [sizes[l], sizes[l + 1]];
    const { weights, bias } = blocksOf(theta, { fanIn, fanOut, offsets });
    return { fanIn, fanOut, alpha, beta, tangent, weights, bias, names, offsets };
  });
  const readout = layers[depth];
  const hidden = layers.slice(0, depth).map((layer, l): HiddenLayer => {
    const { fanIn, fanOut, alpha, beta, tangent, weights, bias, names, offsets } = layer;
    const activation = valueAt(net.activation, l);
    const own = isDefined(activation) ? activation : undefined;
    const code = isDefined(activation) ? -1 : activationArgument(context, activation);
    const joins = l + net.residual < depth && residualOf(net, l + net.residual) === l;
    const skip = residualOf(net, l);
    return { fanIn, fanOut, alpha, beta, tangent, weights, bias, names, offsets, code, own, skip, joins };
  });
  return {
    net,
    bytes,
    P,
    C: net.outputs,
    hidden,
    readout,
    widest: hidden.reduce((top, { fanOut }) => Math.max(top, fanOut), 0),
    gain: net.outputs === 1 ? readoutGain(context, readout) : undefined,
  };
}

/** alpha b of a single output, in scratch. */
function readoutGain(context: Context, { weights, fanIn, alpha }: Layer): View {
  const gain = scratch(context, 1, fanIn, weights.bytes);
  const [b, scaled] = [weights.numbers(), gain.numbers()];
  for (let j = 0; j < fanIn; j++) scaled[j] = alpha * b[j];
  if (gain.bytes === 4) checkFloats(gain, scaled, "the readout");
  return gain;
}

/** Copies X into scratch, n×d. Call inside `arena.run`. */
export function loadInputs(context: Context, X: Matrix, bytes: 8 | 4 = 8): View {
  return copyIn(context, intact(X.data, X.rows * X.cols), X.rows, X.cols, bytes, "X");
}

/** All layers' features of some rows. */
export interface Tile {
  /** First row and number of rows. */
  readonly row: number;
  readonly rows: number;
  /** H_0 … H_L, rows×m_l. */
  readonly h: readonly View[];
  /** σ'(Z_l) of hidden layer l (counted from 0), rows×m; the top layer's times {@link Loaded.gain} with one output. */
  readonly slopes: readonly View[];
}

/** Memory of a tile: features and slopes of each hidden layer, for at most so many rows. */
interface TileMemory {
  readonly features: readonly View[];
  readonly slopes: readonly View[];
  /** Residual networks: pre-activations of the last joined layer. */
  readonly joined?: View | undefined;
}

/** Scratch for {@link fillTile}. */
function allocTile(context: Context, { hidden, bytes, widest }: Loaded, rows: number): TileMemory {
  const matrices = () => hidden.map(({ fanOut }) => scratch(context, rows, fanOut, bytes));
  const joined = hidden.some(({ joins }) => joins) ? scratch(context, rows, widest, bytes) : undefined;
  return { features: matrices(), slopes: matrices(), joined };
}

/** The features of rows [row, row + rows), in memory of {@link allocTile}. */
export function fillTile(loaded: Loaded, inputs: View, row: number, rows: number, memory: TileMemory): Tile {
  const { hidden, gain } = loaded;
  const h = [inputs.slice(row, rows), ...memory.features.map((H) => H.slice(0, rows))];
  const slopes = memory.slopes.map((G) => G.slice(0, rows));
  hidden.forEach((layer, l) => {
    const top = l === hidden.length - 1 ? gain : undefined;
    if (!memory.joined || !(layer.joins || layer.skip >= 0)) {
      layerFeatures(layer, h[l], top, h[l + 1], slopes[l]);
      return;
    }
    const [Z, joined] = [h[l + 1], memory.joined.reshape(rows, layer.fanOut)];
    affine(layer, h[l], Z);
    if (layer.skip >= 0) addTo(Z, joined);
    if (layer.joins) joined.numbers().set(Z.numbers());
    layerActivation(layer, top, Z, slopes[l]);
  });
  return { row, rows, h, slopes };
}

/** S = σ(Z) and, where given, G = gain ∘ σ'(Z) of a hidden layer with features H below. */
export function layerFeatures(
  layer: Pick<HiddenLayer, "weights" | "bias" | "alpha" | "beta" | "code" | "own">,
  H: View,
  gain: View | undefined,
  S: View,
  G: View | undefined,
): void {
  if (!layer.own) {
    features(layer.code, layer, H, gain, S, G);
    return;
  }
  affine(layer, H, S);
  layerActivation(layer, gain, S, G);
}

/** S holds Z and becomes σ(Z) in place; where given, G = gain ∘ σ'(Z). */
function layerActivation(
  { code, own }: Pick<HiddenLayer, "code" | "own">,
  gain: View | undefined,
  S: View,
  G: View | undefined,
): void {
  if (!own) {
    activate(code, gain, S, G);
    return;
  }
  // The functions may use the same Ntk and grow its memory: they see a copy, and views are made afterwards.
  const { values, slopes } = applyDefined(own, S.numbers().slice(), G !== undefined);
  S.numbers().set(values);
  if (!G || !slopes) return;
  const weights = gain?.numbers();
  if (weights) for (let i = 0; i < slopes.length; i++) slopes[i] *= weights[i % S.cols];
  G.numbers().set(slopes);
}

/** The features of all rows, in scratch. */
export function wholeTile(context: Context, loaded: Loaded, inputs: View): Tile {
  return fillTile(loaded, inputs, 0, inputs.rows, allocTile(context, loaded, inputs.rows));
}

/** Rows [first, first + rows) of a tile, without a copy. */
export function partOfTile(tile: Tile, first: number, rows: number): Tile {
  const part = (A: View) => A.slice(first, rows);
  return { row: tile.row + first, rows, h: tile.h.map(part), slopes: tile.slopes.map(part) };
}

/** Doubles of one row of a tile, with the gradients of all outputs on top where they are needed. */
function rowSize({ hidden, C, widest }: Pick<Loaded, "hidden" | "C" | "widest">): number {
  const units = hidden.reduce((sum, { fanOut }) => sum + fanOut, 0);
  const joined = hidden.some(({ joins }) => joins) ? (1 + C) * widest : 0;
  return units + (hidden.length > 1 || C > 1 ? C * widest : 0) + joined;
}

/** Rows of a tile whose features take about 16 MiB. */
export function tileRows(loaded: Loaded): number {
  return Math.max(1, Math.floor(2 ** 20 / rowSize(loaded)));
}

/** Calls `body` for tiles of {@link tileRows}. */
export function forEachTile(context: Context, loaded: Loaded, inputs: View, body: (tile: Tile) => void): void {
  const { arena } = context;
  const size = Math.min(inputs.rows, tileRows(loaded));
  arena.run(() => {
    const memory = allocTile(context, loaded, size);
    for (let row = 0; row < inputs.rows; row += size) {
      const rows = Math.min(size, inputs.rows - row);
      arena.run(() => body(fillTile(loaded, inputs, row, rows, memory)));
    }
  });
}
