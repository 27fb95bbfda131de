// Ops that read each number once: gemv, row dots, Hadamard products, mirror, transpose. See src/ops.ts for the
// contract.
import { laneSum, multiplyAdd } from "../simd/words";
import { endRow, firstRow, isWorth, jobRoom, Rows, shareRows } from "../team/team";

/** {@link dotOf} of doubles. */
// @ts-ignore: decorator
@inline
export function dot(count: i32, x: usize, y: usize): f64 {
  return dotOf<f64>(count, x, y);
}

/** Σ x_j y_j over `count`, four accumulators: at the speed of the loads. */
// @ts-ignore: decorator
@inline
export function dotOf<T>(count: i32, x: usize, y: usize): T {
  const zero = v128.splat<T>(<T>0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  const bytes = <usize>count * sizeof<T>(), end = x + bytes, lines = x + (bytes & ~63), vectors = x + (bytes & ~15);
  while (x < lines) {
    s0 = multiplyAdd<T>(v128.load(x), v128.load(y), s0);
    s1 = multiplyAdd<T>(v128.load(x, 16), v128.load(y, 16), s1);
    s2 = multiplyAdd<T>(v128.load(x, 32), v128.load(y, 32), s2);
    s3 = multiplyAdd<T>(v128.load(x, 48), v128.load(y, 48), s3);
    x += 64;
    y += 64;
  }
  while (x < vectors) {
    s0 = multiplyAdd<T>(v128.load(x), v128.load(y), s0);
    x += 16;
    y += 16;
  }
  let s = laneSum<T>(v128.add<T>(v128.add<T>(s0, s1), v128.add<T>(s2, s3)));
  while (x < end) {
    s = <T>(s + <T>(load<T>(x) * load<T>(y)));
    x += sizeof<T>();
    y += sizeof<T>();
  }
  return s;
}

export function gemv(
  rowStart: i32, rowEnd: i32, n: i32, alpha: f64, a: usize, lda: i32, x: usize, gamma: f64, y: usize,
): i32 {
  return rowdot(rowStart, rowEnd, n, alpha, a, lda, x, 0, gamma, y);
}

export function rowdot(
  rowStart: i32, rowEnd: i32, n: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, out: usize,
): i32 {
  if (isWorth(DOT_TIME * <f64>(rowEnd - rowStart) * <f64>n)) {
    const job = changetype<RowDots>(jobRoom());
    job.n = n; job.alpha = alpha; job.a = a; job.lda = lda; job.b = b; job.ldb = ldb; job.gamma = gamma; job.out = out;
    shareRows(rowdotUnit, job, rowStart, rowEnd, 8, 0, 0);
    return 0;
  }
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, to = out + (row << 3);
    const s = alpha * dot(n, a + (row * <usize>lda << 3), b + (row * <usize>ldb << 3));
    store<f64>(to, gamma != 0 ? gamma * load<f64>(to) + s : s);
  }
  return 0;
}

/** Nanoseconds for a number of a matrix that is read once, from memory. */
// @ts-ignore: decorator
@inline const DOT_TIME: f64 = 0.4;

@unmanaged
class RowDots extends Rows {
  n: i32;
  alpha: f64;
  a: usize;
  lda: i32;
  b: usize;
  ldb: i32;
  gamma: f64;
  out: usize;
}

function rowdotUnit(address: usize, unit: i32, _work: usize): void {
  const job = changetype<RowDots>(address);
  rowdot(firstRow(job, unit), endRow(job, unit), job.n, job.alpha, job.a, job.lda, job.b, job.ldb, job.gamma, job.out);
}

export function hadamard<T>(
  rowStart: i32, rowEnd: i32, m: i32, alpha: f64, a: usize, lda: i32, period: i32, b: usize, ldb: i32, repeat: i32,
  c: usize, ldc: i32,
): i32 {
  if (isWorth(2 * DOT_TIME * <f64>(rowEnd - rowStart) * <f64>m)) {
    const job = changetype<Hadamard>(jobRoom());
    job.m = m; job.alpha = alpha; job.a = a; job.lda = lda; job.period = period; job.b = b; job.ldb = ldb;
    job.repeat = repeat; job.c = c; job.ldc = ldc;
    shareRows(sizeof<T>() == 4 ? hadamardUnit32 : hadamardUnit64, job, rowStart, rowEnd, 1, 0, 0);
    return 0;
  }
  const bytes = <usize>m * sizeof<T>(), va = v128.splat<T>(<T>alpha);
  for (let i = rowStart; i < rowEnd; i++) {
    const x = a + <usize>(period ? i % period : i) * <usize>lda * sizeof<T>(), y = b + <usize>(i / repeat) * <usize>ldb * sizeof<T>();
    const to = c + <usize>i * <usize>ldc * sizeof<T>();
    let o: usize = 0;
    for (; o + 16 <= bytes; o += 16) v128.store(to + o, v128.mul<T>(v128.mul<T>(va, v128.load(x + o)), v128.load(y + o)));
    for (; o < bytes; o += sizeof<T>()) store<T>(to + o, <T>(<T>(<T>alpha * load<T>(x + o)) * load<T>(y + o)));
  }
  return 0;
}

