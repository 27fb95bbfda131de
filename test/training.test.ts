/**
 * Parts of training by themselves: exponents of made-up runs, what is refused, what a stopped run keeps, groups of
 * runs, and numbers near the ends of the doubles.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  ConvergenceError,
  createNetwork,
  type Loss,
  type Matrix,
  type Network,
  type Ntk,
  type OwnLoss,
  type TrainOptions,
} from "../src/index.js";
import { fitExponents, type SweepRun, summarise } from "../src/training/exponents.js";
import { type SweepOptions, sweepNetworks } from "../src/training/sweep.js";
import { expectNear } from "./setup/golden.js";
import { generator, randomMatrix } from "./setup/random.js";
import { loadContext, loadVariant, variants } from "./setup/variants.js";

/** Runs whose measures are powers of the width, times noise. */
function madeUp(widths: number[], seeds: number, noise: number, gapOf: (width: number) => number): SweepRun[] {
  const random = generator(4);
  const grid: SweepRun[] = [];
  for (const init of ["ntk", "lecun"] as const)
    for (const width of widths)
      for (let seed = 0; seed < seeds; seed++) {
        const measured = (value: number) => Float64Array.of(0, value * Math.exp(noise * random()));
        grid.push({
          init,
          width,
          seed,
          rate: 0.1,
          learningRate: 0.1,
          divergedAt: undefined,
          steps: [0, 7],
          loss: Float64Array.of(2, 1),
          linearLoss: Float64Array.of(2, 1),
          gap: measured(gapOf(width)),
          parameterDrift: measured(width ** -0.5),
          relativeParameterDrift: measured(init === "ntk" ? 1 / width : width ** -0.25),
          kernelDrift: measured(3 * width ** -1.5),
          maxLearningRate: 1,
          stopped: "steps",
        });
      }
  return grid;
}

