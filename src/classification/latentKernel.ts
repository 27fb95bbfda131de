/**
 * The prior of a latent function: a Gaussian process of mean 0 and kernel K = scale·Θ, and at the training points
 * K = scale·Θ + ridge·I. Θ is computed once, whatever scales are tried.
 */
import type { KernelSource } from "../kernel/kernel.js";
import { gemm, mirror, potrf } from "../linalg/blas.js";
import { maxDiagonal, notPositiveDefinite, roundingLevel } from "../linalg/factor.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";

/** Θ of the training points, N×N, symmetric to the bit. */
export interface TrainingKernel {
  readonly theta: View;
  readonly diagonal: Float64Array;
}

/** Θ in scratch. @throws MemoryLimitError; RangeError where it overflows. */
export function trainingKernel(source: KernelSource, X: Matrix, theta: View): TrainingKernel {
  source.fill(X, theta);
  maxDiagonal(theta);
  mirror(theta);
  return { theta, diagonal: theta.diagonal() };
}

/** Newton's method multiplies two entries: above this its end would be a matter of rounding. */
const LARGEST = 1e150;

export class LatentKernel {
  /** The largest diagonal entry. */
  readonly top: number;
  /** Calls of {@link times}. */
  products = 0;

  /** @throws RangeError where the squares of scale·Θ overflow. */
  constructor(
    readonly kernel: TrainingKernel,
    readonly scale: number,
    readonly ridge: number,
  ) {
    this.top = scale * kernel.diagonal.reduce((top, value) => Math.max(top, value), 0) + ridge;
    if (!(this.top <= LARGEST))
      throw new RangeError(
        `scale ${scale} makes the largest entry of the kernel ${this.top}, whose square overflows float64; expected a smaller one`,
      );
  }

  get n(): number {
    return this.kernel.theta.rows;
  }

  /** out = V K for the rows of V, each n long. */
  times(V: Float64Array, out: Float64Array): void {
    const { theta } = this.kernel;
    const { context } = theta;
    const rows = V.length / this.n;
    this.products++;
    context.arena.run(() => {
      const [A, C] = [copyIn(context, V, rows, this.n), scratch(context, rows, this.n)];
      gemm(this.scale, A, theta.t, 0, C);
      out.set(C.entries());
    });
    if (this.ridge === 0) return;
    for (let i = 0; i < V.length; i++) out[i] += this.ridge * V[i];
  }

  /**
   * The Cholesky factor of I + D^½ K D^½ in the lower triangle of L, where `roots` has D^½. Eigenvalues are at least 1
   * for every kernel. Returns the log determinant.
   *
   * @throws NotPositiveDefiniteError where the kernel is indefinite.
   */
  factorWeighted(roots: Float64Array, L: View): number {
    const { theta } = this.kernel;
    const { n, scale, ridge } = this;
    for (let i = 0; i < n; i++) {
      const [from, to, left] = [theta.row(i, i + 1), L.row(i, i + 1), scale * roots[i]];
      for (let j = 0; j < i; j++) to[j] = left * roots[j] * from[j];
      to[i] = 1 + roots[i] * roots[i] * (scale * from[i] + ridge);
    }
    return factored(L, n, ridge, this.top);
  }

  /**
   * The Cholesky factor of K + diag(noise) in the lower triangle of L. Returns the log determinant.
   *
   * @throws NotPositiveDefiniteError where the kernel is indefinite, or the noise is lost in rounding.
   */
  factorNoisy(noise: Float64Array, L: View): number {
    const { theta } = this.kernel;
    const { n, scale, ridge } = this;
    for (let i = 0; i < n; i++) {
      const [from, to] = [theta.row(i, i + 1), L.row(i, i + 1)];
      for (let j = 0; j <= i; j++) to[j] = scale * from[j];
      to[i] += ridge + noise[i];
    }
    return factored(L, n, ridge, this.top);
  }
}

/** Factors A in place, and returns log |A|. */
export function factored(A: View, n: number, ridge: number, top: number): number {
  const info = potrf(A, roundingLevel(n, 1));
  if (info > 0) throw notPositiveDefinite(info - 1, n, ridge, n * top);
  let sum = 0;
  for (const value of A.diagonal()) sum += Math.log(value);
  return 2 * sum;
}

/** What a prediction needs of the training data. */
export class TrainingInputs {
  constructor(
    readonly source: KernelSource,
    readonly X: Matrix,
    readonly scale: number,
  ) {}

  /** scale·Θ(X, training inputs), in scratch. */
  cross(X: Matrix, out: View): View {
    this.source.fill(X, out, this.X);
    if (this.scale !== 1) {
      const entries = out.entries();
      for (let i = 0; i < entries.length; i++) entries[i] *= this.scale;
    }
    return out;
  }

  /** The prior variance at X. */
  variance(X: Matrix): Float64Array {
    return this.source.diagonal(X).map((value) => this.scale * value);
  }
}