@unmanaged
class Hadamard extends Rows {
  m: i32;
  alpha: f64;
  a: usize;
  lda: i32;
  period: i32;
  b: usize;
  ldb: i32;
  repeat: i32;
  c: usize;
  ldc: i32;
}

function hadamardUnit<T>(address: usize, unit: i32): void {
  const j = changetype<Hadamard>(address);
  hadamard<T>(firstRow(j, unit), endRow(j, unit), j.m, j.alpha, j.a, j.lda, j.period, j.b, j.ldb, j.repeat, j.c, j.ldc);
}

function hadamardUnit64(job: usize, unit: i32, work: usize): void {
  hadamardUnit<f64>(job, unit);
}

function hadamardUnit32(job: usize, unit: i32, work: usize): void {
  hadamardUnit<f32>(job, unit);
}

/** 32×32 blocks (8 KiB each side): a page-long stride is walked 32 times, not n. */
// @ts-ignore: decorator
@inline const BLOCK: i32 = 32;

@unmanaged
class Transpose extends Rows {
  cols: i32;
  a: usize;
  lda: i32;
  b: usize;
  ldb: i32;
}

function transposeUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Transpose>(address);
  transposeRows(firstRow(t, unit), endRow(t, unit), t.cols, t.a, t.lda, t.b, t.ldb);
}

export function transpose(rows: i32, cols: i32, a: usize, lda: i32, b: usize, ldb: i32): i32 {
  if (isWorth(2 * MIRROR_TIME * <f64>rows * <f64>cols)) {
    const job = changetype<Transpose>(jobRoom());
    job.cols = cols; job.a = a; job.lda = lda; job.b = b; job.ldb = ldb;
    shareRows(transposeUnit, job, 0, rows, BLOCK, 0, 0);
  } else transposeRows(0, rows, cols, a, lda, b, ldb);
  return 0;
}

function transposeRows(from: i32, rows: i32, cols: i32, a: usize, lda: i32, b: usize, ldb: i32): void {
  for (let i0 = from; i0 < rows; i0 += BLOCK) {
    for (let j0 = 0; j0 < cols; j0 += BLOCK) {
      transposeBlock<f64>(
        min(BLOCK, rows - i0), min(BLOCK, cols - j0),
        a + (<usize>i0 * <usize>lda + <usize>j0 << 3), <usize>lda << 3,
        b + (<usize>j0 * <usize>ldb + <usize>i0 << 3), <usize>ldb << 3,
      );
    }
  }
}

/** B = Aᵀ; pairs of doubles go through lanes. */
function transposeBlock<T>(rows: i32, cols: i32, a: usize, aBytes: usize, b: usize, bBytes: usize): void {
  let i = 0;
  for (; sizeof<T>() == 8 && i + 2 <= rows; i += 2) {
    let p = a + <usize>i * aBytes, q = p + aBytes, to = b + (<usize>i << 3);
    let j = 0;
    for (; j + 2 <= cols; j += 2) {
      const x = v128.load(p), y = v128.load(q);
      v128.store(to, v128.shuffle<f64>(x, y, 0, 2));
      v128.store(to + bBytes, v128.shuffle<f64>(x, y, 1, 3));
      p += 16;
      q += 16;
      to += bBytes << 1;
    }
    if (j < cols) {
      store<f64>(to, load<f64>(p));
      store<f64>(to, load<f64>(q), 8);
    }
  }
  for (; i < rows; i++) {
    let p = a + <usize>i * aBytes, to = b + <usize>i * sizeof<T>();
    for (let j = 0; j < cols; j++, p += sizeof<T>(), to += bBytes) store<T>(to, load<T>(p));
  }
}

export function mirror<T>(n: i32, a: usize, lda: i32): i32 {
  if (isWorth(MIRROR_TIME * <f64>n * <f64>n)) {
    const job = changetype<Mirror>(jobRoom());
    job.a = a; job.lda = lda;
    shareRows(sizeof<T>() == 4 ? mirrorUnit32 : mirrorUnit64, job, 0, n, BLOCK, 0, 0);
  } else mirrorRows<T>(0, n, a, lda);
  return 0;
}

/** Nanoseconds for half a number of a matrix. */
// @ts-ignore: decorator
@inline const MIRROR_TIME: f64 = 0.7;

