// Covariances of the first pre-activations (MATH.md §6): see src/ops.ts for the contract.
// Inputs become unit vectors, with the bias as an extra coordinate. Angles are then exact where inputs are nearly
// parallel or opposite.
import { madd } from "../simd/words";
import { endRow, firstRow, isWorth, jobRoom, Rows, shareRows } from "../team/team";

/** Below TINY = 2^-1000 numbers are multiplied by LIFT = 2^100 before they are divided by. */
// @ts-ignore: decorator
@inline const TINY: f64 = 9.332636185032189e-302;
// @ts-ignore: decorator
@inline const LIFT: f64 = 1.2676506002282294e30;

export function unit(n: i32, d: i32, alpha: f64, beta: f64, x: usize, ldx: i32, a: usize, u: usize, ldu: i32): i32 {
  const ra = sqrt(alpha), rb = sqrt(beta);
  for (let i = 0; i < n; i++) {
    const xi = x + (<usize>i * <usize>ldx << 3), ui = u + (<usize>i * <usize>ldu << 3);
    let top: f64 = rb;
    for (let t = 0; t < d; t++) top = max(top, abs(ra * load<f64>(xi + (<usize>t << 3))));
    // Scaled by the largest coordinate: squares neither overflow nor vanish.
    // The inverse of the smallest doubles would be infinite.
    const lift: f64 = top < TINY ? LIFT : 1;
    const inverse = top > 0 ? 1 / (lift * top) : 0;
    let sum: f64 = 0;
    for (let t = 0; t <= d; t++) {
      const y = lift * (t < d ? ra * load<f64>(xi + (<usize>t << 3)) : rb) * inverse;
      store<f64>(ui + (<usize>t << 3), y);
      sum += y * y;
    }
    const norm = sum > 0 ? 1 / sqrt(sum) : 0;
    for (let t = 0; t <= d; t++) store<f64>(ui + (<usize>t << 3), norm * load<f64>(ui + (<usize>t << 3)));
    store<f64>(a + (<usize>i << 3), sum * top * top);
  }
  return 0;
}

/**
 * Cosines beyond this are taken from differences of the unit vectors: below it 1 − cos² costs at most six bits of the
 * product.
 */
// @ts-ignore: decorator
@inline const PARALLEL: f64 = 0.99;

export function covariance(
  rowStart: i32, rowEnd: i32, cols: i32, d: i32, a: usize, u: usize, ldu: i32, b: usize, v: usize, ldv: i32, vt: usize, ldvt: i32,
  c: usize, ldc: i32, delta: usize, ldd: i32,
): i32 {
  if (isWorth(PAIR_TIME * <f64>(rowEnd - rowStart) * <f64>cols * <f64>(vt ? d : 2))) {
    const job = changetype<Covariance>(jobRoom());
    job.cols = cols; job.d = d; job.a = a; job.u = u; job.ldu = ldu; job.b = b; job.v = v; job.ldv = ldv;
    job.vt = vt; job.ldvt = ldvt; job.c = c; job.ldc = ldc; job.delta = delta; job.ldd = ldd;
    shareRows(covarianceUnit, job, rowStart, rowEnd, 1, 0, 0);
    return 0;
  }
  const bytes = <usize>((cols + 3) & ~3) << 3;
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i, ai = load<f64>(a + (row << 3)), ui = u + (row * <usize>ldu << 3);
    const to = c + (row * <usize>ldc << 3), di = delta + (row * <usize>ldd << 3);
    if (vt) {
      const va = f64x2.splat(ai);
      for (let o: usize = 0; o < bytes; o += 16) {
        let less = f64x2.splat(0), more = f64x2.splat(0);
        for (let t: usize = 0; t < <usize>d; t++) {
          const x = v128.load64_splat(ui + (t << 3)), y = v128.load(vt + (t * <usize>ldvt << 3) + o);
          const p = f64x2.sub(x, y), q = f64x2.add(x, y);
          less = madd(p, p, less);
          more = madd(q, q, more);
        }
        const vb = v128.load(b + o), root = f64x2.mul(f64x2.sqrt(va), f64x2.sqrt(vb)), quarter = f64x2.splat(0.25);
        const inner = f64x2.mul(f64x2.mul(root, quarter), f64x2.sub(more, less));
        // A point and its twin: exactly the variance.
        const twin = v128.and(f64x2.eq(less, f64x2.splat(0)), f64x2.eq(va, vb));
        v128.store(to + o, v128.bitselect(va, inner, twin));
        v128.store(di + o, f64x2.mul(f64x2.mul(root, root), f64x2.mul(quarter, f64x2.mul(less, more))));
      }
      continue;
    }
    for (let j = 0; j < cols; j++) {
      const o = <usize>j << 3, bj = load<f64>(b + o), root = sqrt(ai) * sqrt(bj);
      let cosine = load<f64>(to + o), sine = (1 - cosine) * (1 + cosine);
      if (abs(cosine) > PARALLEL) {
        const vj = v + (<usize>j * <usize>ldv << 3);
        const more = distance(d, ui, vj, 1), less = distance(d, ui, vj, -1);
        cosine = less == 0 && ai == bj ? 1 : 0.25 * (more - less);
        sine = 0.25 * more * less;
      }
      store<f64>(to + o, cosine == 1 && ai == bj ? ai : root * cosine);
      store<f64>(di + o, root * root * max(sine, 0));
    }
  }
  return 0;
}

/** Nanoseconds for a pair and an input. */
// @ts-ignore: decorator
@inline const PAIR_TIME: f64 = 1;

@unmanaged
class Covariance extends Rows {
  cols: i32;
  d: i32;
  a: usize;
  u: usize;
  ldu: i32;
  b: usize;
  v: usize;
  ldv: i32;
  vt: usize;
  ldvt: i32;
  c: usize;
  ldc: i32;
  delta: usize;
  ldd: i32;
}

function covarianceUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Covariance>(address), from = firstRow(t, unit), to = endRow(t, unit);
  covariance(from, to, t.cols, t.d, t.a, t.u, t.ldu, t.b, t.v, t.ldv, t.vt, t.ldvt, t.c, t.ldc, t.delta, t.ldd);
}

/** |x + sign y|². */
function distance(n: i32, x: usize, y: usize, sign: f64): f64 {
  let sum = f64x2.splat(0);
  const s = f64x2.splat(sign);
  let t = 0;
  for (; t + 2 <= n; t += 2) {
    const p = madd(s, v128.load(y + (<usize>t << 3)), v128.load(x + (<usize>t << 3)));
    sum = madd(p, p, sum);
  }
  let total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  if (t < n) {
    const p = load<f64>(x + (<usize>t << 3)) + sign * load<f64>(y + (<usize>t << 3));
    total += p * p;
  }
  return total;
}
