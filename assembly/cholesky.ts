// Cholesky factor, recursive: A11 = L11 L11ᵀ; L21 = A21 L11⁻ᵀ (trsm); A22 −= L21 L21ᵀ (syrk); then A22. All but the
// base cases is the product driver at full depth. See src/ops.ts for the contract.
import { lineBytes } from "./blocksize";
import { dot } from "./level2";
import { multiply, productScratchBytes } from "./product";
import { dtrsm, dtrsmScratchBytes, split } from "./trsm";

/** Below this the dots of the base case beat the packing of the driver. */
// @ts-ignore: decorator
@inline const BASE: i32 = 24;

export function dpotrfScratchBytes(n: i32): f64 {
  return <f64>lineBytes(<usize>n) + max(productScratchBytes<f64>(n, n, n, 0), dtrsmScratchBytes(n, n));
}

export function dpotrf(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  // The least pivots allowed: the diagonal is overwritten long before its pivot comes.
  for (let i = 0; i < n; i++) {
    store<f64>(work + (<usize>i << 3), tolerance * load<f64>(a + (<usize>i * (<usize>lda + 1) << 3)));
  }
  return recurse(n, work, a, lda, work + lineBytes(<usize>n));
}

function recurse(n: i32, least: usize, a: usize, lda: i32, work: usize): i32 {
  if (n <= BASE) return factor(n, least, a, <usize>lda << 3);
  const n1 = split(n), n2 = n - n1;
  const a21 = a + (<usize>n1 * <usize>lda << 3), a22 = a21 + (<usize>n1 << 3);
  let info = recurse(n1, least, a, lda, work);
  if (info) return info;
  dtrsm(1, 0, n2, n1, a, lda, a21, lda, work);
  multiply<f64>(true, 0, n2, n2, n1, 0, a21, lda, 1, a21, lda, -1, 1, a22, lda, work);
  info = recurse(n2, least + (<usize>n1 << 3), a22, lda, work);
  return info ? n1 + info : 0;
}

/** Row by row: L_ij = (A_ij − L_i·L_j) / L_jj. */
function factor(n: i32, least: usize, a: usize, ldBytes: usize): i32 {
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * ldBytes;
    for (let j = 0; j < i; j++) {
      const other = a + <usize>j * ldBytes, to = row + (<usize>j << 3);
      store<f64>(to, (load<f64>(to) - dot(j, row, other)) / load<f64>(other + (<usize>j << 3)));
    }
    const to = row + (<usize>i << 3), pivot = load<f64>(to) - dot(i, row, row);
    if (!(pivot > 0 && pivot > load<f64>(least + (<usize>i << 3)) && pivot < Infinity)) return i + 1;
    store<f64>(to, Math.sqrt(pivot));
  }
  return 0;
}
