// Symmetric eigenproblem, A = VᵀΛV with eigenvectors in the rows of V: see src/ops.ts for the contract.
//
//   1. A is scaled by a power of two, so that squares neither overflow nor vanish.
//   2. A = Q T Qᵀ, T tridiagonal (tridiagonal.ts)      4/3 n³ flops, half of them by matrix-vector products
//   3. T = SᵀΛS by divide and conquer (divide.ts)      at most 4/3 n³, less by deflation
//   4. V = S Qᵀ (reflectors.ts)                        2 n³
//
// Without vectors: QL on T, O(n²) after step 2.
import { lineBytes } from "../../blas/blocksize";
import { divide, divideScratchBytes } from "./divide";
import { ql } from "./ql";
import { applyReflectors, reflectorScratchBytes } from "./reflectors";
import { tridiagonalise, tridiagonalScratchBytes } from "./tridiagonal";

export function eighScratchBytes(vectors: i32, n: i32): f64 {
  const lines = 3 * <f64>lineBytes(<usize>n + 1), reduce = tridiagonalScratchBytes(n);
  if (!vectors) return lines + reduce;
  return lines + max(reduce, <f64>n * <f64>n * 8 + 64 + max(divideScratchBytes(n), reflectorScratchBytes(n)));
}

export function eigh(vectors: i32, n: i32, a: usize, lda: i32, w: usize, work: usize): i32 {
  if (n == 0) return 0;
  const scale = normalise(n, a, <usize>lda << 3), line = lineBytes(<usize>n + 1);
  const e = work, tau = e + line, index = tau + line, s = index + line;
  tridiagonalise(n, a, lda, w, e, tau, s);
  if (!vectors) {
    const info = ql(n, w, e, 0, 0);
    if (info) return info;
    sort(n, w);
  } else {
    const rowBytes = <usize>n << 3, square = lineBytes(<usize>n * <usize>n), free = s + square;
    memory.fill(s, 0, square);
    const info = divide(n, w, e, s, rowBytes, index, lineBytes(<usize>n), free);
    if (info) return info;
    applyReflectors(n, a, lda, tau, s, n, free);
    // e and tau are free: the values in order.
    for (let i = 0; i < n; i++) {
      const from = <usize>load<i32>(index + (<usize>i << 2));
      store<f64>(e + (<usize>i << 3), load<f64>(w + (from << 3)));
      memory.copy(a + (<usize>i * <usize>lda << 3), s + from * rowBytes, rowBytes);
    }
    memory.copy(w, e, rowBytes);
  }
  for (let i = 0; i < n; i++) store<f64>(w + (<usize>i << 3), load<f64>(w + (<usize>i << 3)) * scale);
  return 0;
}

/** Ascending order, by insertion: QL leaves the values nearly sorted. */
function sort(n: i32, w: usize): void {
  for (let i = 1; i < n; i++) {
    const x = load<f64>(w + (<usize>i << 3));
    let to = w + (<usize>i << 3);
    for (; to > w && load<f64>(to - 8) > x; to -= 8) store<f64>(to, load<f64>(to - 8));
    store<f64>(to, x);
  }
}

/** Scales the lower triangle to entries below 1 by a power of two; returns the factor that undoes it. */
function normalise(n: i32, a: usize, ldBytes: usize): f64 {
  let top: f64 = 0;
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * ldBytes;
    for (let j = 0; j <= i; j++) top = max(top, Math.abs(load<f64>(row + (<usize>j << 3))));
  }
  if (top == 0) return 1;
  // The exponent of `top`, kept where both 2^k and 2^-k are normal.
  const exponent = min(max(<i64>(reinterpret<u64>(top) >> 52) - 1023, -1020), 1020);
  const up = reinterpret<f64>(<u64>(1023 + exponent) << 52), down = reinterpret<f64>(<u64>(1023 - exponent) << 52);
  for (let i = 0; i < n; i++) {
    const row = a + <usize>i * ldBytes;
    for (let j = 0; j <= i; j++) {
      const at = row + (<usize>j << 3);
      store<f64>(at, load<f64>(at) * down);
    }
  }
  return up;
}
