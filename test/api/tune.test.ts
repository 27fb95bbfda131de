/**
 * Model choice: scores are those of `fit`, nothing on a grid is better, bounds hold, and known hyperparameters come
 * back.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type InfiniteNetwork,
  type Network,
  type Ntk,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const X = randomMatrix(30, 2, 1, 2);
const Y = {
  data: Float64Array.from({ length: 30 }, (_, i) => Math.sin(2 * X.data[2 * i]) + 0.3 * X.data[2 * i + 1]),
  rows: 30,
  cols: 1,
};

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test("activations: each is searched, at each depth, and the best one wins", () => {
    const base = createInfiniteNetwork({ activation: "tanh", biasStd: 0.3 });
    const tried = ["relu", "erf", { name: "leakyRelu", slope: 0.3 }] as const;
    const tuned = ntk.tune(base, X, Y, { activation: tried, depth: [1, 2], weightStd: [0.5, 3], evaluations: 12 });
    const alone = tried.flatMap((activation) =>
      [1, 2].map((depth) => ntk.tune({ ...base, activation, depth }, X, Y, { weightStd: [0.5, 3], evaluations: 12 })),
    );
    const best = alone.reduce((a, b) => (b.score > a.score ? b : a));
    expect(tuned.score).toBe(best.score);
    expect(tuned.model).toEqual(best.model);
    expect(tuned.trace.map(({ score }) => score)).toEqual(
      alone.flatMap(({ trace }) => trace.map(({ score }) => score)),
    );
    expect(new Set(tuned.trace.map(({ activation }) => JSON.stringify(activation))).size).toBe(3);
    expect(ntk.tune(base, X, Y, { evaluations: 1 }).trace[0]).not.toHaveProperty("activation");
  });

  test("a finite network keeps its seed and widths under another activation", () => {
    const net = createNetwork({ inputs: 2, hidden: 20, activation: "relu", biasStd: 1, seed: 5 });
    const { model, trace } = ntk.tune(net, X, Y, { activation: ["relu", "erf"] });
    expect(trace.map(({ activation }) => activation)).toEqual(["relu", "erf"]);
    const { activation, parameters } = model as Network;
    const drawn = createNetwork({ inputs: 2, hidden: 20, activation, biasStd: 1, seed: 5 });
    expect(parameters).toEqual(drawn.parameters);
  });

  test("smooth targets ask for a smooth activation, kinks for one with a kink", () => {
    const line = Array.from({ length: 40 }, (_, i) => i / 10 - 2);
    const model = createInfiniteNetwork({ biasStd: 0.5 });
    const best = (targets: number[]) =>
      (ntk.tune(model, line, targets, { activation: ["relu", "erf"], weightStd: [0.5, 4] }).model as InfiniteNetwork)
        .activation;
    expect(best(line.map((x) => Math.sin(3 * x)))).toBe("erf");
    // Without noise the evidence of any kernel grows without bound, and says little.
    expect(best(line.map((x) => Math.abs(x) + 0.05 * Math.sin(1e4 * x)))).toBe("relu");
  });

  test("what has no activation refuses to search one", () => {
    for (const model of [rbfKernel(), sumOf([{ model: rbfKernel() }])])
      expect(() => ntk.tune(model, X, Y, { activation: ["relu"] })).toThrow(/activation is given, but .* has none/);
    expect(() => ntk.tune(createInfiniteNetwork(), X, Y, { activation: ["rleu" as never] })).toThrow(/activation\[0\]/);
  });

  test.each(["evidence", "loo"] as const)(
    "%s: the score is what fit reports, and no grid point beats it",
    (criterion) => {
      const base = createInfiniteNetwork({ activation: "erf" });
      const { model, ridge, score, trace } = ntk.tune(base, X, Y, {
        criterion,
        weightStd: [0.3, 5],
        biasStd: [0.05, 2],
        evaluations: 60,
      });
      const rate = (candidate: InfiniteNetwork, value: number) => {
        using fit = ntk.fit(candidate, X, Y, { ridge: value });
        const { logEvidenceProfiled = Number.NaN, looResiduals } = fit.report;
        if (criterion === "evidence") return logEvidenceProfiled;
        const squares = Array.from(looResiduals?.data ?? []).reduce((sum, x) => sum + x * x, 0);
        return -Math.sqrt(squares / 30);
      };
      expect(rate(model as InfiniteNetwork, ridge)).toBeCloseTo(score, 5);
      expect(Math.max(...trace.map((point) => point.score))).toBe(score);
      for (const weightStd of [0.3, 1, 2, 5]) {
        for (const biasStd of [0.05, 0.3, 2]) {
          const candidate = { ...base, weightStd, biasStd };
          const mean = ntk.kernelDiagonal(candidate, X).reduce((sum, x) => sum + x, 0) / 30;
          for (const value of [1e-8, 1e-5, 1e-3, 0.1, 1]) {
            expect(
              rate(candidate, value * mean),
              "no point of the grid is better by more than 1 %",
            ).toBeLessThanOrEqual(score + 0.01 * Math.abs(score));
          }
        }
      }
      for (const point of trace) {
        expect(point.weightStd).toBeGreaterThanOrEqual(0.3 * (1 - 1e-12));
        expect(point.weightStd, "within its bounds").toBeLessThanOrEqual(5 * (1 + 1e-12));
        expect(point.biasStd).toBeGreaterThanOrEqual(0.05 * (1 - 1e-12));
        expect(point.biasStd, "within its bounds").toBeLessThanOrEqual(2 * (1 + 1e-12));
      }
    },
  );

  describe.each(["cg", "lowrank"] as const)("solver %s", (solver) => {
    const count = 300;
    const points = randomMatrix(count, 2, 3, 2);
    const noise = randomMatrix(count, 1, 5, 0.3).data;
    const targets = Float64Array.from(noise, (value, i) => Math.sin(2 * points.data[2 * i]) + value);

    test("ridge and scale are those of the eigendecomposition, and the score is what fit reports", () => {
      const base = createInfiniteNetwork({ activation: "erf", biasStd: 0.5 });
      const options = { weightStd: [0.5, 4] as const, evaluations: 12 };
      const seen: number[] = [];
      const tuned = ntk.tune(base, points, targets, {
        ...options,
        solver,
        onProgress: ({ score }) => seen.push(score),
      });
      const dense = ntk.tune(base, points, targets, options);
      expect(seen).toEqual(tuned.trace.map(({ score }) => score));
      expect(tuned.trace.length, "a few ridges for each kernel").toBeLessThanOrEqual(12 * 10);
      using fit = ntk.fit(tuned.model, points, targets, { ridge: tuned.ridge, solver });
      expect(fit.report.logEvidenceProfiled).toBe(tuned.score);
      expect(fit.report.logEvidenceError).toBe(tuned.scoreError);
      using exact = ntk.fit(tuned.model, points, targets, { ridge: tuned.ridge });
      const error = tuned.scoreError ?? 0;
      expect(error > 0).toBe(solver === "cg");
      const score = exact.report.logEvidenceProfiled as number;
      expect(Math.abs(score - tuned.score), "four standard errors, and what the trace leaves").toBeLessThan(
        4 * error + 0.1,
      );
      expect(dense.score - score, "the choice is as good, to half a nat").toBeLessThan(0.5 + 2 * error);
    });

    test("bounds hold, an abort ends between ridges, and what it cannot do is refused", () => {
      const base = createInfiniteNetwork({ activation: "erf", biasStd: 0.5 });
      const bounded = ntk.tune(base, points, targets, { solver, ridge: [1, 2] });
      expect(bounded.trace.every(({ ridge }) => ridge >= 1 && ridge <= 2)).toBe(true);
      expect(bounded.atBound).toBe(true);
      const signal = { aborted: false };
      const cut = ntk.tune(base, points, targets, {
        solver,
        signal: signal as AbortSignal,
        onProgress() {
          signal.aborted = true;
        },
      });
      expect([cut.aborted, cut.trace.length]).toEqual([true, 1]);
      for (const criterion of ["loo", "laplace"] as const)
        expect(() => ntk.tune(base, points, targets, { solver, criterion })).toThrow(RangeError);
      expect(() => ntk.tune(base, points, targets, { solver, noise: "binned" })).toThrow(/by the evidence alone/);
    });

    test("ridges that cannot be rated are noted, and where none can the error says so", () => {
      const flat = createInfiniteNetwork({ activation: "erf", biasStd: 0.5 });
      expect(() => ntk.tune(flat, points, targets, { solver, ridge: [1e-300, 1e-299] })).toThrow(
        solver === "cg"
          ? 'no ridge from 1e-300 to 1e-299 has a finite score with solver "cg"; expected larger ridges, or'
          : /has a finite score with solver "lowrank"; the ridge 1.00e-299 was not rated: .*; and [1-9] more notes; expected/,
      );
    });
  });

  test("leave-one-out is that of refits", () => {
    const few = { data: X.data.slice(0, 16), rows: 8, cols: 2 };
    const y = Array.from(Y.data.subarray(0, 8));
    const { model, ridge, score } = ntk.tune(createInfiniteNetwork(), few, y, { criterion: "loo", ridge: [1e-3, 1] });
    const squares = y.map((target, i) => {
      const rows = Array.from({ length: 8 }, (_, j) => [few.data[2 * j], few.data[2 * j + 1]]);
      const keep = (_: unknown, j: number) => j !== i;
      using fit = ntk.fit(model, rows.filter(keep), y.filter(keep), { ridge });
      return (target - fit.predict([rows[i]]).mean.data[0]) ** 2;
    });
    expect(score).toBeCloseTo(-Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / 8), 9);
  });

  test("data from a prior: the noise comes back", () => {
    const truth = createInfiniteNetwork({ activation: "relu", depth: 2, weightStd: 1.4, biasStd: 0.3 });
    const points = randomMatrix(150, 2, 9, 2);
    const noise = 0.05 ** 2;
    using prior = ntk.ensemble({ ...truth, kernel: "nngp" }, [[0, 0]], [0]);
    // t = 0: draws from the NNGP prior itself.
    const [f] = prior.sample(0, points, { seed: 4 });
    const jitter = randomMatrix(150, 1, 12, Math.sqrt(3 * noise)).data;
    const y = f.data.map((value, i) => value + jitter[i]);
    const { ridge } = ntk.tune({ ...truth, kernel: "nngp" }, points, y);
    // The scale is profiled out: of the noise of ridge · ŝ.
    using fit = ntk.fit({ ...truth, kernel: "nngp" }, points, y, { ridge, scale: "fit" });
    const found = ridge * fit.report.scale;
    expect(found / noise).toBeGreaterThan(0.5);
    expect(found / noise).toBeLessThan(2);
  });

  test("depths, finite networks, custom kernels", () => {
    const depths = ntk.tune(createInfiniteNetwork({ activation: "relu" }), X, Y, { depth: [1, 2, 3] });
    expect(depths.trace.map(({ depth }) => depth)).toEqual([1, 2, 3]);
    expect((depths.model as InfiniteNetwork).depth).toBe(
      depths.trace.find(({ score }) => score === depths.score)?.depth,
    );
    const net = createNetwork({ inputs: 2, hidden: 12, biasStd: 1, seed: 3 });
    const finite = ntk.tune(net, X, Y, { depth: [1, 2], weightStd: [0.5, 3], evaluations: 6 });
    expect(finite.trace.length, "evaluations that were allowed").toBeLessThanOrEqual(12);
    expect((finite.model as Network).seed).toBe(3);
    expect([12, [12], [12, 12]]).toContainEqual((finite.model as Network).hidden);
    // Untouched, the network keeps weights that are not those of its seed.
    const trained = { ...net, parameters: net.parameters.map((x) => 2 * x) };
    expect((ntk.tune(trained, X, Y).model as Network).parameters).toEqual(trained.parameters);
    const custom = {
      kernel: (A: { data: Float64Array; rows: number; cols: number }, B: typeof A) =>
        ntk.matmul(
          A,
          ntk.matmul(
            [
              [1, 0],
              [0, 1],
            ],
            transpose(B),
          ),
        ),
    };
    const ridgeOnly = ntk.tune(custom, X, Y);
    expect(ridgeOnly.model).toBe(custom);
    expect(ridgeOnly.trace).toHaveLength(1);
  });

  test("the criterion does not depend on the kernel's scale", () => {
    const model = createInfiniteNetwork({ activation: "relu", bias: false });
    const [one, two] = [1, 3].map((weightStd) => ntk.tune({ ...model, weightStd }, X, Y));
    expect(two.score).toBeCloseTo(one.score, 5);
    expect(two.ridge / one.ridge).toBeCloseTo(81, 0);
  });

  test("step by step, progress and signals", () => {
    const model = createInfiniteNetwork();
    const steps = ntk.tuning(model, X, Y, { weightStd: [0.5, 2], evaluations: 5 });
    const first = steps.next();
    expect(first.done).toBe(false);
    let last = steps.next();
    while (!last.done) last = steps.next();
    expect(last.value).toMatchObject({ aborted: false });
    const controller = new AbortController();
    const seen: number[] = [];
    const stopped = ntk.tune(model, X, Y, {
      weightStd: [0.5, 2],
      depth: [1, 2],
      signal: controller.signal,
      onProgress({ score }) {
        seen.push(score);
        if (seen.length === 2) controller.abort();
      },
    });
    expect(stopped.aborted).toBe(true);
    expect(stopped.trace.map(({ score }) => score)).toEqual(seen);
    expect(seen).toHaveLength(2);
  });

  test("bad input", () => {
    const run =
      (options: object, model: unknown = createInfiniteNetwork()) =>
      () =>
        ntk.tune(model as InfiniteNetwork, X, Y, options);
    expect(run({ ridge: [0, 1] })).toThrow(/ridge has the bounds \[0, 1\]/);
    expect(run({ weightStd: 2 })).toThrow(/weightStd is number 2; expected its bounds/);
    expect(run({ biasStd: [2, 1] })).toThrow(RangeError);
    expect(run({ depth: [] })).toThrow(/depth is/);
    expect(run({ depth: [0] })).toThrow(/depth\[0\] is 0/);
    expect(run({ evaluations: 0 })).toThrow(RangeError);
    expect(run({ criterion: "aic" })).toThrow(/criterion is "aic"/);
    expect(run({ lambda: 1 })).toThrow(TypeError);
    expect(run({ depth: [1] }, { kernel: () => X })).toThrow(/a custom kernel has none/);
  });
});

function transpose({ data, rows, cols }: { data: Float64Array; rows: number; cols: number }) {
  return { data: data.map((_, at) => data[(at % rows) * cols + Math.floor(at / rows)]), rows: cols, cols: rows };
}
