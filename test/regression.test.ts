/** Parts of regression by themselves: scores of made-up predictions, models of a search, edits of a factor. */
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  addSums,
  type BinnedNoise,
  createInfiniteNetwork,
  createNetwork,
  type InfiniteNetwork,
  type Matrix,
  type Network,
  type Ntk,
  periodicKernel,
  randomFeatures,
  rbfKernel,
  StreamError,
  type TuneOptions,
} from "../src/index.js";
import { CholeskyFactor } from "../src/linalg/cholesky.js";
import { readBatch } from "../src/regression/batchSource.js";
import { scoreOf } from "../src/regression/score.js";
import { expectNear } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadVariant, variants } from "./setup/variants.js";

const column = (values: number[]): Matrix => ({ data: Float64Array.from(values), rows: values.length, cols: 1 });

describe("scores", () => {
  test("constant targets have no R², whatever the rounding of their mean", () => {
    for (const y of [0.1, 1 / 3, 1e-300, 7e8])
      for (const n of [1, 3, 6, 7, 10, 49]) {
        const { r2, rmse } = scoreOf(
          column(new Array(n).fill(y + 1)),
          column(new Array(n).fill(1)),
          column(new Array(n).fill(y)),
        );
        expect(r2, `${n} times ${y}`).toBeUndefined();
        expect(rmse).toBeCloseTo(1, 6);
      }
  });

  test("by hand: targets with a mean, a band that is met to the last digit, variances of 0", () => {
    const half = 1.959963984540054;
    const { r2, rmse, nlpd, coverage, rows } = scoreOf(column([0, 0, 0]), column([1, 4, 1]), column([half, -6, 10]));
    const squares = half ** 2 + 36 + 100;
    const middle = (half - 6 + 10) / 3;
    const spread = (half - middle) ** 2 + (-6 - middle) ** 2 + (10 - middle) ** 2;
    expect(rows).toBe(3);
    expect(r2).toBeCloseTo(1 - squares / spread, 12);
    expect(rmse).toBeCloseTo(Math.sqrt(squares / 3), 12);
    const densities = [half ** 2 / 2, Math.log(4) / 2 + 36 / 8, 50].map((x) => x + Math.log(2 * Math.PI) / 2);
    expect(nlpd).toBeCloseTo(densities.reduce((sum, x) => sum + x, 0) / 3, 12);
    expect(coverage).toBeCloseTo(1 / 3, 15);
    expect(scoreOf(column([0, 1]), column([0, 0]), column([0, 2]))).toMatchObject({ nlpd: undefined, coverage: 0.5 });
  });

  test("two outputs: means of both, and undefined where one has none", () => {
    const pair = (a: number[], b: number[]): Matrix => ({
      data: Float64Array.from(a.flatMap((x, i) => [x, b[i]])),
      rows: a.length,
      cols: 2,
    });
    const ones = pair([1, 1], [1, 1]);
    const score = scoreOf(pair([0, 0], [0, 0]), ones, pair([1, -1], [3, -2]));
    const [one, two] = score.perOutput;
    expect(score.rmse).toBeCloseTo(Math.sqrt((1 + 1 + 9 + 4) / 4), 14);
    expect(score.r2).toBeCloseTo(((one.r2 as number) + (two.r2 as number)) / 2, 14);
    expect(score.nlpd).toBeCloseTo(((one.nlpd as number) + (two.nlpd as number)) / 2, 14);
    expect([one.coverage, two.coverage, score.coverage]).toEqual([1, 0, 0.5]);
    const flat = scoreOf(pair([0, 0], [0, 0]), ones, pair([1, 1], [3, -2]));
    expect(flat.perOutput[0].r2).toBeUndefined();
    expect(flat.perOutput[1].r2).toBeDefined();
    expect(flat.r2).toBeUndefined();
  });
});

