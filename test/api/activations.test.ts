/** Activations with parameters through the public API: descriptions, lists of them, and what is one of another. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  type ActivationDescription,
  createInfiniteNetwork,
  createNetwork,
  initialization,
  type NetworkOptions,
  type Ntk,
} from "../../src/index.js";
import { autodiff, jacobianOf } from "../oracle/autodiff.js";
import { toRows } from "../oracle/dense.js";
import { networkDescent } from "../oracle/descent.js";
import { kernelOf } from "../oracle/network.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";
import golden from "../vectors/dualActivations.json" with { type: "json" };

const MIXED: Activation[] = [
  { name: "sin", frequency: 1.7, phase: 0.4 },
  "tanh",
  { name: "hermite", coefficients: [0.2, 1, -0.3, 0.1] },
  { name: "leakyRelu", slope: 0.2 },
];

/** Pairs that are one activation, and by how much ulps may differ. */
const SAME: [string, Activation, Activation][] = [
  ["no slope left of 0", { name: "abRelu", negative: 0, positive: 1 }, "relu"],
  ["the same slope on both sides", { name: "abRelu", negative: 1, positive: 1 }, "identity"],
  ["defaults", { name: "leakyRelu", slope: 0.01 }, "leakyRelu"],
  ["leaky", { name: "abRelu", negative: 0.2, positive: 1 }, { name: "leakyRelu", slope: 0.2 }],
  ["absolute value", { name: "abRelu", negative: -1, positive: 1 }, "abs"],
  ["plain sine", { name: "sin", frequency: 1, phase: 0 }, "sin"],
  [
    "a quarter turn",
    { name: "sin", frequency: 0.7, phase: 0.3 + Math.PI / 2 },
    { name: "cos", frequency: 0.7, phase: 0.3 },
  ],
  ["degree 1", { name: "monomial", degree: 1 }, "identity"],
  ["He_1", { name: "hermite", coefficients: [0, 1] }, "identity"],
  ["z² = √2 h_2 + 1", { name: "hermite", coefficients: [1, 0, Math.SQRT2] }, { name: "monomial", degree: 2 }],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const options: NetworkOptions = {
    inputs: 2,
    hidden: [7, 5, 6, 4],
    outputs: 2,
    activation: MIXED,
    init: "ntk",
    biasStd: 0.3,
    seed: 3,
  };

  test("a list of names and descriptions: the kernel is ΦΦᵀ by forward-mode differentiation", () => {
    const net = createNetwork(options);
    const X = randomMatrix(5, 2, 4, 1.5);
    const want = kernelOf(jacobianOf(net, toRows(X)));
    for (const same of [net, structuredClone(net), createNetwork(JSON.parse(JSON.stringify(net)))]) {
      const K = ntk.kernel(same, X, X, { outputs: "full" });
      expectRelative(K.data, want, 1e-13, "kernel: some 400 ε, a few dozen roundings");
    }
  });

  test("a step of training is −η Φᵀ(f − y)/n, and a fit comes back from its snapshot", () => {
    const net = createNetwork({ ...options, outputs: 1 });
    const X = randomMatrix(6, 2, 5, 1.5);
    const Y = Float64Array.from({ length: 6 }, (_, i) => Math.sin(i));
    const { network } = ntk.train(net, X, Y, { learningRate: 0.2, steps: 1 });
    const points = toRows(X);
    const residuals = points.map((x, i) => autodiff(net, x).f[0] - Y[i]);
    const rows = jacobianOf(net, points);
    const want = net.parameters.map(
      (theta, p) => theta - (0.2 / 6) * residuals.reduce((sum, r, i) => sum + r * rows[i][p], 0),
    );
    expectRelative(network.parameters, want, 1e-14, "θ: one step, a sum of six terms");
    using fit = ntk.fit(net, X, Y, { ridge: 0.1 });
    using again = ntk.restore(fit.snapshot());
    expect(again.predict(X).mean).toEqual(fit.predict(X).mean);
  });

  test.each([
    { name: "gaussian", beta: 0.4 },
    { name: "sin", frequency: 1.3, phase: 0.2 },
    { name: "hermite", coefficients: [0, 1, 0.2] },
  ] as const)("one hidden layer, %j: training moves as the textbook's loop says", (activation) => {
    const net = createNetwork({ inputs: 2, hidden: 11, biasStd: 0.5, activation, seed: 2 });
    const X = randomMatrix(6, 2, 5, 1.5);
    const Y = Float64Array.from({ length: 6 }, (_, i) => Math.sin(i));
    const descent = { learningRate: 0.1, momentum: 0.5 };
    const want = networkDescent(net, toRows(X), Y, descent, 20);
    const { network } = ntk.train(net, X, Y, { ...descent, steps: 20 });
    expectRelative(network.parameters, want.theta, 1e-12, "θ: 20 steps");
  });

  test.each(SAME)("%s: the same kernels, finite, expected and infinite", (_, activation, same) => {
    const X = randomMatrix(6, 2, 8, 1.5);
    const shape = { inputs: 2, hidden: 20, biasStd: 0.4, seed: 1 };
    const [one, other] = [activation, same].map((each) => {
      const net = createNetwork({ ...shape, activation: each });
      const model = createInfiniteNetwork({ activation: each, depth: 3, weightStd: 0.8, biasStd: 0.2 });
      const expected = initialization({ ...shape, activation: each }).expectedKernel(X);
      return [ntk.kernel(net, X), ntk.kernel(model, X), expected].map(({ data }) => data);
    });
    one.forEach((K, i) => {
      expectRelative(K, other[i], 1e-14, "kernel: a few dozen roundings");
    });
  });

  test("half-lines keep the digits of points that are nearly parallel or opposite, in depth too", () => {
    for (const { activation, depth, weightStd, biasStd, x, y, ntk: want } of golden.deep) {
      const model = { activation: activation as Activation, depth, weightStd, biasStd };
      const where = `${JSON.stringify(activation)}, y = ${y}`;
      const K = ntk.kernel(createInfiniteNetwork(model), [x, y]).data;
      expect(Math.abs(K[1] / want - 1), `Θ, ${where}`).toBeLessThanOrEqual(1e-14);
    }
    expect(golden.deep.length).toBeGreaterThan(10);
  });

  test("step: an NNGP, and an NTK of the readout", () => {
    const X = randomMatrix(5, 3, 2);
    const shape = { depth: 2, biasStd: 0.1, activation: "step" } as const;
    const [full, readout] = (["ntk", "nngp"] as const).map((kernel) =>
      ntk.kernel(createInfiniteNetwork({ ...shape, kernel }), X),
    );
    expect(full.data).toEqual(readout.data);
    const net = createNetwork({ inputs: 3, hidden: 9, activation: "step", biasStd: 1 });
    const { c, d } = ntk.kernelBlocks(net, X);
    expect([...c.data, ...d.data].every((value) => value === 0)).toBe(true);
  });

  test("what overflows is an error", () => {
    for (const activation of ["exp", { name: "monomial", degree: 8 }] as const) {
      const net = createNetwork({ inputs: 1, hidden: 3, activation, bias: false, seed: 1 });
      expect(() => ntk.forward(net, [1e200])).toThrow(/overflows float64/);
      expect(() => ntk.fit(createInfiniteNetwork({ activation, depth: 9 }), [9, 8], [1, 2])).toThrow(RangeError);
    }
  });
});

