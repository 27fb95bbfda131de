/** Variances and weights of points as callers give them: checks of the options of fit, predict, sample and update. */
import { diagonalOf, type RowTerms, rowTerms } from "../linalg/rowTerms.js";
import { toVector } from "../lists.js";
import { type Check, flag, isList, nonNegative } from "../options.js";
import { refusal } from "../words.js";

/** The smallest double with all its digits: the rows of a smaller weight would have none. */
const LEAST_WEIGHT = 2 ** -1022;

function numbers(least: "≥ 0" | "> 0"): Check<Float64Array> {
  const low = least === "> 0" ? LEAST_WEIGHT : 0;
  return (value, name) => {
    const values = toVector(value, name, "a list with a number for each row");
    const wrong = values.findIndex((x) => !(x >= low && x < Infinity));
    if (wrong < 0) return values;
    const x = values[wrong];
    const expected = x > 0 && x < low ? `a number of at least ${low}` : `a finite number ${least}`;
    throw refusal(new RangeError(`${name}[${wrong}] is ${x}; expected ${expected}`));
  };
}

/** Variances, each a finite number ≥ 0; a copy. */
export const variances: Check<Float64Array> = numbers("≥ 0");
/** Weights, each a finite number > 0; a copy. */
export const rowWeights: Check<Float64Array> = numbers("> 0");

/** What is added to variances: nothing, the ridge, or variances of one's own. */
export const addedNoise: Check<boolean | number | Float64Array> = (value, name) => {
  if (typeof value === "number") return nonNegative(value, name);
  return isList(value) ? variances(value, name) : flag(value, name);
};

/** @throws RangeError for a list of another length. */
export function checkLength(values: Float64Array | undefined, name: string, rows: number, of: string): void {
  if (values === undefined || values.length === rows) return;
  throw refusal(new RangeError(`${name} has ${values.length} numbers; expected ${rows}: one for each row of ${of}`));
}

/** The terms of the rows of X; undefined where none are given. @throws RangeError */
export function pointTermsOf(
  { noise, weights }: { noise: Float64Array | undefined; weights: Float64Array | undefined },
  rows: number,
  prefix = "",
  of = `${prefix}X`,
): RowTerms | undefined {
  if (!noise && !weights) return undefined;
  checkLength(noise, `${prefix}noise`, rows, of);
  checkLength(weights, `${prefix}weights`, rows, of);
  return rowTerms(noise, weights);
}

/** @throws RangeError where the noise of a row, ridge/weight + noise, overflows. */
export function checkTotals(terms: RowTerms | undefined, ridges: ArrayLike<number>): void {
  if (!terms) return;
  for (const ridge of Array.from(ridges)) {
    const at = diagonalOf(terms, ridge).findIndex((value) => !(value < Infinity));
    if (at < 0) continue;
    const { weights, noise } = terms;
    throw new RangeError(
      `the noise of row ${at} overflows: ridge ${ridge} over weight ${weights?.[at] ?? 1}, plus noise ${noise?.[at] ?? 0}; expected a finite sum`,
    );
  }
}

/**
 * The terms of the points after a change. Row i has those of row `from[i]` before, and a new row has noise 0 and
 * weight 1.
 */
export function movedTerms(before: RowTerms | undefined, from: readonly number[]): RowTerms | undefined {
  const { noise, weights } = before ?? {};
  const taken = (values: Float64Array | undefined, fresh: number) =>
    values && Float64Array.from(from, (old) => (old < 0 ? fresh : values[old]));
  return rowTerms(taken(noise, 0), taken(weights, 1));
}

/** Terms with other values at some rows. A list that did not exist starts as noise 0 or weight 1 everywhere. */
export function withTerms(
  before: RowTerms | undefined,
  rows: number,
  places: readonly number[],
  given: RowTerms | undefined,
): RowTerms | undefined {
  if (!given) return before;
  const set = (old: Float64Array | undefined, values: Float64Array | undefined, fresh: number) => {
    if (!values) return old;
    const next = old?.slice() ?? new Float64Array(rows).fill(fresh);
    places.forEach((row, k) => {
      next[row] = values[k];
    });
    return next;
  };
  return rowTerms(set(before?.noise, given.noise, 0), set(before?.weights, given.weights, 1));
}
