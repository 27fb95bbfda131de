/** `compare` under losses and in batches: what it says of the first-order model is what `dynamics` says. */
import { describe, expect, test } from "vitest";
import { createNetwork } from "../../src/index.js";
import { drain } from "../../src/slices.js";
import { type Comparison, checkFollowed, checkTest, comparingGroup } from "../../src/training/compare.js";
import { dynamicsOf } from "../../src/training/dynamics.js";
import { single } from "../../src/training/group.js";
import { type Loss, lossOption, type OwnLoss, targetsOf } from "../../src/training/loss.js";
import { checkRun, type Run } from "../../src/training/run.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const N = 9;
const X = randomMatrix(N, 2, 1, 1.5);
const T = randomMatrix(4, 2, 2, 1.5);
const net = createNetwork({ inputs: 2, hidden: 12, outputs: 3, biasStd: 1, activation: "tanh", seed: 3 });
const labels = Array.from({ length: N }, (_, i) => (i * 7) % 3);
const testLabels = [2, 0, 1, 1];
const reals = randomMatrix(N, 3, 5);
const testReals = randomMatrix(4, 3, 6);
const steps = [0, 1, 6, 20];

const fourth: OwnLoss = {
  value: (f, y) => f.reduce((sum, x, c) => sum + (x - y[c]) ** 4, 0),
  gradient: (f, y) => f.map((x, c) => 4 * (x - y[c]) ** 3),
};

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** `compare`, on a run that has the loss and the batches. */
  function compare(loss: Loss, batches: Run["batches"], rate: number): Comparison {
    const checked = lossOption(loss, "loss");
    const classes = loss === "crossEntropy";
    const rule = { learningRate: rate, momentum: 0.3, nesterov: false, weightDecay: 0.01 };
    const rest = { steps: 20, recordAt: steps, onProgress: undefined, signal: undefined };
    // The squared targets have the shape that every check asks for.
    const plain = checkRun(net, X, reals, { ...rule, ...rest } as Parameters<typeof checkRun>[3]);
    const Y = targetsOf(checked, classes ? labels : reals, "Y", N, 3);
    const run: Run = { ...plain, Y, loss: checked, batches };
    const tests = checkTest(T, classes ? testLabels : testReals, 2, 3, checked);
    return drain(single(comparingGroup(context, [run], tests)) as never);
  }

  test.each<[string, Loss, Run["batches"]]>([
    ["cross-entropy", "crossEntropy", undefined],
    ["cross-entropy in batches", "crossEntropy", { size: 4, seed: 5 }],
    ["huber", "huber", undefined],
    ["squares in batches", "squared", { size: 2, seed: 1 }],
    ["a loss of one's own", fourth, { size: 5, seed: 0 }],
  ])("%s", (_, loss, batches) => {
    const classes = loss === "crossEntropy";
    const result = compare(loss, batches, 0.01);
    const options = { learningRate: 0.01, momentum: 0.3, weightDecay: 0.01, loss };
    const order = batches && { batchSize: batches.size, shuffleSeed: batches.seed };
    using path = dynamicsOf(context, net, X, classes ? labels : reals, { ...options, ...order });
    expect([...result.linearLoss]).toEqual(steps.map((t) => path.lossAt(t)));
    expect(result.maxLearningRate).toBe(path.maxLearningRate);
    expect(result.gap[0]).toBe(0);
    // Both start at f0: as the loss of a model on the test points alone.
    using onTest = dynamicsOf(context, net, T, classes ? testLabels : testReals, options);
    expect(result.linearTestLoss?.[0]).toBeCloseTo(onTest.lossAt(0), 12);
    expect(result.testLoss?.[0]).toBeCloseTo(onTest.lossAt(0), 12);
    expect(result.linearTestLoss?.[3]).not.toBe(result.linearTestLoss?.[0]);
  });

  test("a model that overflows has losses of Infinity, and a loss of one's own never sees it", () => {
    const seen: number[] = [];
    const watched: OwnLoss = {
      value(f, y) {
        seen.push(...f);
        return fourth.value(f, y);
      },
      gradient: fourth.gradient,
    };
    // The network itself is trained by squares here, and stays finite.
    const result = compare(watched, { size: 4, seed: 0 }, 0.9);
    expect(result.linearLoss[3]).toBe(Infinity);
    expect(result.linearTestLoss?.[3]).toBe(Infinity);
    expect(result.gap[3]).toBe(1);
    expect(seen.every(Number.isFinite)).toBe(true);
  });

  test("Adam is refused with a reason", () => {
    expect(() => checkFollowed({ optimizer: "descent" })).not.toThrow();
    expect(() => checkFollowed({ optimizer: "adam" })).toThrow(
      /optimizer is "adam", which the first-order model does not follow: Adam divides .* Θ is no longer what moves/,
    );
  });

  test("test labels are checked by row", () => {
    const loss = lossOption("crossEntropy", "loss");
    expect(() => checkTest(T, [0, 1, 3, 0], 2, 3, loss)).toThrow(/Ytest has the label 3 at row 2/);
  });
});
