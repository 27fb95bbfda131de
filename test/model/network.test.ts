/**
 * createNetwork: defaults, layout, substreams, and the distribution of every initialisation.
 * The bits of θ0 are in `seeds.test.ts`, bad options in `test/bad/`, the function f(x, θ) in `test/api/`.
 */
import { describe, expect, test, vi } from "vitest";
import { INITS, type Init, type Scheme } from "../../src/model/initSchemes.js";
import {
  blockOf,
  createNetwork,
  type Network,
  type NetworkOptions,
  scales,
  validateNetwork,
  widths,
} from "../../src/model/network.js";
import { Substreams, Xoshiro256 } from "../../src/model/random.js";
import { SCHEMES } from "../oracle/initSchemes.js";

test("defaults", () => {
  const { parameters: _, blocks: __, ...options } = createNetwork({ inputs: 2, hidden: 3 });
  expect(options).toEqual({
    inputs: 2,
    hidden: 3,
    outputs: 1,
    activation: "sigmoid",
    init: "lecun",
    parametrization: "standard",
    weightStd: 1,
    biasStd: 0,
    bias: true,
    rates: 1,
    outputScale: 1,
    residual: 0,
    centeredStart: false,
    seed: 0,
  });
  const ntk = { init: "ntk", parametrization: "ntk", weightStd: 1, biasStd: 1 };
  expect(createNetwork({ inputs: 1, hidden: 1, init: "ntk" })).toMatchObject(ntk);
  expect(createNetwork({ inputs: 1, hidden: 1, parametrization: "ntk" })).toMatchObject(ntk);
  const twin = createNetwork({ inputs: 1, hidden: 1, init: "ntkUniform", parametrization: "ntk" });
  expect(twin).toMatchObject({ ...ntk, init: "ntkUniform" });
  for (const init of ["unit", "unitUniform"] as const) {
    expect(createNetwork({ inputs: 1, hidden: 1, init })).toMatchObject({ parametrization: "standard", biasStd: 1 });
  }
});

describe("layout", () => {
  test.each<[string, NetworkOptions, Record<string, number[]>]>([
    ["one layer", { inputs: 3, hidden: 5 }, { a: [1], b: [1, 5], c: [5, 3], d: [5] }],
    ["two outputs", { inputs: 1, hidden: 4, outputs: 2 }, { a: [2], b: [2, 4], c: [4, 1], d: [4] }],
    ["a list of one", { inputs: 2, hidden: [4] }, { a: [1], b: [1, 4], c: [4, 2], d: [4] }],
    ["no bias", { inputs: 3, hidden: 5, bias: false }, { b: [1, 5], c: [5, 3] }],
    [
      "two layers, widths from the input up",
      { inputs: 4, hidden: [3, 2], outputs: 6 },
      { a: [6], b: [6, 2], c2: [2, 3], d2: [2], c1: [3, 4], d1: [3] },
    ],
    [
      "three layers, no bias",
      { inputs: 1, hidden: [2, 3, 4], bias: false },
      { b: [1, 4], c3: [4, 3], c2: [3, 2], c1: [2, 1] },
    ],
  ])("%s", (_, options, shapes) => {
    const { blocks, parameters } = createNetwork(options);
    expect(blocks.map(({ name }) => name)).toEqual(Object.keys(shapes));
    let offset = 0;
    for (const block of blocks) {
      const length = shapes[block.name].reduce((product, size) => product * size, 1);
      expect(block).toEqual({ name: block.name, offset, length, shape: shapes[block.name] });
      offset += length;
    }
    expect(parameters).toHaveLength(offset);
  });

  test("P = 1 + m(d + 2) with one hidden layer and one output", () => {
    for (const d of [1, 2, 7]) {
      for (const m of [1, 3, 64]) {
        expect(createNetwork({ inputs: d, hidden: m }).parameters).toHaveLength(1 + m * (d + 2));
        expect(createNetwork({ inputs: d, hidden: m, bias: false }).parameters).toHaveLength(m * (d + 1));
      }
    }
  });

  test("eleven layers: names keep their number", () => {
    const { blocks } = createNetwork({ inputs: 1, hidden: new Array<number>(11).fill(2), biasStd: 1 });
    const below = Array.from({ length: 11 }, (_, i) => [`c${11 - i}`, `d${11 - i}`]);
    expect(blocks.map(({ name }) => name)).toEqual(["a", "b", ...below.flat()]);
  });
});

