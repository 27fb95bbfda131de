/** Options that have one value for all layers, or a list with a value for each layer from the input up. */
import { type Check, isList, list, MOST_LAYERS, nonNegative } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { reading, refusal } from "../words.js";

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
