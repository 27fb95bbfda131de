/**
 * Noise and weights per point: every way of solving, against an independent textbook solve of Θ + diag(λ/w_i + λ_i),
 * and against rows that stand in the data several times.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type Fit,
  type FitOptions,
  type Matrix,
  type Model,
  type Ntk,
} from "../../src/index.js";
import { identity, multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { logDensity } from "../oracle/gauss.js";
import { expectRelative } from "../setup/golden.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 19;
const X = randomMatrix(N, 2, 3, 1.5);
const T = randomMatrix(6, 2, 5, 1.5);
const next = generator(9);
const LAMBDA = 0.2;
/** Four decades of noise, with rows that have none; weights from 0.1 to 10. */
const noise = Float64Array.from({ length: N }, (_, i) => (i % 5 === 0 ? 0 : 10 ** (2 * next() - 1)));
const weights = Float64Array.from({ length: N }, () => 10 ** next());
const net = createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 1 });
const few = createNetwork({ inputs: 2, hidden: 3, biasStd: 1, activation: "tanh", seed: 1 });
const pair = createNetwork({ inputs: 2, hidden: 3, outputs: 2, biasStd: 1, activation: "erf", seed: 2 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "relu", biasStd: 0.3 });
const custom: Model = {
  kernel: (A, B) => ({
    data: new Float64Array(A.rows * B.rows).map((_, at) => {
      const [i, j] = [Math.floor(at / B.rows), at % B.rows];
      const [dx, dy] = [0, 1].map((t) => A.data[2 * i + t] - B.data[2 * j + t]);
      return Math.exp(-dx * dx - dy * dy);
    }),
    rows: A.rows,
    cols: B.rows,
  }),
};

/** [name, model, outputs, options, has a factor]. Each has the common ridge λ, or one for each output. */
const CASES: [string, Model, number, FitOptions, boolean][] = [
  ["dual", net, 1, { ridge: LAMBDA, solver: "dual" }, true],
  ["dual, scaled", net, 1, { ridge: LAMBDA, solver: "dual", scale: "fit" }, true],
  ["full outputs", pair, 2, { ridge: LAMBDA, solver: "dual" }, true],
  ["averaged outputs", pair, 2, { ridge: LAMBDA, outputs: "average", scale: "fit" }, true],
  ["infinite, a ridge each", infinite, 2, { ridge: [LAMBDA, 0.5] }, true],
  ["custom", custom, 1, { ridge: LAMBDA }, true],
  ["primal", few, 1, { ridge: LAMBDA, solver: "primal", scale: "fit" }, true],
  ["primal, full outputs", pair, 2, { ridge: LAMBDA, solver: "primal" }, true],
  ["a path", net, 1, { ridges: [LAMBDA], scale: "fit" }, true],
  ["cg", net, 1, { ridge: LAMBDA, solver: "cg", scale: "fit" }, false],
  ["cg, averaged outputs", pair, 2, { ridge: LAMBDA, solver: "cg", outputs: "average" }, false],
  ["cg, custom", custom, 1, { ridge: LAMBDA, solver: "cg" }, false],
  ["lowrank", net, 1, { ridge: LAMBDA, solver: "lowrank", scale: "fit" }, true],
  ["lowrank, full outputs", pair, 2, { ridge: LAMBDA, solver: "lowrank" }, true],
  ["cg, full outputs", pair, 2, { ridge: LAMBDA, solver: "cg" }, false],
];
const OWN: [string, Pick<FitOptions, "noise" | "weights">][] = [
  ["noise", { noise }],
  ["weights", { weights }],
  ["both", { noise, weights }],
];

const targets = (C: number): Matrix => randomMatrix(N, C, 4, 1);

