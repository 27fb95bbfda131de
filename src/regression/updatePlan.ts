/** The request of `Fit.update`, checked before any work: the data afterwards, and the row that each had before. */
import { describe, toMatrix } from "../check.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import { transposed } from "../linalg/vectors.js";
import { type Matrix, type MatrixLike, matrix, type NumberList, pickRows } from "../matrix.js";
import { zeros } from "../memory.js";
import { any, isList, list, optional, read, type Schema, size } from "../options.js";
import { type Problem, pointTerms, termsOf } from "../problem.js";
import type { Change } from "./exchange.js";

import { movedTerms, pointTermsOf, rowWeights, variances, withTerms } from "./pointNoise.js";

/** Changes of a fit's data. All indices are row numbers before the update. */
export interface UpdateOptions {
  /** Points to add, X k×d and Y k×C. They come last. Without noise of their own they have 0, without weights 1. */
  add?: { X: MatrixLike; Y: MatrixLike; noise?: NumberList; weights?: NumberList };
  /** The row or rows to remove; the others keep their order. */
  remove?: number | NumberList;
  /**
   * Rows that get other inputs, other targets, another noise or another weight. X, Y and the lists have a row for each
   * index; what is omitted stays as it is.
   */
  move?: {
    index: number | NumberList;
    X?: MatrixLike;
    Y?: MatrixLike;
    noise?: NumberList;
    weights?: NumberList;
  };
}

const OPTIONS = { add: any, remove: any, move: any } satisfies Schema<UpdateOptions>;
const OWN = { noise: optional(variances), weights: optional(rowWeights) };
const ADD = { X: any, Y: any, ...OWN } satisfies Schema<UpdateOptions["add"]>;
const MOVE = { index: any, X: any, Y: any, ...OWN } satisfies Schema<UpdateOptions["move"]>;

/** Checked options: the rows of `X` and `Y` belong to `index`. */
interface Move {
  index: number[];
  X: Matrix | undefined;
  Y: Matrix | undefined;
  own: RowTerms | undefined;
}

/**
 * The data after an update. Start values are computed only for rows that are new or moved.
 *
 * @throws TypeError, RangeError
 */
export function planUpdate(before: Problem, centered: boolean, options: UpdateOptions): Change {
  const given = read(options, "update", "{ remove: 0 }", OPTIONS);
  const N = before.X.rows;
  const move = checkMove(given.move, before);
  const removed = new Set(given.remove === undefined ? [] : checkIndices(given.remove, "remove", N));
  const both = move.index.find((i) => removed.has(i));
  if (both !== undefined) throw new RangeError(`row ${both} is both moved and removed; expected one of them`);
  const added = checkAdd(given.add, before);
  const left = Array.from({ length: N }, (_, i) => i).filter((i) => !removed.has(i));
  if (removed.size === 0 && move.index.length === 0 && added.X.rows === 0)
    throw new RangeError("update has nothing to do; expected points to add, remove or move");
  if (left.length + added.X.rows === 0)
    throw new RangeError(
      `update would remove all ${N} rows; expected at least one to stay or to come (dispose() ends a fit)`,
    );

  const X = joined(pickRows(before.X, left), added.X);
  const Y = joined(pickRows(before.Y, left), added.Y);
  const from = new Int32Array(X.rows).fill(-1);
  from.set(left);
  const place = new Map(left.map((old, i) => [old, i]));
  const touched = move.index.map((old) => place.get(old) as number);
  touched.forEach((i, row) => {
    if (move.X) {
      X.data.set(rowOf(move.X, row), i * X.cols);
      from[i] = -1;
    }
    if (move.Y) Y.data.set(rowOf(move.Y, row), i * Y.cols);
    if (move.own) from[i] = -1;
  });
  const terms = nextTerms(before, X.rows, left, touched, move.own, added.own);
  for (let i = left.length; i < X.rows; i++) touched.push(i);
  return { problem: { ...before, X, Y, terms, ...residuals(before, centered, X, Y, left, touched) }, from };
}

