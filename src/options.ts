/**
 * Options of public functions. A schema has one `Check` for each option, which checks its value and gives what is used.
 * All refusals are made in one place: options that are no plain object, unknown ones, wrong kinds and values. Each
 * option is read once.
 */
import { typedArrayName } from "./brand.js";
import { toEntries } from "./lists.js";
import {
  checkBoolean,
  checkChoice,
  checkKeys,
  checkNonNegative,
  checkNumber,
  checkPositiveInteger,
  checkSeed,
  checkSize,
} from "./scalars.js";
import type { Signal } from "./signal.js";
import { describe, isArray, reading, refusal } from "./words.js";

/** Checks a value that goes by `name`, and gives what is used: for lists a copy. */
export type Check<T> = (value: unknown, name: string) => T;

/** A check for each option of an interface. */
export type Schema<Options> = { [Key in keyof Required<Options>]: Check<unknown> };

type Values<K extends Record<string, Check<unknown>>> = { [Key in keyof K]: ReturnType<K[Key]> };

/** The most entries of a list of ridges, times, widths and the like: each costs a result. */
export const MOST_ENTRIES = 1_000_000;

/** The most hidden layers of a network, and the depth of an infinite one. */
export const MOST_LAYERS = 100_000;

function by<T>(check: (value: unknown, name: string) => asserts value is T): Check<T> {
  return (value, name) => {
    check(value, name);
    return value;
  };
}

/** An integer ≥ 0. */
export const size: Check<number> = by(checkSize);
/** An integer ≥ 1. */
export const count: Check<number> = by(checkPositiveInteger);
/** A number of layers. */
export const layers: Check<number> = (value, name) => {
  checkPositiveInteger(value, name, MOST_LAYERS);
  return value;
};
/** A finite number. */
export const finite: Check<number> = (value, name) => {
  checkNumber(value, name);
  if (Number.isFinite(value)) return value;
  throw refusal(new RangeError(`${name} is ${value}; expected a finite number`));
};
/** A finite number ≥ 0. */
export const nonNegative: Check<number> = by(checkNonNegative);
/** A finite number > 0. */
export const positive: Check<number> = (value, name) => {
  checkNumber(value, name);
  if (!(value > 0 && value < Infinity))
    throw refusal(new RangeError(`${name} is ${value}; expected a finite number > 0`));
  return value;
};
/** An integer in [0, 2^53). */
export const seed: Check<number> = by(checkSeed);
/** True or false. */
export const flag: Check<boolean> = by(checkBoolean);
/** How outputs are treated. */
export const outputs: Check<"full" | "average"> = choice(["full", "average"]);
/** What the function checks by itself, with what only it knows: a matrix, say. */
export const any: Check<unknown> = (value) => value;

/** One of some names. */
export function choice<const T extends string>(choices: readonly T[]): Check<T> {
  return (value, name) => {
    checkChoice(value, name, choices);
    return value;
  };
}

/** A value that may be left out. */
export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value, name) => (value === undefined ? undefined : check(value, name));
}

/** A value with a default. */
export function or<T>(check: Check<T>, fallback: NoInfer<T>): Check<T> {
  return (value, name) => (value === undefined ? fallback : check(value, name));
}

/** A list of at least one entry, or of `least`. */
export function list<T>(entry: Check<T>, expected: string, most = MOST_ENTRIES, least = 1): Check<T[]> {
  return (value, name) => toEntries(value, name, expected, least, most).map((item, i) => entry(item, `${name}[${i}]`));
}

/** True for a list: an Array or a typed array. */
export function isList(value: unknown): boolean {
  return isArray(value) || typedArrayName(value) !== undefined;
}

/** Bounds [low, high], 0 < low ≤ high. */
export const bounds: Check<[number, number]> = (value, name) => {
  const range = toEntries(value, name, "its bounds, [low, high], such as [0.1, 10]", 0, MOST_ENTRIES);
  if (range.length !== 2)
    throw new TypeError(`${name} is a list of ${range.length}; expected its bounds, [low, high], such as [0.1, 10]`);
  const [low, high] = range;
  checkNumber(low, `${name}[0]`);
  checkNumber(high, `${name}[1]`);
  if (!(low > 0 && low <= high && high < Infinity)) {
    throw new RangeError(`${name} has the bounds [${low}, ${high}]; expected 0 < low ≤ high, both finite`);
  }
  return [low, high];
};

/** A function to call, as it is. */
// biome-ignore lint/suspicious/noExplicitAny: what it is called with is the caller's type.
export const callback: Check<(value: any) => void> = (value, name) => {
  if (typeof value !== "function") throw new TypeError(`${name} is ${describe(value)}; expected a function`);
  return value as () => void;
};

/** The check of `signal`. Declaration files print this name: a consumer's library may lack `AbortSignal`. */
export type SignalCheck = (value: unknown, name: string) => Signal | undefined;
/** An AbortSignal that may be left out. It is kept as it is, to be looked at while work goes on. */
export const signal: SignalCheck = (value, name) => {
  if (value === undefined) return undefined;
  return reading(name, () => {
    if (typeof (value as Signal | null)?.aborted !== "boolean" || typeof value !== "object")
      throw refusal(new TypeError(`${name} is ${describe(value)}; expected an AbortSignal`));
    return value as Signal;
  });
};

/** Options checked by their schema. `example` is one that would do. */
export function read<K extends Record<string, Check<unknown>>>(
  options: unknown,
  where: string,
  example: string,
  schema: K,
): Values<K> {
  checkKeys(options, Object.keys(schema), where, example);
  return pick(options, `${where}: options`, schema);
}

/** The values of an option that is an object itself: errors name `loss.value`, not `value`. */
export function readWithin<K extends Record<string, Check<unknown>>>(
  value: unknown,
  name: string,
  example: string,
  schema: K,
): Values<K> {
  const checks = Object.entries(schema).map(([key, check]): [string, Check<unknown>] => [
    key,
    (entry) => check(entry, `${name}.${key}`),
  ]);
  return read(value, name, example, Object.fromEntries(checks) as K);
}

/** The values of a schema; what else the object holds is left alone. */
export function pick<K extends Record<string, Check<unknown>>>(value: unknown, name: string, schema: K): Values<K> {
  const object = value as Record<string, unknown>;
  const values: Record<string, unknown> = {};
  for (const key of Object.keys(schema))
    values[key] = schema[key](
      reading(name, () => object[key]),
      key,
    );
  return values as Values<K>;
}
