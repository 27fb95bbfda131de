/**
 * Checks of single values and of options. A message says what came, what was expected and, where it helps, what to try.
 */
import { className, describe, quoted, reading, refusal } from "./words.js";

/** @throws TypeError, RangeError unless `value` is an integer ≥ 0 */
export function checkSize(value: unknown, name: string): asserts value is number {
  checkInteger(value, name, 0, Number.MAX_SAFE_INTEGER);
}

/** @throws TypeError, RangeError unless `value` is an integer ≥ 1, and at most `most` */
export function checkPositiveInteger(
  value: unknown,
  name: string,
  most: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  checkInteger(value, name, 1, most);
}

function checkInteger(value: unknown, name: string, least: number, most: number): asserts value is number {
  checkNumber(value, name);
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `an integer ≥ ${least}` : `an integer from ${least} to ${most}`;
  throw refusal(new RangeError(`${name} is ${value}; expected ${range}`));
}

/** @throws TypeError, RangeError unless `value` is a finite number ≥ 0 */
export function checkNonNegative(value: unknown, name: string): asserts value is number {
  checkNumber(value, name);
  if (!Number.isFinite(value) || value < 0)
    throw refusal(new RangeError(`${name} is ${value}; expected a finite number ≥ 0`));
}

/** @throws TypeError unless `value` is a number */
export function checkNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== "number") throw refusal(new TypeError(`${name} is ${describe(value)}; expected a number`));
}

/** @throws TypeError, RangeError unless `value` is an integer in [0, 2^53) */
export function checkSeed(value: unknown, name = "seed"): asserts value is number {
  if (typeof value !== "number") throw refusal(new TypeError(`${name} is ${describe(value)}; expected an integer`));
  if (!Number.isSafeInteger(value) || value < 0)
    throw refusal(new RangeError(`${name} is ${value}; expected an integer in [0, 2^53)`));
}

/** @throws TypeError unless `value` is true or false */
export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== "boolean") throw refusal(new TypeError(`${name} is ${describe(value)}; expected true or false`));
}

/** @throws TypeError where it is no string, RangeError where it is none of `choices` */
export function checkChoice<T extends string>(value: unknown, name: string, choices: readonly T[]): asserts value is T {
  if (typeof value !== "string")
    throw refusal(new TypeError(`${name} is ${describe(value)}; expected one of ${choices.join(", ")}`));
  if (!(choices as readonly string[]).includes(value))
    throw refusal(new RangeError(`${name} is ${quoted(value)}; expected one of ${choices.join(", ")}`));
}

/** True for what holds named values, of any realm: no array, Map, Date, function or the like. */
export function isPlainObject(value: unknown, name: string): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  return reading(name, () => /^\[object (Object|Module)\]$/.test(Object.prototype.toString.call(value)));
}

/** @throws TypeError where `options` is no plain object or has a key that is not in `allowed` */
export function checkKeys(options: unknown, allowed: readonly string[], where: string, example = ""): void {
  if (!isPlainObject(options, `${where}: options`)) {
    const name = typeof options === "object" && options !== null ? className(options) : "";
    const got = name === "" ? describe(options) : `${/^[AEIOU]/.test(name) ? "an" : "a"} ${name}`;
    throw refusal(
      new TypeError(`${where}: options are ${got}; expected an object${example === "" ? "" : ` like ${example}`}`),
    );
  }
  for (const key of reading(`${where}: options`, () => Object.keys(options))) {
    if (!allowed.includes(key))
      throw refusal(new TypeError(`${where}: unknown option ${quoted(key)}; expected ${allowed.join(", ")}`));
  }
}
