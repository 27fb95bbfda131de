/** `compare` under losses and in batches: the model is what `dynamics` says, and wide networks stay beside it. */
import { beforeAll, describe, expect, test } from "vitest";
import { type CompareOptions, createNetwork, type Loss, type Ntk, type OwnLoss } from "../../src/index.js";
import { comparingNetwork } from "../../src/training/compare.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, loadVariant, variants } from "../setup/variants.js";

const N = 9;
const X = randomMatrix(N, 2, 1, 1.5);
const T = randomMatrix(4, 2, 2, 1.5);
const net = createNetwork({ inputs: 2, hidden: 12, outputs: 3, biasStd: 1, activation: "tanh", seed: 3 });
const labels = Array.from({ length: N }, (_, i) => (i * 7) % 3);
const testLabels = [2, 0, 1, 1];
const reals = randomMatrix(N, 3, 5);
const testReals = randomMatrix(4, 3, 6);
const recordAt = [0, 1, 6, 20];

const fourth: OwnLoss = {
  value: (f, y) => f.reduce((sum, x, c) => sum + (x - y[c]) ** 4, 0) / 100,
  gradient: (f, y) => f.map((x, c) => (x - y[c]) ** 3 / 25),
};

const CASES: [string, Loss, { batchSize?: number; shuffleSeed?: number }][] = [
  ["cross-entropy", "crossEntropy", {}],
  ["cross-entropy in batches", "crossEntropy", { batchSize: 4, shuffleSeed: 5 }],
  ["huber", "huber", {}],
  ["squares in batches", "squared", { batchSize: 2, shuffleSeed: 1 }],
  ["squares in batches of all rows", "squared", { batchSize: 50 }],
  ["a loss of one's own in batches", fourth, { batchSize: 5 }],
];
const targets = (loss: Loss) => (loss === "crossEntropy" ? labels : reals);
const testTargets = (loss: Loss) => (loss === "crossEntropy" ? testLabels : testReals);

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(CASES)("%s: the model is that of dynamics", (_, loss, batches) => {
    const rule = { learningRate: 0.01, momentum: 0.3, weightDecay: 0.01, loss, ...batches };
    const options: CompareOptions = { ...rule, steps: 20, recordAt, Xtest: T, Ytest: testTargets(loss) };
    const result = ntk.compare(net, X, targets(loss), options);
    using path = ntk.dynamics(net, X, targets(loss), rule);
    const losses = recordAt.map((t) => path.lossAt(t));
    expectNear(result.linearLoss, losses, 1e-14, "the loss of the model: the order of a sum", 1 + maxAbs(losses));
    expect(result.maxLearningRate).toBe(path.maxLearningRate);
    expect(result.gap[0]).toBe(0);
    // Both start at f0: as the loss of a model on the test points alone.
    using onTest = ntk.dynamics(net, T, testTargets(loss), rule);
    expect(result.linearTestLoss?.[0]).toBeCloseTo(onTest.lossAt(0), 12);
    expect(result.testLoss?.[0]).toBeCloseTo(onTest.lossAt(0), 12);
    expect(result.linearTestLoss?.[3]).not.toBe(result.linearTestLoss?.[0]);
  });

  test.each(CASES)("%s: a wide network stays beside it, twice as near at four times the width", (_, loss, batches) => {
    const gaps = [256, 1024].map((hidden) => {
      const wide = createNetwork({
        inputs: 2,
        hidden,
        outputs: 3,
        biasStd: 1,
        activation: "tanh",
        init: "ntk",
        seed: 1,
      });
      const rule = { learningRate: 0.05, momentum: 0.5, nesterov: true, loss, ...batches };
      const { gap, gapTest } = ntk.compare(wide, X, targets(loss), { ...rule, steps: 20, recordAt: [20], Xtest: T });
      return [gap[0], gapTest?.[0] ?? Number.NaN];
    });
    for (const side of [0, 1]) {
      expect(gaps[0][side]).toBeLessThan(0.1);
      expect(gaps[1][side]).toBeLessThan(0.04);
      expect(gaps[1][side]).toBeLessThan(gaps[0][side] / 2);
    }
  });

  test("a model that overflows has losses of Infinity, and a loss of one's own never sees it", () => {
    // The catapult: above the largest rate the model blows up, and the network does not.
    const line = Array.from({ length: 16 }, (_, i) => i / 5 - 1.5);
    const sine = line.map((x) => Math.sin(2 * x));
    const lecun = createNetwork({ inputs: 1, hidden: 256, biasStd: 1, seed: 1 });
    const seen: number[] = [];
    const squares: OwnLoss = {
      value(f, y) {
        seen.push(f[0]);
        return (f[0] - y[0]) ** 2 / 2;
      },
      gradient: (f, y) => [f[0] - y[0]],
    };
    using probe = ntk.dynamics(lecun, line, sine, { learningRate: 1 });
    const options = { learningRate: 1.5 * probe.maxLearningRate, steps: 1500, recordAt: [0, 1500] };
    const result = ntk.compare(lecun, line, sine, { ...options, loss: squares, Xtest: [0.1], Ytest: [0.2] });
    expect(result.loss[1]).toBeLessThan(1);
    expect([...result.linearLoss]).toEqual([expect.any(Number), Infinity]);
    expect(result.linearTestLoss?.[1]).toBe(Infinity);
    expect([...result.gap]).toEqual([0, 1]);
    expect(result.maxLearningRate).toBe(0);
    expect(seen.every(Number.isFinite)).toBe(true);
  });

  test("the model's steps are made in slices; a run that is left half-way leaves nothing behind", () => {
    const many = randomMatrix(150, 2, 8);
    const Y = Array.from({ length: 150 }, (_, i) => i % 3);
    const small = createNetwork({ inputs: 2, hidden: 2, outputs: 3, biasStd: 1, seed: 1 });
    // A step of the model, 450² multiply-adds, is dearer than one of the network.
    const options = { learningRate: 0.1, steps: 1500, recordAt: [1500], loss: "crossEntropy" } as const;
    const slices = ntk.comparing(small, many, Y, options);
    const seen: number[] = [];
    let turn = slices.next();
    for (; !turn.done; turn = slices.next()) seen.push(turn.value.step);
    const last = seen.filter((step) => step === 1500);
    expect(last.length).toBeGreaterThan(2);
    using path = ntk.dynamics(small, many, Y, { learningRate: 0.1, loss: "crossEntropy" });
    expect(turn.value.linearLoss[0]).toBe(path.lossAt(1500));
    const context = loadContext(variant);
    const left = comparingNetwork(context, small, many, Y, options);
    for (let i = 0; i < 3; i++) left.next();
    expect(context.arena.heldBytes).toBeGreaterThan(450 ** 2 * 8);
    left.return(undefined as never);
    expect(context.arena.heldBytes).toBe(0);
  });

  test("bad input", () => {
    const compare =
      (options: object, Y: unknown = labels) =>
      () =>
        ntk.compare(net, X, Y as number[], { learningRate: 0.1, steps: 1, loss: "crossEntropy", ...options });
    expect(compare({ optimizer: "adam" })).toThrow(/optimizer is "adam", which no tangent kernel follows/);
    expect(compare({ Xtest: T, Ytest: [0, 1, 3, 0] })).toThrow(/Ytest has the label 3 at row 2/);
    expect(compare({}, [...labels.slice(1), 7])).toThrow(/Y has the label 7 at row 8/);
  });
});
