/** What the options of a network say of its layers: shapes, scales, rates, and the places of their numbers in θ. */
import { initialBiasStd, initialWeightStd } from "./initSchemes.js";
import type { Block, NetworkShape } from "./networkShape.js";
import { blockNames, checkLayered, ratesAt, valueAt } from "./perLayer.js";

/** Hidden widths from the input up, whichever way `hidden` was given. Twins of a centred start count. */
export function widths(net: Pick<NetworkShape, "hidden"> & { centeredStart?: boolean }): number[] {
  const given = Array.isArray(net.hidden) ? net.hidden : [net.hidden];
  return net.centeredStart ? given.map((m) => 2 * m) : given;
}

/** Hidden widths without the twins of a centred start. */
function ownWidths({ hidden }: Pick<NetworkShape, "hidden">): number[] {
  return widths({ hidden });
}

/** Layers from the input up, of hidden layers of these widths. */
function layersOf(net: Pick<NetworkShape, "inputs" | "outputs">, hidden: readonly number[]) {
  const sizes = [net.inputs, ...hidden, net.outputs];
  return sizes.slice(1).map((fanOut, l) => ({ fanIn: sizes[l], fanOut, output: l === sizes.length - 2 }));
}

/** @throws RangeError where options contradict the number or the widths of the layers. */
export function checkLayerOptions(net: NetworkShape): void {
  const sizes = widths(net);
  const depth = sizes.length;
  checkLayered(net, depth);
  for (const [name, isOn] of [
    ["centeredStart", net.centeredStart],
    ['parametrization "meanField"', net.parametrization === "meanField"],
  ] as const) {
    if (isOn && depth > 1)
      throw new RangeError(`${name} is for one hidden layer; this network has ${depth}: expected one width`);
  }
  const k = net.residual;
  for (let l = k; k > 0 && l < depth; l += k) {
    if (sizes[l] === sizes[l - k]) continue;
    throw new RangeError(
      `residual is ${k}, but hidden layers ${l - k + 1} and ${l + 1} have ${sizes[l - k]} and ${sizes[l]} units; expected equal widths`,
    );
  }
}

/** The hidden layer (counted from 0) whose pre-activation layer l adds; −1 where there is none. */
export function residualOf({ residual: k }: Pick<NetworkShape, "residual">, l: number): number {
  return k > 0 && l >= k && l % k === 0 ? l - k : -1;
}

/** The blocks of θ: a, B, then C_L, d_L, …, C_1, d_1 (MATH.md §1). */
export function layout(net: NetworkShape): Block[] {
  const layers = layersOf(net, widths(net));
  const depth = layers.length - 1;
  const blocks: Block[] = [];
  let offset = 0;
  const add = (name: string, shape: number[]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    blocks.push({ name, offset, length, shape });
    offset += length;
  };
  for (let l = depth; l >= 0; l--) {
    const { fanIn, fanOut, output } = layers[l];
    const names = blockNames(depth, l);
    if (output && net.bias) add(names.bias, [fanOut]);
    add(names.weights, [fanOut, fanIn]);
    if (!output && net.bias) add(names.bias, [fanOut]);
  }
  return blocks;
}

/** What a block is: its layer from the input up, counted from 0, and whether it holds biases. */
export function roleOf(depth: number, name: string): { level: number; isOutput: boolean; isBias: boolean } {
  const isOutput = name === "a" || name === "b";
  const level = isOutput ? depth : Number(name.slice(1) || "1") - 1;
  return { level, isOutput, isBias: name === "a" || name.startsWith("d") };
}

/** Standard deviation with which a block of θ is drawn, by its name. */
export function blockStd(net: NetworkShape): (name: string) => number {
  // Twins are copies: they change no variance.
  const layers = layersOf(net, ownWidths(net));
  return (name) => {
    const { level, isBias, isOutput } = roleOf(layers.length - 1, name);
    if (isBias) return isOutput && net.centeredStart ? 0 : initialBiasStd(net.init, valueAt(net.biasStd, level));
    return initialWeightStd(net.init, valueAt(net.weightStd, level), layers[level]);
  };
}

