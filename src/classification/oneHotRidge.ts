/**
 * Kernel ridge regression of one-hot labels, the baseline: targets [y_i = c] − π_c with the class frequencies π. The
 * predictions π_c + k*ᵀα_c sum to 1 over the classes. The probabilities are these predictions, clipped at 0 and divided
 * by their sum. They are scores between 0 and 1 and no posterior: nothing makes them calibrated.
 */
import type { Context } from "../context.js";
import { gemm } from "../linalg/blas.js";
import type { Factor } from "../linalg/factor.js";
import { factorSystem } from "../linalg/system.js";
import { dot } from "../linalg/vectors.js";
import { copyIn, scratch } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { LatentKernel, TrainingInputs } from "./latentKernel.js";
import type { Latents, Posterior, Solved } from "./posterior.js";

/** Solves the C regressions with one factor, which the caller frees. */
export function solveRidge(
  context: Context,
  kernel: LatentKernel,
  index: Int32Array,
  C: number,
): Solved & { means: Float64Array; alpha: Float64Array; factor: Factor } {
  const { n, scale, ridge } = kernel;
  const { theta } = kernel.kernel;
  const means = new Float64Array(C);
  for (const c of index) means[c] += 1 / n;
  const targets = Float64Array.from({ length: C * n }, (_, at) => {
    const c = Math.floor(at / n);
    return (index[at % n] === c ? 1 : 0) - means[c];
  });
  const factor = factorSystem({
    context,
    n,
    ridges: Float64Array.of(ridge),
    fill: (A) => {
      for (let i = 0; i < n; i++) {
        const [from, to] = [theta.row(i, i + 1), A.row(i, i + 1)];
        for (let j = 0; j <= i; j++) to[j] = scale * from[j];
      }
    },
  });
  const alpha = context.arena.run(() => {
    const rows = copyIn(context, targets, C, n);
    factor.solve(rows);
    return rows.copy();
  });
  const logDeterminant = factor.logDeterminant(0);
  const logEvidence =
    logDeterminant === undefined
      ? undefined
      : -dot(alpha, targets) / 2 - (C * logDeterminant) / 2 - 0.5 * C * n * Math.log(2 * Math.PI);
  const counts = { iterations: 0, factorisations: 1, products: 0, gradient: 0, notes: factor.findings.notes };
  return { ...counts, logEvidence, a: alpha, means, alpha, factor };
}

export class RidgePosterior implements Posterior {
  constructor(
    readonly latents: number,
    private readonly context: Context,
    private readonly inputs: TrainingInputs,
    private readonly means: Float64Array,
    private readonly alpha: Float64Array,
    private readonly factor: Factor,
  ) {}

  at(X: Matrix): Latents {
    const { context, inputs, means, alpha, factor, latents: C } = this;
    const prior = inputs.variance(X);
    return context.arena.run(() => {
      const K = inputs.cross(X, scratch(context, X.rows, factor.n));
      const mean = scratch(context, X.rows, C);
      gemm(1, K, copyIn(context, alpha, C, factor.n).t, 0, mean);
      const predicted = mean.copy().map((value, at) => value + means[at % C]);
      const explained = factor.explained(K);
      const variance = Float64Array.from({ length: X.rows * C }, (_, at) => {
        const t = Math.floor(at / C);
        return Math.max(0, prior[t] - explained[t]);
      });
      return { mean: predicted, variance };
    });
  }

  probabilities({ mean }: Latents): Float64Array {
    const C = this.latents;
    const result = mean.map((value) => Math.max(0, value));
    for (let at = 0; at < result.length; at += C) {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += result[at + c];
      // Predictions sum to 1, so one of them is above 0.
      for (let c = 0; c < C; c++) result[at + c] /= sum;
    }
    return result;
  }
}
