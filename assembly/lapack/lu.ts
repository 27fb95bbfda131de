// LU factor with partial pivoting, recursive over columns (Toledo 1997): the left half with all rows, then U12 =
// L11⁻¹ A12, A22 −= L21 U12, and the right half. All but the base cases is the product driver. A swap exchanges whole
// rows, which are contiguous, so each row moves once for each pivot. See src/ops.ts for the contract.
import { roundUp } from "../blas/blocksize";
import { transpose } from "../blas/level2";
import { multiply, productScratchBytes } from "../blas/product";
import { nmadd } from "../simd/words";
import { threads } from "../team/team";

/** Columns of a panel, and rows of the base case of U12. A panel lies transposed in scratch: its columns are walked. */
// @ts-ignore: decorator
@inline const BASE: i32 = 16;

export function getrfScratchBytes(n: i32): f64 {
  return max(productScratchBytes<f64>(n, n, n, 0, threads()), <f64>roundUp(n, 8) * BASE * 8);
}

export function getrf(n: i32, tolerance: f64, a: usize, lda: i32, pivots: usize, work: usize): i32 {
  return recurse(n, 0, n, tolerance, a, lda, pivots, work);
}

/** Columns [from, from + width) of the rows from `from` on. */
function recurse(n: i32, from: i32, width: i32, tolerance: f64, a: usize, lda: i32, pivots: usize, work: usize): i32 {
  if (width <= BASE) return panel(n, from, width, tolerance, a, lda, pivots, work);
  const n1 = half(width), n2 = width - n1;
  const a11 = a + (<usize>from * (<usize>lda + 1) << 3), down = <usize>n1 * <usize>lda << 3, right = <usize>n1 << 3;
  const info = recurse(n, from, n1, tolerance, a, lda, pivots, work);
  if (info) return info;
  solveLeft(n1, n2, a11, a11 + right, lda, work);
  multiply<f64>(
    false, 0, n - from - n1, n2, n1, 0, a11 + down, lda, 0, a11 + right, lda, -1, 1, a11 + down + right, lda, work,
  );
  return recurse(n, from + n1, n2, tolerance, a, lda, pivots, work);
}

/** Half of n, a whole number of base cases. */
// @ts-ignore: decorator
@inline
function half(n: i32): i32 {
  return roundUp((n + 1) >> 1, BASE);
}

function panel(n: i32, from: i32, width: i32, tolerance: f64, a: usize, lda: i32, pivots: usize, work: usize): i32 {
  const rows = n - from, ldw = roundUp(rows, 8), columnBytes = <usize>ldw << 3, ldBytes = <usize>lda << 3;
  const a11 = a + <usize>from * (ldBytes + 8);
  transpose(rows, width, a11, lda, work, ldw);
  for (let j = 0; j < width; j++) {
    const column = work + <usize>j * columnBytes, at = largest(column, j, rows);
    const pivot = load<f64>(column + (<usize>at << 3)), size = Math.abs(pivot);
    if (!(size > tolerance && size < Infinity)) return from + j + 1;
    store<f64>(pivots + (<usize>(from + j) << 3), <f64>(from + at));
    if (at != j) {
      for (let k = 0; k < width; k++) exchange(work + <usize>k * columnBytes, j, at);
      exchangeRows(n, a + <usize>(from + j) * ldBytes, a + <usize>(from + at) * ldBytes);
    }
    divide(column, j + 1, rows, pivot);
    for (let k = j + 1; k < width; k++) subtract(column, work + <usize>k * columnBytes, j, rows);
  }
  transpose(width, rows, work, ldw, a11, lda);
  return 0;
}

/** The place of the first of the largest entries in [from, to). */
function largest(column: usize, from: i32, to: i32): i32 {
  let at = from, most = Math.abs(load<f64>(column + (<usize>from << 3)));
  for (let i = from + 1; i < to; i++) {
    const size = Math.abs(load<f64>(column + (<usize>i << 3)));
    if (size > most) {
      most = size;
      at = i;
    }
  }
  return at;
}

