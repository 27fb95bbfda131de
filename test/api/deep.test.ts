/** Networks of any depth and number of outputs against forward-mode differentiation, and their own identities. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Matrix, type NetworkOptions, type Ntk } from "../../src/index.js";
import { EXAMPLE, NAMES, ORACLE } from "../oracle/activations.js";
import { autodiff, jacobianOf } from "../oracle/autodiff.js";
import { toRows } from "../oracle/dense.js";
import { kernelOf } from "../oracle/network.js";
import { expectRelative } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

/** Depth 1 to 5, odd widths, 1, 2 and 10 outputs, both parametrisations, with and without biases. */
const SHAPES: (NetworkOptions & { n: number; n2: number })[] = [
  { inputs: 1, hidden: 9, outputs: 2, biasStd: 1, n: 5, n2: 3 },
  { inputs: 3, hidden: [7], outputs: 10, init: "ntk", n: 4, n2: 2 },
  { inputs: 2, hidden: [5, 7], biasStd: 0.5, n: 7, n2: 4 },
  { inputs: 4, hidden: [3, 9], outputs: 2, init: "ntk", weightStd: 1.4, biasStd: 0.3, n: 5, n2: 6 },
  { inputs: 5, hidden: [11, 3, 7], outputs: 10, init: "he", n: 3, n2: 2 },
  { inputs: 1, hidden: [5, 5, 5], bias: false, init: "unit", n: 6, n2: 5 },
  { inputs: 2, hidden: [3, 5, 7, 3], outputs: 2, init: "glorot", biasStd: 1, n: 4, n2: 3 },
  { inputs: 3, hidden: [5, 3, 1, 3, 5], outputs: 2, bias: false, init: "ntk", n: 5, n2: 1 },
  { inputs: 6, hidden: [1, 1], n: 1, n2: 1 },
];
const CASES = SHAPES.flatMap(({ n, n2, ...options }, i) =>
  // What grows fast overflows in depth.
  NAMES.filter((label) => i < 4 || !ORACLE[label].steep).map((label) => ({
    name: `${label} shape ${i}`,
    options: { ...options, activation: EXAMPLE[label] },
    n,
    n2,
  })),
);

const average = (K: number[], C: number, n: number, n2: number) =>
  Array.from({ length: n * n2 }, (_, at) => {
    const [i, j] = [Math.floor(at / n2), at % n2];
    let sum = 0;
    for (let c = 0; c < C; c++) sum += K[(i * C + c) * n2 * C + j * C + c];
    return sum / C;
  });