/** The regression by elimination: Θ, D and r of each right-hand side, in the order of the system. */
function textbook(ntk: Ntk, model: Model, C: number, options: FitOptions, own: Pick<FitOptions, "noise" | "weights">) {
  const finite = "parameters" in model;
  const full = finite && C > 1 && options.outputs !== "average";
  const kernel = (A: Matrix, B: Matrix) => toRows(ntk.kernel(model, A, B, full ? { outputs: "full" } : {}));
  const start = (A: Matrix) => (finite ? toRows(ntk.forward(model, A)) : toRows({ ...A, cols: 1 }).map(() => [0, 0]));
  const [K, cross, prior] = [kernel(X, X), kernel(T, X), kernel(T, T)];
  const f0 = start(X);
  const Y = toRows(targets(C));
  const columns = full ? 1 : C;
  const block = full ? C : 1;
  const ridge = (c: number) => (Array.isArray(options.ridge) ? (options.ridge as number[])[c] : LAMBDA);
  return Array.from({ length: columns }, (_, c) => {
    const point = (row: number) => Math.floor(row / block);
    const r = K.map((__, row) => Y[point(row)][full ? row % C : c] - f0[point(row)][full ? row % C : c]);
    const D = K.map((__, row) => ridge(c) / (own.weights?.[point(row)] ?? 1) + (own.noise?.[point(row)] ?? 0));
    const A = K.map((row, i) => row.map((value, j) => value + (i === j ? D[i] : 0)));
    const alpha = solve(
      A,
      r.map((value) => [value]),
    ).map(([value]) => value);
    const scale = options.scale === "fit" ? r.reduce((sum, value, i) => sum + value * alpha[i], 0) / r.length : 1;
    const explained = multiply(cross, solve(A, transpose(cross)));
    const covariance = prior.map((row, i) => row.map((value, j) => scale * (value - explained[i][j])));
    const beside = start(T).flatMap((row) => (full ? row : [row[c]]));
    const mean = multiply(
      cross,
      alpha.map((value) => [value]),
    ).map(([value], i) => value + beside[i]);
    return { A, D, K, alpha, covariance, mean, r, ridge: ridge(c), scale };
  });
}

