/** Rows of a kernel that pivots are taken from, models by kind, and what they are called. */
import { describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Matrix,
  type Model,
  maternKernel,
  precomputed,
  productOf,
  rbfKernel,
  scaled,
  sumOf,
} from "../../src/index.js";
import type { KernelSource } from "../../src/kernel/kernel.js";
import { fillRows, scaledRows } from "../../src/kernel/kernelRows.js";
import { kernelTilesOf } from "../../src/kernel/kernelTiles.js";
import { kernelSource } from "../../src/kernel/modelKernel.js";
import { kinded, modelInWords, ownModel, priorOf, weighted } from "../../src/kernel/models.js";
import { scratch } from "../../src/linalg/view.js";
import { expectNear } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const net = createNetwork({ inputs: 2, hidden: 5, outputs: 2, biasStd: 1 });
  const X = randomMatrix(200, 2, 1);
  const points = [3, 77, 199];

  /** The rows, and how many points each call of `fill` had as columns. */
  function filled(memory: number | undefined): { rows: Float64Array; columns: number[] } {
    const source = kernelSource(context, net, "full");
    const columns: number[] = [];
    const seen: KernelSource = Object.create(source, {
      scratch: { value: (n: number, n2: number) => memory ?? source.scratch(n, n2) },
      fill: {
        value: (A: typeof X, out: never, B: typeof X) => {
          columns.push(B.rows);
          source.fill(A, out, B);
        },
      },
    });
    return context.arena.run(() => {
      const out = scratch(context, points.length * 2, X.rows * 2);
      out.entries().fill(Number.NaN);
      fillRows(context, seen, X, points, out);
      return { rows: out.copy(), columns };
    });
  }

  test("rows of some points, with all columns at once or a part of them at a time", () => {
    const { data } = kernelSource(context, net, "full").square(X);
    const want = points.flatMap((point) => [...data.subarray(2 * point * 400, (2 * point + 2) * 400)]);
    for (const [memory, columns] of [
      [undefined, [200]],
      [2 ** 24, [200]],
      [2 ** 25, [100, 100]],
      [2 ** 24 * 2.5, [80, 80, 40]],
      [2 ** 40, [64, 64, 64, 8]],
    ] as const) {
      const got = filled(memory);
      expect(got.columns).toEqual(columns);
      expectNear(got.rows, Float64Array.from(want), 1e-13, "entries of a kernel made in parts");
    }
  });

  test("rows of SΘS, and its diagonal", () => {
    const source = kernelSource(context, net, "full");
    const few = randomMatrix(6, 2, 4);
    const Theta = source.square(few);
    const roots = Float64Array.from({ length: 12 }, (_, i) => 1 + i / 10);
    const diagonal = Float64Array.from({ length: 12 }, (_, i) => Theta.data[i * 13]);
    const rowsInto = (which: readonly number[], out: Parameters<typeof fillRows>[4]) =>
      fillRows(context, source, few, which, out);
    const rows = scaledRows({ rowsInto }, 2, diagonal, roots);
    expect([rows.n, rows.block]).toEqual([12, 2]);
    expectNear(
      rows.diagonal,
      diagonal.map((value, i) => value * roots[i] ** 2),
      1e-13,
      "diagonal",
    );
    const made = context.arena.run(() => {
      const out = scratch(context, 4, 12);
      rows.fill([1, 4], out);
      return out.copy();
    });
    const want = [2, 3, 8, 9].flatMap((i) => [...roots].map((root, j) => Theta.data[i * 12 + j] * roots[i] * root));
    expectNear(made, Float64Array.from(want), 1e-12, "rows");
    const plain = scaledRows({ rowsInto }, 2, diagonal, undefined);
    expect([plain.n, plain.block, plain.diagonal, plain.fill]).toEqual([12, 2, diagonal, rowsInto]);
  });
});

