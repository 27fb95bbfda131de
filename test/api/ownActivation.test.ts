/** Activations of one's own: finite networks against forward-mode differentiation, infinite ones against quadrature. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  createInfiniteNetwork,
  createNetwork,
  type DefinedActivation,
  defineActivation,
  initialization,
  type Ntk,
} from "../../src/index.js";
import { activate } from "../oracle/activations.js";
import { autodiff, jacobianOf } from "../oracle/autodiff.js";
import { toRows } from "../oracle/dense.js";
import { infinitePair } from "../oracle/infinite.js";
import { kernelOf } from "../oracle/network.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, mutating, variants } from "../setup/variants.js";

const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const mish = defineActivation({
  name: "mish",
  value: (z) => z * Math.tanh(softplus(z)),
  slope: (z) => {
    const t = Math.tanh(softplus(z));
    return t + (z * (1 - t * t)) / (1 + Math.exp(-z));
  },
});
/** A built-in activation by its definition. */
const twin = (name: Activation & string): DefinedActivation =>
  defineActivation({ name: `own ${name}`, value: (z) => activate(name, z)[0], slope: (z) => activate(name, z)[1] });

const X = randomMatrix(9, 2, 1, 1.2);
const X2 = randomMatrix(5, 2, 2, 1.2);
const Y = randomMatrix(9, 1, 3, 1);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string, bound = 2e-13) =>
    expectRelative(got, want, bound, `${what}: some 800 ε`);

  test.each([
    { inputs: 2, hidden: 7, activation: mish, biasStd: 0.5 },
    { inputs: 2, hidden: 1100, activation: mish, init: "ntk" as const },
    { inputs: 2, hidden: [5, 4], activation: [mish, "tanh" as const], outputs: 3, biasStd: 0.3 },
    { inputs: 2, hidden: [4, 4, 4], activation: ["relu" as const, mish, mish], residual: 1, rates: [0, 1, 2, 1] },
  ])("finite: $hidden units", (options) => {
    const net = createNetwork({ ...options, seed: 1 });
    const few = net.parameters.length < 1000;
    if (few) {
      const J = jacobianOf(net, toRows(X));
      near(ntk.jacobian(net, X).data, J.flat(), "Jacobian");
      if (net.rates === 1) near(ntk.kernel(net, X, X, { outputs: "full" }).data, kernelOf(J), "kernel");
    }
    if (few) {
      const want = toRows(X).flatMap((x) => autodiff(net, x).f);
      near(ntk.forward(net, X).data, want, "f");
    }
    const sum = new Float64Array(81);
    for (const { data } of Object.values(ntk.kernelBlocks(net, X))) for (let at = 0; at < 81; at++) sum[at] += data[at];
    near(ntk.kernel(net, X).data, sum, "blocks");
    const diagonal = ntk.kernel(net, X).data.filter((_, at) => at % 10 === 0);
    near(ntk.kernelDiagonal(net, X), diagonal, "diagonal");
    const targets = randomMatrix(9, net.outputs, 4, 1);
    const fits = (["dual", "cg"] as const).map((solver) => ntk.fit(net, X, targets, { ridge: 0.2, solver }));
    near(fits[0].predict(X2).mean.data, fits[1].predict(X2).mean.data, "solvers", 1e-7);
    const { loss } = ntk.train(net, X, targets, { steps: 20, learningRate: 1e-4 });
    expect(loss[loss.length - 1]).toBeLessThan(loss[0]);
  });

  const twins = ["sigmoid", "tanh", "erf", "identity", "gelu", "softplus", "silu", "sin"] as const;
  test.each(mutating ? twins.slice(0, 2) : twins)("%s defined again: the built-in one, finite and infinite", (name) => {
    const own = twin(name);
    for (const hidden of [6, [5, 4]]) {
      const [a, b] = [name, own].map((activation) =>
        createNetwork({ inputs: 2, hidden, activation, biasStd: 1, seed: 2 }),
      );
      near(ntk.kernel(b, X).data, ntk.kernel(a, X).data, "finite kernel", 1e-12);
      const rule = { steps: 10, learningRate: 0.01, recordAt: [10] };
      const [left, right] = [a, b].map((net) => ntk.train(net, X, Y, rule).network.parameters);
      near(right, left, "training", 1e-11);
    }
    // Variances up to 16.
    for (const weightStd of [0.5, 1, 3]) {
      for (const depth of weightStd === 3 ? [1] : [1, 3]) {
        const options = { depth, weightStd, biasStd: 0.4 };
        const points = { ...X, data: X.data.map((x) => x * (weightStd === 3 ? 1 : 1.5)) };
        const [a, b] = [name, own].map((activation) => createInfiniteNetwork({ ...options, activation }));
        near(ntk.kernel(b, points).data, ntk.kernel(a, points).data, `${name}, depth ${depth}, std ${weightStd}`, 1e-8);
        near(ntk.kernel(b, points, X2).data, ntk.kernel(a, points, X2).data, "cross", 1e-8);
        near(ntk.kernelDiagonal(b, points), ntk.kernelDiagonal(a, points), "diagonal", 1e-8);
      }
    }
  });

  test("mish, infinite: the recursion by quadrature, and the mean of finite networks", () => {
    const options = { depth: 2, activation: [mish, "erf" as const], weightStd: 1.2, biasStd: 0.3 };
    const want = toRows(X).flatMap((x) => toRows(X2).map((y) => infinitePair(options, x, y)));
    for (const kernel of ["ntk", "nngp"] as const) {
      const K = ntk.kernel(createInfiniteNetwork({ ...options, kernel }), X, X2);
      expectRelative(
        K.data,
        want.map((pair) => pair[kernel]),
        1e-11,
        kernel,
      );
    }
    const model = createInfiniteNetwork(options);
    const K = ntk.kernel(model, X);
    for (let i = 0; i < 9; i++) for (let j = 0; j < i; j++) expect(K.data[i * 9 + j]).toBe(K.data[j * 9 + i]);
    near(
      ntk.kernelDiagonal(model, X),
      K.data.filter((_, at) => at % 10 === 0),
      "diagonal",
    );
    const finite = { inputs: 2, hidden: [200, 200], init: "ntk" as const, ...options, depth: undefined };
    const { depth: _, ...drawn } = finite;
    const { mean, standardError } = ntk.sampleKernel(drawn, X2, { draws: 60, seed: 1 }).result();
    const limit = ntk.kernel(model, X2);
    mean.data.forEach((value, at) => {
      expect(Math.abs(value - limit.data[at])).toBeLessThan(5 * standardError.data[at] + 0.03 * limit.data[at]);
    });
  });

  test("a layer below a built-in one that needs Δ = ab − c²: nearby and opposite points", () => {
    // tanh is odd: opposite points have ρ = −1. relu above it needs what is left of Δ.
    const own = twin("tanh");
    const model = (activation: Activation) =>
      createInfiniteNetwork({ depth: 2, activation: [activation, "relu"], weightStd: 1.3, bias: false });
    const apart = (h: number) => {
      const { data } = ntk.kernel(model(own), [
        [1, 0.5],
        [1 + h, 0.5],
      ]);
      return (data[0] + data[3]) / 2 - data[1];
    };
    // relu's kernel has a kink at equal points: it falls like h.
    for (const h of [1e-3, 1e-5]) expect(apart(h / 100) / apart(h)).toBeCloseTo(0.01, 4);
    const far = ntk.kernel(model("tanh"), X).data;
    near(ntk.kernel(model(own), X).data, far, "Θ", 1e-12);
    // At ρ = −1 a pair of relu units is never active together.
    const [, opposite] = ntk.kernel(model(own), [
      [1, 0.5],
      [-1, -0.5],
    ]).data;
    expect(Math.abs(opposite)).toBeLessThan(1e-14);
  });

  test("too rough for an infinite network: an error that names the variance", () => {
    const kink = twin("relu");
    expect(() => ntk.kernel(createInfiniteNetwork({ activation: kink }), X)).toThrow(
      /"own relu" is too rough .* at variance/,
    );
    expect(ntk.kernel(createNetwork({ inputs: 2, hidden: 5, activation: kink }), X).rows).toBe(9);
    const steep = createInfiniteNetwork({ activation: twin("tanh"), weightStd: 40 });
    expect(() => ntk.kernel(steep, X)).toThrow("too rough for an infinite network");
  });

  test("too fast for its nodes: an error, not an alias", () => {
    // At 16 nodes to a unit sin(2π·16 z) is 0 at each of them, and z + 0.1 sin(100 z) looks like a line.
    for (const w of [98, 100, 100.53, 102]) {
      for (const [value, slope] of [
        [(z: number) => Math.sin(w * z), (z: number) => w * Math.cos(w * z)],
        [(z: number) => z + 0.1 * Math.sin(w * z), (z: number) => 1 + 0.1 * w * Math.cos(w * z)],
      ] as const) {
        const activation = defineActivation({ name: "fast", value, slope });
        const model = createInfiniteNetwork({ activation, bias: false, kernel: "nngp" });
        expect(() => ntk.kernel(model, [1])).toThrow("too rough");
      }
    }
  });

  test("variances that underflow when multiplied", () => {
    const model = (activation: Activation) => createInfiniteNetwork({ activation, bias: false, depth: 2 });
    const points = [1e-90, 2e-90];
    near(ntk.kernel(model(twin("tanh")), points).data, ntk.kernel(model("tanh"), points).data, "Θ", 1e-12);
  });

  test("functions that use the same Ntk, and that fail", () => {
    const net = (activation: Activation) => createNetwork({ inputs: 2, hidden: 6, activation, seed: 3 });
    let calls = 0;
    const busy = defineActivation({
      name: "busy",
      value: (z) => {
        if (calls++ % 7 === 0) ntk.matmul(randomMatrix(90, 90, 1, 1), randomMatrix(90, 90, 2, 1));
        return Math.tanh(z);
      },
      slope: (z) => 1 - Math.tanh(z) ** 2,
    });
    near(ntk.kernel(net(busy), X).data, ntk.kernel(net("tanh"), X).data, "Θ", 1e-12);
    const failing = defineActivation({
      name: "log",
      value: (z) => (Math.abs(z) > 8 ? Number.NaN : z),
      slope: () => 1,
    });
    const far = { ...X, data: X.data.map((x) => 100 * x) };
    expect(() => ntk.kernel(net(failing), far)).toThrow(/value\(-?\d+\.\d+\) of the activation "log" is NaN/);
    expect(() => ntk.kernel(net(failing), far)).toThrow(RangeError);
  });

  test("snapshots need the model again; initialization has no closed form", () => {
    const net = createNetwork({ inputs: 2, hidden: 6, activation: mish, seed: 3 });
    const fit = ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" });
    expect(() => ntk.restore(fit.snapshot())).toThrow("an activation of your own");
    expect(ntk.restore(fit.snapshot(), { model: net }).predict(X2)).toEqual(fit.predict(X2));
    expect(() => initialization({ inputs: 2, hidden: 6, activation: mish }).expectedKernel(X)).toThrow("is your own");
    expect(createNetwork(net).activation).toBe(mish);
    const { model } = ntk.tune(createInfiniteNetwork({ activation: mish }), X, Y, {
      weightStd: [0.5, 2],
      evaluations: 5,
    });
    expect(model.activation).toBe(mish);
  });
});

