/**
 * fit.update against a fresh fit: every way of solving, every kind of model, many moves, failures that leave no trace.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  load,
  type Matrix,
  MemoryLimitError,
  type Model,
  NotPositiveDefiniteError,
  type Ntk,
  rbfKernel,
  type UpdateOptions,
} from "../../src/index.js";
import { fitModel } from "../../src/regression/fit.js";
import { ITERATIVE } from "../../src/regression/iterative.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadContext, loadVariant, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;

/** A smooth kernel of one's own, with a prior mean. */
const custom = {
  kernel(A: Matrix, B: Matrix): Matrix {
    const data = new Float64Array(A.rows * B.rows);
    for (let i = 0; i < A.rows; i++) {
      for (let j = 0; j < B.rows; j++) {
        let square = 0;
        for (let t = 0; t < A.cols; t++) square += (A.data[i * A.cols + t] - B.data[j * B.cols + t]) ** 2;
        data[i * B.rows + j] = Math.exp(-square);
      }
    }
    return { data, rows: A.rows, cols: B.rows };
  },
  mean: (A: Matrix): Matrix => ({
    data: A.data.filter((_, at) => at % A.cols === 0).map((x) => 2 * x),
    rows: A.rows,
    cols: 1,
  }),
};

const two = { inputs: 2, biasStd: 1, seed: 4 };
const cases: [string, Model, number, FitOptions][] = [
  ["one output", createNetwork({ ...two, hidden: 30 }), 1, { ridge: 0.05, solver: "dual" }],
  [
    "centered, scaled",
    createNetwork({ ...two, hidden: 30 }),
    1,
    { ridge: 0.05, centered: true, scale: "fit", solver: "dual" },
  ],
  ["no biases", createNetwork({ ...two, hidden: 30, bias: false }), 1, { ridge: 0.05, solver: "dual" }],
  [
    "ntk parametrisation",
    createNetwork({ ...two, hidden: 30, init: "ntk", activation: "relu" }),
    1,
    { ridge: 0.05, solver: "dual" },
  ],
  ["ridge 0", createNetwork({ ...two, hidden: 200, init: "ntk", activation: "relu" }), 1, { solver: "dual" }],
  ["three outputs in full", createNetwork({ ...two, hidden: 30, outputs: 3 }), 3, { ridge: 0.05, solver: "dual" }],
  [
    "three outputs, averaged",
    createNetwork({ ...two, hidden: 30, outputs: 3 }),
    3,
    { ridge: 0.05, outputs: "average" },
  ],
  ["deep", createNetwork({ ...two, hidden: [12, 10] }), 1, { ridge: 0.05, solver: "dual" }],
  ["infinite, two outputs", createInfiniteNetwork({ depth: 2, biasStd: 0.5, activation: "relu" }), 2, { ridge: 0.05 }],
  ["custom kernel", custom, 1, { ridge: 0.05 }],
  ["ridge path", createNetwork({ ...two, hidden: 30 }), 1, { ridges: [0.01, 0.05, 1] }],
  ["primal", createNetwork({ ...two, hidden: 3, activation: "tanh" }), 1, { ridge: 0.05, solver: "primal" }],
  [
    "primal, two outputs",
    createNetwork({ ...two, hidden: 2, outputs: 2 }),
    2,
    { ridge: 0.05, solver: "primal", centered: true },
  ],
  ["primal, ridge 0", createNetwork({ ...two, hidden: 2, activation: "tanh", weightStd: 2 }), 1, { solver: "primal" }],
];

const N = 26;
const T = randomMatrix(7, 2, 9, 2);
const X = randomMatrix(N, 2, 1, 2);
const targets = (inputs: Matrix, C: number): Matrix => ({
  data: Float64Array.from({ length: inputs.rows * C }, (_, at) => {
    const [i, c] = [Math.floor(at / C), at % C];
    return Math.sin(2 * inputs.data[2 * i] + c) + inputs.data[2 * i + 1];
  }),
  rows: inputs.rows,
  cols: C,
});
const toRows = ({ data, rows, cols }: Matrix) =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));

