/** networkFromLayers: forms of weights, what is left out, and what it says of layers that do not fit. */
import { describe, expect, test } from "vitest";
import {
  createNetwork,
  type Network,
  type NetworkFromLayersOptions,
  type NetworkLayer,
  networkFromLayers,
} from "../../src/index.js";

/** 2 inputs, 3 units, 1 output. */
const W1 = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const layers: NetworkLayer[] = [
  { weights: W1, bias: [7, 8, 9] },
  { weights: [[10, 11, 12]], bias: [13] },
];
const tanh: NetworkFromLayersOptions = { activation: "tanh" };
const rows = (count: number, cols: number) => Array.from({ length: count }, () => new Array<number>(cols).fill(1));

test("θ in the order of the blocks, and the options of a network", () => {
  const net = networkFromLayers(layers, tanh);
  const parameters = Float64Array.of(13, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9);
  expect(net).toEqual(createNetwork({ inputs: 2, hidden: 3, activation: "tanh", parameters }));
  expect(net).toMatchObject({ outputs: 1, parametrization: "standard", bias: true, rates: 1, residual: 0 });
});

test("deeper: a width for each hidden layer, and an activation for each", () => {
  const deep = [{ weights: rows(3, 2) }, { weights: rows(4, 3) }, { weights: rows(2, 4) }];
  const net = networkFromLayers(deep, { activation: ["relu", "sin"], outputScale: 2 });
  expect(net).toMatchObject({ inputs: 2, hidden: [3, 4], outputs: 2, bias: false, outputScale: 2 });
  expect(net.activation).toEqual(["relu", "sin"]);
  expect(net.parameters).toHaveLength(6 + 12 + 8);
  const twins = [{ weights: rows(3, 2) }, { weights: rows(3, 3) }, { weights: rows(1, 3) }];
  expect(networkFromLayers(twins, { ...tanh, residual: 1 }).residual).toBe(1);
});

describe("forms of weights and biases", () => {
  const want = networkFromLayers(layers, tanh);
  const data = W1.flat();
  const forms: Record<string, NetworkLayer> = {
    "rows in typed arrays": { weights: W1.map((row) => Float32Array.from(row)), bias: Float32Array.of(7, 8, 9) },
    "a Matrix": { weights: { data: Float64Array.from(data), rows: 3, cols: 2 }, bias: Float64Array.of(7, 8, 9) },
    tensors: { weights: { data: Float64Array.from(data), shape: [3, 2] }, bias: { data: [7, 8, 9], shape: [3] } },
    "tensors with more to them": {
      weights: { dtype: "F32", data: Float32Array.from(data), shape: [3, 2] } as NetworkLayer["weights"],
      bias: { dtype: "F32", data: Float32Array.of(7, 8, 9), shape: [3] } as NetworkLayer["bias"],
    },
    "tensors after JSON": JSON.parse(
      JSON.stringify({
        weights: { data: Float64Array.from(data), shape: [3, 2] },
        bias: { data: Float64Array.of(7, 8, 9), shape: [3] },
      }),
    ),
  };
  test.each(Object.entries(forms))("%s", (_, first) => {
    expect(networkFromLayers([first, layers[1]], tanh)).toEqual(want);
  });

  test("inOut takes each of them transposed", () => {
    const flat = [1, 3, 5, 2, 4, 6];
    const turned = [{ data: flat, shape: [2, 3] }, { data: flat, rows: 2, cols: 3 }, [flat.slice(0, 3), flat.slice(3)]];
    for (const weights of turned) {
      const inOut = [
        { weights, bias: [7, 8, 9] },
        { weights: [10, 11, 12], bias: [13] },
      ];
      expect(networkFromLayers(inOut, { ...tanh, layout: "inOut" })).toEqual(want);
    }
  });

  test("numbers are copied", () => {
    const weights = Float64Array.from(data);
    const bias = Float64Array.of(7, 8, 9);
    const net = networkFromLayers([{ weights: { data: weights, shape: [3, 2] }, bias }, layers[1]], tanh);
    weights.fill(Number.NaN);
    bias.fill(Number.NaN);
    expect(net).toEqual(want);
  });
});

