/** Solver "lowrank", and "cg" with its preconditioner, for every kind of model: against the factorisation. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type FitOptions,
  type Matrix,
  type Model,
  NotPositiveDefiniteError,
  type Ntk,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { bell } from "../setup/bell.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 240;
const X = randomMatrix(N, 2, 1, 2);
const T = randomMatrix(7, 2, 2, 2);
const noise = Float64Array.from({ length: N }, (_, i) => 0.05 + (i % 7) / 10);
const weights = Float64Array.from({ length: N }, (_, i) => 0.5 + (i % 5));

const MODELS: [string, Model, number, FitOptions][] = [
  ["one hidden layer", createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 4 }), 1, {}],
  ["deep, two outputs", createNetwork({ inputs: 2, hidden: [9, 8], outputs: 2, biasStd: 1, seed: 5 }), 2, {}],
  ["averaged", createNetwork({ inputs: 2, hidden: 9, outputs: 2, biasStd: 1 }), 2, { outputs: "average" }],
  ["infinite, two outputs", createInfiniteNetwork({ depth: 1, activation: "erf", biasStd: 0.3 }), 2, {}],
  ["stationary", rbfKernel({ lengthScale: 2 }), 1, {}],
  ["a sum", sumOf([{ model: rbfKernel() }, { model: createInfiniteNetwork({ depth: 0 }) }]), 1, {}],
  ["custom", { kernel: bell }, 1, {}],
];

const targets = (C: number): Matrix => ({
  data: Float64Array.from({ length: N * C }, (_, at) => Math.sin(2 * X.data[(2 * Math.floor(at / C) + at) % (2 * N)])),
  rows: N,
  cols: C,
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  for (const solver of ["cg", "lowrank"] as const) {
    test.each(MODELS)(`${solver} agrees with the factorisation: %s`, (_, model, C, more) => {
      for (const own of [{}, { noise }, { noise, weights }]) {
        const options = { ridge: 0.1, ...own, ...more };
        using fit = ntk.fit(model, X, targets(C), { ...options, solver });
        using dual = ntk.fit(model, X, targets(C), { ...options, solver: "dual" });
        expect(fit.report.solver).toBe(solver);
        // Backward errors of Nε, times the condition number; with lowrank a trace error of Nε beside them.
        const size = N * C;
        const allowed = 20 * size * Number.EPSILON * (dual.report.conditionNumber as number);
        expect(allowed).toBeLessThan(1e-4);
        const [got, want] = [fit.predict(T, { covariance: true }), dual.predict(T, { covariance: true })];
        const prior = maxAbs(ntk.kernelDiagonal(model, T));
        expectNear(got.mean.data, want.mean.data, allowed * Math.max(1, prior), "mean");
        expectNear(got.variance?.data ?? [], want.variance?.data ?? [1], allowed * prior, "variance");
        expectNear(got.covariance?.data ?? [], want.covariance?.data ?? [1], allowed * prior, "covariance");
        expectNear(
          fit.dualWeights().data,
          dual.dualWeights().data,
          allowed,
          "dual weights",
          maxAbs(dual.dualWeights().data),
        );
        expect(fit.report.backwardError).toBeLessThan(4 * size * Number.EPSILON);
        const [one, two] = [fit, dual].map(({ report }) => report.logEvidence ?? Number.NaN);
        const error = fit.report.logEvidenceError;
        if (solver === "cg") {
          expect(Math.abs(one - two), `${one} ± ${error}, exactly ${two}`).toBeLessThan(3 * (error as number) + 1e-3);
          expect(fit.report.preconditionerRank).toBeGreaterThan(0);
          continue;
        }
        expect(error).toBeUndefined();
        expect(Math.abs(one - two), `${one}, exactly ${two}`).toBeLessThan(1e-6 * Math.abs(two));
        expect(fit.report.degreesOfFreedom).toBeCloseTo(dual.report.degreesOfFreedom ?? Number.NaN, 5);
        expectNear(fit.report.looResiduals?.data ?? [], dual.report.looResiduals?.data ?? [1], 1e-6, "leave-one-out");
        const { rank, relative, trace, bound } = fit.report.approximation ?? {
          rank: 0,
          relative: 1,
          trace: 1,
          bound: 1,
        };
        expect(rank).toBeLessThanOrEqual(size);
        expect(relative).toBeLessThanOrEqual(size * Number.EPSILON);
        expect(bound).toBeGreaterThanOrEqual(trace / 10);
      }
    });
  }

  test("a sigmoid kernel of one input: rank below 20, and the bound on the dual weights holds", () => {
    const net = createNetwork({ inputs: 1, hidden: 50, activation: "sigmoid", biasStd: 1, seed: 1 });
    const x = randomMatrix(1000, 1, 3, 1);
    const y = x.data.map((value) => Math.sin(3 * value));
    using dual = ntk.fit(net, x, y, { ridge: 0.5, solver: "dual" });
    using fine = ntk.fit(net, x, y, { ridge: 0.5, solver: "lowrank" });
    expect(fine.report.approximation?.rank).toBeLessThan(20);
    expect(fine.report.notes[0]).toMatch(/^the kernel is one of rank \d+: .* which is rounding$/);
    for (const traceError of [1e-4, 1e-7]) {
      using fit = ntk.fit(net, x, y, { ridge: 0.5, solver: "lowrank", traceError });
      const { relative, bound, rank } = fit.report.approximation ?? { relative: 1, bound: 0, rank: 0 };
      expect(relative).toBeLessThanOrEqual(traceError);
      expect(rank).toBeLessThan(fine.report.approximation?.rank ?? 0);
      const [got, want] = [fit.dualWeights().data, dual.dualWeights().data];
      const norm = (v: Float64Array) => Math.sqrt(v.reduce((sum, value) => sum + value ** 2, 0));
      const error = norm(got.map((value, i) => value - want[i]));
      expect(error).toBeLessThanOrEqual(bound * norm(got) + 1e-10 * norm(want));
      expect(error, "the approximation is seen").toBeGreaterThan(1e-10 * norm(want));
      expect(fit.report.notes[0]).toMatch(/the dual weights are known to/);
      const [variance, exact] = [fit, dual].map((one) => one.predict([0.2, 3]).variance.data);
      const prior = ntk.kernelDiagonal(net, [0.2, 3]);
      expectNear(variance, exact, 2 * bound, "variance: the trace error over the ridge, of the prior", maxAbs(prior));
    }
    using short = ntk.fit(net, x, y, { ridge: 0.5, solver: "lowrank", rank: 3 });
    expect(short.report.approximation?.rank).toBe(3);
    expect(short.report.notes.join()).toMatch(/was not reached at rank 3/);
  });

  test("auto takes it for many points of a kernel of low rank, and says so; a rough kernel is factored", () => {
    const x = randomMatrix(2000, 1, 3, 1);
    const y = x.data.map((value) => Math.sin(3 * value));
    const smooth = rbfKernel({ lengthScale: 1 });
    using fit = ntk.fit(smooth, x, y, { ridge: 0.1 });
    expect(fit.report.solver).toBe("lowrank");
    expect(fit.report.notes[0]).toMatch(/which is rounding/);
    using few = ntk.fit(smooth, { ...x, rows: 1999, data: x.data.slice(0, 1999) }, y.slice(0, 1999), { ridge: 0.1 });
    expect(few.report.solver).toBe("dual");
    const means = [fit, few].map((one) => one.predict([-0.3, 0.6]).mean.data);
    expectNear(means[0], means[1], 1e-3, "one point more or less");
    fit.update({ remove: 1999 });
    expectNear(fit.predict([-0.3, 0.6]).mean.data, means[1], 1e-9, "the same points");
  });

  test("what lowrank cannot take is refused", () => {
    const model = rbfKernel();
    expect(() => ntk.fit(model, X, targets(1), { solver: "lowrank" })).toThrow(
      /solver "lowrank" needs noise at each row above rounding level/,
    );
    expect(() => ntk.fit(model, X, targets(1), { solver: "lowrank", ridge: 1e-18 })).toThrow(RangeError);
    expect(() => ntk.fit(model, X, targets(1), { traceError: 0.1 })).toThrow(/expected solver "lowrank" beside it/);
    expect(() => ntk.fit(model, X, targets(2), { solver: "lowrank", ridge: [1, 2] })).toThrow(/one ridge for all/);
    expect(() => ntk.fit(model, X, targets(2), { solver: "cg", ridge: [1, 2] })).toThrow(/one ridge for all/);
    const indefinite = {
      kernel: (A: Matrix, B: Matrix) => ({ ...bell(A, B), data: bell(A, B).data.map((k) => (k === 1 ? 0.01 : k)) }),
    };
    expect(() => ntk.fit(indefinite, X, targets(1), { solver: "lowrank", ridge: 0.1 })).toThrow(
      NotPositiveDefiniteError,
    );
  });

  test("an ill-conditioned kernel of 1500 points: few iterations", () => {
    const net = createNetwork({ inputs: 3, hidden: 128, activation: "sigmoid", biasStd: 1, seed: 2 });
    const x = randomMatrix(1500, 3, 3, 2);
    const y = Float64Array.from({ length: 1500 }, (_, i) => Math.sin(x.data[3 * i]));
    using fit = ntk.fit(net, x, y, { ridge: 1e-2, solver: "cg" });
    expect(fit.report.iterations, "iterations with a preconditioner").toBeLessThan(30);
    expect(fit.report.backwardError).toBeLessThan(1500 * 2 * Number.EPSILON);
  });

  test("fitting: progress, other calls in between, an end by return and by signal", () => {
    const net = createNetwork({ inputs: 2, hidden: 60, biasStd: 1, activation: "tanh", seed: 4 });
    const options: FitOptions = { ridge: 1e-3, solver: "cg" };
    const seen: number[] = [];
    const slices = ntk.fitting(net, X, targets(1), { ...options, onProgress: ({ iteration }) => seen.push(iteration) });
    const second = ntk.fitting(net, X, targets(1), options);
    let [one, two] = [slices.next(), second.next()];
    while (!one.done) {
      ntk.kernel(net, T);
      one = slices.next();
      if (!two.done) two = second.next();
    }
    while (!two.done) two = second.next();
    const whole = ntk.fit(net, X, targets(1), options);
    expect(one.value.dualWeights()).toEqual(whole.dualWeights());
    expect(two.value.dualWeights()).toEqual(whole.dualWeights());
    expect(Math.max(...seen)).toBe(whole.report.iterations);
    const left = ntk.fitting(net, X, targets(1), options);
    left.next();
    left.return(undefined as never);
    const signal = { aborted: false };
    const stopped = ntk.fit(net, X, targets(1), {
      ...options,
      signal: signal as AbortSignal,
      onProgress({ iteration }) {
        signal.aborted = iteration >= 2;
      },
    });
    expect(stopped.report.iterations).toBe(2);
    expect(stopped.report.notes[0]).toMatch(/stopped by a signal after 2 iterations, at a backward error of/);
    expect(stopped.report.backwardError).toBeGreaterThan(whole.report.backwardError);
  });
});
