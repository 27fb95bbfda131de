/**
 * load({ precision: "float32" }): every result against its stated accuracy, fallbacks, and what float32 cannot hold.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { createInfiniteNetwork, createNetwork, type Matrix, type Network, type Ntk } from "../../src/index.js";
import { EPS32 } from "../ops/harness.js";
import { expectClose, expectNear, type Golden, maxAbs, toMatrix } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";
import sigmoid from "../vectors/01_onehidden_sigmoid.json" with { type: "json" };

const NETWORKS: [string, Network][] = [
  ["one input", createNetwork({ inputs: 1, hidden: 1100, biasStd: 1, seed: 1 })],
  ["many inputs, relu", createNetwork({ inputs: 7, hidden: 130, activation: "relu", biasStd: 0.5, seed: 2 })],
  ["deep, three outputs", createNetwork({ inputs: 3, hidden: [40, 31], outputs: 3, activation: "erf", biasStd: 1 })],
  ["ntk, gelu, no bias", createNetwork({ inputs: 2, hidden: [60, 20], activation: "gelu", init: "ntk", bias: false })],
];
const N = 50;

/** Largest |K − L| beside √(L_ii L_jj), in ε of float32. */
function relativeError(K: Matrix, L: Matrix, row: Float64Array, column: Float64Array): number {
  let worst = 0;
  for (let at = 0; at < K.data.length; at++) {
    const scale = Math.sqrt(row[Math.floor(at / K.cols)] * column[at % K.cols]);
    worst = Math.max(worst, Math.abs(K.data[at] - L.data[at]) / scale);
  }
  return worst / EPS32;
}

