/**
 * What is accepted: matrices and models in every form in which they come back from JSON, other realms and our own
 * results. The bits are the same.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type InfiniteNetwork,
  type MatrixLike,
  type Network,
  type Ntk,
  oneHot,
  standardize,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";

const rows = [
  [0.5, -1],
  [0.25, 2],
  [-3, 0.125],
];
const flat = rows.flat();
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** The same 3×2 matrix, in every form; its entries are exact in float32. */
const forms: [string, MatrixLike][] = [
  ["rows", rows],
  ["a Matrix", { data: Float64Array.from(flat), rows: 3, cols: 2 }],
  ["a Matrix of float32", { data: Float32Array.from(flat), rows: 3, cols: 2 }],
  ["a Matrix of numbers", { data: flat, rows: 3, cols: 2 }],
  ["a Matrix after JSON", json({ data: Float64Array.from(flat), rows: 3, cols: 2 })],
  ["rows of Float64Array", rows.map((row) => Float64Array.from(row))],
  ["rows of Float32Array", rows.map((row) => Float32Array.from(row))],
  ["rows after JSON", json(rows)],
  ["a view into a longer array", { data: Float64Array.of(9, ...flat, 9).subarray(1, 7), rows: 3, cols: 2 }],
  ["a standardised Matrix, undone", standardize(rows).invert(standardize(rows).X)],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });
  const net = createNetwork({ inputs: 2, hidden: [3, 4], biasStd: 1, seed: 7 });
  const two = createNetwork({ inputs: 2, hidden: 5, outputs: 2, init: "ntk" });
  const infinite = createInfiniteNetwork({ activation: "erf", depth: 2 });
  const Y = [1, 0, 2];

  test.each(forms)("X as %s", (name, X) => {
    const close = name.includes("undone");
    const want = ntk.kernel(net, rows);
    const got = ntk.kernel(net, X);
    if (close) for (const [i, value] of want.data.entries()) expect(got.data[i]).toBeCloseTo(value, 12);
    else expect(got).toEqual(want);
  });

  test.each([Uint8Array, Int8Array, Uint16Array, Int32Array, Uint32Array, Uint8ClampedArray, Float32Array])(
    "a column as %o",
    (ArrayType) => {
      const one = createNetwork({ inputs: 1, hidden: 3 });
      expect(ntk.kernel(one, ArrayType.of(1, 2, 3))).toEqual(ntk.kernel(one, [1, 2, 3]));
      expect(ntk.kernel(one, [ArrayType.of(1), ArrayType.of(2), ArrayType.of(3)])).toEqual(ntk.kernel(one, [1, 2, 3]));
    },
  );

  test("a result of ours is an input like any other, also after JSON", () => {
    const K = ntk.kernel(net, rows);
    const { mean } = ntk.fit(net, rows, Y, { ridge: 1 }).predict(rows);
    const hot = oneHot(["a", "b", "a"]);
    for (const form of [<T>(value: T) => value, json, structuredClone]) {
      expect(ntk.eigh(form(K))).toEqual(ntk.eigh(K));
      expect(ntk.matmul(form(K), form(mean))).toEqual(ntk.matmul(K, mean));
      expect(ntk.fit(two, rows, form(hot), { ridge: 1 }).predict(rows)).toEqual(
        ntk.fit(two, rows, hot, { ridge: 1 }).predict(rows),
      );
    }
  });

  /** Everything that takes a model. */
  const uses: [string, (model: Network & InfiniteNetwork) => unknown, "finite" | "infinite" | "both"][] = [
    ["forward", (model) => ntk.forward(model, rows), "finite"],
    ["jacobian", (model) => ntk.jacobian(model, rows), "finite"],
    ["kernel", (model) => ntk.kernel(model, rows), "both"],
    ["kernelDiagonal", (model) => ntk.kernelDiagonal(model, rows), "both"],
    ["kernelBlocks", (model) => ntk.kernelBlocks(model, rows), "finite"],
    ["kernelTimesVector", (model) => ntk.kernelTimesVector(model, rows, Y), "finite"],
    ["fit", (model) => ntk.fit(model, rows, Y, { ridge: 1 }).predict(rows), "both"],
    ["toJSON", (model) => ntk.fit(model, rows, Y, { ridge: 1 }).toJSON(), "both"],
    ["dynamics", (model) => ntk.dynamics(model, rows, Y, { learningRate: 0.1 }).at(3), "both"],
    ["train", (model) => ntk.train(model, rows, Y, { learningRate: 0.1, steps: 2 }), "finite"],
    ["compare", (model) => ntk.compare(model, rows, Y, { learningRate: 0.1, steps: 2 }), "finite"],
    ["ensemble", (model) => ntk.ensemble(model, rows, Y).at(3), "infinite"],
    ["tune", (model) => ntk.tune(model, rows, Y, { evaluations: 2, weightStd: [1, 2] }), "both"],
    [
      "linearize",
      (model) =>
        ntk.linearize(model).at(
          net.parameters.map((x) => x + 1),
          rows,
        ),
      "finite",
    ],
    ["createNetwork", (model) => createNetwork(model), "finite"],
    ["createInfiniteNetwork", (model) => createInfiniteNetwork(model), "infinite"],
  ];
  const clones: [string, <T>(model: T) => T][] = [
    ["JSON", json],
    ["structuredClone", structuredClone],
    [
      "parameters in an Array",
      (model) => ("depth" in (model as object) ? model : { ...model, parameters: [...net.parameters] }),
    ],
    ["a copy", (model) => ({ ...model })],
  ];

  test.each(clones)("models: %s", (_, clone) => {
    for (const [name, use, which] of uses) {
      for (const [model, kind] of [
        [net, "finite"],
        [infinite, "infinite"],
      ] as const) {
        if (which !== "both" && which !== kind) continue;
        const given = model as Network & InfiniteNetwork;
        expect(use(clone(given)), `${name}, ${kind}`).toEqual(use(given));
      }
    }
  });

  test("blocks of a network are derived, whatever it says", () => {
    const forged = { ...json(net), blocks: [{ name: "a", offset: 3, length: 1e9, shape: [1] }] };
    expect(ntk.kernel(forged, rows)).toEqual(ntk.kernel(net, rows));
    expect(createNetwork(forged)).toEqual(net);
  });

  test("a network after training goes in again", () => {
    const { network } = ntk.train(net, rows, Y, { learningRate: 0.1, steps: 3 });
    expect(ntk.forward(json(network), rows)).toEqual(ntk.forward(network, rows));
    expect(createNetwork(network)).toEqual(network);
  });
});
