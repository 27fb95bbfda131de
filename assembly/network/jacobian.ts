// Rows of the Jacobian and the vector-Jacobian product of a layer: see src/ops.ts for the contract.
import { madd } from "../simd/words";
import { endRow, firstRow, isWorth, jobRoom, Rows, shareRows } from "../team/team";

export function khatrirao(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, scale: f64, g: usize, ldg: i32, x: usize, ldx: i32, repeat: i32,
  j: usize, ldj: i32,
): i32 {
  if (isWorth(WRITE_TIME * <f64>(rowEnd - rowStart) * <f64>m * <f64>d)) {
    const job = changetype<KhatriRao>(jobRoom());
    job.m = m; job.d = d; job.scale = scale; job.g = g; job.ldg = ldg; job.x = x; job.ldx = ldx; job.repeat = repeat;
    job.j = j; job.ldj = ldj;
    shareRows(khatriraoUnit, job, rowStart, rowEnd, 1, 0, 0);
    return 0;
  }
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, gi = g + (row * <usize>ldg << 3), to = j + (row * <usize>ldj << 3);
    const xi = x + (<usize>(i / repeat) * <usize>ldx << 3);
    if (d == 1) scaleRow(<usize>m << 3, x ? scale * load<f64>(xi) : scale, gi, to);
    else outerRow(m, d, scale, gi, xi, to);
  }
  return 0;
}

/** Nanoseconds to write a number of a large matrix. */
// @ts-ignore: decorator
@inline const WRITE_TIME: f64 = 0.7;

@unmanaged
class KhatriRao extends Rows {
  m: i32;
  d: i32;
  scale: f64;
  g: usize;
  ldg: i32;
  x: usize;
  ldx: i32;
  repeat: i32;
  j: usize;
  ldj: i32;
}

function khatriraoUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<KhatriRao>(address), from = firstRow(t, unit), to = endRow(t, unit);
  khatrirao(from, to, t.m, t.d, t.scale, t.g, t.ldg, t.x, t.ldx, t.repeat, t.j, t.ldj);
}

function scaleRow(bytes: usize, scale: f64, from: usize, to: usize): void {
  const v = f64x2.splat(scale);
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(to + o, f64x2.mul(v, v128.load(from + o)));
  if (o < bytes) store<f64>(to + o, scale * load<f64>(from + o));
}

/** to = (scale g_j) x, d numbers for each unit j. */
function outerRow(m: i32, d: i32, scale: f64, g: usize, x: usize, to: usize): void {
  const dBytes = <usize>d << 3;
  for (let j = 0; j < m; j++) {
    scaleRow(dBytes, scale * load<f64>(g + (<usize>j << 3)), x, to);
    to += dBytes;
  }
}

/**
 * Four rows of S, then of G, at a time: their sums go to the outputs (which stay in L1) once for the four, and the
 * second and later sweeps over G find it in L1.
 */
export function vjp(
  unitStart: i32, unitEnd: i32, n: i32, d: i32, bScale: f64, cScale: f64, dScale: f64,
  v: usize, x: usize, ldx: i32, s: usize, lds: i32, g: usize, ldg: i32, ub: usize, uc: usize, ud: usize,
): i32 {
  const units = unitEnd - unitStart, at = <usize>unitStart << 3;
  if (units <= 0) return 0;
  if (isWorth(VJP_TIME * <f64>units * <f64>n * <f64>(d + 2))) {
    const job = changetype<Vjp>(jobRoom());
    job.n = n; job.d = d; job.bScale = bScale; job.cScale = cScale; job.dScale = dScale; job.v = v; job.x = x; job.ldx = ldx;
    job.s = s; job.lds = lds; job.g = g; job.ldg = ldg; job.ub = ub; job.uc = uc; job.ud = ud;
    shareRows(vjpUnit, job, unitStart, unitEnd, WIDE, 0, 0);
    return 0;
  }
  const sBytes = <usize>lds << 3, gBytes = <usize>ldg << 3, xBytes = <usize>ldx << 3;
  for (let i = 0; i < n; i += 4) {
    const live = min(4, n - i), row = <usize>i, vi = v + (row << 3), xi = x + row * xBytes;
    const si = s + at + row * sBytes, gi = g + at + row * gBytes;
    if (ub) addRows(units, live, bScale, vi, 0, 0, si, sBytes, ub + at, 1);
    if (ud) addRows(units, live, dScale, vi, 0, 0, gi, gBytes, ud + at, 1);
    for (let t = 0; t < d; t++) {
      addRows(units, live, cScale, vi, xi + (<usize>t << 3), xBytes, gi, gBytes, uc + at * <usize>d + (<usize>t << 3), d);
    }
  }
  return 0;
}

