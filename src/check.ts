/**
 * Input checks: every public function calls these before it does any work. A message says what came, what was
 * expected and, where it helps, what to try.
 */
import { isFloat64Array } from "./brand.js";
import { readMatrix } from "./lists.js";
import type { Matrix, MatrixLike } from "./matrix.js";

export {
  checkBoolean,
  checkChoice,
  checkKeys,
  checkNonNegative,
  checkPositiveInteger,
  checkSize,
} from "./scalars.js";
export { describe } from "./words.js";

interface Shape {
  rows?: number;
  cols?: number;
  allowEmpty?: boolean;
  /** False: the caller looks for entries that are not finite. Default true. */
  finite?: boolean;
}

/**
 * The matrix behind a `MatrixLike`. A Float64Array, also of a `Matrix`, is not copied: the caller copies what it keeps.
 *
 * @throws TypeError where `value` is no matrix; RangeError for ragged rows, wrong or empty shapes and non-finite
 *   entries, named by row and column.
 */
export function toMatrix(
  value: MatrixLike,
  name: string,
  { rows, cols, allowEmpty = false, finite = true }: Shape = {},
): Matrix {
  const result = readMatrix(value, name);
  if (!allowEmpty && (result.rows === 0 || result.cols === 0)) {
    throw new RangeError(`${name} is empty (${result.rows}×${result.cols}); expected at least one row and one column`);
  }
  if (cols !== undefined && result.cols !== cols) {
    throw new RangeError(`${name} has ${result.cols} columns; expected ${cols}`);
  }
  if (rows !== undefined && result.rows !== rows) {
    throw new RangeError(`${name} has ${result.rows} rows; expected ${rows}`);
  }
  if (finite) checkFinite(result, name);
  return result;
}

/** @throws RangeError naming the row and column of the first entry that is not finite. */
export function checkFinite({ data, cols }: Matrix, name: string): void {
  if (areFinite(data)) return;
  const at = data.findIndex((x) => !Number.isFinite(x));
  throw new RangeError(
    `${name} has ${data[at]} at row ${Math.floor(at / cols)}, column ${at % cols}; expected finite numbers (remove or impute it)`,
  );
}

/**
 * True where every entry is finite: x · 0 is 0 then. There are four sums, because each addition to one sum would wait
 * for the last (10⁶ entries: 1.8 → 0.6 ms).
 */
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
 * Results leave only when they are finite; `infinite` allows ±Infinity (a kernel entry that truly overflows), never
 * NaN.
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

/**
 * {@link checkResult} for a number, or a plain list of numbers; `infinite` allows ±Infinity, never NaN.
 *
 * @throws RangeError naming the first number that is not finite.
 */
export function checkNumbers<T extends number | Float64Array>(result: T, name: string, { infinite = false } = {}): T {
  if (typeof result === "number") {
    if (Number.isFinite(result) || (infinite && !Number.isNaN(result))) return result;
    throw overflows(name, result);
  }
  if (areFinite(result)) return result;
  const at = result.findIndex((x) => (infinite ? Number.isNaN(x) : !Number.isFinite(x)));
  if (at < 0) return result;
  throw overflows(`${name}[${at}]`, result[at]);
}

/**
 * A field of a report, as it leaves: {@link checkNumbers} where it is a number or a list of numbers.
 *
 * @throws RangeError
 */
export function checkField<T>(value: T, name: string): T {
  if (typeof value === "number" || isFloat64Array(value)) checkNumbers<number | Float64Array>(value, name);
  return value;
}

function overflows(name: string, value: number): RangeError {
  return new RangeError(`${name} overflows float64 (${value}); rescale the inputs, the targets or the weights`);
}

/** Rounding of a symmetric product of depth up to a few N: entries may differ by this many N·ε·‖A‖∞. */
const ALLOWED = 8;

/**
 * Only the lower triangle of a symmetric matrix is used; an upper one that says something else is an error.
 *
 * @throws RangeError for a matrix that is not square, or naming the entry that differs most from its mirror image.
 */
export function checkSymmetric({ data, rows, cols }: Matrix, name: string): void {
  checkSquare({ data, rows, cols }, name);
  const { worst, at, allowed } = asymmetryOf(data, rows);
  if (worst <= allowed) return;
  const i = Math.floor(at / cols);
  const j = at % cols;
  throw new RangeError(
    `${name} is not symmetric: entry (${i}, ${j}) is ${data[at]}, entry (${j}, ${i}) is ${data[j * cols + i]}; ` +
      `expected a difference of at most ${allowed.toPrecision(2)} (symmetrise it: (A + Aᵀ)/2)`,
  );
}

/** @throws RangeError */
export function checkSquare({ rows, cols }: Matrix, name: string, advice = ""): void {
  if (rows !== cols) throw new RangeError(`${name} is ${rows}×${cols}; expected a square matrix${advice}`);
}

/** True for a square matrix that is symmetric to rounding, as {@link checkSymmetric} has it. */
export function isSymmetric({ data, rows }: Matrix): boolean {
  const { worst, allowed } = asymmetryOf(data, rows);
  return worst <= allowed;
}

function asymmetryOf(data: Float64Array, n: number): { worst: number; at: number; allowed: number } {
  const found = mostAsymmetric(data, n);
  return { ...found, allowed: found.worst === 0 ? 0 : ALLOWED * n * roundingOf(data, n) };
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
