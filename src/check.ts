/**
 * Input checks: every public function calls these before it does any work. A message says what came, what was
 * expected and, where it helps, what to try.
 */
import { isFloat64Array } from "./brand.js";
import type { Matrix, MatrixLike } from "./matrix.js";

interface Shape {
  rows?: number;
  cols?: number;
  allowEmpty?: boolean;
}

/**
 * The matrix behind a `MatrixLike`. A `Matrix` passes through without a copy.
 *
 * @throws TypeError where `value` is no matrix; RangeError for ragged rows, wrong or empty shapes and non-finite
 *   entries, named by row and column.
 */
export function toMatrix(value: MatrixLike, name: string, { rows, cols, allowEmpty = false }: Shape = {}): Matrix {
  const result = convert(value, name);
  if (!allowEmpty && (result.rows === 0 || result.cols === 0)) {
    throw new RangeError(`${name} is empty (${result.rows}×${result.cols}); expected at least one row and one column`);
  }
  if (cols !== undefined && result.cols !== cols) {
    throw new RangeError(`${name} has ${result.cols} columns; expected ${cols}`);
  }
  if (rows !== undefined && result.rows !== rows) {
    throw new RangeError(`${name} has ${result.rows} rows; expected ${rows}`);
  }
  checkFinite(result, name);
  return result;
}

function convert(value: MatrixLike, name: string): Matrix {
  if (isFloat64Array(value)) return { data: value, rows: value.length, cols: 1 };
  if (Array.isArray(value)) return fromArray(value, name);
  if (typeof value === "object" && value !== null && "data" in value && isFloat64Array(value.data)) {
    const { data, rows, cols } = value;
    checkSize(rows, `${name}.rows`);
    checkSize(cols, `${name}.cols`);
    if (data.length !== rows * cols) {
      throw new RangeError(
        `${name} is ${rows}×${cols} but its data has ${data.length} numbers; expected ${rows * cols}`,
      );
    }
    return { data, rows, cols };
  }
  throw new TypeError(
    `${name} is ${describe(value)}; expected a Matrix { data: Float64Array, rows, cols }, a Float64Array, number[] or number[][]`,
  );
}

function fromArray(value: readonly unknown[], name: string): Matrix {
  const nested = value.length > 0 && typeof value[0] === "object";
  const cols = nested ? lengthOf(value[0], name) : 1;
  const data = new Float64Array(value.length * cols);
  // By index: forEach would skip holes.
  for (let i = 0; i < value.length; i++) {
    const row = value[i];
    if (!nested) {
      data[i] = entry(row, name, i, 0);
      continue;
    }
    const got = lengthOf(row, `${name} row ${i}`);
    if (got !== cols) throw new RangeError(`${name} is ragged: row ${i} has ${got} columns, row 0 has ${cols}`);
    const numbers = row as ArrayLike<unknown>;
    for (let j = 0; j < cols; j++) data[i * cols + j] = entry(numbers[j], name, i, j);
  }
  return { data, rows: value.length, cols };
}

function lengthOf(row: unknown, name: string): number {
  if (Array.isArray(row) || isFloat64Array(row)) return row.length;
  throw new TypeError(`${name} is ${describe(row)}; expected an array of numbers`);
}

function entry(value: unknown, name: string, i: number, j: number): number {
  if (typeof value === "number") return value;
  throw new TypeError(`${name} has ${describe(value)} at row ${i}, column ${j}; expected a number`);
}

/** @throws RangeError naming the row and column of the first entry that is not finite. */
export function checkFinite({ data, cols }: Matrix, name: string): void {
  if (areFinite(data)) return;
  const at = data.findIndex((x) => !Number.isFinite(x));
  throw new RangeError(
    `${name} has ${data[at]} at row ${Math.floor(at / cols)}, column ${at % cols}; expected finite numbers (remove or impute it)`,
  );
}

/** True where every entry is finite: x · 0 is 0 then. Four sums, for one would wait for each addition (10⁶ entries: 1.8 → 0.6 ms). */
export function areFinite(data: Float64Array | Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  let at = 0;
  for (; at + 4 <= data.length; at += 4) {
    a += data[at] * 0;
    b += data[at + 1] * 0;
    c += data[at + 2] * 0;
    d += data[at + 3] * 0;
  }
  for (; at < data.length; at++) a += data[at] * 0;
  return a + b + c + d === 0;
}

/**
 * Results leave only when they are finite; `infinite` allows ±Infinity (a kernel entry that truly overflows), never NaN.
 *
 * @throws RangeError naming the row and column of the first entry that is not.
 */
