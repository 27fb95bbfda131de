/** What a caller gives to be kept: a copy of plain data, read once. */
import { isNumberArray } from "../brand.js";
import { toEntries } from "../lists.js";
import { isList, MOST_ENTRIES } from "../options.js";
import { isPlainObject } from "../scalars.js";
import { describe, reading } from "../words.js";
import { NO_FUNCTIONS } from "../worker/protocol.js";

/** Levels of lists and objects in each other: a value that is a part of itself has more. */
const MOST_NESTED = 100;

/**
 * A copy of plain data: numbers, strings, lists, typed arrays, plain objects.
 *
 * @throws TypeError for functions and for objects of a class, by name; RangeError for endless nesting.
 */
export function given<T>(value: T, name: string): T {
  return copyOf(value, name, 0) as T;
}

function copyOf(value: unknown, name: string, level: number): unknown {
  if (level > MOST_NESTED)
    throw new RangeError(`${name.slice(0, 40)}… is nested more than ${MOST_NESTED} deep; expected fewer levels`);
  if (value === null || value === undefined || ["number", "string", "boolean"].includes(typeof value)) return value;
  if (typeof value === "function") throw new TypeError(`${name}: ${NO_FUNCTIONS}`);
  if (isNumberArray(value)) return reading(name, () => new Float64Array(value as unknown as Float64Array));
  if (isList(value))
    return toEntries(value, name, "plain data", 0, MOST_ENTRIES).map((entry, i) =>
      copyOf(entry, `${name}[${i}]`, level + 1),
    );
  if (typeof value !== "object" || !isPlainObject(value, name))
    throw new TypeError(`${name} is ${describe(value)}; expected plain data, which can be sent to a worker`);
  const entries = reading(name, () => Object.entries(value));
  return Object.fromEntries(entries.map(([key, entry]) => [key, copyOf(entry, `${name}.${key}`, level + 1)]));
}
