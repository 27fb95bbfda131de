/**
 * Options of layers: scales, activations, rates, outputScale, residuals, centred starts, the mean-field
 * parametrisation. Finite networks against forward-mode differentiation, infinite ones against the recursion by
 * quadrature, both against what they mean.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type InfiniteNetworkOptions,
  type Matrix,
  type Network,
  type NetworkOptions,
  type Ntk,
} from "../../src/index.js";
import { autodiff, jacobianOf, ratesOf } from "../oracle/autodiff.js";
import { toRows } from "../oracle/dense.js";
import { infinitePair } from "../oracle/infinite.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";
import golden from "../vectors/layers.json" with { type: "json" };

const NETWORKS: Record<string, NetworkOptions> = {
  "a std for each layer": { inputs: 3, hidden: [5, 4], init: "ntk", weightStd: [1.5, 0.7, 2], biasStd: [0.3, 0, 1] },
  "std of one hidden layer": { inputs: 2, hidden: 6, weightStd: [2, 0.5], biasStd: [1, 0.2] },
  "an activation for each layer": { inputs: 2, hidden: [4, 5, 3], activation: ["tanh", "relu", "sin"], biasStd: 0.4 },
  "a rate for each layer": { inputs: 2, hidden: [4, 3], outputs: 2, rates: [0.5, 2, 3], biasStd: 0.2 },
  "a frozen layer": { inputs: 2, hidden: [4, 3], rates: [0, 1, 1], biasStd: 0.2, activation: "tanh" },
  "rates by name": { inputs: 3, hidden: 7, rates: { a: 0, c: 4, d: 0.25 }, biasStd: 1 },
  "all but the readout frozen": { inputs: 1, hidden: [6, 6], rates: [0, 0, 1], activation: "erf" },
  outputScale: { inputs: 2, hidden: [5, 3], outputs: 3, outputScale: 3, init: "ntk", biasStd: 0.5 },
  "residual, every layer": {
    inputs: 2,
    hidden: [4, 4, 4, 4],
    residual: 1,
    activation: "erf",
    weightStd: 1.1,
    biasStd: 0.3,
  },
  "residual, blocks of two": {
    inputs: 3,
    hidden: [4, 6, 4, 2, 4, 3],
    residual: 2,
    outputs: 2,
    activation: "tanh",
    init: "ntk",
  },
  "residual, blocks of three": { inputs: 2, hidden: [3, 5, 4, 3, 2], residual: 3, activation: "relu", biasStd: 0.7 },
  "residual, rates and scales": {
    inputs: 2,
    hidden: [4, 4, 4],
    residual: 1,
    rates: { c1: 0, b: 3, d2: 0.5 },
    outputScale: 0.5,
    weightStd: [1, 2, 0.5, 1],
    biasStd: 0.3,
    activation: ["erf", "gelu", "silu"],
  },
  "mean field": { inputs: 2, hidden: 9, parametrization: "meanField", activation: "tanh" },
  "mean field with rates": { inputs: 1, hidden: 8, parametrization: "meanField", rates: { b: 0.5, c: 2 }, outputs: 2 },
  "mean field, uniform, no biases": {
    inputs: 3,
    hidden: 5,
    parametrization: "meanField",
    init: "unitUniform",
    bias: false,
  },
  "centred start": { inputs: 2, hidden: 5, centeredStart: true, biasStd: 1, activation: "gelu" },
  "centred start, ntk": { inputs: 2, hidden: 4, centeredStart: true, init: "ntk", outputs: 3, outputScale: 2 },
  "centred start, mean field": { inputs: 2, hidden: 4, centeredStart: true, parametrization: "meanField" },
};

/** Φ D Φᵀ. */
function kernelWithRates(net: Network, J: number[][], J2 = J): number[] {
  const rates = ratesOf(net);
  return J.flatMap((p) => J2.map((q) => p.reduce((sum, value, k) => sum + rates[k] * value * q[k], 0)));
}

