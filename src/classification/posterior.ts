/** What every method of classification gives: how it went, and latent functions at new points. */
import type { Matrix } from "../matrix.js";

/**
 * Latent functions at T points: mean and variance T×L, and where the functions are correlated, the lower triangles of
 * covariances T×L×L.
 */
export interface Latents {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly covariance?: Float64Array;
}

/** The draws behind probabilities that have no closed form. */
export interface Draws {
  readonly draws: number;
  readonly seed: number;
}

export interface Posterior {
  /** Latent functions L. */
  readonly latents: number;
  /** The latent functions at X. */
  at(X: Matrix): Latents;
  /** Class probabilities, T×C. */
  probabilities(latents: Latents, draws: Draws): Float64Array;
}

/** How the training of a method went. */
export interface Solved {
  /** Undefined where it does not exist: a singular kernel without a ridge. */
  readonly logEvidence: number | undefined;
  /** K⁻¹f of the mode, from which a search over scales starts anew. */
  readonly a: Float64Array;
  readonly iterations: number;
  readonly factorisations: number;
  /** Products of the kernel with all latent functions at once. */
  readonly products: number;
  /** The largest entry of the gradient at the mode. */
  readonly gradient: number;
  readonly notes: readonly string[];
}
