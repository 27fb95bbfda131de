// Blocked Householder tridiagonalisation of a lower triangle (LAPACK dsytrd, dlatrd with UPLO = 'U' seen by rows): rows
// from the last to the first, so that every access is contiguous. A panel of PANEL rows costs one matrix-vector product
// each; the rest of A takes the panel in one symmetric update of depth 2·PANEL through the product driver.
import { lineBytes } from "../../blas/blocksize";
import { dot } from "../../blas/level2";
import { multiply, productScratchBytes } from "../../blas/product";
import { threads } from "../../team/team";
import { hsum, madd, nmadd } from "../../simd/words";

/** Rows of a panel: its matrix-vector half is bound by memory whatever the size, the update wants depth. */
// @ts-ignore: decorator
@inline const PANEL: i32 = 32;
/** Zero beside entries of size 1: its square would underflow. */
// @ts-ignore: decorator
@inline const TINY: f64 = 1e-140;

export function tridiagonalScratchBytes(n: i32): f64 {
  return <f64>lineBytes(<usize>n) * (3 * PANEL) + productScratchBytes<f64>(n, n, 2 * PANEL, 0, threads());
}

/**
 * A = Q T Qᵀ with Q = H_(n−1) … H_1, H_k = I − tau_k v_k v_kᵀ: d and e get T (e_k couples k and k + 1), and row k of A
 * keeps v_k, whose entry k − 1 is 1.
 */
export function tridiagonalise(n: i32, a: usize, lda: i32, d: usize, e: usize, tau: usize, work: usize): void {
  const ldBytes = <usize>lda << 3, line = lineBytes(<usize>n), ld = <i32>(line >> 3);
  // V, W and V again: one product of depth 2·PANEL sees [V W] on one side and [W V] on the other.
  const V = work, W = V + line * PANEL, V2 = W + line * PANEL, free = V2 + line * PANEL;
  for (let end = n; end > 0; end -= PANEL) {
    const count = min(PANEL, end);
    for (let q = 0; q < count; q++) {
      const k = end - 1 - q, row = a + <usize>k * ldBytes, at = <usize>k << 3;
      for (let p = 0; p < q; p++) {
        const vp = V + <usize>p * line, wp = W + <usize>p * line;
        subtract2(k + 1, load<f64>(wp + at), vp, load<f64>(vp + at), wp, row);
      }
      store<f64>(d + at, load<f64>(row + at));
      if (k == 0) break;
      store<f64>(tau + at, reflect(k, row, e + at - 8));
      const v = V + <usize>q * line;
      memory.copy(v, row, at);
      auxiliary(k, q, a, ldBytes, V, W, line, load<f64>(tau + at));
    }
    const rest = end - count;
    if (rest == 0) break;
    memory.copy(V2, V, line * PANEL);
    multiply<f64>(true, 0, rest, rest, 2 * PANEL, 1, V, ld, 0, W, ld, -1, 1, a, lda, free);
  }
}

/**
 * Householder vector of row[0 … k): the row becomes v, with v_(k−1) = 1; what is left of it goes to `e`. Returns tau.
 */
function reflect(k: i32, row: usize, e: usize): f64 {
  const head = row + (<usize>(k - 1) << 3), alpha = load<f64>(head), rest = Math.sqrt(dot(k - 1, row, row));
  store<f64>(head, 1);
  if (rest <= TINY) {
    memory.fill(row, 0, <usize>(k - 1) << 3);
    store<f64>(e, alpha);
    return 0;
  }
  const beta = -Math.sqrt(alpha * alpha + rest * rest) * (alpha < 0 ? -1.0 : 1.0), pivot = alpha - beta;
  for (let to = row; to < head; to += 8) store<f64>(to, load<f64>(to) / pivot);
  store<f64>(e, beta);
  return (beta - alpha) / beta;
}

