/**
 * Numbers from callers: lists and matrices, each read once. A list is an Array or a typed array of numbers, of any
 * realm. Its length is checked before memory is asked for. What JSON makes of a typed array, {"0": …}, counts where the
 * length is known.
 */
import { typedArrayName } from "./brand.js";
import { MemoryLimitError } from "./errors.js";
import type { Matrix, NumberList } from "./matrix.js";
import { BYTES_LIMIT, zeros } from "./memory.js";
import { checkSize } from "./scalars.js";
import { describe, reading, refusal } from "./words.js";

/** Entries from which on an Array is looked through before memory is asked for: most of it may be holes. */
const MANY = 2 ** 20;

const typedArray = Object.getPrototypeOf(Float64Array.prototype);
const slot = (name: string) => Object.getOwnPropertyDescriptor(typedArray, name)?.get as () => unknown;
const [bufferOf, offsetOf, lengthOf] = [slot("buffer"), slot("byteOffset"), slot("length")];

/**
 * The numbers of a typed array of any realm: a view of the same memory where they are doubles, else a copy. Undefined
 * for anything else.
 *
 * @throws TypeError for BigInts, and where the memory is gone; MemoryLimitError.
 */
function typedNumbers(value: unknown, name: string): Float64Array | undefined {
  const type = typedArrayName(value);
  if (type === undefined) return undefined;
  if (type.startsWith("Big"))
    throw refusal(new TypeError(`${name} is a ${type}; expected numbers: Float64Array.from(it, Number) makes them`));
  const length = lengthOf.call(value) as number;
  try {
    if (type === "Float64Array")
      return new Float64Array(bufferOf.call(value) as ArrayBuffer, offsetOf.call(value) as number, length);
    const data = zeros(length);
    // An array without memory throws here, where its length says 0.
    data.set(value as Float64Array);
    return data;
  } catch (error) {
    if (error instanceof MemoryLimitError) throw error;
    throw refusal(
      new TypeError(`${name} is a ${type} without its memory; expected one whose buffer was not transferred or shrunk`),
    );
  }
}

/** Length of a list; undefined for what is none. Inside {@link reading}. */
function listLength(value: unknown): number | undefined {
  if (typedArrayName(value) !== undefined) return lengthOf.call(value) as number;
  return Array.isArray(value) ? value.length : undefined;
}

/**
 * Writes the first `n` entries of an Array, which must be numbers, to `data` from `at` on. `place` names entry j. Call
 * inside {@link reading}.
 */
function copyNumbers(
  list: ArrayLike<unknown>,
  n: number,
  place: (j: number) => string,
  data?: Float64Array,
  at = 0,
): void {
  for (let j = 0; j < n; j++) {
    const x = list[j];
    if (typeof x !== "number")
      throw refusal(new TypeError(`${place(j).replace("$", () => describe(x))}; expected a number`));
    if (data) data[at + j] = x;
  }
}

/** Numbers of an Array of length n, or of the object that JSON makes of a typed array. Inside {@link reading}. */
function arrayNumbers(list: ArrayLike<unknown>, n: number, place: (j: number) => string): Float64Array {
  if (n > MANY) copyNumbers(list, n, place);
  const data = zeros(n);
  copyNumbers(list, n, place, data);
  return data;
}

/** Keys "0" … "n − 1" and no other: {@link NumberList} after JSON. Inside {@link reading}. */
function isIndexed(value: unknown, n: number): value is ArrayLike<unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const keys = Object.keys(value);
  return keys.length === n && keys.every((key, i) => key === String(i));
}

/**
 * A list as a vector of its own or, with `share`, a view of a Float64Array's memory. Where `length` is given, the list
 * must have that length, and what JSON makes of a typed array is accepted too.
 *
 * @throws TypeError for other kinds and for entries that are no numbers; RangeError for another length;
 *   MemoryLimitError.
 */
export function toVector(
  value: unknown,
  name: string,
  expected: string,
  { length, share = false }: { length?: number; share?: boolean } = {},
): Float64Array {
  const place = (j: number) => `${name}[${j}] is $`;
  const checkLength = (got: number) => {
    if (length !== undefined && got !== length)
      throw refusal(new RangeError(`${name} has ${got} numbers; expected ${expected}`));
  };
  return reading(name, () => {
    const n = listLength(value);
    if (n === undefined) {
      if (length !== undefined && isIndexed(value, length)) return arrayNumbers(value, length, place);
      throw refusal(new TypeError(`${name} is ${describe(value)}; expected ${expected}`));
    }
    checkLength(n);
    const typed = typedNumbers(value, name);
    if (!typed) return arrayNumbers(value as ArrayLike<unknown>, n, place);
    // The array itself may be shared, or a copy already.
    if (share || typedArrayName(value) !== "Float64Array") return typed;
    const data = zeros(typed.length);
    data.set(typed);
    return data;
  });
}