/** What an update means, by arrays of rows. */
function apply(points: number[][], labels: number[][], { add, remove = [], move }: UpdateOptions) {
  const [nextX, nextY] = [points.slice(), labels.slice()];
  const list = (value: number | ArrayLike<number>) => (typeof value === "number" ? [value] : Array.from(value));
  if (move) {
    for (const [row, index] of list(move.index).entries()) {
      if (move.X) nextX[index] = (move.X as number[][])[row];
      if (move.Y) nextY[index] = (move.Y as number[][])[row];
    }
  }
  const gone = new Set(list(remove));
  const stays = (_: unknown, i: number) => !gone.has(i);
  return {
    X: [...nextX.filter(stays), ...((add?.X as number[][]) ?? [])],
    Y: [...nextY.filter(stays), ...((add?.Y as number[][]) ?? [])],
  };
}

/** Several updates in a row, one of them all three at once, one so large that the system is factored anew. */
function updates(C: number): UpdateOptions[] {
  const fresh = (rows: number, seed: number) => {
    const inputs = randomMatrix(rows, 2, seed, 2);
    return { X: toRows(inputs), Y: toRows(targets(inputs, C)) };
  };
  return [
    { move: { index: 3, ...fresh(1, 20) } },
    { add: fresh(1, 21) },
    { remove: 0 },
    { move: { index: [5], X: fresh(1, 22).X } },
    { move: { index: [1, 7], Y: fresh(2, 23).Y } },
    { move: { index: [25, 2], ...fresh(2, 24) }, remove: [4, 0], add: fresh(3, 25) },
    { add: fresh(6, 26) },
    { remove: [32, 31, 3] },
    { move: { index: [0, 1, 2, 3, 4], ...fresh(5, 27) } },
    { remove: Int32Array.from({ length: 12 }, (_, i) => 2 * i) },
    { move: { index: 16, ...fresh(1, 28) } },
  ];
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  /**
   * Compares everything that a fit says with another fit, relative to its size, within κ ε: ridge 0.05 beside kernels
   * of about 50.
   */
  function expectSame(got: Fit, want: Fit, what: string, rounding = 1e-9): void {
    const [a, b] = [got, want].map((fit) => fit.predict(T, { covariance: true, noise: true }));
    for (const key of ["mean", "variance", "covariance"] as const) {
      const expected = b[key]?.data ?? [];
      const size = Math.max(1, maxAbs(expected));
      expectNear(a[key]?.data ?? [], expected, rounding * size, `${what}: ${key}, of its size, within κ ε`);
    }
    for (const key of ["ridge", "scale", "degreesOfFreedom", "logEvidence", "rank"] as const) {
      const expected = want.report[key];
      if (expected === undefined) expect(got.report[key], `${what}: ${key}`).toBeUndefined();
      else
        expect(Math.abs((got.report[key] as number) - expected), `${what}: ${key}`).toBeLessThanOrEqual(
          100 * rounding * Math.max(1, Math.abs(expected)),
        );
    }
    const loo = want.report.looResiduals;
    expect(got.report.looResiduals?.rows).toBe(loo?.rows);
    expectNear(
      got.report.looResiduals?.data ?? [],
      loo?.data ?? [],
      10 * rounding * Math.max(1, maxAbs(loo?.data ?? [])),
      `${what}: loo, ten times the mean's bound`,
    );
    const [p, q] = [got, want].map((fit) => JSON.parse(JSON.stringify(fit)));
    expect(p.X, what).toEqual(q.X);
    const size = maxAbs(q.dualWeights);
    expectNear(
      p.dualWeights,
      q.dualWeights,
      rounding * 100 * size,
      `${what}: α, of its size: a hundred times the mean's bound`,
    );
    if (q.parameters) expectNear(p.parameters, q.parameters, rounding * 10, `${what}: θ, ten times the mean's bound`);
  }

  test.each(cases)("%s: updates are fits anew", (_, model, C, options) => {
    let points = toRows(X);
    let labels = toRows(targets(X, C));
    using fit = ntk.fit(model, points, labels, options);
    const path = fit.path;
    const { ridges, ...rest } = options;
    const again = ridges ? { ...rest, ridge: fit.report.ridge, solver: "dual" as const } : options;
    for (const [k, update] of updates(C).entries()) {
      expect(fit.update(update)).toBe(fit);
      ({ X: points, Y: labels } = apply(points, labels, update));
      using want = ntk.fit(model, points, labels, again);
      // A ridge of 0 leaves the condition number of the kernel itself, about 1e5 here.
      expectSame(fit, want, `update ${k}`, options.ridge || ridges ? 1e-9 : 1e-7);
      expect(fit.report.solver).toBe(want.report.solver);
      expect(fit.report.backwardError, `update ${k}`).toBeLessThanOrEqual(20 * points.length * C * EPS);
    }
    expect(fit.path).toBe(path);
  });

  test("1000 random moves: the error stays at rounding level", () => {
    const n = 80;
    const net = createNetwork({ inputs: 1, hidden: 100, biasStd: 1, seed: 2 });
    const next = generator(11);
    const [x, y] = [0, 1].map(() => Float64Array.from({ length: n }, () => 2 * next()));
    const ridge = 1e-2;
    const probe = [-1.5, -0.2, 0.3, 1.9];
    using fit = ntk.fit(net, x, y, { ridge, solver: "dual" });
    const kernelSize = maxAbs(ntk.kernelDiagonal(net, x)) * n;
    const alpha = (of: Fit) => (JSON.parse(JSON.stringify(of)) as { dualWeights: number[] }).dualWeights;
    for (let k = 1; k <= 1000; k++) {
      const index = Math.floor(((next() + 1) / 2) * n);
      x[index] = 2 * next();
      y[index] = next();
      fit.update({ move: { index, X: [x[index]], Y: [y[index]] } });
      if (k % 100 > 0) continue;
      using want = ntk.fit(net, x, y, { ridge, solver: "dual" });
      // Each update perturbs Θ + λI by c n ε‖Θ‖ (linalg/choleskyEdits.ts). k updates perturb it by k times that at
      // most, and as their errors are independent by about √k times. The answer moves, relative to its size, by the
      // perturbation over the least eigenvalue, λ.
      const perturbation = Math.sqrt(k) * n * EPS;
      // The bounds of Cholesky count every rounding at its worst. What is left after k updates is the error of a fresh
      // fit, here within 10 times.
      expect(fit.report.backwardError, `after ${k}`).toBeLessThanOrEqual(
        10 * Math.max(want.report.backwardError, EPS / 4),
      );
      const bound = (perturbation * kernelSize) / ridge;
      const weights = alpha(want);
      expectNear(
        alpha(fit),
        weights,
        bound,
        `α after ${k}: the perturbation of √k updates over the least eigenvalue, λ`,
        maxAbs(weights),
      );
      const [a, b] = [fit, want].map((of) => of.predict(probe));
      expectNear(a.mean.data, b.mean.data, bound, `mean after ${k}: the perturbation of √k updates over λ`);
      expectNear(
        a.variance?.data ?? [],
        b.variance?.data ?? [],
        bound,
        `variance after ${k}: the perturbation of √k updates over λ`,
      );
    }
  });

  test("1000 random moves in the weights' space", () => {
    const net = createNetwork({ inputs: 1, hidden: 4, biasStd: 1, activation: "tanh", seed: 2 });
    const n = 120;
    const next = generator(12);
    const [x, y] = [0, 1].map(() => Float64Array.from({ length: n }, () => 2 * next()));
    using fit = ntk.fit(net, x, y, { ridge: 0.01, solver: "primal" });
    for (let k = 1; k <= 1000; k++) {
      const index = Math.floor(((next() + 1) / 2) * n);
      x[index] = 2 * next();
      fit.update({ move: { index, X: [x[index]] } });
    }
    using want = ntk.fit(net, x, y, { ridge: 0.01, solver: "primal" });
    // As above with P = 13; a downdate may cost 16 times as much, and the condition number is about n/λ.
    const bound = 16 * Math.sqrt(1000) * 13 * EPS;
    expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(bound);
    expectNear(
      fit.parameters(),
      want.parameters(),
      (bound * n * 13) / 0.01,
      "θ after 1000 moves: the backward error times the condition number, about nP/λ",
    );
  });

  test("a point that carries a direction alone, in the weights' space", () => {
    const net = createNetwork({ inputs: 1, hidden: 2, biasStd: 1, activation: "relu", seed: 3 });
    const x = [-1, -0.5, 0, 0.5, 1, 1e4];
    using fit = ntk.fit(net, x, x, { ridge: 1e-3, solver: "primal" });
    fit.update({ move: { index: 5, X: [2], Y: [2] } });
    using want = ntk.fit(net, [...x.slice(0, 5), 2], [...x.slice(0, 5), 2], { ridge: 1e-3, solver: "primal" });
    expectNear(
      fit.predict([0.2]).mean.data,
      want.predict([0.2]).mean.data,
      1e-11,
      "mean without the far point: rounding, its 1e8 is gone from the factor",
    );
    expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
      100 * EPS,
    );
  });

  const net = createNetwork({ inputs: 2, hidden: 30, biasStd: 1, seed: 4 });
  const wide = createNetwork({ inputs: 2, hidden: 200, init: "ntk", activation: "relu", seed: 4 });
  const narrow = createNetwork({ inputs: 2, hidden: 3, init: "ntk", activation: "relu", seed: 4 });

  test("down to one point, up again", () => {
    using fit = ntk.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    for (let left = N; left > 1; left--) fit.update({ remove: left >> 1 });
    for (let i = 1; i < 20; i++) fit.update({ add: { X: [[i / 10, -i / 10]], Y: [i] } });
    const points = [toRows(X)[0], ...Array.from({ length: 19 }, (_, i) => [(i + 1) / 10, -(i + 1) / 10])];
    const labels = [targets(X, 1).data[0], ...Array.from({ length: 19 }, (_, i) => i + 1)];
    using want = ntk.fit(net, points, labels, { ridge: 0.1, solver: "dual" });
    expectSame(fit, want, "20 points");
    // All rows may go where others come.
    fit.update({ remove: Int32Array.from({ length: 20 }, (_, i) => i), add: { X: [[1, 2]], Y: [3] } });
    using one = ntk.fit(net, [[1, 2]], [3], { ridge: 0.1, solver: "dual" });
    expectSame(fit, one, "one point");
  });

  /** All that can be seen of a fit, to compare bit by bit. */
  const state = (fit: Fit) => [JSON.stringify(fit), JSON.stringify(fit.predict(T, { covariance: true }))];

  test("a failing update leaves no trace", () => {
    const broken = {
      ...custom,
      kernel: (A: Matrix, B: Matrix) => (A.rows === 1 ? { ...A, rows: 9 } : custom.kernel(A, B)),
    };
    const twin = toRows(X)[2];
    const failing: [string, () => Fit, UpdateOptions, new (...args: never[]) => Error, RegExp][] = [
      [
        "a twin at ridge 0",
        () => ntk.fit(wide, X, targets(X, 1), { solver: "dual" }),
        { move: { index: 9, X: [twin] }, remove: 4 },
        NotPositiveDefiniteError,
        /without a ridge .* at pivot 8 of 25/,
      ],
      [
        "twins that are added",
        () => ntk.fit(wide, X, targets(X, 1), { solver: "dual" }),
        {
          remove: [0, 1],
          add: {
            X: [
              [9, 9],
              [1, 2],
              [3, 4],
              [9, 9],
            ],
            Y: [1, 2, 3, 4],
          },
        },
        NotPositiveDefiniteError,
        /pivot 27 of 28/,
      ],
      [
        "most rows, and a twin",
        () => ntk.fit(wide, X, targets(X, 1), { solver: "dual" }),
        { remove: [5, 6, 7, 8, 9, 10, 11, 12, 13], add: { X: [twin], Y: [1] } },
        NotPositiveDefiniteError,
        /pivot 17 of 18/,
      ],
      [
        "a ridge that drowns",
        () => ntk.fit(wide, X, targets(X, 1), { ridge: 1e-30, solver: "dual" }),
        { add: { X: [twin], Y: [1] } },
        NotPositiveDefiniteError,
        /plus ridge 1e-30/,
      ],
      [
        "an overflow",
        () => ntk.fit(wide, X, targets(X, 1), { ridge: 1, solver: "dual" }),
        { move: { index: 1, X: [[1e200, 1e200]] } },
        RangeError,
        /kernel overflows float64 at row 1/,
      ],
      [
        "an overflow in the weights' space",
        () => ntk.fit(narrow, X, targets(X, 1), { ridge: 1, solver: "primal" }),
        { move: { index: 1, X: [[1e200, -1e200]] }, add: { X: [[1e200, 1e200]], Y: [1] } },
        RangeError,
        /overflows float64/,
      ],
      [
        "a kernel of one's own",
        () => ntk.fit(broken, X, targets(X, 1), { ridge: 1 }),
        { remove: 3, add: { X: [[1, 1]], Y: [1] } },
        RangeError,
        /kernel\(X, X2\) gave 9×2/,
      ],
    ];
    for (const [name, make, update, ErrorType, message] of failing) {
      using fit = make();
      // One that succeeds first: features and an order of its own are there.
      if (name !== "a kernel of one's own")
        fit.update({ move: { index: 6, Y: [1] } }).update({ move: { index: 7, X: [[0.3, 0.4]] } });
      const before = state(fit);
      expect(() => fit.update(update), name).toThrow(ErrorType);
      expect(() => fit.update(update), name).toThrow(message);
      expect(state(fit), name).toEqual(before);
    }
  });

  test("bad updates are refused before any work", () => {
    using fit = ntk.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    const before = state(fit);
    const bad: [unknown, new (...args: never[]) => Error, RegExp][] = [
      [undefined, TypeError, /update: options are undefined/],
      [{}, RangeError, /nothing to do/],
      [{ remove: [] }, RangeError, /nothing to do/],
      [{ delete: 3 }, TypeError, /unknown option "delete"; expected add, remove, move/],
      [{ remove: 26 }, RangeError, /remove is 26; expected rows from 0 to 25/],
      [{ remove: -1 }, RangeError, /remove is -1/],
      [{ remove: 1.5 }, RangeError, /remove is 1.5/],
      [{ remove: ["1"] }, TypeError, /remove is the string "1"/],
      [{ remove: null }, TypeError, /remove is null; expected a row number or an array/],
      [{ remove: [3, 3] }, RangeError, /row 3 twice/],
      [{ remove: X.data.slice(0, N).map((_, i) => i) }, RangeError, /all 26 rows/],
      [{ remove: 3, move: { index: 3, Y: [1] } }, RangeError, /row 3 is both moved and removed/],
      [{ move: { index: [1, 1], Y: [1, 2] } }, RangeError, /row 1 twice/],
      [{ move: { index: 1 } }, RangeError, /neither X nor Y/],
      [{ move: { X: [[1, 2]] } }, TypeError, /move.index is undefined/],
      [{ move: { index: 1, x: [[1, 2]] } }, TypeError, /unknown option "x"/],
      [{ move: { index: 1, X: [1, 2] } }, RangeError, /move.X has 1 columns; expected 2/],
      [{ move: { index: [1, 2], Y: [1] } }, RangeError, /move.Y has 1 rows; expected 2/],
      [{ move: { index: 1, Y: [Number.NaN] } }, RangeError, /move.Y has NaN/],
      [{ add: { X: [[1, 2]] } }, TypeError, /add.Y is undefined/],
      [{ add: { X: [], Y: [] } }, RangeError, /add.X/],
      [{ add: { X: [[1, 2]], Y: [1, 2] } }, RangeError, /add.Y has 2 rows; expected 1/],
      [{ add: { X: [[1, Infinity]], Y: [1] } }, RangeError, /add.X has Infinity/],
    ];
    for (const [options, ErrorType, message] of bad) {
      const attempt = () => fit.update(options as UpdateOptions);
      expect(attempt, String(message)).toThrow(ErrorType);
      expect(attempt, String(message)).toThrow(message);
    }
    expect(state(fit)).toEqual(before);
  });

  test("a point that repeats another under a lost ridge: the error names the size of the kernel with both", () => {
    using fit = ntk.fit(rbfKernel(), [0], [1], { ridge: 1e-18 });
    expect(() => fit.update({ add: { X: [0], Y: [1] } })).toThrow(/pivot 1 of 2: .* beside a kernel of size 2,/);
    expect(fit.predict([0]).mean.data[0]).toBe(1);
  });

  test("fits that cannot say so; after dispose(), and an old report", () => {
    const few = createNetwork({ inputs: 2, hidden: 2, biasStd: 1, activation: "tanh", seed: 4 });
    using truncated = ntk.fit(few, X, targets(X, 1), { solver: "dual" });
    expect(() => truncated.update({ remove: 0 })).toThrow(RangeError);
    expect(() => truncated.update({ remove: 0 })).toThrow(/fit with a ridge above 0/);
    using matrixFree = ntk.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "cg" });
    expect(() => matrixFree.update({ remove: 0 })).toThrow(RangeError);
    expect(() => matrixFree.update({ remove: 0 })).toThrow(
      /solver "cg" cannot be updated; fit again with solver "dual"/,
    );
    const fit = ntk.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    const { report } = fit;
    const known = report.degreesOfFreedom;
    fit.update({ remove: 0 });
    expect(fit.report).not.toBe(report);
    expect(report.degreesOfFreedom).toBe(known);
    expect(() => report.backwardError).toThrow(/read fit.report again/);
    fit.dispose();
    expect(() => fit.update({ remove: 0 })).toThrow(BackendError);
  });

  test("a float32 fit goes on with a float64 factor, and says so", async () => {
    const float32 = await load({ variant, precision: "float32" });
    using fit = float32.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    expect(fit.report.precision).toBe("float32");
    fit.update({ remove: 3 }).update({ add: { X: [[1, 1]], Y: [2] } });
    const stays = (_: unknown, i: number) => i !== 3;
    const [points, labels] = [toRows(X).filter(stays), toRows(targets(X, 1)).filter(stays)];
    using want = ntk.fit(net, [...points, [1, 1]], [...labels, [2]], { ridge: 0.1, solver: "dual" });
    expectSame(fit, want, "float32");
    expect(fit.report).toMatchObject({ precision: "float64", fallback: "an update edits a float64 factor" });
  });

  test("a float32 fit that has given variances edits the float64 factor that they came from", async () => {
    const single = await load({ variant, precision: "float32" });
    using fit = single.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    fit.predict(X);
    fit.update({ remove: 3 });
    using want = ntk.fit(net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    want.predict(X);
    want.update({ remove: 3 });
    expect(fit.predict(X), "the same edits, so the same bits").toEqual(want.predict(X));
  });

  test("more units than one product takes: features in two parts", () => {
    const broad = createNetwork({ inputs: 2, hidden: 1030, biasStd: 1, seed: 4 });
    using fit = ntk.fit(broad, X, targets(X, 1), { ridge: 0.5, solver: "dual" });
    const [points, labels] = [toRows(X), toRows(targets(X, 1))];
    points[8] = [0.3, -0.7];
    fit.update({ move: { index: 8, X: [points[8]] }, remove: 2 });
    const stays = (_: unknown, i: number) => i !== 2;
    using want = ntk.fit(broad, points.filter(stays), labels.filter(stays), { ridge: 0.5, solver: "dual" });
    expectSame(fit, want, "1030 units");
  });

  test("memory that is short costs time, not the update", () => {
    const context = loadContext(variant);
    const fit = fitModel(context, ITERATIVE, net, X, targets(X, 1), { ridge: 0.1, solver: "dual" });
    const hold = context.arena.hold.bind(context.arena);
    // No room for features, nor to spare: only a factor of just the order that is needed.
    context.arena.hold = (elements) => {
      if (elements !== (N + 1) ** 2) throw new MemoryLimitError("full", elements * 8, 0);
      return hold(elements);
    };
    fit.update({ move: { index: 3, X: [[1, 1]] } }).update({ add: { X: [[2, 1]], Y: [1] } });
    expect(context.arena.heldBytes).toBeLessThan(((N + 1) ** 2 + 8) * 8);
    const points = toRows(X);
    points[3] = [1, 1];
    using want = ntk.fit(net, [...points, [2, 1]], [...targets(X, 1).data, 1], { ridge: 0.1, solver: "dual" });
    expectSame(fit, want, "short memory");
    const before = state(fit);
    expect(() => fit.update({ add: { X: [[2, 2]], Y: [1] } })).toThrow(MemoryLimitError);
    expect(state(fit)).toEqual(before);
    fit.dispose();
    expect(context.arena.heldBytes).toBe(0);
  });

  test("memory: updates hold a factor and features, dispose() gives all of it back", () => {
    const context = loadContext(variant);
    for (const [, model, C, options] of cases) {
      const fit = fitModel(context, ITERATIVE, model, X, targets(X, C), options);
      for (const update of updates(C)) {
        fit.update(update);
        fit.predict(T);
        expect(context.arena.scratchBytesInUse).toBe(0);
      }
      expect(context.arena.heldBytes).toBeGreaterThan(0);
      fit.dispose();
      expect(context.arena.heldBytes).toBe(0);
    }
    for (const solver of ["dual", "primal"] as const) {
      const fit = fitModel(context, ITERATIVE, narrow, X, targets(X, 1), { ridge: 1, solver });
      expect(() =>
        fit.update({
          add: {
            X: [
              [1e200, 1e200],
              [-1e200, -1e200],
            ],
            Y: [1, 1],
          },
        }),
      ).toThrow(/overflow/);
      expect(context.arena.scratchBytesInUse).toBe(0);
      fit.dispose();
      expect(context.arena.heldBytes).toBe(0);
    }
  });
});