const net = createNetwork({ inputs: 3, hidden: [4, 5], outputs: 2, activation: ["tanh", "relu"] });
const infinite = createInfiniteNetwork({ depth: 2, activation: "erf" });
const custom = { kernel: () => [[1]] };
const table = precomputed([
  [1, 0],
  [0, 1],
]);

test("a diagonal that is read off squares: 64 points at a time", () => {
  const asked: number[] = [];
  const kernel = (A: Matrix, B: Matrix) => {
    asked.push(A.rows);
    return Array.from(A.data, (x) => Array.from(B.data, (y) => 1 + x * y));
  };
  const source = kernelSource(loadContext(variants[0]), scaled({ kernel }, 2));
  for (const [n, sizes] of [
    [1, [1]],
    [64, [64]],
    [70, [64, 6]],
    [128, [64, 64]],
  ] as const) {
    asked.length = 0;
    const X = { data: Float64Array.from({ length: n }, (_, i) => i), rows: n, cols: 1 };
    expect([...source.diagonal(X)]).toEqual(Array.from({ length: n }, (_, i) => 2 * (1 + i * i)));
    expect(asked).toEqual(sizes);
  }
});

test("tiles ask a kernel for what they need, and never for no points", () => {
  const asked: number[][] = [];
  const kernel = (A: Matrix, B: Matrix) => {
    asked.push([A.rows, B.rows]);
    return Array.from(A.data, (x) => Array.from(B.data, (y) => 1 + x * y));
  };
  const tiles = (rows: number) => {
    asked.length = 0;
    return [...kernelTilesOf(loadContext(variants[0]), { kernel }, [0, 1, 2, 3, 4], undefined, { rows })];
  };
  const whole = tiles(5)[0].K.data;
  expect(asked).toEqual([[5, 5]]);
  const parts = tiles(2);
  expect(parts.map(({ row, K }) => [row, K.rows, K.cols])).toEqual([
    [0, 2, 5],
    [2, 2, 5],
    [4, 1, 5],
  ]);
  expect(parts.flatMap(({ K }) => [...K.data])).toEqual([...whole]);
  expect(asked).toEqual([
    [2, 2],
    [3, 2],
    [2, 2],
    [2, 2],
    [1, 2],
    [1, 4],
    [1, 1],
  ]);
});

test("start values and sums of one's own kernel: a mean times the root of its weight", () => {
  const context = loadContext(variants[0]);
  const kernel = (A: Matrix, B: Matrix) => Array.from(A.data, (x) => Array.from(B.data, (y) => 1 + x * y));
  const mean = (A: Matrix) => Array.from(A.data, (x) => [x, 2 * x]);
  const X = { data: Float64Array.of(1, 3), rows: 2, cols: 1 };
  const of = (model: Model) => kernelSource(context, model);
  expect([...of({ kernel }).start(X, 2)]).toEqual([0, 0, 0, 0]);
  expect([...of({ kernel, mean }).start(X, 2)]).toEqual([1, 2, 3, 6]);
  expect([...of(scaled({ kernel, mean }, 4)).start(X, 2)]).toEqual([2, 4, 6, 12]);
  const sum = sumOf([
    { model: { kernel, mean }, weight: 4 },
    { model: { kernel, mean } },
    { model: rbfKernel() },
    { model: { kernel } },
  ]);
  expect([...of(sum).start(X, 2)]).toEqual([3, 6, 9, 18]);
  expect(() => of({ kernel, mean }).start(X, 3)).toThrow(/mean\(X\) gave 2×2 numbers; expected 2×3/);
  // Weights of 1 and others, first and later: each is added, and the first overwrites.
  for (const weights of [
    [1, 1, 1],
    [1, 2, 1],
    [3, 1, 2],
  ]) {
    const source = of(sumOf(weights.map((weight) => ({ model: { kernel }, weight }))));
    const total = weights.reduce((a, b) => a + b);
    expect([...source.square(X).data]).toEqual([2, 4, 4, 10].map((k) => total * k));
    expect([...source.cross(X, X).data]).toEqual([2, 4, 4, 10].map((k) => total * k));
    expect([...source.diagonal(X)]).toEqual([2 * total, 10 * total]);
  }
});