const diagonal = (K: ArrayLike<number>, n: number) => Array.from({ length: n }, (_, i) => K[i * (n + 1)]);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(CASES)("$name against forward-mode differentiation", ({ options, n, n2 }) => {
    const net = createNetwork({ ...options, seed: 5 });
    const C = net.outputs;
    const [X, X2] = [randomMatrix(n, net.inputs, 2, 2), randomMatrix(n2, net.inputs, 3, 2)];
    const points = toRows(X);
    const [J, J2] = [jacobianOf(net, points), jacobianOf(net, toRows(X2))];
    const f = ntk.forward(net, X);
    expect(f).toMatchObject({ rows: n, cols: C });
    // A few dozen products and sums each, through at most six layers: 1e-13 is some 400 ε.
    const near = (got: ArrayLike<number>, want: ArrayLike<number>, what: string) =>
      expectRelative(got, want, 1e-13, `${what}: some 400 ε, a few dozen roundings`);
    near(
      f.data,
      points.flatMap((x) => autodiff(net, x).f),
      "forward",
    );
    const phi = ntk.jacobian(net, X);
    expect(phi).toMatchObject({ rows: n * C, cols: net.parameters.length });
    near(phi.data, J.flat(), "jacobian");
    const [square, cross] = [kernelOf(J), kernelOf(J, J2)];
    const full = ntk.kernel(net, X, X, { outputs: "full" });
    expect(full).toMatchObject({ rows: n * C, cols: n * C });
    near(full.data, square, "full");
    const fullCross = ntk.kernel(net, X, X2, { outputs: "full" });
    expect(fullCross).toMatchObject({ rows: n * C, cols: n2 * C });
    near(fullCross.data, cross, "full, cross");
    const mean = ntk.kernel(net, X);
    expect(mean).toMatchObject({ rows: n, cols: n });
    near(mean.data, average(square, C, n, n), "average");
    near(ntk.kernel(net, X, X2).data, average(cross, C, n, n2), "average, cross");
    near(ntk.kernelDiagonal(net, X), diagonal(mean.data, n), "diagonal");
    near(ntk.kernelDiagonal(net, X, { outputs: "full" }), diagonal(square, n * C), "full diagonal");
    for (const { data, rows } of [full, mean]) {
      for (let i = 0; i < rows; i++) for (let j = 0; j < i; j++) expect(data[i * rows + j]).toBe(data[j * rows + i]);
    }
    const V = randomMatrix(n * C, 3, 8);
    near(ntk.kernelTimesVector(net, X, V).data, ntk.matmul(full, V).data, "Θ V");
  });

  test.each(CASES.filter(({ name }) => name.startsWith("tanh")))("$name: blocks of θ", ({ options, n, n2 }) => {
    const net = createNetwork({ ...options, seed: 6 });
    const C = net.outputs;
    const [X, X2] = [randomMatrix(n, net.inputs, 2, 2), randomMatrix(n2, net.inputs, 3, 2)];
    const [J, J2] = [jacobianOf(net, toRows(X)), jacobianOf(net, toRows(X2))];
    const part = (rows: number[][], { offset, length }: { offset: number; length: number }) =>
      rows.map((row) => row.slice(offset, offset + length));
    const [square, cross] = [ntk.kernelBlocks(net, X), ntk.kernelBlocks(net, X, X2)];
    expect(Object.keys(square)).toEqual(net.blocks.map(({ name }) => name));
    for (const block of net.blocks) {
      const want = average(kernelOf(part(J, block)), C, n, n);
      const wantCross = average(kernelOf(part(J, block), part(J2, block)), C, n, n2);
      expectRelative(square[block.name].data, want, 1e-13, block.name);
      expectRelative(cross[block.name].data, wantCross, 1e-13, `${block.name}, cross`);
    }
  });

  test("hidden units may be permuted: nothing changes but the order of θ", () => {
    const net = createNetwork({ inputs: 2, hidden: [3, 4], outputs: 2, biasStd: 1, activation: "tanh", seed: 4 });
    const order = [2, 0, 3, 1];
    const { parameters } = net;
    const permuted = parameters.slice();
    const at = Object.fromEntries(net.blocks.map(({ name, offset }) => [name, offset]));
    order.forEach((from, to) => {
      for (let c = 0; c < 2; c++) permuted[at.b + c * 4 + to] = parameters[at.b + c * 4 + from];
      for (let t = 0; t < 3; t++) permuted[at.c2 + to * 3 + t] = parameters[at.c2 + from * 3 + t];
      permuted[at.d2 + to] = parameters[at.d2 + from];
    });
    const X = randomMatrix(5, 2, 9, 2);
    const [K, L] = [net, { ...net, parameters: permuted }].map((model) => ntk.kernel(model, X, X, { outputs: "full" }));
    expectRelative(L.data, K.data, 1e-14, "kernel");
  });

  test("wider than a block, deeper than a pass, more outputs than a tile: the kernel is ΦΦᵀ", () => {
    // 20 outputs × 150 units is a product 3000 deep; 130 rows cross the blocks of rows and columns.
    const net = createNetwork({ inputs: 7, hidden: [150, 33], outputs: 20, biasStd: 0.2, seed: 2 });
    const [X, X2] = [randomMatrix(130, 7, 4), randomMatrix(27, 7, 5)];
    const pick = (M: Matrix, rows: number): Matrix => ({ data: M.data.slice(0, rows * 7), rows, cols: 7 });
    const few = pick(X, 9);
    const J = ntk.jacobian(net, few);
    const gram = ntk.gram(J);
    expectRelative(ntk.kernel(net, few, few, { outputs: "full" }).data, gram.data, 1e-12, "full");
    const K = ntk.kernel(net, X);
    const C = net.outputs;
    const mean = average(Array.from(gram.data), C, 9, 9);
    expectRelative(
      Array.from({ length: 81 }, (_, at) => K.data[Math.floor(at / 9) * 130 + (at % 9)]),
      mean,
      1e-12,
      "average",
    );
    // The same rows computed in other company.
    const joined = { data: Float64Array.of(...X2.data, ...X.data), rows: 157, cols: 7 };
    const all = ntk.kernel(net, joined);
    const cross = ntk.kernel(net, X2, X);
    expectRelative(
      cross.data,
      Array.from({ length: 27 * 130 }, (_, at) => all.data[Math.floor(at / 130) * 157 + 27 + (at % 130)]),
      1e-12,
      "cross",
    );
  });

  test.each(CASES.filter((_, i) => i % 7 === 0))("$name: positive semi-definite", ({ options }) => {
    const net = createNetwork({ ...options, seed: 7 });
    const X = randomMatrix(40, net.inputs, 6, 3);
    for (const outputs of ["average", "full"] as const) {
      const { values } = ntk.eigh(ntk.kernel(net, X, X, { outputs }));
      const trace = values.reduce((sum, x) => sum + x, 0);
      expect(values[0]).toBeGreaterThanOrEqual(-1e-12 * trace);
    }
  });

  test("weightStd 0 leaves the biases' features", () => {
    const net = createNetwork({ inputs: 2, hidden: [4, 4], init: "ntk", weightStd: 0, biasStd: 2, seed: 1 });
    const K = ntk.kernel(net, [
      [1, 2],
      [3, 4],
    ]);
    expect(Array.from(K.data)).toEqual([4, 4, 4, 4]);
  });
});
