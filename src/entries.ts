/** How matrices are read: an entry, or rows of numbers. */
import { toMatrix } from "./check.js";
import type { MatrixLike } from "./matrix.js";

/** @throws RangeError */
function checkIndex(value: number, name: string, end: number): void {
  if (Number.isInteger(value) && value >= 0 && value < end) return;
  throw new RangeError(`${name} is ${value}; expected an integer from 0 to ${end - 1}`);
}

/**
 * Entry (i, j) of a matrix, both counted from 0. In a loop over many entries `matrix.data[i * matrix.cols + j]` is
 * faster: it checks nothing.
 *
 * @throws TypeError where it is no matrix; RangeError where there is no such entry.
 * @example
 * get(ntk.kernel(net, [0, 1]), 1, 0); // Θ(1, 0)
 */
export function get(matrix: MatrixLike, i: number, j: number): number {
  const { data, rows, cols } = toMatrix(matrix, "matrix", { finite: false });
  checkIndex(i, "i", rows);
  checkIndex(j, "j", cols);
  return data[i * cols + j];
}

/**
 * The rows of a matrix, as arrays of their own: for a table, a plot or JSON. A matrix without rows or columns may be
 * what a call gave.
 *
 * @throws TypeError where it is no matrix.
 * @example
 * toArray({ data: new Float64Array([1, 2, 3, 4]), rows: 2, cols: 2 })[1]; // [3, 4]
 */
export function toArray(matrix: MatrixLike): number[][] {
  const { data, rows, cols } = toMatrix(matrix, "matrix", { finite: false, allowEmpty: true });
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
}
