/**
 * Inverses of triangular and symmetric matrices in place, at a factorisation's cost each (LAPACK's trtri and
 * lauum).
 */
import { gemm, mirror, trsm } from "./blas.js";
import { scratch, type View } from "./view.js";

/** Rows of a block: its own triangle is a small part of the work. */
const BLOCK = 128;

/**
 * L⁻¹ over the lower triangle of L, with zeros above it in the blocks of the diagonal. Blocks of rows go from the
 * bottom up: L_i⁻¹'s row block is −L_ii⁻¹ (L_i,: L⁻¹) of the rows above, which are still L.
 */
export function invertTriangle(L: View): void {
  const n = L.rows;
  const { context } = L;
  for (let first = Math.floor((n - 1) / BLOCK) * BLOCK; first >= 0; first -= BLOCK) {
    const rows = Math.min(BLOCK, n - first);
    context.arena.run(() => {
      const own = scratch(context, rows, rows);
      own.entries().fill(0);
      own.shift(1);
      trsm(own, L.block(first, first, rows, rows));
      if (first > 0) {
        const left = scratch(context, rows, first);
        for (let r = 0; r < rows; r++) left.row(r).set(L.row(first + r, first));
        trsm(left, L.block(0, 0, first, first));
        gemm(-1, own, left, 0, L.block(first, 0, rows, first));
      }
      for (let r = 0; r < rows; r++)
        L.block(first + r, first, 1, rows)
          .row(0)
          .set(own.row(r));
    });
  }
}

/**
 * L⁻ᵀL⁻¹ over L⁻¹ as {@link invertTriangle} leaves it, both triangles: (L Lᵀ)⁻¹. Blocks of rows go from the top
 * down.
 */
export function squareOfInverse(M: View): void {
  const n = M.rows;
  const { context } = M;
  for (let first = 0; first < n; first += BLOCK) {
    const rows = Math.min(BLOCK, n - first);
    context.arena.run(() => {
      const width = first + rows;
      const product = scratch(context, rows, width);
      const below = n - first;
      gemm(1, M.block(first, first, below, rows).t, M.block(first, 0, below, width), 0, product);
      for (let r = 0; r < rows; r++) M.row(first + r, width).set(product.row(r));
    });
  }
  mirror(M);
}
