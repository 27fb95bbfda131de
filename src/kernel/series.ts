/**
 * How many terms the separable series of the probit mixture needs (MATH.md §6). With r_i = s_i² a/(1 + s_i² a) and u_i = s_i/√(1 + s_i² a), what
 * follows term K is at most
 *
 *   α_K Σ_ij p_i p_j u_i(a) u_j(b) (r_i(a) r_j(b))^K / (1 − r_i(a) r_j(b)),   α_K ≤ 1/√(πK),
 *
 * for any |ρ| ≤ 1: the double sum over nodes, each term a geometric series. It grows with either variance, so the largest ones of a
 * block serve all of it.
 */
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../model/probit.js";

/**
 * The most terms before the double sum takes over. A term costs about 1 ns a pair, the double sum about 10 µs; the moments of a point are this many
 * doubles. 1024 terms reach variances near 45.
 */
const MAX_TERMS = 1024;
/** What may be left out, relative to the first term: half an ulp. */
const LEFT = 2 ** -53;

/** Terms for variances up to a and b; 0 where the double sum is the better way. `slopes`: weigh term k by 2k + 2, as silu's derivative does. */
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

/** The bound above, relative to the term of k = 0. */
function remainder(K: number, a: number, b: number, slopes: boolean): number {
  const [x, y] = [nodesAt(a), nodesAt(b)];
  let [tail, first] = [0, 0];
  for (let i = 0; i < x.weight.length; i++) {
    for (let j = 0; j < y.weight.length; j++) {
      const weight = x.weight[i] * y.weight[j];
      const ratio = x.ratio[i] * y.ratio[j];
      // Beyond K the weights 2k + 2 grow slower than the powers fall.
      tail += (weight * ratio ** K * (slopes ? 2 * K + 2 + 2 / (1 - ratio) : 1)) / (1 - ratio);
      first += weight;
    }
  }
  return tail / first / Math.sqrt(Math.PI * Math.max(K, 1));
}

function nodesAt(a: number): { weight: number[]; ratio: number[] } {
  return {
    weight: PROBIT_SCALES.map((s, i) => (PROBIT_WEIGHTS[i] * s) / Math.sqrt(1 + s * s * a)),
    ratio: PROBIT_SCALES.map((s) => (s * s * a) / (1 + s * s * a)),
  };
}
