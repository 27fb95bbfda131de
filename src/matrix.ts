/**
 * Matrices are plain data: row-major float64 with a shape, structured-cloneable, owned by JavaScript.
 * Also here: the two helpers that prepare data, `standardize` and `oneHot`.
 */
import { checkPositiveInteger, toMatrix } from "./check.js";

/** Row-major float64 matrix; entry (i, j) is `data[i * cols + j]`. */
export interface Matrix {
  data: Float64Array;
  rows: number;
  cols: number;
}

/** What the API accepts as a matrix. A 1-D array is a column. */
export type MatrixLike = Matrix | Float64Array | readonly number[] | readonly (readonly number[])[];

/** A matrix around `data`, or of zeros. */
export function matrix(rows: number, cols: number, data: Float64Array = new Float64Array(rows * cols)): Matrix {
  return { data, rows, cols };
}

/** Data with zero mean and unit standard deviation in every column, and the map that does the same to new data. */
export interface Standardized {
  /** The standardised matrix. */
  X: Matrix;
  /** Mean of each column. */
  mean: Float64Array;
  /** Population standard deviation of each column; 1 where the column is constant. */
  std: Float64Array;
  /** Applies the same map: (x − mean) / std. */
  apply(X: MatrixLike): Matrix;
  /** Undoes it: x · std + mean. */
  invert(X: MatrixLike): Matrix;
}

/**
 * Standardises the columns of X (N×d). Use the training data here and `apply` for the rest: test data must not leak.
 *
 * @throws RangeError where X is empty or holds a non-finite number (named by row and column), or where a deviation overflows.
 * @example
 * const { X, apply } = standardize([[1], [2], [3]]);
 * apply([[2]]).data[0]; // 0
 */
export function standardize(X: MatrixLike): Standardized {
  const { data, rows, cols } = toMatrix(X, "X");
  const mean = new Float64Array(cols);
  const std = new Float64Array(cols);
  for (let j = 0; j < cols; j++) [mean[j], std[j]] = columnMoments(data, rows, cols, j);
  const map = (value: MatrixLike, f: (x: number, j: number) => number) => {
    const from = toMatrix(value, "X", { cols });
    return matrix(
      from.rows,
      cols,
      Float64Array.from(from.data, (x, at) => f(x, at % cols)),
    );
  };
  const apply = (value: MatrixLike) => map(value, (x, j) => (x - mean[j]) / std[j]);
  return { X: apply(X), mean, std, apply, invert: (value) => map(value, (x, j) => x * std[j] + mean[j]) };
}

/** Mean and population standard deviation of column j: exactly (the constant, 1) where it is constant, free of overflow. */
function columnMoments(data: Float64Array, rows: number, cols: number, j: number): [number, number] {
  let mean = 0;
  let constant = true;
  for (let at = j; at < data.length; at += cols) {
    mean += data[at] / rows;
    constant &&= data[at] === data[j];
  }
  if (constant) return [data[j], 1];
  let largest = 0;
  for (let at = j; at < data.length; at += cols) largest = Math.max(largest, Math.abs(data[at] - mean));
  if (largest === Infinity) {
    throw new RangeError(`column ${j} of X spreads over more than float64 can hold; rescale it`);
  }
  let squares = 0;
  for (let at = j; at < data.length; at += cols) squares += ((data[at] - mean) / largest) ** 2 / rows;
  return [mean, largest * Math.sqrt(squares)];
}

/**
 * One column per class, 1 where the label is that class: N labels in 0..C−1 become N×C.
 *
 * @throws RangeError where a label is not an integer in 0..classes−1.
 * @example
 * oneHot([0, 2]).data; // [1, 0, 0, 0, 0, 1]
 */
export function oneHot(labels: ArrayLike<number>, classes?: number): Matrix {
  const list = Array.from(labels);
  if (classes !== undefined) checkPositiveInteger(classes, "oneHot: classes");
  const C = classes ?? list.reduce((top, label) => Math.max(top, label + 1), 0);
  const Y = matrix(list.length, C);
  list.forEach((label, i) => {
    if (!Number.isInteger(label) || label < 0 || label >= C) {
      throw new RangeError(`oneHot: label ${label} in row ${i}; expected an integer in 0..${C - 1}`);
    }
    Y.data[i * C + label] = 1;
  });
  return Y;
}
