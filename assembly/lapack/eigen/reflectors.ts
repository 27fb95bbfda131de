// Back-transformation: eigenvectors of T become those of A, reflectors in blocks I − Vᵀ T V (compact WY, LAPACK dlarft
// and dlarfb) through the product driver.
import { lineBytes } from "../../blas/blocksize";
import { dot } from "../../blas/level2";
import { multiply, productScratchBytes } from "../../blas/product";
import { threads } from "../../team/team";

/** Reflectors of a block: S is read and written once for each, so more than a tridiagonal panel. */
// @ts-ignore: decorator
@inline const BLOCK: i32 = 64;

export function reflectorScratchBytes(n: i32): f64 {
  const products = max(productScratchBytes<f64>(n, BLOCK, n, 0, threads()), productScratchBytes<f64>(n, n, BLOCK, 0, threads()));
  return 2 * <f64>lineBytes(BLOCK * BLOCK) + 2 * <f64>lineBytes(<usize>n * BLOCK) + products;
}

/**
 * S ← S H_1 H_2 … H_(n−1) for the n rows of S; row k of A holds v_k, and is zeroed from column k on up to its block's
 * width.
 */
export function applyReflectors(n: i32, a: usize, lda: i32, tau: usize, s: usize, lds: i32, work: usize): void {
  const T = work, dots = T + lineBytes(BLOCK * BLOCK), B = dots + lineBytes(BLOCK * BLOCK), C = B + lineBytes(<usize>n * BLOCK);
  const free = C + lineBytes(<usize>n * BLOCK), ldBytes = <usize>lda << 3;
  for (let k0 = 1; k0 < n; k0 += BLOCK) {
    const count = min(BLOCK, n - k0), width = k0 + count - 1, V = a + <usize>k0 * ldBytes;
    for (let q = 0; q < count; q++) {
      const k = k0 + q;
      memory.fill(V + <usize>q * ldBytes + (<usize>k << 3), 0, <usize>(width - k) << 3);
    }
    // Dots of the reflectors.
    multiply<f64>(true, 0, count, count, width, 0, V, lda, 1, V, lda, 1, 0, dots, BLOCK, free);
    compactWY(count, tau + (<usize>k0 << 3), T, dots);
    multiply<f64>(false, 0, n, count, width, 0, s, lds, 1, V, lda, 1, 0, B, BLOCK, free);
    multiply<f64>(false, 0, n, count, count, 0, B, BLOCK, 0, T, BLOCK, 1, 0, C, BLOCK, free);
    multiply<f64>(false, 0, n, width, count, 0, C, BLOCK, 0, V, lda, -1, 1, s, lds, free);
  }
}

/** T, upper triangular with zeros below, of H_0 H_1 … = I − Vᵀ T V, from the products of the rows of V. */
function compactWY(count: i32, tau: usize, T: usize, dots: usize): void {
  memory.fill(T, 0, BLOCK * BLOCK << 3);
  for (let j = 0; j < count; j++) {
    const t = load<f64>(tau + (<usize>j << 3)), own = dots + (<usize>(j * BLOCK) << 3);
    for (let i = 0; i < j; i++) {
      const row = T + (<usize>(i * BLOCK) << 3);
      store<f64>(row + (<usize>j << 3), -t * dot(j - i, row + (<usize>i << 3), own + (<usize>i << 3)));
    }
    store<f64>(T + (<usize>(j * BLOCK + j) << 3), t);
  }
}
