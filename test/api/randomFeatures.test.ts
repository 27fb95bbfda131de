/** Random features of infinitely wide networks: their kernel, its error, and the fits that they give. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  type InfiniteNetworkOptions,
  type Matrix,
  type Ntk,
  randomFeatures,
} from "../../src/index.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 12;
const X = randomMatrix(N, 3, 1, 1.5);
/** Deep features draw O(count²) numbers a layer. */
const [SHALLOW, DEEP] = [
  [64, 256, 1024, 2048],
  [32, 80, 200, 500],
];
/** The root mean square over so many seeds is right to a tenth: its logarithm adds 0.03 to the slope. */
const SEEDS = 50;

/** Each way in which a layer gets its features. */
const MODELS: [string, InfiniteNetworkOptions][] = [
  ["relu", { activation: "relu" }],
  ["leakyRelu", { activation: "leakyRelu", biasStd: 0.5 }],
  ["abs", { activation: "abs", bias: false }],
  ["sin", { activation: "sin", weightStd: 1.5 }],
  ["cos", { activation: "cos" }],
  ["sigmoid", { activation: "sigmoid", weightStd: 2 }],
  ["erf, nngp", { activation: "erf", kernel: "nngp" }],
  ["frozen hidden layer", { activation: "tanh", rates: [0, 1] }],
  ["two layers, rates", { activation: ["relu", "tanh"], depth: 2, rates: [1, 0.5, 2], outputScale: 0.5 }],
  ["standard", { activation: "gelu", parametrization: "standard", width: 50 }],
  ["residual", { activation: "tanh", depth: 3, residual: 1, weightStd: 0.7 }],
  ["residual, nngp", { activation: "tanh", depth: 3, residual: 1, weightStd: 0.7, kernel: "nngp" }],
];

/** Φ Φᵀ. */
function gramOf({ data, rows, cols }: Matrix): Float64Array {
  return Float64Array.from({ length: rows * rows }, (_, at) => {
    const [i, j] = [Math.floor(at / rows), at % rows];
    let sum = 0;
    for (let k = 0; k < cols; k++) sum += data[i * cols + k] * data[j * cols + k];
    return sum;
  });
}

/** Root mean square, relative to that of `of`. */
function relative(error: Float64Array, of: Float64Array): number {
  return Math.sqrt(error.reduce((sum, e) => sum + e * e, 0) / of.reduce((sum, x) => sum + x * x, 0));
}