/** Noise and weights after the change. */
function nextTerms(
  before: Problem,
  rows: number,
  left: readonly number[],
  moved: readonly number[],
  ofMoved: RowTerms | undefined,
  ofAdded: RowTerms | undefined,
): RowTerms | undefined {
  if (!before.terms && !ofMoved && !ofAdded) return undefined;
  const from = Array.from({ length: rows }, (_, i) => left[i] ?? -1);
  const come = Array.from({ length: rows - left.length }, (_, k) => left.length + k);
  const kept = withTerms(movedTerms(pointTerms(before), from), rows, moved, ofMoved);
  const own = withTerms(kept, rows, come, ofAdded);
  return own && termsOf(own, before.source.block);
}

/** Y − f0 as right-hand sides. Unchanged rows take over the old values. */
function residuals(
  { source, columns, R, size, outputs }: Problem,
  centered: boolean,
  X: Matrix,
  Y: Matrix,
  left: readonly number[],
  touched: readonly number[],
): Pick<Problem, "R" | "size"> {
  const before = matrix(size / source.block, outputs, transposed(R, columns, size));
  const residual = joined(pickRows(before, left), matrix(X.rows - left.length, outputs));
  const rows = pickRows(Y, touched);
  const start = centered || touched.length === 0 ? undefined : source.start(pickRows(X, touched), outputs);
  touched.forEach((i, row) => {
    for (let c = 0; c < outputs; c++) {
      const at = row * outputs + c;
      residual.data[i * outputs + c] = rows.data[at] - (start ? start[at] : 0);
    }
  });
  const next = X.rows * source.block;
  return { R: transposed(residual.data, next, columns), size: next };
}

function checkMove(value: unknown, { X, Y }: Problem): Move {
  if (value === undefined) return { index: [], X: undefined, Y: undefined, own: undefined };
  const move = read(value, "update: move", "{ index: 0, Y: [1] }", MOVE);
  if (Object.entries(move).every(([key, given]) => key === "index" || given === undefined))
    throw new RangeError(
      "move has neither X nor Y; expected the new inputs, the new targets or both, or noise or weights",
    );
  const index = checkIndices(move.index, "move.index", X.rows);
  const rows = index.length;
  const take = (value: unknown, name: string, cols: number) =>
    value === undefined ? undefined : toMatrix(value as MatrixLike, name, { rows, cols, allowEmpty: rows === 0 });
  const own = pointTermsOf(move, rows, "move.", "move.index");
  return { index, X: take(move.X, "move.X", X.cols), Y: take(move.Y, "move.Y", Y.cols), own };
}

function checkAdd(value: unknown, { X, Y }: Problem): { X: Matrix; Y: Matrix; own: RowTerms | undefined } {
  if (value === undefined) return { X: matrix(0, X.cols), Y: matrix(0, Y.cols), own: undefined };
  const add = read(value, "update: add", "{ X: [[1]], Y: [[0]] }", ADD);
  const inputs = toMatrix(add.X as MatrixLike, "add.X", { cols: X.cols });
  const targets = toMatrix(add.Y as MatrixLike, "add.Y", { rows: inputs.rows, cols: Y.cols });
  return { X: inputs, Y: targets, own: pointTermsOf(add, inputs.rows, "add.") };
}

/** A number or a list of different row numbers below `rows`. */
function checkIndices(value: unknown, name: string, rows: number): number[] {
  if (typeof value !== "number" && !isList(value))
    throw new TypeError(`${name} is ${describe(value)}; expected a row number or an array of them`);
  // A list longer than `rows` repeats a row, and the loop below names it. A list longer than twice that is refused
  // unread.
  const indices =
    typeof value === "number"
      ? [size(value, name)]
      : list((item) => size(item, name), "row numbers", 2 * rows, 0)(value, name);
  const seen = new Set<number>();
  for (const index of indices) {
    if (index >= rows) throw new RangeError(`${name} is ${index}; expected rows from 0 to ${rows - 1}`);
    if (seen.has(index)) throw new RangeError(`${name} has row ${index} twice; expected each row once`);
    seen.add(index);
  }
  return indices;
}

function rowOf(A: Matrix, row: number): Float64Array {
  return A.data.subarray(row * A.cols, (row + 1) * A.cols);
}

/** The rows of A, then those of B. */
function joined(A: Matrix, B: Matrix): Matrix {
  const data = zeros(A.data.length + B.data.length);
  data.set(A.data);
  data.set(B.data, A.data.length);
  return matrix(A.rows + B.rows, A.cols, data);
}
