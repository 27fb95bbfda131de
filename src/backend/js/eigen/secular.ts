/** Roots of the secular equation 1/rho + Σ z_i²/(d_i − λ) = 0: as in assembly/lapack/eigen/secular.ts. */
const EPS = Number.EPSILON / 2;
const MAX_STEPS = 400;

/** delta_i = (d_i − origin) − tau over [from, to); returns Σ z_i²/delta_i, stores Σ (z_i/delta_i)² at `slope`. */
function poles(
  h: Float64Array, from: number, to: number, d: number, z: number, origin: number, tau: number, delta: number, slope: number,
): number {
  let sum = 0;
  let squares = 0;
  for (let i = from; i < to; i++) {
    const zi = h[z + i];
    const di = h[d + i] - origin - tau;
    const r = zi / di;
    h[delta + i] = di;
    sum += zi * r;
    squares += r * r;
  }
  h[slope] = squares;
  return sum;
}

/** The root of c x² − a x + b = 0 that stays finite as c → 0. */
function quadratic(a: number, b: number, c: number): number {
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
}

/** λ_j, and delta_i = d_i − λ_j for all i; `slopes` has room for two numbers. NaN where it did not converge. */
export function secular(
  h: Float64Array, K: number, j: number, d: number, z: number, rho: number, delta: number, slopes: number,
): number {
  if (K === 1) {
    h[delta] = -rho * h[z] * h[z];
    return h[d] - h[delta];
  }
  const last = j === K - 1;
  const left = last ? j - 1 : j;
  const right = left + 1;
  const gap = h[d + right] - h[d + left];
  const zl = h[z + left] * h[z + left];
  const zr = h[z + right] * h[z + right];
  const middle = last ? rho / 2 : gap / 2;
  const base = h[d + j];
  let f = 1 / rho + poles(h, 0, right, d, z, base, middle, delta, slopes) + poles(h, right, K, d, z, base, middle, delta, slopes + 1);
  const rest = f - zl / h[delta + left] - zr / h[delta + right];
  let origin = base;
  let lo = 0;
  let hi = middle;
  let tau: number;
  if (last) {
    if (f <= 0) {
      lo = middle;
      hi = rho * 1.001;
    }
    tau = -quadratic(rest * gap - zl - zr, -zr * gap, rest);
  } else if (f > 0) tau = quadratic(rest * gap + zl + zr, zl * gap, rest);
  else {
    origin = h[d + right];
    lo = -middle;
    hi = 0;
    tau = quadratic(zl + zr - rest * gap, -zr * gap, rest);
  }
  if (!(tau > lo && tau < hi)) tau = 0.5 * (lo + hi);

  let middleWay = false;
  let before = Infinity;
  for (let step = 0; step < MAX_STEPS; step++) {
    const psi = poles(h, 0, right, d, z, origin, tau, delta, slopes);
    const phi = poles(h, right, K, d, z, origin, tau, delta, slopes + 1);
    const dpsi = h[slopes];
    const dphi = h[slopes + 1];
    const slope = dpsi + dphi;
    f = 1 / rho + psi + phi;
    if (Math.abs(f) <= EPS * (8 * (Math.abs(psi) + Math.abs(phi)) + 1 / rho + Math.abs(tau) * slope)) return origin + tau;
    if (f < 0) lo = tau;
    else hi = tau;
    if (Math.abs(f) > 0.1 * before) middleWay = !middleWay;
    before = Math.abs(f);
    const dl = h[delta + left];
    const dr = h[delta + right];
    let c = f - dl * dpsi - dr * dphi;
    if (!last && !middleWay) c = origin === base ? f - dr * slope + gap * (zl / (dl * dl)) : f - dl * slope - gap * (zr / (dr * dr));
    const a = (dl + dr) * f - dl * dr * slope;
    const b = dl * dr * f;
    let eta = last ? -quadratic(-a, b, Math.abs(c)) : quadratic(a, b, c);
    if (!(f * eta < 0)) eta = -f / slope;
    let next = tau + eta;
    if (!(next > lo && next < hi)) next = 0.5 * (lo + hi);
    if (next === tau || !(next > lo && next < hi)) return origin + tau;
    tau = next;
  }
  return Number.NaN;
}
