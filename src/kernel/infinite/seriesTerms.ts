/**
 * How many terms the separable series of the probit mixture needs (MATH.md §6). With r_i = s_i² a/(1 + s_i² a) and u_i
 * = s_i/√(1 + s_i² a), the terms after term K are for any |ρ| ≤ 1 at most a geometric series for each pair of nodes,
 *
 *   α_K Σ_ij p_i p_j u_i(a) u_j(b) (r_i(a) r_j(b))^K / (1 − r_i(a) r_j(b)),   α_K ≤ 1/√(πK),
 *
 * and as (1 − xy)² ≥ (1 − x²)(1 − y²), at most α_K M(a) M(b) with M(a) = Σ_i p_i u_i r_i^K/√(1 − r_i²). The bound grows
 * with either variance, so the largest variances of a block serve all of it.
 */
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../model/probit.js";

/**
 * The most terms before the double sum takes over. A term costs about 1 ns a pair, the double sum 24 µs (measured). The
 * moments of a point are this many doubles, 32 KiB, which is why the limit is not higher. 4096 terms reach variances
 * near 160.
 */
const MAX_TERMS = 4096;
/** What may be left out, relative to the first term: half an ulp. */
const LEFT = 2 ** -53;

/**
 * Terms for variances up to a and b; 0 where the double sum is the better way. `slopes` weighs term k by 2k + 2, as
 * silu's derivative does.
 */
export function termsFor(a: number, b: number, slopes: boolean): number {
  if (!(remainder(MAX_TERMS, a, b, slopes) <= LEFT)) return 0;
  let [low, high] = [0, MAX_TERMS];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (remainder(middle, a, b, slopes) <= LEFT) high = middle;
    else low = middle;
  }
  return high;
}

/** The bound above for K ≥ 1, relative to the term of k = 0. */
function remainder(K: number, a: number, b: number, slopes: boolean): number {
  const tail = half(K, a) * half(K, b);
  if (!slopes) return tail / Math.sqrt(Math.PI * K);
  // Weights 2k + 2 grow slower than the powers fall: Σ_j (2K + 2 + 2j) r^j ≤ (2K + 2 + 2/(1 − r))/(1 − r).
  const [x, y] = [a, b].map((value) => PROBIT_SCALES[0] ** 2 * value);
  const ratio = ((x / (1 + x)) * y) / (1 + y);
  return (tail * (2 * K + 2 + 2 / (1 - ratio))) / Math.sqrt(Math.PI * K);
}

/** M(a) relative to Σ p_i u_i. */
function half(K: number, a: number): number {
  let [tail, first] = [0, 0];
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const s = PROBIT_SCALES[i];
    const weight = (PROBIT_WEIGHTS[i] * s) / Math.sqrt(1 + s * s * a);
    const ratio = (s * s * a) / (1 + s * s * a);
    tail += (weight * ratio ** K) / Math.sqrt(1 - ratio * ratio);
    first += weight;
  }
  return tail / first;
}