export function checkResult(result: Matrix, name: string, { infinite = false } = {}): Matrix {
  const { data, cols } = result;
  if (areFinite(data)) return result;
  const at = data.findIndex((x) => (infinite ? Number.isNaN(x) : !Number.isFinite(x)));
  if (at < 0) return result;
  throw new RangeError(
    `${name} overflows float64 at row ${Math.floor(at / cols)}, column ${at % cols} (${data[at]}); rescale the inputs or the weights`,
  );
}

/** Rounding of a symmetric product of depth up to a few N: entries may differ by this many N·ε·‖A‖∞. */
const ALLOWED = 8;

/**
 * Only the lower triangle of a symmetric matrix is used; an upper one that says something else is an error.
 *
 * @throws RangeError for a matrix that is not square, or naming the entry that differs most from its mirror image.
 */
export function checkSymmetric({ data, rows, cols }: Matrix, name: string): void {
  if (rows !== cols) throw new RangeError(`${name} is ${rows}×${cols}; expected a square matrix`);
  const { worst, at } = mostAsymmetric(data, rows);
  if (worst === 0) return;
  const allowed = ALLOWED * rows * roundingOf(data, rows);
  if (worst <= allowed) return;
  const i = Math.floor(at / cols);
  const j = at % cols;
  throw new RangeError(
    `${name} is not symmetric: entry (${i}, ${j}) is ${data[at]}, entry (${j}, ${i}) is ${data[j * cols + i]}; ` +
      `expected a difference of at most ${allowed.toPrecision(2)} (symmetrise it: (A + Aᵀ)/2)`,
  );
}

/** Largest |A_ij − A_ji| and its place, in squares of 32, so that both sides stay in L1. */
function mostAsymmetric(data: Float64Array, n: number): { worst: number; at: number } {
  let worst = 0;
  let at = 0;
  for (let i0 = 0; i0 < n; i0 += 32) {
    for (let j0 = 0; j0 <= i0; j0 += 32) {
      for (let i = i0; i < Math.min(n, i0 + 32); i++) {
        for (let j = j0; j < Math.min(i, j0 + 32); j++) {
          const difference = Math.abs(data[i * n + j] - data[j * n + i]);
          if (difference <= worst) continue;
          worst = difference;
          at = i * n + j;
        }
      }
    }
  }
  return { worst, at };
}

/** ε‖A‖∞, free of overflow. */
function roundingOf(data: Float64Array, n: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(data[i * n + j]) * Number.EPSILON;
    norm = Math.max(norm, sum);
  }
  return norm;
}

/** @throws TypeError, RangeError unless `value` is an integer ≥ 0 */
export function checkSize(value: unknown, name: string): asserts value is number {
  checkNumber(value, name);
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} is ${value}; expected an integer ≥ 0`);
}

/** @throws TypeError, RangeError unless `value` is an integer ≥ 1 */
export function checkPositiveInteger(value: unknown, name: string): asserts value is number {
  checkNumber(value, name);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`${name} is ${value}; expected an integer ≥ 1`);
}

/** @throws TypeError, RangeError unless `value` is a finite number ≥ 0 */
export function checkNonNegative(value: unknown, name: string): asserts value is number {
  checkNumber(value, name);
  if (!Number.isFinite(value) || value < 0) throw new RangeError(`${name} is ${value}; expected a finite number ≥ 0`);
}

function checkNumber(value: unknown, name: string): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name} is ${describe(value)}; expected a number`);
}

/** @throws TypeError unless `value` is true or false */
export function checkBoolean(value: unknown, name: string): asserts value is boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} is ${describe(value)}; expected true or false`);
}

/** @throws TypeError where it is no string, RangeError where it is none of `choices` */
export function checkChoice<T extends string>(value: unknown, name: string, choices: readonly T[]): asserts value is T {
  if (typeof value !== "string")
    throw new TypeError(`${name} is ${describe(value)}; expected one of ${choices.join(", ")}`);
  if (!(choices as readonly string[]).includes(value)) {
    throw new RangeError(`${name} is "${value}"; expected one of ${choices.join(", ")}`);
  }
}

/** @throws TypeError where `options` is no object or has a key that is not in `allowed` */
export function checkKeys(options: unknown, allowed: readonly string[], where: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`${where}: options are ${describe(options)}; expected an object`);
  }
  for (const key of Object.keys(options)) {
    if (!allowed.includes(key)) {
      throw new TypeError(`${where}: unknown option "${key}"; expected ${allowed.join(", ")}`);
    }
  }
}

/** A value in words, for messages. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "object") return `an object (${value.constructor?.name ?? "no prototype"})`;
  return typeof value === "string" ? `the string "${value}"` : `${typeof value} ${String(value)}`;
}
