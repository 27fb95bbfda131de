/**
 * Networks are plain data: shape, parametrisation and the parameter vector θ0, laid out as in MATH.md §1 (a, B, then
 * C_L, d_L, …, C_1, d_1), with the blocks named. Any depth and number of outputs is stored; what is computed is
 * the business of `kernel/`.
 */
import { isFloat64Array } from "../brand.js";
import { checkBoolean, checkChoice, checkKeys, checkNonNegative, checkPositiveInteger, describe } from "../check.js";
import { MemoryLimitError } from "../errors.js";
import { type Activation, checkActivation } from "./activation.js";
import { defaultBiasStd, INITS, type Init, initialBiasStd, initialWeightStd, isNtkInit, isUniform } from "./init.js";
import { Xoshiro256 } from "./random.js";

/** `standard`: weights as drawn. `ntk`: N(0, 1) weights, scaled by weightStd/√fanIn (biases by biasStd) in the forward pass. */
export type Parametrization = "standard" | "ntk";

export interface NetworkOptions {
  /** Input dimension d. */
  inputs: number;
  /** Hidden width m, or the widths of several hidden layers from the input up. */
  hidden: number | number[];
  /** Output dimension C; default 1. */
  outputs?: number;
  /** Default `"sigmoid"`. */
  activation?: Activation;
  /** Default `"lecun"`, or `"ntk"` with `parametrization: "ntk"`. */
  init?: Init;
  /** Default `"standard"`. */
  parametrization?: Parametrization;
  /** Multiplies the std of all weights; default 1. */
  weightStd?: number;
  /** Std of the biases; default 0 (`unit` and `ntk`: 1). */
  biasStd?: number;
  /** False: no biases, neither a nor d. Default true. */
  bias?: boolean;
  /** Integer in [0, 2^53); default 0. */
  seed?: number;
  /** θ0 itself, in the order of `blocks`, instead of random numbers. */
  parameters?: ArrayLike<number>;
}

/** A named part of θ: `parameters.subarray(offset, offset + length)`, row-major with this shape. */
export interface Block {
  name: string;
  offset: number;
  length: number;
  shape: number[];
}

/** A finite network at its start θ0: plain data, structured-cloneable. */
export interface Network extends Required<Omit<NetworkOptions, "parameters">> {
  parameters: Float64Array;
  blocks: Block[];
}

/** A network without its numbers. */
export type NetworkShape = Omit<Network, "parameters" | "blocks">;

const KEYS = [
  "inputs",
  "hidden",
  "outputs",
  "activation",
  "init",
  "parametrization",
  "weightStd",
  "biasStd",
  "bias",
  "seed",
  "parameters",
];
/** θ alone must fit a 32-bit memory. */
const PARAMETER_BYTES = 65535 * 65536;

/**
 * Draws a network: f(x, θ) = a + Σ_j b_j σ(c_j·x + d_j), or deeper. The same seed gives the same θ0, to the bit,
 * in every engine.
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values; MemoryLimitError where θ is too big.
 * @example
 * const net = createNetwork({ inputs: 1, hidden: 512, biasStd: 1, seed: 1 });
 * net.parameters.length; // 1 + 512 · 3
 */
export function createNetwork(options: NetworkOptions): Network {
  const { network, blocks } = networkShape(options);
  const last = blocks[blocks.length - 1];
  const P = last.offset + last.length;
  if (P * 8 > PARAMETER_BYTES) {
    throw new MemoryLimitError(
      `a network with ${P} parameters needs ${P * 8} bytes, more than ${PARAMETER_BYTES}; use fewer inputs or a smaller width`,
      P * 8,
      PARAMETER_BYTES,
    );
  }
  const parameters = options.parameters === undefined ? draw(network, blocks, P) : given(options.parameters, P);
  return { ...network, parameters, blocks };
}

/**
 * Options checked and completed, and the layout of θ: a network without its numbers.
 *
 * @throws TypeError, RangeError
 */
export function networkShape(options: NetworkOptions): { network: NetworkShape; blocks: Block[] } {
  checkKeys(options, KEYS, "createNetwork");
  const network = complete(options);
  return { network, blocks: layout(network) };
}