/** W_q = tau (A v − V Wᵀv − W Vᵀv) − ½ tau (wᵀv) v for v = V_q over k rows, A being the block before this panel. */
function auxiliary(k: i32, q: i32, a: usize, ldBytes: usize, V: usize, W: usize, line: usize, tau: f64): void {
  const bytes = <usize>k << 3, v = V + <usize>q * line, w = W + <usize>q * line;
  memory.fill(w, 0, bytes);
  if (tau == 0) return;
  symv(k, a, ldBytes, v, w);
  for (let p = 0; p < q; p++) {
    const vp = V + <usize>p * line, wp = W + <usize>p * line;
    subtract2(k, dot(k, wp, v), vp, dot(k, vp, v), wp, w);
  }
  const half = -0.5 * tau * tau * dot(k, w, v);
  for (let o: usize = 0; o < bytes; o += 8) store<f64>(w + o, tau * load<f64>(w + o) + half * load<f64>(v + o));
}

/** y −= s x + t z. */
function subtract2(count: i32, s: f64, x: usize, t: f64, z: usize, y: usize): void {
  const vs = f64x2.splat(s), vt = f64x2.splat(t), end = y + (<usize>(count & ~1) << 3);
  while (y < end) {
    v128.store(y, nmadd(vt, v128.load(z), nmadd(vs, v128.load(x), v128.load(y))));
    x += 16; y += 16; z += 16;
  }
  if (count & 1) store<f64>(y, load<f64>(y) - s * load<f64>(x) - t * load<f64>(z));
}

/** y += A x from the lower triangle, four rows at a time: each entry is read once and used for both halves. */
function symv(n: i32, a: usize, ldBytes: usize, x: usize, y: usize): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const r0 = a + <usize>i * ldBytes, r1 = r0 + ldBytes, r2 = r1 + ldBytes, r3 = r2 + ldBytes;
    const at = <usize>i << 3;
    const x0 = v128.load64_splat(x + at), x1 = v128.load64_splat(x + at, 8);
    const x2 = v128.load64_splat(x + at, 16), x3 = v128.load64_splat(x + at, 24);
    let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
    for (let o: usize = 0; o < at; o += 16) {
      const a0 = v128.load(r0 + o), a1 = v128.load(r1 + o), a2 = v128.load(r2 + o), a3 = v128.load(r3 + o);
      const xo = v128.load(x + o);
      s0 = madd(a0, xo, s0); s1 = madd(a1, xo, s1); s2 = madd(a2, xo, s2); s3 = madd(a3, xo, s3);
      v128.store(y + o, madd(x3, a3, madd(x2, a2, madd(x1, a1, madd(x0, a0, v128.load(y + o))))));
    }
    add(y + at, hsum(s0)); add(y + at + 8, hsum(s1)); add(y + at + 16, hsum(s2)); add(y + at + 24, hsum(s3));
    symvTail(i, i + 4, a, ldBytes, x, y, at);
  }
  for (; i < n; i++) {
    const row = a + <usize>i * ldBytes, at = <usize>i << 3, xi = load<f64>(x + at);
    add(y + at, dot(i, row, x));
    for (let o: usize = 0; o < at; o += 8) add(y + o, xi * load<f64>(row + o));
    add(y + at, load<f64>(row + at) * xi);
  }
}

/** The triangle of a four-row group: columns from `from` (bytes) on. */
function symvTail(i0: i32, i1: i32, a: usize, ldBytes: usize, x: usize, y: usize, from: usize): void {
  for (let i = i0; i < i1; i++) {
    const row = a + <usize>i * ldBytes, at = <usize>i << 3, xi = load<f64>(x + at);
    for (let o = from; o < at; o += 8) {
      const value = load<f64>(row + o);
      add(y + at, value * load<f64>(x + o));
      add(y + o, value * xi);
    }
    add(y + at, load<f64>(row + at) * xi);
  }
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: f64): void {
  store<f64>(to, load<f64>(to) + value);
}
