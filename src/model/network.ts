/**
 * Networks are plain data: shape, parametrisation and the parameter vector θ0, laid out as in MATH.md §1 (a, B, then
 * C_L, d_L, …, C_1, d_1), with the blocks named. Any depth and number of outputs is stored; what is computed is
 * the business of `kernel/`.
 */
import { describe } from "../check.js";
import { MemoryLimitError } from "../errors.js";
import { intact, toVector } from "../lists.js";
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
  positive,
  read,
  type Schema,
  seed,
  size,
} from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading } from "../words.js";
import { ACTIVATION } from "./activation.js";
import { isDefined } from "./definedActivation.js";
import { type Drawing, draw } from "./draw.js";
import { defaultBiasStd, INITS, type Init, isNtkInit, isUniform } from "./initSchemes.js";
import { blockStd, checkLayerOptions, layout, mirrored, roleOf, streamOf, widths } from "./networkLayers.js";
import type { Block, Network, NetworkOptions, NetworkShape, Parametrization } from "./networkShape.js";
import { perLayer, rates } from "./perLayer.js";

export { blockStd, displaced, residualOf, scales, widths } from "./networkLayers.js";
export type { Block, Network, NetworkOptions, NetworkShape, Parametrization } from "./networkShape.js";

/** A width, or a list of widths. */
const hiddenWidths: Check<number | number[]> = (value, name) =>
  isList(value) ? list(count, "a width, or a list of at least one", MOST_LAYERS)(value, name) : count(value, name);