/** Fills in defaults and checks every option. */
function complete(options: NetworkOptions): NetworkShape {
  const { inputs, outputs = 1, activation = "sigmoid", weightStd = 1, bias = true, seed = 0 } = options;
  checkPositiveInteger(inputs, "inputs");
  checkPositiveInteger(outputs, "outputs");
  const hidden = Array.isArray(options.hidden) ? [...options.hidden] : options.hidden;
  if (Array.isArray(hidden)) {
    if (hidden.length === 0) throw new RangeError("hidden is empty; expected at least one width");
    for (const [l, width] of hidden.entries()) checkPositiveInteger(width, `hidden[${l}]`);
  } else checkPositiveInteger(hidden, "hidden");
  checkActivation(activation);
  checkNonNegative(weightStd, "weightStd");
  checkBoolean(bias, "bias");
  checkSeed(seed);
  const { init, parametrization } = scheme(options);
  const biasStd = options.biasStd ?? defaultBiasStd(init);
  checkNonNegative(biasStd, "biasStd");
  return { inputs, hidden, outputs, activation, init, parametrization, weightStd, biasStd, bias, seed };
}

/** `init: "ntk"` and `parametrization: "ntk"` mean each other; any other pair of explicit values is a contradiction. */
function scheme({ init, parametrization }: NetworkOptions): { init: Init; parametrization: Parametrization } {
  if (init !== undefined) checkChoice(init, "init", INITS);
  if (parametrization !== undefined) checkChoice(parametrization, "parametrization", ["standard", "ntk"]);
  const implied = init !== undefined && isNtkInit(init) ? "ntk" : "standard";
  const chosen = parametrization ?? implied;
  if (init !== undefined && chosen !== implied) {
    throw new RangeError(
      `init "${init}" with parametrization "${chosen}"; expected init "ntk" (or none) with "ntk", another init with "standard"`,
    );
  }
  return { init: init ?? (chosen === "ntk" ? "ntk" : "lecun"), parametrization: chosen };
}

