/**
 * Networks are plain data: shape, parametrisation and the parameter vector θ0, laid out as in MATH.md §1 (a, B, then
 * C_L, d_L, …, C_1, d_1), with the blocks named. Any depth and number of outputs is stored; what is computed is
 * the business of `kernel/`.
 */
import { describe } from "../check.js";
import { MemoryLimitError } from "../errors.js";
import { intact, toVector } from "../lists.js";
import type { NumberList } from "../matrix.js";
import { BYTES_LIMIT } from "../memory.js";
import {
  any,
  type Check,
  choice,
  count,
  flag,
  isList,
  list,
  MOST_LAYERS,
  nonNegative,
  optional,
  or,
  pick,
  read,
  type Schema,
  seed,
} from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading } from "../words.js";
import { ACTIVATION, type Activation } from "./activation.js";
import { type Drawing, draw } from "./draw.js";
import {
  defaultBiasStd,
  INITS,
  type Init,
  initialBiasStd,
  initialWeightStd,
  isNtkInit,
  isUniform,
} from "./initSchemes.js";

/**
 * `standard`: weights as drawn. `ntk`: N(0, 1) weights, scaled by weightStd/√fanIn (biases by biasStd) in the forward
 * pass.
 */
export type Parametrization = "standard" | "ntk";

export interface NetworkOptions {
  /** Input dimension d. */
  inputs: number;
  /** Hidden width m, or the widths of several hidden layers from the input up. */
  hidden: number | readonly number[];
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
  parameters?: NumberList | Readonly<Record<number, number>>;
}

/** A named part of θ: `parameters.subarray(offset, offset + length)`, row-major with this shape. */
export interface Block {
  name: string;
  offset: number;
  length: number;
  shape: number[];
}

/** A finite network at its start θ0: plain data, structured-cloneable. */
export interface Network extends Required<Omit<NetworkOptions, "hidden" | "parameters">> {
  hidden: number | number[];
  parameters: Float64Array;
  blocks: Block[];
}

/** A network without its numbers. */
export type NetworkShape = Omit<Network, "parameters" | "blocks">;

/** A width, or a list of widths. */
const hiddenWidths: Check<number | number[]> = (value, name) =>
  isList(value) ? list(count, "a width, or a list of at least one", MOST_LAYERS)(value, name) : count(value, name);

/** The options that make a shape. */
const SHAPE = {
  inputs: count,
  hidden: hiddenWidths,
  outputs: or(count, 1),
  activation: or(ACTIVATION, "sigmoid"),
  init: optional(choice(INITS)),
  parametrization: optional(choice(["standard", "ntk"])),
  weightStd: or(nonNegative, 1),
  biasStd: optional(nonNegative),
  bias: or(flag, true),
  seed: or(seed, 0),
} satisfies Schema<Omit<NetworkOptions, "parameters">>;
/** `blocks` is what a network has beside its options: they are derived, not believed. */
const OPTIONS = { ...SHAPE, parameters: any, blocks: any };
const EXAMPLE = "{ inputs: 1, hidden: 64 }";

/**
 * Draws a network: f(x, θ) = a + Σ_j b_j σ(c_j·x + d_j), or deeper. The same seed gives the same θ0, to the bit,
 * in every engine. A network is its own options: `createNetwork(net)` is a copy, also of what JSON made of it.
 *
 * @throws TypeError for unknown options or wrong kinds; RangeError for wrong values; MemoryLimitError where θ is too
 * big.
 * @example
 * const net = createNetwork({ inputs: 1, hidden: 512, biasStd: 1, seed: 1 });
 * net.parameters.length; // 1 + 512 · 3
 * createNetwork(JSON.parse(JSON.stringify(net))).parameters[0] === net.parameters[0]; // true
 */
export function createNetwork(options: NetworkOptions | Network): Network {
  const { parameters, ...values } = read(options, "createNetwork", EXAMPLE, OPTIONS);
  const network = complete(values);
  const blocks = layout(network);
  const theta =
    parameters === undefined ? draw(drawing(network, blocks), network.seed) : given(parameters, parameterCount(blocks));
  return { ...network, parameters: theta, blocks };
}

/**
 * Options checked and completed, and the layout of θ: a network without its numbers. `drawn`: neither θ nor a seed was
 * given.
 *
 * @throws TypeError, RangeError
 */
export function networkShape(options: NetworkOptions): { network: NetworkShape; blocks: Block[]; drawn: boolean } {
  const { parameters, ...values } = read(options, "createNetwork", EXAMPLE, { ...OPTIONS, seed: optional(seed) });
  const network = complete({ ...values, seed: values.seed ?? 0 });
  return { network, blocks: layout(network), drawn: parameters === undefined && values.seed === undefined };
}

/** Length of θ. @throws MemoryLimitError */
export function parameterCount(blocks: readonly Block[]): number {
  const { offset, length } = blocks[blocks.length - 1];
  const P = offset + length;
  if (P * 8 <= BYTES_LIMIT) return P;
  throw new MemoryLimitError(
    `a network with ${P} parameters needs ${P * 8} bytes, more than ${BYTES_LIMIT}; use fewer inputs or a smaller width`,
    P * 8,
    BYTES_LIMIT,
  );
}

type Given = { [Key in keyof typeof SHAPE]: ReturnType<(typeof SHAPE)[Key]> };

