/** The first-order model under any loss: loops on features, finite differences, the network itself, and flow. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  ConvergenceError,
  createInfiniteNetwork,
  createNetwork,
  type DynamicsOptions,
  type Matrix,
  NotPositiveDefiniteError,
  type Ntk,
  type OwnLoss,
} from "../../src/index.js";
import { Batches } from "../../src/training/batches.js";
import { toRows } from "../oracle/dense.js";
import { featureDescent, networkLossDescent, textbookLoss } from "../oracle/lossDescent.js";
import type { LossName } from "../oracle/losses.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 9;
const C = 3;
const X = randomMatrix(N, 2, 1, 1.5);
const T = randomMatrix(4, 2, 2, 1.5);
const points = toRows(X);
const net = createNetwork({ inputs: 2, hidden: 12, outputs: C, biasStd: 1, activation: "tanh", seed: 3 });
const single = createNetwork({ inputs: 2, hidden: 12, biasStd: 1, activation: "tanh", seed: 3 });
const infinite = createInfiniteNetwork({ depth: 2, activation: "erf", biasStd: 0.3 });

const labels = points.map(([a, b]) => (a > b ? (a > 0 ? 0 : 1) : 2));
const signs = points.map(([a, b]) => (Math.sin(3 * a) > b ? 1 : -1));
const reals = toRows(randomMatrix(N, C, 5, 3));

/** Targets of a loss, as the textbook takes them. */
function targets(name: LossName, outputs: number): number[][] {
  if (name === "crossEntropy") return labels.map((label) => [0, 1, 2].map((c) => (c === label ? 1 : 0)));
  if (name === "logistic") return signs.map((y, i) => [y, -y, i % 2 ? 1 : -1].slice(0, outputs));
  return reals.map((row) => row.slice(0, outputs));
}

const schedule = Float64Array.from({ length: 200 }, (_, k) => 0.2 / (1 + k / 50));
const RULES: [string, DynamicsOptions][] = [
  ["plain", { learningRate: 0.2 }],
  ["decay", { learningRate: 0.2, weightDecay: 0.3 }],
  ["heavy ball", { learningRate: 0.05, momentum: 0.9 }],
  ["Nesterov, decay", { learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.02 }],
  ["schedule, heavy ball", { learningRate: schedule, momentum: 0.5 }],
  ["batches of 2, decay", { learningRate: 0.1, batchSize: 2, weightDecay: 0.2 }],
  ["batches of 4", { learningRate: 0.1, batchSize: 4, shuffleSeed: 7 }],
  [
    "batches of 1, Nesterov, decay",
    { learningRate: 0.01, batchSize: 1, momentum: 0.8, nesterov: true, weightDecay: 0.1 },
  ],
];
const LOSSES: LossName[] = ["squared", "huber", "logistic", "crossEntropy"];

/** ½ |f − y|²/C: with a mean over N points it is the squared loss. */
const ownSquares: OwnLoss = {
  value: (f, y) => f.reduce((sum, x, c) => sum + (x - y[c]) ** 2, 0) / (2 * f.length),
  gradient: (f, y) => f.map((x, c) => (x - y[c]) / f.length),
};