describe("defineActivation", () => {
  const cube = { name: "cube", value: (z: number) => z ** 3, slope: (z: number) => 3 * z * z };

  test("refuses what is no activation", () => {
    expect(() => defineActivation({ ...cube, slope: (z) => 2 * z })).toThrow(
      /slope\(-7.3\) of the activation "cube" is -14.6/,
    );
    expect(() => defineActivation({ ...cube, slope: (z) => (z > 2 ? 0 : 3 * z * z) })).toThrow("slope(2.9)");
    expect(() => defineActivation({ ...cube, value: () => Number.NaN })).toThrow("value(-7.3) of the activation");
    expect(() => defineActivation({ ...cube, value: () => "x" as never })).toThrow('is the string "x"');
    expect(() => defineActivation({ ...cube, name: "relu" })).toThrow("the name of a built-in activation");
    expect(() => defineActivation({ ...cube, name: "" })).toThrow(TypeError);
    expect(() => defineActivation({ ...cube, slope: 3 as never })).toThrow(TypeError);
    expect(() => createNetwork({ inputs: 1, hidden: 2, activation: cube as never })).toThrow("defineActivation");
  });

  test("is frozen, and does not cross to a worker", () => {
    const own = defineActivation(cube);
    expect(Object.isFrozen(own)).toBe(true);
    expect(() => structuredClone(createNetwork({ inputs: 1, hidden: 2, activation: own }))).toThrow();
  });
});