describe("biases that are not there", () => {
  const [first, last] = layers.map(({ weights }) => ({ weights }));
  const ratesOf = (given: NetworkLayer[], rates?: NetworkFromLayersOptions["rates"]) =>
    networkFromLayers(given, { ...tanh, rates }).rates;

  test("none: a network without biases, null or left out", () => {
    for (const bias of [null, undefined]) {
      const net = networkFromLayers([{ ...first, bias }, last], tanh);
      expect(net.bias).toBe(false);
      expect(net.blocks.map(({ name }) => name)).toEqual(["b", "c"]);
    }
    expect(ratesOf([first, last], [2, 3])).toEqual([2, 3]);
    expect(ratesOf([first, last], { b: 2 })).toEqual({ b: 2 });
  });

  test("some: zeros with rate 0, whatever the form of the other rates", () => {
    const net = networkFromLayers([layers[0], last], tanh);
    expect([...net.parameters].slice(0, 4)).toEqual([0, 10, 11, 12]);
    expect(net).toMatchObject({ bias: true, rates: { a: 0 } });
    expect(ratesOf([first, layers[1]])).toEqual({ d: 0 });
    expect(ratesOf([layers[0], last], 2)).toEqual({ a: 0, b: 2, c: 2, d: 2 });
    expect(ratesOf([layers[0], last], [0, 1])).toEqual({ a: 0, c: 0, d: 0 });
    expect(ratesOf([layers[0], last], { a: 0, c: 3, d: 1 })).toEqual({ a: 0, c: 3 });
  });

  test("rates for them are a contradiction", () => {
    const message = "rates.a is 2, but layers[1] has no bias; expected 0, or no rate";
    expect(() => ratesOf([layers[0], last], { a: 2 })).toThrow(RangeError(message));
    expect(() => ratesOf([layers[0], last], { a: 1 })).toThrow("rates.a is 1");
    expect(() => ratesOf([first, last], { a: 2 })).toThrow('rates names the block "a"; expected some of c, b');
    expect(() => ratesOf([layers[0], last], { e: 2 })).toThrow('rates names the block "e"');
    expect(() => ratesOf([layers[0], last], [1, 2, 3])).toThrow("rates is a list of 3; expected one value, or 2");
  });
});

describe("layers that do not fit", () => {
  const W = (count: number, cols: number, bias?: number) => ({
    weights: rows(count, cols),
    bias: bias === undefined ? undefined : new Array<number>(bias).fill(0),
  });
  const outIn: [string, NetworkLayer[], string][] = [
    [
      "Keras's order",
      [W(2, 3), W(3, 4), W(4, 1)],
      'layers[1].weights is 3×4, [out, in], with 4 inputs; expected 2, the outputs of layers[0]; all layers fit with layout: "inOut"',
    ],
    [
      "Keras's order, which only the biases show",
      [W(1, 64, 64), W(64, 1, 1)],
      'layers[0].bias has 64 numbers; expected 1, the outputs of its weights (1×64, [out, in]); all layers fit with layout: "inOut"',
    ],
    [
      "one that is transposed",
      [W(5, 3), W(5, 4), W(2, 4)],
      "layers[1].weights is 5×4, [out, in], with 4 inputs; expected 5, the outputs of layers[0]; the transpose of this layer would fit",
    ],
    [
      "one that is left out",
      [W(5, 3), W(2, 4)],
      "layers[1].weights is 2×4, [out, in], with 4 inputs; expected 5, the outputs of layers[0]",
    ],
    [
      "a short bias",
      [W(5, 3), W(2, 5, 1)],
      "layers[1].bias has 1 numbers; expected 2, the outputs of its weights (2×5, [out, in])",
    ],
    [
      "one layer",
      [W(1, 3)],
      "layers has one entry; expected at least two, a hidden layer and the readout (linearKernel() is without one)",
    ],
    ["none", [], "layers is empty; expected a list of { weights, bias }"],
    [
      "no rows",
      [{ weights: [] }, W(1, 3)],
      "layers[0].weights is empty (0×1); expected at least one row and one column",
    ],
  ];
  test.each(outIn)("%s", (_, given, message) => {
    expect(() => networkFromLayers(given, tanh)).toThrow(RangeError(message));
  });

  test("PyTorch's order, said to be Keras's", () => {
    const message =
      'layers[1].weights is 1×3, [in, out], with 1 inputs; expected 2, the outputs of layers[0]; all layers fit with layout: "outIn"';
    const inOut: NetworkFromLayersOptions = { ...tanh, layout: "inOut" };
    expect(() => networkFromLayers([W(3, 2), W(1, 3)], inOut)).toThrow(RangeError(message));
  });
});

