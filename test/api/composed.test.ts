/** Stationary, linear, precomputed and composed kernels: their definitions, and every use of a model. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  checkKernel,
  createInfiniteNetwork,
  createNetwork,
  inputScaled,
  linearKernel,
  type Matrix,
  type Model,
  maternKernel,
  type Ntk,
  periodicKernel,
  precomputed,
  productOf,
  rbfKernel,
  type StationaryKernel,
  scaled,
  sumOf,
} from "../../src/index.js";
import { isComposed } from "../../src/kernel/models.js";
import { toRows } from "../oracle/dense.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const X = randomMatrix(23, 2, 1, 1);
const X2 = randomMatrix(9, 2, 2, 1);
const Y = randomMatrix(23, 1, 3, 1);
const wide = randomMatrix(70, 30, 4, 1);
const net = createNetwork({ inputs: 2, hidden: 20, biasStd: 1, seed: 1 });
const deep = createNetwork({ inputs: 2, hidden: [8, 7], outputs: 1, activation: "tanh", biasStd: 0.5, seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.3 });
const mixture = createInfiniteNetwork({ depth: 1, activation: "softplus", biasStd: 0.3 });
const custom = {
  kernel: (A: Matrix, B: Matrix) => toRows(A).map(([x]) => toRows(B).map(([y]) => Math.min(x + 2, y + 2))),
  mean: (A: Matrix) => ({ data: new Float64Array(A.rows).fill(0.5), rows: A.rows, cols: 1 }),
};

/** Textbook values of the stationary kernels. */
const distance = (x: number[], y: number[], length: number | number[]) =>
  Math.sqrt(x.reduce((sum, value, t) => sum + ((value - y[t]) / (Array.isArray(length) ? length[t] : length)) ** 2, 0));
