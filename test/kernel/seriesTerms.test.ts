/** The terms of the probit series: as many as leave half an ulp, by the sums over all pairs of nodes, and few more. */
import { expect, test } from "vitest";
import { termsFor } from "../../src/kernel/infinite/seriesTerms.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "../../src/model/probit.js";

/**
 * What is left out after term K, relative to the term of k = 0 (MATH.md §6):
 * Σ_ij p_i p_j u_i u_j Σ_(k ≥ K) α_k weight_k (r_i r_j)^k with α_k ≤ 1/√(πk), summed term by term.
 */
function leftOut(K: number, a: number, b: number, slopes: boolean): number {
  const nodes = (variance: number) =>
    PROBIT_SCALES.map((s, i) => ({
      weight: (PROBIT_WEIGHTS[i] * s) / Math.sqrt(1 + s * s * variance),
      ratio: (s * s * variance) / (1 + s * s * variance),
    }));
  const [left, right] = [nodes(a), nodes(b)];
  let [sum, first] = [0, 0];
  for (const x of left) {
    for (const y of right) {
      const r = x.ratio * y.ratio;
      // Σ_(k ≥ K) r^k and Σ_(k ≥ K) (2k + 2) r^k.
      const tail = slopes ? (2 * K + 2) / (1 - r) + (2 * r) / (1 - r) ** 2 : 1 / (1 - r);
      sum += x.weight * y.weight * tail * r ** K;
      first += x.weight * y.weight;
    }
  }
  return sum / first / Math.sqrt(Math.PI * K);
}

test.each([true, false])("weights of slopes: %s", (slopes) => {
  for (const a of [1e-6, 0.01, 0.5, 1, 3, 9, 30]) {
    for (const b of [a, a / 7, 0.3]) {
      const K = termsFor(a, b, slopes);
      const what = `${K} terms at ${a}, ${b}`;
      expect(K, what).toBeGreaterThan(0);
      expect(leftOut(K, a, b, slopes), what).toBeLessThanOrEqual(2 ** -53);
      // The bound that is used lies above: by the slack of Cauchy and Schwarz, in terms a fifth.
      if (K > 5)
        expect(leftOut(Math.floor(0.8 * K) - 1, a, b, slopes), `${what}, four fifths`).toBeGreaterThan(2 ** -53);
      expect(termsFor(b, a, slopes)).toBe(K);
      expect(termsFor(a * 1.5, b, slopes)).toBeGreaterThanOrEqual(K);
    }
  }
});

test("variances that need too many terms have the double sum", () => {
  expect(termsFor(100, 100, false)).toBeGreaterThan(1000);
  expect(termsFor(100, 100, false)).toBeLessThanOrEqual(4096);
  expect(termsFor(1000, 1000, false)).toBe(0);
  expect(termsFor(1e-300, 1e-300, false)).toBe(1);
  expect(termsFor(0, 5, true)).toBe(1);
});
