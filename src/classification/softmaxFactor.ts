/**
 * The exact factor of the softmax Laplace approximation (Rasmussen & Williams 2006, algorithms 3.3 and 3.4). With
 * D_c = diag(π_c), E_c = D_c^½ B_c⁻¹ D_c^½, B_c = I + D_c^½KD_c^½ and M = Σ_c E_c:
 *
 * - (I + WK)⁻¹ g has the parts g_c − h_c + E_c M⁻¹ Σ h, h_c = E_c K g_c;
 * - log |I + WK| = Σ_c log |B_c| + log |M|.
 *
 * The triangles of all L_c and of M lie below each other in one held block of (C + 1)·N rows. M needs no inverse:
 * E_c = UUᵀ for the triangular U = D_c^½ L_c⁻ᵀ, whose rows come in tiles. Triangle, product and Cholesky factor have
 * N³/3 operations each, so a factor costs 3C + 1 Cholesky factorisations.
 */
import { gemm, rowDots, trsm } from "../linalg/blas.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { scaleColumns } from "./laplaceBinary.js";
import { factored, type LatentKernel, type TrainingInputs } from "./latentKernel.js";
import type { Latents } from "./posterior.js";

/** Rows of U that are made at a time (N = 500: 32 and 64 rows take the same time, 128 rows a fifth more). */
const TILE = 64;

export class SoftmaxFactor {
  /** √π, C×N: the roots of D. */
  readonly roots: Float64Array;
  /** log |I + WK|. */
  readonly logDeterminant: number;
  readonly #C: number;
  readonly #n: number;

  constructor(
    kernel: LatentKernel,
    probability: Float64Array,
    /** (C + 1)·N rows of N. */
    private readonly block: View,
  ) {
    this.#n = kernel.n;
    this.#C = probability.length / this.#n;
    this.roots = probability.map(Math.sqrt);
    this.logDeterminant = this.#factor(kernel);
  }

  /** Cholesky factorisations of a factor. */
  get factorisations(): number {
    return this.#C + 1;
  }

  #triangle(c: number): View {
    return this.block.slice(c * this.#n, this.#n);
  }

  #rootsOf(c: number): Float64Array {
    return this.roots.subarray(c * this.#n, (c + 1) * this.#n);
  }

  #factor(kernel: LatentKernel): number {
    const n = this.#n;
    const M = this.#triangle(this.#C);
    M.entries().fill(0);
    let logDeterminant = 0;
    for (let c = 0; c < this.#C; c++) {
      const [L, roots] = [this.#triangle(c), this.#rootsOf(c)];
      logDeterminant += kernel.factorWeighted(roots, L);
      M.context.arena.run(() => addInverse(L, roots, scratch(M.context, n, n), M));
    }
    return logDeterminant + factored(M, n, kernel.ridge, 1);
  }

  /** (I + WK)⁻¹ g, from g and gK. */
  solve(g: Float64Array, Kg: Float64Array): Float64Array {
    const [n, C] = [this.#n, this.#C];
    const { context } = this.block;
    return context.arena.run(() => {
      const H = copyIn(context, Kg, C, n);
      for (let c = 0; c < C; c++) this.#timesE(c, H.slice(c, 1));
      const sum = new Float64Array(n);
      const h = H.copy();
      for (let at = 0; at < h.length; at++) sum[at % n] += h[at];
      const u = copyIn(context, sum, 1, n);
      const M = this.#triangle(C);
      trsm(u, M.t);
      trsm(u, M);
      for (let c = 0; c < C; c++) {
        H.row(c).set(u.row(0));
        this.#timesE(c, H.slice(c, 1));
      }
      const Eu = H.entries();
      return g.map((value, at) => value - h[at] + Eu[at]);
    });
  }

  /** Rows times E_c, in place. */
  #timesE(c: number, rows: View): void {
    const [L, roots] = [this.#triangle(c), this.#rootsOf(c)];
    scaleColumns(rows, roots);
    trsm(rows, L.t);
    trsm(rows, L);
    scaleColumns(rows, roots);
  }

  /** Means and covariances of the latent functions at X, from a = K⁻¹f of the mode, C×N. */
  latents(inputs: TrainingInputs, a: Float64Array, X: Matrix): Latents {
    const [n, C, T] = [this.#n, this.#C, X.rows];
    const { context } = this.block;
    const prior = inputs.variance(X);
    return context.arena.run(() => {
      const K = inputs.cross(X, scratch(context, T, n));
      const mean = scratch(context, T, C);
      gemm(1, K, copyIn(context, a, C, n).t, 0, mean);
      const G = scratch(context, C * T, n);
      const covariance = new Float64Array(T * C * C);
      for (let c = 0; c < C; c++) {
        const rows = G.slice(c * T, T);
        rows.entries().set(K.entries());
        scaleColumns(rows, this.#rootsOf(c));
        trsm(rows, this.#triangle(c).t);
        rowDots(rows).forEach((explained, t) => {
          covariance[(t * C + c) * C + c] = Math.max(0, prior[t] - explained);
        });
        trsm(rows, this.#triangle(c));
        scaleColumns(rows, this.#rootsOf(c));
        trsm(rows, this.#triangle(C).t);
      }
      for (let c = 0; c < C; c++) {
        for (let d = 0; d <= c; d++) {
          rowDots(G.slice(c * T, T), G.slice(d * T, T)).forEach((value, t) => {
            covariance[(t * C + c) * C + d] += value;
          });
        }
      }
      const variance = Float64Array.from({ length: T * C }, (_, at) => covariance[at * C + (at % C)]);
      return { mean: mean.copy(), variance, covariance };
    });
  }
}

/** M += D^½ (L Lᵀ)⁻¹ D^½, the lower triangle. U, n×n scratch, gets D^½ L⁻ᵀ, which is upper triangular. */
function addInverse(L: View, roots: Float64Array, U: View, M: View): void {
  const n = L.rows;
  U.entries().fill(0);
  for (let row = 0; row < n; row += TILE) {
    const rows = Math.min(TILE, n - row);
    for (let i = row; i < row + rows; i++) U.row(i)[i] = roots[i];
    trsm(U.block(row, row, rows, n - row), L.block(row, row, n - row, n - row).t);
    const tile = U.block(row, row, rows, n - row);
    gemm(1, tile, U.block(0, row, row + rows, n - row).t, 1, M.block(row, 0, rows, row + rows));
  }
}
