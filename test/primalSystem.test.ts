/** The P×P system: the precisions of rows, the terms that it can take, and Φ in tiles. */
import { describe, expect, test } from "vitest";
import { createNetwork } from "../src/index.js";
import { loadInputs, loadNetwork } from "../src/kernel/finite/layers.js";
import { rowTerms } from "../src/linalg/rowTerms.js";
import { copyIn, held } from "../src/linalg/view.js";
import { checkData, residualProblem } from "../src/problem.js";
import { isPrimalSound, primalMemory, primalSystem, scaleRows, tangentTiles } from "../src/regression/primalSystem.js";
import { multiply, toRows, transpose } from "./oracle/dense.js";
import { expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, loadVariant, variants } from "./setup/variants.js";

test("memory: the system, and a tile of Φ of 2²⁰ doubles or one row", () => {
  expect(primalMemory(100)).toBe(100 ** 2 + 2 ** 20);
  expect(primalMemory(2 ** 21)).toBe(2 ** 42 + 2 ** 21);
});

test("sound terms lose no row to rounding: precisions within 1e8 of each other", () => {
  const noise = (...values: number[]) => rowTerms(Float64Array.from(values), undefined);
  expect(isPrimalSound(undefined, 0)).toBe(true);
  // Weights alone have a common factor, and rows as they are.
  expect(isPrimalSound(rowTerms(undefined, Float64Array.of(1e-20, 1)), 0)).toBe(true);
  expect(isPrimalSound(noise(1, 2 ** 26, 3), 0)).toBe(true);
  expect(isPrimalSound(noise(2 ** 27, 1, 3), 0)).toBe(false);
  expect(isPrimalSound(noise(1e8, 1), 0)).toBe(false);
  expect(isPrimalSound(noise(1, 0), 0)).toBe(false);
  // With the ridge, which adds to each.
  expect(isPrimalSound(noise(1, 0), 1e-9)).toBe(false);
  expect(isPrimalSound(noise(1, 0), 1e-7)).toBe(true);
  expect(isPrimalSound(noise(0, 0), 0)).toBe(false);
  // D is 1e-9/1e-3 and 1.
  expect(isPrimalSound(rowTerms(Float64Array.of(0, 1), Float64Array.of(1e-3, 1)), 1e-9)).toBe(true);
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const net = createNetwork({ inputs: 2, hidden: 3, biasStd: 1, seed: 3 });
  const X = randomMatrix(4, 2, 1);
  const P = net.parameters.length;
  const noise = Float64Array.of(0.5, 1, 2, 0.1);
  const weights = Float64Array.of(1, 3, 2, 1);

  test.each<[string, number, Float64Array | undefined, Float64Array | undefined, number, number[] | undefined]>([
    ["nothing of their own", 0.3, undefined, undefined, 0.3, undefined],
    ["weights alone", 0.3, undefined, weights, 0.3, [1, 3, 2, 1]],
    ["weights without a ridge", 0, undefined, weights, 0, [1, 3, 2, 1]],
    ["noise", 0.3, noise, undefined, 0.3, [0.3 / 0.8, 0.3 / 1.3, 0.3 / 2.3, 0.3 / 0.4]],
    ["noise without a ridge", 0, noise, undefined, 1, [2, 1, 0.5, 10]],
    ["noise and weights", 0.3, noise, weights, 0.3, [0.3 / 0.8, 0.3 / 1.1, 0.3 / 2.15, 0.3 / 0.4]],
  ])("rows with %s: μ, Ω and ΦᵀΩΦ", async (_, ridge, v, w, mu, omega) => {
    const data = checkData(context, net, X, randomMatrix(4, 1, 2), undefined);
    const problem = residualProblem(data, new Float64Array(4), rowTerms(v, w));
    const system = primalSystem(context, problem, net, Float64Array.of(ridge));
    expect(system).toMatchObject({ n: P, given: Float64Array.of(ridge), ridges: Float64Array.of(mu) });
    expect(system.omega === undefined).toBe(omega === undefined);
    if (omega) expectRelative(system.omega as Float64Array, omega, 1e-15, "Ω");
    const Phi = toRows((await loadVariant(variant)).jacobian(net, X));
    const weighted = Phi.map((row, i) => row.map((x) => x * (omega?.[i] ?? 1)));
    const want = multiply(transpose(Phi), weighted);
    const got = held(context, P, P, (A) => {
      // What is there before does not count.
      A.entries().fill(7);
      system.fill(A);
      return { entries: A.copy(), free: () => context.arena.free(A.at) };
    });
    const lower = want.flatMap((row, i) => row.slice(0, i + 1));
    const found = toRows({ data: got.entries, rows: P, cols: P }).flatMap((row, i) => row.slice(0, i + 1));
    expectRelative(found, lower, 1e-14, "ΦᵀΩΦ: sums of 4 products");
    got.free();
  });

  test("a row without any noise is named", () => {
    const data = checkData(context, net, X, randomMatrix(4, 1, 2), undefined);
    const of = (values: number[], ridge: number) => () =>
      primalSystem(
        context,
        residualProblem(data, new Float64Array(4), rowTerms(Float64Array.from(values), undefined)),
        net,
        Float64Array.of(ridge),
      );
    expect(of([1, 2, 0, 0], 0)).toThrow('noise[2] is 0 and the ridge is 0; solver "primal" divides by the noise');
    expect(of([0, 2, 1, 1], 0)).toThrow("noise[0] is 0");
    expect(of([1, 2, 0, 0], 1e-9)).not.toThrow();
  });

  test("rows times their factors, which start at a place", () => {
    context.arena.run(() => {
      const B = copyIn(context, Float64Array.of(1, 2, 3, 4), 2, 2);
      scaleRows(B, Float64Array.of(9, 10, 100), 1);
      expect([...B.entries()]).toEqual([10, 20, 300, 400]);
      scaleRows(B, Float64Array.of(2, 3));
      expect([...B.entries()]).toEqual([20, 40, 900, 1200]);
    });
  });

  test("tiles of Φ have no more than 2²⁰ doubles, with all outputs of a point in one", () => {
    const wide = createNetwork({ inputs: 1, hidden: 3000, outputs: 2, biasStd: 1 });
    const count = Math.floor(2 ** 20 / (2 * wide.parameters.length));
    const rows = 2 * count + 5;
    const sizes: number[] = [];
    context.arena.run(() => {
      const inputs = loadInputs(context, randomMatrix(rows, 1, 1));
      tangentTiles(context, loadNetwork(context, wide), inputs, (Phi) => sizes.push(Phi.rows));
    });
    expect(sizes).toEqual([2 * count, 2 * count, 10]);
    // A row that is larger is one tile.
    const huge = createNetwork({ inputs: 1, hidden: 2 ** 19, biasStd: 1 });
    const single: number[] = [];
    context.arena.run(() => {
      const inputs = loadInputs(context, randomMatrix(2, 1, 1));
      tangentTiles(context, loadNetwork(context, huge), inputs, (Phi, first) => single.push(first, Phi.rows));
    });
    expect(single).toEqual([0, 1, 1, 1]);
  });
});
