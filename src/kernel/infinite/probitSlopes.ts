/**
 * Derivatives of the expectations of sigmoid, tanh and softplus by the separable series of the probit mixture
 * (MATH.md §6). With M_k(a) = Σ_i p_i s_i^(2k+1) (1 + s_i² a)^(−k−½), for which dM_k/da = −(k + ½) M_(k+1), the
 * sigmoid has
 *
 *   Ṫ = Σ_k α_k M_k(a) M_k(b) c^2k,   ∂T/∂a = −(c/2) Σ α_k M_(k+1)(a) M_k(b) c^2k,
 *
 * and tables hold a^k M_k and a^k M_(k+1), which neither overflow nor vanish.
 */
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../model/probit.js";
import { termsFor } from "./seriesTerms.js";

/** Tables of some points, n×terms each. */
export interface ProbitSlopes {
  readonly terms: number;
  /** Variances times `scale`. */
  readonly variances: Float64Array;
  readonly moments: Float64Array;
  readonly next: Float64Array;
  /** The variances of tanh are multiplied by 4, and its value too. */
  readonly scale: 1 | 4;
  readonly softplus: boolean;
}

/** The tables; undefined for other activations, and where the double sum is the better way. */
export function probitSlopes(name: string, given: Float64Array): ProbitSlopes | undefined {
  if (name !== "sigmoid" && name !== "tanh" && name !== "softplus") return undefined;
  const scale = name === "tanh" ? 4 : 1;
  const variances = given.map((a) => scale * a);
  const most = variances.reduce((top, a) => Math.max(top, a), 0);
  const terms = termsFor(most, most, true);
  if (terms === 0) return undefined;
  const [moments, next] = [0, 1].map(() => new Float64Array(given.length * terms));
  variances.forEach((a, i) => {
    for (const [j, s] of PROBIT_SCALES.entries()) {
      const wide = 1 + s * s * a;
      const ratio = (s * s * a) / wide;
      let power = (PROBIT_WEIGHTS[j] * s) / Math.sqrt(wide);
      const up = (s * s) / wide;
      for (let k = i * terms; k < (i + 1) * terms && power > 1e-300; k++, power *= ratio) {
        moments[k] += power;
        next[k] += power * up;
      }
    }
  });
  return { terms, variances, moments, next, scale, softplus: name === "softplus" };
}

/** {@link ../../model/dualSlopes.DualSlopes} of points i and j, whose covariance is c. */
export function slopesByProbits(table: ProbitSlopes, i: number, j: number, given: number, out: Float64Array): void {
  const { terms, variances, moments, next, scale, softplus } = table;
  const c = scale * given;
  const root = Math.sqrt(variances[i]) * Math.sqrt(variances[j]);
  const z = root > 0 ? Math.min(1, (c / root) ** 2) : 0;
  const [p, q] = [i * terms, j * terms];
  let weight = 1 / (2 * Math.PI);
  // Σ α_k z^k times M M', M M'/(2k + 1), M⁺M', (k + ½) M⁺M', (2k + 1) M⁺M'⁺ and M⁺M'/(k + 1).
  let [slope, value, tilt, bend, curve, mean] = [0, 0, 0, 0, 0, 0];
  for (let k = 0; k < terms; k++) {
    const here = weight * moments[p + k] * moments[q + k];
    const up = weight * next[p + k] * moments[q + k];
    const odd = 2 * k + 1;
    slope += here;
    value += here / odd;
    tilt += up;
    bend += odd * up;
    curve += odd * weight * next[p + k] * next[q + k];
    mean += up / (odd + 1);
    weight *= (odd / (odd + 1)) * z;
  }
  if (softplus) {
    const half = moments[p] / (2 * Math.sqrt(2 * Math.PI));
    out[0] = out[1] = 0.25 + c * value;
    out[2] = half * evenPart(variances[j]) - (c * c * mean) / 2;
    out[3] = slope;
    out[4] = (-c / 2) * tilt;
    return;
  }
  const first = scale * scale;
  out[0] = out[1] = first * slope;
  out[2] = (-first * c * tilt) / 2;
  out[3] = first * scale * c * curve;
  out[4] = (-first * scale * bend) / 2;
}

/** E[softplus] at variance b: Σ p √(b + s⁻²)/√2π. */
function evenPart(b: number): number {
  let sum = 0;
  for (const [i, s] of PROBIT_SCALES.entries()) sum += PROBIT_WEIGHTS[i] * Math.sqrt(b + 1 / (s * s));
  return sum / Math.sqrt(2 * Math.PI);
}