/** @throws TypeError, RangeError unless `seed` is an integer in [0, 2^53) */
export function checkSeed(seed: unknown): asserts seed is number {
  if (typeof seed !== "number") throw new TypeError(`seed is ${describe(seed)}; expected an integer`);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed is ${seed}; expected an integer in [0, 2^53)`);
}

/** Layers from the input up. */
function layersOf(net: Pick<Network, "inputs" | "hidden" | "outputs">) {
  const sizes = [net.inputs, ...widths(net), net.outputs];
  return sizes.slice(1).map((fanOut, l) => ({ fanIn: sizes[l], fanOut, output: l === sizes.length - 2 }));
}

/** Hidden widths from the input up, whichever way `hidden` was given. */
export function widths(net: Pick<Network, "hidden">): number[] {
  return Array.isArray(net.hidden) ? net.hidden : [net.hidden];
}

function layout(net: NetworkShape): Block[] {
  const layers = layersOf(net);
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
    const suffix = depth > 1 ? String(l + 1) : "";
    if (output && net.bias) add("a", [fanOut]);
    add(output ? "b" : `c${suffix}`, [fanOut, fanIn]);
    if (!output && net.bias) add(`d${suffix}`, [fanOut]);
  }
  return blocks;
}

/** What a block is: its layer from the input up, counted from 0, and whether it holds biases. */
function roleOf(net: NetworkShape, name: string): { level: number; isOutput: boolean; isBias: boolean } {
  const isOutput = name === "a" || name === "b";
  const level = isOutput ? widths(net).length : Number(name.slice(1) || "1") - 1;
  return { level, isOutput, isBias: name === "a" || name.startsWith("d") };
}

/** Standard deviation with which a block of θ is drawn. */
export function blockStd(net: NetworkShape, name: string): number {
  const { level, isBias } = roleOf(net, name);
  return isBias
    ? initialBiasStd(net.init, net.biasStd)
    : initialWeightStd(net.init, net.weightStd, layersOf(net)[level]);
}

/** One substream per role (a 0, b 1, c_L 2, d_L 3, …): leaving the biases out does not change the weights. */
function draw(net: NetworkShape, blocks: Block[], P: number): Float64Array {
  const parameters = new Float64Array(P);
  const depth = widths(net).length;
  const spread = isUniform(net.init) ? 2 * Math.sqrt(3) : 1;
  for (const { name, offset, length } of blocks) {
    const { level, isOutput, isBias } = roleOf(net, name);
    const std = blockStd(net, name);
    if (std === 0) continue;
    const stream = new Xoshiro256(net.seed, streamOf(depth - level, isOutput, isBias));
    for (let i = offset; i < offset + length; i++) {
      parameters[i] = std * (spread === 1 ? stream.normal() : spread * (stream.uniform() - 0.5));
    }
  }
  return parameters;
}

/** a 0, b 1, then going down c 2, d 3, c 4, … */
function streamOf(down: number, isOutput: boolean, isBias: boolean): number {
  return 2 * down + (isOutput === isBias ? 0 : 1);
}

function given(values: ArrayLike<number>, P: number): Float64Array {
  if (typeof values !== "object" || values === null || typeof values.length !== "number") {
    throw new TypeError(`parameters are ${describe(values)}; expected ${P} numbers`);
  }
  const parameters = Float64Array.from(values);
  checkParameters(parameters, P);
  return parameters;
}

function checkParameters(parameters: Float64Array, P: number): void {
  if (parameters.length !== P) {
    throw new RangeError(`parameters has ${parameters.length} numbers; expected ${P} for this shape`);
  }
  const at = parameters.findIndex((x) => !Number.isFinite(x));
  if (at >= 0) throw new RangeError(`parameters[${at}] is ${parameters[at]}; expected finite numbers`);
}

/** Forward scales of one layer: Z = alpha H Cᵀ + beta d (MATH.md §1). beta is 0 without biases. */
export interface LayerScale {
  alpha: number;
  beta: number;
}

/** Forward scales from the input layer up to the output layer. */
export function scales(net: NetworkShape): LayerScale[] {
  return layersOf(net).map(({ fanIn }) => {
    const ntk = net.parametrization === "ntk";
    const beta = ntk ? net.biasStd : 1;
    return { alpha: ntk ? net.weightStd / Math.sqrt(fanIn) : 1, beta: net.bias ? beta : 0 };
  });
}

/**
 * The part of θ that a block names; empty where the network has no such block.
 */
export function blockOf(net: Network, name: string): Float64Array {
  const block = net.blocks.find((candidate) => candidate.name === name);
  return block ? net.parameters.subarray(block.offset, block.offset + block.length) : new Float64Array(0);
}

/**
 * A network that came from outside (a structured clone, JSON): its shape and parameters are checked like new ones.
 *
 * @throws TypeError, RangeError
 */
export function validateNetwork(value: unknown): Network {
  if (typeof value !== "object" || value === null || !("parameters" in value)) {
    throw new TypeError(`the model is ${describe(value)}; expected a network from createNetwork or { kernel(X, X2) }`);
  }
  const { parameters } = value as Network;
  if (!isFloat64Array(parameters)) {
    throw new TypeError(`parameters are ${describe(parameters)}; expected a Float64Array`);
  }
  const { net, blocks } = shapeOf(value as Network);
  const last = blocks[blocks.length - 1];
  checkParameters(parameters, last.offset + last.length);
  return { ...net, parameters, blocks };
}

/** Shapes by the network that was checked: a call with the same one does not check its options again (a third of a small call's time). */
const checked = new WeakMap<Network, { net: NetworkShape; blocks: Block[] }>();

function shapeOf(value: Network): { net: NetworkShape; blocks: Block[] } {
  const known = checked.get(value);
  if (known && isSame(value, known.net)) return known;
  const { blocks: _, parameters: __, ...options } = value;
  const net = complete(options);
  const shape = { net, blocks: layout(net) };
  checked.set(value, shape);
  return shape;
}

/** True where no option has changed since; an option that was left out is checked again. */
function isSame(value: Network, { hidden, ...net }: NetworkShape): boolean {
  for (const key of Object.keys(net) as (keyof typeof net)[]) if (value[key] !== net[key]) return false;
  if (!Array.isArray(hidden) || !Array.isArray(value.hidden)) return value.hidden === hidden;
  return value.hidden.length === hidden.length && value.hidden.every((width, l) => width === hidden[l]);
}
