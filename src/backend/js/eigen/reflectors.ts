/** Back-transformation in compact WY blocks: as in assembly/lapack/eigen/reflectors.ts. */
import { dot } from "../level2.js";
import { product, productScratchBytes } from "../product.js";

const BLOCK = 64;

export function reflectorDoubles(n: number): number {
  const products = Math.max(productScratchBytes(n, BLOCK, n, 0), productScratchBytes(n, n, BLOCK, 0));
  return BLOCK * BLOCK + BLOCK + 2 * n * BLOCK + products / 8;
}

/** S ← S H_1 H_2 … H_(n−1) for the n rows of S; row k of A holds v_k. */
export function applyReflectors(h: Float64Array, n: number, a: number, lda: number, tau: number, s: number, work: number): void {
  const T = work;
  const dots = T + BLOCK * BLOCK;
  const B = dots + BLOCK;
  const C = B + n * BLOCK;
  const free = (C + n * BLOCK) * 8;
  for (let k0 = 1; k0 < n; k0 += BLOCK) {
    const count = Math.min(BLOCK, n - k0);
    const width = k0 + count - 1;
    const V = a + k0 * lda;
    for (let q = 0; q < count; q++) h.fill(0, V + q * lda + k0 + q, V + q * lda + width);
    compactWY(h, count, width, V, lda, tau + k0, T, dots);
    const into = (c: number, ldc: number, columns: number, scale: number, gamma: number) => ({
      lower: false, r0: 0, r1: n, n: columns, scale, gamma, delta: 0, c, ldc,
    });
    product(h, width, { at: s, ld: n, trans: false }, { at: V, ld: lda, trans: false }, into(B, BLOCK, count, 1, 0), free);
    product(h, count, { at: B, ld: BLOCK, trans: false }, { at: T, ld: BLOCK, trans: true }, into(C, BLOCK, count, 1, 0), free);
    product(h, count, { at: C, ld: BLOCK, trans: false }, { at: V, ld: lda, trans: true }, into(s, n, width, -1, 1), free);
  }
}

/** T, upper triangular with zeros below, of H_0 H_1 … = I − Vᵀ T V for the rows of V. */
function compactWY(
  h: Float64Array, count: number, width: number, V: number, ldv: number, tau: number, T: number, dots: number,
): void {
  h.fill(0, T, T + BLOCK * BLOCK);
  for (let j = 0; j < count; j++) {
    for (let p = 0; p < j; p++) h[dots + p] = dot(h, width, V + p * ldv, V + j * ldv);
    for (let i = 0; i < j; i++) h[T + i * BLOCK + j] = -h[tau + j] * dot(h, j - i, T + i * (BLOCK + 1), dots + i);
    h[T + j * BLOCK + j] = h[tau + j];
  }
}
