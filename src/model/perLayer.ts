/** Options that have one value for all layers, or a list with a value for each layer from the input up. */
import { type Check, isList, list, MOST_LAYERS, nonNegative } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { quoted, reading, refusal } from "../words.js";

/** One value for all layers, or one for each. */
export type PerLayer<T> = T | T[];

/** A value, or a list of values. */
export function perLayer<T>(check: Check<T>, expected: string): Check<PerLayer<T>> {
  return (value, name) => (isList(value) ? list(check, expected, MOST_LAYERS + 1)(value, name) : check(value, name));
}

/** The value of layer l. */
export function valueAt<T>(values: PerLayer<T>, l: number): T {
  return Array.isArray(values) ? (values as T[])[l] : values;
}

/** @throws RangeError for a list of another length. */
export function checkLayers(values: PerLayer<unknown>, name: string, count: number, which: string): void {
  if (!Array.isArray(values) || values.length === count) return;
  throw new RangeError(`${name} is a list of ${values.length}; expected one value, or ${count}: ${which}`);
}

/** Learning rates: one for all blocks, one for each layer, or those of some blocks by name. */
export type Rates = PerLayer<number> | Record<string, number>;

/** Learning rates ≥ 0. */
export const rates: Check<Rates> = (value, name) => {
  if (isList(value) || !isPlainObject(value, name)) return perLayer(nonNegative, "a rate for each layer")(value, name);
  const given = reading(name, () => Object.entries(value));
  const entries = given.map(([block, rate]) => [block, nonNegative(rate, `${name}.${block}`)] as const);
  if (entries.length === 0) throw refusal(new RangeError(`${name} is empty; expected a rate for at least one block`));
  return Object.fromEntries(entries);
};

/** Names of the blocks of layer l of depth + 1: weights and biases. */
export function blockNames(depth: number, l: number): { weights: string; bias: string } {
  if (l === depth) return { weights: "b", bias: "a" };
  const suffix = depth > 1 ? String(l + 1) : "";
  return { weights: `c${suffix}`, bias: `d${suffix}` };
}

/** Options of layers that finite and infinite networks have. */
interface Layered {
  activation: PerLayer<unknown>;
  weightStd: PerLayer<number>;
  biasStd: PerLayer<number>;
  bias: boolean;
  rates: Rates;
  residual: number;
}

/** @throws RangeError where options contradict the number of hidden layers. */
export function checkLayered({ activation, weightStd, biasStd, bias, rates, residual }: Layered, depth: number): void {
  checkLayers(activation, "activation", depth, HIDDEN);
  checkLayers(weightStd, "weightStd", depth + 1, everyLayer(depth));
  checkLayers(biasStd, "biasStd", depth + 1, everyLayer(depth));
  checkRates(rates, depth, bias);
  if (residual < depth || residual === 0) return;
  throw new RangeError(
    `residual is ${residual}, but the network has ${depth} hidden layers; expected less, or 0 for none`,
  );
}

/** The layers of a list with a value for each hidden one. */
export const HIDDEN = "the hidden layers from the input up";
const everyLayer = (depth: number) => `the ${depth} hidden layers from the input up, then the readout`;

/** @throws RangeError for rates of another number of layers, or of blocks that a network of this depth has not. */
export function checkRates(rates: Rates, depth: number, bias: boolean): void {
  if (typeof rates === "number" || Array.isArray(rates)) {
    checkLayers(rates, "rates", depth + 1, everyLayer(depth));
    return;
  }
  const blocks = Array.from({ length: depth + 1 }, (_, l) => blockNames(depth, l));
  const names = blocks.flatMap((block) => (bias ? [block.weights, block.bias] : [block.weights]));
  for (const name of Object.keys(rates))
    if (!names.includes(name))
      throw new RangeError(`rates names the block ${quoted(name)}; expected some of ${names.join(", ")}`);
}

/** Rates of weights and biases of layer l of depth + 1, as given. */
export function ratesAt(rates: Rates, depth: number, l: number): { weights: number; bias: number } {
  if (typeof rates === "number" || Array.isArray(rates)) {
    const rate = valueAt(rates, l);
    return { weights: rate, bias: rate };
  }
  const { weights, bias } = blockNames(depth, l);
  const of = (name: string) => (Object.hasOwn(rates, name) ? rates[name] : 1);
  return { weights: of(weights), bias: of(bias) };
}
