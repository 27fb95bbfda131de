/** The trained network against textbook loops, its record, and its distance from the first-order model. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  ConvergenceError,
  createNetwork,
  type DescentOptions,
  type Init,
  MemoryLimitError,
  type NetworkOptions,
  type Ntk,
  type Progress,
  type SweepOptions,
  type TrainOptions,
} from "../../src/index.js";
import { EXAMPLE, NAMES, ORACLE } from "../oracle/activations.js";
import { toRows } from "../oracle/dense.js";
import { networkDescent } from "../oracle/descent.js";
import { expectNear, maxAbs, maxDifference } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const SHAPES: { name: string; options: NetworkOptions; N: number }[] = [
  { name: "d 1", options: { inputs: 1, hidden: 11, biasStd: 1 }, N: 7 },
  { name: "d 3, one unit", options: { inputs: 3, hidden: 1, biasStd: 1 }, N: 4 },
  { name: "d 6, many points", options: { inputs: 6, hidden: 9, biasStd: 0.5 }, N: 37 },
  { name: "ntk", options: { inputs: 2, hidden: 16, init: "ntk", weightStd: 1.3, biasStd: 0.4 }, N: 6 },
  { name: "no bias", options: { inputs: 2, hidden: 8, bias: false }, N: 5 },
  { name: "no bias, ntk, d 5", options: { inputs: 5, hidden: 8, bias: false, init: "ntk" }, N: 1 },
];
const RULES: [string, DescentOptions][] = [
  ["plain", { learningRate: 0.05 }],
  ["decay", { learningRate: 0.05, weightDecay: 0.2 }],
  ["heavy ball", { learningRate: 0.02, momentum: 0.8 }],
  ["Nesterov, decay", { learningRate: 0.02, momentum: 0.8, nesterov: true, weightDecay: 0.1 }],
  ["schedule", { learningRate: Float64Array.from({ length: 25 }, (_, k) => 0.1 / (k + 1)) }],
];
const targets = (X: { data: Float64Array; rows: number; cols: number }) =>
  Float64Array.from({ length: X.rows }, (_, i) => Math.sin(2 * X.data[i * X.cols]) + 0.3);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(SHAPES.flatMap((shape) => RULES.map(([rule, options]) => ({ ...shape, rule, descent: options }))))(
    "$name, $rule: the textbook's loop",
    ({ options, N, descent }) => {
      // What grows fast diverges at these rates.
      for (const label of NAMES.filter((name) => !ORACLE[name].steep)) {
        const activation = EXAMPLE[label];
        const net = createNetwork({ ...options, activation, seed: 2 });
        const X = randomMatrix(N, net.inputs, 3, 1.5);
        const Y = targets(X);
        const want = networkDescent(net, toRows(X), Y, descent, 25);
        const got = ntk.train(net, X, Y, { ...descent, steps: 25, recordAt: [0, 1, 2, 24, 25] });
        // 25 steps of sums of up to P terms.
        expectNear(
          got.network.parameters,
          want.theta,
          1e-12 * (1 + maxAbs(want.theta)),
          `θ, ${label}: 25 steps of sums of up to P terms`,
        );
        expectNear(
          got.loss,
          [0, 1, 2, 24, 25].map((k) => want.losses[k]),
          1e-12,
          `losses, ${label}: 25 steps of sums of up to P terms`,
        );
        expect(got.steps).toEqual([0, 1, 2, 24, 25]);
        const drift = Math.hypot(...want.theta.map((value, p) => value - net.parameters[p]));
        expect(got.parameterDrift[4] / drift).toBeCloseTo(1, 9);
        expect(got.relativeParameterDrift[4]).toBeCloseTo(drift / Math.hypot(...net.parameters), 9);
        expect(got.parameterDrift[0]).toBe(0);
        expect(got.aborted).toBe(false);
      }
    },
  );

  test("one step is −η times the gradient, which finite differences confirm", () => {
    const net = createNetwork({ inputs: 2, hidden: 5, biasStd: 1, activation: "tanh", seed: 6 });
    const X = randomMatrix(6, 2, 7);
    const Y = targets(X);
    const { network } = ntk.train(net, X, Y, { learningRate: 1, steps: 1 });
    const loss = (parameters: Float64Array) => {
      const { data } = ntk.forward({ ...net, parameters }, X);
      return data.reduce((sum, f, i) => sum + (f - Y[i]) ** 2, 0) / 12;
    };
    const h = 1e-5;
    net.parameters.forEach((value, p) => {
      const moved = (step: number) => net.parameters.map((x, q) => (q === p ? x + step : x));
      const slope = (loss(moved(h)) - loss(moved(-h))) / (2 * h);
      expect(
        Math.abs(value - network.parameters[p] - slope),
        `step of θ_${p} against the slope of the loss by differences`,
      ).toBeLessThanOrEqual(1e-8);
    });
  });

  test("kernel drift is the distance of the kernels", () => {
    const net = createNetwork({ inputs: 2, hidden: 20, biasStd: 1, seed: 1 });
    const X = randomMatrix(8, 2, 3);
    const { network, kernelDrift } = ntk.train(net, X, targets(X), { learningRate: 0.1, steps: 40, recordAt: [0, 40] });
    const [before, after] = [ntk.kernel(net, X).data, ntk.kernel(network, X).data];
    expect(kernelDrift[0]).toBe(0);
    expect(kernelDrift[1]).toBeCloseTo(Math.hypot(...after.map((x, i) => x - before[i])) / Math.hypot(...before), 10);
  });

  test("tiny rates follow the first-order model, and the gap grows with the rate", () => {
    const net = createNetwork({ inputs: 1, hidden: 64, biasStd: 1, seed: 1 });
    const X = randomMatrix(10, 1, 4, 1.5);
    const Y = targets(X);
    const at = (learningRate: number) => ntk.compare(net, X, Y, { learningRate, steps: 10, recordAt: [0, 1, 10] });
    const small = at(1e-7);
    expect(small.gap[0]).toBe(0);
    // The second-order term of one step is of order η.
    expect(small.gap[2]).toBeLessThan(1e-6);
    expect(at(1e-3).gap[2]).toBeGreaterThan(10 * small.gap[2]);
    expect(maxDifference(small.loss, small.linearLoss), "losses differ by the second order in the rate").toBeLessThan(
      1e-9,
    );
  });

  test("compare agrees with train, dynamics and forward, momentum included", () => {
    const net = createNetwork({ inputs: 1, hidden: 16, biasStd: 1, seed: 9 });
    const [X, T] = [randomMatrix(10, 1, 4, 1.5), randomMatrix(5, 1, 8, 1.5)];
    const [Y, S] = [targets(X), targets(T)];
    const options: TrainOptions = {
      learningRate: 0.03,
      momentum: 0.8,
      nesterov: true,
      weightDecay: 0.01,
      steps: 60,
      recordAt: [0, 7, 60],
    };
    const both = ntk.compare(net, X, Y, { ...options, Xtest: T, Ytest: S });
    const trained = ntk.train(net, X, Y, options);
    expect([...both.network.parameters]).toEqual([...trained.network.parameters]);
    expect([...both.loss]).toEqual([...trained.loss]);
    using path = ntk.dynamics(net, X, Y, { learningRate: 0.03, momentum: 0.8, nesterov: true, weightDecay: 0.01 });
    expect(both.maxLearningRate).toBe(path.maxLearningRate);
    for (const [inputs, gap] of [
      [X, both.gap],
      [T, both.gapTest],
    ] as const) {
      const [f0, f, lin] = [ntk.forward(net, inputs), ntk.forward(trained.network, inputs), path.at(60, inputs)].map(
        ({ data }) => data,
      );
      const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((x, i) => x - b[i]));
      expect(gap?.[2]).toBeCloseTo(distance(f, lin) / distance(lin, f0), 8);
      expect(gap?.[2]).toBeGreaterThan(1e-4);
    }
    expect(both.linearLoss[2]).toBeCloseTo(path.lossAt(60), 10);
    const test = ntk.forward(trained.network, T).data;
    expect(both.testLoss?.[2]).toBeCloseTo(test.reduce((sum, f, i) => sum + (f - S[i]) ** 2, 0) / 10, 12);
    const linear = path.at(60, T).data;
    expect(both.linearTestLoss?.[2]).toBeCloseTo(linear.reduce((sum, f, i) => sum + (f - S[i]) ** 2, 0) / 10, 8);
  });

  test("divergence is an error with the record up to there", () => {
    const net = createNetwork({ inputs: 1, hidden: 16, biasStd: 1, activation: "relu", seed: 9 });
    const X = randomMatrix(10, 1, 4, 1.5);
    const Y = targets(X);
    using path = ntk.dynamics(net, X, Y, { learningRate: 1 });
    const caught = (run: () => unknown) => {
      try {
        run();
      } catch (error) {
        return error as ConvergenceError;
      }
      throw new Error("it did not diverge");
    };
    const options = { learningRate: 50 * path.maxLearningRate, steps: 500, recordAt: [0, 1, 500] };
    const error = caught(() => ntk.train(net, X, Y, options));
    expect(error).toBeInstanceOf(ConvergenceError);
    expect(error.message).toMatch(
      /diverged at step \d+ .* largest stable one of the first-order model .* use a smaller rate/,
    );
    expect(error.step).toBeGreaterThan(1);
    expect(error.maxLearningRate).toBeCloseTo(path.maxLearningRate, 10);
    expect(error.partial).toMatchObject({ steps: [0, 1], loss: expect.any(Float64Array) });
    const beside = caught(() => ntk.compare(net, X, Y, options)).partial as { steps: number[]; gap: Float64Array };
    expect(beside.steps).toEqual([0, 1]);
    expect(beside.gap.length).toBe(2);
    // Nothing is held by the failures.
    ntk.fit(net, X, Y, { ridge: 1 }).dispose();
  });

  test("above the stable rate the first-order model diverges where the network may not: the catapult", () => {
    const net = createNetwork({ inputs: 1, hidden: 256, biasStd: 1, seed: 1 });
    const X = randomMatrix(10, 1, 4, 1.5);
    const Y = targets(X);
    using path = ntk.dynamics(net, X, Y, { learningRate: 1 });
    const { loss, linearLoss, gap } = ntk.compare(net, X, Y, {
      learningRate: 1.5 * path.maxLearningRate,
      steps: 5000,
      recordAt: [0, 20, 5000],
    });
    expect(linearLoss[1]).toBeGreaterThan(linearLoss[0]);
    expect(linearLoss[2]).toBe(Infinity);
    expect(loss[2]).toBeLessThan(loss[0]);
    expect(gap[2]).toBe(1);
  });

  test("default records, progress, abort", () => {
    const net = createNetwork({ inputs: 1, hidden: 200, biasStd: 1, seed: 1 });
    const X = randomMatrix(50, 1, 4, 1.5);
    const Y = targets(X);
    const seen: Progress[] = [];
    const whole = ntk.train(net, X, Y, {
      learningRate: 0.01,
      steps: 1000,
      onProgress: (progress) => seen.push(progress),
    });
    expect(whole.steps[0]).toBe(0);
    expect(whole.steps.at(-1)).toBe(1000);
    expect(whole.steps.length, "about 100 records by default, and both ends").toBeLessThanOrEqual(102);
    expect(whole.steps.every((step, i) => i === 0 || step > whole.steps[i - 1])).toBe(true);
    expect(seen.at(-1)).toMatchObject({ step: 1000, steps: 1000 });
    expect(whole.loss.every((loss, i) => i === 0 || loss <= whole.loss[i - 1])).toBe(true);
    const controller = new AbortController();
    const cut = ntk.train(net, X, Y, {
      learningRate: 0.01,
      steps: 1000,
      signal: controller.signal,
      onProgress: ({ step }) => step >= 100 && controller.abort(),
    });
    expect(cut.aborted).toBe(true);
    expect(cut.steps.length).toBeGreaterThan(5);
    expect(cut.steps.length).toBeLessThan(whole.steps.length);
    expect([...cut.loss]).toEqual([...whole.loss.slice(0, cut.loss.length)]);
    expect([...cut.kernelDrift]).toEqual([...whole.kernelDrift.slice(0, cut.loss.length)]);
    expect(cut.network.parameters).not.toEqual(net.parameters);
    const before = ntk.train(net, X, Y, { learningRate: 0.01, steps: 10, signal: AbortSignal.abort() });
    expect(before).toMatchObject({ aborted: true, steps: [] });
    // A callback may use the same Ntk: nothing of the run lies on its scratch stack.
    let inside = 0;
    ntk.train(net, X, Y, {
      learningRate: 0.01,
      steps: 3,
      onProgress: () => {
        inside += ntk.kernel(net, X).rows;
      },
    });
    expect(inside).toBeGreaterThanOrEqual(50);
  });

  test("without records no N×N matrix is made", () => {
    const net = createNetwork({ inputs: 1, hidden: 1, biasStd: 1, seed: 1 });
    const many = Float64Array.from({ length: 40_000 }, (_, i) => Math.sin(i));
    const { network, steps } = ntk.train(net, many, many, { learningRate: 0.1, steps: 3, recordAt: [] });
    expect(steps).toEqual([]);
    expect(network.parameters).not.toEqual(net.parameters);
  });

  test("no steps, a start that is all zeros", () => {
    const net = createNetwork({ inputs: 1, hidden: 2, parameters: new Float64Array(7) });
    const none = ntk.train(net, [0, 1], [1, 2], { learningRate: 1, steps: 0 });
    expect(none.steps).toEqual([0]);
    expect(none.loss[0]).toBe((1 + 4) / 4);
    expect([...none.network.parameters]).toEqual([...net.parameters]);
    const some = ntk.train(net, [0, 1], [1, 2], { learningRate: 0.1, steps: 2 });
    expect([...some.relativeParameterDrift]).toEqual([0, 0, 0]);
    expect(some.kernelDrift.every(Number.isFinite)).toBe(true);
  });

  test("bad input, before any work", () => {
    const net = createNetwork({ inputs: 1, hidden: 4, biasStd: 1 });
    const run = (options: object) => () => ntk.train(net, [0, 1], [1, 2], options as TrainOptions);
    expect(run({ learningRate: 1 })).toThrow(/steps is undefined; expected a number/);
    expect(run({ learningRate: 1, steps: -1 })).toThrow(/steps is -1/);
    expect(run({ steps: 1 })).toThrow(/learningRate is undefined/);
    expect(run({ learningRate: Float64Array.of(1), steps: 2 })).toThrow(
      /learningRate has 1 rates; expected one for each of 2 steps/,
    );
    expect(run({ learningRate: 1, steps: 2, recordAt: [0, 3] })).toThrow(
      /recordAt\[1\] is 3; expected at most steps, 2/,
    );
    expect(run({ learningRate: 1, steps: 2, recordAt: [1, 1] })).toThrow(/recordAt\[1\] is 1, not above recordAt\[0\]/);
    expect(run({ learningRate: 1, steps: 2, recordAt: 1 })).toThrow(TypeError);
    expect(run({ learningRate: 1, steps: 2, onProgress: 1 })).toThrow(/onProgress is number 1; expected a function/);
    expect(run({ learningRate: 1, steps: 2, signal: {} })).toThrow(/expected an AbortSignal/);
    expect(run({ learningRate: 1, steps: 2, epochs: 1 })).toThrow(/unknown option "epochs"/);
    expect(() => ntk.train(net, [0, 1], [1], { learningRate: 1, steps: 1 })).toThrow(/Y has 1 rows; expected 2/);
    expect(() => ntk.compare(net, [0, 1], [1, 2], { learningRate: 1, steps: 1, Ytest: [1] })).toThrow(
      /Ytest is given without Xtest/,
    );
    expect(() =>
      ntk.train(net, new Float64Array(40_000), new Float64Array(40_000), { learningRate: 1, steps: 1 }),
    ).toThrow(MemoryLimitError);
  });

  describe("sweep", () => {
    const X = Array.from({ length: 16 }, (_, i) => -1.5 + i / 5);
    const Y = X.map((x) => Math.sin(2 * x));

    test("under ntk at fixed ηt: parameter drift −½, kernel drift and gap −1", () => {
      const { exponents } = ntk.sweep(X, Y, {
        widths: [64, 128, 256, 512, 1024, 2048],
        inits: ["ntk"],
        learningRates: [1],
        seeds: 8,
        steps: 100,
        recordAt: [100],
        Xtest: [0.1, 0.7],
      });
      const [{ gap, gapTest, kernelDrift, relativeParameterDrift, step }] = exponents;
      expect(step).toBe(100);
      for (const [fit, want] of [
        [gap, -1],
        [gapTest, -1],
        [kernelDrift, -1],
        [relativeParameterDrift, -0.5],
      ] as const) {
        expect(fit?.widths.length).toBeGreaterThanOrEqual(5);
        // MATH.md §5: 3 standard errors + 0.1.
        expect(
          Math.abs((fit?.exponent ?? 0) - want),
          "exponent of MATH.md §5: three standard errors and 0.1",
        ).toBeLessThanOrEqual(3 * (fit?.standardError ?? 0) + 0.1);
        expect(fit?.standardError).toBeLessThan(0.2);
      }
    });

    test("exponents of several initialisations, rates and steps are those of a sweep of each", () => {
      const common = { widths: [16, 64, 256], seeds: 2, steps: 20 };
      const all = ntk.sweep(X, Y, {
        ...common,
        inits: ["ntk", "lecun"],
        learningRates: [0.5, 0.01],
        recordAt: [10, 20],
      });
      expect(all.exponents).toHaveLength(8);
      for (const found of all.exponents) {
        const { init, rate, step } = found;
        const alone = ntk.sweep(X, Y, { ...common, inits: [init], learningRates: [rate], recordAt: [step] });
        expect(alone.exponents).toEqual([found]);
      }
      expect(new Set(all.exponents.map(({ kernelDrift }) => kernelDrift?.exponent)).size).toBeGreaterThan(5);
    });

    test("counts, means, fractions, divergence", () => {
      const options: SweepOptions = {
        widths: [4, 32],
        inits: ["lecun", "unit"],
        learningRates: [{ fraction: 0.5 }, 1e3],
        seeds: 3,
        steps: 30,
        recordAt: [0, 30],
        network: { activation: "relu", biasStd: 1 },
        Xtest: [0.3],
        Ytest: [0.5],
      };
      const total: number[] = [];
      const { runs, summary, aborted } = ntk.sweep(X, Y, { ...options, onProgress: ({ done }) => total.push(done) });
      expect(aborted).toBe(false);
      expect(total).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      const cell = runs.filter((run) => run.init === "unit" && run.width === 32 && typeof run.rate === "object");
      expect(cell.map((run) => run.seed)).toEqual([0, 1, 2]);
      for (const run of cell) expect(run.learningRate / run.maxLearningRate).toBeCloseTo(0.5, 12);
      const gaps = cell.map((run) => run.gap[1]);
      const row = summary.find(
        ({ init, width, rate, step }) => init === "unit" && width === 32 && typeof rate === "object" && step === 30,
      );
      const mean = gaps.reduce((sum, x) => sum + x, 0) / 3;
      expect(row?.mean.gap).toBeCloseTo(mean, 12);
      expect(row?.standardError.gap).toBeCloseTo(Math.sqrt(gaps.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 6), 12);
      expect(row).toMatchObject({ runs: 3, diverged: 0 });
      expect(row?.mean.testLoss).toBeGreaterThan(0);
      const wild = summary.filter(({ rate, width }) => rate === 1e3 && width === 32);
      expect(wild.some(({ diverged }) => diverged > 0)).toBe(true);
      // The run itself is reproducible from what it says.
      const again = ntk.compare(
        createNetwork({ inputs: 1, hidden: 32, init: "unit", seed: 1, activation: "relu", biasStd: 1 }),
        X,
        Y,
        {
          learningRate: cell[1].learningRate,
          steps: 30,
          recordAt: [0, 30],
        },
      );
      expect([...again.gap]).toEqual([...cell[1].gap]);
    });

    test("abort and bad input", () => {
      const base: SweepOptions = { widths: [4], learningRates: [0.1], steps: 5, seeds: 2 };
      const stop = new AbortController();
      const cut = ntk.sweep(X, Y, { ...base, signal: stop.signal, onProgress: () => stop.abort() });
      expect(cut.aborted).toBe(true);
      expect(cut.runs.length).toBe(1);
      expect(cut.summary[0].standardError.gap).toBeUndefined();
      const run = (options: object) => () => ntk.sweep(X, Y, { ...base, ...options } as SweepOptions);
      expect(run({ widths: [] })).toThrow(/widths is empty/);
      expect(run({ widths: 4 })).toThrow(TypeError);
      expect(run({ widths: [4, 0] })).toThrow(/widths\[1\] is 0/);
      expect(run({ inits: ["xavier" as Init] })).toThrow(/inits\[0\] is "xavier"/);
      expect(run({ learningRates: ["fast"] })).toThrow(/learningRates\[0\] is the string "fast"/);
      expect(run({ learningRates: [{ fraction: -1 }] })).toThrow(RangeError);
      expect(run({ seeds: 0 })).toThrow(/seeds is 0/);
      expect(run({ network: { hidden: 3 } })).toThrow(/unknown option "hidden"/);
      expect(run({ steps: 1.5 })).toThrow(/steps is 1.5/);
      expect(run({ Ytest: [1] })).toThrow(/Ytest is given without Xtest/);
    });
  });

  test("the first loss above the limit is named, also in the steps that one call of an op makes", () => {
    // A linear network: each step multiplies the error by about −13, then more as the weights grow.
    const points = [0, 1, 2];
    for (const hidden of [8, [8, 8]]) {
      const linear = createNetwork({ inputs: 1, hidden, biasStd: 1, activation: "identity", seed: 1 });
      const options = { learningRate: 3, steps: 6 };
      const first = (steps: number): number => {
        try {
          ntk.train(linear, points, [1, 2, 3], { ...options, steps });
        } catch (error) {
          return Number(/diverged at step (\d+) /.exec((error as Error).message)?.[1]);
        }
        return Infinity;
      };
      const step = first(6);
      expect(step).toBeLessThan(6);
      // Fewer steps than that do not diverge, and one more tells the same.
      expect(first(step - 1)).toBe(Infinity);
      expect(first(step + 1)).toBe(step);
    }
  });

  test("a huge first loss: the answer is finite, or an error that says where it diverged", () => {
    const X = [0, 1, 2];
    for (const hidden of [4, [3, 3]]) {
      for (const size of [1e140, 1e148, 1e150, 1e153, 1e155, 1e200]) {
        const net = createNetwork({ inputs: 1, hidden, activation: "tanh", biasStd: 1 });
        for (const learningRate of [1e-3, 0.5, 1e4, 1e150, 1e300]) {
          for (const recordAt of [[], undefined]) {
            const options = { learningRate, steps: 20, ...(recordAt && { recordAt }) };
            for (const run of [ntk.train.bind(ntk), ntk.compare.bind(ntk)]) {
              const what = `hidden ${hidden}, targets ${size}, rate ${learningRate}`;
              try {
                const { network, loss, kernelDrift } = run(net, X, [0, size, -size], options);
                expect(network.parameters.every(Number.isFinite), what).toBe(true);
                expect(loss.every(Number.isFinite), what).toBe(true);
                expect(kernelDrift.every(Number.isFinite), what).toBe(true);
              } catch (error) {
                expect((error as Error).name, what).toMatch(/ConvergenceError|RangeError/);
                expect((error as Error).message, what).toMatch(/diverged at step|overflows float64/);
              }
            }
          }
        }
      }
    }
  });
});
