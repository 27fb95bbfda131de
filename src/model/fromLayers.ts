/**
 * Networks whose weights were trained elsewhere. PyTorch's `Linear` keeps them as θ does, row-major [out, in]; Keras's
 * `Dense` transposes them. All of a caller's values are read before any is used.
 */
import { areFinite, checkFinite } from "../check.js";
import { intact, readMatrix, toVector } from "../lists.js";
import type { Matrix, MatrixLike, NumberList } from "../matrix.js";
import { zeros } from "../memory.js";
import { any, type Check, choice, list, MOST_LAYERS, or, positive, read, type Schema, size } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading, refusal } from "../words.js";
import { ACTIVATION, type Activation } from "./activation.js";
import { type Network, networkShape, parameterCount } from "./network.js";
import { roleOf } from "./networkLayers.js";
import { blockNames, checkRates, perLayer, type Rates, rates, ratesAt } from "./perLayer.js";

/** Numbers with a shape, row-major, as readers of safetensors give them. What else a tensor holds is left alone. */
export interface Tensor {
  readonly data: NumberList | Readonly<Record<number, number>>;
  readonly shape: readonly number[];
}

/** A dense layer, h ↦ W h + bias. */
export interface NetworkLayer {
  /** W, as `layout` says: a matrix, or a tensor of two dimensions. */
  weights: MatrixLike | Tensor;
  /** A number for each output, or a tensor of one dimension; undefined or null: none. */
  bias?: NumberList | Tensor | null;
}

export interface NetworkFromLayersOptions {
  /** One for all hidden layers, or one for each. No default: another activation is another function. */
  activation: Activation | readonly Activation[];
  /** `outIn` (default): a row for each output (PyTorch). `inOut`: a row for each input (Keras, Flax). */
  layout?: "outIn" | "inOut";
  /** As for `createNetwork`. */
  rates?: number | readonly number[] | Readonly<Record<string, number>>;
  /** As for `createNetwork`: multiplies f. Default 1. */
  outputScale?: number;
  /** As for `createNetwork`: hidden layers joined by identities. Default 0: none. */
  residual?: number;
}

type Layout = "outIn" | "inOut";

const OPTIONS = {
  activation: perLayer(ACTIVATION, "an activation for each hidden layer"),
  layout: or(choice(["outIn", "inOut"]), "outIn"),
  rates: or(rates, 1),
  outputScale: or(positive, 1),
  residual: or(size, 0),
} satisfies Schema<NetworkFromLayersOptions>;

interface Layer {
  weights: Matrix;
  bias: Float64Array | undefined;
}

/**
 * A network with the weights of a model that was trained elsewhere: f is the model's function, Θ its tangent kernel at
 * these weights, and `fit`, `train` and `linearize` start from them. Parametrization `"standard"`; the numbers are
 * copied, and float32 ones widened.
 *
 * Where no layer has a bias, the network has none (`bias: false`). Where some have none, theirs are 0 with rate 0: Θ is
 * that of the parameters which the model has.
 *
 * @param layers hidden layers from the input up, then the readout: at least two.
 * @throws TypeError for unknown options or wrong kinds; RangeError for shapes that do not follow from one another,
 *   numbers that are not finite, and rates of biases that are not there; MemoryLimitError where θ is too big.
 * @example
 * const layers = [
 *   { weights: [[1, -1], [0.5, 2], [0, 1]], bias: [0, 1, -1] }, // 2 inputs, 3 units
 *   { weights: [[1, 2, -1]], bias: [0.5] },
 * ];
 * const trained = networkFromLayers(layers, { activation: "relu" });
 * trained.hidden; // 3
 * ntk.forward(trained, [[1, 2]]).data; // [10.5]
 */
export function networkFromLayers(layers: readonly NetworkLayer[], options: NetworkFromLayersOptions): Network {
  const { layout, rates, ...values } = read(options, "networkFromLayers", '{ activation: "tanh" }', OPTIONS);
  const given = list(readLayer, "a list of { weights, bias }", MOST_LAYERS + 1)(layers, "layers");
  checkShapes(given, layout);
  const sizes = [fans(given[0], layout).fanIn, ...given.map((layer) => fans(layer, layout).fanOut)];
  const hidden = sizes.slice(1, -1);
  const { network, blocks } = networkShape({
    ...values,
    inputs: sizes[0],
    hidden: hidden.length === 1 ? hidden[0] : hidden,
    outputs: sizes[sizes.length - 1],
    bias: given.some(({ bias }) => bias),
    rates: ratesOfLayers(rates, given),
  });
  const parameters = zeros(parameterCount(blocks));
  for (const { name, offset, length } of blocks) {
    const { level, isBias } = roleOf(hidden.length, name);
    const to = parameters.subarray(offset, offset + length);
    if (isBias) copyBias(given[level].bias, to, `layers[${level}].bias`);
    else copyWeights(given[level].weights, layout, to, `layers[${level}].weights`);
  }
  return { ...network, parameters, blocks };
}

const readLayer: Check<Layer> = (value, name) => {
  const { weights, bias } = read(value, name, "{ weights: [[1, 2]], bias: [0] }", { weights: any, bias: any });
  const own = { weights: readWeights(weights, `${name}.weights`), bias: readBias(bias, `${name}.bias`) };
  const { rows, cols } = own.weights;
  if (rows === 0 || cols === 0)
    throw new RangeError(`${name}.weights is empty (${rows}×${cols}); expected at least one row and one column`);
  return own;
};

