/** A network on data: outputs, loss, and the share of points whose class it names. */

import type { Context } from "../context.js";
import { forward } from "../kernel/finite/tangents.js";
import { placeOfLargest } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";
import { type CheckedLoss, lossInto, termsOf } from "./loss.js";

/** Outputs, N×C, and their mean loss; Infinity where θ is not finite. */
export function evaluate(
  context: Context,
  net: Network,
  { X, Y }: { X: Matrix; Y: Matrix },
  loss: CheckedLoss,
): { outputs: Matrix; loss: number } {
  const outputs = forward(context, net, X);
  return { outputs, loss: meanLoss(context, loss, outputs.data, Y) };
}

/** The mean loss of outputs f on targets Y, N×C. */
export function meanLoss(context: Context, loss: CheckedLoss, f: Float64Array, Y: Matrix): number {
  const sum = context.arena.run(() =>
    lossInto(context, loss, copyIn(context, f, Y.rows, Y.cols), copyIn(context, Y.data, Y.rows, Y.cols), 1),
  );
  return sum / termsOf(loss, Y.rows, Y.cols);
}

/** The share of points where the largest output is the largest target; with one output, where the signs agree. */
export function accuracyOf({ data: f, rows, cols: C }: Matrix, Y: Matrix): number {
  let right = 0;
  for (let i = 0; i < rows; i++) {
    if (C === 1) right += f[i] * Y.data[i] > 0 ? 1 : 0;
    else right += placeOfLargest(f, i * C, C) === placeOfLargest(Y.data, i * C, C) ? 1 : 0;
  }
  return right / rows;
}