describe("descriptions", () => {
  const made = (activation: unknown) => createNetwork({ inputs: 1, hidden: 2, activation } as never).activation;

  test("names stay names, defaults are filled in, and what has no parameters becomes its name", () => {
    expect(made("leakyRelu")).toBe("leakyRelu");
    expect(made({ name: "relu" })).toBe("relu");
    expect(made({ name: "sin" })).toBe("sin");
    expect(made({ name: "sin", phase: 2 })).toEqual({ name: "sin", frequency: 1, phase: 2 });
    expect(made({ name: "hermite", coefficients: Float32Array.of(1, 2) })).toEqual({
      name: "hermite",
      coefficients: [1, 2],
    });
    expect(createInfiniteNetwork({ activation: { name: "gaussian", beta: 2 } }).activation).toEqual({
      name: "gaussian",
      beta: 2,
    });
  });

  test.each([
    [{ name: "leakyRelu", slop: 1 }, TypeError, /activation: unknown option "slop"; expected name, slope/],
    [{ name: "relu", slope: 1 }, TypeError, /unknown option "slope"; expected name/],
    [{ name: "leakyrelu" }, RangeError, /activation\.name is "leakyrelu"; expected one of sigmoid/],
    [{ slope: 1 }, TypeError, /activation\.name is undefined; expected one of/],
    [{ name: "leakyRelu", slope: "1" }, TypeError, /activation\.slope is .*; expected a number/],
    [{ name: "leakyRelu", slope: Number.NaN }, RangeError, /slope is NaN; expected a finite number/],
    [{ name: "abRelu", negative: 1 }, TypeError, /activation\.positive is undefined/],
    ["abRelu", RangeError, /activation is "abRelu", which has parameters; expected them, as in \{ name: "abRelu"/],
    [{ name: "hermite" }, RangeError, /activation is "hermite", which has parameters/],
    ["monomial", RangeError, /as in \{ name: "monomial", degree: 2 \}/],
    [{ name: "monomial", degree: 9 }, RangeError, /degree is 9; expected a degree from 1 to 8/],
    [{ name: "monomial", degree: 1.5 }, RangeError, /degree is 1.5/],
    [{ name: "hermite", coefficients: [] }, RangeError, /coefficients/],
    [{ name: "hermite", coefficients: new Array(10).fill(1) }, RangeError, /coefficients/],
    [{ name: "hermite", coefficients: [1, Infinity] }, RangeError, /coefficients\[1\] is Infinity/],
    [{ name: "gaussian", beta: 0 }, RangeError, /beta is 0; expected a finite number > 0/],
    [new Map(), TypeError, /expected one of sigmoid/],
    [7, TypeError, /activation is number 7; expected one of/],
    [[{ name: "relu", slope: 1 }], TypeError, /activation\[0\]: unknown option/],
  ])("%j is refused", (activation, error, message) => {
    expect(() => made(activation)).toThrow(error);
    expect(() => made(activation)).toThrow(message);
    if (!Array.isArray(activation)) {
      expect(() => createInfiniteNetwork({ activation } as never)).toThrow(message);
    }
  });

  test("a network owns its descriptions", () => {
    const description = { name: "hermite", coefficients: [1, 2] } satisfies ActivationDescription;
    const net = createNetwork({ inputs: 1, hidden: 2, activation: description });
    description.coefficients[0] = 9;
    expect(net.activation).toEqual({ name: "hermite", coefficients: [1, 2] });
  });
});
