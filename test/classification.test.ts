/** Parts of classification by themselves: integrals over a logistic function, likelihoods, the search over scales. */
import { describe, expect, test } from "vitest";
import { logistic, sigmoid, softmax } from "../src/classification/likelihood.js";
import { logisticGaussian, softmaxGaussian } from "../src/classification/probabilities.js";
import { maximiseScale } from "../src/classification/scaleSearch.js";
import { gaussianIntegral } from "./oracle/laplace.js";

describe("E[σ(f)]", () => {
  test.each([
    [0, 1],
    [0.3, 1e-8],
    [2, 0.04],
    [-1, 0.5],
    [-3, 0.999],
    [-3, 1.001],
    [5, 4],
    [-8, 30],
    [-30, 4],
    [-30, 0.25],
    [-60, 25],
    [-60, 0.01],
    [-100, 100],
    [1, 1e4],
    [-400, 1e4],
  ])("mean %s, variance %s: both tails to 1e-11 of themselves", (mean, variance) => {
    const [below, above] = logisticGaussian(mean, variance);
    // Tilted by e^f, the mass of the smaller tail is where f is up to a variance above its mean.
    const wide = (sign: number) => {
      const centre = sign * mean + (sign * mean < 0 ? Math.min(variance, -sign * mean) : 0);
      const shift = centre - sign * mean;
      const factor = Math.exp(shift ** 2 / (2 * variance));
      return gaussianIntegral(
        (f) => sigmoid(f) * Math.exp((-shift * (f - centre)) / variance) * (1 / factor),
        centre,
        variance,
      );
    };
    expect(above / wide(1)).toBeCloseTo(1, 10);
    expect(below / wide(-1)).toBeCloseTo(1, 10);
    expect(below + above).toBe(1);
  });

  test("without variance it is σ, and extreme means are probabilities", () => {
    expect(logisticGaussian(0.7, 0)[1]).toBeCloseTo(sigmoid(0.7), 15);
    for (const mean of [-1e308, -800, 800, 1e308])
      for (const variance of [0, 1, 1e6]) {
        const pair = logisticGaussian(mean, variance);
        expect(pair[0] + pair[1]).toBe(1);
        expect(Math.min(...pair)).toBeGreaterThanOrEqual(0);
        expect(pair[mean > 0 ? 1 : 0]).toBeGreaterThan(0.5);
      }
  });
});

test("likelihoods at ±1e308", () => {
  const huge = softmax(Int32Array.of(0, 1), 3).at(Float64Array.of(1e308, 0, -1e308, 1e308, -1e308, 1e308));
  expect(huge.logLikelihood).toBeCloseTo(-Math.log(2), 12);
  expect(Array.from(huge.probability)).toEqual([1, 0, 0, 0.5, 0, 0.5]);
  expect(Array.from(huge.slope, (x) => x + 0)).toEqual([0, 0, 0, 0.5, 0, -0.5]);
  const two = logistic(Int32Array.of(1, 0, 1)).at(Float64Array.of(1e308, -1e308, -1e308));
  expect(two.logLikelihood).toBe(-1e308);
  expect(Array.from(two.slope, (x) => x + 0)).toEqual([0, 0, 1]);
  // Far from the boundary log p is e^−f, and must not be 0.
  expect(logistic(Int32Array.of(1)).at(Float64Array.of(40)).logLikelihood).toBeCloseTo(-Math.exp(-40), 30);
  expect(softmax(Int32Array.of(0), 3).at(Float64Array.of(40, 0, 0)).slope[0]).toBeCloseTo(2 * Math.exp(-40), 30);
});

test("softmax of independent functions: three equal classes, a sure one, and two by quadrature", () => {
  const draws = { draws: 4096, seed: 3 };
  const equal = softmaxGaussian({ mean: new Float64Array(3), variance: Float64Array.of(4, 4, 4) }, 3, draws);
  for (const p of equal) expect(Math.abs(p - 1 / 3)).toBeLessThan(2e-3);
  const sure = softmaxGaussian({ mean: Float64Array.of(1e300, 0, 0), variance: new Float64Array(3) }, 3, draws);
  expect(Array.from(sure)).toEqual([1, 0, 0]);
  const pair = softmaxGaussian({ mean: Float64Array.of(1, 3), variance: Float64Array.of(2, 5) }, 2, draws);
  expect(Array.from(pair)).toEqual(logisticGaussian(2, 7));
  // Functions that move together decide nothing.
  const covariance = new Float64Array(9).fill(100);
  const together = { mean: Float64Array.of(0, 1, 2), variance: Float64Array.of(100, 100, 100), covariance };
  const total = 1 + Math.E + Math.E ** 2;
  const want = [1 / total, Math.E / total, Math.E ** 2 / total];
  softmaxGaussian(together, 3, draws).forEach((p, c) => {
    expect(p).toBeCloseTo(want[c], 12);
  });
});