describe("draws", () => {
  test("one substream per role: a 0, b 1, then down from the top c_L 2, d_L 3, …", () => {
    const base = { inputs: 2, outputs: 3, biasStd: 0.5, seed: 77 };
    const roles: [Network, string[]][] = [
      [createNetwork({ ...base, hidden: 4 }), ["a", "b", "c", "d"]],
      [createNetwork({ ...base, hidden: [5, 4] }), ["a", "b", "c2", "d2", "c1", "d1"]],
    ];
    for (const [net, names] of roles) {
      for (const [index, name] of names.entries()) {
        const stream = new Xoshiro256(77, index);
        const block = blockOf(net, name);
        const fanIn = name.startsWith("c") ? (name === "c2" ? 5 : 2) : 4;
        const std = name === "a" || name.startsWith("d") ? 0.5 : 1 / Math.sqrt(fanIn);
        expect([...block]).toEqual(Array.from(block, () => std * stream.normal()));
      }
    }
  });

  test("no biases, or biases of std 0: the same weights", () => {
    for (const hidden of [6, [4, 6]]) {
      for (const init of ["lecun", "ntk", "unitUniform"] as const) {
        const options = { inputs: 2, hidden, outputs: 2, init, seed: 9 };
        const withBias = createNetwork({ ...options, biasStd: 1 });
        for (const other of [createNetwork({ ...options, bias: false }), createNetwork({ ...options, biasStd: 0 })]) {
          for (const { name } of withBias.blocks.filter(({ name }) => /^[bc]/.test(name))) {
            expect([...blockOf(other, name)]).toEqual([...blockOf(withBias, name)]);
          }
        }
      }
    }
  });

  test("hidden: 5 and hidden: [5] are the same network", () => {
    for (const init of INITS) {
      const options = { inputs: 2, outputs: 2, init, biasStd: 1, seed: 4 };
      const [one, list] = [createNetwork({ ...options, hidden: 5 }), createNetwork({ ...options, hidden: [5] })];
      expect([...list.parameters]).toEqual([...one.parameters]);
      expect(list.blocks).toEqual(one.blocks);
    }
  });

  test("the same seed repeats, another seed shares no number", () => {
    const theta = (seed?: number) => createNetwork({ inputs: 2, hidden: 20, biasStd: 1, seed }).parameters;
    expect([...theta(3)]).toEqual([...theta(3)]);
    expect([...theta()]).toEqual([...theta(0)]);
    const seeds = [0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];
    const all = seeds.flatMap((seed) => [...theta(seed)]);
    expect(new Set(all).size).toBe(all.length);
  });

  test("activation and, under ntk, the forward scales do not change θ0", () => {
    const base = { inputs: 2, hidden: 5, init: "ntk", seed: 1 } as const;
    const want = [...createNetwork(base).parameters];
    expect([...createNetwork({ ...base, weightStd: 3, biasStd: 0 }).parameters]).toEqual(want);
    expect([...createNetwork({ ...base, activation: "relu" }).parameters]).toEqual(want);
  });

  test("weightStd 0", () => {
    const net = createNetwork({ inputs: 2, hidden: 5, weightStd: 0, biasStd: 1 });
    expect([...blockOf(net, "b"), ...blockOf(net, "c")]).toEqual(new Array(15).fill(0));
    expect(blockOf(net, "d").every((x) => x !== 0)).toBe(true);
  });
});

/** Mean and second moment of n draws of variance `variance`, in standard errors; kurtosis 3 or 1.8. */
function zScores(values: Float64Array, variance: number, kurtosis: number) {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const second = values.reduce((sum, x) => sum + x * x, 0) / n;
  return [mean / Math.sqrt(variance / n), (second / variance - 1) / Math.sqrt((kurtosis - 1) / n)].map(Math.abs);
}

/** Normals go beyond √3 std (8 % of them), uniforms fill ±√3 std and stop there, but for the last rounding. */
function expectRange(values: Float64Array, std: number, uniform: boolean): void {
  const reach = values.reduce((top, x) => Math.max(top, Math.abs(x)), 0) / (Math.sqrt(3) * std);
  if (uniform)
    expect(reach, "uniform draws stay within √3 standard deviations").toBeLessThanOrEqual(1 + 4 * Number.EPSILON);
  expect(reach).toBeGreaterThan(uniform ? 0.99 : 1.5);
}

