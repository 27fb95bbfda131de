/**
 * Classification as regression on transformed labels (Milios et al. 2018). A Gamma variable of shape
 * α_ic = α_ε + [y_i = c] is matched by a log-normal one: log-target log α_ic − s²_ic/2 with noise
 * s²_ic = log(1 + 1/α_ic). So each class is a Gaussian process with noise of its own, and the probabilities are
 * E[softmax(f)].
 *
 * The prior mean of class c is log π_c + a constant, with π the class frequencies. Away from all data the probabilities
 * are about these frequencies, and the targets have mean 0. A class without rows has the frequency of α_ε rows.
 */
import { gemm, rowDots, trsm } from "../linalg/blas.js";
import { dot } from "../linalg/vectors.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { LatentKernel, TrainingInputs } from "./latentKernel.js";
import type { Draws, Latents, Posterior, Solved } from "./posterior.js";
import { softmaxGaussian } from "./probabilities.js";

/** Targets in rows, C×N, the noise of each, and the prior means, which the targets do not contain. */
interface Transformed {
  targets: Float64Array;
  noise: Float64Array;
  means: Float64Array;
}

function transformed(index: Int32Array, C: number, concentration: number): Transformed {
  const n = index.length;
  const noise = new Float64Array(C * n);
  const targets = new Float64Array(C * n);
  const counts = new Float64Array(C);
  for (const c of index) counts[c]++;
  for (let at = 0; at < noise.length; at++) {
    const own = index[at % n] === Math.floor(at / n);
    const alpha = concentration + (own ? 1 : 0);
    noise[at] = Math.log1p(1 / alpha);
    targets[at] = Math.log(alpha) - noise[at] / 2;
  }
  // Up to a constant, which the shift takes away.
  const frequencies = counts.map((count) => Math.log(count + concentration));
  let shift = 0;
  for (let at = 0; at < targets.length; at++) shift += targets[at] - frequencies[Math.floor(at / n)];
  const means = frequencies.map((frequency) => frequency + shift / targets.length);
  for (let at = 0; at < targets.length; at++) targets[at] -= means[Math.floor(at / n)];
  return { targets, noise, means };
}

/** Solves the C regressions; `block`, C·N rows of N, gets their factors. */
export function solveDirichlet(
  kernel: LatentKernel,
  index: Int32Array,
  C: number,
  concentration: number,
  block: View,
): Solved & { means: Float64Array; alpha: Float64Array } {
  const { n } = kernel;
  const { context } = block;
  const { targets, noise, means } = transformed(index, C, concentration);
  const alpha = targets.slice();
  let logEvidence = -0.5 * targets.length * Math.log(2 * Math.PI);
  for (let c = 0; c < C; c++) {
    const L = block.slice(c * n, n);
    logEvidence -= kernel.factorNoisy(noise.subarray(c * n, (c + 1) * n), L) / 2;
    const row = alpha.subarray(c * n, (c + 1) * n);
    context.arena.run(() => {
      const right = copyIn(context, row, 1, n);
      trsm(right, L.t);
      trsm(right, L);
      row.set(right.row(0));
    });
  }
  logEvidence -= dot(alpha, targets) / 2;
  const counts = { iterations: 0, factorisations: C, products: 0, gradient: 0, notes: [] };
  return { ...counts, logEvidence, a: alpha, means, alpha };
}

export class DirichletPosterior implements Posterior {
  constructor(
    readonly latents: number,
    private readonly inputs: TrainingInputs,
    private readonly means: Float64Array,
    private readonly alpha: Float64Array,
    private readonly block: View,
  ) {}

  at(X: Matrix): Latents {
    const { inputs, means, alpha, block, latents: C } = this;
    const { context, cols: n } = block;
    const prior = inputs.variance(X);
    return context.arena.run(() => {
      const K = inputs.cross(X, scratch(context, X.rows, n));
      const mean = scratch(context, X.rows, C);
      gemm(1, K, copyIn(context, alpha, C, n).t, 0, mean);
      const variance = new Float64Array(X.rows * C);
      const rows = scratch(context, X.rows, n);
      for (let c = 0; c < C; c++) {
        rows.entries().set(K.entries());
        trsm(rows, block.slice(c * n, n).t);
        rowDots(rows).forEach((explained, t) => {
          variance[t * C + c] = Math.max(0, prior[t] - explained);
        });
      }
      return { mean: mean.copy().map((value, at) => value + means[at % C]), variance };
    });
  }

  probabilities(latents: Latents, draws: Draws): Float64Array {
    return softmaxGaussian(latents, this.latents, draws);
  }
}
