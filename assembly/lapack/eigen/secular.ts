// Roots of the secular equation of a rank-one update, diag(d) + rho z zᵀ:
//
//   f(λ) = 1/rho + Σ_i z_i² / (d_i − λ) = 0,   d ascending, d_j < λ_j < d_(j+1) (the last: < d_K + rho ‖z‖²)
//
// λ_j is held as its nearest pole plus tau, so that the differences d_i − λ_j are accurate to a few ulp whatever the
// gap: they are what eigenvectors are made of. Steps interpolate f by a constant and two poles (Bunch, Nielsen &
// Sorensen 1978; Li 1993, the "fixed weight" and "middle way" choices of LAPACK dlaed4), kept inside a bracket that
// shrinks.
import { hsum } from "../../simd/words";

// @ts-ignore: decorator
@inline const EPS: f64 = 1.1102230246251565e-16;
/** Interpolation takes 3 or 4 steps; bisection from the worst bracket a few hundred. */
// @ts-ignore: decorator
@inline const MAX_STEPS: i32 = 400;

// @ts-ignore: decorator
@inline
function at(x: usize, i: i32): f64 {
  return load<f64>(x + (<usize>i << 3));
}

/**
 * delta_i = (d_i − origin) − tau for i in [from, to); returns Σ z_i²/delta_i and stores Σ (z_i/delta_i)² at `slope`.
 */
function poles(from: i32, to: i32, d: usize, z: usize, origin: f64, tau: f64, delta: usize, slope: usize): f64 {
  const vo = f64x2.splat(origin), vt = f64x2.splat(tau);
  let s = f64x2.splat(0), t = f64x2.splat(0), i = from;
  for (; i + 2 <= to; i += 2) {
    const o = <usize>i << 3, zi = v128.load(z + o);
    const di = f64x2.sub(f64x2.sub(v128.load(d + o), vo), vt), r = f64x2.div(zi, di);
    v128.store(delta + o, di);
    s = f64x2.add(s, f64x2.mul(zi, r));
    t = f64x2.add(t, f64x2.mul(r, r));
  }
  let sum = hsum(s), squares = hsum(t);
  if (i < to) {
    const o = <usize>i << 3, di = load<f64>(d + o) - origin - tau, r = load<f64>(z + o) / di;
    store<f64>(delta + o, di);
    sum += load<f64>(z + o) * r;
    squares += r * r;
  }
  store<f64>(slope, squares);
  return sum;
}

/**
 * The root x of c x² − a x + b = 0 that continues x = b/a (the one that stays finite as c → 0).
 */
// @ts-ignore: decorator
@inline
function quadratic(a: f64, b: f64, c: f64): f64 {
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}

/** λ_j, and delta_i = d_i − λ_j for all i; `slopes` has room for two doubles. NaN where it did not converge. */
export function secular(K: i32, j: i32, d: usize, z: usize, rho: f64, delta: usize, slopes: usize): f64 {
  if (K == 1) {
    const step = rho * at(z, 0) * at(z, 0);
    store<f64>(delta, -step);
    return at(d, 0) + step;
  }
  const last = j == K - 1, left = last ? j - 1 : j, right = left + 1, split = right;
  const gap = at(d, right) - at(d, left), zl = at(z, left) * at(z, left), zr = at(z, right) * at(z, right);

  // Which half of the interval: f at its middle. The poles beside it are then solved for exactly, the others held
  // constant.
  const middle = last ? rho / 2 : gap / 2, base = at(d, j);
  let f = 1 / rho + poles(0, split, d, z, base, middle, delta, slopes) + poles(split, K, d, z, base, middle, delta, slopes + 8);
  const rest = f - zl / at(delta, left) - zr / at(delta, right);
  let origin = base, lo: f64 = 0, hi = middle, tau: f64;
  if (last) {
    if (f <= 0) {
      lo = middle;
      // ‖z‖ is 1 up to rounding.
      hi = rho * 1.001;
    }
    tau = -quadratic(rest * gap - zl - zr, -zr * gap, rest);
  } else if (f > 0) {
    tau = quadratic(rest * gap + zl + zr, zl * gap, rest);
  } else {
    origin = at(d, right);
    lo = -middle;
    hi = 0;
    tau = quadratic(zl + zr - rest * gap, -zr * gap, rest);
  }
  if (!(tau > lo && tau < hi)) tau = 0.5 * (lo + hi);

  let middleWay = false, before = Infinity;
  for (let step = 0; step < MAX_STEPS; step++) {
    const psi = poles(0, split, d, z, origin, tau, delta, slopes);
    const phi = poles(split, K, d, z, origin, tau, delta, slopes + 8);
    const dpsi = load<f64>(slopes), dphi = load<f64>(slopes, 8), slope = dpsi + dphi;
    f = 1 / rho + psi + phi;
    if (Math.abs(f) <= EPS * (8 * (Math.abs(psi) + Math.abs(phi)) + 1 / rho + Math.abs(tau) * slope)) return origin + tau;
    if (f < 0) lo = tau;
    else hi = tau;
    // An interpolation that gains less than a digit is replaced by the other.
    if (Math.abs(f) > 0.1 * before) middleWay = !middleWay;
    before = Math.abs(f);
    const dl = at(delta, left), dr = at(delta, right);
    let c: f64;
    if (last || middleWay) c = f - dl * dpsi - dr * dphi;
    else if (origin == base) c = f - dr * slope + gap * (zl / (dl * dl));
    else c = f - dl * slope - gap * (zr / (dr * dr));
    const a = (dl + dr) * f - dl * dr * slope, b = dl * dr * f;
    // Beyond the last pole the other root is meant.
    let eta = last ? -quadratic(-a, b, Math.abs(c)) : quadratic(a, b, c);
    // The step must go downhill, else Newton's.
    if (!(f * eta < 0)) eta = -f / slope;
    let next = tau + eta;
    if (!(next > lo && next < hi)) next = 0.5 * (lo + hi);
    if (next == tau || !(next > lo && next < hi)) return origin + tau;
    tau = next;
  }
  return NaN;
}