/** Variants make the same features to rounding, which a test below shows: one of them is enough here. */
test.each(MODELS)("the error falls like 1/√count: %s", async (_, options) => {
  const ntk = await loadVariant("simd");
  const model = createInfiniteNetwork(options);
  const exact = ntk.kernel(model, X).data;
  const counts = model.depth === 1 ? SHALLOW : DEEP;
  const errors = counts.map((count) => {
    const all = Array.from({ length: SEEDS }, (_, seed) => {
      const K = gramOf(ntk.features(randomFeatures(model, { count, seed }), X));
      return (
        relative(
          K.map((k, i) => k - exact[i]),
          exact,
        ) ** 2
      );
    });
    return Math.sqrt(all.reduce((sum, e) => sum + e, 0) / SEEDS);
  });
  const [x, y] = [counts.map(Math.log), errors.map(Math.log)];
  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const slope =
    x.reduce((sum, v, i) => sum + (v - mean(x)) * (y[i] - mean(y)), 0) /
    x.reduce((sum, v) => sum + (v - mean(x)) ** 2, 0);
  expect(Math.abs(slope + 0.5), `slope ${slope} of errors ${errors}`).toBeLessThan(0.1);
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test("one hidden layer: the mean over seeds is the kernel", () => {
    const model = createInfiniteNetwork({ activation: "relu" });
    const exact = ntk.kernel(model, X).data;
    const draws = 400;
    const [sum, squares] = [new Float64Array(N * N), new Float64Array(N * N)];
    for (let seed = 0; seed < draws; seed++) {
      gramOf(ntk.features(randomFeatures(model, { count: 33, seed }), X)).forEach((k, i) => {
        sum[i] += k / draws;
        squares[i] += k ** 2 / draws;
      });
    }
    sum.forEach((mean, i) => {
      const standardError = Math.sqrt((squares[i] - mean ** 2) / draws);
      expect(Math.abs(mean - exact[i]), `entry ${i}: five standard errors`).toBeLessThan(5 * standardError);
    });
  });

  test("the fit is that of the kernel of the features", async () => {
    const features = randomFeatures(createInfiniteNetwork({ activation: "erf" }), { count: 40, seed: 2 });
    const [Y, T] = [randomMatrix(N, 2, 5, 1), randomMatrix(4, 3, 6, 1)];
    const feature = (A: Matrix) => ntk.features(features, A);
    const all = { rows: N + 4, cols: 3, data: Float64Array.of(...X.data, ...T.data) };
    const linear = { kernel: (A: Matrix, B: Matrix) => ntk.matmul(feature(A), transposed(feature(B))) };
    using want = ntk.fit(linear, X, Y, { ridge: 0.1, scale: "fit" });
    using got = await ntk.fitStream(structuredClone(features), [{ X, Y }], { ridge: 0.1, scale: "fit" });
    const allowed = 64 * Number.EPSILON * (want.report.conditionNumber as number);
    const options = { covariance: true, noise: true } as const;
    const [a, b] = [got.predict(T, options), want.predict(T, options)];
    expectNear(a.mean.data, b.mean.data, allowed, "mean");
    expectNear(a.variance.data, b.variance.data, allowed, "variance");
    expectNear(a.covariance.data, b.covariance.data, allowed, "covariance, outputs of scales of their own");
    for (const key of ["logEvidence", "logEvidenceProfiled", "degreesOfFreedom"] as const)
      expectNear([got.report[key] as number], [want.report[key] as number], 100 * allowed, key);
    expectNear(got.report.scales, want.report.scales, allowed, "scales");
    expect(got.report.perOutput.map(({ ridge }) => ridge)).toEqual([0.1, 0.1]);
    expect(() => got.parameters()).toThrow(/needs a finite network/);
    expect(() => got.predict([[1, 2]])).toThrow("X has 2 columns; expected 3");
    expect(feature(all).data.slice(0, N * 40), "rows do not depend on other rows").toEqual(feature(X).data);
  });

  test("many features approach the fit of the infinite network", () => {
    const model = createInfiniteNetwork({ activation: "relu" });
    const Y = randomMatrix(N, 1, 5, 1);
    const T = randomMatrix(4, 3, 6, 1);
    using exact = ntk.fit(model, X, Y, { ridge: 1 });
    const features = randomFeatures(model, { count: 4000, seed: 1 });
    using fit = ntk.fitSums(features, ntk.primalSums(features, X, Y), { ridge: 1 });
    const [got, want] = [fit.predict(T), exact.predict(T)];
    expectNear(got.mean.data, want.mean.data, 0.1, "mean: errors of the kernel near 1/√4000");
    expectNear(got.variance.data, want.variance.data, 0.1, "variance");
  });

  test("an activation of one's own, and the same features everywhere", async () => {
    const own = defineActivation({
      name: "own",
      value: Math.tanh,
      slope: (x) => 1 - Math.tanh(x) ** 2,
    });
    const options = { count: 200, seed: 3 };
    const [mine, theirs] = [own, "tanh" as const].map((activation) =>
      ntk.features(randomFeatures(createInfiniteNetwork({ activation }), options), X),
    );
    expectNear(mine.data, theirs.data, 1e-13 * maxAbs(theirs.data), "tanh and Math.tanh");
    const js = await loadVariant("js");
    const features = randomFeatures(createInfiniteNetwork({ activation: "tanh" }), options);
    expectNear(js.features(features, X).data, theirs.data, 1e-13 * maxAbs(theirs.data), "JavaScript and WebAssembly");
  });

  test("what is no model, and what has no features", () => {
    const model = createInfiniteNetwork();
    expect(() => randomFeatures(createInfiniteNetwork({ depth: 0 }))).toThrow(/depth is 0/);
    expect(() => randomFeatures(model, { count: 2 })).toThrow("count is 2; expected an integer ≥ 3");
    expect(() => randomFeatures(createNetwork({ inputs: 1, hidden: 3 }) as never)).toThrow(
      /expected an infinite network/,
    );
    expect(() => ntk.features(model as never, X)).toThrow(/expected random features/);
    expect(() => ntk.primalSums(randomFeatures(model, { count: 2 ** 40 }), X, X)).toThrow(/memory/);
  });
});

function transposed({ data, rows, cols }: Matrix): Matrix {
  return {
    rows: cols,
    cols: rows,
    data: Float64Array.from(data, (_, at) => data[(at % rows) * cols + Math.floor(at / rows)]),
  };
}
