/**
 * Derivatives of stationary kernels in the inputs. With r² = ‖u − u'‖² of scaled inputs and the kernel s²k(r²),
 *
 *   ∂K/∂x_t = 2s² k'(r²) Σ (u − u') ∂u/∂x_t.
 */
import { matrix } from "../matrix.js";
import { valueAt } from "../model/perLayer.js";
import { profileSlope, type StationaryKernel, scaledInputs } from "../model/stationary.js";
import type { KernelGradients } from "./kernel.js";

export function stationaryGradients(kernel: StationaryKernel): KernelGradients {
  const slope = profileSlope(kernel);
  const periodic = kernel.kind === "periodic";
  return {
    pull: (X, X2, W) => {
      const { cols: d } = X;
      const [U, V] = [scaledInputs(kernel, X), scaledInputs(kernel, X2)];
      const width = U.cols;
      const results = W.map(() => matrix(X.rows, d));
      const factor = 2 * kernel.amplitude ** 2;
      const apart = new Float64Array(width);
      const along = new Float64Array(d);
      for (let i = 0; i < X.rows; i++) {
        for (let j = 0; j < X2.rows; j++) {
          let squared = 0;
          for (let t = 0; t < width; t++) {
            apart[t] = U.data[i * width + t] - V.data[j * width + t];
            squared += apart[t] * apart[t];
          }
          const own = factor * slope(squared);
          if (own === 0) continue;
          for (let t = 0; t < d; t++) {
            if (!periodic) along[t] = (own * apart[t]) / valueAt(kernel.lengthScale, t);
            else {
              // (cos, sin)(φ)/ℓ turns to (−sin, cos)(φ)/ℓ times 2π/p.
              const [cosine, sine] = [U.data[i * width + 2 * t], U.data[i * width + 2 * t + 1]];
              const turn = (2 * Math.PI) / valueAt(kernel.period, t);
              along[t] = own * turn * (cosine * apart[2 * t + 1] - sine * apart[2 * t]);
            }
          }
          W.forEach((weights, k) => {
            const weight = weights.data[(weights.rows === 1 ? 0 : i * weights.cols) + j];
            const to = results[k].data;
            for (let t = 0; t < d; t++) to[i * d + t] += weight * along[t];
          });
        }
      }
      return results;
    },
    diagonal: (X) => matrix(X.rows, X.cols),
    start: (X, C) => Array.from({ length: C }, () => matrix(X.rows, X.cols)),
  };
}