const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string, bound = 2e-13) =>
  expectRelative(got, want, bound, `${what}: some 800 ε, a few dozen roundings in up to eight layers`);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(Object.entries(NETWORKS))("%s", (name, options) => {
    const net = createNetwork({ ...options, seed: 3 });
    const [X, X2] = [randomMatrix(6, net.inputs, 1, 1.5), randomMatrix(4, net.inputs, 2, 1.5)];
    const [J, J2] = [jacobianOf(net, toRows(X)), jacobianOf(net, toRows(X2))];
    const C = net.outputs;
    const Y = randomMatrix(6, C, 5, 1);

    test("f, Jacobian, kernels and their parts", () => {
      const f = ntk.forward(net, X).data;
      const want = toRows(X).flatMap((x) => autodiff(net, x).f);
      if (net.centeredStart) for (const value of f) expect(value, "exactly 0").toBe(0);
      else near(f, want, "forward");
      near(ntk.jacobian(net, X).data, J.flat(), "the plain Jacobian");
      const [full, cross] = [kernelWithRates(net, J), kernelWithRates(net, J, J2)];
      near(ntk.kernel(net, X, X, { outputs: "full" }).data, full, "full");
      near(ntk.kernel(net, X, X2, { outputs: "full" }).data, cross, "full, cross");
      const sum = new Float64Array(36);
      for (const K of Object.values(ntk.kernelBlocks(net, X))) for (let at = 0; at < 36; at++) sum[at] += K.data[at];
      near(sum, ntk.kernel(net, X).data, "the sum of the blocks");
      const diagonal = full.filter((_, at) => at % (6 * C + 1) === 0);
      near(ntk.kernelDiagonal(net, X, { outputs: "full" }), diagonal, "diagonal");
      const V = randomMatrix(6 * C, 2, 8, 1);
      const Theta = { data: Float64Array.from(full), rows: 6 * C, cols: 6 * C };
      near(ntk.kernelTimesVector(net, X, V).data, ntk.matmul(Theta, V).data, "Θ V");
      const theta = net.parameters.map((value, p) => value + Math.sin(p));
      const moved = J.map((row, i) => row.reduce((s, value, p) => s + value * Math.sin(p), want[i]));
      near(ntk.linearize(net).at(theta, X).data, moved, "linearize");
    });

    test("every solver: one answer, and weights that give it", () => {
      const means = (["dual", "primal", "cg"] as const).map((solver) => {
        const fit = ntk.fit(net, X, Y, { ridge: 0.3, solver });
        const { mean, variance } = fit.predict(X2);
        const linear = ntk.linearize(net).at(fit.parameters(), X2);
        near(linear.data, mean.data, `${solver}: parameters()`, 1e-8);
        frozen(net, fit.parameters());
        fit.dispose();
        return [...mean.data, ...(variance as Matrix).data];
      });
      near(means[1], means[0], "primal and dual", 1e-9);
      near(means[2], means[0], "cg and dual", 1e-7);
    });

    test("training is descent with rates: step by step, and in the first-order model", () => {
      const path = ntk.dynamics(net, X, Y, { learningRate: 1e-2, weightDecay: 0.1, momentum: 0.5 });
      const linear = ntk.linearize(net).at(path.parametersAt(40), X2);
      near(linear.data, path.at(40, X2).data, "dynamics: parametersAt", 1e-9);
      path.dispose();
      const [rate, momentum, decay] = [0.01, 0.5, 0.1];
      const rates = ratesOf(net);
      const theta = Array.from(net.parameters);
      const velocity = theta.map(() => 0);
      for (let step = 0; step < 3; step++) {
        const points = toRows(X).map((x) => autodiff(net, x, theta));
        const residual = points.flatMap(({ f }, i) => f.map((value, c) => value - Y.data[i * C + c]));
        const rows = points.flatMap((point) => point.rows);
        for (let p = 0; p < theta.length; p++) {
          const gradient = rows.reduce((sum, row, i) => sum + row[p] * residual[i], 0) / residual.length;
          velocity[p] = momentum * velocity[p] + rates[p] * gradient + decay * (theta[p] - net.parameters[p]);
        }
        for (let p = 0; p < theta.length; p++) theta[p] -= rate * velocity[p];
      }
      const trained = ntk.train(net, X, Y, {
        steps: 3,
        learningRate: rate,
        momentum,
        weightDecay: decay,
        recordAt: [3],
      });
      near(trained.network.parameters, theta, "three steps", 1e-11);
      frozen(net, trained.network.parameters);
    });

    test("a network is its own options, and crosses JSON", () => {
      const again = createNetwork(JSON.parse(JSON.stringify(net)));
      expect(again).toEqual(net);
      const { parameters: _, blocks: __, ...shape } = net;
      expect(createNetwork(shape).parameters).toEqual(net.parameters);
      expect(name).not.toBe("");
    });
  });

  /** Frozen blocks are where they were, to the bit. */
  function frozen(net: Network, theta: Float64Array): void {
    const rates = ratesOf(net);
    rates.forEach((rate, p) => {
      if (rate === 0) expect(theta[p]).toBe(net.parameters[p]);
    });
  }

  test("centeredStart leaves the kernel of the network without twins", () => {
    for (const options of [
      { inputs: 2, hidden: 50, biasStd: 1 },
      { inputs: 2, hidden: 31, init: "ntk", outputs: 4 },
      { inputs: 1, hidden: 17, parametrization: "meanField" },
    ] as const) {
      const X = randomMatrix(30, options.inputs, 4, 2);
      const [centred, plain] = [true, false].map((centeredStart) =>
        createNetwork({ ...options, seed: 2, centeredStart }),
      );
      near(ntk.kernel(centred, X).data, ntk.kernel(plain, X).data, "Θ");
      expect(ntk.forward(centred, X).data.every((value) => value === 0)).toBe(true);
      expect(centred.blocks[1].shape[1]).toBe(2 * options.hidden);
    }
  });

  test("outputScale α: targets y/α at a rate α² as large", () => {
    const options: NetworkOptions = { inputs: 1, hidden: 20, biasStd: 1, activation: "tanh", centeredStart: true };
    const X = randomMatrix(8, 1, 1, 1);
    const Y = randomMatrix(8, 1, 2, 1);
    const scaled = ntk.train(createNetwork({ ...options, outputScale: 4 }), X, Y, { steps: 20, learningRate: 1e-3 });
    const small = { ...Y, data: Y.data.map((y) => y / 4) };
    const plain = ntk.train(createNetwork(options), X, small, { steps: 20, learningRate: 16e-3 });
    near(scaled.network.parameters, plain.network.parameters, "θ", 1e-10);
  });

  test("mean field: the kernel moves at every width, and under a small readout it does not", () => {
    const X = randomMatrix(12, 1, 1, 1);
    const Y = { ...X, data: X.data.map((x) => Math.sin(3 * x)) };
    const drift = (options: Partial<NetworkOptions>, hidden: number) => {
      const net = createNetwork({ inputs: 1, hidden, seed: 1, activation: "tanh", ...options });
      const rate = ntk.dynamics(net, X, Y, { learningRate: 1 }).maxLearningRate / 2;
      const { kernelDrift } = ntk.train(net, X, Y, { steps: 200, learningRate: rate, recordAt: [200] });
      return kernelDrift[0];
    };
    const ratio = (options: Partial<NetworkOptions>) => drift(options, 1024) / drift(options, 64);
    expect(ratio({ parametrization: "meanField" }), "sixteen times the width").toBeGreaterThan(0.5);
    expect(ratio({ init: "smallReadout", biasStd: 1 })).toBeLessThan(0.05);
  });

  const MODELS: Record<string, InfiniteNetworkOptions> = {
    "std for each layer": { depth: 2, activation: "erf", weightStd: [1.5, 0.8, 1.2], biasStd: [0.1, 0.5, 0] },
    "activations for each layer": { depth: 3, activation: ["tanh", "erf", "sigmoid"], weightStd: 1.3, biasStd: 0.2 },
    "series for some layers": { depth: 2, activation: ["erf", "softplus"], weightStd: 1.3, biasStd: 0.2 },
    rates: { depth: 2, activation: "erf", rates: [0.5, 0, 3], biasStd: 0.4 },
    "rates by name": { depth: 2, activation: "gelu", rates: { c1: 2, d2: 0, a: 5 }, biasStd: 0.4 },
    "rates, one hidden layer": { depth: 1, activation: "silu", rates: { c: 2, d: 0, b: 0.5 }, biasStd: 0.4 },
    outputScale: { depth: 2, activation: "sin", outputScale: 2.5, biasStd: 0.3 },
    "standard, widths and rates": {
      biasStd: 0.3,
      depth: 2,
      activation: "erf",
      parametrization: "standard",
      width: [30, 20],
      rates: [1, 0.5, 2],
    },
    "residual, every layer": { depth: 4, activation: "erf", residual: 1, weightStd: 1.1, biasStd: 0.3 },
    "residual, blocks of two": {
      depth: 5,
      activation: "tanh",
      residual: 2,
      weightStd: 1.2,
      biasStd: 0.1,
      rates: [1, 2, 0, 1, 1, 3],
    },
    "residual, blocks of three": { depth: 5, activation: "gelu", residual: 3, weightStd: 1, bias: false },
    linear: { depth: 0, weightStd: 1.5, biasStd: 0.4 },
    "linear with rates": { depth: 0, weightStd: 2, biasStd: 0.4, rates: { b: 2, a: 0.5 }, outputScale: 3 },
  };

  test.each(Object.entries(MODELS))("infinite, %s: the recursion by quadrature", (_, options) => {
    const [X, X2] = [randomMatrix(3, 2, 1, 1.5), randomMatrix(2, 2, 2, 1.5)];
    // A repeated point, and one close by.
    X2.data.set(X.data.subarray(0, 2));
    X2.data.set([X.data[2] + 1e-7, X.data[3]], 2);
    for (const kernel of ["ntk", "nngp"] as const) {
      const model = createInfiniteNetwork({ ...options, kernel });
      const want = toRows(X).flatMap((x) => toRows(X2).map((y) => infinitePair(options, x, y)[kernel]));
      expectRelative(ntk.kernel(model, X, X2).data, want, 1e-12, kernel);
      const K = ntk.kernel(model, X);
      const square = toRows(X).flatMap((x) => toRows(X).map((y) => infinitePair(options, x, y)[kernel]));
      expectRelative(K.data, square, 1e-12, `${kernel}, square`);
      for (let i = 0; i < 3; i++) for (let j = 0; j < i; j++) expect(K.data[i * 3 + j]).toBe(K.data[j * 3 + i]);
      expectRelative(
        ntk.kernelDiagonal(model, X),
        [0, 4, 8].map((at) => square[at]),
        1e-12,
        `${kernel}, diagonal`,
      );
      expect(createInfiniteNetwork(JSON.parse(JSON.stringify(model)))).toEqual(model);
    }
  });

  test.each(golden.cases)("golden, $name", ({ options, ntk: theta, nngp }) => {
    for (const [kernel, want] of [
      ["ntk", theta],
      ["nngp", nngp],
    ] as const) {
      const model = createInfiniteNetwork({ ...(options as InfiniteNetworkOptions), kernel });
      expectRelative(ntk.kernel(model, golden.X).data, want, 1e-12, `${kernel}, 50 digits`);
    }
  });

  test("nearby points of a residual network: Δ = ab − c² does not cancel", () => {
    // relu's NTK has a kink at equal points: Θ(x, x) − Θ(x, x + h) falls like h.
    const model = createInfiniteNetwork({ depth: 3, activation: "relu", residual: 1, biasStd: 0.2 });
    const gap = (h: number) => {
      const { data } = ntk.kernel(
        model,
        [[1, 0.5]],
        [
          [1, 0.5],
          [1 + h, 0.5],
        ],
      );
      const [own] = ntk.kernelDiagonal(model, [[1 + h, 0.5]]);
      return (data[0] + own) / 2 - data[1];
    };
    expect(gap(1e-6) / gap(1e-4) / 1e-2).toBeCloseTo(1, 2);
  });

  test("all rates 0 but the readout's: the NNGP kernel", () => {
    const X = randomMatrix(7, 3, 1, 1);
    for (const activation of ["relu", "tanh", "erf"] as const) {
      const options = { depth: 2, activation, biasStd: 0.3, weightStd: 1.4 };
      const nngp = ntk.kernel(createInfiniteNetwork({ ...options, kernel: "nngp" }), X);
      const frozen = ntk.kernel(createInfiniteNetwork({ ...options, rates: [0, 0, 1] }), X);
      near(frozen.data, nngp.data, activation);
    }
  });

  test("finite networks converge to the infinite one, with rates, scales and residuals", () => {
    const common = {
      weightStd: [1.2, 0.9, 1.1, 1],
      biasStd: [0.3, 0.1, 0.2, 0.4],
      rates: [2, 0, 1, 0.5],
      outputScale: 1.5,
    };
    const X = randomMatrix(4, 2, 1, 1);
    const options: NetworkOptions = {
      inputs: 2,
      hidden: [128, 128, 128],
      init: "ntk",
      activation: "erf",
      residual: 1,
      ...common,
    };
    const { mean, standardError } = ntk.sampleKernel(options, X, { draws: 200, seed: 1 }).result();
    const limit = ntk.kernel(createInfiniteNetwork({ depth: 3, activation: "erf", residual: 1, ...common }), X);
    mean.data.forEach((value, at) => {
      // Five standard errors, and what a width of 128 leaves: of order 1/m.
      const allowed = 5 * standardError.data[at] + (3 / 128) * Math.abs(limit.data[at]);
      expect(Math.abs(value - limit.data[at]), `entry ${at}`).toBeLessThan(allowed);
    });
  });

  test("linear kernel: the bits of its definition", () => {
    const K = ntk.kernel(createInfiniteNetwork({ depth: 0, biasStd: 2 }), [
      [1, 2],
      [3, 4],
    ]);
    near(K.data, [2.5 + 4, 5.5 + 4, 5.5 + 4, 12.5 + 4], "x·x'/d + 4");
  });
});

