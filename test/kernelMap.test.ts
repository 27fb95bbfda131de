/**
 * Θ(X, X) as a map: kept, in tiles that are made anew, and through the features of a network, in slices. All of them
 * agree with the products of the matrix.
 */
import { describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Matrix,
  type Model,
  type NetworkOptions,
  rbfKernel,
  sumOf,
} from "../src/index.js";
import { kernelMap } from "../src/kernel/kernelMap.js";
import { kernelSource } from "../src/kernel/modelKernel.js";
import { scratch } from "../src/linalg/view.js";
import { bell } from "./setup/bell.js";
import { expectNear, maxAbs } from "./setup/golden.js";
import { generator, randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

const skewed = (A: Matrix, B: Matrix): Matrix => {
  const K = bell(A, B);
  for (let at = 0; at < K.data.length; at++) K.data[at] *= 1 + 1e-9 * A.data[2 * Math.floor(at / K.cols)];
  return K;
};

const MODELS: [string, Model, "full" | "average" | undefined][] = [
  ["infinite", createInfiniteNetwork({ depth: 2, activation: "erf", biasStd: 0.3 }), undefined],
  ["stationary", rbfKernel({ lengthScale: 2 }), undefined],
  ["a sum", sumOf([{ model: rbfKernel() }, { model: createInfiniteNetwork({ depth: 0 }) }]), undefined],
  ["custom", { kernel: bell }, undefined],
  ["averaged", createNetwork({ inputs: 2, hidden: 9, outputs: 2, biasStd: 1 }), "average"],
  [
    "all pairs of outputs",
    sumOf([1, 2].map((seed) => ({ model: createNetwork({ inputs: 2, hidden: 9, outputs: 2, biasStd: 1, seed }) }))),
    "full",
  ],
];

/** Products with the whole matrix, in JavaScript. */
function products({ data, rows }: Matrix, vectors: readonly Float64Array[]): Float64Array[] {
  return vectors.map((v) =>
    Float64Array.from({ length: rows }, (_, i) => v.reduce((sum, value, j) => sum + data[i * rows + j] * value, 0)),
  );
}

function vectorsOf(n: number, count: number): Float64Array[] {
  const next = generator(7);
  return Array.from({ length: count }, () => Float64Array.from({ length: n }, next));
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  /** The same memory, which has no room for a matrix that is kept. */
  const crowded = {
    ...context,
    arena: new Proxy(context.arena, {
      get(arena, key) {
        if (key === "room") return 0;
        const value = Reflect.get(arena, key, arena);
        return typeof value === "function" ? value.bind(arena) : value;
      },
    }),
  };

  test.each(MODELS)("%s: kept, and in tiles made anew", (_, model, outputs) => {
    const X = randomMatrix(700, 2, 1, 2);
    const source = kernelSource(context, model, outputs ?? "average");
    const K = source.square(X);
    const n = 700 * source.block;
    for (const count of [1, 5]) {
      const vectors = vectorsOf(n, count);
      const want = products(K, vectors);
      for (const [where, kept] of [
        [context, true],
        [crowded, false],
      ] as const) {
        context.arena.run(() => {
          const map = kernelMap(where, source, X);
          expect(map.kept).toBe(kept);
          const slices = map.slicing(vectors);
          let slice = slices.next();
          let pauses = 0;
          for (; !slice.done; slice = slices.next()) {
            // Other work between slices leaves no trace.
            context.arena.run(() => context.arena.view(context.arena.alloc(5000), 5000).fill(Number.NaN));
            pauses++;
          }
          expect(pauses).toBeGreaterThan(kept ? 0 : 1);
          const got = slice.value;
          got.forEach((product, k) => {
            expectNear(
              product,
              want[k],
              n * 8 * Number.EPSILON * maxAbs(want[k]) + 1e-12,
              `n ε of a product, kept ${kept}`,
            );
          });
          expect(map.times(vectors)).toEqual(got);
        });
      }
    }
  });

  test("rows of the map are those of the matrix, whatever keeps it", () => {
    const X = randomMatrix(60, 2, 1, 2);
    const two = sumOf([{ model: createNetwork({ inputs: 2, hidden: 9, outputs: 2, biasStd: 1 }) }]);
    const models: [Model, "full" | "average"][] = [
      [rbfKernel(), "average"],
      [two, "full"],
      [createNetwork({ inputs: 2, hidden: 9, outputs: 2, biasStd: 1 }), "full"],
    ];
    for (const [model, outputs] of models) {
      const source = kernelSource(context, model, outputs);
      const { data, rows: n } = source.square(X);
      const points = [0, 17, 59];
      const want = points.flatMap((point) => [
        ...data.subarray(point * source.block * n, (point + 1) * source.block * n),
      ]);
      for (const where of [context, crowded]) {
        const got = context.arena.run(() => {
          const map = kernelMap(where, source, X);
          expect(map.tangents === undefined).toBe(source.weights === undefined);
          expect(map.kept).toBe(where === context && !source.weights);
          const out = scratch(context, points.length * source.block, n);
          out.entries().fill(Number.NaN);
          map.rowsInto(points, out);
          return out.copy();
        });
        expectNear(got, Float64Array.from(want), 1e-13 * maxAbs(want), "entries of the kernel");
      }
    }
  });

  test("a custom kernel is asked for no tile without rows", () => {
    // Tiles of 512 rows: the last one ends with the points.
    const X = randomMatrix(1024, 2, 1, 2);
    const asked: number[] = [];
    const kernel = (A: Matrix, B: Matrix) => {
      asked.push(A.rows, B.rows);
      return bell(A, B);
    };
    const source = kernelSource(context, { kernel }, "average");
    context.arena.run(() => {
      const map = kernelMap(crowded, source, X);
      expect(map.kept).toBe(false);
      map.times(vectorsOf(1024, 1));
    });
    expect(Math.min(...asked)).toBeGreaterThan(0);
  });

  test("one vector, in several slices of a matrix that is kept", () => {
    const n = 3000;
    const X = randomMatrix(n, 2, 1, 2);
    const source = kernelSource(context, rbfKernel(), "average");
    context.arena.run(() => {
      const map = kernelMap(context, source, X);
      expect(map.kept).toBe(true);
      const [v] = vectorsOf(n, 1);
      const slices = map.slicing([v]);
      let [seen, slice] = [0, slices.next()];
      for (; !slice.done; slice = slices.next()) seen++;
      expect(seen).toBeGreaterThan(1);
      const points = [0, 1, 1300, n - 2, n - 1];
      const rows = source.cross(
        { data: Float64Array.from(points.flatMap((i) => [...X.data.subarray(2 * i, 2 * i + 2)])), rows: 5, cols: 2 },
        X,
      );
      const want = points.map((_, k) => v.reduce((sum, value, j) => sum + rows.data[k * n + j] * value, 0));
      const got = points.map((i) => (slice.value as Float64Array[])[0][i]);
      expectNear(got, want, n * 8 * Number.EPSILON * maxAbs(want), "n ε of a product");
    });
  });

  test("many vectors at a time take smaller slices", () => {
    const X = randomMatrix(1200, 2, 1, 2);
    const source = kernelSource(context, rbfKernel(), "average");
    context.arena.run(() => {
      const map = kernelMap(context, source, X);
      const pauses = (count: number) => {
        const slices = map.slicing(vectorsOf(1200, count));
        let [seen, slice] = [0, slices.next()];
        for (; !slice.done; slice = slices.next()) seen++;
        return seen;
      };
      // 2^23 multiply-adds and less: 6990 rows of 1200 columns, for four vectors at a time.
      expect([pauses(1), pauses(4), pauses(80)]).toEqual([1, 1, 4]);
    });
  });

  test("tiles of a kernel that is not symmetric are refused", () => {
    const X = randomMatrix(700, 2, 1, 2);
    const source = kernelSource(context, { kernel: skewed }, "average");
    expect(() => kernelMap(crowded, source, X)).toThrow(
      /the kernel is not symmetric: K\(a, b\) is .* for two rows of X/,
    );
  });

  test("a network in slices: the products of its matrix, and the same whether its features are kept", () => {
    const net = createNetwork({ inputs: 2, hidden: [40, 60], biasStd: 1, seed: 4 });
    const rows = 11_000;
    const X = randomMatrix(rows, 2, 1, 2);
    const source = kernelSource(context, net, "full");
    const [v] = vectorsOf(rows, 1);
    context.arena.run(() => {
      const map = kernelMap(context, source, X);
      const slices = map.slicing([v]);
      let pauses = 0;
      let slice = slices.next();
      for (; !slice.done; slice = slices.next()) pauses++;
      expect(pauses, "both passes have more than one slice").toBeGreaterThan(3);
      const few = [0, 1, 5000, rows - 1];
      const some = {
        data: Float64Array.from(few.flatMap((i) => [...X.data.subarray(2 * i, 2 * i + 2)])),
        rows: 4,
        cols: 2,
      };
      const { data } = source.cross(some, X);
      const want = Float64Array.from(few, (_, k) => v.reduce((sum, value, j) => sum + data[k * rows + j] * value, 0));
      const got = Float64Array.from(few, (i) => slice.value?.[0][i] ?? Number.NaN);
      expectNear(got, want, 1e-10 * maxAbs(want), "sums over 11 000 rows and 2 600 features");
    });
  });

  test.each([
    ["LeCun, biases", { inputs: 3, hidden: 40, biasStd: 1 }],
    ["no biases", { inputs: 2, hidden: 33, bias: false }],
    ["one input, ntk, rates", { inputs: 1, hidden: 25, init: "ntk", rates: [0.5, 2] }],
    ["a centred start", { inputs: 2, hidden: 20, centeredStart: true }],
    ["meanField", { inputs: 2, hidden: 30, parametrization: "meanField" }],
  ] as [string, NetworkOptions][])("several vectors at a time are each of them alone: %s", (_, options) => {
    const net = createNetwork({ seed: 5, ...options });
    const X = randomMatrix(150, net.inputs, 3, 2);
    const source = kernelSource(context, net, "full");
    const K = source.square(X);
    const vectors = vectorsOf(150, 7);
    const want = products(K, vectors);
    context.arena.run(() => {
      const map = kernelMap(context, source, X);
      map.times(vectors).forEach((product, k) => {
        const bound = (150 + net.parameters.length) * 4 * Number.EPSILON * maxAbs(want[k]) + 1e-13;
        expectNear(product, want[k], bound, "sums over rows and features");
        expectNear(map.times([vectors[k]])[0], product, 2 * bound, "as one alone");
      });
    });
  });
});
