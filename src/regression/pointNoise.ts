/** Variances and weights of points as callers give them: checks of the options of fit, predict, sample and update. */
import { type RowTerms, rowTerms } from "../linalg/rowTerms.js";
import { toVector } from "../lists.js";
import { type Check, flag, isList, nonNegative } from "../options.js";
import { refusal } from "../words.js";

function numbers(least: "≥ 0" | "> 0"): Check<Float64Array> {
  return (value, name) => {
    const values = toVector(value, name, "a list with a number for each row");
    const wrong = values.findIndex((x) => !(x < Infinity && (least === "> 0" ? x > 0 : x >= 0)));
    if (wrong < 0) return values;
    throw refusal(new RangeError(`${name}[${wrong}] is ${values[wrong]}; expected a finite number ${least}`));
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