const rowsAt = ({ batchSize, shuffleSeed = 0 }: DynamicsOptions) => {
  if (batchSize === undefined) return undefined;
  const batches = new Batches(N, batchSize, shuffleSeed);
  return (step: number) => batches.at(step).slice();
};

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(LOSSES)("%s", (loss) => {
    const outputs = loss === "crossEntropy" ? C : 1;
    const model = outputs === 1 ? single : net;
    const Y = targets(loss, outputs);

    test.each(RULES)("%s: steps are those of the model on features", (_, options) => {
      const times = [0, 1, 2, 17, 60];
      const Phi = toRows(ntk.jacobian(model, X));
      const start = ntk.forward(model, X);
      const actual = featureDescent(loss, Phi, toRows(start), Y, options, times, rowsAt(options));
      using path = ntk.dynamics(model, X, Y, { ...options, loss });
      path.at(times).forEach(({ data }, k) => {
        const want = actual[k].f.flat();
        expectNear(data, want, 1e-12, `f at ${times[k]}: rounding of the steps`, 1 + maxAbs(want));
      });
      times.forEach((t, k) => {
        const moved = path.parametersAt(t).map((value, p) => value - model.parameters[p]);
        expectNear(moved, actual[k].moved, 1e-11, `θ at ${t}: as f, and a sum over N more`, 1 + maxAbs(moved));
        const onNew = ntk.linearize(model).at(path.parametersAt(t), T).data;
        expectNear(path.at(t, T).data, onNew, 1e-11, `f* at ${t}: through α and through θ`, 1 + maxAbs(onNew));
        expectNear([path.lossAt(t)], [actual[k].value], 1e-12, `loss at ${t}`, 1 + actual[k].value);
      });
    });

    test("a first step is the slope of the network's loss, by finite differences", () => {
      const rate = 0.5;
      using path = ntk.dynamics(model, X, Y, { learningRate: rate, loss, batchSize: 5 });
      const slope = path.parametersAt(1).map((value, p) => (model.parameters[p] - value) / rate);
      const rows = new Batches(N, 5, 0).at(0);
      const batch = Array.from(rows, (i) => points[i]);
      const lossAt = (parameters: Float64Array) => {
        const F = toRows(ntk.forward({ ...model, parameters }, batch));
        return textbookLoss(
          loss,
          F,
          Array.from(rows, (i) => Y[i]),
        ).value;
      };
      const h = 1e-5;
      const differences = slope.map((_, p) => {
        const [up, down] = [model.parameters.slice(), model.parameters.slice()];
        up[p] += h;
        down[p] -= h;
        return (lossAt(up) - lossAt(down)) / (2 * h);
      });
      expectNear(slope, differences, 1e-8, "∂L/∂θ: ε/h and h²", 1 + maxAbs(differences));
    });

    test.each([undefined, 4])("the network at tiny rates, batches %s: the gap falls with the rate", (batchSize) => {
      const steps = 12;
      const gaps = [0.002, 0.001].map((learningRate) => {
        const options = { learningRate, ...(batchSize && { batchSize }) };
        const actual = networkLossDescent(ntk, model, loss, points, Y, learningRate, steps, rowsAt(options));
        using path = ntk.dynamics(model, X, Y, { ...options, loss });
        const [start, end] = path.at([0, steps]);
        const trained = actual.f.flat();
        const distance = Math.hypot(...end.data.map((x, i) => x - trained[i]));
        return distance / Math.hypot(...end.data.map((x, i) => x - start.data[i]));
      });
      expect(gaps[0]).toBeLessThan(0.02);
      expect(gaps[1]).toBeGreaterThan(0);
      // Half of the way, half of the gap.
      expect(gaps[1] / gaps[0]).toBeCloseTo(0.5, 1);
    });

    test.each(["full", "average"] as const)("%s kernel of several outputs: steps on Θ", (kind) => {
      const Y3 = targets(loss, C);
      const many = kind === "full" ? net : infinite;
      const K = toRows(ntk.kernel(many, X, X, { outputs: kind }));
      // Any features with this kernel will do: rows of its Cholesky factor, a block for each output.
      const L = toRows(ntk.cholesky(K.map((row, i) => row.map((x, j) => (i === j ? x + 1e-13 * K[0][0] : x)))));
      const Phi =
        kind === "full"
          ? L
          : points.flatMap((_, i) =>
              [0, 1, 2].map((c) => [0, 1, 2].flatMap((o) => (o === c ? L[i] : L[i].map(() => 0)))),
            );
      const start = kind === "full" ? toRows(ntk.forward(net, X)) : points.map(() => [0, 0, 0]);
      for (const options of [
        { learningRate: 0.2, momentum: 0.5 },
        { learningRate: 0.1, batchSize: 4 },
      ]) {
        const actual = featureDescent(loss, Phi, start, Y3, options, [0, 3, 40], rowsAt(options));
        using path = ntk.dynamics(many, X, Y3, { ...options, loss });
        path.at([0, 3, 40]).forEach(({ data }, k) => {
          const want = actual[k].f.flat();
          expectNear(data, want, 1e-10, "f: rounding, and 1e-13 of Θ on the diagonal", 1 + maxAbs(want));
        });
      }
    });

    test("flow is what ever smaller steps go to", () => {
      const at = 3;
      using flow = ntk.dynamics(model, X, Y, { learningRate: 1, kind: "flow", loss, tolerance: 1e-10 });
      const run = (steps: number) => {
        using path = ntk.dynamics(model, X, Y, { learningRate: at / steps, loss, batchSize: N });
        return path.at(steps).data;
      };
      // Euler's steps have errors of order h and h²: both are eliminated.
      const [a, b, c] = [2000, 4000, 8000].map(run);
      const limit = a.map((x, i) => x / 3 - 2 * b[i] + (8 / 3) * c[i]);
      expectNear(flow.at(at).data, limit, 1e-7, "f of the flow: h³ of the steps", 1 + maxAbs(limit));
      using loose = ntk.dynamics(model, X, Y, { learningRate: 1, kind: "flow", loss, tolerance: 1e-3 });
      expectNear(loose.at(at).data, limit, 1e-2, "at a loose tolerance", 1 + maxAbs(limit));
    });

    test("below maxLearningRate the loss never rises", () => {
      using probe = ntk.dynamics(model, X, Y, { learningRate: 1, loss });
      const { maxLearningRate, eigenvalues } = probe;
      const curvature = { squared: 1, huber: 1, logistic: 0.25, crossEntropy: 0.5 }[loss];
      const want = (2 * N) / (curvature * eigenvalues[eigenvalues.length - 1]);
      expectNear([maxLearningRate / want], [1], 1e-12, "2n/cλ");
      using path = ntk.dynamics(model, X, Y, { learningRate: 0.99 * maxLearningRate, loss });
      const losses = [0, 1, 2, 3, 5, 10, 20, 50].map((t) => path.lossAt(t));
      losses.slice(1).forEach((value, i) => {
        expect(value).toBeLessThanOrEqual(losses[i]);
      });
    });
  });

  test.each(RULES)("a loss of one's own, %s: squares are the squared loss", (_, options) => {
    const Y = targets("squared", C);
    using own = ntk.dynamics(net, X, Y, { ...options, loss: ownSquares });
    using squared = ntk.dynamics(net, X, Y, options);
    for (const t of [0, 1, 7, 80]) {
      const want = squared.at(t, T).data;
      expectNear(own.at(t, T).data, want, 1e-10, `f* at ${t}: closed form or steps`, 1 + maxAbs(want));
      expect(own.lossAt(t) / squared.lossAt(t)).toBeCloseTo(1, 10);
    }
    expect(own.maxLearningRate).toBe(0);
    expectNear(own.eigenvalues, squared.eigenvalues, 1e-13, "eigenvalues", maxAbs(squared.eigenvalues));
    const product = ntk.matmul(ntk.kernel(net, X, X, { outputs: "full" }), own.eigenvectors()).data;
    const scaled = own.eigenvectors().data.map((value, at) => value * own.eigenvalues[at % (N * C)]);
    expectNear(product, scaled, 1e-13, "Θ U against U Λ", maxAbs(own.eigenvalues));
  });

  test("flow of a loss of one's own: squares are the squared loss in closed form", () => {
    const Y = targets("squared", C);
    for (const weightDecay of [0, 0.1]) {
      using own = ntk.dynamics(net, X, Y, { learningRate: 0.7, kind: "flow", weightDecay, loss: ownSquares });
      using squared = ntk.dynamics(net, X, Y, { learningRate: 0.7, kind: "flow", weightDecay });
      for (const t of [0, 0.01, 1, 50, 3]) {
        const want = squared.at(t, T).data;
        expectNear(own.at(t, T).data, want, 1e-6, `f* at ${t}: 1e-8 a step`, 1 + maxAbs(want));
      }
    }
  });

  test("a wide network is followed by discrete steps, and missed by flow by percents", () => {
    const wide = createNetwork({
      inputs: 2,
      hidden: 512,
      outputs: C,
      biasStd: 1,
      activation: "tanh",
      init: "ntk",
      seed: 1,
    });
    const loss = "crossEntropy";
    using probe = ntk.dynamics(wide, X, labels, { learningRate: 1, loss });
    const learningRate = 0.5 * probe.maxLearningRate;
    const trained = networkLossDescent(ntk, wide, loss, points, targets(loss, C), learningRate, 5).f.flat();
    const start = ntk.forward(wide, X).data;
    const norm = (x: Float64Array) => Math.hypot(...trained.map((value, i) => value - x[i]));
    using steps = ntk.dynamics(wide, X, labels, { learningRate, loss });
    using flow = ntk.dynamics(wide, X, labels, { learningRate, loss, kind: "flow" });
    expect(norm(steps.at(5).data) / norm(start)).toBeLessThan(0.005);
    expect(norm(flow.at(5).data) / norm(start)).toBeGreaterThan(0.03);
  });

  test("separable classes: the loss falls like 1/t, the weights go to infinity, and there is no end", () => {
    using path = ntk.dynamics(net, X, labels, { learningRate: 0.5, loss: "crossEntropy" });
    const [early, late] = [path.lossAt(2000), path.lossAt(20_000)];
    expect(late / early).toBeGreaterThan(0.05);
    expect(late / early).toBeLessThan(0.2);
    const norm = (t: number) => Math.hypot(...path.parametersAt(t).map((value, p) => value - net.parameters[p]));
    // ‖θ − θ0‖ grows like log t: by nearly as much from each power of ten to the next.
    const [a, b, c] = [200, 2000, 20_000].map(norm);
    expect((c - b) / (b - a)).toBeGreaterThan(0.3);
    const guesses = toRows(path.at(2000)).map((f) => f.indexOf(Math.max(...f)));
    expect(guesses).toEqual(labels);
    expect(() => path.at(Infinity)).toThrow(
      /t is Infinity; with the loss crossEntropy the end of training has no closed form, and may be at infinite weights/,
    );
    using flow = ntk.dynamics(net, X, labels, { learningRate: 0.5, loss: "crossEntropy", kind: "flow" });
    expect(flow.lossAt(20_000) / late).toBeCloseTo(1, 1);
  });

  test("outputs near ±1e308", () => {
    const far = {
      kernel: (A: Matrix, B: Matrix) => ({
        data: Float64Array.from(Array.from(A.data).flatMap((a) => Array.from(B.data, (b) => (a === b ? 1 : 0)))),
        rows: A.rows,
        cols: B.rows,
      }),
      mean: (A: Matrix) => ({
        data: Float64Array.from({ length: A.rows * 2 }, (_, i) => [1e308, 0, -1e308, 1e308][i % 4]),
        rows: A.rows,
        cols: 2,
      }),
    };
    using path = ntk.dynamics(far, [0, 1], [0, 1], { learningRate: 1, loss: "crossEntropy" });
    expect(path.lossAt(10)).toBe(0);
    using wrong = ntk.dynamics(far, [0, 1], [1, 1], { learningRate: 1, loss: "crossEntropy" });
    expect(wrong.lossAt(10)).toBe(0.5e308);
    using signed = ntk.dynamics(
      far,
      [0, 1],
      [
        [-1, 1],
        [1, -1],
      ],
      { learningRate: 1, loss: "logistic" },
    );
    // 3e308/4 is a double; the sum of the three terms is not.
    expect(() => signed.lossAt(10)).toThrow(/the loss at t = 10 overflows float64/);
  });

  test("labels and rows of probabilities are the same; models without outputs take them from labels", () => {
    const options = { learningRate: 0.3, loss: "crossEntropy" } as const;
    const hot = targets("crossEntropy", C);
    for (const model of [net, infinite]) {
      using byLabel = ntk.dynamics(model, X, labels, options);
      using byRow = ntk.dynamics(model, X, hot, options);
      expect(byLabel.at(20, T)).toEqual(byRow.at(20, T));
    }
    using binary = ntk.dynamics(
      infinite,
      X,
      signs.map((y) => (y + 1) / 2),
      { learningRate: 0.3, loss: "logistic" },
    );
    using plusMinus = ntk.dynamics(infinite, X, signs, { learningRate: 0.3, loss: "logistic" });
    expect(binary.at(9)).toEqual(plusMinus.at(9));
    // With one label throughout there are two classes all the same.
    using one = ntk.dynamics(infinite, [1, 2], [0, 0], options);
    expect(one.at(1).cols).toBe(2);
  });

  test.each(["descent", "flow"] as const)(
    "%s: the order in which times are asked for is nothing to the answers",
    (kind) => {
      const options = { learningRate: 0.3, loss: "logistic", kind } as const;
      const times = [70, 3, 41, 3, 0, 70, 12].map((t) => (kind === "flow" ? t / 7 : t));
      using path = ntk.dynamics(single, X, signs, options);
      const together = path.at(times);
      times.forEach((t, k) => {
        using fresh = ntk.dynamics(single, X, signs, options);
        expect(fresh.at(t)).toEqual(together[k]);
        expect(path.at(t)).toEqual(together[k]);
        expectNear(path.at(t, T).data, fresh.at(t, T).data, 0, "f*");
      });
      // More times than are kept.
      const many = Array.from({ length: 150 }, (_, k) => (kind === "flow" ? k / 5 : k));
      const before = path.at(many);
      expect(path.at(many.slice().reverse())).toEqual(before.reverse());
    },
  );

  test("known times cost no steps", () => {
    let calls = 0;
    const counted: OwnLoss = {
      value: ownSquares.value,
      gradient(f, y) {
        calls++;
        return ownSquares.gradient(f, y);
      },
    };
    using path = ntk.dynamics(net, X, targets("squared", C), { learningRate: 0.1, loss: counted });
    path.at([10, 100, 50]);
    expect(calls).toBe(100 * N);
    path.at([100, 50], T);
    path.parametersAt(10);
    expect(calls).toBe(100 * N);
    path.at(120);
    expect(calls).toBe(120 * N);
    path.at(55);
    expect(calls).toBe(125 * N);
  });

  test("rates of blocks: a block moves by its rate, and outputs by Θ of these rates", () => {
    const rates = { b: 2, c: 0.5, d: 0 };
    const scaled = createNetwork({ inputs: 2, hidden: 12, biasStd: 1, activation: "tanh", seed: 3, rates });
    const options = { learningRate: 0.1, loss: "logistic" } as const;
    using plain = ntk.dynamics(single, X, signs, options);
    using path = ntk.dynamics(scaled, X, signs, options);
    const [first, moved] = [plain, path].map((of) => of.parametersAt(1).map((x, p) => x - single.parameters[p]));
    for (const { name, offset, length } of scaled.blocks) {
      const rate = rates[name as keyof typeof rates] ?? 1;
      const want = first.subarray(offset, offset + length).map((x) => rate * x);
      expectNear(moved.subarray(offset, offset + length), want, 1e-13, `block ${name}`);
    }
    const onNew = ntk.linearize(scaled).at(path.parametersAt(30), T).data;
    expectNear(path.at(30, T).data, onNew, 1e-11, "f* through α and through θ", 1 + maxAbs(onNew));
  });

  test("a batch of all rows is no batch", () => {
    const Y = targets("squared", 1);
    using all = ntk.dynamics(single, X, Y, { learningRate: 0.1, batchSize: 100 });
    using none = ntk.dynamics(single, X, Y, { learningRate: 0.1 });
    expect(all.at(Infinity)).toEqual(none.at(Infinity));
    expect(all.maxLearningRate).toBe(none.maxLearningRate);
    using exactly = ntk.dynamics(single, X, Y, { learningRate: 0.1, batchSize: N });
    expect(exactly.at(Infinity)).toEqual(none.at(Infinity));
    using few = ntk.dynamics(single, X, Y, { learningRate: 0.1, batchSize: 3 });
    expectNear([few.maxLearningRate], [none.maxLearningRate / 3], 1e-12, "a batch has a third of the terms");
    expect(() => few.at([1, Infinity])).toThrow(/with batches the end of training has no closed form/);
    expect(() => few.lossAt(Infinity)).toThrow(/ask for a number of steps/);
  });

  test("diverging is an error with the time; the times before stay", () => {
    const Y = targets("squared", 1);
    using path = ntk.dynamics(single, X, Y, { learningRate: 30, batchSize: 4 });
    expect(path.lossAt(3)).toBeGreaterThan(path.lossAt(0));
    for (let i = 0; i < 2; i++) {
      expect(() => path.at(100_000)).toThrow(ConvergenceError);
      expect(() => path.at(100_000, T)).toThrow(
        /diverged at t = 100000: the learning rate 30 is above the largest stable/,
      );
      expect(() => path.parametersAt(5000)).toThrow(expect.objectContaining({ step: 5000 }));
    }
    expect(path.at(3).data.every(Number.isFinite)).toBe(true);
    using own = ntk.dynamics(single, X, Y, { learningRate: 30, loss: ownSquares });
    expect(() => own.at(5000)).toThrow(/diverged at t = 5000; use a smaller rate or fewer steps/);
  });

  test("an indefinite kernel is found out when its spectrum is read, or where it diverges", () => {
    const indefinite = {
      kernel: (A: Matrix, B: Matrix) => ({
        data: Float64Array.from(Array.from(A.data).flatMap((a) => Array.from(B.data, (b) => (a === b ? 1 : 2)))),
        rows: A.rows,
        cols: B.rows,
      }),
    };
    using path = ntk.dynamics(indefinite, [0, 1], [1, 2], { learningRate: 1, loss: "huber" });
    expect(() => path.eigenvalues).toThrow(NotPositiveDefiniteError);
    const squares = { learningRate: 5, batchSize: 1 };
    using blown = ntk.dynamics(indefinite, [0, 1], [1, 2], squares);
    expect(() => blown.at(10_000)).toThrow(NotPositiveDefiniteError);
  });

  test("losses of one's own that go wrong", () => {
    const make = (loss: object) => ntk.dynamics(single, X, signs, { learningRate: 0.1, loss: loss as OwnLoss });
    using short = make({ value: () => 0, gradient: () => [] });
    expect(() => short.at(1)).toThrow(/loss\.gradient's result/);
    using text = make({ value: () => "0", gradient: () => [0] });
    expect(() => text.at(1)).toThrow(/loss\.value gave/);
    using nan = make({ value: () => Number.NaN, gradient: () => [0] });
    expect(() => nan.lossAt(1)).toThrow(/the loss is NaN at t = 1; expected a number from loss\.value/);
    using thrown = make({
      value: () => 0,
      gradient: () => {
        throw new Error("mine");
      },
    });
    expect(() => thrown.at(2)).toThrow("mine");
    expect(thrown.at(0).rows).toBe(N);
    // One that uses the library, and its own model, meanwhile.
    const inner = make({ value: ownSquares.value, gradient: ownSquares.gradient });
    const plain = inner.at(5);
    const busy = make({
      value: ownSquares.value,
      gradient: (f: Float64Array, y: Float64Array) => {
        using fit = ntk.fit(single, X, signs, { ridge: 1 });
        inner.at(3 + Math.round(fit.predict(X).mean.data[0] * 0));
        return ownSquares.gradient(f, y);
      },
    });
    expect(busy.at(5)).toEqual(plain);
    busy.dispose();
    inner.dispose();
    // One that disposes of it.
    const gone = make({
      value: () => 0,
      gradient: () => {
        gone.dispose();
        return [0];
      },
    });
    expect(() => gone.at(3)).toThrow(BackendError);
    expect(() => gone.maxLearningRate).toThrow(BackendError);
  });

  test("bad input", () => {
    const make =
      (options: object, Y: unknown = signs) =>
      () =>
        ntk.dynamics(single, X, Y as number[], { learningRate: 1, ...options } as DynamicsOptions);
    expect(make({ loss: "hinge" })).toThrow(/loss is "hinge"/);
    expect(make({ batchSize: 0 })).toThrow(/batchSize is 0/);
    expect(make({ tolerance: 1e-20 })).toThrow(/tolerance is 1e-20; expected a number in \[1e-13, 0.1\]/);
    expect(make({ kind: "flow", batchSize: 3 })).toThrow(/gradient flow has no batches/);
    expect(make({ kind: "flow", momentum: 0.5, loss: "huber" })).toThrow(/gradient flow has no momentum/);
    expect(make({ loss: "logistic" }, [...signs.slice(1), 2])).toThrow(/Y has 2 at row 8/);
    expect(make({ loss: "crossEntropy" }, labels)).toThrow(/1 output, whose cross-entropy is 0/);
    const classes = (Y: unknown) => () =>
      ntk.dynamics(net, X, Y as number[], { learningRate: 1, loss: "crossEntropy" });
    for (const [row, what] of [
      [[1.5, -0.5, 0], "a negative one"],
      [[0.5, 0.2, 0.2], "a sum below 1"],
      [[0.5, 0.5, 0.5], "a sum above 1"],
    ] as const) {
      const rows = labels.map((_, i) => (i === 2 ? [...row] : [0, 0.25, 0.75]));
      expect(() => ntk.dynamics(net, X, rows, { learningRate: 0.3, loss: "crossEntropy" }), what).toThrow(
        `Y has at row 2 the numbers ${row.join(", ")}; expected probabilities that sum to 1`,
      );
    }
    expect(classes([...labels.slice(1), 3])).toThrow(/Y has the label 3 at row 8; expected an integer in \[0, 2\]/);
    expect(classes([...labels.slice(1), 0.5])).toThrow(/label 0.5 at row 8/);
    expect(() =>
      ntk.dynamics(infinite, X, [...labels.slice(1), -1], { learningRate: 1, loss: "crossEntropy" }),
    ).toThrow(/label -1 at row 8/);
    using path = ntk.dynamics(single, X, signs, { learningRate: 1, loss: "huber", kind: "flow" });
    expect(() => path.at(Infinity)).toThrow(/ask for a time/);
    expect(() => path.at(-1)).toThrow(RangeError);
    path.dispose();
    expect(() => path.at(1)).toThrow(BackendError);
    expect(() => path.eigenvectors()).toThrow(BackendError);
  });
});