/** Entry (i, c) of what each right-hand side has in rows. */
const together = (parts: number[][]) => parts[0].flatMap((_, i) => parts.map((part) => part[i]));
const trace = (A: Rows) => A.reduce((sum, row, i) => sum + row[i], 0);
/** Condition numbers of these systems are below 10⁴, and both sides are rounded. */
const CLOSE = 1e-10;

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(CASES)("%s", (_, model, C, options, direct) => {
    describe.each(OWN)("%s", (__, own) => {
      const using = (body: (fit: Fit, want: ReturnType<typeof textbook>) => void) => {
        using_(ntk.fit(model, X, targets(C), { ...options, ...own }), (fit) =>
          body(fit, textbook(ntk, model, C, options, own)),
        );
      };

      test("mean, variance, covariance, dual weights", () => {
        using((fit, want) => {
          const { mean, variance, covariance } = fit.predict(T, { covariance: true });
          expectRelative(mean.data, together(want.map((one) => one.mean)), CLOSE, "mean: rounding");
          const diagonal = want.map((one) => one.covariance.map((row, i) => row[i]));
          const spread = want.length < C ? diagonal[0] : together(diagonal);
          expectRelative(variance.data, spread, CLOSE, "variance: rounding");
          if (want.length === 1)
            expectRelative(covariance.data, want[0].covariance.flat(), CLOSE, "covariance: rounding");
          const alpha = want.length < C ? want[0].alpha : together(want.map((one) => one.alpha));
          expectRelative(fit.dualWeights().data, alpha, CLOSE, "α: rounding");
          expect(fit.report.backwardError).toBeLessThan(1e-13);
        });
      });

      test.runIf(direct)("evidence, leave-one-out, degrees of freedom, rank", () => {
        using(({ report, path }, want) => {
          const density = (scale?: number) => want.reduce((sum, { A, r }) => sum + logDensity(A, r, scale), 0);
          expect(report.logEvidence).toBeCloseTo(density(1), 7);
          expect(report.logEvidenceProfiled).toBeCloseTo(density(), 7);
          // Each row is left out, and the rest solved again.
          const loo = want.map(({ A, K, r }) => r.map((value, i) => value - without(A, K, r, i)));
          const residuals = together(loo);
          expectRelative(report.looResiduals?.data ?? [], residuals, CLOSE, "leave-one-out residuals: rounding");
          const freedom = want.map(({ A, K }) => trace(multiply(K, solve(A, identity(A.length)))));
          const mean = freedom.reduce((sum, value) => sum + value / freedom.length, 0);
          expect(report.degreesOfFreedom).toBeCloseTo(mean, 8);
          const plain = ntk.fit(model, X, targets(C), { ...options, scale: 1 });
          expect(report.rank).toBe(plain.report.rank);
          plain.dispose();
          if (path.length === 0) return;
          expect(path[0].logEvidenceProfiled).toBeCloseTo(density(), 7);
          expect(path[0].degreesOfFreedom).toBeCloseTo(mean, 8);
          const square = residuals.reduce((sum, value) => sum + value ** 2, 0) / residuals.length;
          expect(path[0].looRmse).toBeCloseTo(Math.sqrt(square), 9);
        });
      });
    });
  });

  test.each(CASES)("%s: a weight of 2 is the row twice", (_, model, C, options, direct) => {
    const twice = [1, 4, 5, 17];
    const rows = [...Array(N).keys(), ...twice];
    const pick = ({ data, cols }: Matrix) => rows.map((i) => [...data.slice(i * cols, (i + 1) * cols)]);
    const double = Float64Array.from({ length: N }, (__, i) => (twice.includes(i) ? 2 : 1));
    const [Y, own] = [targets(C), { noise }];
    const copied = { noise: rows.map((i) => (twice.includes(i) ? 2 : 1) * noise[i]) };
    using_(ntk.fit(model, X, Y, { ...options, weights: double, ...own }), (weighted) =>
      using_(ntk.fit(model, pick(X), pick(Y), { ...options, ...copied }), (repeated) => {
        const [one, two] = [weighted, repeated].map((fit) => fit.predict(T, { covariance: true }));
        expectRelative(one.mean.data, two.mean.data, CLOSE, "mean: rounding");
        expectRelative(one.variance.data, two.variance.data, CLOSE, "variance: rounding");
        expectRelative(one.covariance.data, two.covariance.data, CLOSE, "covariance: rounding");
        if (!direct) return;
        for (const name of ["logEvidence", "logEvidenceProfiled", "scale", "degreesOfFreedom"] as const)
          expect(weighted.report[name], name).toBeCloseTo(repeated.report[name] ?? Number.NaN, 7);
        const loo = [weighted, repeated].map(({ report }) => report.looResiduals?.data.slice(0, N * C) ?? []);
        if (options.outputs === "average" || C === 1)
          expectRelative(loo[0], loo[1], CLOSE, "leave-one-out leaves copies out together");
      }),
    );
  });

  test.each(CASES.filter(([, , , , direct]) => direct))("%s: rows that repeat add their precisions", (...args) => {
    const [, model, C, options] = args;
    // Row 1 stands there three times, with noise and weights that differ; then once, with what they have together.
    const rows = [...Array(N).keys(), 1, 1];
    const pick = ({ data, cols }: Matrix) => rows.map((i) => [...data.slice(i * cols, (i + 1) * cols)]);
    const given = {
      noise: rows.map((i, at) => noise[i] + at / 100),
      weights: rows.map((i, at) => weights[i] + at / 9),
    };
    const ridges = Array.isArray(options.ridge) ? [] : [LAMBDA];
    if (ridges.length === 0) return;
    const precision = [1, N, N + 1].reduce((sum, at) => sum + 1 / (LAMBDA / given.weights[at] + given.noise[at]), 0);
    const once = {
      noise: noise.map((value, i) => (i === 1 ? 1 / precision - LAMBDA / 1e3 : value + i / 100)),
      weights: weights.map((value, i) => (i === 1 ? 1e3 : value + i / 9)),
    };
    using_(ntk.fit(model, pick(X), pick(targets(C)), { ...options, ...given }), (repeated) =>
      using_(ntk.fit(model, X, targets(C), { ...options, ...once }), (joined) => {
        expectRelative(repeated.predict(T).variance.data, joined.predict(T).variance.data, CLOSE, "variance");
        for (const name of ["logEvidence", "logEvidenceProfiled", "scale", "degreesOfFreedom"] as const)
          expect(repeated.report[name], name).toBeCloseTo(joined.report[name] ?? Number.NaN, 7);
        if (C > 1 && options.outputs !== "average") return;
        const loo = [repeated, joined].map(({ report }) => report.looResiduals?.data.slice(0, N * C) ?? []);
        expectRelative(loo[0], loo[1], CLOSE, "leave-one-out leaves rows with equal inputs out together");
        expect(repeated.report.notes.join()).toMatch("sum of their precisions");
      }),
    );
  });
});

/** The mean at point i of the regression without it. */
function without(A: Rows, K: Rows, r: number[], i: number): number {
  const rest = r.map((_, at) => at).filter((at) => at !== i);
  const alpha = solve(
    rest.map((a) => rest.map((b) => A[a][b])),
    rest.map((a) => [r[a]]),
  );
  return rest.reduce((sum, at, k) => sum + K[i][at] * alpha[k][0], 0);
}

function using_(fit: Fit, body: (fit: Fit) => void): void {
  try {
    body(fit);
  } finally {
    fit.dispose();
  }
}
