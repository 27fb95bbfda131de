/** Derivatives of predictions in the inputs, beside differences of the predictions. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  type FitOptions,
  type InfiniteNetworkOptions,
  linearKernel,
  type Model,
  maternKernel,
  type NetworkOptions,
  type Ntk,
  periodicKernel,
  precomputed,
  productOf,
  rbfKernel,
  scaled,
  sumOf,
} from "../../src/index.js";
import { generator } from "../setup/random.js";
import { loadVariant, mutating, variants } from "../setup/variants.js";

const next = generator(21);
const N = 14;
const X = Array.from({ length: N }, () => [next(), 1.5 * next()]);
const Y = X.map(([a, b]) => [Math.sin(2 * a) + b, a * b]);
const y = Y.map(([first]) => [first]);
const Xnew = Array.from({ length: 5 }, () => [1.2 * next(), next()]);
const ripple = defineActivation({
  name: "ripple",
  value: (z) => Math.sin(z) + z * z * 0.1,
  slope: (z) => Math.cos(z) + 0.2 * z,
});

const ALL: Activation[] = [
  ...(["sigmoid", "tanh", "erf", "relu", "identity", "gelu", "softplus", "silu", "sin", "cos"] as const),
  ...(["abs", "exp", "step", "hardTanh", "elu", "selu"] as const),
  { name: "leakyRelu", slope: 0.2 },
  { name: "abRelu", negative: -0.4, positive: 0.8 },
  { name: "sin", frequency: 1.5, phase: 0.4 },
  { name: "elu", alpha: 0.6 },
  { name: "gaussian", beta: 0.7 },
  { name: "monomial", degree: 3 },
  { name: "hermite", coefficients: [0.3, -0.5, 0.4, 0.2, 0.1] },
  ripple,
];
const nameOf = (activation: Activation) => (typeof activation === "string" ? activation : JSON.stringify(activation));
/** Duals that are known by differences take a hundred times as long. */
const ACTIVATIONS = mutating ? ALL.filter((activation) => !/\bs?elu\b/.test(nameOf(activation))) : ALL;

const infinite = (options: InfiniteNetworkOptions) => createInfiniteNetwork({ activation: "erf", ...options });
const network = (options: Partial<NetworkOptions>) =>
  createNetwork({ inputs: 2, hidden: 9, biasStd: 0.7, seed: 3, activation: "tanh", ...options });

/** Differences of order four of mean and variance, whose error is about 1e-11 of their size. */
function differences(predict: (X: number[][]) => Record<"mean" | "variance", Float64Array>, C: number) {
  const h = 2e-4;
  const result = { mean: [] as number[][], variance: [] as number[][] };
  for (const key of ["mean", "variance"] as const)
    for (let c = 0; c < C; c++) result[key].push(new Array(Xnew.length * 2).fill(0));
  for (let t = 0; t < 2; t++) {
    for (const [k, weight] of [
      [1, 8],
      [-1, -8],
      [2, -1],
      [-2, 1],
    ]) {
      const moved = predict(Xnew.map((x) => x.map((value, s) => (s === t ? value + k * h : value))));
      for (const key of ["mean", "variance"] as const)
        for (let n = 0; n < Xnew.length; n++)
          for (let c = 0; c < C; c++) result[key][c][2 * n + t] += (weight * moved[key][n * C + c]) / (12 * h);
    }
  }
  return result;
}

