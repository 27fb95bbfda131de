// Triangular solves from the right, B ← B L⁻ᵀ or B L⁻¹: see src/ops.ts for the contract.
// Halved recursively: half of L is a gemm. The base case solves four vectors of rows of B at a time in lanes, so each
// row's arithmetic is its own and row ranges do not change bits.
import { dotOf } from "./level2";
import { linesOf, roundUp } from "./blocksize";
import { multiply, productScratchBytes, productTime } from "./product";
import { multiplySubtract, splatAt } from "../simd/words";
import { forEachUnit, isWorth, threads } from "../team/team";

/** Size of the base case: its substitution in lanes runs at half the speed of gemm, over n²·BASE/2 of n³/2. */
// @ts-ignore: decorator
@inline const BASE: i32 = 24;

/**
 * Up to this order, threads share the rows of B; above, they share the products. Each unit packs its part of L, so a
 * unit of {@link ROWS} rows packs one number for each 64 multiply-adds.
 */
// @ts-ignore: decorator
@inline const WHOLE: i32 = 192;
/** Most rows of a unit. */
// @ts-ignore: decorator
@inline const ROWS: i32 = 128;

export function trsmScratchBytes<T>(rows: i32, n: i32): f64 {
  return max(rowsScratchBytes<T>(rows, n, threads()), <f64>ownBytes<T>(n) * <f64>threads()) + <f64>linesOf<u8>(offsetof<Solve>());
}

/** Bytes of {@link trsmRows}. */
function rowsScratchBytes<T>(rows: i32, n: i32, team: i32): f64 {
  return productScratchBytes<T>(rows, n, n, 0, team) + <f64>(BASE * 64);
}

/** Bytes of each thread. */
function ownBytes<T>(n: i32): usize {
  return linesOf<u8>(<usize>rowsScratchBytes<T>(ROWS, min(n, WHOLE), 1));
}

/** A solve whose rows are shared. */
@unmanaged
class Solve {
  trans: i32;
  rowStart: i32;
  rowEnd: i32;
  rows: i32;
  n: i32;
  l: usize;
  ldl: i32;
  b: usize;
  ldb: i32;
}

function trsmUnit<T>(address: usize, unit: i32, work: usize): void {
  const job = changetype<Solve>(address), from = job.rowStart + unit * job.rows;
  trsmRows<T>(job.trans, from, min(from + job.rows, job.rowEnd), job.n, job.l, job.ldl, job.b, job.ldb, work);
}

function trsmUnit64(job: usize, unit: i32, work: usize): void {
  trsmUnit<f64>(job, unit, work);
}

function trsmUnit32(job: usize, unit: i32, work: usize): void {
  trsmUnit<f32>(job, unit, work);
}

export function trsm<T>(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): i32 {
  const time = productTime<T>(true, rowEnd - rowStart, n, n);
  if (n > WHOLE || !isWorth(time)) {
    trsmRows<T>(trans, rowStart, rowEnd, n, l, ldl, b, ldb, work + linesOf<u8>(offsetof<Solve>()));
    return 0;
  }
  const job = changetype<Solve>(work);
  const share = (rowEnd - rowStart + 4 * threads() - 1) / (4 * threads()), rows = min(ROWS, roundUp(share, group<T>()));
  job.trans = trans; job.rowStart = rowStart; job.rowEnd = rowEnd; job.rows = rows;
  job.n = n; job.l = l; job.ldl = ldl; job.b = b; job.ldb = ldb;
  const units = (rowEnd - rowStart + rows - 1) / rows;
  forEachUnit(sizeof<T>() == 4 ? trsmUnit32 : trsmUnit64, units, work, work + linesOf<u8>(offsetof<Solve>()), ownBytes<T>(n), time);
  return 0;
}

/** Rows of the base case: four vectors of them. */
// @ts-ignore: decorator
@inline
function group<T>(): i32 {
  return 64 / sizeof<T>();
}

function trsmRows<T>(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): void {
  if (n <= BASE) {
    for (let i = rowStart; i < rowEnd; i += group<T>()) {
      const live = min(group<T>(), rowEnd - i), at = b + <usize>i * <usize>ldb * sizeof<T>();
      gather<T>(live, n, at, <usize>ldb * sizeof<T>(), work);
      if (trans) forward<T>(n, l, <usize>ldl * sizeof<T>(), work);
      else backward<T>(n, l, <usize>ldl * sizeof<T>(), work);
      scatter<T>(live, n, work, at, <usize>ldb * sizeof<T>());
    }
    return;
  }
  const n1 = split(n), n2 = n - n1;
  const l21 = l + <usize>n1 * <usize>ldl * sizeof<T>(), l22 = l21 + <usize>n1 * sizeof<T>(), b2 = b + <usize>n1 * sizeof<T>();
  if (trans) {
    trsm<T>(1, rowStart, rowEnd, n1, l, ldl, b, ldb, work);
    multiply<T>(false, rowStart, rowEnd, n2, n1, 0, b, ldb, 1, l21, ldl, -1, 1, b2, ldb, work);
    trsm<T>(1, rowStart, rowEnd, n2, l22, ldl, b2, ldb, work);
  } else {
    trsm<T>(0, rowStart, rowEnd, n2, l22, ldl, b2, ldb, work);
    multiply<T>(false, rowStart, rowEnd, n1, n2, 0, b2, ldb, 0, l21, ldl, -1, 1, b, ldb, work);
    trsm<T>(0, rowStart, rowEnd, n1, l, ldl, b, ldb, work);
  }
}