describe.each(INITS)("%s", (init: Init) => {
  const uniform = init.endsWith("Uniform");
  const scheme = init.replace("Uniform", "") as Scheme;
  const kurtosis = uniform ? 1.8 : 3;

  // fanIn, fanOut; 5000 to 30000 weights a layer, so four standard errors of the variance are 3 to 8 %.
  test.each<[string, number, number, boolean]>([
    ["c1", 40, 300, false],
    ["c2", 300, 100, false],
    ["b", 100, 50, true],
  ])("variance of %s, %d → %d", (name, fanIn, fanOut, output) => {
    const net = createNetwork({ inputs: 40, hidden: [300, 100], outputs: 50, init, weightStd: 0.7, seed: 31 });
    const weights = blockOf(net, name);
    expect(weights).toHaveLength(fanIn * fanOut);
    const variance = SCHEMES[scheme].variance(0.7, fanIn, fanOut, output);
    for (const z of zScores(weights, variance, kurtosis)) expect(z).toBeLessThan(4);
    expectRange(weights, Math.sqrt(variance), uniform);
  });

  test("variance of the biases", () => {
    const wide = createNetwork({ inputs: 1, hidden: 5000, init, biasStd: 0.3, seed: 32 });
    const many = createNetwork({ inputs: 1, hidden: 1, outputs: 5000, init, biasStd: 0.3, seed: 33 });
    const std = scheme === "ntk" ? 1 : 0.3;
    for (const biases of [blockOf(wide, "d"), blockOf(many, "a")]) {
      expect(biases).toHaveLength(5000);
      for (const z of zScores(biases, std ** 2, kurtosis)) expect(z).toBeLessThan(4);
      expectRange(biases, std, uniform);
    }
  });

  test("biases by default: 0, or std 1 for unit and ntk", () => {
    const net = createNetwork({ inputs: 1, hidden: 5000, init, seed: 34 });
    if (SCHEMES[scheme].biasStd === 1) {
      for (const z of zScores(blockOf(net, "d"), 1, kurtosis)) expect(z).toBeLessThan(4);
    } else expect([...blockOf(net, "a"), ...blockOf(net, "d")]).toEqual(new Array(5001).fill(0));
  });
});

describe("deep networks cost what they hold", () => {
  /** Jumps of the generator, each 256 steps of it: one for each block. */
  function jumps(options: NetworkOptions): number {
    const spy = vi.spyOn(Xoshiro256.prototype, "jump");
    try {
      createNetwork(options);
      return spy.mock.calls.length;
    } finally {
      spy.mockRestore();
    }
  }

  test.each([1, 10, 100, 400])("%d layers: a jump for each block", (L) => {
    const hidden = new Array<number>(L).fill(2);
    expect(jumps({ inputs: 1, hidden, biasStd: 1 })).toBe(2 * L + 1);
    // Without biases their substreams are passed by.
    expect(jumps({ inputs: 1, hidden, bias: false })).toBe(2 * L);
  });

  test("substreams are those of generators of their own", () => {
    const substreams = new Substreams(9);
    for (const stream of [0, 1, 4, 5, 11]) {
      const [got, want] = [substreams.at(stream), new Xoshiro256(9, stream)];
      for (let i = 0; i < 3; i++) expect(got.nextBits()).toBe(want.nextBits());
    }
  });

  // Loops over layers within loops over layers would take minutes here.
  test("50 000 layers", () => {
    const net = createNetwork({ inputs: 1, hidden: new Array<number>(50_000).fill(1), bias: false, weightStd: 0 });
    expect(net.blocks).toHaveLength(50_001);
    expect(net.parameters).toHaveLength(50_001);
  });
});

