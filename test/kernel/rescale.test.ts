/**
 * Inputs whose squares overflow, weights and rates that make up for it: the kernel is that of moderate inputs. Powers
 * of two change no digit.
 */
import { describe, expect, test } from "vitest";
import { createNetwork, type Matrix, type Network, type NetworkOptions } from "../../src/index.js";
import { unlessOverflows } from "../../src/kernel/finite/rescale.js";
import { kernelSource } from "../../src/kernel/modelKernel.js";
import { blockOf, withParameters } from "../../src/model/network.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const OPTIONS: [string, NetworkOptions][] = [
  ["one hidden layer", { inputs: 3, hidden: 6, biasStd: 1 }],
  ["no biases", { inputs: 3, hidden: 6, bias: false }],
  ["two hidden layers", { inputs: 3, hidden: [6, 5], biasStd: 1, activation: "tanh" }],
  ["three, two outputs", { inputs: 3, hidden: [4, 5, 6], outputs: 2, biasStd: 1, activation: "erf" }],
];
const times = ({ data, rows, cols }: Matrix, factor: number): Matrix => ({
  data: data.map((x) => x * factor),
  rows,
  cols,
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each(OPTIONS)("%s", (_, options) => {
    const near = createNetwork({ seed: 3, ...options });
    const deep = Array.isArray(options.hidden);
    const name = deep ? "c1" : "c";
    const rates = Object.fromEntries(near.blocks.map((block, i) => [block.name, 1 + i / 4]));
    const [X, X2] = [randomMatrix(5, 3, 1), randomMatrix(4, 3, 2)];
    for (const [power, rate] of [
      [540, 1000],
      [700, 1000],
      [900, 1020],
    ]) {
      // x·x' of the far inputs is 2^(2·power) times as large, and the rate of W₁ takes most of it.
      const parameters = near.parameters.slice();
      const moved = withParameters(near, parameters);
      const first = blockOf({ ...moved, parameters } as Network, name);
      for (let at = 0; at < first.length; at++) first[at] *= 2 ** -power;
      const far: Network = { ...withParameters(near, parameters), rates: { ...rates, [name]: 2 ** -rate } };
      const left = 2 * power - rate;
      const like: Network = { ...near, rates: { ...rates, [name]: 2 ** left } };
      for (const outputs of ["average", "full"] as const) {
        const [source, want] = [far, like].map((net) => kernelSource(context, net, outputs));
        const [A, B] = [times(X, 2 ** power), times(X2, 2 ** power)];
        expect(source.square(A).data.every(Number.isFinite)).toBe(true);
        expectRelative(source.square(A).data, want.square(X).data, 1e-12, `square, 2^${power}`);
        expectRelative(source.cross(A, B).data, want.cross(X, X2).data, 1e-12, `cross, 2^${power}`);
        expectRelative(source.diagonal(A), want.diagonal(X), 1e-12, `diagonal, 2^${power}`);
      }
    }
  });

  test("looks again only where it helps", () => {
    const net = createNetwork({ inputs: 4, hidden: 3, biasStd: 1 });
    const calls = (X: number[], result: number, X2?: number[]) => {
      const seen: { top: number; weight: number; readout: number; rates: unknown }[] = [];
      const matrix = (data: number[]): Matrix => ({ data: Float64Array.from(data), rows: 1, cols: 4 });
      unlessOverflows(
        net,
        matrix(X),
        X2 && matrix(X2),
        (given, A) => {
          seen.push({
            top: A.data[0],
            weight: blockOf(given, "c")[0],
            readout: blockOf(given, "b")[0],
            rates: given.rates,
          });
          return result;
        },
        (value) => [Float64Array.of(value)],
      );
      return seen;
    };
    const [weight, readout] = [blockOf(net, "c")[0], blockOf(net, "b")[0]];
    const same = { weight, readout, rates: net.rates };
    expect(calls([1, 0, 0, 0], Infinity), "inputs of moderate size").toEqual([{ top: 1, ...same }]);
    expect(calls([1e200, 0, 0, 0], 1), "a finite result").toEqual([{ top: 1e200, ...same }]);
    // Four inputs of 2^600: the largest sum of squares is 2^1202, and 2^1020 is wanted.
    const s = 2 ** 91;
    const scaled = {
      top: 2 ** 600 / s,
      weight: weight * s,
      readout: readout * s,
      rates: { c: 1, d: 1 / s / s, b: 1, a: 1 },
    };
    expect(calls([2 ** 600, 0, 0, 0], Infinity)).toEqual([{ top: 2 ** 600, ...same }, scaled]);
    expect(calls([2 ** 500, 0, 0, 0], Infinity, [2 ** 600, 0, 0, 0])[1], "the other points count").toMatchObject({
      weight: weight * s,
    });
    // Several results, and not all of them finite.
    let computed = 0;
    const [far, both] = [Float64Array.of(1e200, 0, 0, 0), [Float64Array.of(1), Float64Array.of(Infinity)]];
    const compute = () => ++computed;
    unlessOverflows(net, { data: far, rows: 1, cols: 4 }, undefined, compute, () => both);
    expect(computed).toBe(2);
    // Sums of squares that are doubles, and scales that are none.
    expect(calls([2 ** 505, 0, 0, 0], Infinity)).toHaveLength(1);
    expect(calls([2 ** 988, 0, 0, 0], Infinity)).toHaveLength(2);
    expect(calls([2 ** 990, 0, 0, 0], Infinity)).toHaveLength(1);
  });
});
