// Symmetric eigenproblem, A = VᵀΛV with eigenvectors in the rows of V: see src/ops.ts for the contract.
//
//   1. A is scaled by a power of two, so that squares neither overflow nor vanish.
//   2. Blocked Householder tridiagonalisation of the lower triangle (LAPACK dsytrd): a panel of PANEL columns by
//      matrix-vector products, the rest of A by one symmetric rank-2k update through the product driver.
//   3. Implicit QL with Wilkinson shifts (Parlett 1998, §8) on d, e; rotations combine contiguous rows of Sᵀ.
//   4. Vᵀ = Sᵀ H_last … H_first, reflectors in blocks I − Y T Yᵀ (compact WY) through the product driver.
//   5. Rows are sorted by eigenvalue.
import { lineBytes } from "./blocksize";
import { dot } from "./level2";
import { product, productScratchBytes } from "./product";
import { hsum, madd, nmadd } from "./simd";

/** Columns of a panel: its matrix-vector half is memory-bound whatever the width, the update wants depth. */
// @ts-ignore: decorator
@inline const PANEL: i32 = 32;
/** QL needs less than two sweeps for an eigenvalue on average; LAPACK gives up at 30. */
// @ts-ignore: decorator
@inline const MAX_SWEEPS: i32 = 60;
/** Zero beside entries of size 1: its square would underflow. */
// @ts-ignore: decorator
@inline const TINY: f64 = 1e-140;
// @ts-ignore: decorator
@inline const EPS: f64 = 1.1102230246251565e-16;

export function deighScratchBytes(vectors: i32, n: i32): f64 {
  const square = vectors ? <f64>n * <f64>n * 8 : 0;
  // Panels (V, W or Y, B, C) and the larger of the two kinds of product: rank-PANEL updates, and S Yᵀ of depth n.
  const products = max(productScratchBytes(n, n, PANEL, 0), productScratchBytes(n, PANEL, n, 0));
  return square + <f64>(n + 16) * (3 * PANEL + 2) * 8 + <f64>(PANEL * PANEL * 8) + products + 1024;
}

