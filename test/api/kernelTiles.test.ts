/** Kernels in blocks of rows: the rows of `ntk.kernel`, to the bit. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  linearKernel,
  type Matrix,
  MemoryLimitError,
  type Model,
  type Ntk,
  productOf,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { EXAMPLE } from "../oracle/activations.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 41;
type Case = [name: string, model: Model, outputs: "full" | "average"];

/** Points with copies, near-copies, opposites and the origin among them. */
const X = randomMatrix(N, 3, 1, 2);
X.data.copyWithin(30, 0, 6);
for (let i = 0; i < 6; i++) X.data[60 + i] = X.data[i] * (1 + 2 ** -40);
for (let i = 0; i < 6; i++) X.data[75 + i] = -X.data[i];
X.data.fill(0, 90, 93);
const X2 = randomMatrix(17, 3, 2, 2);
const wide3 = randomMatrix(120, 3, 4, 2);
const wide = randomMatrix(N, 20, 3, 1);

const net = createNetwork({ inputs: 3, hidden: 130, biasStd: 1, activation: "gelu", seed: 1 });
const deep = createNetwork({ inputs: 3, hidden: [30, 20], outputs: 2, activation: "tanh", biasStd: 1, seed: 2 });
const infinite = Object.entries(EXAMPLE).map(
  ([name, activation]): Case => [
    name,
    createInfiniteNetwork({ activation, depth: 2, weightStd: 0.7, biasStd: 0.3 }),
    "average",
  ],
);
/** Their terms are counted for blocks of points in the order of variance. */
const MIXTURES = ["sigmoid", "tanh", "softplus", "silu"];
const models: Case[] = [
  ["one hidden layer", net, "average"],
  ["deep", deep, "average"],
  ["deep, all pairs of outputs", deep, "full"],
  ["a sum", sumOf([{ model: net }, { model: rbfKernel() }]), "average"],
  ["a product", productOf([net, rbfKernel()]), "average"],
  ["a kernel of one's own", { kernel: (A, B) => ({ rows: A.rows, cols: B.rows, data: gauss(A, B) }) }, "average"],
  ...infinite.filter(([name]) => !MIXTURES.includes(name)),
];

function gauss(A: Matrix, B: Matrix): Float64Array {
  return Float64Array.from({ length: A.rows * B.rows }, (_, at) => {
    const [i, j] = [Math.floor(at / B.rows), at % B.rows];
    return Math.exp(-((A.data[i * A.cols] - B.data[j * B.cols]) ** 2));
  });
}

/** All blocks of rows, put together. */
function together(tiles: Iterable<{ row: number; K: Matrix }>, rows: number): Float64Array {
  const blocks = [...tiles];
  let next = 0;
  for (const { row, K } of blocks) {
    expect(row, "blocks follow each other").toBe(next);
    next += K.rows;
  }
  expect(next, "rows of all blocks").toBe(rows);
  return Float64Array.from(blocks.flatMap(({ K }) => [...K.data]));
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(models)("blocks are the rows of the kernel, to the bit: %s", (_, model, outputs) => {
    const C = outputs === "full" ? 2 : 1;
    const [square, cross] = [ntk.kernel(model, X, X, { outputs }), ntk.kernel(model, X, X2, { outputs })];
    for (const rows of [1, 7, N, 100]) {
      expect(together(ntk.kernelTiles(model, X, undefined, { rows, outputs }), N * C)).toEqual(square.data);
      expect(together(ntk.kernelTiles(model, X, X2, { rows, outputs }), N * C)).toEqual(cross.data);
    }
    expect([...ntk.kernelTiles(model, X, X)].length, "a small kernel is one block").toBe(1);
  });

  test.each(infinite.filter(([name]) => MIXTURES.includes(name)))("to rounding: %s", (_, model) => {
    const [square, cross] = [ntk.kernel(model, X), ntk.kernel(model, X, X2)];
    const size = 32 * Number.EPSILON * maxAbs(ntk.kernelDiagonal(model, X));
    for (const rows of [1, 7, 100]) {
      expectNear(together(ntk.kernelTiles(model, X, undefined, { rows }), N), square.data, size, "square");
      expectNear(together(ntk.kernelTiles(model, X, X2, { rows }), N), cross.data, size, "cross");
    }
  });

  test("float32 on request", () => {
    const K = together(ntk.kernelTiles(net, wide3, undefined, { rows: 60, precision: "float32" }), wide3.rows);
    const want = ntk.kernel(net, wide3).data;
    const size = maxAbs(ntk.kernelDiagonal(net, wide3));
    expectNear(K, want, 16 * 2 ** -23 * size, "16 ε₃₂ of the largest entry");
    expect(maxAbs(K.map((k, i) => k - want[i])), "float32 it was").toBeGreaterThan(2 ** -40 * size);
  });

  test("inputs are copied, and what does not fit is refused at once", () => {
    const own = { ...X, data: X.data.slice() };
    const tiles = ntk.kernelTiles(net, own, undefined, { rows: 20 });
    const first = tiles.next().value as { K: Matrix };
    own.data.fill(Number.NaN);
    const second = tiles.next().value as { K: Matrix };
    const whole = ntk.kernel(net, X).data;
    expect([...first.K.data, ...second.K.data]).toEqual([...whole.subarray(0, 40 * N)]);
    const many = new Float64Array(70_000);
    expect(() => ntk.kernelTiles(rbfKernel(), many, undefined, { rows: 10_000 })).toThrow(MemoryLimitError);
    expect(ntk.kernelTiles(rbfKernel(), many).next().value?.K, "blocks of 16 MiB").toMatchObject({
      rows: Math.floor(2 ** 21 / 70_000),
      cols: 70_000,
    });
  });

  test("entries that overflow are infinite, as in kernel", () => {
    const far = [1e200, -1e200, 1];
    const K = together(ntk.kernelTiles(linearKernel(), far, undefined, { rows: 2 }), 3);
    expect(K).toEqual(ntk.kernel(linearKernel(), far).data);
    expect([...K.subarray(0, 2)]).toEqual([Infinity, -Infinity]);
  });

  test("many inputs", () => {
    for (const model of [rbfKernel(), createInfiniteNetwork({ activation: "erf" })])
      expect(together(ntk.kernelTiles(model, wide, undefined, { rows: 9 }), N)).toEqual(ntk.kernel(model, wide).data);
  });
});
