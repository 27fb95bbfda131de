// Triangular solves from the right, B ← B L⁻ᵀ or B L⁻¹: see src/ops.ts for the contract.
// Halved recursively: half of L is a gemm. The base case solves eight rows of B at a time in lanes, so each row's
// arithmetic is its own and row ranges do not change bits.
import { lineBytes } from "./blocksize";
import { dot } from "./level2";
import { multiply, productScratchBytes } from "./product";
import { nmadd } from "./simd";

/** Size of the base case: its eight-lane substitution runs at half the speed of gemm, over n²·BASE/2 of n³/2. */
// @ts-ignore: decorator
@inline const BASE: i32 = 24;

export function dtrsmScratchBytes(rows: i32, n: i32): f64 {
  return productScratchBytes<f64>(rows, n, n, 0) + <f64>(BASE * 64);
}

export function dtrsm(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): i32 {
  if (n <= BASE) {
    for (let i = rowStart; i < rowEnd; i += 8) {
      const live = min(8, rowEnd - i), at = b + (<usize>i * <usize>ldb << 3);
      gather(live, n, at, <usize>ldb << 3, work);
      if (trans) forward(n, l, <usize>ldl << 3, work);
      else backward(n, l, <usize>ldl << 3, work);
      scatter(live, n, work, at, <usize>ldb << 3);
    }
    return 0;
  }
  const n1 = split(n), n2 = n - n1;
  const l21 = l + (<usize>n1 * <usize>ldl << 3), l22 = l21 + (<usize>n1 << 3), b2 = b + (<usize>n1 << 3);
  if (trans) {
    dtrsm(1, rowStart, rowEnd, n1, l, ldl, b, ldb, work);
    multiply<f64>(false, rowStart, rowEnd, n2, n1, 0, b, ldb, 1, l21, ldl, -1, 1, b2, ldb, work);
    dtrsm(1, rowStart, rowEnd, n2, l22, ldl, b2, ldb, work);
  } else {
    dtrsm(0, rowStart, rowEnd, n2, l22, ldl, b2, ldb, work);
    multiply<f64>(false, rowStart, rowEnd, n1, n2, 0, b2, ldb, 0, l21, ldl, -1, 1, b, ldb, work);
    dtrsm(0, rowStart, rowEnd, n1, l, ldl, b, ldb, work);
  }
  return 0;
}

/** Half of n, a whole number of base cases. */
// @ts-ignore: decorator
@inline
export function split(n: i32): i32 {
  return ((n + 2 * BASE - 1) / (2 * BASE)) * BASE;
}

/** work[j] = the entries of column j of up to eight rows; lanes past `live` are zero. */
function gather(live: i32, n: i32, b: usize, ldBytes: usize, work: usize): void {
  if (live < 8) memory.fill(work, 0, <usize>n << 6);
  for (let r = 0; r < live; r++) {
    let to = work + (<usize>r << 3);
    for (let j = 0; j < n; j++, to += 64) store<f64>(to, load<f64>(b + (<usize>j << 3)));
    b += ldBytes;
  }
}

function scatter(live: i32, n: i32, work: usize, b: usize, ldBytes: usize): void {
  for (let r = 0; r < live; r++) {
    let from = work + (<usize>r << 3);
    for (let j = 0; j < n; j++, from += 64) store<f64>(b + (<usize>j << 3), load<f64>(from));
    b += ldBytes;
  }
}

/** x_j = (b_j − Σ_{t<j} x_t L_jt) / L_jj. */
function forward(n: i32, l: usize, ldBytes: usize, work: usize): void {
  for (let j = 0; j < n; j++) {
    const to = work + (<usize>j << 6), diagonal = l + (<usize>j << 3);
    eliminate(work, to, l, 8, to);
    divide(to, diagonal);
    l += ldBytes;
  }
}

/** x_j = (b_j − Σ_{t>j} x_t L_tj) / L_jj. */
function backward(n: i32, l: usize, ldBytes: usize, work: usize): void {
  const end = work + (<usize>n << 6);
  for (let j = n - 1; j >= 0; j--) {
    const to = work + (<usize>j << 6), diagonal = l + <usize>j * (ldBytes + 8);
    eliminate(to + 64, end, diagonal + ldBytes, ldBytes, to);
    divide(to, diagonal);
  }
}

/** to −= Σ x · l over the columns [x, end), l stepping by `lBytes`. */
// @ts-ignore: decorator
@inline
function eliminate(x: usize, end: usize, l: usize, lBytes: usize, to: usize): void {
  let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
  while (x < end) {
    const c = v128.load64_splat(l);
    s0 = nmadd(c, v128.load(x), s0);
    s1 = nmadd(c, v128.load(x, 16), s1);
    s2 = nmadd(c, v128.load(x, 32), s2);
    s3 = nmadd(c, v128.load(x, 48), s3);
    l += lBytes;
    x += 64;
  }
  v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
}

// @ts-ignore: decorator
@inline
function divide(to: usize, diagonal: usize): void {
  const d = v128.load64_splat(diagonal);
  for (let o: usize = 0; o < 64; o += 16) v128.store(to + o, f64x2.div(v128.load(to + o), d));
}

export function dtrsv(trans: i32, n: i32, l: usize, ldl: i32, b: usize): i32 {
  const ldBytes = <usize>ldl << 3;
  if (trans) {
    for (let i = 0; i < n; i++) {
      const row = l + <usize>i * ldBytes, to = b + (<usize>i << 3);
      store<f64>(to, (load<f64>(to) - dot(i, row, b)) / load<f64>(row + (<usize>i << 3)));
    }
    return 0;
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = l + <usize>i * ldBytes, to = b + (<usize>i << 3);
    const x = load<f64>(to) / load<f64>(row + (<usize>i << 3)), vx = f64x2.splat(x);
    store<f64>(to, x);
    let o: usize = 0;
    const bytes = <usize>i << 3;
    for (; o + 16 <= bytes; o += 16) v128.store(b + o, nmadd(vx, v128.load(row + o), v128.load(b + o)));
    if (o < bytes) store<f64>(b + o, load<f64>(b + o) - x * load<f64>(row + o));
  }
  return 0;
}
