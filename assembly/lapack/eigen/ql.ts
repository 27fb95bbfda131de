// Implicit QL with Wilkinson shifts (Parlett 1998, §8) for a symmetric tridiagonal T: all of it where only eigenvalues
// are asked for, and the leaves of divide and conquer.
import { madd, nmadd } from "../../simd/words";

/** QL needs less than two sweeps for an eigenvalue on average; LAPACK gives up at 30. */
// @ts-ignore: decorator
@inline const MAX_SWEEPS: i32 = 60;
/** Zero beside entries of size 1: its square would underflow. */
// @ts-ignore: decorator
@inline const TINY: f64 = 1e-140;
/**
 * Negligible beside a matrix of size 1, whose largest entry is 2^-54 where it holds subnormals. Far enough above TINY
 * for a sweep to make progress.
 */
// @ts-ignore: decorator
@inline const FLOOR: f64 = 1e-120;
// @ts-ignore: decorator
@inline const EPS: f64 = 1.1102230246251565e-16;

/**
 * T = SᵀΛS: d becomes Λ, unsorted, and the first n columns of the rows of s (0: none; stride in bytes) are rotated
 * along. e is destroyed, its entry n − 1 too. Returns 1 + the index that did not converge.
 */
export function ql(n: i32, d: usize, e: usize, s: usize, strideBytes: usize): i32 {
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) {
    const beside = i < n - 1 ? Math.abs(load<f64>(e + (<usize>i << 3))) : 0.0;
    norm = max(norm, Math.abs(load<f64>(d + (<usize>i << 3))) + beside);
  }
  // Against the norm, not the neighbours: a sweep over large entries leaves noise of this size beside small ones.
  // Nor below FLOOR: a leaf of divide and conquer may be as small as that beside the others.
  const negligible = max(EPS * norm, FLOOR);
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(load<f64>(e + (<usize>m << 3))) > negligible) m++;
      if (m == l) break;
      if (sweep == MAX_SWEEPS) return l + 1;
      qlSweep(n, l, m, d, e, s, strideBytes);
    }
  }
  return 0;
}

function qlSweep(n: i32, l: i32, m: i32, d: usize, e: usize, s: usize, strideBytes: usize): void {
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
    if (s) rotate(n, cs, sn, s + <usize>i * strideBytes, s + <usize>(i + 1) * strideBytes);
  }
  store<f64>(dl, load<f64>(dl) - p);
  store<f64>(e + (<usize>l << 3), g);
  store<f64>(e + (<usize>m << 3), 0);
}

/** (x, y) ← (c x − s y, s x + c y) over n entries. */
export function rotate(n: i32, c: f64, s: f64, x: usize, y: usize): void {
  const vc = f64x2.splat(c), vs = f64x2.splat(s), end = x + (<usize>(n & ~1) << 3);
  while (x < end) {
    const u = v128.load(x), v = v128.load(y);
    v128.store(x, nmadd(vs, v, f64x2.mul(vc, u)));
    v128.store(y, madd(vs, u, f64x2.mul(vc, v)));
    x += 16;
    y += 16;
  }
  if (n & 1) {
    const u = load<f64>(x), v = load<f64>(y);
    store<f64>(x, c * u - s * v);
    store<f64>(y, s * u + c * v);
  }
}