/** The options that make a shape. */
const SHAPE = {
  inputs: count,
  hidden: hiddenWidths,
  outputs: or(count, 1),
  activation: or(perLayer(ACTIVATION, "an activation for each hidden layer"), "sigmoid"),
  init: optional(choice(INITS)),
  parametrization: optional(choice(["standard", "ntk", "meanField"])),
  weightStd: or(perLayer(nonNegative, "a std for each layer"), 1),
  biasStd: optional(perLayer(nonNegative, "a std for each layer")),
  bias: or(flag, true),
  rates: or(rates, 1),
  outputScale: or(positive, 1),
  residual: or(size, 0),
  centeredStart: or(flag, false),
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
    parameters === undefined
      ? startOf(network, (drawing) => draw(drawing, network.seed))
      : given(parameters, network, parameterCount(blocks));
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

/** Fills in the defaults that depend on other options, and checks what options ask of each other. */
function complete({ biasStd, init, parametrization, ...values }: Given): NetworkShape {
  const chosen = scheme({ init, parametrization });
  const shape = { ...values, ...chosen, biasStd: biasStd ?? defaultBiasStd(chosen.init) };
  checkLayerOptions(shape);
  return shape;
}

/**
 * `init: "ntk"` and `parametrization: "ntk"` mean each other, and `"meanField"` means `init: "unit"`. Any other pair of
 * explicit values is a contradiction.
 */
function scheme({ init, parametrization }: Pick<Given, "init" | "parametrization">): {
  init: Init;
  parametrization: Parametrization;
} {
  const implied = init !== undefined && isNtkInit(init) ? "ntk" : "standard";
  const chosen = parametrization ?? implied;
  if (chosen === "meanField") {
    if (init === undefined || init === "unit" || init === "unitUniform")
      return { init: init ?? "unit", parametrization: chosen };
    throw new RangeError(
      `init "${init}" with parametrization "meanField"; expected init "unit" or "unitUniform", or none`,
    );
  }
  if (init !== undefined && chosen !== implied) {
    throw new RangeError(
      `init "${init}" with parametrization "${chosen}"; expected init "ntk" (or none) with "ntk", another init with "standard"`,
    );
  }
  return { init: init ?? (chosen === "ntk" ? "ntk" : "lecun"), parametrization: chosen };
}

/** θ0 of a network, whose numbers are drawn by `by`. */
export function startOf(net: NetworkShape, by: (drawing: Drawing) => Float64Array): Float64Array {
  if (!net.centeredStart) return by(drawing(net));
  const half = { ...net, centeredStart: false };
  return mirrored(half, by(drawing(half)));
}

/** How the numbers of a network are drawn, without its seed. */
function drawing(net: NetworkShape): Drawing {
  const depth = widths(net).length;
  const stdOf = blockStd(net);
  const blocks = layout(net);
  const parts = blocks.map(({ name, offset, length }) => {
    const { level, isOutput, isBias } = roleOf(depth, name);
    return { offset, length, stream: streamOf(depth - level, isOutput, isBias), std: stdOf(name) };
  });
  return { size: parameterCount(blocks), uniform: isUniform(net.init), parts: parts.filter(({ std }) => std !== 0) };
}

function given(values: unknown, net: NetworkShape, P: number): Float64Array {
  const parameters = toVector(values, "parameters", expectedCount(net, P), { length: P });
  checkParameters(parameters);
  return parameters;
}

function expectedCount(net: NetworkShape, P: number): string {
  return `${P} for this shape${net.centeredStart ? " with the twins of centeredStart" : ""}`;
}

function checkParameters(parameters: Float64Array): void {
  const at = parameters.findIndex((x) => !Number.isFinite(x));
  if (at >= 0) throw new RangeError(`parameters[${at}] is ${parameters[at]}; expected finite numbers`);
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
  const shape = shapeOf(value as object);
  const { net, blocks } = shape;
  const P = parameterCount(blocks);
  const theta = toVector(parameters, "parameters", expectedCount(net, P), { length: P, share: true });
  checkParameters(theta);
  if (shape.network?.parameters === theta) return shape.network;
  const network = { ...net, parameters: theta, blocks };
  // A copy of the caller's numbers is not kept.
  if (theta === parameters) shape.network = network;
  return network;
}

/** A copy of a validated network of which nothing is anybody else's. */
export function ownNetwork(net: Network): Network {
  return withParameters(net, intact(net.parameters, parameterCount(net.blocks)).slice());
}

/** {@link ownNetwork} with another θ, which is not copied. */
export function withParameters({ blocks, parameters: _, ...net }: Network, parameters: Float64Array): Network {
  return {
    ...ownShape(net),
    parameters,
    blocks: blocks.map((block) => ({ ...block, shape: block.shape.slice() })),
  };
}

/** A copy of a shape of which nothing is anybody else's. */
export function ownShape(net: NetworkShape): NetworkShape {
  const values = Object.entries(net).map(([key, value]) => [key, ownValue(value)]);
  return Object.fromEntries(values) as NetworkShape;
}

function ownValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ownValue);
  if (typeof value !== "object" || value === null || isDefined(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, ownValue(entry)]));
}

/**
 * Shapes by the network that was checked: a call with the same one does not check its options again (a third of a small
 * call's time).
 */
const checked = new WeakMap<object, Checked>();

interface Checked {
  net: NetworkShape;
  blocks: Block[];
  /** The network of both with θ of the last call. It never leaves the library. */
  network?: Network;
}

function shapeOf(value: object): Checked {
  const known = checked.get(value);
  if (known && reading("the model", () => isSame(value as Network, known.net))) return known;
  const net = complete(pick(value, "the model", SHAPE));
  const shape: Checked = { net, blocks: layout(net) };
  checked.set(value, shape);
  return shape;
}

/** True where no option has changed since; an option that was left out is checked again. */
function isSame(value: Network, net: NetworkShape): boolean {
  for (const key of Object.keys(net) as (keyof typeof net)[]) if (!areSame(value[key], net[key])) return false;
  return true;
}

/** Equality of an option's values: plain values, lists of them, and objects of them. */
function areSame(given: unknown, known: unknown): boolean {
  if (typeof known !== "object" || known === null) return given === known;
  if (typeof given !== "object" || given === null || Array.isArray(given) !== Array.isArray(known)) return false;
  const keys = Object.keys(known);
  const [a, b] = [given as Record<string, unknown>, known as Record<string, unknown>];
  return Object.keys(given).length === keys.length && keys.every((key) => areSame(a[key], b[key]));
}
