// Blocked Householder tridiagonalisation of a lower triangle (LAPACK dsytrd, dlatrd with UPLO = 'U' seen by rows): rows
// from the last to the first, so that every access is contiguous. A panel of PANEL rows costs one matrix-vector product
// each; the rest of A takes the panel in one symmetric update of depth 2·PANEL through the product driver.
import { lineBytes } from "../../blas/blocksize";
import { dot } from "../../blas/level2";
import { multiply, productScratchBytes } from "../../blas/product";
import { threads } from "../../team/team";
import { hsum, madd, nmadd } from "../../simd/words";
import { forEachUnit, isWorth, jobRoom } from "../../team/team";

/** Rows of a panel: its matrix-vector half is bound by memory whatever the size, the update wants depth. */
// @ts-ignore: decorator
@inline const PANEL: i32 = 32;
/** Zero beside entries of size 1: its square would underflow. */
// @ts-ignore: decorator
@inline const TINY: f64 = 1e-140;

export function tridiagonalScratchBytes(n: i32): f64 {
  return <f64>lineBytes(<usize>n) * (3 * PANEL + BLOCKS + 2) + productScratchBytes<f64>(n, n, 2 * PANEL, 0, threads());
}

/**
 * A = Q T Qᵀ with Q = H_(n−1) … H_1, H_k = I − tau_k v_k v_kᵀ: d and e get T (e_k couples k and k + 1), and row k of A
 * keeps v_k, whose entry k − 1 is 1.
 */
export function tridiagonalise(n: i32, a: usize, lda: i32, d: usize, e: usize, tau: usize, work: usize): void {
  const ldBytes = <usize>lda << 3, line = lineBytes(<usize>n), ld = <i32>(line >> 3);
  // V, W and V again: one product of depth 2·PANEL sees [V W] on one side and [W V] on the other.
  const V = work, W = V + line * PANEL, V2 = W + line * PANEL, sums = V2 + line * PANEL, dots = sums + line * BLOCKS;
  const free = dots + 2 * line;
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
      auxiliary(k, q, a, ldBytes, V, W, line, load<f64>(tau + at), sums, dots);
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
function auxiliary(
  k: i32, q: i32, a: usize, ldBytes: usize, V: usize, W: usize, line: usize, tau: f64, sums: usize, dots: usize,
): void {
  const bytes = <usize>k << 3, v = V + <usize>q * line, w = W + <usize>q * line;
  memory.fill(w, 0, bytes);
  if (tau == 0) return;
  const job = changetype<Column>(jobRoom()), blocks = max(1, min(BLOCKS, k / LEAST_ROWS));
  const time = SYMV_TIME * <f64>k * <f64>k;
  if (isWorth(time)) {
    job.k = k; job.q = q; job.blocks = blocks; job.a = a; job.ldBytes = ldBytes; job.V = V; job.W = W; job.line = line;
    job.sums = sums; job.dots = dots;
    forEachUnit(columnUnit, blocks + (q + DOTS - 1) / DOTS, changetype<usize>(job), 0, 0, time);
  } else {
    for (let b = 0; b < blocks; b++) blockTimes(k, b, blocks, a, ldBytes, v, sums + <usize>b * line);
    panelDots(k, 0, q, V, W, line, v, dots);
  }
  for (let b = 0; b < blocks; b++) addTo(rowOf(b + 1, blocks, k), sums + <usize>b * line, w);
  for (let p = 0; p < q; p++) {
    const vp = V + <usize>p * line, wp = W + <usize>p * line, pair = dots + (<usize>p << 4);
    subtract2(k, load<f64>(pair), vp, load<f64>(pair, 8), wp, w);
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

/**
 * A matrix-vector product is summed in this many blocks of rows, whatever the number of threads: the order of a sum is
 * fixed by k alone. Each block costs a vector more.
 */
// @ts-ignore: decorator
@inline const BLOCKS: i32 = 8;
/** Rows of a block, at least. */
// @ts-ignore: decorator
@inline const LEAST_ROWS: i32 = 32;
/** Pairs of dot products of a unit. */
// @ts-ignore: decorator
@inline const DOTS: i32 = 8;
/** Nanoseconds for half an entry. */
// @ts-ignore: decorator
@inline const SYMV_TIME: f64 = 0.2;

/** What threads share of a column: the product A v, block by block, and the dot products with the panel. */
@unmanaged
class Column {
  k: i32;
  q: i32;
  blocks: i32;
  a: usize;
  ldBytes: usize;
  V: usize;
  W: usize;
  line: usize;
  sums: usize;
  dots: usize;
}

function columnUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Column>(address), k = t.k, line = t.line, v = t.V + <usize>t.q * line, b = unit;
  if (b < t.blocks) blockTimes(k, b, t.blocks, t.a, t.ldBytes, v, t.sums + <usize>b * line);
  else {
    const from = (b - t.blocks) * DOTS;
    panelDots(k, from, min(from + DOTS, t.q), t.V, t.W, line, v, t.dots);
  }
}

/** wᵀv and vᵀv for the rows [from, to) of the panel. */
function panelDots(k: i32, from: i32, to: i32, V: usize, W: usize, line: usize, v: usize, dots: usize): void {
  for (let p = from; p < to; p++) {
    const pair = dots + (<usize>p << 4);
    store<f64>(pair, dot(k, W + <usize>p * line, v));
    store<f64>(pair, dot(k, V + <usize>p * line, v), 8);
  }
}

/** First row of block b of k rows: blocks of a triangle have equal areas. */
function rowOf(b: i32, blocks: i32, k: i32): i32 {
  return b == blocks ? k : <i32>(<f64>k * sqrt(<f64>b / <f64>blocks)) & ~3;
}

/** y = what block b of the lower triangle of A adds to A x: entries [0, its last row]. */
function blockTimes(k: i32, b: i32, blocks: i32, a: usize, ldBytes: usize, x: usize, y: usize): void {
  const from = rowOf(b, blocks, k), to = rowOf(b + 1, blocks, k);
  memory.fill(y, 0, <usize>to << 3);
  symv(from, to, a, ldBytes, x, y);
}

/** y += x. */
function addTo(count: i32, x: usize, y: usize): void {
  const end = y + (<usize>(count & ~1) << 3);
  while (y < end) {
    v128.store(y, f64x2.add(v128.load(y), v128.load(x)));
    x += 16; y += 16;
  }
  if (count & 1) add(y, load<f64>(x));
}

/**
 * y += A x from rows [from, n) of the lower triangle, four at a time: each entry is read once and used for both halves.
 * `from` is a multiple of 4.
 */
function symv(from: i32, n: i32, a: usize, ldBytes: usize, x: usize, y: usize): void {
  let i = from;
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
