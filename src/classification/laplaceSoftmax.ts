/**
 * The Laplace approximation for C > 2 classes. A Newton step (K⁻¹ + W)Δf = g of order NC is solved by conjugate
 * gradients: a product with K costs 2N²C operations, an exact step some (3C + 1)N³/3. The tolerance follows the
 * gradient, which keeps Newton's convergence faster than linear (Dembo, Eisenstat & Steihaug 1982). Where conjugate
 * gradients would cost more than exact steps, exact steps take over. One exact factor at the mode gives evidence and
 * covariances.
 */
import { dot } from "../linalg/vectors.js";
import type { View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { LatentKernel, TrainingInputs } from "./latentKernel.js";
import type { Likelihood } from "./likelihood.js";
import { findMode, type Step } from "./mode.js";
import type { Draws, Latents, Posterior, Solved } from "./posterior.js";
import { softmaxGaussian } from "./probabilities.js";
import { SoftmaxFactor } from "./softmaxFactor.js";

/** Finds the mode; `block`, (C + 1)·N rows of N, gets the factor there. */
export function solveSoftmax(
  kernel: LatentKernel,
  likelihood: Likelihood,
  block: View,
  start: Float64Array | undefined,
): Solved & { factor: SoftmaxFactor } {
  const [n, C] = [kernel.n, likelihood.latents];
  const steps = new NewtonSteps(kernel, C, block);
  const mode = findMode(kernel, likelihood, steps.step, start);
  const factor = new SoftmaxFactor(kernel, mode.probability, block);
  const logEvidence = mode.logLikelihood - dot(mode.a, mode.f) / 2 - factor.logDeterminant / 2;
  const notes = steps.exact
    ? [
        `conjugate gradients took more than ${costOfExact(n, C)} products of the kernel for a Newton step; exact factors took over, ${C + 1} factorisations a step`,
      ]
    : [];
  const factorisations = steps.factorisations + factor.factorisations;
  return { ...mode, logEvidence, factorisations, products: kernel.products, notes, factor };
}

/** Products of the kernel that cost as much as an exact step, and at least 50. */
function costOfExact(n: number, C: number): number {
  return Math.max(50, Math.ceil(((3 * C + 1) * n) / (6 * C)));
}

class NewtonSteps {
  factorisations = 0;
  /** True from the first step on that conjugate gradients could not do. */
  exact = false;

  constructor(
    private readonly kernel: LatentKernel,
    private readonly C: number,
    private readonly block: View,
  ) {}

  readonly step: Step = ({ probability }, g, Kg, tolerance) => {
    const { kernel, C, block } = this;
    if (!this.exact) {
      const step = this.#conjugateGradients(probability, g, Kg, tolerance);
      if (step) return step;
      this.exact = true;
    }
    const factor = new SoftmaxFactor(kernel, probability, block);
    this.factorisations += C + 1;
    const da = factor.solve(g, Kg);
    const df = new Float64Array(g.length);
    kernel.times(da, df);
    return { da, df };
  };

  /**
   * Conjugate gradients for (K⁻¹ + W) Δf = g with K as preconditioner: each step is the best of its Krylov space for
   * Newton's model of ψ. Directions are kept as p and K⁻¹p, so a step costs one product with K. Undefined where it
   * takes too many products.
   */
  #conjugateGradients(
    probability: Float64Array,
    g: Float64Array,
    z: Float64Array,
    tolerance: number,
  ): { da: Float64Array; df: Float64Array } | undefined {
    const { kernel, C } = this;
    const size = g.length;
    const [da, df, Ap] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
    const [r, pa, p] = [g.slice(), g.slice(), z.slice()];
    let rho = dot(r, z);
    const target = tolerance * tolerance * rho;
    for (let left = costOfExact(kernel.n, C); rho > target; left--) {
      if (left === 0) return undefined;
      curved(probability, kernel.n, p, Ap);
      let curvature = 0;
      for (let i = 0; i < size; i++) {
        Ap[i] += pa[i];
        curvature += p[i] * Ap[i];
      }
      const length = rho / curvature;
      for (let i = 0; i < size; i++) {
        da[i] += length * pa[i];
        df[i] += length * p[i];
        r[i] -= length * Ap[i];
      }
      kernel.times(r, z);
      let next = 0;
      for (let i = 0; i < size; i++) next += r[i] * z[i];
      const beta = next / rho;
      for (let i = 0; i < size; i++) {
        pa[i] = r[i] + beta * pa[i];
        p[i] = z[i] + beta * p[i];
      }
      rho = next;
    }
    return { da, df };
  }
}

/** out = W p, W = diag(π) − ππᵀ for each point. */
function curved(probability: Float64Array, n: number, p: Float64Array, out: Float64Array): void {
  const sums = new Float64Array(n);
  for (let row = 0; row < p.length; row += n) for (let i = 0; i < n; i++) sums[i] += probability[row + i] * p[row + i];
  for (let row = 0; row < p.length; row += n)
    for (let i = 0; i < n; i++) out[row + i] = probability[row + i] * (p[row + i] - sums[i]);
}

/** The latent posterior at new points, from the held factor. */
export class SoftmaxPosterior implements Posterior {
  constructor(
    readonly latents: number,
    private readonly inputs: TrainingInputs,
    private readonly a: Float64Array,
    private readonly factor: SoftmaxFactor,
  ) {}

  at(X: Matrix): Latents {
    return this.factor.latents(this.inputs, this.a, X);
  }

  probabilities(latents: Latents, draws: Draws): Float64Array {
    return softmaxGaussian(latents, this.latents, draws);
  }
}
