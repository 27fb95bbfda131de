/**
 * Infinitely wide networks through the public API: golden vectors, the recursion by quadrature, identities, and their
 * use as models.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Activation,
  createInfiniteNetwork,
  type InfiniteNetworkOptions,
  initialization,
  type Matrix,
  type Ntk,
} from "../../src/index.js";
import { activate, EXAMPLE, hasKink, NAMES, ORACLE } from "../oracle/activations.js";
import { toRows } from "../oracle/dense.js";
import { infinitePair } from "../oracle/infinite.js";
import { expectClose, expectRelative, type Golden, toMatrix } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, mutating, variants } from "../setup/variants.js";
import erf from "../vectors/03_infinite_mlp_erf.json" with { type: "json" };
import relu from "../vectors/03_infinite_mlp_relu.json" with { type: "json" };
import sigmoid from "../vectors/03_infinite_mlp_sigmoid.json" with { type: "json" };

const rowsOf = (M: Matrix, from: number, to: number): Matrix => ({
  data: M.data.slice(from * M.cols, to * M.cols),
  rows: to - from,
  cols: M.cols,
});

/** Their ops have suites of their own. Here they differ in the names of the code and of the mixture alone. */
const SMOOTH = NAMES.filter((name) => !hasKink(name));
const QUADRATURE = mutating ? SMOOTH.filter((name) => ["erf", "sigmoid", "softplus", "step"].includes(name)) : SMOOTH;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each([...erf.cases, ...relu.cases, ...sigmoid.cases])(
    "golden $name",
    ({ activation, W_std, b_std, inputs, expected, tol }) => {
      const X = toMatrix(inputs.x);
      for (const [key, want] of Object.entries(expected) as [string, Golden][]) {
        const [kernel, depth] = key.split("_");
        const model = createInfiniteNetwork({
          depth: Number(depth),
          activation: activation as Activation,
          weightStd: W_std,
          biasStd: b_std,
          kernel: kernel as "ntk" | "nngp",
        });
        const bound = (tol as Record<string, { rtol: number; atol: number }>)[key];
        expectClose(ntk.kernel(model, X).data, want.data, bound, key);
        expectClose(ntk.kernel(model, X, rowsOf(X, 0, X.rows)).data, want.data, bound, `${key}, cross`);
        const diagonal = want.data.filter((_, at) => at % (X.rows + 1) === 0);
        expectClose(ntk.kernelDiagonal(model, X), diagonal, bound, `${key}, diagonal`);
      }
    },
  );

  test.each(QUADRATURE)("%s: the recursion by quadrature", (label) => {
    const activation = EXAMPLE[label];
    const [X, X2] = [randomMatrix(3, 2, 1, 1.5), randomMatrix(2, 2, 2, 1.5)];
    // What grows fast overflows in depth, and outgrows the quadrature's plane.
    const small: InfiniteNetworkOptions[] = [
      { depth: 1, weightStd: 0.6, biasStd: 0.3 },
      { depth: 2, weightStd: 0.3, biasStd: 0.1 },
      { depth: 1, weightStd: 0.5, parametrization: "standard", width: 7, bias: false },
    ];
    const usual: InfiniteNetworkOptions[] = [
      { depth: 3, weightStd: 1.2, biasStd: 0.3 },
      { depth: 2, weightStd: 0.8, bias: false },
      { depth: 2, weightStd: 1.1, biasStd: 0.2, parametrization: "standard", width: 50 },
      { depth: 1, weightStd: 1, parametrization: "standard", width: 7, bias: false },
    ];
    for (const options of (ORACLE[label].steep ? small : usual).map((model) => ({ ...model, activation }))) {
      const want = toRows(X).flatMap((x) => toRows(X2).map((y) => infinitePair(options, x, y)));
      for (const kernel of ["ntk", "nngp"] as const) {
        const K = ntk.kernel(createInfiniteNetwork({ ...options, kernel }), X, X2);
        expect(K).toMatchObject({ rows: 3, cols: 2 });
        expectRelative(
          K.data,
          want.map((pair) => pair[kernel]),
          1e-12,
          `${kernel} ${JSON.stringify(options)}`,
        );
      }
    }
  });

  test.each(NAMES)("%s: standard at depth 1 is the expected kernel of LeCun networks", (label) => {
    const activation = EXAMPLE[label];
    const X = randomMatrix(6, 3, 4, 2);
    const options = { activation, weightStd: 1.3, biasStd: 0.4 };
    const want = initialization({ ...options, inputs: 3, hidden: 40 }).expectedKernel(X);
    const model = createInfiniteNetwork({ ...options, parametrization: "standard", width: 40 });
    expectRelative(ntk.kernel(model, X).data, want.data, 1e-12, "kernel");
  });

  test.each(NAMES)("%s: symmetric, positive semi-definite, the same in any company", (label) => {
    const activation = EXAMPLE[label];
    // 37 rows: tiles of 16 rows and groups of four columns have edges. One point is an outlier beyond the series'
    // range.
    const X = randomMatrix(37, 2, 5, 2);
    const { steep } = ORACLE[label];
    if (!steep) X.data[10] = 90;
    for (const kernel of ["ntk", "nngp"] as const) {
      const model = createInfiniteNetwork({ activation, depth: 2, weightStd: steep ? 0.3 : 1.4, biasStd: 0.2, kernel });
      const K = ntk.kernel(model, X);
      for (let i = 0; i < 37; i++) for (let j = 0; j < i; j++) expect(K.data[i * 37 + j]).toBe(K.data[j * 37 + i]);
      const trace = K.data.reduce((sum, value, at) => sum + (at % 38 ? 0 : value), 0);
      expect(ntk.eigh(K).values[0]).toBeGreaterThanOrEqual(-1e-12 * trace);
      const cross = ntk.kernel(model, rowsOf(X, 3, 8), X);
      expectRelative(cross.data, K.data.slice(3 * 37, 8 * 37), 1e-13, "cross");
      expectRelative(
        ntk.kernelDiagonal(model, X),
        K.data.filter((_, at) => at % 38 === 0),
        1e-13,
        "diagonal",
      );
    }
  });

  test.each([1, 2, 15, 16, 17, 33])("%i points, 600 others: tiles and their edges", (n) => {
    const model = createInfiniteNetwork({ activation: "tanh", depth: 1 });
    const [X, X2] = [randomMatrix(n, 1, 6, 2), randomMatrix(600, 1, 7, 2)];
    const K = ntk.kernel(model, X, X2);
    for (const [i, j] of [
      [0, 0],
      [n - 1, 599],
      [n >> 1, 511],
      [n >> 1, 512],
    ]) {
      const single = ntk.kernel(model, rowsOf(X, i, i + 1), rowsOf(X2, j, j + 1)).data[0];
      expect(
        Math.abs(K.data[i * 600 + j] - single),
        `entry (${i}, ${j}) of tiles against the pair alone`,
      ).toBeLessThanOrEqual(1e-14);
    }
  });

  test("many inputs: by a product, and by differences where points are near", () => {
    const d = 50;
    const X = randomMatrix(9, d, 8, 1);
    // Row 1 is nearly row 0, row 2 its opposite, row 3 its twin.
    for (let t = 0; t < d; t++) {
      X.data[d + t] = X.data[t] * (1 + (t % 2 ? 2 ** -30 : 0));
      X.data[2 * d + t] = -X.data[t];
      X.data[3 * d + t] = X.data[t];
    }
    const model = createInfiniteNetwork({ activation: "relu", depth: 3, weightStd: Math.SQRT2, bias: false });
    // A rotation into few coordinates is not at hand: padding with zeros changes d, which weightStd undoes.
    const few = createInfiniteNetwork({ activation: "relu", depth: 3, weightStd: Math.SQRT2, bias: false });
    const K = ntk.kernel(model, X);
    expect(K.data[3]).toBe(K.data[0]);
    // Near: the angle is about 2^-31, and relu's kernel is linear in it. 1 − K01/K00 is visible, and right to a few
    // digits.
    const [x, y] = [rowsOf(X, 0, 1).data, rowsOf(X, 1, 2).data];
    const norm = Math.hypot(...x);
    const along = x.reduce((sum, value, t) => sum + value * y[t], 0) / norm ** 2;
    const across = Math.hypot(...y.map((value, t) => value - along * x[t])) / norm;
    // In the plane of both: (1, 0) and (along, across), scaled to keep q⁰.
    const scale = norm * Math.sqrt(2 / d);
    const plane = ntk.kernel(few, [
      [scale, 0],
      [scale * along, scale * across],
      [-scale, 0],
    ]);
    expect(Math.abs(K.data[1] / plane.data[1] - 1), "a near pair against the same pair in a plane").toBeLessThanOrEqual(
      1e-14,
    );
    const gap = (kernel: Matrix, n: number) => kernel.data[0] + kernel.data[n + 1] - 2 * kernel.data[1];
    expect(
      Math.abs(gap(K, 9) / gap(plane, 3) - 1),
      "1 − K01/K00, linear in the angle, against the plane: a few digits",
    ).toBeLessThanOrEqual(1e-4);
    expect(
      Math.abs(K.data[2] - plane.data[2]) / K.data[0],
      "an opposite pair against the same pair in a plane",
    ).toBeLessThanOrEqual(1e-15);
  });

  test("rotations leave the kernel as it is; relu is homogeneous; identity is a polynomial", () => {
    const X = randomMatrix(7, 2, 9, 2);
    const [c, s] = [Math.cos(1), Math.sin(1)];
    const turned = {
      ...X,
      data: X.data.map((_, at, data) => (at % 2 ? s * data[at - 1] + c * data[at] : c * data[at] - s * data[at + 1])),
    };
    for (const label of NAMES) {
      const activation = EXAMPLE[label];
      const { steep } = ORACLE[label];
      const model = createInfiniteNetwork({
        activation,
        depth: 2,
        weightStd: steep ? 0.5 : 1.5,
        biasStd: steep ? 0.3 : 1,
      });
      // Of degree 8 in two layers, a covariance has the power 64.
      const bound = steep ? 64e-13 : 1e-13;
      expectRelative(ntk.kernel(model, turned).data, ntk.kernel(model, X).data, bound, label);
    }
    const plain = createInfiniteNetwork({ activation: "relu", depth: 4, bias: false });
    const scaled = { ...X, data: X.data.map((x) => 3 * x) };
    expectRelative(
      ntk.kernel(plain, scaled).data,
      ntk.kernel(plain, X).data.map((x) => 9 * x),
      1e-13,
      "relu",
    );
    // A deep linear network without biases: Θ = (depth + 1) W^(2 depth + 2) x·x'/d.
    const linear = createInfiniteNetwork({ activation: "identity", depth: 3, weightStd: 1.1, bias: false });
    expectRelative(
      ntk.kernel(linear, X).data,
      ntk.gram(X).data.map((x) => (4 * 1.1 ** 8 * x) / 2),
      1e-13,
      "identity",
    );
  });

  test("points at zero, without and with biases", () => {
    const X = [
      [0, 0],
      [1, 2],
      [0, 0],
    ];
    for (const label of NAMES) {
      const activation = EXAMPLE[label];
      const bare = ntk.kernel(createInfiniteNetwork({ activation, depth: 2, bias: false }), X);
      expect(bare.data.every(Number.isFinite)).toBe(true);
      expect(bare.data[0]).toBe(bare.data[2]);
      if (activate(activation, 0)[0] === 0) expect([bare.data[0], bare.data[1]].map(Math.abs)).toEqual([0, 0]);
      const biased = ntk.kernel(createInfiniteNetwork({ activation, depth: 2 }), X);
      expect(biased.data[0]).toBeGreaterThan(0);
    }
  });

  test("a model like any other: fit, dynamics, several outputs, structured clones", () => {
    const model = structuredClone(createInfiniteNetwork({ activation: "erf", depth: 2 }));
    const X = randomMatrix(12, 2, 3, 2);
    const Y = randomMatrix(12, 3, 4);
    const T = randomMatrix(5, 2, 6, 2);
    using fit = ntk.fit(model, X, Y);
    using path = ntk.dynamics(model, X, Y, { learningRate: 0.1 });
    expectRelative(fit.predict(X).mean.data, Y.data, 1e-8, "interpolation");
    expectRelative(path.at(Infinity, T).data, fit.predict(T).mean.data, 1e-7, "end of training");
    using decayed = ntk.dynamics(model, X, Y, { learningRate: 0.1, weightDecay: 1e-3 });
    using ridge = ntk.fit(model, X, Y, { ridge: 36e-3 });
    expectRelative(decayed.at(Infinity, T).data, ridge.predict(T).mean.data, 1e-10, "with a ridge");
    expect(JSON.parse(JSON.stringify(fit)).model).toMatchObject({ depth: 2, activation: "erf", kernel: "ntk" });
    expect(() => fit.parameters()).toThrow(/needs a finite network/);
    expect(() => path.parametersAt(1)).toThrow(/needs a finite network/);
    expect(() => ntk.kernel(model, X, X, { outputs: "full" })).toThrow(/needs a finite network/);
  });

  test("bad options", () => {
    const make = (options: object) => () => createInfiniteNetwork(options);
    expect(make({ depth: -1 })).toThrow(/depth is -1/);
    expect(make({ depth: 1.5 })).toThrow(RangeError);
    expect(make({ activation: "steps" })).toThrow(/expected one of sigmoid/);
    expect(make({ weightStd: -1 })).toThrow(/weightStd is -1/);
    expect(make({ biasStd: Number.NaN })).toThrow(/biasStd is NaN/);
    expect(make({ kernel: "ntkk" })).toThrow(/kernel is "ntkk"; expected one of ntk, nngp/);
    expect(make({ parametrization: "standard" })).toThrow(/needs a width/);
    expect(make({ width: 5 })).toThrow(/the kernel has a limit/);
    expect(make({ hidden: 5 })).toThrow(/unknown option "hidden"/);
    expect(() => createInfiniteNetwork(null as never)).toThrow(TypeError);
    expect(() => ntk.kernel({ depth: 1, kernel: "ntk", activation: "steps" } as never, [1])).toThrow(RangeError);
  });
});
