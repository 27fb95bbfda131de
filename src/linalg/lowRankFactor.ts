/**
 * M = L Lᵀ + μI as a factor, with L n×r and μ > 0: solves by the identity of Woodbury,
 *
 *   M⁻¹ = (I − L C⁻¹ Lᵀ)/μ, C = μI + LᵀL = F Fᵀ,
 *
 * the determinant exactly, |M| = μ^(n−r) |C|. A solve costs O(nr). Its backward error is that of rounding times the
 * condition number of M: {@link LowRankFactor.solve} is refined by conjugate gradients with M's own products.
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { gemm, gemv, potrf, rowDots, substitute, syrk } from "./blas.js";
import { conjugateGradients } from "./conjugateGradients.js";
import { decompose } from "./eigen.js";
import { roundingTolerance, tileRows } from "./factor.js";
import type { Inverse } from "./rowTerms.js";
import { maxAbs } from "./vectors.js";
import { copyIn, hold, scratch, type View } from "./view.js";

/** Conjugate gradients that refine a solve: each takes off as many digits as M's condition leaves. */
const MOST_REFINEMENTS = 100;

export class LowRankFactor implements Inverse {
  readonly n: number;
  /** r. */
  readonly rank: number;
  /** The rows of L's pivots. */
  readonly pivots: readonly number[];
  /** tr(A − L Lᵀ). */
  readonly trace: number;
  /** Lᵀ, r×n, at the start of a held block. */
  readonly #Lt: View;
  /** F, r×r. */
  readonly #F: View;
  /** μ of M. A preconditioner takes a larger one where rounding demands it. */
  readonly shift: number;