/** Fills in the defaults that depend on other options. */
function complete({ inputs, hidden, outputs, activation, weightStd, bias, seed, ...values }: Given): NetworkShape {
  const { init, parametrization } = scheme(values);
  const biasStd = values.biasStd ?? defaultBiasStd(init);
  return { inputs, hidden, outputs, activation, init, parametrization, weightStd, biasStd, bias, seed };
}

/** `init: "ntk"` and `parametrization: "ntk"` mean each other; any other pair of explicit values is a contradiction. */
function scheme({ init, parametrization }: Pick<Given, "init" | "parametrization">): {
  init: Init;
  parametrization: Parametrization;
} {
  const implied = init !== undefined && isNtkInit(init) ? "ntk" : "standard";
  const chosen = parametrization ?? implied;
  if (init !== undefined && chosen !== implied) {
    throw new RangeError(
      `init "${init}" with parametrization "${chosen}"; expected init "ntk" (or none) with "ntk", another init with "standard"`,
    );
  }
  return { init: init ?? (chosen === "ntk" ? "ntk" : "lecun"), parametrization: chosen };
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
function roleOf(depth: number, name: string): { level: number; isOutput: boolean; isBias: boolean } {
  const isOutput = name === "a" || name === "b";
  const level = isOutput ? depth : Number(name.slice(1) || "1") - 1;
  return { level, isOutput, isBias: name === "a" || name.startsWith("d") };
}

/** Standard deviation with which a block of θ is drawn, by its name. */
export function blockStd(net: NetworkShape): (name: string) => number {
  const layers = layersOf(net);
  return (name) => {
    const { level, isBias } = roleOf(layers.length - 1, name);
    return isBias ? initialBiasStd(net.init, net.biasStd) : initialWeightStd(net.init, net.weightStd, layers[level]);
  };
}

/** How the numbers of a network are drawn, without its seed. */
export function drawing(net: NetworkShape, blocks: readonly Block[]): Drawing {
  const depth = widths(net).length;
  const stdOf = blockStd(net);
  const parts = blocks.map(({ name, offset, length }) => {
    const { level, isOutput, isBias } = roleOf(depth, name);
    return { offset, length, stream: streamOf(depth - level, isOutput, isBias), std: stdOf(name) };
  });
  return { size: parameterCount(blocks), uniform: isUniform(net.init), parts: parts.filter(({ std }) => std !== 0) };
}

/**
 * One substream per role, a 0, b 1, then going down c 2, d 3, c 4, …: leaving the biases out does not change the
 * weights.
 */
function streamOf(down: number, isOutput: boolean, isBias: boolean): number {
  return 2 * down + (isOutput === isBias ? 0 : 1);
}

function given(values: unknown, P: number): Float64Array {
  const parameters = toVector(values, "parameters", `${P} for this shape`, { length: P });
  checkParameters(parameters);
  return parameters;
}

function checkParameters(parameters: Float64Array): void {
  const at = parameters.findIndex((x) => !Number.isFinite(x));
  if (at >= 0) throw new RangeError(`parameters[${at}] is ${parameters[at]}; expected finite numbers`);
}

/** Forward scales of one layer: Z = alpha H Cᵀ + beta d (MATH.md §1). beta is 0 without biases. */
interface LayerScale {
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
 * A network that came from outside (a structured clone, JSON): its shape and parameters are checked like new ones. θ is
 * not copied where it is a Float64Array: what is kept must be ({@link ownNetwork}).
 *
 * @throws TypeError, RangeError
 */
export function validateNetwork(value: unknown): Network {
  const parameters = isPlainObject(value, "the model") ? reading("the model", () => value.parameters) : undefined;
  if (parameters === undefined) {
    throw new TypeError(`the model is ${describe(value)}; expected a network from createNetwork or { kernel(X, X2) }`);
  }
  const { net, blocks } = shapeOf(value as object);
  const P = parameterCount(blocks);
  const theta = toVector(parameters, "parameters", `${P} for this shape`, { length: P, share: true });
  checkParameters(theta);
  return { ...net, parameters: theta, blocks };
}

/** A copy of a validated network of which nothing is anybody else's. */
export function ownNetwork(net: Network): Network {
  return withParameters(net, intact(net.parameters, parameterCount(net.blocks)).slice());
}

/** {@link ownNetwork} with another θ, which is not copied. */
export function withParameters({ hidden, blocks, ...net }: Network, parameters: Float64Array): Network {
  return {
    ...net,
    hidden: Array.isArray(hidden) ? hidden.slice() : hidden,
    parameters,
    blocks: blocks.map((block) => ({ ...block, shape: block.shape.slice() })),
  };
}

/**
 * Shapes by the network that was checked: a call with the same one does not check its options again (a third of a small
 * call's time).
 */
const checked = new WeakMap<object, { net: NetworkShape; blocks: Block[] }>();

function shapeOf(value: object): { net: NetworkShape; blocks: Block[] } {
  const known = checked.get(value);
  if (known && reading("the model", () => isSame(value as Network, known.net))) return known;
  const net = complete(pick(value, "the model", SHAPE));
  const shape = { net, blocks: layout(net) };
  checked.set(value, shape);
  return shape;
}

/** True where no option has changed since; an option that was left out is checked again. */
function isSame(value: Network, { hidden, ...net }: NetworkShape): boolean {
  for (const key of Object.keys(net) as (keyof typeof net)[]) if (value[key] !== net[key]) return false;
  const given = value.hidden;
  if (!Array.isArray(hidden) || !Array.isArray(given)) return given === hidden;
  return given.length === hidden.length && given.every((width, l) => width === hidden[l]);
}