test("what is no batch is named", () => {
  for (const [value, kind] of [
    [null, "null"],
    [5, "number 5"],
    ["ab", "string"],
    [undefined, "undefined"],
  ] as const) {
    expect(() => readBatch(value)).toThrow(TypeError);
    expect(() => readBatch(value)).toThrow(new RegExp(`it is .*${kind}.*; expected \\{ X, Y \\}`));
  }
  expect(() => readBatch({ X: [1], Y: [1], Z: 1 })).toThrow(/unknown option "Z"/);
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const X = randomMatrix(12, 1, 3, 1.5);
  const Y = X.data.map((x) => Math.sin(2 * x));

  describe("tune", () => {
    const net = createNetwork({ inputs: 1, hidden: [7, 5], biasStd: 1, seed: 3 });

    test("depths of a finite network alone: each is the network of that depth, the best one wins", () => {
      const tuned = ntk.tune(net, X, Y, { depth: [1, 2, 3] });
      expect(tuned.trace.map(({ depth }) => depth)).toEqual([1, 2, 3]);
      const hidden = { 1: [7], 2: [7, 5], 3: [7, 5, 5] } as Record<number, number[]>;
      for (const { depth, ridge, score } of tuned.trace) {
        const own = createNetwork({ inputs: 1, hidden: hidden[depth as number], biasStd: 1, seed: 3 });
        const { report } = ntk.fit(own, X, Y, { ridge, solver: "dual" });
        expect(report.logEvidenceProfiled, `depth ${depth}`).toBeCloseTo(score, 3);
      }
      const best = tuned.trace.reduce((a, b) => (b.score > a.score ? b : a));
      expect([(tuned.model as Network).hidden].flat()).toEqual(hidden[best.depth as number]);
      const trained = { ...net, parameters: net.parameters.map((x) => 2 * x) };
      const same = ntk.tune(trained, X, Y, { depth: [2], activation: ["sigmoid"] });
      expect((same.model as Network).parameters).toEqual(trained.parameters);
      const other = ntk.tune(net, X, Y, { activation: ["sigmoid", "erf"] });
      expect(other.trace[0].score).not.toBe(other.trace[1].score);
    });

    test("what a model has no range of is refused, with what it has", () => {
      const refused = (model: unknown, options: TuneOptions) => () => ntk.tune(model as InfiniteNetwork, X, Y, options);
      const range = [0.1, 2] as const;
      expect(refused(net, { lengthScale: range })).toThrow(
        "lengthScale is given, but a network has none; expected ridge, weightStd, biasStd, depth, activation",
      );
      expect(refused(createInfiniteNetwork(), { period: range })).toThrow(/period is given, but a network has none/);
      expect(refused(rbfKernel(), { weightStd: range })).toThrow(
        'weightStd is given, but the kernel "rbf" has none; expected ridge, lengthScale',
      );
      expect(refused(rbfKernel(), { period: range })).toThrow(/period is given, but the kernel "rbf" has none/);
      expect(refused(periodicKernel(), { depth: [1, 2] })).toThrow(
        'depth is given, but the kernel "periodic" has none; expected ridge, lengthScale, period',
      );
      expect(refused({ kernel: () => [[1]] }, { biasStd: range })).toThrow(
        "biasStd is given, but a custom kernel has none; expected ridge alone",
      );
      for (const perLayer of [{ weightStd: [1, 2, 1] }, { rates: { c1: 0.5 } }]) {
        const layered = createNetwork({ inputs: 1, hidden: [7, 5], biasStd: 1, ...(perLayer as object) });
        expect(refused(layered, { depth: [1, 2] }), JSON.stringify(perLayer)).toThrow(
          new RegExp(`depth is to be chosen, but ${Object.keys(perLayer)[0]} of the model has a value for each of its`),
        );
        expect(refused(layered, { depth: [2] })).not.toThrow();
      }
    });

    test("a result has the fields of what was searched, and no others", () => {
      const fields = (options: TuneOptions, targets: ArrayLike<number> = Y) =>
        Object.keys(ntk.tune(createInfiniteNetwork(), X, targets as Float64Array, options));
      const always = ["model", "ridge", "score", "atBound", "notes", "trace", "aborted"].sort();
      expect(fields({}).sort()).toEqual(always);
      const labels = Array.from(Y, (y) => (y > 0 ? 1 : 0));
      expect(fields({ criterion: "laplace" }, labels).sort()).toEqual([...always, "scale"].sort());
      expect(fields({ solver: "cg" }).sort()).toEqual([...always, "scoreError"].sort());
      expect(fields({ noise: "binned", bins: 2 }).sort()).toEqual([...always, "noise"].sort());
    });

    test("the noise of bins converges long before it runs out of decompositions", () => {
      const x = randomMatrix(60, 1, 5, 1);
      const targets = x.data.map((at, i) => Math.sin(3 * at) + (at > 0 ? 0.5 : 0.02) * Math.cos(40 * i ** 1.5));
      const tuned = ntk.tune(rbfKernel({ lengthScale: 0.7 }), x, targets, {
        noise: "binned",
        bins: 2,
        evaluations: 200,
      });
      expect(tuned.notes).toEqual([]);
      expect(tuned.trace.length).toBeLessThan(25);
      const [low, high] = (tuned.noise as BinnedNoise).variances;
      expect(high + tuned.ridge).toBeGreaterThan(20 * (low + tuned.ridge));
    });
  });

  describe("fits", () => {
    const kernel = rbfKernel({ lengthScale: 0.8 });
    const both = Array.from(X.data, (x) => [Math.sin(2 * x), x ** 2]);
    const Xnew = randomMatrix(101, 1, 9, 1.5);

    test("auto takes the dual side where fewer parameters than rows are dearer still", () => {
      // P = 31 of 33 rows: 33·31² + 31³/3 multiply-adds beside 33²·10 + 33³/3.
      const net = createNetwork({ inputs: 1, hidden: 10, biasStd: 1 });
      expect(net.parameters).toHaveLength(31);
      const points = randomMatrix(33, 1, 4, 1.5);
      expect(ntk.fit(net, points, points.data, { ridge: 1 }).report.solver).toBe("dual");
    });

    test("a mean needs no scale, which may overflow", () => {
      const fit = ntk.fit(
        kernel,
        X,
        Y.map((y) => 1e200 * y),
        { ridge: 0.1, scale: "fit" },
      );
      expect(fit.predict(Xnew, { variance: false }).mean.data.every(Number.isFinite)).toBe(true);
      expect(() => fit.predict(Xnew)).toThrow(RangeError);
    });

    test("noise and weights are finite numbers", () => {
      const given = (key: string, value: number) => () =>
        ntk.fit(kernel, X, Y, { ridge: 0.1, [key]: Array.from(Y, (_, i) => (i === 4 ? value : 1)) });
      for (const value of [Infinity, Number.NaN, -1]) {
        expect(given("noise", value)).toThrow(`noise[4] is ${value}; expected a finite number ≥ 0`);
        expect(given("weights", value)).toThrow(`weights[4] is ${value}; expected a finite number > 0`);
      }
      expect(given("noise", 0)).not.toThrow();
      expect(given("weights", 0)).toThrow(RangeError);
      expect(given("weights", 1e-320)).toThrow(/expected a number of at least/);
    });

    test("a stream of two outputs goes on from its state, to the bit, and has nothing to note", async () => {
      const features = randomFeatures(createInfiniteNetwork({ activation: "relu" }), { count: 16, seed: 3 });
      const [first, second] = [0, 6].map((from) => ({
        X: X.data.slice(from, from + 6),
        Y: both.slice(from, from + 6),
      }));
      const whole = await ntk.fitStream(features, [first, second], { ridge: 0.1 });
      const broken = [first, { X: [Number.NaN], Y: [[1, 2]] }];
      const error = await ntk.fitStream(features, broken, { ridge: 0.1 }).catch((reason) => reason);
      expect(error.state.moment.cols).toBe(2);
      const rest = await ntk.fitStream(features, [second], { ridge: 0.1, state: error.state });
      expect(rest.sums()).toEqual(whole.sums());
      expect(whole.report.notes).toEqual([]);
      const { report } = whole;
      const known = report.conditionNumber;
      whole.dispose();
      expect(report.conditionNumber).toBe(known);
      const sums = rest.sums();
      for (const squares of [[], [1], [1, 2, 3]])
        expect(() => ntk.fitSums(features, { ...sums, squares }, { ridge: 0.1 }), `${squares}`).toThrow(
          `squares has ${squares.length} entries for 2 columns of`,
        );
    });

    test("a path of the smallest and largest targets is that of targets of size one", () => {
      const path = (power: number) =>
        ntk.fit(
          kernel,
          X,
          Y.map((y) => y * 2 ** power),
          { ridges: [0.01, 0.1, 1] },
        ).path;
      const plain = path(0);
      for (const power of [-540, -500, 500, 540])
        path(power).forEach((entry, k) => {
          expect((entry.looRmse as number) / 2 ** power / (plain[k].looRmse as number)).toBeCloseTo(1, 10);
        });
    });

    test("bytes of anything else are no snapshot", () => {
      expect(() => ntk.restore(new Uint8Array(200))).toThrow(
        /these 200 bytes are no snapshot of a fit: they do not start/,
      );
    });

    test("targets of a score have a row for each point, and a column for each output", () => {
      const fit = ntk.fit(kernel, X, Y, { ridge: 0.1 });
      expect(() => fit.score(X, Y.slice(1))).toThrow(/Y has 11 rows; expected 12/);
      expect(() => fit.score(X, both)).toThrow(/Y has 2 columns; expected 1/);
    });

    test("what solver cg has only estimates of is not computed for JSON", () => {
      const { report } = JSON.parse(JSON.stringify(ntk.fit(kernel, X, Y, { ridge: 0.1, solver: "cg" })));
      expect(Object.keys(report).sort()).toEqual(["jitter", "scale"]);
      const dual = JSON.parse(JSON.stringify(ntk.fit(kernel, X, Y, { ridge: 0.1 })));
      expect(dual.report.logEvidence).toBeLessThan(100);
    });

    test("more new points than solver cg takes at a time: variances are those of a factor", () => {
      for (const model of [kernel, createNetwork({ inputs: 1, hidden: 30, outputs: 2, biasStd: 1, seed: 3 })]) {
        const [dual, cg] = (["dual", "cg"] as const).map((solver) => ntk.fit(model, X, both, { ridge: 0.1, solver }));
        const [want, got] = [dual, cg].map((fit) => fit.predict(Xnew, { covariance: true }));
        const size = Math.max(...want.covariance.data);
        expectNear(got.variance.data, want.variance.data, 1e-9, "variances", size);
        expectNear(got.covariance.data, want.covariance.data, 1e-9, "covariances", size);
      }
      expect(() => ntk.fit(kernel, X, Y, { ridge: 0.1, solver: "cg" }).update({ remove: 0 })).toThrow(
        'a fit by solver "cg" cannot be updated; fit again with solver "dual"',
      );
    });

    test("intervals of more points than a tile has: each is that of the point alone", () => {
      // A tile has 2²¹/12 rows.
      const many = randomMatrix(180_000, 1, 4, 1.5);
      const fit = ntk.fit(kernel, X, both, { ridge: 0.1 });
      const options = { variance: false, interval: { level: 0.8 } } as const;
      const all = fit.predict(many, options).interval;
      for (const row of [0, 174_761, 174_762, 174_763, 179_999]) {
        const one = fit.predict([[many.data[row]]], options).interval;
        for (const end of ["lower", "upper"] as const)
          expectNear(all[end].data.subarray(2 * row, 2 * row + 2), one[end].data, 1e-12, `${end} of row ${row}`);
      }
    });

    test("rows with noise or weights of their own have the second version of snapshots", () => {
      const own = Y.map((_, i) => 1 + i);
      const versions = [{}, { noise: own }, { weights: own }, { noise: own, weights: own }].map((options) => {
        const bytes = ntk.fit(kernel, X, Y, { ridge: 0.1, ...options }).snapshot();
        return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
      });
      expect(versions).toEqual([1, 2, 2, 2]);
    });

    test("an update that fails leaves the noise of the rows as it was", () => {
      let broken = false;
      const custom = {
        kernel: (A: Matrix, B: Matrix) => {
          if (broken) throw new Error("broken");
          return Array.from(A.data, (a) => Array.from(B.data, (b) => Math.exp(-((a - b) ** 2))));
        },
      };
      const own = Y.map((_, i) => 1 + i);
      const fit = ntk.fit(custom, X, Y, { ridge: 0.1, noise: own, weights: own });
      const before = fit.snapshot();
      broken = true;
      expect(() => fit.update({ move: { index: 3, X: [0.5], noise: [9], weights: [9] } })).toThrow("broken");
      broken = false;
      expect(fit.snapshot()).toEqual(before);
      fit.update({ move: { index: 3, noise: [9] } });
      const moved = ntk.fit(custom, X, Y, { ridge: 0.1, noise: own.map((v, i) => (i === 3 ? 9 : v)), weights: own });
      expectNear(fit.dualWeights().data, moved.dualWeights().data, 1e-10, "the update after it");
    });

    test("auto takes a low rank for rows with noise and weights, where no row has a diagonal of 0", () => {
      const points = randomMatrix(2000, 1, 3, 1);
      const targets = points.data.map((x) => Math.sin(3 * x));
      const own = targets.map((_, i) => 0.1 + (i % 3));
      const solver = (options: object) => {
        using fit = ntk.fit(rbfKernel(), points, targets, options);
        return fit.report.solver;
      };
      expect(solver({ ridge: 0.1, weights: own })).toBe("lowrank");
      expect(solver({ noise: own })).toBe("lowrank");
      expect(solver({ noise: own.map((value, i) => (i === 7 ? 0 : value)) })).not.toBe("lowrank");
    });

    test("sums of other settings are not added, and a stream whose sums overflow keeps none", async () => {
      const net = createNetwork({ inputs: 1, hidden: 2, biasStd: 1 });
      const [a, b] = [false, true].map((centered) => ntk.primalSums(net, X, Y, { centered }));
      expect(() => addSums(a, b)).toThrow("a is not centered, b is centered; expected the same");
      expect(() => addSums(b, a)).toThrow("a is centered, b is not centered; expected the same");
      const huge = { X, Y: Y.map(() => 1e200) };
      const error = await ntk.fitStream(net, [huge, { X: [Number.NaN], Y: [1] }], { ridge: 0.1 }).catch((e) => e);
      expect(error).toBeInstanceOf(StreamError);
      expect(error.state).toBeUndefined();
      expect(error.batch).toBe(1);
    });
  });

  test("a row that moves is an edit of the factor in the weights' space, no new one", () => {
    const net = createNetwork({ inputs: 1, hidden: 4, biasStd: 1, seed: 3 });
    const points = randomMatrix(300, 1, 4, 1.5);
    const targets = points.data.map((x) => Math.sin(2 * x));
    const add = vi.spyOn(CholeskyFactor.prototype, "add");
    onTestFinished(() => {
      add.mockRestore();
    });
    const own = Array.from({ length: 300 }, (_, i) => 1 + (i % 3));
    for (const options of [{}, { weights: own }]) {
      using fit = ntk.fit(net, points, targets, { ridge: 0.1, solver: "primal", ...options });
      add.mockClear();
      fit.update({ remove: 7 });
      const row = "weights" in options ? { weights: [2] } : {};
      fit.update({ add: { X: [0.3], Y: [0.2], ...row } } as never);
      expect(add.mock.calls.length, JSON.stringify(Object.keys(options))).toBe(1);
    }
  });
});
