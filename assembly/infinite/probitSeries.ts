// The dual activations of mixtures of probits by a power series that separates (MATH.md §6). With
//
//   u_i = s_i/√(1 + s_i² a),   m_k(a) = Σ_i p_i u_i (u_i √a)^2k,   ρ² = c²/(ab),   α_k = (2k)!/(4^k k!²)
//
// the double sums over nodes become sums over k:
//
//   Ṫ = Σ α_k ρ^2k m_k(a) m_k(b)/2π,   T − ¼ = c Σ α_k ρ^2k m_k(a) m_k(b)/(2k + 1)/2π
//
// Softplus and silu have series of the same kind. The moments of a point are made once; a pair then costs a few
// operations for each term. The caller decides how many terms (src/kernel/infinite/seriesTerms.ts).
// Moments are packed in groups of four points, [group][slot][4]: slots m_0 … m_terms, then e(a) of softplus.
import { NODES } from "../activation/probit";
import { lineBytes } from "../blas/blocksize";
import { INVERSE_TURN } from "../simd/trig";
import { madd } from "../simd/words";

/** Slots of a point. */
// @ts-ignore: decorator
@inline
export function slots(terms: i32): i32 {
  return terms + 2;
}

/** Moment tables of n variances, times `scale` first (tanh: 4). Room for n rounded up to four points. */
export function moments(n: i32, a: usize, scale: f64, nodes: usize, terms: i32, m: usize): i32 {
  const weights = nodes + (<usize>NODES << 3), groupBytes = <usize>slots(terms) << 5;
  for (let i = 0; i < n; i++) {
    const at = m + <usize>(i >> 2) * groupBytes + (<usize>(i & 3) << 3), x = scale * load<f64>(a + (<usize>i << 3));
    for (let k = 0; k <= terms; k++) store<f64>(at + (<usize>k << 5), 0);
    let mean: f64 = 0;
    for (let j = 0; j < NODES; j++) {
      const s = load<f64>(nodes + (<usize>j << 3)), p = load<f64>(weights + (<usize>j << 3)), s2 = s * s;
      const u = s / sqrt(1 + s2 * x), ratio = s2 * x / (1 + s2 * x);
      let power = p * u;
      for (let k = 0; k <= terms && power > 1e-300; k++) {
        const to = at + (<usize>k << 5);
        store<f64>(to, load<f64>(to) + power);
        power *= ratio;
      }
      mean += p * sqrt(x + 1 / s2);
    }
    store<f64>(at + (<usize>(terms + 1) << 5), mean * 0.3989422804014327);
  }
  return 0;
}

/** Bytes of the weights of a row: two for each term (silu: five). */
export function weightBytes(terms: i32): usize {
  return lineBytes(<usize>terms * 5);
}

/**
 * Two vectors: Σ_k w_k0 q_k z^k and Σ_k w_k1 q_k z^k by Horner's rule, for two vectors of columns (four chains hide
 * each other's latency). Stored at out: both sums of the first vector, then of the second.
 */
// @ts-ignore: decorator
@inline
export function twoSums(terms: i32, w: usize, q: usize, z0: v128, z1: v128, out: usize): void {
  let x0 = f64x2.splat(0), y0 = f64x2.splat(0), x1 = f64x2.splat(0), y1 = f64x2.splat(0);
  let wk = w + (<usize>terms << 4), qk = q + (<usize>terms << 5);
  while (wk > w) {
    wk -= 16;
    qk -= 32;
    const a = v128.load64_splat(wk), b = v128.load64_splat(wk, 8), q0 = v128.load(qk), q1 = v128.load(qk, 16);
    x0 = madd(x0, z0, f64x2.mul(a, q0));
    y0 = madd(y0, z0, f64x2.mul(b, q0));
    x1 = madd(x1, z1, f64x2.mul(a, q1));
    y1 = madd(y1, z1, f64x2.mul(b, q1));
  }
  v128.store(out, x0);
  v128.store(out, y0, 16);
  v128.store(out, x1, 32);
  v128.store(out, y1, 48);
}

/**
 * Weights of {@link twoSums} for the row whose moments start at p: α_k p_k/2π times f(k) and g(k): 1 and 1/(2k+1), or
 * those of softplus.
 */
export function pairWeights(softplus: bool, terms: i32, p: usize, w: usize): void {
  let alpha = INVERSE_TURN;
  for (let k = 0; k < terms; k++) {
    const x = alpha * load<f64>(p + (<usize>k << 5)), odd = x / <f64>(2 * k + 1), to = w + (<usize>k << 4);
    store<f64>(to, softplus ? odd / <f64>(2 * k + 2) : x);
    store<f64>(to, odd, 8);
    alpha *= <f64>(2 * k + 1) / <f64>(2 * k + 2);
  }
}

/**
 * Weights of {@link siluSums}: α_k/2π times p_k, p_k/(2k + 1), 2k p_k of the next term, p_(k+1) and p_k of the mixed
 * sum.
 */
export function siluWeights(terms: i32, p: usize, w: usize): void {
  let alpha = INVERSE_TURN;
  for (let k = 0; k < terms; k++) {
    const x = load<f64>(p + (<usize>k << 5)), next = load<f64>(p + (<usize>(k + 1) << 5)), to = w + <usize>k * 40;
    const above = alpha * <f64>(2 * k + 1) / <f64>(2 * k + 2);
    store<f64>(to, alpha * x);
    store<f64>(to, alpha * x / <f64>(2 * k + 1), 8);
    store<f64>(to, above * next * <f64>(2 * k + 2), 16);
    store<f64>(to, alpha * next, 24);
    store<f64>(to, <f64>(2 * k + 2), 32);
    alpha = above;
  }
}

/**
 * Sums of silu for one vector of columns, at out: Ṫ_σ, (T_σ − ¼)/c, Σ α_k 2k z^(k−1) m m, and with q_k = m_(k+1)(a)
 * m_k(b) + m_k(a) m_(k+1)(b) Σ α_k z^k q_k and Σ α_k (2k + 2) z^k q_k, all over 2π.
 */
// @ts-ignore: decorator
@inline
export function siluSums(terms: i32, w: usize, q: usize, z: v128, out: usize): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0), s4 = f64x2.splat(0);
  for (let k = terms - 1; k >= 0; k--) {
    const wk = w + <usize>k * 40, qk = q + (<usize>k << 5), here = v128.load(qk), next = v128.load(qk, 32);
    const w0 = v128.load64_splat(wk), mixed = madd(v128.load64_splat(wk, 24), here, f64x2.mul(w0, next));
    s0 = madd(s0, z, f64x2.mul(w0, here));
    s1 = madd(s1, z, f64x2.mul(v128.load64_splat(wk, 8), here));
    s2 = madd(s2, z, f64x2.mul(v128.load64_splat(wk, 16), next));
    s3 = madd(s3, z, mixed);
    s4 = madd(s4, z, f64x2.mul(v128.load64_splat(wk, 32), mixed));
  }
  v128.store(out, s0);
  v128.store(out, s1, 16);
  v128.store(out, s2, 32);
  v128.store(out, s3, 48);
  v128.store(out, s4, 64);
}