export function deigh(vectors: i32, n: i32, a: usize, lda: i32, w: usize, work: usize): i32 {
  if (n == 0) return 0;
  const scale = normalise(n, a, <usize>lda << 3);
  const line = lineBytes(<usize>n + 8);
  const e = work, tau = e + line, rest = tau + line;
  tridiagonalise(n, a, lda, w, e, tau, rest);
  if (!vectors) {
    const info = ql(n, w, e, 0, 0);
    if (info) return info;
    sortRows(n, w, 0, 0);
  } else {
    const s = rest, free = s + lineBytes(<usize>n * <usize>n);
    memory.fill(s, 0, <usize>n * <usize>n << 3);
    for (let i = 0; i < n; i++) store<f64>(s + (<usize>i * (<usize>n + 1) << 3), 1);
    const info = ql(n, w, e, s, <usize>n << 3);
    if (info) return info;
    sortRows(n, w, s, <usize>n << 3);
    applyReflectors(n, a, lda, tau, s, free);
    for (let i = 0; i < n; i++) {
      memory.copy(a + (<usize>i * <usize>lda << 3), s + (<usize>i * <usize>n << 3), <usize>n << 3);
    }
  }
  for (let i = 0; i < n; i++) store<f64>(w + (<usize>i << 3), load<f64>(w + (<usize>i << 3)) * scale);
  return 0;
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

// --- 2. tridiagonal form ---------------------------------------------------------------------------------------------

/**
 * d, e ← the tridiagonal form. Column k of A below the diagonal keeps reflector k from row k + 2 on (its entry k + 1
 * is 1), H = I − tau v vᵀ. Panels store V and W as rows (each n long) in work.
 */
function tridiagonalise(n: i32, a: usize, lda: i32, d: usize, e: usize, tau: usize, work: usize): void {
  const ldBytes = <usize>lda << 3, line = lineBytes(<usize>n + 8);
  const V = work, W = V + line * PANEL, free = W + line * PANEL;
  for (let k0 = 0; k0 < n; k0 += PANEL) {
    const count = min(PANEL, n - k0);
    for (let q = 0; q < count; q++) {
      const k = k0 + q;
      const v = V + <usize>q * line, w = W + <usize>q * line;
      updateColumn(n, k, q, a, ldBytes, V, W, line, v);
      store<f64>(d + (<usize>k << 3), load<f64>(v + (<usize>k << 3)));
      reflect(n, k, a, ldBytes, v, e, tau);
      if (k < n - 1) auxiliary(n, k, q, a, ldBytes, V, W, line, v, w, load<f64>(tau + (<usize>k << 3)), free);
    }
    const next = k0 + count;
    if (next >= n) break;
    // A22 −= V Wᵀ + W Vᵀ, V and W being stored by rows of n: operands are transposed.
    const c = a + <usize>next * (ldBytes + 8), at = <usize>next << 3, ld = <i32>(line >> 3), rows = n - next;
    product(true, 0, rows, rows, count, 1, V + at, ld, 0, W + at, ld, 0, 0, 0, 0, 0, 0, -1, 1, 0, c, lda, free);
    product(true, 0, rows, rows, count, 1, W + at, ld, 0, V + at, ld, 0, 0, 0, 0, 0, 0, -1, 1, 0, c, lda, free);
  }
}

/** v[k..n) = column k of A, brought up to date with the q reflectors of this panel. */
function updateColumn(
  n: i32, k: i32, q: i32, a: usize, ldBytes: usize, V: usize, W: usize, line: usize, v: usize,
): void {
  const column = <usize>k << 3;
  for (let i = k; i < n; i++) store<f64>(v + (<usize>i << 3), load<f64>(a + <usize>i * ldBytes + column));
  for (let p = 0; p < q; p++) {
    const vp = V + <usize>p * line, wp = W + <usize>p * line;
    subtract2(n - k, load<f64>(wp + column), vp + column, load<f64>(vp + column), wp + column, v + column);
  }
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

/** Householder vector of v[k+1..n): v becomes (0.., 1, v') and is kept in column k of A; e_k, tau_k. */
function reflect(n: i32, k: i32, a: usize, ldBytes: usize, v: usize, e: usize, tau: usize): void {
  const at = <usize>k << 3;
  store<f64>(tau + at, 0);
  store<f64>(e + at, 0);
  if (k >= n - 1) return;
  const head = v + at + 8, tail = head + 8, count = n - k - 2;
  const alpha = load<f64>(head), below = Math.sqrt(dot(count, tail, tail));
  let beta = alpha;
  if (below > TINY) {
    beta = -Math.sqrt(alpha * alpha + below * below) * (alpha < 0 ? -1.0 : 1.0);
    const inverse = alpha - beta;
    store<f64>(tau + at, (beta - alpha) / beta);
    for (let i = 0; i < count; i++) {
      const to = tail + (<usize>i << 3);
      store<f64>(to, load<f64>(to) / inverse);
    }
  }
  store<f64>(e + at, beta);
  store<f64>(head, 1);
  for (let i = k + 1; i < n; i++) store<f64>(a + <usize>i * ldBytes + at, load<f64>(v + (<usize>i << 3)));
}

/** w = tau (A v − V Wᵀv − W Vᵀv) − ½ tau (wᵀv) v over rows k + 1 …, A being the block before this panel's update. */
function auxiliary(
  n: i32, k: i32, q: i32, a: usize, ldBytes: usize, V: usize, W: usize, line: usize, v: usize, w: usize, t: f64, tmp: usize,
): void {
  const first = k + 1, at = <usize>first << 3, count = n - first;
  memory.fill(w + at, 0, <usize>count << 3);
  if (t == 0) return;
  symv(count, a + <usize>first * (ldBytes + 8), ldBytes, v + at, w + at);
  for (let p = 0; p < q; p++) {
    const vp = V + <usize>p * line + at, wp = W + <usize>p * line + at;
    subtract2(count, dot(count, wp, v + at), vp, dot(count, vp, v + at), wp, w + at);
  }
  const half = -0.5 * t * t * dot(count, w + at, v + at);
  for (let i = first; i < n; i++) {
    const to = w + (<usize>i << 3);
    store<f64>(to, t * load<f64>(to) + half * load<f64>(v + (<usize>i << 3)));
  }
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

// --- 3. QL -----------------------------------------------------------------------------------------------------------

/** Implicit QL; rows of s (0: none) are rotated along. Returns 1 + the index that did not converge. */
function ql(n: i32, d: usize, e: usize, s: usize, rowBytes: usize): i32 {
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) norm = max(norm, Math.abs(load<f64>(d + (<usize>i << 3))) + Math.abs(load<f64>(e + (<usize>i << 3))));
  // Against the norm, not the neighbours: a sweep over large entries leaves noise of this size beside small ones.
  const negligible = EPS * norm;
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(load<f64>(e + (<usize>m << 3))) > negligible) m++;
      if (m == l) break;
      if (sweep == MAX_SWEEPS) return l + 1;
      qlSweep(l, m, d, e, s, rowBytes);
    }
  }
  return 0;
}

function qlSweep(l: i32, m: i32, d: usize, e: usize, s: usize, rowBytes: usize): void {
  const dl = d + (<usize>l << 3), el = load<f64>(e + (<usize>l << 3));
  let g = (load<f64>(dl, 8) - load<f64>(dl)) / (2 * el);
  let r = Math.sqrt(g * g + 1);
  g = load<f64>(d + (<usize>m << 3)) - load<f64>(dl) + el / (g + (g < 0 ? -r : r));
  let sn: f64 = 1, cs: f64 = 1, p: f64 = 0;
  for (let i = m - 1; i >= l; i--) {
    const di = d + (<usize>i << 3), ei = e + (<usize>i << 3);
    const f = sn * load<f64>(ei), b = cs * load<f64>(ei);
    r = Math.sqrt(f * f + g * g);
    store<f64>(ei, r < TINY ? 0 : r, 8);
    if (r < TINY) {
      store<f64>(di, load<f64>(di, 8) - p, 8);
      store<f64>(e + (<usize>m << 3), 0);
      return;
    }
    sn = f / r;
    cs = g / r;
    g = load<f64>(di, 8) - p;
    r = (load<f64>(di) - g) * sn + 2 * cs * b;
    p = sn * r;
    store<f64>(di, g + p, 8);
    g = cs * r - b;
    if (s) rotate(rowBytes, cs, sn, s + <usize>i * rowBytes);
  }
  store<f64>(dl, load<f64>(dl) - p);
  store<f64>(e + (<usize>l << 3), g);
  store<f64>(e + (<usize>m << 3), 0);
}

