/** The spectrum of a kernel, alignments and what Lanczos finds, against textbook rotations and products. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  ConvergenceError,
  createInfiniteNetwork,
  createNetwork,
  type Matrix,
  type Model,
  NotPositiveDefiniteError,
  type Ntk,
  type Spectrum,
  type SpectrumOptions,
} from "../../src/index.js";
import { multiply, type Rows, toRows, transpose } from "../oracle/dense.js";
import { centredAlignment, jacobi, outer } from "../oracle/spectrum.js";
import { expectNear, expectRelative, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;
const N = 24;
const X = randomMatrix(N, 2, 1, 2);
const one = createNetwork({ inputs: 2, hidden: 30, biasStd: 1, activation: "relu", seed: 1 });
const three = createNetwork({ inputs: 2, hidden: [9, 8], outputs: 3, init: "ntk", activation: "tanh", seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.3 });

/** A kernel with these eigenvalues on points 0, 1, …, and eigenvectors by a reflection. */
function withEigenvalues(values: readonly number[]): Model {
  const n = values.length;
  const v = randomMatrix(n, 1, 5).data;
  const length = v.reduce((sum, x) => sum + x * x, 0);
  const U = (i: number, j: number) => (i === j ? 1 : 0) - (2 * v[i] * v[j]) / length;
  return {
    kernel: (A, B) => {
      const result = { data: new Float64Array(A.rows * B.rows), rows: A.rows, cols: B.rows };
      for (let i = 0; i < A.rows; i++) {
        for (let j = 0; j < B.rows; j++) {
          for (let k = 0; k < n; k++) result.data[i * B.rows + j] += U(A.data[i], k) * values[k] * U(B.data[j], k);
        }
      }
      return result;
    },
  };
}
const indices = (n: number) => Float64Array.from({ length: n }, (_, i) => i);
const CASES: [string, Model, number, SpectrumOptions["outputs"]][] = [
  ["a network", one, 1, undefined],
  ["several outputs, averaged", three, 3, undefined],
  ["several outputs, in full", three, 3, "full"],
  ["an infinite network", infinite, 2, undefined],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });
  const options = (outputs: SpectrumOptions["outputs"], more: SpectrumOptions = {}) => ({
    ...(outputs && { outputs }),
    ...more,
  });
  const kernelRows = (model: Model, outputs: "full" | "average" = "average") =>
    toRows(ntk.kernel(model, X, X, { outputs }));

  /** ‖ΘU − UΛ‖ and ‖UᵀU − I‖, entry by entry. */
  function expectModes({ eigenvalues, eigenvectors }: Spectrum, K: Rows, allowed: number): void {
    const U = toRows(eigenvectors);
    const largest = eigenvalues[eigenvalues.length - 1];
    const scaled = U.map((row) => row.map((value, j) => value * eigenvalues[j]));
    expectNear(multiply(K, U).flat(), scaled.flat(), allowed, "Θ U against U Λ", largest);
    const identity = U[0].map((_, i) => U[0].map((__, j) => (i === j ? 1 : 0)));
    expectNear(multiply(transpose(U), U).flat(), identity.flat(), 4 * K.length * EPS, "Uᵀ U: orthonormal to rounding");
  }

  test.each(CASES)("all modes of %s", (_, model, C, outputs) => {
    const Y = randomMatrix(N, C, 3);
    const K = kernelRows(model, outputs);
    const size = K.length;
    const spectrum = ntk.spectrum(model, X, Y, options(outputs));
    const want = jacobi(K);
    expectRelative(spectrum.eigenvalues, want.values, 8 * size * EPS, "eigenvalues: two backward errors of nε");
    expectModes(spectrum, K, 8 * size * EPS);
    const f0 = "parameters" in model ? ntk.forward(model as typeof one, X).data : new Float64Array(N * C);
    const columns = outputs === "full" ? 1 : C;
    const residual = toRows({ data: Y.data.map((y, i) => y - f0[i]), rows: size, cols: columns });
    const U = toRows(spectrum.eigenvectors);
    expect(spectrum.coefficients).toMatchObject({ rows: size, cols: columns });
    const coefficients = multiply(transpose(U), residual).flat();
    expectRelative(spectrum.coefficients.data, coefficients, 4 * size * EPS, "coefficients: sums of n products");
    const plain = ntk.spectrum(model, X, Y, options(outputs, { centered: true })).coefficients.data;
    const own = multiply(transpose(U), toRows({ ...Y, rows: size, cols: columns })).flat();
    expectRelative(plain, own, 4 * size * EPS, "coefficients of Y");

    const total = want.values.reduce((sum, value) => sum + value, 0);
    const p = want.values.filter((value) => value > 1e-13 * total).map((value) => value / total);
    const entropy = -p.reduce((sum, x) => sum + x * Math.log(x), 0);
    expect(spectrum.trace / total).toBeCloseTo(1, 12);
    expect(spectrum.effectiveRank).toBeCloseTo(Math.exp(entropy), 9);
    expect(spectrum.participationRatio).toBeCloseTo(1 / p.reduce((sum, x) => sum + x * x, 0), 9);
    expect(spectrum.alignment).toBeCloseTo(centredAlignment(kernelRows(model), outer(toRows(Y))), 10);
    expect(spectrum.residuals).toBeUndefined();
    const level = size * EPS * want.values[size - 1];
    spectrum.learningTimes.forEach((time, i) => {
      const value = spectrum.eigenvalues[i];
      expect(time).toBe(value > level ? (N * C) / value : Infinity);
    });
  });

  test("a learning time is when flow has brought the error along a mode down by e", () => {
    const Y = randomMatrix(N, 3, 3);
    for (const outputs of ["average", "full"] as const) {
      const { learningTimes, eigenvectors } = ntk.spectrum(three, X, Y, { outputs });
      using path = ntk.dynamics(three, X, Y, { learningRate: 1, kind: "flow", outputs });
      const size = eigenvectors.rows;
      for (const mode of [size - 1, size - 3]) {
        const along = ({ data }: Matrix) => {
          let sum = 0;
          const columns = outputs === "full" ? 1 : 3;
          for (let i = 0; i < size; i++)
            sum += eigenvectors.data[i * size + mode] * (Y.data[i * columns] - data[i * columns]);
          return sum;
        };
        const [start, later] = path.at([0, learningTimes[mode]]);
        expect(along(later) / along(start)).toBeCloseTo(Math.exp(-1), 8);
      }
    }
  });

  test.each(CASES)("the top modes of %s", (_, model, C, outputs) => {
    const Y = randomMatrix(N, C, 3);
    const K = kernelRows(model, outputs);
    const all = ntk.spectrum(model, X, Y, options(outputs));
    for (const top of [1, 4, 11, K.length]) {
      const some = ntk.spectrum(model, X, Y, options(outputs, { top }));
      const first = K.length - top;
      const largest = all.eigenvalues[K.length - 1];
      expect(some.eigenvalues.length).toBe(top);
      // The error of an eigenvalue is the square of its residual over a gap.
      expectNear(some.eigenvalues, all.eigenvalues.subarray(first), 32 * K.length * EPS, "eigenvalues", largest);
      expectModes(some, K, 1e-10);
      const residuals = some.residuals as Float64Array;
      expect(maxAbs(residuals)).toBeLessThanOrEqual(1e-10 * largest);
      const U = toRows(some.eigenvectors);
      const rests = transpose(multiply(K, U).map((row, i) => row.map((x, j) => x - some.eigenvalues[j] * U[i][j])));
      const lengths = rests.map((rest) => Math.hypot(...rest));
      expectNear(residuals, lengths, 16 * K.length * EPS, "residuals are those of the products", largest);
      const squares = (spectrum: Spectrum) =>
        Float64Array.from((spectrum.coefficients as Matrix).data.map((x) => x * x));
      // Within 1e-10/gap; without their signs.
      if (top <= 4)
        expectRelative(squares(some), squares(all).subarray(first * (squares(all).length / K.length)), 1e-7, "c²");
      expect(some.trace / all.trace).toBeCloseTo(1, 12);
      expect([some.effectiveRank, some.participationRatio, some.alignment]).toEqual([undefined, undefined, undefined]);
      expectNear(
        some.learningTimes.subarray(top - 1),
        all.learningTimes.subarray(-1),
        1e-12 * all.learningTimes[K.length - 1],
        "time",
      );
    }
  });

  test.each<[string, number[], number]>([
    ["all equal", new Array(60).fill(2), 7],
    ["pairs", Array.from({ length: 60 }, (_, i) => 1 + Math.floor(i / 2)), 9],
    ["the largest twice, alone", Array.from({ length: 60 }, (_, i) => (i < 2 ? 10 : 1 / i)), 3],
    ["a rank below top", Array.from({ length: 60 }, (_, i) => (i < 4 ? 4 - i : 0)), 12],
    ["a step", Array.from({ length: 60 }, (_, i) => (i < 30 ? 1 : 1.01)), 32],
    ["nearly equal", Array.from({ length: 60 }, (_, i) => (i < 6 ? 3 + i * 1e-12 : 1 / i)), 5],
    ["zero", new Array(60).fill(0), 4],
  ])("copies of an eigenvalue are found: %s", (_, values, top) => {
    const model = withEigenvalues(values);
    const { eigenvalues, eigenvectors } = ntk.spectrum(model, indices(60), undefined, { top });
    const want = [...values].sort((a, b) => a - b).slice(-top);
    expectNear(eigenvalues, want, 1e-11, "eigenvalues: squares of residuals of 1e-10, and rounding", maxAbs(want) || 1);
    const U = toRows(eigenvectors);
    const identity = U[0].map((__, i) => U[0].map((___, j) => (i === j ? 1 : 0)));
    expectNear(multiply(transpose(U), U).flat(), identity.flat(), 1e-13, "Uᵀ U");
  });

  test("many points: no matrix of theirs, and memory that grows during a product", async () => {
    const fresh = await loadVariant(variant);
    const net = createNetwork({ inputs: 2, hidden: 24, biasStd: 1, activation: "relu", seed: 3 });
    const points = randomMatrix(6000, 2, 4, 2);
    const { eigenvalues, eigenvectors, residuals, trace } = fresh.spectrum(net, points, undefined, { top: 3 });
    const product = fresh.kernelTimesVector(net, points, eigenvectors).data;
    const scaled = eigenvectors.data.map((value, at) => value * eigenvalues[at % 3]);
    expectNear(product, scaled, 1e-10, "Θ U against U Λ", eigenvalues[2]);
    expect(residuals?.length).toBe(3);
    expect(eigenvalues[0] + eigenvalues[1] + eigenvalues[2]).toBeLessThan(trace * (1 + 1e-12));
    fresh.dispose();
  });

  test("alignment of two models, and with targets", () => {
    const K = [one, three, infinite].map((model) => kernelRows(model));
    for (const [i, a] of [one, three, infinite].entries()) {
      for (const [j, b] of [one, three, infinite].entries()) {
        expect(ntk.alignment(a, b, X)).toBeCloseTo(centredAlignment(K[i], K[j]), 11);
        expect(ntk.alignment(a, b, X)).toBeCloseTo(ntk.alignment(b, a, X), 13);
      }
      expect(ntk.alignment(a, a, X)).toBeCloseTo(1, 14);
      expect(ntk.alignment(a, a, X)).toBeLessThanOrEqual(1);
      for (const C of [1, 4]) {
        const Y = randomMatrix(N, C, 7);
        expect(ntk.alignment(a, Y, X)).toBeCloseTo(centredAlignment(K[i], outer(toRows(Y))), 11);
      }
    }
    const Y = randomMatrix(N, 3, 3);
    expect(ntk.spectrum(three, X, Y).alignment).toBeCloseTo(ntk.alignment(three, Y, X), 13);
    expect(ntk.spectrum(three, X, Y, { outputs: "full" }).alignment).toBeCloseTo(ntk.alignment(three, Y, X), 13);
  });

  test("alignment has no scale and no constant", () => {
    const rbf = (scale: number, shift: number): Model => ({
      kernel: (A, B) => ({
        data: Float64Array.from({ length: A.rows * B.rows }, (_, at) => {
          const [i, j] = [Math.floor(at / B.rows), at % B.rows];
          const [dx, dy] = [0, 1].map((t) => A.data[2 * i + t] - B.data[2 * j + t]);
          return scale * (Math.exp(-dx * dx - dy * dy) + shift);
        }),
        rows: A.rows,
        cols: B.rows,
      }),
    });
    const Y = randomMatrix(N, 2, 3);
    const times = (by: number) => ({ ...Y, data: Y.data.map((y) => by * y) });
    for (const scale of [1e-250, 1, 1e250]) {
      expect(ntk.alignment(rbf(1, 0), rbf(scale, 0), X)).toBeCloseTo(1, 14);
      expect(ntk.alignment(one, rbf(scale, 0), X)).toBeCloseTo(ntk.alignment(one, rbf(1, 0), X), 13);
      expect(ntk.alignment(rbf(scale, 0), times(scale), X)).toBeCloseTo(ntk.alignment(rbf(1, 0), Y, X), 13);
    }
    expect(ntk.alignment(rbf(1, 1000), one, X)).toBeCloseTo(ntk.alignment(rbf(1, 0), one, X), 9);
    const shifted = { ...Y, data: Y.data.map((y) => y + 1000) };
    expect(ntk.alignment(one, shifted, X)).toBeCloseTo(ntk.alignment(one, Y, X), 9);
  });

  test("what does not change from point to point has no alignment", () => {
    const constant: Model = {
      kernel: (A, B) => ({ data: new Float64Array(A.rows * B.rows).fill(0.1), rows: A.rows, cols: B.rows }),
    };
    const Y = randomMatrix(N, 1, 3);
    const flat = new Array(N).fill(0.1);
    expect(() => ntk.alignment(constant, one, X)).toThrow(/the kernel of model does not change/);
    expect(() => ntk.alignment(one, constant, X)).toThrow(/the kernel of other does not change/);
    expect(() => ntk.alignment(constant, Y, X)).toThrow(/the kernel or the targets do not change/);
    expect(() => ntk.alignment(one, flat, X)).toThrow(RangeError);
    expect(() => ntk.alignment(one, [0], [[1, 2]])).toThrow(/do not change/);
    expect(() => ntk.alignment(one, one, [[1, 2]])).toThrow(/two points at least/);
    expect(ntk.spectrum(one, X, flat).alignment).toBeUndefined();
    expect(ntk.spectrum(constant, X, Y).alignment).toBeUndefined();
  });

  test("one point, constant targets, a zero kernel", () => {
    for (const top of [undefined, 1]) {
      const spectrum = ntk.spectrum(one, [[1, 2]], [3], { centered: true, ...(top && { top }) });
      const [value] = ntk.kernelDiagonal(one, [[1, 2]]);
      expectRelative(spectrum.eigenvalues, [value], 8 * EPS, "the kernel itself");
      expect(Math.abs(spectrum.coefficients.data[0])).toBeCloseTo(3, 14);
      expect(spectrum.learningTimes[0] * value).toBeCloseTo(1, 14);
      expect(spectrum.alignment).toBeUndefined();
      if (!top) expect([spectrum.effectiveRank, spectrum.participationRatio]).toEqual([1, 1]);
    }
    const zero = withEigenvalues([0, 0, 0]);
    const still = ntk.spectrum(zero, [0, 1, 2], [1, 1, 1]);
    expect([still.trace, still.effectiveRank, still.participationRatio]).toEqual([0, 0, 0]);
    expect([...still.learningTimes]).toEqual([Infinity, Infinity, Infinity]);
    const { error, threshold } = still.learningCurve({ sizes: [1, 2, 3], ridge: 0.5 });
    expectNear(error, [1, 1, 1], 1e-14, "nothing is learned");
    expect(threshold.every(Number.isFinite)).toBe(true);
    expectNear(still.learningCurve({ sizes: [1, 2, 3] }).error, [1, 1, 1], 1e-14, "nor without a ridge");
    const repeated = ntk.spectrum(
      one,
      [
        [1, 2],
        [1, 2],
        [0, 1],
      ],
      [1, 1, 0],
    );
    expect(repeated.learningTimes[0]).toBe(Infinity);
  });

  test("without targets there are modes only", () => {
    const spectrum = ntk.spectrum(three, X);
    expect(spectrum.eigenvalues.length).toBe(N);
    expect([spectrum.coefficients, spectrum.alignment]).toEqual([undefined, undefined]);
    expect(spectrum.learningTimes[N - 1]).toBeCloseTo((3 * N) / spectrum.eigenvalues[N - 1], 12);
    expect(() => spectrum.learningCurve({ sizes: [2] })).toThrow(/needs targets; expected spectrum\(model, X, Y\)/);
  });

  test("numbers at the ends of the range of a double", () => {
    const Y = [1, 2, 3];
    for (const scale of [1e-300, 1e300]) {
      const spectrum = ntk.spectrum(withEigenvalues([scale, 2 * scale, 4 * scale]), [0, 1, 2], Y);
      expect(spectrum.effectiveRank).toBeCloseTo(
        Math.exp(-[1, 2, 4].reduce((s, x) => s + (x / 7) * Math.log(x / 7), 0)),
        12,
      );
      expect(spectrum.participationRatio).toBeCloseTo(49 / 21, 12);
      const plain = ntk.spectrum(withEigenvalues([1, 2, 4]), [0, 1, 2], Y);
      expectNear(
        spectrum.learningCurve({ sizes: [1, 2, 3], ridge: scale }).error,
        plain.learningCurve({ sizes: [1, 2, 3], ridge: 1 }).error,
        1e-12,
        "the curve does not depend on the unit of the kernel",
      );
    }
    const large = ntk.spectrum(withEigenvalues([1, 2, 4]), [0, 1, 2], [1e200, 0, -1e200]);
    expect(() => large.learningCurve({ sizes: [1], ridge: 1 })).toThrow(/the predicted error overflows/);
    expect(() => ntk.spectrum(withEigenvalues([1e308, 1e308, 1e308]), [0, 1, 2])).toThrow(RangeError);
    expect(() => ntk.spectrum(withEigenvalues([1, 2, 4]), [0, 1, 2], [1.7e308, 1.7e308, 1.7e308])).toThrow(
      /the coefficients overflows/,
    );
  });

  test("bad input", () => {
    const Y = randomMatrix(N, 1, 3);
    const make = (more: object) => () => ntk.spectrum(one, X, Y, more as SpectrumOptions);
    expect(make({ top: 25 })).toThrow(/top is 25; expected at most 24, the number of rows of the kernel/);
    expect(make({ top: 0 })).toThrow(/top is 0; expected an integer ≥ 1/);
    expect(make({ tolerance: 1e-6 })).toThrow(/tolerance is given without top/);
    expect(make({ top: 2, tolerance: 0 })).toThrow(/tolerance is 0; expected a finite number > 0/);
    expect(make({ modes: 2 })).toThrow(/unknown option "modes"; expected outputs, top, tolerance, centered/);
    expect(() => ntk.spectrum(infinite, X, Y, { outputs: "full" })).toThrow(/outputs "full" needs a finite network/);
    expect(() => ntk.spectrum(three, X, Y)).toThrow(/Y has 1 columns; expected 3/);
    expect(() => ntk.alignment(one, [1, 2], X)).toThrow(/other has 2 rows; expected 24/);
    expect(() => ntk.alignment(one, createNetwork({ inputs: 1, hidden: 2 }), X)).toThrow(/X has 2 columns; expected 1/);
    const indefinite = withEigenvalues([-1, 2, 3]);
    expect(() => ntk.spectrum(indefinite, [0, 1, 2])).toThrow(NotPositiveDefiniteError);
    expect(() => ntk.spectrum(indefinite, [0, 1, 2], undefined, { top: 3 })).toThrow(NotPositiveDefiniteError);
    expect(make({ top: 3, tolerance: 1e-300 })).toThrow(ConvergenceError);
    expect(make({ top: 3, tolerance: 1e-300 })).toThrow(/use a larger tolerance, or leave out top/);
  });
});