function readWeights(value: unknown, name: string): Matrix {
  const tensor = readTensor(value, name, 2, "[rows, cols]: a dense layer");
  return readMatrix(tensor ? { data: tensor.data, rows: tensor.shape[0], cols: tensor.shape[1] } : value, name);
}

function readBias(value: unknown, name: string): Float64Array | undefined {
  if (value === undefined || value === null) return undefined;
  const tensor = readTensor(value, name, 1, "[outputs]");
  if (!tensor) return toVector(value, name, "a number for each output", { share: true });
  const [length] = tensor.shape;
  return toVector(tensor.data, `${name}.data`, `${length}, as its shape says`, { length, share: true });
}

/** The parts of a {@link Tensor}; undefined for what has no shape. */
function readTensor(value: unknown, name: string, dimensions: number, expected: string) {
  if (!isPlainObject(value, name) || !reading(name, () => "shape" in value)) return undefined;
  const [shape, data] = reading(name, () => [value.shape, value.data]);
  const sizes = list(size, "a list of sizes", 100, 0)(shape, `${name}.shape`);
  if (sizes.length === dimensions) return { shape: sizes, data };
  throw refusal(new RangeError(`${name} has the shape [${sizes.join(", ")}]; expected ${expected}`));
}

/** Inputs and outputs of a layer. */
function fans({ weights: { rows, cols } }: Layer, layout: Layout): { fanIn: number; fanOut: number } {
  return layout === "outIn" ? { fanIn: cols, fanOut: rows } : { fanIn: rows, fanOut: cols };
}

/** @throws RangeError where there is no hidden layer, or where shapes do not follow from one another. */
function checkShapes(layers: Layer[], layout: Layout): void {
  if (layers.length < 2)
    throw new RangeError(
      "layers has one entry; expected at least two, a hidden layer and the readout (linearKernel() is without one)",
    );
  const wrong = misfit(layers, layout);
  if (!wrong) return;
  const other = layout === "outIn" ? "inOut" : "outIn";
  let hint = "";
  if (!misfit(layers, other)) hint = `; all layers fit with layout: "${other}"`;
  else if (wrong.transposed) hint = "; the transpose of this layer would fit";
  throw new RangeError(`${wrong.words}${hint}`);
}

/** The first layer that does not fit, in words, and whether its transpose would. */
function misfit(layers: Layer[], layout: Layout): { words: string; transposed: boolean } | undefined {
  let before: number | undefined;
  for (const [l, layer] of layers.entries()) {
    const { fanIn, fanOut } = fans(layer, layout);
    const { weights, bias } = layer;
    const shape = `${weights.rows}×${weights.cols}, ${layout === "outIn" ? "[out, in]" : "[in, out]"}`;
    const fits = (inputs: number, outputs: number) =>
      (before ?? inputs) === inputs && (bias?.length ?? outputs) === outputs;
    if (!fits(fanIn, fanOut)) {
      const words =
        before !== undefined && fanIn !== before
          ? `layers[${l}].weights is ${shape}, with ${fanIn} inputs; expected ${before}, the outputs of layers[${l - 1}]`
          : `layers[${l}].bias has ${bias?.length} numbers; expected ${fanOut}, the outputs of its weights (${shape})`;
      return { words, transposed: fits(fanOut, fanIn) };
    }
    before = fanOut;
  }
  return undefined;
}

/**
 * Rates with 0 for the biases of layers that have none, where others have some.
 *
 * @throws RangeError where a rate is given for such a bias.
 */
function ratesOfLayers(rates: Rates, layers: Layer[]): Rates {
  const depth = layers.length - 1;
  const absent = layers.filter(({ bias }) => !bias).length;
  checkRates(rates, depth, absent < layers.length);
  if (absent === 0 || absent === layers.length) return rates;
  const byName = typeof rates === "object" && !Array.isArray(rates) ? rates : {};
  const all = layers.flatMap(({ bias }, l): [string, number][] => {
    const names = blockNames(depth, l);
    const own = ratesAt(rates, depth, l);
    if (!bias && Object.hasOwn(byName, names.bias) && own.bias !== 0)
      throw new RangeError(`rates.${names.bias} is ${own.bias}, but layers[${l}] has no bias; expected 0, or no rate`);
    return [
      [names.weights, own.weights],
      [names.bias, bias ? own.bias : 0],
    ];
  });
  return Object.fromEntries(all.filter(([, rate]) => rate !== 1));
}

function copyWeights(weights: Matrix, layout: Layout, to: Float64Array, name: string): void {
  const data = intact(weights.data, to.length);
  checkFinite({ ...weights, data }, name);
  if (layout === "outIn") {
    to.set(data);
    return;
  }
  const { rows, cols } = weights;
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) to[j * rows + i] = data[i * cols + j];
}

/** A layer without a bias has zeros. */
function copyBias(bias: Float64Array | undefined, to: Float64Array, name: string): void {
  if (!bias) return;
  const data = intact(bias, to.length);
  if (!areFinite(data)) {
    const at = data.findIndex((x) => !Number.isFinite(x));
    throw new RangeError(`${name}[${at}] is ${data[at]}; expected finite numbers`);
  }
  to.set(data);
}