function check(ntk: Ntk, model: Model, targets: number[][], options: FitOptions, tolerance = 1e-7) {
  const fit = ntk.fit(model, X, targets, options);
  const C = targets[0].length;
  const { gradient, mean, variance } = fit.predict(Xnew, { gradient: true });
  const expected = differences((at) => {
    const { mean, variance } = fit.predict(at);
    return { mean: mean.data, variance: variance.data };
  }, C);
  const size = (numbers: Iterable<number>) => Math.max(...Array.from(numbers, Math.abs));
  for (const key of ["mean", "variance"] as const) {
    const found = gradient[key];
    expect(found?.length).toBe(C);
    const values = key === "mean" ? mean.data : (variance as { data: Float64Array }).data;
    for (let c = 0; c < C; c++) {
      expect([found?.[c].rows, found?.[c].cols]).toEqual([Xnew.length, 2]);
      const scale = size(expected[key][c]) + size(values);
      found?.[c].data.forEach((value, at) => {
        const off = Math.abs(value - expected[key][c][at]) / scale;
        expect(off, `${key}, output ${c}, entry ${at}: ${value}, by differences ${expected[key][c][at]}`).toBeLessThan(
          tolerance,
        );
      });
    }
  }
  fit.dispose();
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(ACTIVATIONS.map((activation) => [nameOf(activation), activation] as const))(
    "%s",
    (name, activation) => {
      test.each([1, 2, 3])("infinite networks of depth %i", (depth) => {
        if (name.includes("exp") && depth > 2) return;
        check(ntk, infinite({ activation, depth, weightStd: 0.9, biasStd: 0.4 }), y, { ridge: 1e-2 });
      });

      test("without biases", () => check(ntk, infinite({ activation, depth: 2, bias: false }), y, { ridge: 1e-2 }));
      test("NNGP", () =>
        check(ntk, infinite({ activation, depth: 2, kernel: "nngp", weightStd: 0.8 }), y, { ridge: 1e-2 }));
      test("finite networks", () => {
        if (name === "step" || name === "hardTanh") return;
        check(ntk, network({ activation }), y, { ridge: 1e-1 });
        check(ntk, network({ activation, hidden: [6, 5] }), y, { ridge: 1e-1, solver: "primal" });
      });
    },
  );

  test.each<[string, Model]>([
    ["linear", linearKernel({ biasStd: 0.3 })],
    ["rbf", rbfKernel({ lengthScale: [0.7, 1.3], amplitude: 1.7 })],
    ["matern 1/2", maternKernel({ nu: 0.5, lengthScale: 0.9 })],
    ["matern 3/2", maternKernel({ nu: 1.5, lengthScale: [0.9, 2] })],
    ["matern 5/2", maternKernel({ nu: 2.5, amplitude: 0.5 })],
    ["periodic", periodicKernel({ period: [2.3, 3.1], lengthScale: [1, 0.8] })],
    ["a sum", sumOf([{ model: rbfKernel() }, { model: infinite({ depth: 2 }), weight: 0.4 }])],
    ["a product", productOf([maternKernel({ nu: 1.5 }), periodicKernel({ period: 4 }), infinite({})])],
    ["a scaled model", scaled(infinite({ activation: "gelu" }), 0.2)],
    ["a network in a sum", sumOf([{ model: network({}), weight: 2 }, { model: rbfKernel() }])],
    [
      "a product of kernels whose diagonals vary",
      productOf([infinite({}), linearKernel({ biasStd: 0.5 }), infinite({})]),
    ],
    ["a network in a product", productOf([network({ hidden: [5, 4] }), rbfKernel()])],
    ["a residual network", infinite({ depth: 5, residual: 2, activation: "gelu", weightStd: 0.8 })],
    ["a residual finite network", network({ hidden: [5, 5, 5], residual: 1 })],
    ["activations for each layer", infinite({ depth: 3, activation: ["relu", "sigmoid", ripple] })],
    ["standard", infinite({ depth: 2, parametrization: "standard", width: [20, 30] })],
    ["rates", infinite({ depth: 2, rates: [0.5, 0, 2] })],
    ["large variances of a mixture", infinite({ activation: "tanh", weightStd: 5 })],
    ["a frozen first layer", network({ rates: [0, 1] })],
    ["twins", network({ centeredStart: true })],
    ["mean field", network({ parametrization: "meanField", init: "unit" })],
    ["ntk", network({ parametrization: "ntk", init: "ntk", weightStd: 1.4, outputScale: 2 })],
    ["no biases", network({ bias: false, biasStd: undefined })],
  ])("%s", (_, model) => {
    check(ntk, model, y, { ridge: 1e-2 });
  });

  test.each<[string, FitOptions, number?]>([
    ["centred", { ridge: 1e-2, centered: true }],
    ["in weight space", { ridge: 1e-1, solver: "primal" }],
    ["weight space with weights of rows", { ridge: 1e-1, solver: "primal", weights: X.map((_, i) => 1 + (i % 3)) }],
    ["noise of rows", { ridge: 1e-2, noise: X.map((_, i) => (i % 4) / 10), scale: "fit" }],
    ["outputs of one kernel", { ridge: 1e-2, outputs: "average" }],
    ["ridges of outputs", { ridge: [1e-2, 1e-1], outputs: "average", scale: "fit" }],
    ["a path", { ridges: [1e-2, 1e-1, 1] }],
  ])("fits of two outputs: %s", (_, options) => {
    check(ntk, network({ outputs: 2, rates: [0.5, 2] }), Y, options);
    if (options.solver !== "primal") check(ntk, infinite({ depth: 2 }), Y, options);
  });

  test("outputs of a sum of networks, all pairs", () => {
    const two = network({ outputs: 2 });
    check(ntk, sumOf([{ model: two }, { model: network({ outputs: 2, seed: 8 }) }]), Y, {
      ridge: 1e-2,
      outputs: "full",
    });
  });

  test.each(["cg", "lowrank"] as const)("solver %s has the gradient of the mean", (solver) => {
    const model = rbfKernel({ lengthScale: 0.7 });
    const dual = ntk.fit(model, X, y, { ridge: 1e-2 }).predict(Xnew, { gradient: true, variance: false });
    const fit = ntk.fit(model, X, y, { ridge: 1e-2, solver });
    const { gradient } = fit.predict(Xnew, { gradient: true, variance: false });
    gradient.mean[0].data.forEach((value, at) => {
      expect(value).toBeCloseTo(dual.gradient.mean[0].data[at], 6);
    });
    expect(gradient.variance).toBeUndefined();
    expect(() => fit.predict(Xnew, { gradient: true })).toThrow(/solver "(cg|lowrank)"; expected solver "dual"/);
  });

  test.each(["sigmoid", "tanh", "softplus", "silu"] as const)("%s at variances beyond its series", (activation) => {
    // There the double sum over probits takes over.
    for (const weightStd of [4, 20])
      check(ntk, infinite({ activation, depth: 2, weightStd, biasStd: 0.4 }), y, { ridge: 1e-2 });
  });

  test("a kink is the mean of both sides", () => {
    const fit = ntk.fit(infinite({ activation: "relu", bias: false, depth: 2 }), X, y, { ridge: 1e-2 });
    const h = 1e-6;
    const at = (k: number) => fit.predict([[X[3][0] + k * h, X[3][1]]], { variance: false }).mean.data[0];
    const [below, above] = [(at(0) - at(-1)) / h, (at(1) - at(0)) / h];
    const { gradient } = fit.predict([X[3]], { gradient: true });
    // Unlike the slope on either side.
    expect(Math.abs(above - below)).toBeGreaterThan(1e-3);
    expect(gradient.mean[0].data[0]).toBeCloseTo((below + above) / 2, 4);
    expect(Number.isFinite(gradient.variance?.[0].data[0])).toBe(true);
  });

  test("points at 0, far points and equal points have finite derivatives", () => {
    for (const activation of ACTIVATIONS) {
      const far = nameOf(activation) === "exp" || activation === ripple ? 1 : 20;
      const fit = ntk.fit(infinite({ activation, depth: 2, bias: false }), [...X, [0, 0]], [...y, [0]], { ridge: 1 });
      const { gradient } = fit.predict([[0, 0], X[2], [far, -far], X[2].map((x) => 2 * x)], { gradient: true });
      for (const { data } of [...gradient.mean, ...(gradient.variance ?? [])])
        expect(data.every(Number.isFinite), nameOf(activation)).toBe(true);
    }
  });

  test("refuses kernels without derivatives", () => {
    const own: Model = { kernel: (A, B) => ntk.kernel(rbfKernel(), A, B) };
    for (const model of [own, sumOf([{ model: own }, { model: rbfKernel() }])])
      expect(() => ntk.fit(model, X, y, { ridge: 1 }).predict(Xnew, { gradient: true })).toThrow(
        /derivatives of a kernel of one's own are not known/,
      );
    const K = precomputed([
      [2, 1],
      [1, 2],
    ]);
    expect(() => ntk.fit(K, [0, 1], [1, 2], { ridge: 1 }).predict([0], { gradient: true })).toThrow(/row numbers/);
  });
});