/** (x, y) ← (c x − s y, s x + c y) for a row and the next. */
function rotate(rowBytes: usize, c: f64, s: f64, x: usize): void {
  const vc = f64x2.splat(c), vs = f64x2.splat(s), end = x + (rowBytes & ~15);
  let y = x + rowBytes;
  while (x < end) {
    const u = v128.load(x), v = v128.load(y);
    v128.store(x, nmadd(vs, v, f64x2.mul(vc, u)));
    v128.store(y, madd(vs, u, f64x2.mul(vc, v)));
    x += 16;
    y += 16;
  }
  if (rowBytes & 8) {
    const u = load<f64>(x), v = load<f64>(y);
    store<f64>(x, c * u - s * v);
    store<f64>(y, s * u + c * v);
  }
}

// --- 4. back-transformation ------------------------------------------------------------------------------------------

/** S ← S H_(n−2) … H_0 = S Qᵀ, for the rows of S (n×n, packed). Blocks from the last to the first. */
function applyReflectors(n: i32, a: usize, lda: i32, tau: usize, s: usize, work: usize): void {
  const reflectors = n - 1;
  if (reflectors <= 0) return;
  const line = lineBytes(<usize>n + 8);
  const Y = work, T = Y + line * PANEL, B = T + lineBytes(PANEL * PANEL), C = B + lineBytes(<usize>n * PANEL);
  const free = C + lineBytes(<usize>n * PANEL), ld = <i32>(line >> 3);
  for (let k0 = ((reflectors - 1) / PANEL) * PANEL; k0 >= 0; k0 -= PANEL) {
    const count = min(PANEL, reflectors - k0), first = k0 + 1, width = n - first;
    // Rows of Y: the reflectors of this block, from column `first` on.
    for (let q = 0; q < count; q++) {
      const k = k0 + q, row = Y + <usize>q * line;
      for (let j = first; j < n; j++) {
        const x = j <= k ? 0.0 : j == k + 1 ? 1.0 : load<f64>(a + (<usize>j * <usize>lda + <usize>k << 3));
        store<f64>(row + (<usize>(j - first) << 3), x);
      }
    }
    compactWY(count, width, Y, line, tau + (<usize>k0 << 3), T);
    // H_last … H_first = I − Y (Tᵀ) Yᵀ in columns: S −= ((S Yᵀ) Tᵀ) Y with Y by rows.
    const at = s + (<usize>first << 3);
    product(false, 0, n, count, width, 0, at, n, 1, Y, ld, 0, 0, 0, 0, 0, 0, 1, 0, 0, B, PANEL, free);
    product(false, 0, n, count, count, 0, B, PANEL, 1, T, PANEL, 0, 0, 0, 0, 0, 0, 1, 0, 0, C, PANEL, free);
    product(false, 0, n, width, count, 0, C, PANEL, 0, Y, ld, 0, 0, 0, 0, 0, 0, -1, 1, 0, at, n, free);
  }
}

/** T, upper triangular, of H_0 H_1 … = I − V T Vᵀ (LAPACK dlarft), PANEL×PANEL, zeros below. */
function compactWY(count: i32, width: i32, Y: usize, line: usize, tau: usize, T: usize): void {
  memory.fill(T, 0, PANEL * PANEL << 3);
  for (let j = 0; j < count; j++) {
    const t = load<f64>(tau + (<usize>j << 3)), yj = Y + <usize>j * line;
    for (let i = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let p = i; p < j; p++) sum += load<f64>(T + (<usize>(i * PANEL + p) << 3)) * dot(width, Y + <usize>p * line, yj);
      store<f64>(T + (<usize>(i * PANEL + j) << 3), -t * sum);
    }
    store<f64>(T + (<usize>(j * PANEL + j) << 3), t);
  }
}

// --- 5. order --------------------------------------------------------------------------------------------------------

/** Sorts d ascending, with the rows of s (0: none). Selection: n swaps of rows at most. */
function sortRows(n: i32, d: usize, s: usize, rowBytes: usize): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (load<f64>(d + (<usize>j << 3)) < load<f64>(d + (<usize>least << 3))) least = j;
    if (least == i) continue;
    swap(8, d + (<usize>i << 3), d + (<usize>least << 3));
    if (s) swap(rowBytes, s + <usize>i * rowBytes, s + <usize>least * rowBytes);
  }
}

function swap(bytes: usize, x: usize, y: usize): void {
  for (let o: usize = 0; o < bytes; o += 8) {
    const t = load<f64>(x + o);
    store<f64>(x + o, load<f64>(y + o));
    store<f64>(y + o, t);
  }
}
