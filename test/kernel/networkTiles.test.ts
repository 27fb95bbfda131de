/**
 * Features of a network so wide that a tile has a few rows: what is summed over tiles, or written tile by tile, is what
 * each row gives alone. Kernels of several networks are what each network gives alone.
 */
import { describe, expect, test } from "vitest";
import type { Context } from "../../src/context.js";
import { createNetwork, type Matrix } from "../../src/index.js";
import { callAll } from "../../src/kernel/finite/batch.js";
import { kernel, kernelDiagonal, kernels } from "../../src/kernel/finite/kernel.js";
import { loadInputs, loadNetwork, tileRows } from "../../src/kernel/finite/layers.js";
import { firstOrder, forward, jacobian, transposesTimes } from "../../src/kernel/finite/tangents.js";
import { canReside } from "../../src/kernel/finite/trainingFeatures.js";
import { tangentTiles } from "../../src/regression/primalSystem.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const ROWS = 20;
const X = randomMatrix(ROWS, 2, 1);
const NETWORKS = [
  createNetwork({ inputs: 2, hidden: 2 ** 17, biasStd: 1, seed: 1 }),
  createNetwork({ inputs: 2, hidden: 50_000, outputs: 2, biasStd: 1, seed: 1 }),
];
const row = (A: Matrix, i: number): Matrix => ({
  data: A.data.slice(i * A.cols, (i + 1) * A.cols),
  rows: 1,
  cols: A.cols,
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each(NETWORKS)("$outputs outputs: blocks of the Jacobian, each in its place", (net) => {
    const C = net.outputs;
    const P = net.parameters.length;
    const seen: number[] = [];
    const v = randomMatrix(1, P, 4).data;
    const got = new Float64Array(ROWS * C);
    context.arena.run(() => {
      const loaded = loadNetwork(context, net);
      tangentTiles(context, loaded, loadInputs(context, X), (Phi, first, tile) => {
        expect(tile.row * C).toBe(first);
        for (let r = 0; r < Phi.rows; r++) {
          seen.push(first + r);
          got[first + r] = Phi.row(r).reduce((sum, x, at) => sum + x * v[at], 0);
        }
      });
    });
    expect(seen).toEqual(Array.from(got, (_, i) => i));
    const want = firstOrder(context, net, X, v, false, true);
    expectRelative(got, want, 1e-12, "Φv: sums of 10⁵ terms");
  });

  test.each(NETWORKS)("$outputs outputs", (net) => {
    const C = net.outputs;
    const most = context.arena.run(() => tileRows(loadNetwork(context, net)));
    // Several tiles, the last of them smaller.
    expect(most).toBeLessThan(ROWS);
    expect(ROWS % most).toBeGreaterThan(0);
    const each = Array.from({ length: ROWS }, (_, i) => row(X, i));
    const joined = (parts: ArrayLike<number>[]) => parts.flatMap((part) => Array.from(part));
    const u = randomMatrix(1, net.parameters.length, 2).data;
    const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) =>
      expectRelative(got, want, 1e-12, `${what}: sums of 10⁵ terms, some √10⁵ ε`);
    near(forward(context, net, X).data, joined(each.map((one) => forward(context, net, one).data)), "outputs");
    near(firstOrder(context, net, X, u), joined(each.map((one) => firstOrder(context, net, one, u))), "first order");
    for (const outputs of ["average", "full"] as const)
      near(
        kernelDiagonal(context, net, X, outputs),
        joined(each.map((one) => kernelDiagonal(context, net, one, outputs))),
        `diagonal, ${outputs}`,
      );
    const V = randomMatrix(2, ROWS * C, 3);
    const sums = transposesTimes(context, net, X, V);
    const want = sums.map((sum) => new Float64Array(sum.length));
    each.forEach((one, i) => {
      const { data, cols } = jacobian(context, net, one, 0.5);
      for (let q = 0; q < 2; q++)
        for (let c = 0; c < C; c++) {
          const v = V.data[q * V.cols + i * C + c];
          for (let at = 0; at < cols; at++) want[q][at] += v * data[c * cols + at];
        }
    });
    sums.forEach((sum, q) => {
      near(sum, want[q], `transpose of row ${q}`);
    });
  });
});

describe.each(variants)("%s", (variant) => {
  test.each([8, 4] as const)("several networks at a time have the bits of each alone, %i bytes", (bytes) => {
    const context = loadContext(variant);
    const nets = [30, 9, 4].map((hidden) => createNetwork({ inputs: 2, hidden, biasStd: 1, seed: hidden }));
    const deep = [30, 9].map((hidden) => createNetwork({ inputs: 2, hidden: [5, hidden], biasStd: 1, seed: hidden }));
    for (const some of [nets, deep])
      for (const X2 of [undefined, row(X, 3)])
        expect(kernels(context, bytes, some, X, X2, "average")).toEqual(
          some.map((net) => kernel(context, bytes, net, X, X2, "average")),
        );
  });
});

test.each(variants)("%s: a centred start is exactly 0, however wide", (variant) => {
  const context = loadContext(variant);
  for (const options of [
    { inputs: 2, hidden: 130 },
    { inputs: 2, hidden: 4096 },
    { inputs: 2, hidden: 130, outputs: 2 },
  ]) {
    const net = createNetwork({ ...options, biasStd: 1, centeredStart: true, seed: 1 });
    expect(forward(context, net, X).data.every((value) => value === 0)).toBe(true);
  }
});

test("calls of one op: the arguments of each go down, and its status comes back", () => {
  const context = loadContext("js");
  const seen: number[][] = [];
  const dbatch = (op: number, count: number, at: number) => {
    const records = context.arena.view(at, 32 * count);
    for (let i = 0; i < count; i++) {
      seen.push([op, ...records.subarray(32 * i, 32 * i + 3)]);
      records[32 * i + 31] = 10 * i + 1;
    }
    return 0;
  };
  const dntk = (...args: number[]) => 100 + args[0];
  const ops = { ...context.ops, dbatch, dntk, sntk: dntk } as unknown as Context["ops"];
  const call = (name: "dntk" | "sntk", count: number) =>
    context.arena.run(() => callAll({ ...context, ops }, name, count, (op, i) => (op as typeof dntk)(i, 7, 8 + i)));
  expect(call("dntk", 3)).toEqual([1, 11, 21]);
  expect(seen).toEqual([0, 1, 2].map((i) => [0, i, 7, 8 + i]));
  // One call, and calls of an op that threads do not share, go straight to the op.
  expect(call("dntk", 1)).toEqual([100]);
  expect(call("sntk", 3)).toEqual([100, 101, 102]);
  expect(seen).toHaveLength(3);
});

test("features stay up to a number of doubles, of single hidden layers with one output", () => {
  const [one, two] = [
    { inputs: 3, hidden: 10 },
    { inputs: 3, hidden: 10, outputs: 2 },
  ].map((options) => createNetwork(options));
  // A point has 3 inputs, 10 features and 10 slopes.
  expect(canReside(one, 7, 7 * 23)).toBe(true);
  expect(canReside(one, 7, 7 * 23 - 1)).toBe(false);
  expect(canReside(two, 7, 1000)).toBe(false);
  expect(canReside(createNetwork({ inputs: 3, hidden: [10, 10] }), 7, 1000)).toBe(false);
  expect(canReside(undefined, 7, 1000)).toBe(false);
});
