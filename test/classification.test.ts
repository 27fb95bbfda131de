/** Parts of classification by themselves: integrals over a logistic function, likelihoods, the search over scales. */
import { describe, expect, test } from "vitest";
import { LatentKernel } from "../src/classification/latentKernel.js";
import { logistic, sigmoid, softmax } from "../src/classification/likelihood.js";
import { findMode, type Step } from "../src/classification/mode.js";
import { logisticGaussian, softmaxGaussian } from "../src/classification/probabilities.js";
import { maximiseScale } from "../src/classification/scaleSearch.js";
import type { Context } from "../src/context.js";
import { ConvergenceError, type Matrix } from "../src/index.js";
import { hold } from "../src/linalg/view.js";
import { brentOracle } from "./oracle/brent.js";
import { solve, toRows } from "./oracle/dense.js";
import { gaussianIntegral, laplaceOracle } from "./oracle/laplace.js";
import { expectNear } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

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
    // The mass is far in the tail of both.
    [-250, 225],
    [-400, 625],
    [-600, 900],
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

describe("the search over scales", () => {
  /** Tops inside, near an end and at one; skew, flat, with a kink, with a step, narrow and wide. */
  const CURVES: Record<string, (top: number) => (x: number) => number> = {
    cosh: (top) => (x) => -Math.log(Math.cosh(x - top)) - 0.1 * Math.abs(x - top) ** 1.5,
    skew: (top) => (x) => -(Math.exp(x - top) - (x - top)),
    "skew, the other way": (top) => (x) => -(Math.exp(top - x) - (top - x)),
    kink: (top) => (x) => -Math.abs(x - top),
    "a kink of two slopes": (top) => (x) => (x > top ? 9 * (top - x) : x - top),
    flat: (top) => (x) => -Math.max(0, Math.abs(x - top) - 0.3),
    quartic: (top) => (x) => -((x - top) ** 4),
    narrow: (top) => (x) => 1 / (1 + 50 * (x - top) ** 2),
    uneven: (top) => (x) => -((x - top) ** 2) * (1 + 0.8 * Math.sin(3 * x)),
    bumps: (top) => (x) => Math.cos(2 * x) - 0.05 * (x - top) ** 2,
    slowly: (top) => (x) => -Math.sqrt(1 + 30 * (x - top) ** 2) + 0.3 * (x - top),
  };
  const TOPS = [-30, -11.9995, -9, -4.61, -2.345, 0.13, 1.2, 7.7, 11.9995, 30];
  const [LOW, HIGH] = [-12, 12];
  const decade = Math.log(10);

  /** Steps of a decade uphill, the way up first, then Brent's method between the neighbours of the best. */
  function searchOracle(g: (x: number) => number, start: number): number {
    const inside = (x: number) => Math.min(HIGH, Math.max(LOW, x));
    const climb = (sign: number) => {
      const way = [inside(start)];
      let height = g(way[0]);
      for (;;) {
        const next = inside(way[way.length - 1] + sign * decade);
        if (next === way[way.length - 1]) return way;
        const value = g(next);
        if (!(value > height)) return way;
        way.push(next);
        height = value;
      }
    };
    const up = climb(1);
    const way = up.length > 1 ? up : climb(-1);
    const sign = up.length > 1 ? 1 : -1;
    const best = way[way.length - 1];
    const beyond = inside(best + sign * decade);
    const before = way.length > 1 ? way[way.length - 2] : inside(best - sign * decade);
    return brentOracle(g, [Math.min(beyond, before), Math.max(beyond, before)], best, 1e-3, 40);
  }

  test.each(Object.entries(CURVES))("%s: where Brent's method looks, step by step", (_, curve) => {
    for (const top of TOPS)
      for (const start of [0.01, -3, 5.3, -12, 12, 40]) {
        const [seen, wanted]: number[][] = [[], []];
        const watched = (list: number[]) => (x: number) => {
          if (!list.includes(x)) list.push(x);
          return curve(top)(x);
        };
        let evaluations = 0;
        const { x, value } = maximiseScale(
          (at) => {
            evaluations++;
            return watched(seen)(at);
          },
          start,
          [LOW, HIGH],
        );
        const want = searchOracle(watched(wanted), start);
        const name = `top ${top} from ${start}`;
        expectNear(seen, wanted, 1e-6, name);
        expect(Math.abs(x - want), name).toBeLessThan(1e-6);
        expect(value, name).toBe(curve(top)(x));
        expect(Math.min(...seen), name).toBeGreaterThanOrEqual(LOW);
        expect(Math.max(...seen), name).toBeLessThanOrEqual(HIGH);
        // A curve of one place is computed once there.
        expect(evaluations, name).toBe(seen.length);
      }
  });

  test("a value that is no number is below all others, and an empty range is one evaluation", () => {
    expect(maximiseScale((x) => (x > 1 ? Number.NaN : x), 0, [-5, 5]).x).toBeGreaterThan(0.9);
    expect(maximiseScale(() => Number.NaN, 0, [-5, 5]).value).toBe(-Infinity);
    let evaluations = 0;
    const counted = (x: number) => {
      evaluations++;
      return -x * x;
    };
    expect(maximiseScale(counted, 3, [3, 3])).toEqual({ x: 3, value: -9 });
    expect(evaluations).toBe(1);
  });
});

