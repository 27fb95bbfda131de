/** Matrices are plain data: row-major float64 with a shape, structured-cloneable, owned by JavaScript. */
import { copyOf, zeros } from "./memory.js";

/** Row-major float64 matrix; entry (i, j) is `data[i * cols + j]`. */
export interface Matrix {
  data: Float64Array;
  rows: number;
  cols: number;
}

/** A typed array of numbers. */
export type NumberArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** A list of numbers: an Array or a typed array, not anything that merely has a length. */
export type NumberList = readonly number[] | NumberArray;

/**
 * What the API accepts as a matrix: rows of numbers, numbers (a column), or `{ data, rows, cols }`, row-major, also
 * after `JSON.parse(JSON.stringify(matrix))`.
 */
export type MatrixLike =
  | Matrix
  | NumberList
  | readonly NumberList[]
  | { readonly data: NumberList | Readonly<Record<number, number>>; readonly rows: number; readonly cols: number };

/** A matrix around `data`, or of zeros. @throws MemoryLimitError */
export function matrix(rows: number, cols: number, data: Float64Array = zeros(rows * cols)): Matrix {
  return { data, rows, cols };
}

/** A copy that is nobody else's. */
export function copied({ data, rows, cols }: Matrix): Matrix {
  return matrix(rows, cols, copyOf(data));
}

/** Rows [row, row + rows) of X, without a copy. */
export function rowsOf(X: Matrix, row: number, rows: number): Matrix {
  return matrix(rows, X.cols, X.data.subarray(row * X.cols, (row + rows) * X.cols));
}

/** Some rows of X. */
export function pickRows(X: Matrix, rows: readonly number[]): Matrix {
  const data = zeros(rows.length * X.cols);
  rows.forEach((row, i) => {
    data.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols);
  });
  return matrix(rows.length, X.cols, data);
}

/** One matrix of a square one for each of C outputs, row n·C + c. The entries between outputs are 0. */
export function interleaved(parts: readonly Matrix[]): Matrix {
  const C = parts.length;
  const n = parts[0].rows;
  const result = matrix(n * C, n * C);
  parts.forEach(({ data }, c) => {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) result.data[(i * C + c) * n * C + j * C + c] = data[i * n + j];
    }
  });
  return result;
}