test("softmax of functions that vary together: by a sum over a grid, at two points", () => {
  const means = [
    [0.5, -0.2, 1],
    [-1, 2, 0],
  ];
  const covariances = [
    [2, 0.8, -0.5, 0.8, 1, 0.3, -0.5, 0.3, 1.5],
    [0.5, -0.4, 0, -0.4, 3, 1.1, 0, 1.1, 0.7],
  ];
  // f = mean + L z by Cholesky's formulas, z on a grid of step 0.35: a trapezoidal sum of a smooth function.
  const exact = (mean: number[], A: number[]) => {
    const l11 = Math.sqrt(A[0]);
    const [l21, l31] = [A[3] / l11, A[6] / l11];
    const l22 = Math.sqrt(A[4] - l21 ** 2);
    const l32 = (A[7] - l31 * l21) / l22;
    const l33 = Math.sqrt(A[8] - l31 ** 2 - l32 ** 2);
    const grid = Array.from({ length: 41 }, (_, i) => 0.35 * (i - 20));
    const total = [0, 0, 0];
    for (const x of grid)
      for (const y of grid)
        for (const z of grid) {
          const density = (0.35 / Math.sqrt(2 * Math.PI)) ** 3 * Math.exp(-(x * x + y * y + z * z) / 2);
          const e = [l11 * x, l21 * x + l22 * y, l31 * x + l32 * y + l33 * z].map((f, c) => Math.exp(mean[c] + f));
          for (let c = 0; c < 3; c++) total[c] += (density * e[c]) / (e[0] + e[1] + e[2]);
        }
    return total;
  };
  const latents = {
    mean: Float64Array.from(means.flat()),
    variance: Float64Array.from(covariances.flatMap((A) => [A[0], A[4], A[8]])),
    covariance: Float64Array.from(covariances.flat()),
  };
  const got = softmaxGaussian(latents, 3, { draws: 8192, seed: 1 });
  const want = means.flatMap((mean, t) => exact(mean, covariances[t]));
  // 8192 points of a Kronecker sequence: measured at most 2e-4.
  got.forEach((p, at) => {
    expect(Math.abs(p - want[at]), `probability ${at}`).toBeLessThan(1e-3);
  });
  const alone = { mean: latents.mean, variance: latents.variance };
  const diagonal = means.flatMap((mean, t) => {
    const [a, b, c] = [0, 4, 8].map((at) => covariances[t][at]);
    return exact(mean, [a, 0, 0, 0, b, 0, 0, 0, c]);
  });
  softmaxGaussian(alone, 3, { draws: 8192, seed: 1 }).forEach((p, at) => {
    expect(Math.abs(p - diagonal[at]), `probability ${at}, independent`).toBeLessThan(1e-3);
  });
});

test("the search over scales finds tops inside, at the ends, and counts", () => {
  for (const top of [-9, -2.345, 0.01, 7.7]) {
    let evaluations = 0;
    const curve = (x: number) => {
      evaluations++;
      return -Math.log(Math.cosh(x - top)) - 0.1 * Math.abs(x - top) ** 1.5;
    };
    const { x } = maximiseScale(curve, 0, [-12, 12]);
    expect(Math.abs(x - top)).toBeLessThan(1e-3);
    expect(evaluations).toBeLessThanOrEqual(16);
  }
  // A parabola's vertex is where its top is: no more than a few steps after the climb, and exact.
  for (const top of [-9, -2.345, 0.01, 7.7]) {
    const { x } = maximiseScale((at) => -((at - top) ** 2), 0, [-12, 12]);
    expect(Math.abs(x - top)).toBeLessThan(1e-9);
  }
  expect(maximiseScale((x) => x, 0, [-5, 5]).x).toBeCloseTo(5, 2);
  expect(maximiseScale((x) => -x, 0, [-5, 5]).x).toBeCloseTo(-5, 2);
  expect(maximiseScale((x) => -x * x, 3, [3, 3])).toEqual({ x: 3, value: -9 });
  expect(maximiseScale((x) => (x > 1 ? Number.NaN : x), 0, [-5, 5]).x).toBeGreaterThan(0.9);
});

test("softmax of functions whose variances differ by 20 decades: the small ones count", () => {
  // The second class is out: its mean is 100 standard deviations below the others.
  const covariance = Float64Array.of(1, 0, 0, 0, 1e20, 0, 0, 0, 2);
  const latents = { mean: Float64Array.of(0, -1e12, 0.5), variance: Float64Array.of(1, 1e20, 2), covariance };
  const [below, above] = logisticGaussian(0.5, 3);
  const got = softmaxGaussian(latents, 3, { draws: 8192, seed: 1 });
  expect(got[1]).toBe(0);
  expect(Math.abs(got[0] - below)).toBeLessThan(1e-3);
  expect(Math.abs(got[2] - above)).toBeLessThan(1e-3);
});