describe("plain data", () => {
  const deep = createNetwork({
    inputs: 2,
    hidden: [3, 4],
    outputs: 2,
    init: "ntk",
    weightStd: 1.5,
    biasStd: 0.2,
    seed: 8,
  });
  const flat = createNetwork({ inputs: 2, hidden: 3, bias: false, activation: "tanh", init: "heUniform" });

  test.each([
    ["deep", deep],
    ["flat", flat],
  ])("structuredClone and JSON: %s", (_, net) => {
    const clone = structuredClone(net);
    expect(clone).toEqual(net);
    expect(validateNetwork(clone)).toEqual(net);
    const json = JSON.parse(JSON.stringify({ ...net, parameters: [...net.parameters] }));
    for (const same of [
      json,
      { ...json, parameters: Float64Array.from(json.parameters) },
      JSON.parse(JSON.stringify(net)),
    ]) {
      expect(validateNetwork(same)).toEqual(net);
      expect(createNetwork(same)).toEqual(net);
    }
  });

  test("validateNetwork: blocks are derived, not believed; θ is not copied", () => {
    const forged = { ...flat, blocks: deep.blocks };
    const net = validateNetwork(forged);
    expect(net.blocks).toEqual(flat.blocks);
    expect(net.parameters.buffer).toBe(flat.parameters.buffer);
    expect(() => validateNetwork({ ...flat, hidden: 4 })).toThrow(/parameters has 9 numbers; expected 12/);
    expect(() => validateNetwork({ ...flat, bias: true })).toThrow(/parameters has 9 numbers; expected 13/);
    expect(() => validateNetwork({ ...deep, init: "he" })).toThrow(/init "he" with parametrization "ntk"/);
    expect(() => validateNetwork({ ...flat, parameters: flat.parameters.map(() => Number.NaN) })).toThrow(
      /parameters\[0\] is NaN/,
    );
    for (const value of [null, 3, {}, "net"]) expect(() => validateNetwork(value)).toThrow(/the model is/);
  });

  test("given parameters are copied", () => {
    const values = Float64Array.from({ length: 10 }, (_, i) => i / 3);
    for (const parameters of [values, [...values], Float32Array.from(values)]) {
      const want = Array.from(parameters);
      const net = createNetwork({ inputs: 1, hidden: 3, parameters });
      parameters[0] = 99;
      expect(net.parameters).toBeInstanceOf(Float64Array);
      expect([...net.parameters]).toEqual(want);
      net.parameters[1] = -1;
      expect(parameters[1]).toBe(want[1]);
    }
  });

  test("the list of widths is copied", () => {
    const hidden = [3, 2];
    const net = createNetwork({ inputs: 1, hidden });
    hidden[0] = 7;
    expect(net.hidden).toEqual([3, 2]);
  });

  test("widths, from the input up", () => {
    expect(widths(flat)).toEqual([3]);
    expect(widths(deep)).toEqual([3, 4]);
    expect(widths({ hidden: [6] })).toEqual([6]);
  });

  test("scales, from the input layer up to the output layer", () => {
    // ntk: weightStd/√fanIn and biasStd.
    const layers = scales(deep);
    expect(layers.map(({ beta }) => beta)).toEqual([0.2, 0.2, 0.2]);
    for (const [l, fanIn] of [2, 3, 4].entries()) expect(layers[l].alpha).toBeCloseTo(1.5 / Math.sqrt(fanIn), 15);
    const forward = (net: Network) => scales(net).map(({ alpha, beta }) => ({ alpha, beta }));
    const one = { alpha: 1, beta: 1 };
    expect(forward(createNetwork({ inputs: 2, hidden: 3, weightStd: 5, biasStd: 5 }))).toEqual([one, one]);
    expect(forward(flat)).toEqual([
      { alpha: 1, beta: 0 },
      { alpha: 1, beta: 0 },
    ]);
    const bare = createNetwork({ inputs: 4, hidden: 9, init: "ntkUniform", bias: false });
    expect(forward(bare)).toEqual([
      { alpha: 0.5, beta: 0 },
      { alpha: 1 / 3, beta: 0 },
    ]);
    // Without rates the layer's own tangent features have the same scales.
    for (const { alpha, beta, tangent } of scales(bare)) expect(tangent).toEqual({ alpha, beta });
  });

  test("blockOf: a view of θ, empty where there is none", () => {
    for (const { name, offset, length } of deep.blocks) {
      const block = blockOf(deep, name);
      expect(block.buffer).toBe(deep.parameters.buffer);
      expect([...block]).toEqual([...deep.parameters.subarray(offset, offset + length)]);
    }
    expect(blockOf(flat, "a")).toHaveLength(0);
    expect(blockOf(flat, "c1")).toHaveLength(0);
    expect(blockOf(deep, "c")).toHaveLength(0);
  });
});
