// Cholesky factor, recursive: A11 = L11 L11ᵀ; L21 = A21 L11⁻ᵀ (trsm); A22 −= L21 L21ᵀ (syrk); then A22. All but the
// base cases is the product driver at full depth. See src/ops.ts for the contract.
import { dot } from "./level2";
import { product, productScratchBytes } from "./product";
import { dtrsm, dtrsmScratchBytes, split } from "./trsm";

/** Below this the dots of the base case beat the packing of the driver. */
// @ts-ignore: decorator
@inline const BASE: i32 = 24;

export function dpotrfScratchBytes(n: i32): f64 {
  return max(productScratchBytes(n, n, n, 0), dtrsmScratchBytes(n, n));
}

export function dpotrf(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  if (n <= BASE) return factor(n, tolerance, a, <usize>lda << 3);
  const n1 = split(n), n2 = n - n1;
  const a21 = a + (<usize>n1 * <usize>lda << 3), a22 = a21 + (<usize>n1 << 3);
  let info = dpotrf(n1, tolerance, a, lda, work);
  if (info) return info;
  dtrsm(1, 0, n2, n1, a, lda, a21, lda, work);
  product(true, 0, n2, n2, n1, 0, a21, lda, 1, a21, lda, 0, 0, 0, 0, 0, 0, -1, 1, 0, a22, lda, work);
  info = dpotrf(n2, tolerance, a22, lda, work);
  return info ? n1 + info : 0;
}

/** Row by row: L_ij = (A_ij − L_i·L_j) / L_jj. */
function factor(n: i32, tolerance: f64, a: usize, ldBytes: usize): i32 {
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * ldBytes;
    for (let j = 0; j < i; j++) {
      const other = a + <usize>j * ldBytes, to = row + (<usize>j << 3);
      store<f64>(to, (load<f64>(to) - dot(j, row, other)) / load<f64>(other + (<usize>j << 3)));
    }
    const to = row + (<usize>i << 3), pivot = load<f64>(to) - dot(i, row, row);
    if (!(pivot > tolerance && pivot < Infinity)) return i + 1;
    store<f64>(to, Math.sqrt(pivot));
  }
  return 0;
}