describe("exponents of a sweep", () => {
  const WIDTHS = [16, 64, 128, 512];

  test("exact powers are found, without an error", () => {
    const runs = madeUp(WIDTHS, 2, 0, (width) => 1 / width);
    const found = fitExponents(runs, summarise(runs, 2));
    expect(found.map(({ init, step }) => [init, step])).toEqual([
      ["ntk", 0],
      ["ntk", 7],
      ["lecun", 0],
      ["lecun", 7],
    ]);
    for (const { init, step, ...measures } of found) {
      if (step === 0) {
        expect(measures.gap).toBeUndefined();
        continue;
      }
      const wanted = {
        gap: -1,
        parameterDrift: -0.5,
        kernelDrift: -1.5,
        relativeParameterDrift: init === "ntk" ? -1 : -0.25,
      };
      for (const [name, exponent] of Object.entries(wanted)) {
        const fit = measures[name as "gap"];
        expect(fit?.exponent, name).toBeCloseTo(exponent, 12);
        expect(fit?.standardError, name).toBeLessThan(1e-12);
        expect(fit?.widths).toEqual(WIDTHS);
      }
      expect(measures.gapTest).toBeUndefined();
    }
  });

  test("noisy ones by the textbook's regression, with its standard error", () => {
    const runs = madeUp(WIDTHS, 3, 0.3, (width) => 1 / width);
    const [, { kernelDrift }] = fitExponents(runs, summarise(runs, 3));
    const own = runs.filter(({ init }) => init === "ntk");
    // Normal equations of [1, log width].
    const [x, y] = [own.map(({ width }) => Math.log(width)), own.map((run) => Math.log(run.kernelDrift[1]))];
    const n = x.length;
    const sum = (f: (i: number) => number) => x.reduce((total, _, i) => total + f(i), 0);
    const [sx, sy, sxx, sxy] = [sum((i) => x[i]), sum((i) => y[i]), sum((i) => x[i] ** 2), sum((i) => x[i] * y[i])];
    const determinant = n * sxx - sx ** 2;
    const slope = (n * sxy - sx * sy) / determinant;
    const offset = (sy - slope * sx) / n;
    const variance = sum((i) => (y[i] - offset - slope * x[i]) ** 2) / (n - 2);
    expect(kernelDrift?.exponent).toBeCloseTo(slope, 10);
    expect(kernelDrift?.standardError).toBeCloseTo(Math.sqrt((variance * n) / determinant), 10);
  });

  test("widths whose mean gap is 0.1 and more are left out, and so are fits of fewer than three runs or two widths", () => {
    const gaps: Record<number, number> = { 16: 0.5, 64: 0.1, 128: 0.09, 512: 0.01 };
    const runs = madeUp(WIDTHS, 2, 0, (width) => gaps[width]);
    expect(fitExponents(runs, summarise(runs, 2))[1].kernelDrift?.widths).toEqual([128, 512]);
    const single = madeUp(WIDTHS, 1, 0, (width) => gaps[width]);
    expect(fitExponents(single, summarise(single, 1))[1].kernelDrift).toBeUndefined();
    const one = madeUp([128], 9, 0.1, () => 0.01);
    expect(fitExponents(one, summarise(one, 9))[1].kernelDrift).toBeUndefined();
    // A run without a gap tells of no regime.
    const unknown = runs.map((run) => ({ ...run, gap: undefined as never }));
    expect(fitExponents(unknown, summarise(unknown, 2))[1].kernelDrift).toBeUndefined();
  });

  test("drifts that are 0 or Infinity are left out of a fit", () => {
    const runs = madeUp(WIDTHS, 2, 0, (width) => 1 / width);
    runs[0].kernelDrift[1] = 0;
    runs[1].kernelDrift[1] = Infinity;
    runs[2].kernelDrift[1] = Infinity;
    const [, { kernelDrift, parameterDrift }] = fitExponents(runs, summarise(runs, 2));
    expect(kernelDrift?.widths).toEqual(WIDTHS.slice(1));
    expect(kernelDrift?.exponent).toBeCloseTo(-1.5, 12);
    expect(parameterDrift?.widths).toEqual(WIDTHS);
  });

  test("means and standard errors: of all seeds, of one, of values whose sum is beyond a double, of Infinity", () => {
    const runs = madeUp([8], 3, 0, () => 1).slice(0, 3);
    runs.forEach((run, i) => {
      run.gap[1] = [1, 2, 6][i];
      run.kernelDrift[1] = 1.5e308;
      run.parameterDrift[1] = i === 0 ? Infinity : 1;
    });
    runs[2] = { ...runs[2], divergedAt: 5, testLoss: Float64Array.of(1, 4) };
    const [, row] = summarise(runs, 3);
    expect(row).toMatchObject({ init: "ntk", width: 8, rate: 0.1, step: 7, runs: 3, diverged: 1 });
    expect(row.mean.gap).toBeCloseTo(3, 14);
    expect(row.standardError.gap).toBeCloseTo(Math.sqrt((4 + 1 + 9) / 2 / 3), 14);
    expect(row.mean.kernelDrift).toBeCloseTo(1.5e308, -295);
    expect(row.mean.parameterDrift).toBe(Infinity);
    expect(row.standardError.parameterDrift).toBeUndefined();
    expect(row.mean.testLoss).toBe(4);
    expect(row.standardError.testLoss).toBeUndefined();
    expect(row.mean.gapTest).toBeUndefined();
    // A run that ended early counts where it was, and a missing one nowhere.
    const early = summarise([{ ...runs[0], steps: [0] }, undefined, runs[1]], 3);
    expect(early.map(({ step, runs: reached }) => [step, reached])).toEqual([
      [0, 2],
      [7, 1],
    ]);
    expect(summarise([undefined, undefined, undefined, ...runs], 3)).toHaveLength(2);
  });
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const X = randomMatrix(8, 2, 3, 1.5);
  const Y = randomMatrix(8, 1, 4, 1).data;
  const signs = Y.map((y) => (y > 0 ? 1 : -1));
  const net = createNetwork({ inputs: 2, hidden: 6, biasStd: 1, seed: 2 });
  const two = createNetwork({ inputs: 2, hidden: 6, outputs: 2, biasStd: 1, seed: 2 });
  const deep = createNetwork({ inputs: 2, hidden: [5, 4], biasStd: 1, seed: 2 });
  const base: TrainOptions = { learningRate: 0.1, steps: 6 };
  const train = (options: object, targets: ArrayLike<number> = Y, network: Network = net) =>
    ntk.train(network, X, targets as Float64Array, { ...base, ...options } as TrainOptions);

  test("what is refused, and in which words", () => {
    const OWN: OwnLoss = { value: (f, y) => (f[0] - y[0]) ** 2, gradient: (f, y) => [2 * (f[0] - y[0])] };
    const refused: [object, RegExp, ArrayLike<number>?][] = [
      [{ record: ["accuracy"] }, /the target at row 0 is .*; expected targets of -1 and 1 for one output/],
      [{ record: ["sharpness"], loss: OWN }, /record names sharpness, which needs a loss whose curvature is known/],
      [
        { loss: 5 },
        /loss is number 5; expected a name, squared, huber, logistic, crossEntropy, or \{ value, gradient \}/,
      ],
      [{ loss: "hinge" }, /loss is "hinge"; expected one of/],
      [{ optimizer: "adam", betas: [1, 0.9] }, /betas\[0\] is 1; expected a number in \[0, 1\)/],
      [{ optimizer: "adam", betas: [0.9, 1.5] }, /betas\[1\] is 1.5; expected a number in \[0, 1\)/],
      [{ betas: [0.9, 0.99] }, /betas or epsilon is given with optimizer "descent"/],
      [{ epsilon: 0.1 }, /betas or epsilon is given with optimizer "descent"/],
      [{ validation: { X, Y } }, /validation is given without patience; expected both/],
      [{ patience: 3 }, /patience is given without validation: \{ X, Y \}; expected both/],
      [{ shuffleSeed: 3 }, /shuffleSeed is given without batchSize/],
      [{ learningRate: [] }, /learningRate is empty; expected one rate for each step/],
      [{ learningRate: [0.1, 0.1] }, /learningRate has 2 rates; expected one for each of 6 steps/],
      [{ learningRate: [0.1, 0.1, -1, 1, 1, 1] }, /learningRate\[2\] is -1/],
      [{ learningRate: [0.1, 0.1, 1, Infinity, 1, 1] }, /learningRate\[3\] is Infinity/],
      [{ recordAt: [0, 7] }, /recordAt\[1\] is 7; expected at most steps, 6/],
      [{ loss: "logistic" }, /Y has .* at row 0, column 0; expected -1 or 1, or 0 and 1 throughout/],
    ];
    for (const [options, message] of refused) expect(() => train(options), message.source).toThrow(message);
    expect(() => train({ loss: "crossEntropy" })).toThrow(/the network has 1 output, whose cross-entropy is 0/);
    const mixed = signs.slice();
    mixed[5] = 0;
    expect(() => train({ loss: "logistic" }, mixed)).toThrow(
      /Y has -?1 at row \d, column 0; expected 0 or 1 beside the label 0 of another row/,
    );
    const distributions = (row: number[]) => Float64Array.from({ length: 16 }, (_, at) => row[at % 2]);
    const classes = (row: number[]) =>
      ntk.train(two, X, { data: distributions(row), rows: 8, cols: 2 }, { ...base, loss: "crossEntropy" });
    expect(() => classes([1.5, -0.5])).toThrow(/Y has at row 0 the numbers 1.5, -0.5; expected probabilities/);
    expect(() => classes([0.5, 0.5002])).toThrow(/expected probabilities that sum to 1/);
    expect(() => classes([0.5, 0.4998])).toThrow(/expected probabilities that sum to 1/);
    expect(classes([0.5, 0.50005]).stopped).toBe("steps");
    expect(classes([1, 0]).stopped).toBe("steps");
    expect(() => ntk.train(two, X, Y, { ...base, loss: "crossEntropy" })).toThrow(
      /Y has the label .* at row 0; expected an integer in \[0, 1\]/,
    );
    const rates = (fraction: SweepOptions["learningRates"], loss: Loss) => () =>
      ntk.sweep(X, Y, { widths: [4], learningRates: fraction, steps: 2, loss });
    expect(rates([{ fraction: 0.5 }], OWN)).toThrow(
      /learningRates has a fraction, and the largest stable rate of a loss of one's own is not known/,
    );
    expect(rates([0.01], OWN)().runs).toHaveLength(5);
  });

  test("accuracy of one output takes signs, and of logistic labels 0 and 1 too", () => {
    expect(train({ record: ["accuracy"] }, signs).accuracy).toHaveLength(7);
    const bits = signs.map((y) => (y + 1) / 2);
    const [zeroOne, plusMinus] = [bits, signs].map((labels) =>
      train({ record: ["accuracy"], loss: "logistic" }, labels),
    );
    expect(zeroOne).toEqual(plusMinus);
    expect(() => train({ record: ["accuracy"], Xtest: X, Ytest: Y }, signs)).toThrow(/the target at row 0 is/);
    const both = randomMatrix(8, 2, 4, 1);
    expect(ntk.train(two, X, both, { ...base, record: ["accuracy"] }).accuracy).toHaveLength(7);
  });

  test("the largest stable rate is where steps turn from shrinking to growing, momentum or not", () => {
    const model = { kernel: (A: Matrix, B: Matrix) => Array.from(A.data, (a) => Array.from(B.data, (b) => 1 + a * b)) };
    const points = [-1, 0.5, 2];
    for (const descent of [
      {},
      { momentum: 0.5 },
      { momentum: 0.5, nesterov: true },
      { momentum: 0.9, nesterov: true },
    ]) {
      const at = ntk.dynamics(model, points, [1, -1, 2], { learningRate: 1, ...descent });
      const lossAt = (part: number) => {
        // A schedule is followed step by step.
        const learningRate = new Float64Array(3000).fill(part * at.maxLearningRate);
        using path = ntk.dynamics(model, points, [1, -1, 2], { learningRate, ...descent });
        return path.lossAt(3000);
      };
      expect(lossAt(0.98), JSON.stringify(descent)).toBeLessThan(3);
      expect(lossAt(1.02), JSON.stringify(descent)).toBeGreaterThan(1e10);
      at.dispose();
      expect(at.maxLearningRate, "known, and not computed again").toBeGreaterThan(0);
    }
  });

  test("what the last step breaks is told, with what is known of the rate", () => {
    const failure = (options: object, network = net) => {
      try {
        train(options, Y, network);
      } catch (error) {
        return error as Error;
      }
      throw new Error("it did not diverge");
    };
    for (const network of [net, deep]) {
      const last = failure({ learningRate: 1e30, steps: 1, recordAt: [] }, network);
      expect(last).toBeInstanceOf(ConvergenceError);
      expect(last.message).toMatch(/diverged at step 1 .*the largest stable one of the first-order model \d/);
    }
    const adam = failure({ learningRate: 1e200, optimizer: "adam" });
    expect(adam.message).toMatch(/the learning rate is 1e\+200; use a smaller rate/);
    expect(adam).toMatchObject({ maxLearningRate: undefined });
  });

  test("decay to zero needs rates of 1, and only then", () => {
    const rated = createNetwork({ inputs: 2, hidden: 6, biasStd: 1, seed: 2, rates: { c: 0.5 } });
    const run = (options: object) => () => train({ optimizer: "adamW", ...options }, Y, rated);
    expect(run({ decayTo: "zero", weightDecay: 0.1 })).toThrow(/decayTo is "zero", but the network has rates other/);
    expect(run({ decayTo: "zero" })).not.toThrow();
    expect(run({ decayTo: "start", weightDecay: 0.1 })).not.toThrow();
  });

  test("a block of a deep network moves by its rate", () => {
    const moved = (rates: object) => {
      const network = createNetwork({ inputs: 2, hidden: [5, 4], biasStd: 1, seed: 2, ...rates });
      const { parameters } = train({ steps: 1, recordAt: [] }, Y, network).network;
      return network.blocks.map(({ name, offset, length }) => ({
        name,
        by: parameters.subarray(offset, offset + length).map((value, p) => value - network.parameters[offset + p]),
      }));
    };
    const plain = moved({});
    const rates: Record<string, number> = { c1: 0.5, c2: 3, b: 0 };
    moved({ rates }).forEach(({ name, by }, i) => {
      expectNear(
        by,
        plain[i].by.map((value) => (rates[name] ?? 1) * value),
        1e-15,
        name,
        1,
      );
    });
  });

  test("all progress is told of steps, also where a run ends early", () => {
    const untilLoss = train({ steps: 3, recordAt: [3] }).loss[0];
    for (const progress of ntk.training(net, X, Y, { ...base, untilLoss } as TrainOptions))
      expect(progress).toMatchObject({ steps: 6, step: expect.any(Number), loss: expect.any(Number) });
    expect(() => train({ state: 5 })).toThrow("state is number 5; expected the `state` of what train() gave");
    expect(() => train({ untilLoss: Number.NaN })).toThrow(/untilLoss is NaN/);
    expect(() => train({ untilLoss: -Infinity })).toThrow(/untilLoss is -Infinity; expected a finite number/);
  });

  test("a rate of 0 in a schedule is a step that does not move", () => {
    const { network } = train({ learningRate: [0.1, 0, 0.1], steps: 3, recordAt: [] });
    const moving = train({ learningRate: 0.1, steps: 2, recordAt: [] });
    expect([...network.parameters]).toEqual([...moving.network.parameters]);
  });

  test("velocity and squares are kept where the optimizer has them", () => {
    const P = net.parameters.length;
    const kept = (options: object) => {
      const { velocity, squares } = train(options).state;
      return [velocity.length, squares.length];
    };
    expect(kept({})).toEqual([0, 0]);
    expect(kept({ momentum: 0.5 })).toEqual([P, 0]);
    expect(kept({ optimizer: "adam" })).toEqual([P, P]);
    expect(kept({ optimizer: "adamW" })).toEqual([P, P]);
  });

  test("progress has the loss of the last step that was made", () => {
    for (const network of [net, deep]) {
      const seen: { step: number; loss: number }[] = [];
      const { loss } = train(
        {
          recordAt: [0, 1, 2, 3, 4, 5, 6],
          onProgress: (progress: { step: number; loss: number }) => seen.push(progress),
        },
        Y,
        network,
      );
      expect(seen.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
      for (const progress of seen) expect(progress.loss).toBe(loss[progress.step - 1]);
    }
  });

  test("a run that records nothing records nothing where it stops early", () => {
    const untilLoss = train({ steps: 3, recordAt: [3] }).loss[0];
    const early = train({ untilLoss, recordAt: [] });
    expect([early.stopped, early.state.step, early.steps.length]).toEqual(["untilLoss", 3, 0]);
    expect(train({ untilLoss, recordAt: [0] }).steps).toEqual([0, 3]);
  });

  test("untilLoss of batches is that of all rows in deep networks too", () => {
    for (const network of [net, deep]) {
      const options = { batchSize: 2, learningRate: 0.05, steps: 80 };
      const whole = train({ ...options, recordAt: [20, 40] }, Y, network);
      const { stopped, state } = train({ ...options, untilLoss: whole.loss[0], recordAt: [] }, Y, network);
      // An epoch has four steps.
      expect([stopped, state.step % 4]).toEqual(["untilLoss", 0]);
      expect(state.step).toBeLessThanOrEqual(20);
      expect(train({ ...options, steps: state.step, recordAt: [state.step] }, Y, network).loss[0]).toBeLessThanOrEqual(
        whole.loss[0],
      );
    }
  });

  describe("validation", () => {
    // The outputs at the start: the best network is the first that is looked at.
    let against: { X: typeof X; Y: Matrix };
    beforeAll(() => {
      against = { X, Y: ntk.forward(net, X) };
    });

    test("the best network of the run before is the best of a run that goes on", () => {
      const options = { validation: { ...against, every: 1 }, patience: 100 };
      const first = train({ ...options, steps: 3 });
      expect(first.best?.step).toBe(0);
      const state = JSON.parse(JSON.stringify(first.state));
      const rest = ntk.train(first.network, X, Y, { ...base, ...options, state } as TrainOptions);
      expect(rest.best?.step).toBe(0);
      expect(rest.best?.loss).toBe(first.best?.loss);
      expect([...(rest.best?.network.parameters ?? [])]).toEqual([...net.parameters]);
      expect(() => ntk.train(first.network, X, Y, { ...base, state } as TrainOptions)).toThrow(
        /state has a validation loss; expected the validation and patience/,
      );
    });

    test("a run that begins to validate looks at once", () => {
      const first = train({ steps: 1 });
      expect(first.state.validated).toBe(-1);
      const rest = ntk.train(first.network, X, Y, {
        ...base,
        state: first.state,
        validation: { ...against, every: 1 },
        patience: 100,
      });
      expect(rest.best?.step).toBe(1);
      // The end of a run is looked at once, not by both.
      const again = ntk.train(rest.network, X, Y, {
        ...base,
        steps: 8,
        state: rest.state,
        validation: { ...against, every: 1 },
        patience: 7,
      });
      expect([again.stopped, again.state.step]).toEqual(["patience", 8]);
    });

    test("without `every` an epoch of batches, or a hundredth of the steps, passes between two looks", () => {
      const looks = (options: object) => train({ ...options, validation: against, patience: 2 }).state.step;
      expect(looks({ steps: 600 })).toBe(12);
      expect(looks({ steps: 50 })).toBe(2);
      expect(looks({ steps: 50, batchSize: 3 })).toBe(6);
      expect(looks({ steps: 50, batchSize: 100 })).toBe(2);
    });
  });

  describe("a group of runs", () => {
    const options: SweepOptions = {
      widths: [3, 9],
      learningRates: [0.1, 1e3],
      inits: ["lecun", "unit"],
      seeds: 2,
      steps: 30,
      recordAt: [0, 10, 30],
    };
    // Several threads make groups, whoever computes them.
    const grouped = () => ({ ...loadContext(variant), threads: 3 });

    test("is what each run is alone, diverging ones included", () => {
      const alone = sweepNetworks({ ...loadContext(variant), threads: 1 }, X, Y, options);
      expect(alone.runs.some(({ divergedAt }) => divergedAt !== undefined)).toBe(true);
      expect(sweepNetworks(grouped(), X, Y, options)).toEqual(alone);
    });

    test("ends where a report stops it, and keeps what was reported", () => {
      for (const keep of [1, 5, 12, 16]) {
        const stop = new AbortController();
        const onProgress = ({ done }: { done: number }) => done === keep && stop.abort();
        const cut = sweepNetworks(grouped(), X, Y, { ...options, onProgress, signal: stop.signal });
        expect(cut.runs, `${keep} runs`).toHaveLength(keep);
        // After the last report nothing is left to stop.
        expect(cut.aborted).toBe(keep < 16);
      }
    });

    test("that is stopped half-way keeps the runs that had ended", () => {
      // Aborted from the n-th look on: looks come between slices.
      const kept = Array.from({ length: 12 }, (_, looks) => {
        let left = looks;
        const signal = Object.create(AbortSignal.prototype, { aborted: { get: () => left-- <= 0 } });
        const { runs, aborted } = sweepNetworks(grouped(), X, Y, { ...options, steps: 2000, recordAt: [], signal });
        expect(aborted).toBe(true);
        for (const run of runs) expect(run.divergedAt, "only what diverged had ended").toBeGreaterThan(0);
        return runs.length;
      });
      expect(Math.max(...kept)).toBeGreaterThan(0);
      expect(kept[0]).toBe(0);
    });
  });

  test("a loss whose sum of squares is beyond a double is its mean", () => {
    const huge = Float64Array.from(Y, (_, i) => (i % 2 ? -1 : 1) * 1e154 * (1 + i / 10));
    using path = ntk.dynamics(
      { kernel: (A, B) => Array.from({ length: A.rows }, () => new Array(B.rows).fill(1)) },
      X,
      huge,
      {
        learningRate: 0.1,
      },
    );
    const want = huge.reduce((sum, y) => sum + (y / 1e154) ** 2 / 16, 0);
    expect(path.lossAt(0) / 1e308).toBeCloseTo(want, 12);
  });

  test("Monte Carlo kernels of the smallest and largest outputs keep their standard errors", () => {
    const sampled = (outputScale: number) =>
      ntk.sampleKernel({ inputs: 2, hidden: 5, activation: "relu", outputScale }, X, { draws: 6 }).result();
    const plain = sampled(1);
    for (const power of [-330, -200, 200, 330]) {
      const { mean, standardError } = sampled(2 ** power);
      const size = 2 ** (2 * power);
      expectNear(
        mean.data.map((x) => x / size),
        plain.mean.data,
        1e-13,
        `means at 2^${power}`,
      );
      expectNear(
        standardError.data.map((x) => x / size),
        plain.standardError.data,
        1e-12,
        `errors at 2^${power}`,
      );
    }
  });
});
