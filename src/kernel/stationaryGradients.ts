/**
 * Derivatives of stationary kernels in the inputs. With r² = ‖u − u'‖² of scaled inputs and the kernel s²k(r²),
 *
 *   ∂K/∂x_t = 2s² k'(r²) Σ (u − u') ∂u/∂x_t.
 */
import { type Matrix, matrix } from "../matrix.js";
import { valueAt } from "../model/perLayer.js";
import { profileSlope, type StationaryKernel, scaledInputs } from "../model/stationary.js";
import { flat } from "./composedGradients.js";
import type { KernelGradients } from "./kernel.js";

export function stationaryGradients(kernel: StationaryKernel): KernelGradients {
  return {
    pull: (X, X2, W) => pull(kernel, X, X2, W),
    diagonal: (X) => matrix(X.rows, X.cols),
    start: flat,
  };
}

function pull(kernel: StationaryKernel, X: Matrix, X2: Matrix, W: readonly Matrix[]): Matrix[] {
  const slope = profileSlope(kernel);
  const [{ data: U, cols: width }, { data: V }] = [X, X2].map((points) => scaledInputs(kernel, points));
  const { cols: d } = X;
  const n2 = X2.rows;
  const results = W.map(() => matrix(X.rows, d));
  const slopes = new Float64Array(n2);
  const along = new Float64Array(width);
  const factor = 2 * kernel.amplitude ** 2;
  for (let i = 0; i < X.rows; i++) {
    const u = U.subarray(i * width, (i + 1) * width);
    for (let j = 0, at = 0; j < n2; j++) {
      let squared = 0;
      for (let t = 0; t < width; t++, at++) squared += (u[t] - V[at]) ** 2;
      slopes[j] = factor * slope(squared);
    }
    W.forEach(({ data, rows, cols }, k) => {
      const weights = data.subarray(rows === 1 ? 0 : i * cols, (rows === 1 ? 0 : i * cols) + cols);
      along.fill(0);
      for (let j = 0, at = 0; j < n2; j++) {
        const weight = weights[j] * slopes[j];
        for (let t = 0; t < width; t++, at++) along[t] += weight * (u[t] - V[at]);
      }
      toInputs(kernel, u, along, results[k].data.subarray(i * d, (i + 1) * d));
    });
  }
  return results;
}

/** From derivatives in u to derivatives in x. */
function toInputs(kernel: StationaryKernel, u: Float64Array, along: Float64Array, into: Float64Array): void {
  for (let t = 0; t < into.length; t++) {
    if (kernel.kind !== "periodic") into[t] = along[t] / valueAt(kernel.lengthScale, t);
    else {
      // (cos, sin)(φ)/ℓ turns to (−sin, cos)(φ)/ℓ times 2π/p.
      const turn = (2 * Math.PI) / valueAt(kernel.period, t);
      into[t] = turn * (u[2 * t] * along[2 * t + 1] - u[2 * t + 1] * along[2 * t]);
    }
  }
}