test("kinds and words", () => {
  const words: [Model, string, string][] = [
    [net, "network", "network 3-4-5-2, tanh, relu"],
    [createNetwork({ inputs: 1, hidden: [2, 2], activation: "relu" }), "network", "network 1-2-2-1, relu"],
    [
      createNetwork({ inputs: 1, hidden: 2, activation: { name: "leakyRelu", slope: 0.1 } }),
      "network",
      "network 1-2-1, leakyRelu",
    ],
    [infinite, "infinite", "infinite network of depth 2, erf"],
    [rbfKernel(), "stationary", "rbf kernel"],
    [maternKernel(), "stationary", "matern kernel"],
    [table, "composed", "precomputed model"],
    [sumOf([{ model: net }]), "composed", "sum model"],
    [scaled(net, 2), "composed", "scaled model"],
    [productOf([net]), "composed", "product model"],
    [custom, "custom", "custom kernel"],
  ];
  for (const [model, kind, text] of words) {
    expect(kinded(model)).toEqual({ kind, model });
    expect(modelInWords(model)).toBe(text);
  }
});

test("the kernel of outputs before training, through every kind of model", () => {
  const nngp = { ...infinite, kernel: "nngp" };
  expect(priorOf(infinite)).toEqual(nngp);
  expect(priorOf(rbfKernel())).toEqual(rbfKernel());
  expect(priorOf(custom)).toBe(custom);
  expect(priorOf({ ...custom, mean: () => [0] })).toBeUndefined();
  expect(priorOf(net)).toBeUndefined();
  expect(priorOf(table)).toBe(table);
  expect(priorOf(scaled(infinite, 3))).toEqual({ kind: "scaled", model: nngp, scale: 3 });
  expect(priorOf(scaled(net, 3))).toBeUndefined();
  const sum = sumOf([{ model: infinite, weight: 2 }, { model: rbfKernel() }]);
  expect(priorOf(sum)).toEqual({
    kind: "sum",
    terms: [
      { model: nngp, weight: 2 },
      { model: rbfKernel(), weight: 1 },
    ],
  });
  expect(priorOf(sumOf([{ model: infinite }, { model: net }]))).toBeUndefined();
  expect(priorOf(productOf([infinite, rbfKernel()]))).toEqual({ kind: "product", factors: [nngp, rbfKernel()] });
  expect(priorOf(productOf([infinite, net]))).toBeUndefined();
});

test("weights go into scales", () => {
  expect(weighted(net, 1)).toBe(net);
  expect(weighted(net, 4)).toEqual({ ...net, outputScale: 2 });
  expect(weighted({ ...infinite, outputScale: 3 }, 0.25)).toEqual({ ...infinite, outputScale: 1.5 });
  expect(weighted(rbfKernel({ amplitude: 3 }), 4)).toEqual(rbfKernel({ amplitude: 6 }));
});

test("models in models: a hundred levels, and an error for more or for one in itself", () => {
  const nested = (levels: number): Model => {
    let model: Model = rbfKernel();
    for (let i = 0; i < levels; i++) model = { kind: "scaled", model, scale: 1 };
    return model;
  };
  expect(ownModel(nested(99))).toEqual(nested(99));
  for (let round = 0; round < 2; round++)
    expect(() => ownModel(nested(100))).toThrow(/nested more than 100 deep; expected a model of fewer levels/);
  const itself = { kind: "product", factors: [] as Model[] } as const;
  itself.factors.push(itself as unknown as Model);
  expect(() => ownModel(itself as unknown as Model)).toThrow(RangeError);
  // The count comes down again, also after an error.
  expect(ownModel(nested(99))).toEqual(nested(99));
});