describe.each(variants)("%s: the mode", (variant) => {
  const n = 6;
  const K = toRows(gramOf(randomMatrix(n, 3, 7, 1.5)));
  const labels = [0, 1, 1, 0, 1, 0];
  const likelihood = logistic(Int32Array.from(labels));

  function kernelOf(context: Context): LatentKernel {
    const theta = hold(context, n, n);
    theta.entries().set(K.flat());
    return new LatentKernel({ theta, diagonal: theta.diagonal() }, 1, 0);
  }

  /** `times` the exact Newton step. */
  const newton =
    (times: number): Step =>
    ({ f }, g) => {
      const A = K.map((row, i) => row.map((x, j) => sigmoid(f[i]) * sigmoid(-f[i]) * x + (i === j ? 1 : 0)));
      const da = solve(
        A,
        Array.from(g, (x) => [x]),
      ).map(([x]) => times * x);
      const df = K.map((row) => row.reduce((sum, x, j) => sum + x * da[j], 0));
      return { da: Float64Array.from(da), df: Float64Array.from(df) };
    };

  test("steps that go too far are shortened", () => {
    const { f } = laplaceOracle(K, labels, 2, true);
    for (const times of [1, 2, 3, 16, 512, 2 ** 20]) {
      let calls = 0;
      const step: Step = (...given) => newton(++calls < 3 ? times : 1)(...given);
      const mode = findMode(kernelOf(loadContext(variant)), likelihood, step);
      expectNear(mode.f, f, 1e-9, `${times} times the step`);
      expect(mode.iterations).toBe(calls);
      expect(mode.gradient).toBeLessThan(1e-10);
    }
  });

  test("it starts where it is told to, if that is better than 0", () => {
    const kernel = kernelOf(loadContext(variant));
    const { a, iterations } = findMode(kernel, likelihood, newton(1));
    expect(findMode(kernel, likelihood, newton(1), a.slice()).iterations).toBe(0);
    const far = a.map((x) => -1e6 * x);
    expect(findMode(kernel, likelihood, newton(1), far).iterations).toBe(iterations);
  });

  test("a way that leads down ends after 100 steps", () => {
    let calls = 0;
    const down: Step = (...given) => {
      calls++;
      return newton(-1)(...given);
    };
    let thrown: unknown;
    try {
      findMode(kernelOf(loadContext(variant)), likelihood, down);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ConvergenceError);
    expect(thrown).toMatchObject({ step: 100 });
    expect(calls).toBe(100);
  });
});

/** X Xᵀ + I. */
function gramOf({ data, rows, cols }: Matrix): Matrix {
  const entry = (i: number, j: number) => {
    let sum = i === j ? 1 : 0;
    for (let t = 0; t < cols; t++) sum += data[i * cols + t] * data[j * cols + t];
    return sum;
  };
  return {
    data: Float64Array.from({ length: rows * rows }, (_, at) => entry(Math.floor(at / rows), at % rows)),
    rows,
    cols: rows,
  };
}
