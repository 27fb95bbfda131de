/**
 * The Laplace approximation for two classes (Rasmussen & Williams 2006, algorithms 3.1 and 3.2): one latent function,
 * one Cholesky factor of B = I + W^½KW^½ for each Newton step, and one at the mode.
 */
import type { Context } from "../context.js";
import { gemm, rowDots, trsm } from "../linalg/blas.js";
import { dot } from "../linalg/vectors.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { LatentKernel, TrainingInputs } from "./latentKernel.js";
import { type Likelihood, sigmoid } from "./likelihood.js";
import { findMode } from "./mode.js";
import type { Latents, Posterior, Solved } from "./posterior.js";
import { logisticGaussian } from "./probabilities.js";

/** W^½ = √(σ(f)(1 − σ(f))), with its digits in both tails. */
function rootsOf(f: Float64Array): Float64Array {
  return f.map((value) => Math.sqrt(sigmoid(value) * sigmoid(-value)));
}

/** Finds the mode; L, N×N, gets the factor of B there. */
export function solveBinary(
  kernel: LatentKernel,
  likelihood: Likelihood,
  L: View,
  start: Float64Array | undefined,
): Solved & { roots: Float64Array } {
  const { context } = L;
  let factorisations = 0;
  const mode = findMode(
    kernel,
    likelihood,
    (point, g, Kg) => {
      const w = rootsOf(point.f);
      kernel.factorWeighted(w, L);
      factorisations++;
      const z = solved(
        context,
        L,
        w.map((root, i) => root * Kg[i]),
      );
      const da = g.map((value, i) => value - w[i] * z[i]);
      const df = new Float64Array(kernel.n);
      kernel.times(da, df);
      return { da, df };
    },
    start,
  );
  const roots = rootsOf(mode.f);
  const logDeterminant = kernel.factorWeighted(roots, L);
  const logEvidence = mode.logLikelihood - dot(mode.a, mode.f) / 2 - logDeterminant / 2;
  return { ...mode, logEvidence, factorisations: factorisations + 1, products: kernel.products, notes: [], roots };
}

/** B⁻¹ v. */
function solved(context: Context, L: View, v: Float64Array): Float64Array {
  return context.arena.run(() => {
    const row = copyIn(context, v, 1, v.length);
    trsm(row, L.t);
    trsm(row, L);
    return row.copy();
  });
}

/** The latent posterior at new points, from the held factor. */
export class BinaryPosterior implements Posterior {
  readonly latents = 1;

  constructor(
    private readonly inputs: TrainingInputs,
    private readonly a: Float64Array,
    private readonly roots: Float64Array,
    private readonly L: View,
  ) {}

  at(X: Matrix): Latents {
    const { inputs, a, roots, L } = this;
    const { context } = L;
    const prior = inputs.variance(X);
    return context.arena.run(() => {
      const K = inputs.cross(X, scratch(context, X.rows, L.rows));
      const mean = scratch(context, X.rows, 1);
      gemm(1, K, copyIn(context, a, L.rows, 1), 0, mean);
      scaleColumns(K, roots);
      trsm(K, L.t);
      const explained = rowDots(K);
      const variance = prior.map((value, i) => Math.max(0, value - explained[i]));
      return { mean: mean.copy(), variance };
    });
  }

  probabilities({ mean, variance }: Latents): Float64Array {
    const result = new Float64Array(2 * mean.length);
    for (let i = 0; i < mean.length; i++) result.set(logisticGaussian(mean[i], variance[i]), 2 * i);
    return result;
  }
}

/** Multiplies column j of packed rows by factors[j]. */
export function scaleColumns(A: View, factors: Float64Array): void {
  const entries = A.entries();
  for (let at = 0; at < entries.length; ) for (let j = 0; j < factors.length; j++) entries[at++] *= factors[j];
}