test.each<[string, unknown[], ErrorConstructor, string]>([
  [
    "NaN",
    [{ weights: [[1, Number.NaN]] }, { weights: [[1]] }],
    RangeError,
    "layers[0].weights has NaN at row 0, column 1",
  ],
  [
    "a bias of Infinity",
    [{ weights: [[1]] }, { weights: [[1]], bias: [Infinity] }],
    RangeError,
    "layers[1].bias[0] is Infinity; expected finite numbers",
  ],
  [
    "a convolution",
    [{ weights: { data: [1, 2, 3, 4], shape: [1, 1, 2, 2] } }, { weights: [[1]] }],
    RangeError,
    "layers[0].weights has the shape [1, 1, 2, 2]; expected [rows, cols]: a dense layer",
  ],
  [
    "a bias that is a column",
    [{ weights: [[1]], bias: { data: [1], shape: [1, 1] } }],
    RangeError,
    "layers[0].bias has the shape [1, 1]; expected [outputs]",
  ],
  [
    "a tensor of too few numbers",
    [{ weights: { data: [1, 2], shape: [3, 1] } }],
    RangeError,
    "layers[0].weights is 3×1 but its data has 2 numbers; expected 3",
  ],
  [
    "a bias of too few numbers",
    [{ weights: [[1]], bias: { data: [1], shape: [2] } }],
    RangeError,
    "layers[0].bias.data has 1 numbers; expected 2, as its shape says",
  ],
  ["a name of PyTorch's", [{ weight: [[1]] }], TypeError, 'layers[0]: unknown option "weight"; expected weights, bias'],
  ["no weights", [{ bias: [1] }], TypeError, "layers[0].weights is undefined; expected a Matrix"],
  ["weights alone", [[[1]]], TypeError, "layers[0]: options are an Array; expected an object like { weights:"],
])("%s", (_, given, kind, message) => {
  const run = () => networkFromLayers(given as NetworkLayer[], tanh);
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});

test.each<[object | undefined, string]>([
  [undefined, 'networkFromLayers: options are undefined; expected an object like { activation: "tanh" }'],
  [{}, "activation is undefined; expected one of sigmoid, tanh"],
  [{ ...tanh, seed: 1 }, 'networkFromLayers: unknown option "seed"; expected activation, layout, rates'],
  [{ ...tanh, layout: "outin" }, 'layout is "outin"; expected one of outIn, inOut'],
  [{ activation: ["tanh", "identity"] }, "activation is a list of 2; expected one value, or 1: the hidden layers"],
  [{ ...tanh, residual: 1 }, "residual is 1, but the network has 1 hidden layers"],
])("options %j", (options, message) => {
  expect(() => networkFromLayers(layers, options as NetworkFromLayersOptions)).toThrow(message);
});

test("a getter that takes earlier numbers away is found out", () => {
  const weights = Float64Array.of(1, 2);
  const given = [
    { weights },
    {
      get weights() {
        structuredClone(weights.buffer, { transfer: [weights.buffer] });
        return [[1, 1]];
      },
    },
  ];
  expect(() => networkFromLayers(given, tanh)).toThrow("an input of 2 numbers has 0 now");
});

test("the result is a network: a copy of it is equal", () => {
  const net: Network = networkFromLayers([layers[0], { weights: [[1, 2, 3]] }], { ...tanh, rates: [0.5, 2] });
  expect(createNetwork(net)).toEqual(net);
  expect(createNetwork(JSON.parse(JSON.stringify(net)))).toEqual(net);
});
