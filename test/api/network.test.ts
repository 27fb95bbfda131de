/** Forward, Jacobian and kernels of finite networks against textbook loops and their own identities. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type NetworkOptions, type Ntk } from "../../src/index.js";
import { EXAMPLE, hasKink, NAMES, ORACLE } from "../oracle/activations.js";
import { toRows } from "../oracle/dense.js";
import { gradient, kernelOf } from "../oracle/network.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const SHAPES: { name: string; options: NetworkOptions; n: number; n2: number }[] = [
  { name: "d 1", options: { inputs: 1, hidden: 9, biasStd: 1 }, n: 11, n2: 4 },
  { name: "d 2, one unit", options: { inputs: 2, hidden: 1, biasStd: 1 }, n: 5, n2: 7 },
  { name: "d 7, wide", options: { inputs: 7, hidden: 1030, biasStd: 0.5 }, n: 13, n2: 9 },
  {
    name: "ntk",
    options: { inputs: 3, hidden: 33, parametrization: "ntk", weightStd: 1.4, biasStd: 0.3 },
    n: 8,
    n2: 6,
  },
  { name: "no bias", options: { inputs: 2, hidden: 17, bias: false }, n: 6, n2: 5 },
  { name: "no bias, ntk", options: { inputs: 5, hidden: 12, bias: false, init: "ntk" }, n: 1, n2: 1 },
];
const CASES = SHAPES.flatMap((shape) => NAMES.map((label) => ({ ...shape, label, activation: EXAMPLE[label] })));
/** Of what grows fast, errors count at the scale of the largest entry. */
const scaleOf = (label: string, values: ArrayLike<number>) => (ORACLE[label].steep ? Math.max(1, maxAbs(values)) : 1);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(CASES)("$name $label against textbook loops", ({ options, n, n2, label, activation }) => {
    const net = createNetwork({ ...options, activation, seed: 5 });
    const X = randomMatrix(n, net.inputs, 2, 2);
    const X2 = randomMatrix(n2, net.inputs, 3, 2);
    const [A, B] = [toRows(X), toRows(X2)].map((rows) => rows.map((x) => gradient(net, x)));
    const m = net.hidden as number;
    // Sums of m (forward) and P (kernel) terms; erf's oracle is good to a few ulp only.
    const f = ntk.forward(net, X);
    expect(f).toMatchObject({ rows: n, cols: 1 });
    const values = A.map((a) => a.f);
    expectNear(
      f.data,
      values,
      1e-14 * m,
      "f: sums of m terms; erf's oracle is good to a few ulp only",
      scaleOf(label, values),
    );
    const J = ntk.jacobian(net, X);
    expect(J).toMatchObject({ rows: n, cols: net.parameters.length });
    const rows = A.flatMap((a) => a.row);
    expectNear(
      J.data,
      rows,
      2e-14,
      "Jacobian: products of two; erf's oracle is good to a few ulp only",
      scaleOf(label, rows),
    );
    const want = kernelOf(A.map((a) => a.row));
    const K = ntk.kernel(net, X);
    expectNear(K.data, want, 1e-13, "kernel: sums of P terms, of the largest entry", maxAbs(want));
    const cross = kernelOf(
      A.map((a) => a.row),
      B.map((b) => b.row),
    );
    expectNear(
      ntk.kernel(net, X, X2).data,
      cross,
      1e-13,
      "cross kernel: sums of P terms, of the largest entry",
      maxAbs(want),
    );
  });

  test.each(CASES)("$name $label: identities", ({ options, n, n2, activation }) => {
    const net = createNetwork({ ...options, activation, seed: 6 });
    const X = randomMatrix(n, net.inputs, 4, 2);
    const X2 = randomMatrix(n2, net.inputs, 5, 2);
    const K = ntk.kernel(net, X);
    const scale = maxAbs(K.data);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(K.data[i * n + j]).toBe(K.data[j * n + i]);
    // The factored kernel is ΦΦᵀ.
    expectNear(
      K.data,
      ntk.gram(ntk.jacobian(net, X)).data,
      1e-12,
      "factored kernel against ΦΦᵀ: sums of P terms, of the largest entry",
      scale,
    );
    expectNear(
      ntk.kernelDiagonal(net, X),
      Array.from({ length: n }, (_, i) => K.data[i * (n + 1)]),
      1e-13,
      "diagonal against the kernel: the same sum in another order",
      scale,
    );
    for (const [blocks, whole] of [
      [ntk.kernelBlocks(net, X), K],
      [ntk.kernelBlocks(net, X, X2), ntk.kernel(net, X, X2)],
    ] as const) {
      expect(Object.keys(blocks)).toEqual(net.blocks.map((block) => block.name));
      const sum = whole.data.map((_, at) => Object.values(blocks).reduce((total, block) => total + block.data[at], 0));
      expectNear(sum, whole.data, 1e-13, "sum of the blocks against the kernel: the same sum in another order", scale);
    }
    const V = randomMatrix(n, 3, 7);
    const product = ntk.kernelTimesVector(net, X, V);
    expectNear(
      product.data,
      ntk.matmul(K, V).data,
      1e-12,
      "ΘV against Θ times V: sums of n terms of the largest entry",
      n * scale,
    );
  });

  test.each(CASES.filter(({ label }) => !hasKink(label)))(
    "$name $label: finite differences",
    ({ options, label, activation }) => {
      const net = createNetwork({ ...options, hidden: Math.min(options.hidden as number, 6), activation, seed: 8 });
      const X = randomMatrix(3, net.inputs, 9);
      const J = ntk.jacobian(net, X);
      const P = net.parameters.length;
      const h = 1e-5;
      for (let k = 0; k < P; k++) {
        const at = (step: number) =>
          ntk.forward(
            createNetwork({
              ...stripped(net),
              parameters: net.parameters.map((value, i) => (i === k ? value + step : value)),
            }),
            X,
          ).data;
        const [up, down] = [at(h), at(-h)];
        // Central differences: h² truncation and ε/h rounding, both below 1e-9 here, of what grows fast at its scale.
        const scale = scaleOf(label, [...up, ...J.data]);
        for (let i = 0; i < 3; i++)
          expect(
            Math.abs((up[i] - down[i]) / (2 * h) - J.data[i * P + k]),
            `∂f/∂θ_${k} at point ${i}: central differences`,
          ).toBeLessThanOrEqual(1e-8 * scale);
      }
    },
  );

  test("linearize: exact in θ, and the Jacobian is its slope", () => {
    const net = createNetwork({ inputs: 2, hidden: 20, biasStd: 1, seed: 3 });
    const X = randomMatrix(7, 2, 4);
    const line = ntk.linearize(net);
    expectNear(
      line.at(net.parameters, X).data,
      ntk.forward(net, X).data,
      0,
      "linearised at θ0: the same bits as forward",
    );
    const u = randomMatrix(net.parameters.length, 1, 5);
    const theta = net.parameters.map((value, i) => value + u.data[i]);
    const want = ntk.matmul(ntk.jacobian(net, X), u).data.map((value, i) => value + ntk.forward(net, X).data[i]);
    expectNear(line.at(theta, X).data, want, 1e-12, "linearised at θ: sums of P terms of size 1");
  });

  test.each(NAMES)("%s: extreme inputs stay finite", (label) => {
    const activation = EXAMPLE[label];
    const net = createNetwork({
      inputs: 1,
      hidden: 4,
      activation,
      parameters: [0.5, 1, -1, 0.5, 2, 1, -1, 800, 1e-3, 0, 0, 0, 1],
    });
    const X = [0, 1, -1, 700, -745, 800, -800, 1e5];
    if (ORACLE[label].top !== undefined) {
      expect(() => ntk.forward(net, X)).toThrow(/overflows float64/);
      return;
    }
    for (const values of [ntk.forward(net, X), ntk.jacobian(net, X), ntk.kernel(net, X)]) {
      expect(values.data.every(Number.isFinite)).toBe(true);
    }
  });

  test("a saturated unit carries no kernel where 1 + xx' overflows", () => {
    const net = createNetwork({ inputs: 1, hidden: 3, parameters: [0, 1, 1, 1, 1, 2, 3, 0, 0, 0] });
    const K = ntk.kernel(net, [1e200, -1e200, 1]);
    expect(K.data.every(Number.isFinite)).toBe(true);
    expect(K.data[0]).toBe(4);
    expect([...ntk.kernelDiagonal(net, [1e200, 1])].every(Number.isFinite)).toBe(true);
  });

  test("results are copies, and inputs are left alone", () => {
    const net = createNetwork({ inputs: 1, hidden: 5, biasStd: 1 });
    const X = Float64Array.from([0, 1, 2]);
    const first = ntk.kernel(net, X);
    const kept = first.data.slice();
    first.data.fill(0);
    ntk.jacobian(net, X);
    expect([...ntk.kernel(net, X).data]).toEqual([...kept]);
    expect([...X]).toEqual([0, 1, 2]);
    expect(structuredClone(first).rows).toBe(3);
    expect([...ntk.forward(structuredClone(net), X).data]).toEqual([...ntk.forward(net, X).data]);
  });

  test("arrays of every kind mean the same matrix", () => {
    const net = createNetwork({ inputs: 1, hidden: 5, biasStd: 1 });
    const want = [...ntk.forward(net, [1, 2]).data];
    for (const X of [Float64Array.of(1, 2), [[1], [2]], { data: Float64Array.of(1, 2), rows: 2, cols: 1 }]) {
      expect([...ntk.forward(net, X).data]).toEqual(want);
    }
  });
});

test("backends agree to rounding", async () => {
  const net = createNetwork({ inputs: 3, hidden: 300, biasStd: 1, seed: 2 });
  const X = randomMatrix(40, 3, 8, 3);
  const kernels = await Promise.all(variants.map(async (variant) => (await loadVariant(variant)).kernel(net, X).data));
  for (const K of kernels)
    expectNear(
      K,
      kernels[0],
      300 * 4 * Number.EPSILON,
      "kernels of two backends: 4 roundings in each of 300 terms, of the largest entry",
      maxAbs(kernels[0]),
    );
});

/** Options to make the same shape again. */
function stripped(net: ReturnType<typeof createNetwork>): NetworkOptions {
  const { blocks: _, parameters: __, ...options } = net;
  return options;
}
