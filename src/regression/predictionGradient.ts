/**
 * Derivatives of predictions in the inputs. The mean is f0(x) + k(x)·α and the variance K(x, x) − k(x)·s with s =
 * A⁻¹k(x),
 *
 *   ∂mean/∂x = ∂f0/∂x + Σ_i α_i ∂K(x, x_i)/∂x,   ∂variance/∂x = ∂K(x, x)/∂x − 2 Σ_i s_i ∂K(x, x_i)/∂x.
 */
import { checkResult } from "../check.js";
import { added } from "../kernel/composedGradients.js";
import { InputGradient } from "../kernel/finite/inputGradient.js";
import { tileRows } from "../linalg/factor.js";
import { type Matrix, matrix, rowsOf } from "../matrix.js";
import type { PredictionGradient } from "./fitOptions.js";
import type { Fitted } from "./restore.js";

/**
 * The derivatives at X; that of the variance, times the `scales` of the outputs, where they are given.
 *
 * @throws RangeError where the model or the solver has none, or where a derivative overflows; MemoryLimitError.
 */
export function gradientAt(fitted: Fitted, X: Matrix, scales: Float64Array | undefined): PredictionGradient {
  const mean = meanGradient(fitted, X);
  const variance = scales && varianceGradient(fitted, X, scales);
  for (const one of mean) checkResult(one, "the gradient of the mean");
  for (const one of variance ?? []) checkResult(one, "the gradient of the variance");
  return variance ? { mean, variance } : { mean };
}

function meanGradient(fitted: Fitted, X: Matrix): Matrix[] {
  const { source, size, outputs } = fitted.problem;
  const displacement = fitted.solution.displacement();
  if (source.weights && displacement)
    return new InputGradient(source.weights).shared(X, displacement, !fitted.centered);
  const results = Array.from({ length: outputs }, () => matrix(X.rows, X.cols));
  const tile = Math.max(1, Math.floor(tileRows(size, X.rows * source.block) / source.block));
  for (let first = 0; first < X.rows; first += tile) {
    const points = rowsOf(X, first, Math.min(tile, X.rows - first));
    for (const [c, { data }] of meanGradientOf(fitted, points).entries()) results[c].data.set(data, first * X.cols);
  }
  return results;
}

/** {@link meanGradient} of a few points. */
function meanGradientOf({ problem, solution, centered }: Fitted, X: Matrix): Matrix[] {
  const { source, outputs } = problem;
  const gradients = source.gradients();
  const alpha = solution.dualWeights();
  const { columns, size } = problem;
  const weights = Array.from({ length: columns }, (_, c) => {
    const own = matrix(1, size);
    for (let i = 0; i < size; i++) own.data[i] = alpha[i * columns + c];
    return own;
  });
  const pulled = byOutput(gradients.pull(X, problem.X, weights), outputs);
  const trend = solution.trendGradient?.(X).mean;
  const start = centered ? undefined : gradients.start(X, outputs);
  return added([pulled, trend, start].filter((more) => more !== undefined));
}

/** With the kernel of all pairs of outputs row n·C + c is output c's. */
function byOutput(pulled: Matrix[], outputs: number): Matrix[] {
  if (pulled.length === outputs) return pulled;
  const [{ rows, cols, data }] = pulled;
  return Array.from({ length: outputs }, (_, c) => {
    const own = matrix(rows / outputs, cols);
    for (let n = 0; n < own.rows; n++) {
      const from = (n * outputs + c) * cols;
      own.data.set(data.subarray(from, from + cols), n * cols);
    }
    return own;
  });
}

function varianceGradient({ problem, solution }: Fitted, X: Matrix, scales: Float64Array): Matrix[] {
  const { source, outputs, size, X: training } = problem;
  const { block } = source;
  const { cols: d } = X;
  if (!solution.shares)
    throw new RangeError(
      `the gradient of the variance needs a factor, and this fit has solver "${solution.solver}"; expected solver "dual" or "primal", or variance: false`,
    );
  const gradients = source.gradients();
  const results = Array.from({ length: outputs }, () => matrix(X.rows, d));
  const tile = Math.max(1, Math.floor(tileRows(size * solution.ridges.length, X.rows * block) / block));
  for (let first = 0; first < X.rows; first += tile) {
    const points = rowsOf(X, first, Math.min(tile, X.rows - first));
    const rows = points.rows * block;
    const shares = solution.shares(points).map((data): Matrix => ({ data, rows, cols: size }));
    const prior = gradients.diagonal(points);
    const explained = gradients.pull(points, training, shares);
    const trend = solution.trendGradient?.(points).variance();
    for (const [c, { data }] of results.entries()) {
      // With the kernel of all pairs of outputs each row is one output's; else outputs differ by their ridges alone.
      const own = explained[explained.length > 1 ? c : 0].data;
      const offset = block > 1 ? c : 0;
      const scale = scales[scales.length > 1 ? c : 0];
      for (let n = 0; n < points.rows; n++) {
        for (let t = 0; t < d; t++) {
          const at = (n * block + offset) * d + t;
          const more = trend?.[trend.length > 1 ? c : 0].data[at] ?? 0;
          data[(first + n) * d + t] = scale * (prior.data[at] - 2 * own[at] + more);
        }
      }
    }
  }
  return results;
}
