/** The families that `tune` searches: a model with some of its scales, or its depth, left open. */
import { isCustomKernel } from "../kernel/custom.js";
import { isComposed, isStationary, type Model } from "../kernel/models.js";
import type { Activation } from "../model/activation.js";
import { isInfiniteNetwork } from "../model/infinite.js";
import { createNetwork, type Network, validateNetwork, widths } from "../model/network.js";
import type { PerLayer } from "../model/perLayer.js";

/** The scales that may be searched. */
const SCALES = ["weightStd", "biasStd", "lengthScale", "period"] as const;
type Scale = (typeof SCALES)[number];
type Scales = { [Name in Scale]?: PerLayer<number> };

/** What may be searched: bounds of scales, and numbers of hidden layers. */
export type Ranges = { readonly [Name in Scale]: readonly [number, number] | undefined } & {
  readonly depth: readonly number[] | undefined;
  readonly activation: readonly Activation[] | undefined;
};

/** One coordinate of the search: a scale, or an entry of its list. */
export interface Coordinate {
  name: Scale;
  /** −1 where the scale is one number. */
  entry: number;
  range: readonly [number, number];
}

/** A model with variable hyperparameters. */
export interface Family {
  depth: number | undefined;
  /** The scales that the model has, with its own values. */
  scales: Scales;
  /** Without `activation` it has the model's own. */
  make(depth: number | undefined, scales: Scales, activation?: Activation): Model;
  /** The chosen model to return. A custom kernel is the caller's own object. */
  result?(): Model;
}

/**
 * The number with this logarithm, within bounds. The logarithm of a bound gives the bound itself, to the last digit.
 */
export function within(logarithm: number, [low, high]: readonly [number, number]): number {
  if (logarithm >= Math.log(high)) return high;
  return logarithm <= Math.log(low) ? low : Math.exp(logarithm);
}

/** @throws RangeError where a model with values for each layer is to have another number of layers. */
function checkDepths(model: object, depth: number, given: readonly number[] | undefined): void {
  const perLayer = Object.entries(model).find(
    ([key, value]) =>
      /^(activation|weightStd|biasStd|rates|width)$/.test(key) &&
      (Array.isArray(value) || (key === "rates" && typeof value === "object")),
  );
  if (!perLayer || !given?.some((other) => other !== depth)) return;
  throw new RangeError(
    `depth is to be chosen, but ${perLayer[0]} of the model has a value for each of its layers; expected one value for all layers, or no depth`,
  );
}

/** What is searched: the scales with bounds, each entry where the model has a list. */
export function coordinatesOf({ scales }: Family, options: Ranges): Coordinate[] {
  return SCALES.flatMap((name): Coordinate[] => {
    const [range, own] = [options[name], scales[name]];
    if (!range) return [];
    if (!Array.isArray(own)) return [{ name, entry: -1, range }];
    return own.map((_, entry) => ({ name, entry, range }));
  });
}

/** The scales at a point of the search, in logarithms. */
export function scalesAt(own: Scales, coordinates: readonly Coordinate[], point: readonly number[]): Scales {
  const scales: Scales = {};
  for (const name of SCALES) {
    const value = own[name];
    if (value !== undefined) scales[name] = Array.isArray(value) ? value.slice() : value;
  }
  coordinates.forEach(({ name, entry, range }, i) => {
    const value = within(point[i], range);
    const list = scales[name];
    scales[name] = Array.isArray(list) ? list.map((old, j) => (j === entry ? value : old)) : value;
  });
  return scales;
}

/** @throws RangeError for bounds of what a model does not have. */
function refuse(options: Ranges, names: readonly Searched[], what: string): void {
  for (const name of names)
    if (options[name] !== undefined)
      throw new RangeError(`${name} is given, but ${what} has none; expected ${others(names)}`);
}

type Searched = Scale | "depth" | "activation";

function others(names: readonly Searched[]): string {
  const left = [...SCALES, "depth" as const, "activation" as const].filter((name) => !names.includes(name));
  return left.length === 0 ? "ridge alone" : `ridge, ${left.join(", ")}`;
}

/** The family of a copied model. `given` is the original. */
export function familyOf(model: Model, options: Ranges, given: Model): Family {
  if (isInfiniteNetwork(model)) {
    refuse(options, ["lengthScale", "period"], "a network");
    checkDepths(model, model.depth, options.depth);
    const { depth, weightStd, biasStd } = model;
    return {
      depth,
      scales: { weightStd, biasStd },
      make: (depth, scales, activation = model.activation as Activation) =>
        ({ ...model, depth, activation, ...scales }) as Model,
    };
  }
  if (isStationary(model)) {
    const none = ["weightStd", "biasStd", "depth", "activation"] as const;
    const periodic = model.kind === "periodic";
    refuse(options, periodic ? none : [...none, "period"], `the kernel "${model.kind}"`);
    const { lengthScale } = model;
    const scales = periodic ? { lengthScale, period: model.period } : { lengthScale };
    return { depth: undefined, scales, make: (_, scales) => ({ ...model, ...scales }) as Model };
  }
  if (isCustomKernel(model) || isComposed(model)) {
    refuse(options, [...SCALES, "depth", "activation"], isCustomKernel(model) ? "a custom kernel" : "a composed model");
    return { depth: undefined, scales: {}, make: () => model, result: () => given };
  }
  const net = validateNetwork(model);
  refuse(options, ["lengthScale", "period"], "a network");
  // Without the twins of a centred start: createNetwork adds them.
  const own = widths({ hidden: net.hidden });
  checkDepths(net, own.length, options.depth);
  const { parameters: _, blocks: __, ...shape } = net;
  const make = (
    depth = own.length,
    { weightStd = net.weightStd, biasStd = net.biasStd }: Scales,
    activation: Network["activation"] = net.activation,
  ): Network => {
    // Nothing changed, so it is the network itself: its weights need not come from its seed.
    const before = { weightStd: net.weightStd, biasStd: net.biasStd };
    const same = depth === own.length && activation === net.activation;
    if (same && JSON.stringify({ weightStd, biasStd }) === JSON.stringify(before)) return net;
    const hidden = Array.from({ length: depth }, (_, l) => own[Math.min(l, own.length - 1)]);
    return createNetwork({ ...shape, activation, hidden, weightStd, biasStd });
  };
  return { depth: own.length, scales: { weightStd: net.weightStd, biasStd: net.biasStd }, make };
}