/** Nanoseconds for a number of S or G and one sum. */
// @ts-ignore: decorator
@inline const VJP_TIME: f64 = 0.25;

/**
 * Hidden units of a unit of work: narrower ones read a few cache lines of each row, far apart, and are slower than one
 * thread (16: 0.7 of its speed).
 */
// @ts-ignore: decorator
@inline export const WIDE: i32 = 128;

/** Its rows are hidden units. */
@unmanaged
class Vjp extends Rows {
  n: i32;
  d: i32;
  bScale: f64;
  cScale: f64;
  dScale: f64;
  v: usize;
  x: usize;
  ldx: i32;
  s: usize;
  lds: i32;
  g: usize;
  ldg: i32;
  ub: usize;
  uc: usize;
  ud: usize;
}

function vjpUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Vjp>(address), from = firstRow(t, unit), to = endRow(t, unit);
  vjp(from, to, t.n, t.d, t.bScale, t.cScale, t.dScale, t.v, t.x, t.ldx, t.s, t.lds, t.g, t.ldg, t.ub, t.uc, t.ud);
}

/** out_(j·stride) += Σ_r w_r A_rj over up to four rows, w_r = scale v_r (x_r); absent rows weigh 0. */
export function addRows(
  units: i32, live: i32, scale: f64, v: usize, x: usize, xBytes: usize, a: usize, aBytes: usize, out: usize, stride: i32,
): void {
  const a1 = a + (live > 1 ? aBytes : 0), a2 = a + (live > 2 ? 2 * aBytes : 0), a3 = a + (live > 3 ? 3 * aBytes : 0);
  const w0 = weight(0, live, scale, v, x, xBytes), w1 = weight(1, live, scale, v, x, xBytes);
  const w2 = weight(2, live, scale, v, x, xBytes), w3 = weight(3, live, scale, v, x, xBytes);
  const bytes = <usize>units << 3, strideBytes = <usize>stride << 3;
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) {
    let sum = f64x2.mul(w0, v128.load(a + o));
    sum = madd(w1, v128.load(a1 + o), sum);
    sum = madd(w2, v128.load(a2 + o), sum);
    sum = madd(w3, v128.load(a3 + o), sum);
    if (stride == 1) v128.store(out, f64x2.add(v128.load(out), sum));
    else addPair(out, strideBytes, sum);
    out += strideBytes << 1;
  }
  if (o < bytes) {
    let sum = f64x2.mul(w0, v128.load64_splat(a + o));
    sum = madd(w1, v128.load64_splat(a1 + o), sum);
    sum = madd(w2, v128.load64_splat(a2 + o), sum);
    sum = madd(w3, v128.load64_splat(a3 + o), sum);
    store<f64>(out, load<f64>(out) + f64x2.extract_lane(sum, 0));
  }
}

// @ts-ignore: decorator
@inline
function weight(r: i32, live: i32, scale: f64, v: usize, x: usize, xBytes: usize): v128 {
  if (r >= live) return f64x2.splat(0);
  const w = scale * load<f64>(v + (<usize>r << 3));
  return f64x2.splat(x ? w * load<f64>(x + <usize>r * xBytes) : w);
}

// @ts-ignore: decorator
@inline
function addPair(out: usize, strideBytes: usize, sum: v128): void {
  store<f64>(out, load<f64>(out) + f64x2.extract_lane(sum, 0));
  store<f64>(out + strideBytes, load<f64>(out + strideBytes) + f64x2.extract_lane(sum, 1));
}
