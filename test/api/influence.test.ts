/** What each training point adds to a prediction: every solver, one output and several. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  type Matrix,
  type Model,
  type Network,
  type Ntk,
} from "../../src/index.js";
import { solve, toRows } from "../oracle/dense.js";
import { expectNear, expectRelative, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 30;
const X = randomMatrix(N, 2, 3, 1);
const x = [[0.3, -0.8]];
const targets = (C: number) => randomMatrix(N, C, 4, 1);
const net = createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 1 });
const few = createNetwork({ inputs: 2, hidden: 4, biasStd: 1, activation: "tanh", seed: 1 });
const two = createNetwork({ inputs: 2, hidden: [9, 8], outputs: 2, init: "ntk", activation: "erf", seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.1 });
const mean = (A: Matrix) => ({ data: A.data.filter((_, at) => at % 2 === 0), rows: A.rows, cols: 1 });
const custom: Model = {
  kernel: (A, B) => ({
    data: new Float64Array(A.rows * B.rows).map((_, at) => {
      const [i, j] = [Math.floor(at / B.rows), at % B.rows];
      const [dx, dy] = [0, 1].map((t) => A.data[2 * i + t] - B.data[2 * j + t]);
      return Math.exp(-dx * dx - dy * dy);
    }),
    rows: A.rows,
    cols: B.rows,
  }),
  mean,
};

const CASES: [string, Model, number, FitOptions][] = [
  ["dual", net, 1, { ridge: 0.1, solver: "dual" }],
  ["dual, centred", net, 1, { ridge: 0.1, solver: "dual", centered: true, scale: "fit" }],
  ["primal", few, 1, { ridge: 0.1, solver: "primal" }],
  ["primal, two outputs", two, 2, { ridge: 0.1, solver: "primal" }],
  ["primal, ridge 0", few, 1, { solver: "primal" }],
  ["cg", net, 1, { ridge: 0.1, solver: "cg" }],
  ["cg, two outputs", two, 2, { ridge: 0.1, solver: "cg" }],
  ["cg, ridge 0", few, 1, { solver: "cg" }],
  ["ridge 0 on a singular kernel", few, 1, { solver: "dual" }],
  ["a path", net, 1, { ridges: [1e-2, 0.1, 10] }],
  ["a path for each output", infinite, 3, { ridges: [1e-2, 0.1, 10], perOutput: true }],
  ["infinite", infinite, 3, { ridge: 0.1 }],
  ["a ridge each", infinite, 2, { ridge: [0.1, 0.2] }],
  ["all pairs of outputs", two, 2, { ridge: 0.1, solver: "dual" }],
  ["averaged outputs", two, 2, { ridge: 0.1, outputs: "average", centered: true }],
  ["custom, with a mean", custom, 1, { ridge: 0.1 }],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });
  const startOf = (model: Model, C: number, { centered }: FitOptions, points: Matrix): ArrayLike<number> => {
    if (centered) return new Float64Array(points.rows * C);
    if ("parameters" in model) return ntk.forward(model as Network, points).data;
    return model === custom ? mean(points).data : new Float64Array(points.rows * C);
  };
  const point = { data: Float64Array.from(x[0]), rows: 1, cols: 2 };

  /** Σ_i α_i K(x, x_i) + f0 is the mean. Rounding of the sum, and of solves that the kernel multiplies. */
  function expectSum(fit: Fit, start: ArrayLike<number>, allowed: number): void {
    const influence = fit.influence(x);
    const C = influence.cols;
    const { data } = fit.predict(x, { variance: false }).mean;
    const sums = Array.from({ length: C }, (_, c) => influence.data.filter((__, at) => at % C === c));
    const got = sums.map((parts, c) => parts.reduce((sum, part) => sum + part, start[c]));
    expectNear(got, data, allowed, "sum over training points", Math.max(1, maxAbs(influence.data)));
  }

  test.each(CASES)("%s: the sum is the prediction", (_, model, C, options) => {
    const Y = targets(C);
    using fit = ntk.fit(model, X, Y, options);
    expect(fit.influence(x)).toMatchObject({ rows: N, cols: C });
    const condition = fit.report.conditionNumber ?? 1e4;
    const start = startOf(model, C, options, point);
    expectSum(fit, start, 1e-12 * Math.max(1, Math.min(condition, 1e4)));

    // The same from the kernel and α.
    const full = options.outputs !== "average" && "parameters" in model && C > 1;
    const K = ntk.kernel(model, x, X, full ? { outputs: "full" } : {});
    const alpha = fit.dualWeights();
    expect(alpha).toMatchObject({ rows: N, cols: C });
    const want = Array.from({ length: N * C }, (__, at) => {
      const [i, c] = [Math.floor(at / C), at % C];
      if (!full) return K.data[i] * alpha.data[at];
      return Array.from({ length: C }, (___, q) => K.data[c * N * C + i * C + q] * alpha.data[i * C + q]).reduce(
        (sum, part) => sum + part,
      );
    });
    expectRelative(fit.influence(x).data, want, 1e-14, "α_i K(x, x_i)");
    const again = ntk.restore(fit.snapshot(), model === custom ? { model } : {});
    expect(again.dualWeights()).toEqual(alpha);
    expect(again.influence(x)).toEqual(fit.influence(x));
    again.dispose();
  });

  test.each(CASES.filter(([, , , { ridge }]) => ridge))("%s: α solves (Θ + λI) α = r", (_, model, C, options) => {
    const Y = targets(C);
    using fit = ntk.fit(model, X, Y, options);
    const start = startOf(model, C, options, X);
    const r = Y.data.map((y, at) => y - start[at]);
    const full = options.outputs !== "average" && "parameters" in model && C > 1;
    const K = toRows(ntk.kernel(model, X, X, full ? { outputs: "full" } : {}));
    const columns = full ? 1 : C;
    const want = Array.from({ length: columns }, (__, c) => {
      const { ridge = 0 } = options;
      const own = typeof ridge === "number" ? ridge : ridge[c];
      const A = K.map((row, i) => row.map((value, j) => (i === j ? value + own : value)));
      return solve(
        A,
        K.map((___, i) => [r[i * columns + c]]),
      ).map(([value]) => value);
    });
    const inOrder = K.flatMap((__, i) => want.map((column) => column[i]));
    expectRelative(
      fit.dualWeights().data,
      inOrder,
      1e-9,
      "α: backward errors of Nε times a condition number below 1e5",
    );
  });

  test("after an update, and after dispose()", () => {
    const fit = ntk.fit(net, X, targets(1), { ridge: 0.1, solver: "dual" });
    fit.update({ remove: [0, 5], add: { X: [[1, 1]], Y: [2] } });
    expect(fit.influence(x).rows).toBe(N - 1);
    expectSum(fit, ntk.forward(net, x).data, 1e-10);
    fit.dispose();
    expect(() => fit.influence(x)).toThrow(BackendError);
    expect(() => fit.dualWeights()).toThrow(/this fit was disposed of/);
  });

  test("a float32 fit: its α has float64's backward error", async () => {
    const single = await loadVariant(variant, "float32");
    const Y = targets(1);
    using fit = single.fit(net, X, Y, { ridge: 0.1, solver: "dual" });
    expect(fit.report.precision).toBe("float32");
    expectSum(fit, ntk.forward(net, x).data, 1e-10);
    using double = ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" });
    expectRelative(fit.dualWeights().data, double.dualWeights().data, 1e-10, "α");
    single.dispose();
  });

  test("one point at a time", () => {
    using fit = ntk.fit(net, X, targets(1), { ridge: 0.1 });
    expect(() => fit.influence(X)).toThrow(/x has 30 rows; expected 1/);
    expect(() => fit.influence([1, 2])).toThrow(/x has 1 columns; expected 2/);
    expect(() => fit.influence([[1, Number.NaN]])).toThrow(/x has NaN at row 0, column 1/);
  });

  test("dual weights that overflow are an error", () => {
    using fit = ntk.fit(
      few,
      X,
      targets(1).data.map((y) => 1e300 * y),
      { ridge: 1e-9, solver: "primal" },
    );
    expect(() => fit.dualWeights()).toThrow(/α overflows float64/);
  });
});
