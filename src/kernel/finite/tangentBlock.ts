/**
 * Φᵀv and Φu of several vectors at a time, for a network with one hidden layer and one output. A single vector waits
 * for the memory of the features; several of them are products of matrices at their peak.
 *
 * With S = σ(Z), G = b ∘ σ'(Z) and x̃ = (αx, β), the entries of c_j and d_j of Φᵀv are Σ_n G_nj v_n x̃_n: one product
 * of G with the rows v ∘ x̃_i of all vectors. Φu is Σ_i x̃_ni (G u_i)_n, u_i the entries of u for input i. b's part is
 * a product with S.
 */
import { gemm } from "../../linalg/blas.js";
import { copyIn, scratch } from "../../linalg/view.js";
import type { Loaded, Tile } from "./layers.js";

/** Vectors from which on products of matrices are faster: 3 by 0.9 to 1.5, 4 by 1.4 to 1.7, 16 by 2.1 to 2.6. */
export const FEW_VECTORS = 4;

/** Whether a network has blocks of vectors. */
export function hasBlocks({ hidden, gain }: Loaded): boolean {
  return gain !== undefined && hidden.length === 1;
}

/** Rows of x̃, packed: of the inputs of a tile, and of the bias where there is one. */
function extended({ hidden: [{ tangent, bias }] }: Loaded, { rows, h: [X] }: Tile): Float64Array[] {
  const [entries, d] = [X.entries(), X.cols];
  const columns = Array.from({ length: d }, (_, i) =>
    Float64Array.from({ length: rows }, (_, n) => tangent.alpha * entries[n * X.ld + i]),
  );
  if (bias) columns.push(new Float64Array(rows).fill(tangent.beta));
  return columns;
}

/** sums[k] += Φᵀ vectors[k], over the rows of a tile, which begin at `row` of the vectors. */
export function blockTransposeInto(
  loaded: Loaded,
  tile: Tile,
  row: number,
  vectors: readonly Float64Array[],
  sums: readonly Float64Array[],
): void {
  const { readout, hidden } = loaded;
  const [S, G] = [tile.h[1], tile.slopes[0]];
  const { context } = S;
  const { rows } = tile;
  const [k, m, d] = [vectors.length, G.cols, tile.h[0].cols];
  context.arena.run(() => {
    const factors = extended(loaded, tile);
    const e = factors.length;
    const [V, Q] = [scratch(context, k, rows), scratch(context, k * e, rows)];
    vectors.forEach((v, q) => {
      const own = v.subarray(row, row + rows);
      V.row(q).set(own);
      factors.forEach((factor, i) => {
        const into = Q.row(q * e + i);
        for (let n = 0; n < rows; n++) into[n] = factor[n] * own[n];
      });
    });
    const [B, M] = [scratch(context, k, m), scratch(context, k * e, m)];
    gemm(readout.tangent.alpha, V, S, 0, B);
    gemm(1, Q, G, 0, M);
    sums.forEach((sum, q) => {
      const [b, { weights: c, bias }] = [readout.offsets.weights, hidden[0].offsets];
      add(sum, b, 1, B.row(q));
      for (let i = 0; i < d; i++) add(sum, c + i, d, M.row(q * e + i));
      if (bias >= 0) add(sum, bias, 1, M.row(q * e + d));
      if (readout.offsets.bias < 0) return;
      const own = V.row(q);
      for (let n = 0; n < rows; n++) sum[readout.offsets.bias] += readout.tangent.beta * own[n];
    });
  });
}

/** Adds values to every `step`-th entry from `at` on. */
function add(sum: Float64Array, at: number, step: number, values: Float64Array): void {
  for (let j = 0; j < values.length; j++, at += step) sum[at] += values[j];
}

/** Entries of vectors like θ, ordered for products: those that multiply S, G and 1, a row or entry for each. */
export interface BlockWeights {
  readonly b: Float64Array;
  readonly u: Float64Array;
  readonly a: Float64Array;
}

/** The same for all tiles of a product. */
export function blockWeights({ readout, hidden: [layer] }: Loaded, us: readonly Float64Array[]): BlockWeights {
  const { fanIn: d, fanOut: m, offsets } = layer;
  const e = d + (offsets.bias < 0 ? 0 : 1);
  const [b, u] = [new Float64Array(us.length * m), new Float64Array(us.length * e * m)];
  us.forEach((own, q) => {
    b.set(own.subarray(readout.offsets.weights, readout.offsets.weights + m), q * m);
    for (let i = 0; i < d; i++) {
      const at = (q * e + i) * m;
      for (let j = 0; j < m; j++) u[at + j] = own[offsets.weights + j * d + i];
    }
    if (e > d) u.set(own.subarray(offsets.bias, offsets.bias + m), (q * e + d) * m);
  });
  const { bias } = readout.offsets;
  return { b, u, a: Float64Array.from(us, (own) => (bias < 0 ? 0 : readout.tangent.beta * own[bias])) };
}

/** products[k] = Φ u_k for the rows of a tile, which begin at `row` of the products. */
export function blockInto(
  loaded: Loaded,
  tile: Tile,
  row: number,
  { b, u, a }: BlockWeights,
  products: readonly Float64Array[],
): void {
  const { readout } = loaded;
  const [S, G] = [tile.h[1], tile.slopes[0]];
  const { context } = S;
  const { rows } = tile;
  context.arena.run(() => {
    const factors = extended(loaded, tile);
    const [k, e] = [products.length, factors.length];
    const [B, U] = [copyIn(context, b, k, S.cols), copyIn(context, u, k * e, S.cols)];
    const [F, T] = [scratch(context, k, rows), scratch(context, k * e, rows)];
    gemm(readout.tangent.alpha, B, S.t, 0, F);
    gemm(1, U, G.t, 0, T);
    products.forEach((product, q) => {
      const into = product.subarray(row, row + rows);
      const own = F.row(q);
      for (let n = 0; n < rows; n++) into[n] = own[n] + a[q];
      factors.forEach((factor, i) => {
        const part = T.row(q * e + i);
        for (let n = 0; n < rows; n++) into[n] += factor[n] * part[n];
      });
    });
  });
}