describe.each(variants)("%s", (variant) => {
  let float32: Ntk;
  let float64: Ntk;
  beforeAll(async () => {
    float32 = await loadVariant(variant, "float32");
    float64 = await loadVariant(variant);
  });

  /** Measured 11 ε at most, depths 1 to 4, widths up to 3000; rounded up to 16. */
  const KERNEL_BOUND = 16;

  test.each(NETWORKS)("kernels: %s", (_, net) => {
    const [X, T] = [randomMatrix(N, net.inputs, 1, 2), randomMatrix(9, net.inputs, 2, 2)];
    for (const outputs of ["average", "full"] as const) {
      const [a, b] = [X, T].map((x) => float64.kernelDiagonal(net, x, { outputs }));
      const square = float32.kernel(net, X, X, { outputs });
      expect(
        relativeError(square, float64.kernel(net, X, X, { outputs }), a, a),
        `kernel, ${outputs}: the stated bound, in ε₃₂ √(Θ_ii Θ_jj)`,
      ).toBeLessThanOrEqual(KERNEL_BOUND);
      const cross = float32.kernel(net, X, T, { outputs });
      expect(
        relativeError(cross, float64.kernel(net, X, T, { outputs }), a, b),
        `cross kernel, ${outputs}: the stated bound, in ε₃₂ √(Θ_ii Θ_jj)`,
      ).toBeLessThanOrEqual(KERNEL_BOUND);
      for (let i = 0; i < square.rows; i++)
        for (let j = 0; j < i; j++) expect(square.data[i * square.rows + j]).toBe(square.data[j * square.rows + i]);
    }
    const parts = float32.kernelBlocks(net, X);
    const whole = float64.kernelBlocks(net, X);
    const diagonal = float64.kernelDiagonal(net, X);
    for (const [name, part] of Object.entries(parts))
      expect(relativeError(part, whole[name], diagonal, diagonal), name).toBeLessThanOrEqual(KERNEL_BOUND);
  });

  // What is computed in float64 has no error beside float64; what is not is within the bound.
  test.each([1, 2, 3, 4])("kernels at depth %d, whatever the initialisation", (depth) => {
    const X = randomMatrix(30, 3, 4, 2);
    for (const activation of ["tanh", "erf", "sin", "gelu", "relu"] as const) {
      for (const [init, weightStd] of [
        ["lecun", 1],
        ["he", 1],
        ["ntk", 1],
        ["unit", 1],
        ["lecun", 2],
        ["lecun", 4],
      ] as const) {
        const hidden = new Array<number>(depth).fill(96);
        const net = createNetwork({ inputs: 3, hidden, init, weightStd, activation, biasStd: 0.5, seed: depth });
        const a = float64.kernelDiagonal(net, X);
        const error = relativeError(float32.kernel(net, X), float64.kernel(net, X), a, a);
        const what = `${init} times ${weightStd}, ${activation}: the stated bound, in ε₃₂ √(Θ_ii Θ_jj)`;
        expect(error, what).toBeLessThanOrEqual(KERNEL_BOUND);
        // Float32 is not given up where it is right.
        if (weightStd === 1 && init !== "unit") expect(error, what).toBeGreaterThan(0);
        const parts = float32.kernelBlocks(net, X);
        for (const [name, part] of Object.entries(float64.kernelBlocks(net, X)))
          expect(relativeError(parts[name], part, a, a), `${what}, block ${name}`).toBeLessThanOrEqual(KERNEL_BOUND);
      }
    }
  });

  test("golden kernels at float32's tolerance", () => {
    for (const { d, m, inputs, expected } of sigmoid.cases as unknown as {
      d: number;
      m: number;
      inputs: Record<string, Golden>;
      expected: Record<string, Golden>;
    }[]) {
      const net = createNetwork({ inputs: d, hidden: m, activation: "sigmoid", parameters: inputs.theta.data });
      const K = float32.kernel(net, toMatrix(inputs.x_train));
      const golden = expected.K_train_train.data;
      const top = maxAbs(golden);
      expectClose(K.data, golden, { rtol: 0, atol: KERNEL_BOUND * EPS32 * top }, "K");
    }
  });

  test("matmul, gram, cholesky in float32; solve to float64's residual", () => {
    const [n, k] = [60, 33];
    const A = randomMatrix(n, k, 3);
    const B = randomMatrix(k, 20, 4);
    expectNear(
      float32.matmul(A, B).data,
      float64.matmul(A, B).data,
      (k + 4) * EPS32,
      "matmul: k + 4 roundings of float32 in sums of terms below 1",
    );
    const G = float64.gram(A);
    expectNear(
      float32.gram(A).data,
      G.data,
      (k + 4) * EPS32,
      "gram: k + 4 roundings of float32 in sums of terms below 1",
    );
    for (let i = 0; i < n; i++) G.data[i * (n + 1)] += 1;
    const L = float32.cholesky(G);
    const product = float64.gram(L).data;
    expectNear(product, G.data, n * EPS32 * maxAbs(G.data), "L Lᵀ: the stated bound of cholesky, n ε₃₂ ‖A‖");
    for (const columns of [1, 3, 9]) {
      const rhs = randomMatrix(n, columns, 5, 1e-30);
      const x = float32.solve(G, rhs);
      const back = float64.matmul(G, x).data;
      const norm = n * maxAbs(G.data) * maxAbs(x.data);
      expectNear(back, rhs.data, n * Number.EPSILON * norm, `A x, ${columns} columns: float64's residual, n ε ‖A‖ ‖x‖`);
    }
    // Beyond what float32 can factor or hold: float64 takes over.
    const hilbert = Array.from({ length: 9 }, (_, i) => Array.from({ length: 9 }, (__, j) => 1 / (i + j + 1)));
    expect(float32.solve(hilbert, new Array(9).fill(1)).data).toEqual(
      float64.solve(hilbert, new Array(9).fill(1)).data,
    );
    expect(float32.solve([[1e300]], [1e300]).data).toEqual(Float64Array.of(1));
  });

  describe("fit", () => {
    const targets = (net: Network, X: Matrix) => ({
      data: Float64Array.from({ length: N * net.outputs }, (_, i) => Math.sin(3 * X.data[i % X.data.length]) + i / N),
      rows: N,
      cols: net.outputs,
    });

    test.each(NETWORKS)("has float64's backward error and means: %s", (_, net) => {
      const [X, T] = [randomMatrix(N, net.inputs, 1, 2), randomMatrix(7, net.inputs, 2, 2)];
      const Y = targets(net, X);
      for (const outputs of ["full", "average"] as const) {
        using fit = float32.fit(net, X, Y, { ridge: 0.1, solver: "dual", outputs });
        using reference = float64.fit(net, X, Y, { ridge: 0.1, solver: "dual", outputs });
        const size = N * (outputs === "full" ? net.outputs : 1);
        expect(fit.report).toMatchObject({ solver: "dual", precision: "float32", fallback: undefined });
        expect(fit.report.iterations).toBeGreaterThan(0);
        expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
          2 * size * Number.EPSILON,
        );
        const [got, want] = [fit.predict(T, { covariance: true }), reference.predict(T, { covariance: true })];
        // Backward errors of Nε each, magnified by the condition number.
        const condition = reference.report.conditionNumber as number;
        const allowed = 4 * size * Number.EPSILON * condition * maxAbs(Y.data);
        expectNear(
          got.mean.data,
          want.mean.data,
          allowed,
          `mean, ${outputs}: backward errors of Nε each, times the condition number`,
        );
        // From a float64 factor.
        expectNear(
          got.variance?.data ?? [],
          want.variance?.data ?? [],
          0,
          "variance: from a float64 factor, so the same bits",
        );
        expectNear(
          got.covariance?.data ?? [],
          want.covariance?.data ?? [],
          0,
          "covariance: from a float64 factor, so the same bits",
        );
        for (const key of ["degreesOfFreedom", "rank", "conditionNumber"] as const)
          expect(fit.report[key], key).toBe(reference.report[key]);
        expect(fit.report.logEvidence).toBeCloseTo(reference.report.logEvidence ?? Number.NaN, 6);
        const [loo, wanted] = [fit, reference].map(({ report }) => report.looResiduals?.data ?? []);
        expectNear(
          loo,
          wanted,
          allowed * 10,
          `leave-one-out, ${outputs}: α over the diagonal of the inverse, ten times the mean's bound`,
        );
      }
    });

    test("infinite and custom models: the float64 matrix refines", () => {
      const X = randomMatrix(N, 2, 1, 2);
      const Y = { data: Float64Array.from({ length: 2 * N }, (_, i) => Math.cos(i)), rows: N, cols: 2 };
      const model = createInfiniteNetwork({ activation: "relu", biasStd: 0.1 });
      for (const given of [model, { kernel: (A: Matrix, B: Matrix) => float64.kernel(model, A, B) }]) {
        using fit = float32.fit(given, X, Y, { ridge: 1e-2, solver: "dual" });
        using reference = float64.fit(model, X, Y, { ridge: 1e-2 });
        expect(fit.report).toMatchObject({ precision: "float32", fallback: undefined });
        expect(fit.report.backwardError, "backward error of the system that was solved, c N ε").toBeLessThanOrEqual(
          2 * N * Number.EPSILON,
        );
        const allowed = 4 * N * Number.EPSILON * (reference.report.conditionNumber as number);
        expectNear(
          fit.predict(X).mean.data,
          reference.predict(X).mean.data,
          allowed,
          "mean: backward errors of Nε each, times the condition number",
        );
      }
    });

    test("few rows are left to float64 unless the solver is named, and the report says so", () => {
      const [, net] = NETWORKS[0];
      const X = randomMatrix(N, 1, 1, 2);
      const Y = targets(net, X);
      using fit = float32.fit(net, X, Y, { ridge: 0.1 });
      expect(fit.report.precision).toBe("float64");
      expect(fit.report.fallback).toMatch(/fewer than 400 rows/);
      using reference = float64.fit(net, X, Y, { ridge: 0.1 });
      expect(fit.predict(X)).toEqual(reference.predict(X));
    });

    test("what float32 cannot do is done in float64, and said", () => {
      const [, net] = NETWORKS[0];
      const X = randomMatrix(N, 1, 1, 2);
      const Y = targets(net, X);
      const cases: [number, RegExp][] = [
        [0, /ridge 0/],
        [1e-8, /no convergence in 30 iterations|fails at pivot/],
      ];
      for (const [ridge, reason] of cases) {
        using fit = float32.fit(net, X, Y, { ridge, solver: "dual" });
        using reference = float64.fit(net, X, Y, { ridge, solver: "dual" });
        expect(fit.report.precision).toBe("float64");
        expect(fit.report.fallback).toMatch(reason);
        expect(fit.predict(X).mean.data).toEqual(reference.predict(X).mean.data);
      }
      const far = { data: X.data.map((x) => 1e39 * x), rows: N, cols: 1 };
      using fit = float32.fit(net, far, Y, { ridge: 1, solver: "dual" });
      expect(fit.report).toMatchObject({ precision: "float64", fallback: "the inputs or the weights leave float32" });
      using direct = float64.fit(net, X, Y, { ridge: 1 });
      expect(direct.report).toMatchObject({ precision: "float64", iterations: undefined, fallback: undefined });
    });

    test("a zero right-hand side takes no iteration; disposal before any variance gives nothing back", () => {
      const [, net] = NETWORKS[0];
      const X = randomMatrix(N, 1, 1, 2);
      const fit = float32.fit(net, X, float64.forward(net, X), { ridge: 1, solver: "dual" });
      expect(fit.report.iterations).toBe(0);
      expect(fit.predict(X, { variance: false }).mean.data).toEqual(float64.forward(net, X).data);
      fit.dispose();
      expect(() => fit.predict(X)).toThrow(/disposed/);
    });
  });

  test("what leaves float32 is an error that says so", () => {
    const [, net] = NETWORKS[0];
    // As many points and rows as float32 is faster for; small calls are made in float64.
    const many = (value: number, rows: number, cols = 1) => ({
      data: new Float64Array(rows * cols).fill(value),
      rows,
      cols,
    });
    expect(() => float32.kernel(net, many(1e39, 100))).toThrow(
      /X leaves float32 .* entry 0 \(1e\+39\).* precision: "float64"/,
    );
    expect(() => float32.matmul(many(1e30, 200, 200), many(1e30, 200, 200))).toThrow(
      /A B leaves float32 .* row 0, column 0 \(Infinity\)/,
    );
    const rows = many(1, 200, 200);
    rows.data[200] = 1e20;
    expect(() => float32.gram(rows)).toThrow(/row 1, column 1/);
    expect(float32.matmul([[1e30]], [[1e30]]).data[0]).toBe(1e30 * 1e30);
    const steep = createNetwork({
      inputs: 1,
      hidden: 2,
      activation: "identity",
      bias: false,
      parameters: [1, 1, 1e30, 1],
    });
    expect(() => float32.kernel(steep, many(1, 200))).toThrow(/the kernel leaves float32/);
    expect(float64.kernel(steep, [1]).data[0]).toBeGreaterThan(1e59);
    // Saturated units carry no kernel, however large the factor is.
    expect(float32.kernel(net, [1e30]).data[0]).toBeCloseTo(float64.kernel(net, [1e30]).data[0], 0);
  });

  test("everything else is float64 as before", () => {
    const [, net] = NETWORKS[2];
    const X = randomMatrix(5, 3, 1);
    expect(float32.forward(net, X)).toEqual(float64.forward(net, X));
    expect(float32.jacobian(net, X)).toEqual(float64.jacobian(net, X));
    expect(float32.kernelDiagonal(net, X)).toEqual(float64.kernelDiagonal(net, X));
    const model = createInfiniteNetwork({ activation: "erf" });
    expect(float32.kernel(model, X)).toEqual(float64.kernel(model, X));
    const S = float64.gram(X);
    expect(float32.eigh(S).values).toEqual(float64.eigh(S).values);
  });
});