/**
 * The entries of a list, unchecked, of a length in [least, most].
 *
 * @throws TypeError for other kinds; RangeError for other lengths.
 */
export function toEntries(value: unknown, name: string, expected: string, least: number, most: number): unknown[] {
  return reading(name, () => {
    const n = listLength(value);
    if (n === undefined) throw refusal(new TypeError(`${name} is ${describe(value)}; expected ${expected}`));
    if (n < least) throw refusal(new RangeError(`${name} is empty; expected ${expected}`));
    if (n > most) throw refusal(new RangeError(`${name} has ${n} entries; expected at most ${most}`));
    const list = typedNumbers(value, name) ?? (value as ArrayLike<unknown>);
    const entries: unknown[] = [];
    // Holes are undefined, which is no entry of any list: a long Array without entries ends at its first.
    for (let i = 0; i < n; i++) {
      const entry = list[i];
      if (entry === undefined) throw refusal(new TypeError(`${name}[${i}] is undefined; expected ${expected}`));
      entries.push(entry);
    }
    return entries;
  });
}

/** What is accepted as a matrix, for messages. */
const ACCEPTED = "a Matrix { data, rows, cols }, rows of numbers, or numbers (a column), in arrays or typed arrays";

/**
 * The matrix behind a `MatrixLike`. Float64Arrays are not copied: the caller copies what it keeps. `is` is how a
 * message about the matrix begins: "X is".
 *
 * @throws TypeError where `value` is no matrix; RangeError for ragged rows and contradictory sizes; MemoryLimitError.
 */
export function readMatrix(value: unknown, name: string, is = `${name} is`): Matrix {
  return reading(name, () => {
    const typed = typedNumbers(value, name);
    if (typed) return { data: typed, rows: typed.length, cols: 1 };
    if (Array.isArray(value)) return fromArray(value, name);
    if (typeof value === "object" && value !== null && "data" in value) return fromObject(value as Matrix, name, is);
    throw refusal(new TypeError(`${is} ${describe(value)}; expected ${ACCEPTED}`));
  });
}

/** { data, rows, cols }: data a list, or what JSON makes of one. */
function fromObject(value: Matrix, name: string, is: string): Matrix {
  const { data, rows, cols } = value as { data: unknown; rows: unknown; cols: unknown };
  checkSize(rows, `${name}.rows`);
  checkSize(cols, `${name}.cols`);
  const size = rows * cols;
  const got = listLength(data);
  if (got === undefined && !(size * 8 <= BYTES_LIMIT && isIndexed(data, size))) {
    throw refusal(new TypeError(`${name}.data is ${describe(data)}; expected ${rows}·${cols} numbers`));
  }
  if (got !== undefined && got !== size) {
    throw refusal(new RangeError(`${is} ${rows}×${cols} but its data has ${got} numbers; expected ${size}`));
  }
  const typed = typedNumbers(data, `${name}.data`);
  const place = (at: number) => `${name} has $ at row ${Math.floor(at / cols)}, column ${at % cols}`;
  return { data: typed ?? arrayNumbers(data as NumberList, size, place), rows, cols };
}

function fromArray(list: readonly unknown[], name: string): Matrix {
  const rows = list.length;
  const first = rows > 0 ? list[0] : undefined;
  if (typeof first !== "object") {
    const place = (i: number) => `${name} has $ at row ${i}, column 0`;
    return { data: arrayNumbers(list, rows, place), rows, cols: 1 };
  }
  const cols = rowLength(first, `${name} row 0`);
  let data: Float64Array | undefined;
  for (let i = 0; i < rows; i++) {
    const row = i === 0 ? first : list[i];
    const got = rowLength(row, `${name} row ${i}`);
    if (got !== cols)
      throw refusal(new RangeError(`${name} is ragged: row ${i} has ${got} columns, row 0 has ${cols}`));
    const place = (j: number) => `${name} has $ at row ${i}, column ${j}`;
    const numbers = typedNumbers(row, `${name} row ${i}`) ?? (row as ArrayLike<unknown>);
    // Memory is asked for when one row has turned out to be numbers.
    if (i === 0) copyNumbers(numbers, cols, place);
    data ??= zeros(rows * cols);
    copyNumbers(numbers, cols, place, data, i * cols);
  }
  return { data: data ?? zeros(0), rows, cols };
}

function rowLength(row: unknown, name: string): number {
  const length = listLength(row);
  if (length === undefined) throw refusal(new TypeError(`${name} is ${describe(row)}; expected an array of numbers`));
  return length;
}

/**
 * The numbers of an input, still as many as when it was checked. The caller's code (a getter, a kernel function) may
 * have transferred its memory since.
 *
 * @throws TypeError
 */
export function intact(data: Float64Array, length: number): Float64Array {
  if (data.length === length) return data;
  throw new TypeError(
    `an input of ${length} numbers has ${data.length} now; expected arrays that stay as they are during a call`,
  );
}
