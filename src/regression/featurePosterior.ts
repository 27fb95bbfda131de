/**
 * Posterior variances in weight space: λ φᵀ(ΦᵀΦ + λI)⁻¹φ, without the rows of the training points. At minimum norm it
 * is the part of φ outside the span of the training features: ‖φ‖² − ‖projection of φ‖².
 */
import { mirror, rowDots, syrk } from "../linalg/blas.js";
import type { Factor } from "../linalg/factor.js";
import { scratch } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { clampDiagonal } from "./factoredSolution.js";
import type { FeatureMap } from "./featureMap.js";

/** The factor of ΦᵀΦ + λI. */
export interface Posterior {
  readonly factor: Factor;
  readonly ridge: number;
  /** True where λ is 0 or lost in rounding: the inverse is then a pseudo-inverse. */
  readonly minimumNorm: boolean;
}

/** The latent variance at each row of Φ(X). */
export function featureVariance(map: FeatureMap, posterior: Posterior, X: Matrix): Float64Array {
  const { ridge, minimumNorm } = posterior;
  const result = new Float64Array(X.rows * map.block);
  forEachHalf(map, posterior, X, (norms, halves, first) => {
    halves.forEach((half, i) => {
      result[first + i] = minimumNorm ? Math.max(0, norms[i] - half) : ridge * half;
    });
  });
  return result;
}

/** The latent covariance of the rows of Φ(X). */
export function featureCovariance(map: FeatureMap, posterior: Posterior, X: Matrix): Float64Array {
  const { context, count, block } = map;
  const { factor, ridge, minimumNorm } = posterior;
  const n = X.rows * block;
  const data = context.arena.run(() => {
    const [out, Phi] = [scratch(context, n, n), scratch(context, n, count)];
    map.forEachTile(X, false, (tile, first) => {
      Phi.block(first, 0, tile.rows, count).entries().set(tile.entries());
    });
    if (minimumNorm) {
      syrk(1, Phi, 0, out);
      syrk(-1, factor.projected(Phi), 1, out);
    } else syrk(ridge, factor.half(Phi), 0, out);
    mirror(out);
    return out.copy();
  });
  return clampDiagonal(data, n);
}

/** Calls `body` for tiles of rows φ of Φ(X), with ‖φ‖² and φᵀBφ. At minimum norm ‖projection of φ‖² replaces φᵀBφ. */
export function forEachHalf(
  map: FeatureMap,
  { factor, minimumNorm }: Posterior,
  X: Matrix,
  body: (norms: Float64Array, halves: Float64Array, first: number) => void,
): void {
  map.forEachTile(X, false, (Phi, first) => {
    const norms = rowDots(Phi);
    const half = minimumNorm ? factor.projected(Phi) : factor.half(Phi);
    body(norms, rowDots(half), first);
  });
}
