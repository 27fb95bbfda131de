/** Losses of training: their checks, the targets that they take, and values and slopes by the op (MATH.md §4). */

import { describe, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { scratch, type View } from "../linalg/view.js";
import { toVector } from "../lists.js";
import { copied, type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { LossCode } from "../ops.js";
import { type Check, callback, choice, readWithin } from "../options.js";
import { isPlainObject } from "../scalars.js";

/**
 * A loss of one's own, of one point: its outputs f and its targets y are C numbers each. The functions are called for
 * each point at each step, in JavaScript, and cannot be sent to a worker.
 */
export interface OwnLoss {
  /** ℓ(f, y). */
  value(f: Float64Array, y: Float64Array): number;
  /** ∂ℓ/∂f, C numbers. */
  gradient(f: Float64Array, y: Float64Array): NumberList;
}

/**
 * What training makes small. Means are over all N·C entries for the losses that look at one output at a time, and over
 * the N points for the others:
 *
 * - `squared`: ½(f − y)², mean over N·C.
 * - `huber`: ½r² where |r| ≤ 1 and else |r| − ½, r = f − y, mean over N·C.
 * - `logistic`: log(1 + e^(−yf)), mean over N·C. Labels ±1, or 0 and 1.
 * - `crossEntropy`: log Σ_c e^(f_c) − f_y, mean over N. Y has one integer label in [0, C) for each point, or one row of
 *   C probabilities (one-hot, say).
 * - a loss of one's own, mean over N.
 */
export type Loss = "squared" | "huber" | "logistic" | "crossEntropy" | OwnLoss;

/** A checked loss. */
export interface CheckedLoss {
  name: Exclude<Loss, OwnLoss> | "own";
  /** What the op takes; −1 for a loss of one's own. */
  code: number;
  own: OwnLoss | undefined;
}

const NAMES = ["squared", "huber", "logistic", "crossEntropy"] as const;
export const SQUARED: CheckedLoss = { name: "squared", code: LossCode.squared, own: undefined };

/** The check of the option `loss`. */
export const lossOption: Check<CheckedLoss> = (value, name) => {
  if (value === undefined) return SQUARED;
  if (typeof value !== "string" && isPlainObject(value, name)) {
    const { value: of, gradient } = readWithin(value, name, "{ value, gradient }", {
      value: callback,
      gradient: callback,
    });
    const own = { value: of.bind(value), gradient: gradient.bind(value) } as unknown as OwnLoss;
    return { name: "own", code: -1, own };
  }
  if (typeof value !== "string")
    throw new TypeError(`${name} is ${describe(value)}; expected a name, ${NAMES.join(", ")}, or { value, gradient }`);
  const known = choice(NAMES)(value, name);
  return { name: known, code: LossCode[known], own: undefined };
};

/** Over how many terms the mean of a loss is taken, N points of C outputs. */
export function termsOf({ name }: CheckedLoss, points: number, outputs: number): number {
  return name === "own" || name === "crossEntropy" ? points : points * outputs;
}

/** An upper bound of a loss's second derivatives in the outputs of a point; undefined where none is known. */
export function curvatureOf({ name }: CheckedLoss): number | undefined {
  return { squared: 1, huber: 1, logistic: 1 / 4, crossEntropy: 1 / 2, own: undefined }[name];
}

/**
 * Targets of a loss, N×C: a copy, labels made one-hot or ±1. `rows` and `outputs` are those of the network's outputs.
 *
 * @throws TypeError, RangeError, naming the row of a wrong label.
 */
export function targetsOf(
  { name: loss }: CheckedLoss,
  value: MatrixLike,
  name: string,
  rows: number,
  outputs: number,
): Matrix {
  if (loss === "crossEntropy") return distributions(toMatrix(value, name, { rows }), name, outputs);
  const Y = copied(toMatrix(value, name, { rows, cols: outputs }));
  if (loss === "logistic") signs(Y, name);
  return Y;
}

/** Labels 0 become −1. */
function signs({ data, cols }: Matrix, name: string): void {
  const zero = data.includes(0);
  const least = zero ? 0 : -1;
  const at = data.findIndex((y) => y !== 1 && y !== least);
  if (at >= 0) {
    const expected = zero ? "0 or 1 beside the label 0 of another row" : "-1 or 1, or 0 and 1 throughout";
    throw new RangeError(
      `${name} has ${data[at]} at row ${Math.floor(at / cols)}, column ${at % cols}; expected ${expected}`,
    );
  }
  if (zero) for (let i = 0; i < data.length; i++) if (data[i] === 0) data[i] = -1;
}

/** Probabilities are off from 1 by this much at most: what float32 loses in a row of a thousand. */
const OFF = 1e-4;

function distributions(Y: Matrix, name: string, C: number): Matrix {
  if (C === 1)
    throw new RangeError(
      'the network has 1 output, whose cross-entropy is 0 whatever it says; expected loss "logistic", or an output for each class',
    );
  const result = matrix(Y.rows, C);
  if (Y.cols === 1) {
    for (let i = 0; i < Y.rows; i++) {
      const label = Y.data[i];
      if (!(Number.isInteger(label) && label >= 0 && label < C))
        throw new RangeError(`${name} has the label ${label} at row ${i}; expected an integer in [0, ${C - 1}]`);
      result.data[i * C + label] = 1;
    }
    return result;
  }
  if (Y.cols !== C)
    throw new RangeError(`${name} has ${Y.cols} columns; expected 1 of labels, or ${C}, one for each class`);
  result.data.set(Y.data);
  for (let i = 0; i < Y.rows; i++) {
    const row = result.data.subarray(i * C, i * C + C);
    const total = row.reduce((sum, p) => sum + p, 0);
    if (row.some((p) => p < 0) || !(Math.abs(total - 1) <= OFF))
      throw new RangeError(
        `${name} has at row ${i} the numbers ${row.slice(0, 8).join(", ")}; expected probabilities that sum to 1`,
      );
  }
  return result;
}

/**
 * The sum of the losses of some rows; their slopes, times `scale`, take the place of F. F and Y are rows×C, packed, in
 * backend memory. Call it inside `arena.run`. A sum that is not finite is the caller's to look at.
 *
 * @throws TypeError, RangeError where a loss of one's own gives what is no loss.
 */
export function lossInto(context: Context, { code, own }: CheckedLoss, F: View, Y: View, scale: number): number {
  if (own) return ownInto(own, F, Y, scale);
  const { ops, arena } = context;
  const { rows, cols } = F;
  return arena.run(() => {
    const sum = scratch(context, 1, 1);
    sum.entries()[0] = 0;
    ops.dloss(code, rows, cols, scale, F.at, Y.at, sum.at);
    return sum.entries()[0];
  });
}

function ownInto({ value, gradient }: OwnLoss, F: View, Y: View, scale: number): number {
  const { rows, cols: C } = F;
  // Copies: the caller's functions may grow the memory, and may keep or change what they are given.
  const [f, y] = [F.copy(), Y.copy()];
  let total = 0;
  for (let i = 0; i < rows; i++) {
    const point = () => [f.slice(i * C, i * C + C), y.slice(i * C, i * C + C)] as const;
    const loss: unknown = value(...point());
    if (typeof loss !== "number") throw new TypeError(`loss.value gave ${describe(loss)}; expected a number`);
    total += loss;
    const slopes = toVector(gradient(...point()), "loss.gradient's result", `${C} numbers, one for each output`, {
      length: C,
    });
    for (let c = 0; c < C; c++) f[i * C + c] = scale * slopes[c];
  }
  F.entries().set(f);
  return total;
}