/**
 * One substream per role, a 0, b 1, then going down c 2, d 3, c 4, …: leaving the biases out does not change the
 * weights.
 */
export function streamOf(down: number, isOutput: boolean, isBias: boolean): number {
  return 2 * down + (isOutput === isBias ? 0 : 1);
}

/** θ0 of a centred start from θ0 of the network without twins: a = 0, and units 2j and 2j + 1 are j, with b and −b. */
export function mirrored(half: NetworkShape, start: Float64Array): Float64Array {
  const from = layout(half);
  const to = layout({ ...half, centeredStart: true });
  const { offset, length } = to[to.length - 1];
  const theta = new Float64Array(offset + length);
  to.forEach(({ name, offset, length }, i) => {
    const values = start.subarray(from[i].offset, from[i].offset + from[i].length);
    const d = name === "c" ? half.inputs : 1;
    if (name === "a") return;
    for (let at = 0; at < length; at++) {
      const unit = Math.floor(at / d);
      const value = values[Math.floor(unit / 2) * d + (at % d)];
      theta[offset + at] = name === "b" && unit % 2 === 1 ? -value : value;
    }
  });
  return theta;
}

/** Learning rate of a block, by its name. The mean-field parametrisation multiplies it by m, but the intercept's. */
export function rateOf(net: NetworkShape): (name: string) => number {
  const depth = widths(net).length;
  return (name) => {
    const { level, isBias } = roleOf(depth, name);
    const { weights, bias } = layerRates(net, depth, level);
    return isBias ? bias : weights;
  };
}

/** Rates of the weights and the biases of layer l of depth + 1. */
function layerRates(net: NetworkShape, depth: number, l: number): { weights: number; bias: number } {
  const own = ratesAt(net.rates, depth, l);
  if (net.parametrization !== "meanField") return own;
  const [m] = ownWidths(net);
  return { weights: own.weights * m, bias: l === depth ? own.bias : own.bias * m };
}

/**
 * θ from u = D^−½(θ − θ0), D the rates: the coordinates in which features Φ D^½ have the inner products Θ (MATH.md §1).
 */
export function displaced(
  net: NetworkShape & { parameters: Float64Array; blocks: Block[] },
  u: Float64Array,
): Float64Array {
  const theta = net.parameters.slice();
  const rateAt = rateOf(net);
  for (const { name, offset, length } of net.blocks) {
    const root = Math.sqrt(rateAt(name));
    for (let p = offset; p < offset + length; p++) theta[p] += root * u[p];
  }
  return theta;
}

/** Scales of one layer: Z = alpha H Cᵀ + beta d (MATH.md §1). beta is 0 without biases. */
export interface LayerScale {
  readonly alpha: number;
  readonly beta: number;
  /** alpha and beta times powers of the rates of weights and biases: scales of the layer's own tangent features. */
  readonly tangent: { readonly alpha: number; readonly beta: number };
}

/** Exponent of the rates in tangent features. */
export type Power = 0 | 0.5 | 1;

/** Scales from the input layer up to the output layer. */
export function scales(net: NetworkShape, power: Power = 0.5): LayerScale[] {
  const factor = (rate: number) => (power === 0.5 ? Math.sqrt(rate) : rate ** power);
  const layers = layersOf(net, ownWidths(net));
  const depth = layers.length - 1;
  return layers.map(({ fanIn, output }, l) => {
    const ntk = net.parametrization === "ntk";
    const twins = output && net.centeredStart ? Math.SQRT1_2 : 1;
    const scale = output ? net.outputScale : 1;
    const mean = output && net.parametrization === "meanField" ? 1 / fanIn : 1;
    const alpha = (ntk ? valueAt(net.weightStd, l) / Math.sqrt(fanIn) : mean) * twins * scale;
    const beta = net.bias ? (ntk ? valueAt(net.biasStd, l) : 1) * scale : 0;
    const rates = layerRates(net, depth, l);
    const tangent = { alpha: alpha * factor(rates.weights), beta: beta * factor(rates.bias) };
    return { alpha, beta, tangent };
  });
}
