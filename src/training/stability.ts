/** The largest rate at which descent under a loss is known to be stable (MATH.md §4). */
import { maxLearningRate, type Rule } from "./descent.js";
import { type CheckedLoss, curvatureOf, termsOf } from "./loss.js";

/**
 * bound · n/(cλ + nκ) for eigenvalues of Θ up to λ = `largest()`, n terms in a step of `points` points, curvature c.
 * 0 for a loss of one's own.
 */
export function stableRate(
  rule: Rule,
  loss: CheckedLoss,
  points: number,
  outputs: number,
  largest: () => number,
): number {
  const curvature = curvatureOf(loss);
  if (curvature === undefined) return 0;
  return maxLearningRate(rule, termsOf(loss, points, outputs), curvature * largest());
}
