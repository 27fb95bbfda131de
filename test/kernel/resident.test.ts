/**
 * Features that stay while points come and go: after any sequence of changes the kernel, its diagonal and Φᵀv are those
 * of the points that are there.
 */
import { describe, expect, test } from "vitest";
import { createNetwork, type Matrix, type NetworkOptions } from "../../src/index.js";
import { kernel, kernelDiagonal } from "../../src/kernel/finite/kernel.js";
import { firstOrder, transposeTimes } from "../../src/kernel/finite/tangents.js";
import { ResidentFeatures } from "../../src/kernel/finite/trainingFeatures.js";
import { scratch } from "../../src/linalg/view.js";
import { expectRelative } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const OPTIONS: [string, NetworkOptions][] = [
  ["a narrow one", { inputs: 2, hidden: 9, biasStd: 1 }],
  // Units are taken 1024 at a time.
  ["more units than a block", { inputs: 2, hidden: 1100, biasStd: 1 }],
  ["without biases", { inputs: 2, hidden: 9, bias: false }],
  ["frozen weights", { inputs: 2, hidden: 9, biasStd: 1, rates: { a: 1, b: 2, c: 0, d: 3 } }],
];
const joined = (parts: Matrix[]): Matrix => ({
  data: Float64Array.from(parts.flatMap(({ data }) => [...data])),
  rows: parts.reduce((sum, { rows }) => sum + rows, 0),
  cols: parts[0].cols,
});
const rowOf = ({ data, cols }: Matrix, i: number): Matrix => ({
  data: data.slice(i * cols, (i + 1) * cols),
  rows: 1,
  cols,
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const { arena } = context;

  test.each(OPTIONS)("%s: points come and go", (_, options) => {
    const net = createNetwork({ ...options, seed: 1 });
    const next = generator(3);
    let points = Array.from({ length: 6 }, (_, i) => rowOf(randomMatrix(6, 2, 1), i));
    const features = new ResidentFeatures(context, net, joined(points));
    const T = randomMatrix(3, 2, 2);
    const allowed = 1e-13;
    for (let change = 0; change < 25; change++) {
      // Some points go, the others change places, and some come.
      const from = points.map((_, i) => i).filter(() => next() > -0.3);
      from.sort(() => next());
      const come = change % 4;
      for (let k = 0; k < come; k++) from.splice(Math.floor(((next() + 1) / 2) * (from.length + 1)), 0, -1);
      if (from.length === 0) continue;
      const fresh = Array.from({ length: come }, (_, k) => rowOf(randomMatrix(4, 2, change + 10), k));
      let used = 0;
      const changed = from.map((old) => (old < 0 ? fresh[used++] : points[old]));
      features.reserve(from.length);
      arena.run(() => {
        const tile = come > 0 ? features.load(joined(fresh)) : undefined;
        if (tile) {
          const K = scratch(context, come, from.length);
          // What lies behind the matrix stays.
          const behind = scratch(context, 1, from.length + 16);
          behind.entries().fill(7);
          features.kernelInto(tile, Int32Array.from(from), K);
          expectRelative(
            K.copy(),
            kernel(context, 8, net, joined(fresh), joined(changed), "average").data,
            allowed,
            "kernel of the new points",
          );
          expect(behind.copy().every((value) => value === 7)).toBe(true);
          expectRelative(
            features.diagonal(tile),
            kernelDiagonal(context, net, joined(fresh), "average"),
            allowed,
            "diagonal",
          );
        }
        features.exchange(tile, Int32Array.from(from));
      });
      points = changed;
      const X = joined(points);
      arena.run(() => {
        const tile = features.load(T);
        expectRelative(
          features.cross(tile).copy(),
          kernel(context, 8, net, T, X, "average").data,
          allowed,
          `cross kernel after change ${change}`,
        );
        const u = randomMatrix(1, net.parameters.length, 5).data;
        for (const start of [true, false])
          expectRelative(features.firstOrder(tile, u, start), firstOrder(context, net, T, u, start), allowed, "Φu");
      });
      const v = randomMatrix(1, points.length, 6).data;
      expectRelative(features.transpose(v), transposeTimes(context, net, X, v), allowed, "Φᵀv");
    }
    features.free();
    expect(arena.heldBytes).toBe(0);
    expect(arena.scratchBytesInUse).toBe(0);
  });

  test("features that cannot be made hold nothing", () => {
    const net = createNetwork({ inputs: 2, hidden: 9 });
    const failing = {
      ...context,
      arena: new Proxy(arena, {
        get(target, key) {
          if (key === "run")
            return () => {
              throw new Error("no room");
            };
          const value = Reflect.get(target, key, target);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
    };
    expect(() => new ResidentFeatures(failing, net, randomMatrix(6, 2, 1))).toThrow("no room");
    expect(arena.heldBytes).toBe(0);
  });
});