const STATIONARY: [string, Model, (x: number[], y: number[]) => number][] = [
  ["rbf", rbfKernel({ lengthScale: 0.7, amplitude: 2 }), (x, y) => 4 * Math.exp(-(distance(x, y, 0.7) ** 2) / 2)],
  [
    "rbf, a length for each input",
    rbfKernel({ lengthScale: [0.5, 3] }),
    (x, y) => Math.exp(-(distance(x, y, [0.5, 3]) ** 2) / 2),
  ],
  ["matern ½", maternKernel({ nu: 0.5, lengthScale: 0.4 }), (x, y) => Math.exp(-distance(x, y, 0.4))],
  [
    "matern 3/2",
    maternKernel({ nu: 1.5, amplitude: 0.5 }),
    (x, y) => 0.25 * (1 + Math.sqrt(3) * distance(x, y, 1)) * Math.exp(-Math.sqrt(3) * distance(x, y, 1)),
  ],
  [
    "matern 5/2",
    maternKernel({ lengthScale: [2, 0.3] }),
    (x, y) => {
      const r = Math.sqrt(5) * distance(x, y, [2, 0.3]);
      return (1 + r + r ** 2 / 3) * Math.exp(-r);
    },
  ],
  [
    "periodic",
    periodicKernel({ period: [0.9, 2], lengthScale: 1.5 }),
    (x, y) =>
      Math.exp(-2 * [0.9, 2].reduce((sum, p, t) => sum + (Math.sin((Math.PI * (x[t] - y[t])) / p) / 1.5) ** 2, 0)),
  ],
  ["linear", linearKernel({ biasStd: 0.5, weightStd: 2 }), (x, y) => 2 * (x[0] * y[0] + x[1] * y[1]) + 0.25],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string, bound = 1e-13) =>
    expectRelative(got, want, bound, `${what}: some 400 ε`);

  test.each(STATIONARY)("%s: its definition", (_, model, value) => {
    const of = (A: Matrix, B: Matrix) => toRows(A).flatMap((x) => toRows(B).map((y) => value(x, y)));
    near(ntk.kernel(model, X, X2).data, of(X, X2), "cross");
    const K = ntk.kernel(model, X);
    near(K.data, of(X, X), "square");
    for (let i = 0; i < 23; i++) for (let j = 0; j < i; j++) expect(K.data[i * 23 + j]).toBe(K.data[j * 23 + i]);
    near(
      ntk.kernelDiagonal(model, X),
      toRows(X).map((x) => value(x, x)),
      "diagonal",
    );
  });

  test("many inputs: distances from a product, near ones from differences", () => {
    const points = { ...wide, data: wide.data.slice() };
    // A twin, one that is close by, and an offset that a product would drown the distances in.
    points.data.set(points.data.subarray(0, 30), 30);
    points.data.set(
      points.data.subarray(0, 30).map((x) => x + 1e-6),
      60,
    );
    for (const shift of [0, 100]) {
      const shifted = { ...points, data: points.data.map((x) => x + shift) };
      const models: StationaryKernel[] = [
        rbfKernel({ lengthScale: 3 }),
        maternKernel({ lengthScale: 5 }),
        maternKernel({ nu: 0.5 }),
      ];
      for (const model of models) {
        const rows = toRows(shifted);
        const r = (x: number[], y: number[]) => distance(x, y, model.lengthScale as number);
        const five = (s: number) => (1 + s + (s * s) / 3) * Math.exp(-s);
        const value = (x: number[], y: number[]) =>
          model.kind === "rbf"
            ? Math.exp(-(r(x, y) ** 2) / 2)
            : model.kind === "matern" && model.nu === 0.5
              ? Math.exp(-r(x, y))
              : five(Math.sqrt(5) * r(x, y));
        const want = rows.flatMap((x) => rows.map((y) => value(x, y)));
        // A distance above the 1000th part of the norms keeps all but three digits.
        near(ntk.kernel(model, shifted).data, want, `shift ${shift}`, 1e-12);
        expect(ntk.kernel(model, shifted).data[1]).toBe(1);
      }
    }
  });

  test("many inputs: opposite points are far apart", () => {
    const [one] = toRows(wide);
    const [x, minus] = [one, one.map((value) => -value)];
    const r = distance(x, minus, 3);
    near(
      ntk.kernel(rbfKernel({ lengthScale: 3 }), [x, minus]).data,
      [1, 0, 0, 1].map((same) => (same ? 1 : Math.exp(-(r ** 2) / 2))),
      "K",
    );
    near(ntk.kernel(rbfKernel({ lengthScale: 3 }), [x], [minus]).data, [Math.exp(-(r ** 2) / 2)], "cross");
  });

  test("many inputs: a stationary kernel is added to what is there", () => {
    const parts = [linearKernel({ biasStd: 0.5 }), rbfKernel({ lengthScale: 5 }), maternKernel({ lengthScale: 7 })];
    const alone = parts.map((model) => ntk.kernel(model, wide).data);
    const want = alone[0].map((value, i) => value + 0.5 * alone[1][i] + alone[2][i]);
    const terms = parts.map((model, i) => ({ model, weight: i === 1 ? 0.5 : 1 }));
    expectRelative(ntk.kernel(sumOf(terms), wide).data, want, 1e-14, "sum");
  });

  test("linearKernel: its standard deviations", () => {
    expectRelative(
      ntk.kernel(linearKernel({ weightStd: 3, biasStd: 2 }), [[1, 2]], [[3, 4]]).data,
      [(9 / 2) * 11 + 4],
      1e-15,
      "k",
    );
  });

  test("a diagonal of one's own is asked, and the kernel is not", () => {
    const asked: string[] = [];
    const own = {
      kernel: (A: Matrix, B: Matrix) => {
        asked.push("kernel");
        return toRows(A).map(([x]) => toRows(B).map(([y]) => x * y));
      },
      diagonal: (A: Matrix) => {
        asked.push("diagonal");
        return toRows(A).map(([x]) => x * x);
      },
    };
    expect([...ntk.kernelDiagonal(own, [2, 3])]).toEqual([4, 9]);
    expect(asked).toEqual(["diagonal"]);
  });

  test("sizes that do not fit are refused", () => {
    const three = createNetwork({ inputs: 3, hidden: 4 });
    expect(() => ntk.kernel(inputScaled(three, [1, 2]), [[1, 2]])).toThrow(/scales has 2 numbers; expected 3/);
    expect(() => precomputed([[1]], { cross: [[1, 2]] })).toThrow(/cross has 2 columns; expected 1/);
    expect(() => precomputed([[1]], { cross: [[1]], diagonal: [-1] })).toThrow(/diagonal\[0\] is -1/);
    expect(() => ntk.kernelTiles(infinite, X, [[1, 2, 3]]).next()).toThrow(/X2 has 3 columns; expected 2/);
  });

  test("far points: 0, not NaN", () => {
    for (const model of [rbfKernel(), maternKernel({ nu: 0.5 }), maternKernel({ nu: 1.5 }), maternKernel()])
      expect([...ntk.kernel(model, [0, 1e200, -1e200]).data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  const PARTS: [string, Model, number][] = [
    ["a network", net, 0.7],
    ["a deep network", deep, 2],
    ["an infinite network", infinite, 0.3],
    ["a mixture of probits", mixture, 1.5],
    ["rbf", rbfKernel({ lengthScale: 0.6 }), 0.2],
    ["linear", linearKernel(), 0.4],
    ["custom", custom, 0.25],
  ];

  test("sums, products and scales: entry by entry, whatever the parts", () => {
    const single = (model: Model, B?: Matrix) => ntk.kernel(model, X, B).data;
    for (const B of [undefined, X2]) {
      const sum = sumOf(PARTS.map(([, model, weight]) => ({ model, weight })));
      const parts = PARTS.map(([, model]) => single(model, B));
      const want = parts[0].map((_, at) => PARTS.reduce((s, [, , weight], i) => s + weight * parts[i][at], 0));
      near(single(sum, B), want, "sum");
      // Each part first: it overwrites, the others are added.
      for (const [name, model, weight] of PARTS) {
        const two = sumOf([{ model, weight }, { model: net }]);
        const other = single(net, B);
        near(
          single(two, B),
          single(model, B).map((k, at) => weight * k + other[at]),
          `${name} and a network`,
        );
        const reversed = sumOf([{ model: net }, { model, weight }]);
        near(single(reversed, B), single(two, B), `a network and ${name}`);
        near(
          single(scaled(model, 3), B),
          single(model, B).map((k) => 3 * k),
          `3 ${name}`,
        );
      }
      const product = productOf([net, rbfKernel(), sumOf([{ model: infinite, weight: 2 }, { model: linearKernel() }])]);
      const [a, b, c, d] = [net, rbfKernel(), infinite, linearKernel()].map((model) => single(model, B));
      near(
        single(product, B),
        a.map((k, at) => k * b[at] * (2 * c[at] + d[at])),
        "product",
      );
      const nested = sumOf([{ model: product, weight: 0.5 }, { model: product, weight: 2 }, { model: deep }]);
      const other = single(deep, B);
      near(
        single(nested, B),
        single(product, B).map((k, at) => 2.5 * k + other[at]),
        "a sum of products",
      );
    }
    const sum = sumOf(PARTS.map(([, model, weight]) => ({ model, weight })));
    for (const model of [sum, scaled(productOf([net, rbfKernel(), infinite]), 3)])
      near(
        ntk.kernelDiagonal(model, X),
        ntk.kernel(model, X).data.filter((_, at) => at % 24 === 0),
        "diagonal",
      );
  });

  test("a sum of networks is the network side by side: f0, fit, dynamics", () => {
    const [w1, w2] = [0.6, 1.7];
    const model = sumOf([
      { model: net, weight: w1 },
      { model: deep, weight: w2 },
    ]);
    const fit = ntk.fit(model, X, Y, { ridge: 0.1 });
    const start = (A: Matrix) => {
      const [a, b] = [ntk.forward(net, A).data, ntk.forward(deep, A).data];
      return a.map((value, i) => Math.sqrt(w1) * value + Math.sqrt(w2) * b[i]);
    };
    const K = ntk.kernel(model, X);
    for (let i = 0; i < 23; i++) K.data[i * 24] += 0.1;
    const alpha = ntk.solve(K, { ...Y, data: Y.data.map((y, i) => y - start(X)[i]) });
    const moved = ntk.matmul(ntk.kernel(model, X2, X), alpha).data;
    near(
      fit.predict(X2).mean.data,
      start(X2).map((f, i) => f + moved[i]),
      "mean",
      1e-10,
    );
    expect(() => fit.parameters()).toThrow("needs a finite network");
    const path = ntk.dynamics(model, X, Y, { learningRate: 0.01 });
    near(path.at(0, X2).data, start(X2), "f0");
    near(path.at(Infinity, X).data, Y.data, "the end of training", 1e-6);
    fit.dispose();
    path.dispose();
  });

  test("several outputs: all pairs where every part has them", () => {
    const two = [1, 2].map((seed) => createNetwork({ inputs: 2, hidden: 9, outputs: 3, seed, biasStd: 1 }));
    const model = sumOf([{ model: two[0] }, { model: two[1], weight: 2 }]);
    for (const outputs of ["full", "average"] as const) {
      const [a, b] = two.map((part) => ntk.kernel(part, X, X2, { outputs }).data);
      near(
        ntk.kernel(model, X, X2, { outputs }).data,
        a.map((k, at) => k + 2 * b[at]),
        outputs,
      );
    }
    const fit = ntk.fit(model, X, randomMatrix(23, 3, 5, 1), { ridge: 0.1, outputs: "full" });
    expect(fit.predict(X2).mean.cols).toBe(3);
    fit.dispose();
    const mixed = sumOf([{ model: two[0] }, { model: rbfKernel() }]);
    expect(() => ntk.kernel(mixed, X, X2, { outputs: "full" })).toThrow('outputs "full" needs a finite network');
    expect(ntk.kernel(mixed, X, X2).rows).toBe(23);
  });

  test("precomputed: rows of numbers, also of further points", () => {
    const base = rbfKernel();
    const [K, cross] = [ntk.kernel(base, X), ntk.kernel(base, X2, X)];
    const model = precomputed(K, { cross, diagonal: ntk.kernelDiagonal(base, X2) });
    const [rows, further] = [Array.from({ length: 23 }, (_, i) => i), Array.from({ length: 9 }, (_, i) => 23 + i)];
    const [fit, direct] = [ntk.fit(model, rows, Y, { ridge: 0.1 }), ntk.fit(base, X, Y, { ridge: 0.1 })];
    const [got, want] = [fit.predict(further), direct.predict(X2)];
    near(got.mean.data, want.mean.data, "mean", 1e-10);
    near((got.variance as Matrix).data, (want.variance as Matrix).data, "variance", 1e-9);
    near(
      ntk.kernel(model, [2, 25, 5], [1, 2]).data.subarray(2, 4),
      cross.data.subarray(2 * 23 + 1, 2 * 23 + 3),
      "cross",
    );
    const [across, turned] = [ntk.kernel(model, [2, 25, 5], [1, 2]), ntk.kernel(model, [1, 2], [2, 25, 5])];
    expect([turned.rows, turned.cols]).toEqual([2, 3]);
    for (let i = 0; i < 3; i++) for (let j = 0; j < 2; j++) expect(turned.data[j * 3 + i]).toBe(across.data[i * 2 + j]);
    expect([...ntk.kernelDiagonal(model, [22, 31, 0])]).toEqual([K.data[22 * 24], 1, K.data[0]]);
    // The first of the further points, in rows and in columns.
    expect(ntk.kernel(model, [1, 22], [23]).data).toEqual(Float64Array.of(cross.data[1], cross.data[22]));
    expect(ntk.kernel(model, [23], [1, 22]).data).toEqual(Float64Array.of(cross.data[1], cross.data[22]));
    const own = precomputed(
      [
        [4, 1],
        [1, 9],
      ],
      { cross: [[2, 3]], diagonal: [7] },
    );
    expect([...ntk.kernel(own, [2]).data, ...ntk.kernel(own, [2], [2]).data]).toEqual([7, 7]);
    expect([...ntk.kernelDiagonal(scaled(own, 0.5), [0, 1, 2])]).toEqual([2, 4.5, 3.5]);
    expect(() => ntk.kernel(model, [23], [24])).toThrow("the kernel of rows 23 and 24 is not known");
    const plain = precomputed(K);
    expect(ntk.kernel(plain, [3, 4], [5]).data).toEqual(Float64Array.of(K.data[3 * 23 + 5], K.data[4 * 23 + 5]));
    expect(() => ntk.kernel(plain, [23])).toThrow("has rows 0 to 22");
    const half = {
      kernel: ntk.kernel(scaled(plain, 0.5), [3, 4]),
      diagonal: ntk.kernelDiagonal(scaled(plain, 0.5), [3, 4]),
    };
    expect(half.diagonal).toEqual(Float64Array.of(K.data[3 * 24] / 2, K.data[4 * 24] / 2));
    expect(half.kernel.data[1]).toBe(K.data[3 * 23 + 4] / 2);
    const summed = sumOf([{ model, weight: 2 }, { model: scaled(model, 0.5) }]);
    near(
      ntk.kernel(summed, rows).data,
      K.data.map((k) => 2.5 * k),
      "a sum of stored kernels",
    );
    expect(() => ntk.kernel(model, [23, 24])).toThrow("the kernel of rows 24 and 23 is not known");
    expect(() => ntk.kernel(model, [0.5])).toThrow("row 0 of the inputs is 0.5");
    expect(() => ntk.kernel(model, [32])).toThrow("has rows 0 to 31");
    expect(() => ntk.kernelDiagonal(precomputed(K, { cross }), further)).toThrow("the variance of row 23 is not known");
    expect(() =>
      precomputed([
        [1, 2],
        [0, 1],
      ]),
    ).toThrow("K is not symmetric");
    expect(() => precomputed([[1]], { diagonal: [1] })).toThrow("diagonal is given without cross");
    fit.dispose();
    direct.dispose();
  });

  test("tune: lengths and periods, one or one for each input", () => {
    const A = randomMatrix(40, 2, 6, 2);
    // The second input does nothing.
    const target = { data: Float64Array.from(toRows(A), ([x]) => Math.sin(3 * x)), rows: 40, cols: 1 };
    const one = ntk.tune(rbfKernel(), A, target, { lengthScale: [0.05, 20], evaluations: 40 });
    const each = ntk.tune(rbfKernel({ lengthScale: [1, 1] }), A, target, { lengthScale: [0.05, 20], evaluations: 80 });
    expect(each.score).toBeGreaterThan(one.score);
    const [first, second] = each.model.lengthScale as number[];
    expect(second).toBeGreaterThan(5 * first);
    expect(each.trace[0].lengthScale).toHaveLength(2);
    const line = Array.from({ length: 30 }, (_, i) => i / 7);
    const wave = line.map((x) => Math.sin((2 * Math.PI * x) / 1.3));
    const tuned = ntk.tune(periodicKernel({ period: 1.25 }), line, wave, { period: [1, 1.6], lengthScale: [0.3, 3] });
    expect((tuned.model as { period: number }).period).toBeCloseTo(1.3, 2);
    expect(() => ntk.tune(rbfKernel(), A, target, { period: [1, 2] })).toThrow('the kernel "rbf" has none');
    expect(() => ntk.tune(net, A, target, { lengthScale: [1, 2] })).toThrow("a network has none");
    const sum = sumOf([{ model: net }]);
    expect(() => ntk.tune(sum, A, target, { weightStd: [1, 2] })).toThrow(
      "a composed model has none; expected ridge alone",
    );
    expect(ntk.tune(sum, A, target).model).toBe(sum);
  });

  test("ensembles of models without a start of their own", () => {
    const erf = createInfiniteNetwork({ depth: 1, activation: "erf", biasStd: 0.2 });
    const [sum, alone] = [
      sumOf([
        { model: erf, weight: 0.25 },
        { model: erf, weight: 0.75 },
      ]),
      erf,
    ].map((model) => ntk.ensemble(model, X, Y).at(3, X2));
    near(sum.mean.data, alone.mean.data, "mean", 1e-9);
    near(sum.variance.data, alone.variance.data, "variance", 1e-9);
    // A Gaussian process whose prior is its own kernel: at the end of training the posterior without noise.
    const end = ntk.ensemble(maternKernel({ nu: 0.5 }), X, Y).at(Infinity, X2);
    const posterior = ntk.fit(maternKernel({ nu: 0.5 }), X, Y, { ridge: 1e-12 }).predict(X2);
    near(end.mean.data, posterior.mean.data, "posterior mean", 1e-7);
    near(end.variance.data, (posterior.variance as Matrix).data, "posterior variance", 1e-7);
    expect(() => ntk.ensemble(net, X, Y)).toThrow("has a start of its own");
    expect(() => ntk.ensemble(sumOf([{ model: erf }, { model: net }]), X, Y)).toThrow("has a start of its own");
  });

  test("snapshots: plain models by themselves, those made of networks with the model", () => {
    const fit = ntk.fit(maternKernel({ lengthScale: [1, 2] }), X, Y, { ridge: 0.1 });
    const again = ntk.restore(JSON.stringify(fit));
    expect(again.predict(X2)).toEqual(fit.predict(X2));
    const model = sumOf([{ model: net }, { model: rbfKernel(), weight: 0.5 }]);
    const composed = ntk.fit(model, X, Y, { ridge: 0.1 });
    expect(() => ntk.restore(composed.snapshot())).toThrow("of one made of networks");
    expect(ntk.restore(composed.snapshot(), { model }).predict(X2)).toEqual(composed.predict(X2));
    const erf = createInfiniteNetwork({ activation: "erf" });
    const two = [2, 3].map((seed) => createNetwork({ inputs: X.cols, hidden: 4, outputs: 2, seed }));
    const pairs = sumOf([{ model: two[0] }, { model: two[1], weight: 0.5 }]);
    const targets = Array.from({ length: X.rows }, (_, i) => [Math.sin(i), Math.cos(i)]);
    const full = ntk.fit(pairs, X, targets, { ridge: 0.1, outputs: "full" });
    for (const saved of [full.snapshot(), JSON.stringify(full)])
      expect(ntk.restore(saved, { model: pairs }).predict(X2)).toEqual(full.predict(X2));
    const plain = sumOf([{ model: scaled(erf, 2) }, { model: productOf([rbfKernel(), inputScaled(erf, [1, 3])]) }]);
    const alone = ntk.fit(plain, X, Y, { ridge: 0.1 });
    for (const saved of [alone.snapshot(), JSON.stringify(alone)]) {
      const restored = ntk.restore(saved);
      expect(restored.predict(X2)).toEqual(alone.predict(X2));
      expect(restored.model).toEqual(plain);
    }
  });

  test("what is handed out is nobody else's: JSON of a fit, points of a search", () => {
    const fit = ntk.fit(rbfKernel({ lengthScale: [1, 2] }), X, Y, { ridge: 0.1 });
    const before = fit.predict(X2);
    (fit.toJSON() as unknown as { model: { lengthScale: number[] } }).model.lengthScale[0] = 0.01;
    expect(ntk.restore(fit.snapshot()).predict(X2)).toEqual(before);
    const model = createInfiniteNetwork({ depth: 1, weightStd: [1, 1], biasStd: [1, 0.5] });
    const onProgress = (point: { biasStd: unknown }) => {
      (point.biasStd as number[])[0] += 10;
    };
    const tuned = ntk.tune(model, X, Y, { weightStd: [0.5, 2], evaluations: 4, onProgress });
    expect(tuned.model.biasStd).toEqual([1, 0.5]);
    expect(tuned.trace.map(({ biasStd }) => (biasStd as number[])[0])).toEqual(tuned.trace.map(() => 11));
  });

  test("depths that other options forbid are refused before the first kernel", () => {
    let kernels = 0;
    const options = { depth: [1, 2], evaluations: 3, onProgress: () => void kernels++ };
    const centred = createNetwork({ inputs: 2, hidden: 8, centeredStart: true });
    expect(() => ntk.tune(centred, X, Y, options)).toThrow("centeredStart is for one hidden layer");
    const joined = createInfiniteNetwork({ depth: 3, residual: 2 });
    expect(() => ntk.tune(joined, X, Y, { ...options, depth: [3, 2] })).toThrow("residual is 2");
    expect(kernels).toBe(0);
  });

  test("a model that is part of itself, or nested without end", () => {
    const own = { kind: "scaled", scale: 2 } as { kind: "scaled"; scale: number; model: Model };
    own.model = own;
    expect(() => ntk.kernel(own, X)).toThrow("nested more than 100 deep");
    expect(() => sumOf([{ model: own }])).toThrow("nested more than 100 deep");
    expect(ntk.kernel(scaled(rbfKernel(), 2), [0]).data[0]).toBeCloseTo(2, 14);
  });

  test("models are copies, and plain data", () => {
    const own = createNetwork({ inputs: 2, hidden: 4, seed: 3 });
    const model = sumOf([{ model: own }, { model: productOf([scaled(rbfKernel(), 2), infinite]) }]);
    const before = ntk.kernel(model, X).data;
    own.parameters.fill(0);
    expect(ntk.kernel(model, X).data).toEqual(before);
    expect(ntk.kernel(structuredClone(model), X).data).toEqual(before);
    expect(ntk.kernel(JSON.parse(JSON.stringify(model)), X).data).toEqual(before);
  });

  test("what is no model, and parts that do not fit together", () => {
    expect(() => sumOf([])).toThrow(RangeError);
    expect(() => sumOf([{ model: net, weight: 0 }])).toThrow("weight is 0; expected a finite number > 0");
    expect(() => sumOf([{ model: net, weigth: 1 } as never])).toThrow('unknown option "weigth"');
    expect(() => scaled(net, -1)).toThrow("s is -1");
    expect(() => productOf([net, 3 as never])).toThrow(TypeError);
    const other = createNetwork({ inputs: 3, hidden: 4 });
    expect(() => ntk.kernel(sumOf([{ model: net }, { model: other }]), X)).toThrow("2 and 3 inputs");
    expect(() => ntk.kernel(rbfKernel({ lengthScale: [1, 2, 3] }), X)).toThrow("X has 2 columns; expected 3");
    expect(() => ntk.kernel(periodicKernel({ lengthScale: [1, 2], period: [1] }), X)).toThrow(
      "one for each input in both",
    );
    expect(() => maternKernel({ nu: 1 as never })).toThrow("nu is 1; expected 0.5, 1.5 or 2.5");
    expect(() => ntk.kernel({ kind: "rbf", lengthScale: -1, amplitude: 1 }, X)).toThrow("lengthScale is -1");
  });
});

describe("checkKernel", () => {
  const good = {
    kernel: (A: Matrix, B: Matrix) => toRows(A).map((x) => toRows(B).map((y) => x[0] * y[0] + x[1] * y[1])),
  };

  test("a kernel with nothing wrong", () => {
    const result = checkKernel(
      { ...good, diagonal: (A) => toRows(A).map(([a, b]) => a * a + b * b), mean: (A) => new Array(A.rows).fill(0) },
      X,
    );
    expect(result).toMatchObject({ ok: true, problems: [], asymmetry: 0 });
    // Rank 2 of 23.
    expect(Math.abs(result.smallestEigenvalue)).toBeLessThan(1e-12);
  });

  test.each<[string, Parameters<typeof checkKernel>[0], string]>([
    ["another shape", { kernel: (A) => new Array(A.rows).fill(1) }, "kernel(X, X) gave 23×1 numbers; expected 23×23"],
    [
      "not finite",
      { kernel: (A, B) => toRows(A).map(() => toRows(B).map(() => Number.NaN)) },
      "gave NaN at row 0, column 0",
    ],
    ["asymmetric", { kernel: (A, B) => toRows(A).map((x) => toRows(B).map((y) => x[0] * y[1])) }, "is not symmetric"],
    [
      "indefinite",
      { kernel: (A, B) => toRows(A).map((x) => toRows(B).map((y) => -x[0] * y[0])) },
      "is not positive semi-definite",
    ],
    ["a wrong diagonal", { ...good, diagonal: (A) => new Array(A.rows).fill(7) }, "diagonal(X) gave 7 for row 0"],
    ["a wrong mean", { ...good, mean: () => [1, 2] }, "mean(X) gave 2×1 numbers; expected 23×C"],
    [
      "parts that disagree",
      {
        kernel: (A, B) =>
          A.rows === B.rows ? good.kernel(A, B) : good.kernel(A, B).map((row) => row.map((k) => k + 1)),
      },
      "kernel(X, X2) of rows 0 to 11 with the others gave",
    ],
    [
      "one that throws",
      {
        kernel: () => {
          throw new Error("no such thing");
        },
      },
      "kernel(X, X) threw: no such thing",
    ],
  ])("%s", (_, kernel, problem) => {
    const { ok, problems } = checkKernel(kernel, X);
    expect(ok).toBe(false);
    expect(problems.join("; ")).toContain(problem);
  });

  test("huge entries, and a function that writes to what it is given", () => {
    const diagonal = (A: Matrix, B: Matrix, k: number) =>
      toRows(A).map(([x]) => toRows(B).map(([y]) => (x === y ? k : 0)));
    const huge = checkKernel({ kernel: (A, B) => diagonal(A, B, 1e308) }, X);
    expect(huge.ok).toBe(true);
    expect(huge.smallestEigenvalue / 1e308).toBeCloseTo(1, 10);
    expect(checkKernel({ kernel: (A, B) => diagonal(A, B, -1e308) }, X).ok).toBe(false);
    const writing = {
      kernel: (A: Matrix, B: Matrix) => {
        const K = good.kernel(A, B);
        A.data.fill(0);
        return K;
      },
    };
    expect(checkKernel(writing, X).problems).toEqual([]);
  });

  test("the kernel that is 0 has nothing wrong", () => {
    const zero = checkKernel({ kernel: (A, B) => toRows(A).map(() => toRows(B).map(() => 0)) }, X);
    expect(zero).toMatchObject({ ok: true, problems: [], asymmetry: 0, smallestEigenvalue: 0 });
  });

  test("what is no kernel", () => {
    expect(() => checkKernel(net as never, X)).toThrow(TypeError);
    expect(() => checkKernel(good, [])).toThrow(RangeError);
  });
});

test("what is a composed model, and what is not", () => {
  for (const model of [
    sumOf([{ model: net }]),
    productOf([rbfKernel()]),
    scaled(net, 2),
    inputScaled(rbfKernel(), [1]),
  ])
    expect(isComposed(model)).toBe(true);
  for (const model of [rbfKernel(), net, infinite, linearKernel(), custom, undefined, 5])
    expect(isComposed(model)).toBe(false);
});