/** Half of n, a whole number of base cases. */
// @ts-ignore: decorator
@inline
export function split(n: i32): i32 {
  return ((n + 2 * BASE - 1) / (2 * BASE)) * BASE;
}

/** work[j] = the entries of column j of up to {@link group} rows; lanes past `live` are zero. */
function gather<T>(live: i32, n: i32, b: usize, ldBytes: usize, work: usize): void {
  if (live < group<T>()) memory.fill(work, 0, <usize>n << 6);
  for (let r = 0; r < live; r++) {
    let to = work + <usize>r * sizeof<T>();
    for (let j = 0; j < n; j++, to += 64) store<T>(to, load<T>(b + <usize>j * sizeof<T>()));
    b += ldBytes;
  }
}

function scatter<T>(live: i32, n: i32, work: usize, b: usize, ldBytes: usize): void {
  for (let r = 0; r < live; r++) {
    let from = work + <usize>r * sizeof<T>();
    for (let j = 0; j < n; j++, from += 64) store<T>(b + <usize>j * sizeof<T>(), load<T>(from));
    b += ldBytes;
  }
}

/** x_j = (b_j − Σ_{t<j} x_t L_jt) / L_jj. */
function forward<T>(n: i32, l: usize, ldBytes: usize, work: usize): void {
  for (let j = 0; j < n; j++) {
    const to = work + (<usize>j << 6), diagonal = l + <usize>j * sizeof<T>();
    eliminate<T>(work, to, l, sizeof<T>(), to);
    divide<T>(to, diagonal);
    l += ldBytes;
  }
}

/** x_j = (b_j − Σ_{t>j} x_t L_tj) / L_jj. */
function backward<T>(n: i32, l: usize, ldBytes: usize, work: usize): void {
  const end = work + (<usize>n << 6);
  for (let j = n - 1; j >= 0; j--) {
    const to = work + (<usize>j << 6), diagonal = l + <usize>j * (ldBytes + sizeof<T>());
    eliminate<T>(to + 64, end, diagonal + ldBytes, ldBytes, to);
    divide<T>(to, diagonal);
  }
}

/** to −= Σ x · l over the columns [x, end), l stepping by `lBytes`. */
// @ts-ignore: decorator
@inline
function eliminate<T>(x: usize, end: usize, l: usize, lBytes: usize, to: usize): void {
  let s0 = v128.load(to), s1 = v128.load(to, 16), s2 = v128.load(to, 32), s3 = v128.load(to, 48);
  while (x < end) {
    const c = splatAt<T>(l);
    s0 = multiplySubtract<T>(c, v128.load(x), s0);
    s1 = multiplySubtract<T>(c, v128.load(x, 16), s1);
    s2 = multiplySubtract<T>(c, v128.load(x, 32), s2);
    s3 = multiplySubtract<T>(c, v128.load(x, 48), s3);
    l += lBytes;
    x += 64;
  }
  v128.store(to, s0); v128.store(to, s1, 16); v128.store(to, s2, 32); v128.store(to, s3, 48);
}

// @ts-ignore: decorator
@inline
function divide<T>(to: usize, diagonal: usize): void {
  const d = splatAt<T>(diagonal);
  for (let o: usize = 0; o < 64; o += 16) v128.store(to + o, v128.div<T>(v128.load(to + o), d));
}

export function trsv<T>(trans: i32, n: i32, l: usize, ldl: i32, b: usize): i32 {
  const ldBytes = <usize>ldl * sizeof<T>();
  if (trans) {
    for (let i = 0; i < n; i++) {
      const row = l + <usize>i * ldBytes, to = b + <usize>i * sizeof<T>();
      store<T>(to, <T>(<T>(load<T>(to) - dotOf<T>(i, row, b)) / load<T>(row + <usize>i * sizeof<T>())));
    }
    return 0;
  }
  for (let i = n - 1; i >= 0; i--) {
    const bytes = <usize>i * sizeof<T>(), row = l + <usize>i * ldBytes, to = b + bytes;
    const x = <T>(load<T>(to) / load<T>(row + bytes)), vx = v128.splat<T>(x);
    store<T>(to, x);
    let o: usize = 0;
    for (; o + 16 <= bytes; o += 16) v128.store(b + o, multiplySubtract<T>(vx, v128.load(row + o), v128.load(b + o)));
    for (; o < bytes; o += sizeof<T>()) store<T>(b + o, <T>(load<T>(b + o) - <T>(x * load<T>(row + o))));
  }
  return 0;
}
