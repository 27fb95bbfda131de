// Cholesky factor, recursive: A11 = L11 L11ᵀ; L21 = A21 L11⁻ᵀ (trsm); A22 −= L21 L21ᵀ (syrk); then A22. All but the
// base cases is the product driver at full depth. See src/ops.ts for the contract.
import { linesOf } from "../blas/blocksize";
import { dotOf } from "../blas/level2";
import { multiply, productScratchBytes } from "../blas/product";
import { threads } from "../team/team";
import { split, trsmScratchBytes, trsm } from "../blas/trsm";

/** Below this the dots of the base case beat the packing of the driver. */
// @ts-ignore: decorator
@inline const BASE: i32 = 24;

export function potrfScratchBytes<T>(n: i32): f64 {
  return <f64>linesOf<T>(<usize>n) + max(productScratchBytes<T>(n, n, n, 0, threads()), trsmScratchBytes<T>(n, n));
}

export function potrf<T>(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  // The least pivots allowed: the diagonal is overwritten long before its pivot comes.
  for (let i = 0; i < n; i++) {
    store<T>(work + <usize>i * sizeof<T>(), <T>(<T>tolerance * load<T>(a + <usize>i * (<usize>lda + 1) * sizeof<T>())));
  }
  return recurse<T>(n, work, a, lda, work + linesOf<T>(<usize>n));
}

function recurse<T>(n: i32, least: usize, a: usize, lda: i32, work: usize): i32 {
  if (n <= BASE) return factor<T>(n, least, a, <usize>lda * sizeof<T>());
  const n1 = split(n), n2 = n - n1;
  const a21 = a + <usize>n1 * <usize>lda * sizeof<T>(), a22 = a21 + <usize>n1 * sizeof<T>();
  let info = recurse<T>(n1, least, a, lda, work);
  if (info) return info;
  trsm<T>(1, 0, n2, n1, a, lda, a21, lda, work);
  multiply<T>(true, 0, n2, n2, n1, 0, a21, lda, 1, a21, lda, -1, 1, a22, lda, work);
  info = recurse<T>(n2, least + <usize>n1 * sizeof<T>(), a22, lda, work);
  return info ? n1 + info : 0;
}

/** Row by row: L_ij = (A_ij − L_i·L_j) / L_jj. */
function factor<T>(n: i32, least: usize, a: usize, ldBytes: usize): i32 {
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * ldBytes;
    for (let j = 0; j < i; j++) {
      const other = a + <usize>j * ldBytes, to = row + <usize>j * sizeof<T>();
      store<T>(to, <T>(<T>(load<T>(to) - dotOf<T>(j, row, other)) / load<T>(other + <usize>j * sizeof<T>())));
    }
    const to = row + <usize>i * sizeof<T>(), pivot = <T>(load<T>(to) - dotOf<T>(i, row, row));
    if (!(pivot > 0 && pivot > load<T>(least + <usize>i * sizeof<T>()) && pivot < <T>Infinity)) return i + 1;
    store<T>(to, sqrt<T>(pivot));
  }
  return 0;
}