@unmanaged
class Mirror extends Rows {
  a: usize;
  lda: i32;
}

function mirrorUnit<T>(address: usize, unit: i32): void {
  const job = changetype<Mirror>(address);
  mirrorRows<T>(firstRow(job, unit), endRow(job, unit), job.a, job.lda);
}

function mirrorUnit64(job: usize, unit: i32, work: usize): void {
  mirrorUnit<f64>(job, unit);
}

function mirrorUnit32(job: usize, unit: i32, work: usize): void {
  mirrorUnit<f32>(job, unit);
}

/** Mirrors rows [from, to); `from` is a multiple of BLOCK. */
function mirrorRows<T>(from: i32, to: i32, a: usize, lda: i32): void {
  const n = to, ldBytes = <usize>lda * sizeof<T>();
  for (let i0 = from; i0 < n; i0 += BLOCK) {
    const rows = min(BLOCK, n - i0);
    mirrorDiagonal<T>(rows, a + <usize>i0 * (ldBytes + sizeof<T>()), ldBytes);
    for (let j0 = 0; j0 < i0; j0 += BLOCK) {
      const low = a + <usize>i0 * ldBytes + <usize>j0 * sizeof<T>(), up = a + <usize>j0 * ldBytes + <usize>i0 * sizeof<T>();
      transposeBlock<T>(rows, BLOCK, low, ldBytes, up, ldBytes);
    }
  }
}

function mirrorDiagonal<T>(rows: i32, a: usize, ldBytes: usize): void {
  for (let i = 1; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const from = a + <usize>i * ldBytes + <usize>j * sizeof<T>(), to = a + <usize>j * ldBytes + <usize>i * sizeof<T>();
      store<T>(to, load<T>(from));
    }
  }
}

@unmanaged
class Asymmetry extends Rows {
  a: usize;
  lda: i32;
  n: i32;
  /** Bits of the largest difference. Bits of numbers ≥ 0 are in the order of the numbers, and NaN comes last. */
  worst: u64;
}

export function asymmetry(n: i32, a: usize, lda: i32): f64 {
  if (!isWorth(MIRROR_TIME * <f64>n * <f64>n)) return asymmetryOf(0, n, n, a, lda);
  const job = changetype<Asymmetry>(jobRoom());
  job.a = a; job.lda = lda; job.n = n; job.worst = 0;
  shareRows(asymmetryUnit, job, 0, n, BLOCK, 0, 0);
  return reinterpret<f64>(job.worst);
}

function asymmetryUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Asymmetry>(address), at = address + offsetof<Asymmetry>("worst");
  const mine = reinterpret<u64>(asymmetryOf(firstRow(t, unit), endRow(t, unit), t.n, t.a, t.lda)) & ~(<u64>1 << 63);
  let held = atomic.load<u64>(at);
  while (held < mine) {
    const seen = atomic.cmpxchg<u64>(at, held, mine);
    if (seen == held) return;
    held = seen;
  }
}

/** Rows [from, to) against columns, in squares of BLOCK, so that both sides stay in L1; 2×2 entries at a time. */
function asymmetryOf(from: i32, to: i32, n: i32, a: usize, lda: i32): f64 {
  const ldBytes = <usize>lda << 3;
  let worst = f64x2.splat(0);
  for (let i0 = from; i0 < to; i0 += BLOCK) {
    for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
      for (let i = i0, end = min(to, i0 + BLOCK); i < end; i += 2) {
        // Without a second row the first stands in for it.
        const row = a + <usize>i * ldBytes, next = i + 1 < n ? ldBytes : 0, right: usize = i + 1 < n ? 8 : 0;
        for (let j = j0, last = min(i + 1, j0 + BLOCK); j < last; j += 2) {
          // In the square on the diagonal, column j + 1 may lie beyond the last one.
          const beside: usize = j + 1 < n ? 8 : 0, below: usize = j + 1 < n ? ldBytes : 0;
          const low = row + (<usize>j << 3), up = a + <usize>j * ldBytes + (<usize>i << 3);
          const x = pair(low, low + beside), y = pair(low + next, low + next + beside);
          const p = pair(up, up + below), q = pair(up + right, up + right + below);
          worst = f64x2.max(worst, f64x2.abs(f64x2.sub(x, p)));
          worst = f64x2.max(worst, f64x2.abs(f64x2.sub(y, q)));
        }
      }
    }
  }
  return max(f64x2.extract_lane(worst, 0), f64x2.extract_lane(worst, 1));
}

// @ts-ignore: decorator
@inline
function pair(p: usize, q: usize): v128 {
  return v128.load64_lane(q, v128.load64_zero(p), 1);
}
