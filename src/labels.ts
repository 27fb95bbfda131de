/** Labels of classes: integers, strings or booleans, all of one kind, read once. */
import { checkPositiveInteger, describe } from "./check.js";
import { readMatrix, toEntries } from "./lists.js";
import type { Matrix, NumberArray } from "./matrix.js";
import { isList } from "./options.js";
import { quoted } from "./words.js";

/** What a class may be called. Integers, strings or booleans, all of one kind. */
export type Label = number | string | boolean;

/** Labels of rows: a list, or a matrix of one column. */
export type Labels<L extends Label = Label> = readonly L[] | NumberArray | Matrix;

/** More distinct labels than this are asked about: an identifier has a class for each row. */
const MOST_CLASSES = 1000;

const EXPECTED = "integers, strings or booleans, in an array, a typed array or a column Matrix";

/** Labels of one kind. */
export function labelsOf(labels: unknown, name = "labels"): Label[] {
  let list: unknown[];
  if (isList(labels)) list = toEntries(labels, name, EXPECTED, 0, Number.MAX_SAFE_INTEGER);
  else if (typeof labels === "object" && labels !== null) {
    const { data, cols } = readMatrix(labels, name);
    if (cols !== 1) throw new RangeError(`${name} has ${cols} columns; expected one`);
    list = Array.from(data);
  } else throw new TypeError(`${name} is ${describe(labels)}; expected ${EXPECTED}`);
  return list.map((label, i) => checkLabel(label, list[0], `${name}: ${shown(label)} in row ${i}`));
}

function checkLabel(label: unknown, first: unknown, what: string): Label {
  if (typeof label !== "number" && typeof label !== "string" && typeof label !== "boolean")
    throw new TypeError(`${what}; expected an integer, a string or a boolean`);
  if (typeof label !== typeof first)
    throw new TypeError(`${what} after a ${typeof first}; expected labels of one kind`);
  return label;
}

function shown(label: unknown): string {
  return typeof label === "string"
    ? `label ${quoted(label)}`
    : typeof label === "number"
      ? `label ${label}`
      : describe(label);
}

/** The labels that occur, in order; for integers from 0 to 999 all from 0 to the largest. */
export function occurring(list: readonly Label[]): Label[] {
  const known = distinct(list);
  const largest = known.reduce<number>((top, label) => Math.max(top, typeof label === "number" ? label : Infinity), -1);
  if (largest < MOST_CLASSES && known.every((label) => (label as number) >= 0))
    return Array.from({ length: largest + 1 }, (_, c) => c);
  return known;
}

/**
 * The distinct labels: numbers ascending, strings by code point, false before true.
 *
 * @throws RangeError for numbers that are no integers, naming the row, and for more than 1000 distinct labels.
 */
export function distinct(list: readonly Label[]): Label[] {
  list.forEach((label, i) => {
    if (typeof label === "number" && !Number.isSafeInteger(label))
      throw new RangeError(`labels: label ${label} in row ${i}; expected an integer (give classes for others)`);
  });
  // -0 and 0 are one label.
  const known = [...new Set(list)];
  if (known.length > MOST_CLASSES) {
    throw new RangeError(
      `labels has ${known.length} distinct values in ${list.length} rows: is it an identifier? Give classes if it is not; expected at most ${MOST_CLASSES}`,
    );
  }
  return known.sort((a, b) => (typeof a === "string" ? byCodePoint(a, b as string) : Number(a) - Number(b)));
}

function byCodePoint(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i].codePointAt(0) as number) - (right[i].codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** The most classes that are given: a column each. */
const MOST_GIVEN = 1_000_000;

export function givenClasses(classes: unknown, where: string): Label[] {
  if (!isList(classes)) {
    checkPositiveInteger(classes, `${where}: classes`, MOST_GIVEN);
    return Array.from({ length: classes }, (_, c) => c);
  }
  const list = toEntries(classes, "classes", "a number of classes or their labels", 1, MOST_GIVEN);
  const known = list.map((label, c) => checkLabel(label, list[0], `classes: ${shown(label)} at ${c}`));
  if (new Set(known).size !== known.length) throw new RangeError("classes has a label twice; expected each once");
  return known;
}

export function unknownLabel(label: Label, row: number, known: readonly Label[], counted: boolean): RangeError {
  const few = known.slice(0, 5).map((item) => (typeof item === "string" ? quoted(item) : String(item)));
  const expected = counted
    ? `an integer in 0..${known.length - 1}`
    : `one of the ${known.length} classes ${few.join(", ")}${known.length > few.length ? ", …" : ""}`;
  return new RangeError(`labels: ${shown(label)} in row ${row}; expected ${expected}`);
}

/** The classes of labelled rows, and the class of each row as an index into them. */
export interface Classified {
  classes: Label[];
  index: Int32Array;
}

/**
 * The labels of `rows` rows. `classes`, as `oneHot` takes them, fixes the classes and their order; by default they are
 * the distinct labels, in order.
 *
 * @throws TypeError, RangeError: see `oneHot`. RangeError for another number of labels, and for fewer than two classes.
 */
export function classified(labels: unknown, classes: unknown, rows: number, where: string): Classified {
  const list = labelsOf(labels);
  if (list.length !== rows)
    throw new RangeError(`labels has ${list.length} rows; expected ${rows}, one for each row of X`);
  const known = classes === undefined ? distinct(list) : givenClasses(classes, where);
  if (known.length < 2) {
    throw new RangeError(
      `labels has ${known.length} class; expected at least two (give classes for those that have no row)`,
    );
  }
  const column = new Map(known.map((label, c) => [label, c]));
  const index = Int32Array.from(list, (label, i) => {
    const c = column.get(label);
    if (c === undefined) throw unknownLabel(label, i, known, typeof classes === "number");
    return c;
  });
  return { classes: known, index };
}