  /**
   * Takes over the held block that Lᵀ starts in. The block is freed where this throws.
   *
   * @throws RangeError where L is not finite; MemoryLimitError
   */
  constructor(Lt: View, shift: number, { pivots, trace }: { pivots: readonly number[]; trace: number }) {
    const { context, rows: r, cols: n } = Lt;
    this.n = n;
    this.rank = r;
    this.pivots = pivots;
    this.trace = trace;
    this.#Lt = Lt;
    try {
      this.#F = hold(context, r, r);
    } catch (error) {
      context.arena.free(Lt.at);
      throw error;
    }
    let mu = shift;
    for (;;) {
      syrk(1, Lt, 0, this.#F);
      this.#F.shift(mu);
      if (potrf(this.#F) === 0) break;
      mu = Math.max(16 * mu, Number.EPSILON * maxAbs(this.diagonal()));
      if (mu < Infinity) continue;
      this.free();
      throw new RangeError("the kernel overflows float64; rescale the inputs or the weights");
    }
    this.shift = mu;
  }

  get #context(): Context {
    return this.#Lt.context;
  }

  /** Doubles of the held blocks. */
  static memory(n: number, r: number): number {
    return n * r + r * r;
  }

  /** M v, a new vector. */
  times(v: Float64Array): Float64Array {
    return this.#context.arena.run(() => {
      const [x, inner, out] = [copyIn(this.#context, v, 1, this.n), this.#row(), copyIn(this.#context, v, 1, this.n)];
      gemv(1, this.#Lt, x, 0, inner);
      gemm(1, inner, this.#Lt, this.shift, out);
      return out.copy();
    });
  }

  /** μ M⁻¹ v by the identity alone, a new vector: what a preconditioner needs. */
  scaledInverse(v: Float64Array): Float64Array {
    if (this.rank === 0) return v.slice();
    return this.#context.arena.run(() => {
      const [x, inner] = [copyIn(this.#context, v, 1, this.n), this.#row()];
      gemv(1, this.#Lt, x, 0, inner);
      substitute(inner, this.#F.t);
      substitute(inner, this.#F);
      gemm(-1, inner, this.#Lt, 1, x);
      return x.copy();
    });
  }

  /** L g + √μ h: of covariance M for independent standard normals. */
  coloured(g: Float64Array, h: Float64Array): Float64Array {
    const root = Math.sqrt(this.shift);
    if (this.rank === 0) return h.map((value) => root * value);
    return this.#context.arena.run(() => {
      const [x, out] = [copyIn(this.#context, g, 1, this.rank), copyIn(this.#context, h, 1, this.n)];
      gemm(1, x, this.#Lt, root, out);
      return out.copy();
    });
  }

  solve(B: View): void {
    const norm = this.norm();
    const tolerance = roundingTolerance(this.n);
    const M = {
      n: this.n,
      norm,
      times: (v: Float64Array) => this.times(v),
      precondition: (v: Float64Array) => this.scaledInverse(v),
    };
    for (let i = 0; i < B.rows; i++) {
      const { x, converged } = conjugateGradients(M, B.row(i).slice(), tolerance, MOST_REFINEMENTS);
      if (!converged) {
        throw new ConvergenceError(
          `a low-rank system of order ${this.n} with ridge ${this.shift} did not reach a backward error of ${tolerance.toExponential(1)}; ` +
            'use a larger ridge, or solver "dual"',
        );
      }
      B.row(i).set(x);
    }
  }

  /** A lower bound of ‖M‖∞: that of its diagonal. */
  norm(): number {
    return maxAbs(this.diagonal()) + this.shift;
  }

  /** Diagonal of L Lᵀ. */
  diagonal(): Float64Array {
    const result = new Float64Array(this.n);
    for (let k = 0; k < this.rank; k++) {
      const row = this.#Lt.row(k);
      for (let i = 0; i < this.n; i++) result[i] += row[i] ** 2;
    }
    return result;
  }

  half(): never {
    throw new Error("internal: a low-rank factor has no square root of its inverse");
  }

  /** Diagonal of B M⁻¹ Bᵀ, as bᵀ(M⁻¹b). */
  explained(B: View): Float64Array {
    return this.#context.arena.run(() => {
      const solved = scratch(this.#context, B.rows, B.cols);
      for (let i = 0; i < B.rows; i++) solved.row(i).set(B.row(i));
      this.solve(solved);
      return rowDots(B, solved);
    });
  }

  logDeterminant(): number {
    const inner = 2 * this.#F.diagonal().reduce((sum, pivot) => sum + Math.log(pivot), 0);
    return inner + (this.n - this.rank) * Math.log(this.shift);
  }

  /** (1 − ‖F⁻¹l_i‖²)/μ. */
  inverseDiagonal(): Float64Array {
    const { n, rank: r } = this;
    const result = new Float64Array(n);
    const rows = tileRows(r, n);
    for (let first = 0; first < n; first += rows) {
      const count = Math.min(rows, n - first);
      this.#context.arena.run(() => {
        const B = this.#columns(first, count);
        substitute(B, this.#F.t);
        rowDots(B).forEach((value, i) => {
          // It is at least 1/(l_iᵀl_i + μ), whatever rounding takes.
          result[first + i] = Math.max((1 - value) / this.shift, 0);
        });
      });
    }
    const least = this.diagonal();
    for (let i = 0; i < n; i++) result[i] = Math.max(result[i], 1 / (least[i] + this.shift));
    return result;
  }

  /** tr LLᵀM⁻¹ = r − μ tr C⁻¹. */
  degreesOfFreedom(): number {
    const { rank: r, shift } = this;
    if (r === 0) return 0;
    return this.#context.arena.run(() => {
      const B = scratch(this.#context, r, r);
      B.entries().fill(0);
      B.shift(1);
      substitute(B, this.#F.t);
      const lost = rowDots(B).reduce((sum, value) => sum + value, 0);
      return Math.min(r, Math.max(0, r - shift * lost));
    });
  }

  /** Eigenvalues of L Lᵀ, ascending: n − r zeros, and those of LᵀL. */
  spectrum(): Float64Array {
    const { n, rank: r } = this;
    const result = new Float64Array(n);
    if (r === 0) return result;
    const values = this.#context.arena.run(() => {
      const G = scratch(this.#context, r, r);
      syrk(1, this.#Lt, 0, G);
      return decompose(G, false);
    });
    result.set(
      values.map((value) => Math.max(0, value)),
      n - r,
    );
    return result;
  }

  /** L_S⁻¹ of the rows of K, rows×r, K = A(·, pivots): the coordinates of new points, in place. */
  coordinates(K: View): void {
    const { rank: r } = this;
    this.#context.arena.run(() => {
      const LS = scratch(this.#context, r, r);
      const entries = LS.entries();
      for (let k = 0; k < r; k++) {
        const row = this.#Lt.row(k);
        for (let i = 0; i < r; i++) entries[i * r + k] = i < k ? 0 : row[this.pivots[i]];
      }
      substitute(K, LS.t);
    });
  }

  /** V with V Vᵀ = μ Q C⁻¹ Qᵀ for the rows of Q, rows×r, in place. */
  posterior(Q: View): void {
    substitute(Q, this.#F.t);
    const root = Math.sqrt(this.shift);
    const entries = Q.entries();
    for (let at = 0; at < entries.length; at++) entries[at] *= root;
  }

  free(): void {
    this.#context.arena.free(this.#F.at);
    this.#context.arena.free(this.#Lt.at);
  }

  #row(): View {
    return scratch(this.#context, 1, this.rank);
  }

  /** Rows [first, first + count) of L, packed, in scratch. */
  #columns(first: number, count: number): View {
    const { rank: r } = this;
    const B = scratch(this.#context, count, r);
    const entries = B.entries();
    for (let k = 0; k < r; k++) {
      const row = this.#Lt.row(k).subarray(first, first + count);
      for (let i = 0; i < count; i++) entries[i * r + k] = row[i];
    }
    return B;
  }
}
