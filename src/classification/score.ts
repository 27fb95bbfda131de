/** How good a classifier's predictions are on rows whose labels are known. */
import type { Matrix } from "../matrix.js";

export interface ClassificationScore {
  /** Rows that were scored. */
  rows: number;
  /** The part of the rows whose most probable class is their label. */
  accuracy: number;
  /** The mean of −log p(label), in nats. A probability below 2.2e-16 counts as 2.2e-16. Lower is better. */
  logLoss: number;
}

/** @param predicted the class of each row that was predicted, `actual` its label, both as places among the classes. */
export function classificationScore(
  probabilities: Matrix,
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
): ClassificationScore {
  const { data, rows, cols } = probabilities;
  let [right, loss] = [0, 0];
  for (let i = 0; i < rows; i++) {
    if (predicted[i] === actual[i]) right++;
    loss -= Math.log(Math.max(data[i * cols + actual[i]], Number.EPSILON)) / rows;
  }
  // A probability of 1 has the loss −0.
  return { rows, accuracy: right / rows, logLoss: Math.max(loss, 0) };
}