// @ts-ignore: decorator
@inline
function exchange(column: usize, i: i32, j: i32): void {
  const p = column + (<usize>i << 3), q = column + (<usize>j << 3), x = load<f64>(p);
  store<f64>(p, load<f64>(q));
  store<f64>(q, x);
}

function exchangeRows(n: i32, p: usize, q: usize): void {
  const end = p + (<usize>n << 3), pairs = p + (<usize>(n & ~1) << 3);
  for (; p < pairs; p += 16, q += 16) {
    const x = v128.load(p);
    v128.store(p, v128.load(q));
    v128.store(q, x);
  }
  if (p < end) exchange(p, 0, <i32>(q - p) >> 3);
}

function divide(column: usize, from: i32, to: i32, pivot: f64): void {
  let p = column + (<usize>from << 3);
  const end = column + (<usize>to << 3), by = f64x2.splat(pivot);
  for (; p + 16 <= end; p += 16) v128.store(p, f64x2.div(v128.load(p), by));
  if (p < end) store<f64>(p, load<f64>(p) / pivot);
}

/** to_i −= to_j l_i for the rows below j. */
function subtract(l: usize, to: usize, j: i32, rows: i32): void {
  const first = <usize>(j + 1) << 3, u = load<f64>(to + first - 8), by = f64x2.splat(u), end = l + (<usize>rows << 3);
  l += first;
  to += first;
  for (; l + 32 <= end; l += 32, to += 32) {
    v128.store(to, nmadd(by, v128.load(l), v128.load(to)));
    v128.store(to, nmadd(by, v128.load(l, 16), v128.load(to, 16)), 16);
  }
  for (; l < end; l += 8, to += 8) store<f64>(to, load<f64>(to) - u * load<f64>(l));
}

/** X ← L⁻¹ X in place, L unit lower n×n, X n×cols, both in rows of lda. */
function solveLeft(n: i32, cols: i32, l: usize, x: usize, lda: i32, work: usize): void {
  if (n <= BASE) {
    const ldBytes = <usize>lda << 3;
    let j = 0;
    for (; j + 8 <= cols; j += 8) eliminateEight(n, l, x + (<usize>j << 3), ldBytes);
    for (; j < cols; j++) eliminateOne(n, l, x + (<usize>j << 3), ldBytes);
    return;
  }
  const n1 = half(n), down = <usize>n1 * <usize>lda << 3, l21 = l + down, x2 = x + down;
  solveLeft(n1, cols, l, x, lda, work);
  multiply<f64>(false, 0, n - n1, cols, n1, 0, l21, lda, 0, x, lda, -1, 1, x2, lda, work);
  solveLeft(n - n1, cols, l21 + (<usize>n1 << 3), x2, lda, work);
}

/** x_i −= Σ_{t<i} L_it x_t for eight columns. */
function eliminateEight(n: i32, l: usize, x: usize, ldBytes: usize): void {
  for (let i = 1; i < n; i++) {
    const row = l + <usize>i * ldBytes, to = x + <usize>i * ldBytes;
    let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
    for (let p = row, from = x; from < to; p += 8, from += ldBytes) {
      const c = v128.load64_splat(p);
      s0 = nmadd(c, v128.load(from), s0);
      s1 = nmadd(c, v128.load(from, 16), s1);
      s2 = nmadd(c, v128.load(from, 32), s2);
      s3 = nmadd(c, v128.load(from, 48), s3);
    }
    v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
  }
}

/** {@link eliminateEight} for one column. */
function eliminateOne(n: i32, l: usize, x: usize, ldBytes: usize): void {
  for (let i = 1; i < n; i++) {
    const row = l + <usize>i * ldBytes, to = x + <usize>i * ldBytes;
    let s = load<f64>(to);
    for (let p = row, from = x; from < to; p += 8, from += ldBytes) s -= load<f64>(p) * load<f64>(from);
    store<f64>(to, s);
  }
}