test("what options ask of each other", () => {
  const bad: [NetworkOptions, string][] = [
    [{ inputs: 1, hidden: [3, 3], weightStd: [1, 1] }, "weightStd is a list of 2; expected one value, or 3"],
    [{ inputs: 1, hidden: [3, 3], activation: ["relu"] }, "activation is a list of 1; expected one value, or 2"],
    [{ inputs: 1, hidden: 3, rates: { c1: 1 } }, 'rates names the block "c1"; expected some of c, d, b, a'],
    [{ inputs: 1, hidden: 3, rates: {} }, "rates is empty"],
    [{ inputs: 1, hidden: 3, rates: [1, -1] }, "rates[1] is -1"],
    [{ inputs: 1, hidden: [3, 4], residual: 1 }, "hidden layers 1 and 2 have 3 and 4 units; expected equal widths"],
    [{ inputs: 1, hidden: [3, 3], residual: 2 }, "residual is 2, but the network has 2 hidden layers"],
    [{ inputs: 1, hidden: [3, 3], centeredStart: true }, "centeredStart is for one hidden layer"],
    [{ inputs: 1, hidden: [3, 3], parametrization: "meanField" }, "is for one hidden layer"],
    [{ inputs: 1, hidden: 3, parametrization: "meanField", init: "lecun" }, 'expected init "unit" or "unitUniform"'],
    [{ inputs: 1, hidden: 3, outputScale: 0 }, "outputScale is 0; expected a finite number > 0"],
  ];
  for (const [options, message] of bad) {
    expect(() => createNetwork(options), message).toThrow(RangeError);
    expect(() => createNetwork(options)).toThrow(message);
  }
  expect(() => createInfiniteNetwork({ depth: 2, rates: [1, 1] })).toThrow(
    "rates is a list of 2; expected one value, or 3",
  );
  expect(() => createInfiniteNetwork({ depth: 2, residual: 2 })).toThrow("residual is 2");
  expect(() => createInfiniteNetwork({ depth: 2, activation: ["erf"] })).toThrow("activation is a list of 1");
});
