/**
 * The memory that a kernel asks for before its work is the memory that it takes: no less, or a call would fail halfway,
 * and no more, or a call would be refused that fits.
 */
import { describe, expect, test } from "vitest";
import {
  type Activation,
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  type InfiniteNetworkOptions,
  MemoryLimitError,
  type Model,
  type NetworkOptions,
  productOf,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { kernel, kernelBlocks, kernels } from "../../src/kernel/finite/kernel.js";
import { kernelTilesOf } from "../../src/kernel/kernelTiles.js";
import { kernelSource } from "../../src/kernel/modelKernel.js";
import { kernelTimesMemory, withKernelTimes } from "../../src/kernel/operator.js";
import { scratch } from "../../src/linalg/view.js";
import { memoryUse } from "../setup/memoryUse.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, THREADS, variants } from "../setup/variants.js";

const own: Activation = defineActivation({ name: "own", value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 });

/** In each of them another term is the largest. */
const SHAPES: [string, NetworkOptions, number, "average" | "full"][] = [
  ["many points", { inputs: 3, hidden: 4 }, 200, "average"],
  ["many units", { inputs: 3, hidden: 2000 }, 10, "average"],
  ["many inputs", { inputs: 500, hidden: 4 }, 50, "average"],
  ["outputs", { inputs: 3, hidden: 200, outputs: 3 }, 40, "average"],
  ["outputs in full", { inputs: 3, hidden: 200, outputs: 3 }, 40, "full"],
  ["many outputs in full", { inputs: 3, hidden: 4, outputs: 30 }, 6, "full"],
  ["deep", { inputs: 3, hidden: [50, 60] }, 60, "average"],
  ["deep, wide below", { inputs: 3, hidden: [1500, 20] }, 10, "average"],
  ["deep, wide above", { inputs: 3, hidden: [20, 1500] }, 10, "average"],
  ["deep, many inputs", { inputs: 900, hidden: [10, 10] }, 30, "average"],
  ["deep, outputs", { inputs: 3, hidden: [50, 60], outputs: 4 }, 60, "average"],
  ["deep, outputs, wide below", { inputs: 3, hidden: [1500, 20], outputs: 2 }, 10, "average"],
  ["deep, outputs in full", { inputs: 3, hidden: [50, 60], outputs: 4 }, 50, "full"],
  ["deep, many inputs, in full", { inputs: 900, hidden: [10, 10], outputs: 3 }, 30, "full"],
  ["deep, outputs, one point", { inputs: 3, hidden: [20, 1500], outputs: 2 }, 1, "average"],
  ["residual", { inputs: 3, hidden: [60, 60, 60], residual: 1 }, 60, "average"],
  ["residual, one far join", { inputs: 3, hidden: [60, 60, 60], residual: 2 }, 60, "average"],
  ["one point", { inputs: 3, hidden: [40, 40] }, 1, "average"],
  ["some points of many inputs", { inputs: 3000, hidden: [2, 2] }, 40, "average"],
  ["one point of many inputs", { inputs: 2000, hidden: [4, 4] }, 1, "average"],
  ["residual, outputs in full", { inputs: 3, hidden: [60, 60, 60], outputs: 4, residual: 2 }, 40, "full"],
  ["one's own activation", { inputs: 3, hidden: 1500, activation: own }, 30, "average"],
  ["one's own activation, many inputs", { inputs: 300, hidden: 4, activation: own }, 30, "average"],
];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** Blocks begin at multiples of 64 bytes, so there may be gaps. */
  function expectAsked(what: string, body: () => unknown): void {
    const { asked, used, gaps } = memoryUse(context, body);
    expect(asked, what).toBeLessThanOrEqual(used);
    expect(asked, what).toBeGreaterThanOrEqual(used - gaps);
    expect(gaps, what).toBeLessThan(0.05 * used);
  }

  describe.each(SHAPES)("%s", (_, options, n, outputs) => {
    const net = createNetwork(options);
    const X = randomMatrix(n, options.inputs, 1);
    test.each([undefined, 2 * n, Math.ceil(n / 3)])("with %s others", (n2) => {
      const X2 = n2 === undefined ? undefined : randomMatrix(n2, options.inputs, 2);
      for (const bytes of [8, 4] as const) {
        expectAsked(`kernel, ${bytes} bytes`, () => kernel(context, bytes, net, X, X2, outputs));
        if (outputs === "average")
          expectAsked(`blocks, ${bytes} bytes`, () => kernelBlocks(context, bytes, net, X, X2));
      }
    });
  });

  test("several networks at a time", () => {
    const nets = [1, 2, 3].map((seed) => createNetwork({ inputs: 3, hidden: 300, seed }));
    const X = randomMatrix(20, 3, 1);
    const { asked, used } = memoryUse(context, () => kernels(context, 8, nets, X, undefined, "average"));
    // The records of their calls come on top.
    expect(used - asked).toBeLessThan(500);
    expect(asked).toBeLessThanOrEqual(used);
  });

  const composed: [string, Model][] = [
    ["a sum", sumOf([{ model: rbfKernel() }, { model: createNetwork({ inputs: 3, hidden: 700 }) }])],
    ["a product", productOf([rbfKernel(), createNetwork({ inputs: 3, hidden: 700 }), rbfKernel()])],
  ];
  test.each(composed)("%s: that of its largest part, and of two more matrices", (_, model) => {
    const source = kernelSource(context, model);
    const X = randomMatrix(80, 3, 1);
    for (const X2 of [undefined, randomMatrix(50, 3, 2)]) {
      const cols = X2 ? 50 : 80;
      const whole = memoryUse(context, () => (X2 ? source.cross(X, X2) : source.square(X)));
      expect(whole.asked).toBeGreaterThanOrEqual(whole.used - whole.gaps);
      expect(whole.asked).toBeLessThan(1.2 * whole.used);
      const { used } = memoryUse(context, () =>
        context.arena.run(() => {
          const out = scratch(context, 80, cols);
          out.entries().fill(1);
          source.fill(X, out, X2, 1);
        }),
      );
      const said = 80 * cols + source.scratch(80, X2 && 50);
      expect(said).toBeGreaterThanOrEqual(used - 100);
      expect(said).toBeLessThan(used + 100);
    }
  });

  test("tiles are refused when they are asked for, by their scratch too", () => {
    const wide = createNetwork({ inputs: 1, hidden: [2000, 20] });
    const X = new Float64Array(200_000);
    expect(() => kernelTilesOf(context, wide, X, undefined, { rows: 1 })).toThrow(MemoryLimitError);
    expect(() => kernelTilesOf(context, rbfKernel(), X, undefined, { rows: 10_000 })).toThrow(MemoryLimitError);
    expect(() => kernelTilesOf(context, rbfKernel(), X, undefined, { rows: 1 })).not.toThrow();
  });

  test("stationary kernels of many inputs: products of some rows, beside copies of the inputs", () => {
    const source = kernelSource(context, rbfKernel());
    for (const [n, n2] of [
      [200, 300],
      [20, 300],
    ]) {
      const [A, B] = [randomMatrix(n, 20, 1), randomMatrix(n2, 20, 2)];
      const { used } = memoryUse(context, () => context.arena.run(() => source.fill(A, scratch(context, n, n2), B)));
      const inputs = 20 * (n + n2);
      expect(n * n2 + source.scratch(n, n2) + inputs).toBeLessThanOrEqual(used);
      // Packing for products of 20 columns.
      expect(n * n2 + source.scratch(n, n2) + 2.5 * inputs).toBeGreaterThan(used);
    }
  });

  const many = randomMatrix(2000, 3, 1);
  const infinite: [string, InfiniteNetworkOptions][] = [
    ["relu", { activation: "relu" }],
    ["a mixture", {}],
    ["residual", { depth: 3, residual: 1, activation: "erf" }],
    ["nngp", { kernel: "nngp", depth: 2 }],
  ];
  test.each(infinite)(
    "infinite, %s: enough, and not much more than tiles and a hundred terms ask for",
    (_, options) => {
      const source = kernelSource(context, createInfiniteNetwork(options));
      const one = randomMatrix(1, 3, 2);
      const few = memoryUse(context, () => source.cross(one, one));
      const tiles = (options.residual ? 6 : 3) * 16 * 512 * THREADS;
      // A single point is padded to four, and a mixture has a table of nodes.
      expect(few.asked).toBeGreaterThanOrEqual(few.used - 500);
      // What threads share, one thread does not take.
      expect(few.asked).toBeGreaterThan(tiles);
      expect(few.asked).toBeLessThan(tiles + 1000);
      const { asked, used, gaps } = memoryUse(context, () => source.cross(many, one));
      expect(asked).toBeGreaterThanOrEqual(used - gaps);
      expect(asked).toBeLessThan(2001 * (100 * (options.depth ?? 1) + 66) + tiles);
    },
  );

  test("a product of a model with vectors: its matrix, of all outputs", () => {
    const two = [1, 2].map((seed) => ({ model: createNetwork({ inputs: 3, hidden: 9, outputs: 3, seed }) }));
    const X = randomMatrix(40, 3, 1);
    const source = kernelSource(context, sumOf(two), "full");
    const { used } = memoryUse(context, () =>
      withKernelTimes(context, source, X, (times) => times(new Float64Array(120))),
    );
    const said = kernelTimesMemory(source, 40);
    expect(said).toBeGreaterThanOrEqual(used - 300);
    expect(said).toBeLessThan(1.1 * used);
    expect(kernelTimesMemory(kernelSource(context, two[0].model, "average"), 40)).toBe(0);
  });
});
