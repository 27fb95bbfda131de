/** The two helpers that prepare data, `standardize` and `oneHot`: plain data in and out, no backend. */
import { checkResult, toMatrix } from "./check.js";
import { givenClasses, type Label, type Labels, labelsOf, occurring, unknownLabel } from "./labels.js";
import { type Matrix, type MatrixLike, matrix } from "./matrix.js";
import { zeros } from "./memory.js";

export type { Label } from "./labels.js";

/** Data with zero mean and unit standard deviation in every column, and the map that does the same to new data. */
export interface Standardized {
  /** The standardised matrix. */
  X: Matrix;
  /** Mean of each column. */
  mean: Float64Array;
  /** Population standard deviation of each column; 1 where the column is constant up to rounding. */
  std: Float64Array;
  /** Applies the same map: (x − mean) / std. @throws RangeError as `standardize`, and where an entry overflows. */
  apply(X: MatrixLike): Matrix;
  /** Undoes it: x · std + mean. @throws RangeError as `standardize`, and where an entry overflows. */
  invert(X: MatrixLike): Matrix;
}

/**
 * Standardises the columns of X (N×d). Use the training data here and `apply` for the rest: test data must not leak. A
 * column whose values differ by rounding only, by at most 16 ε of the largest, counts as constant: its deviation is 1.
 *
 * @throws TypeError where X is no matrix; RangeError where it is empty or holds a non-finite number (named by row and
 *   column), or where a deviation overflows.
 * @example
 * const { X, apply } = standardize([[1], [2], [3]]);
 * apply([[2]]).data[0]; // 0
 */
export function standardize(X: MatrixLike): Standardized {
  const given = toMatrix(X, "X");
  const { cols } = given;
  const mean = zeros(cols);
  const std = zeros(cols);
  for (let j = 0; j < cols; j++) [mean[j], std[j]] = columnMoments(given, j);
  // The map uses the numbers found here, whatever becomes of the arrays that are handed out.
  const [shift, scale] = [mean.slice(), std.slice()];
  const applied = ({ data, rows }: Matrix) => {
    const to = matrix(rows, cols);
    for (let at = 0, j = 0; at < to.data.length; at++, j = j + 1 === cols ? 0 : j + 1)
      to.data[at] = (data[at] - shift[j]) / scale[j];
    return checkResult(to, "the standardised X");
  };
  return {
    X: applied(given),
    mean,
    std,
    apply: (value) => applied(toMatrix(value, "X", { cols })),
    invert(value) {
      const { data, rows } = toMatrix(value, "X", { cols });
      const to = matrix(rows, cols);
      for (let at = 0, j = 0; at < to.data.length; at++, j = j + 1 === cols ? 0 : j + 1)
        to.data[at] = data[at] * scale[j] + shift[j];
      return checkResult(to, "invert(X)");
    },
  };
}

/**
 * A column is constant where all its values lie within this many ε of the largest from their mean. Sums of up to a few
 * hundred terms, and numbers that were computed in different ways, differ by so much. Values that differ by more have
 * bits of their own.
 */
const ROUNDING = 16 * Number.EPSILON;

/**
 * Mean and population standard deviation of column j: (mean, 1) where it is constant up to rounding, free of overflow.
 */
function columnMoments({ data, rows, cols }: Matrix, j: number): [number, number] {
  let [rough, low, high] = [0, Infinity, -Infinity];
  for (let at = j; at < data.length; at += cols) {
    const x = data[at];
    rough += x / rows;
    if (x < low) low = x;
    if (x > high) high = x;
  }
  if (low === high) return [low, 1];
  if (high - rough === Infinity || rough - low === Infinity) {
    throw new RangeError(`column ${j} of X spreads over more than float64 can hold; rescale it`);
  }
  // The sum above is off by up to N ε; what it leaves is small, and so is the error of its mean.
  let rest = 0;
  for (let at = j; at < data.length; at += cols) rest += (data[at] - rough) / rows;
  const mean = Math.min(high, Math.max(low, rough + rest));
  const largest = Math.max(high - mean, mean - low);
  if (largest <= ROUNDING * Math.max(Math.abs(low), Math.abs(high))) return [mean, 1];
  let squares = 0;
  for (let at = j; at < data.length; at += cols) {
    const part = (data[at] - mean) / largest;
    squares += part * part;
  }
  // Beside the smallest double the product may be rounded to 0.
  return [mean, Math.max(largest * Math.sqrt(squares / rows), Number.MIN_VALUE)];
}

/** One column per class, and what each is called. */
export interface OneHot<L extends Label = Label> extends Matrix {
  /** The label of each column. */
  classes: L[];
}

/**
 * One column per class, 1 where the label is that class: N labels of C classes become N×C. Labels are integers, strings
 * or booleans, in an Array, a typed array or a column Matrix. `classes` are the labels of the columns, in order: give
 * the test data the `classes` that `oneHot` gave for the training data. A number C is short for 0, …, C − 1. That is
 * the default for integers from 0 to 999, with C − 1 the largest that occurs. Else the default is the labels that
 * occur: numbers ascending, strings by code point, false before true.
 *
 * @throws TypeError for labels of mixed or other kinds, naming the row; RangeError for a label that is not among
 *   `classes`, for numbers that are no integers, and for more than 1000 classes that were not given.
 * @example
 * const Y = oneHot(["cat", "dog", "cat"]);
 * Y.classes.join(", "); // "cat, dog"
 * Y.data; // [1, 0, 0, 1, 1, 0]
 * oneHot(["dog"], Y.classes).data; // [0, 1]
 * oneHot([0, 2]).data; // [1, 0, 0, 0, 0, 1]
 */
export function oneHot<L extends Label>(labels: Labels<L>, classes?: number | readonly L[]): OneHot<L> {
  const list = labelsOf(labels);
  const known = classes === undefined ? occurring(list) : givenClasses(classes, "oneHot");
  const column = new Map(known.map((label, c) => [label, c]));
  const Y = matrix(list.length, known.length);
  list.forEach((label, i) => {
    const c = column.get(label);
    if (c === undefined) throw unknownLabel(label, i, known, typeof classes === "number");
    Y.data[i * known.length + c] = 1;
  });
  return { ...Y, classes: known as L[] };
}
