/** Training as people do it: losses, optimizers and batches against a textbook loop, states, stops and records. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  ConvergenceError,
  createNetwork,
  type Loss,
  type Matrix,
  type Network,
  type NetworkOptions,
  type Ntk,
  type OwnLoss,
  type TrainOptions,
} from "../../src/index.js";
import { Batches } from "../../src/training/batches.js";
import { pointLoss } from "../oracle/losses.js";
import { expectNear, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

/** ½(f − y)² summed over outputs, as a loss of one's own: its mean is over points. */
const OWN: OwnLoss = {
  value: (f, y) => f.reduce((sum, value, c) => sum + (value - y[c]) ** 2 / 2, 0),
  gradient: (f, y) => f.map((value, c) => value - y[c]),
};

/** ℓ of one point, and its slopes: the textbook's, or those of a loss of one's own. */
function lossOf(loss: Loss, f: number[], y: number[]): { value: number; slopes: number[] } {
  if (typeof loss === "string") return pointLoss(loss, f, y);
  const [outputs, targets] = [Float64Array.from(f), Float64Array.from(y)];
  return { value: loss.value(outputs, targets), slopes: [...loss.gradient(outputs, targets)] };
}

/** The loop of a textbook on Jacobians: θ, and the loss of each step's batch. */
function loop(
  ntk: Ntk,
  net: Network,
  X: Matrix,
  Y: number[][],
  options: TrainOptions,
): { theta: number[]; losses: number[] } {
  const {
    loss = "squared",
    optimizer = "descent",
    momentum = 0,
    nesterov = false,
    weightDecay: decay = 0,
    betas = [0.9, 0.999],
  } = options;
  const rate = options.learningRate as number;
  const theta = Array.from(net.parameters);
  const anchor = options.decayTo === "zero" ? theta.map(() => 0) : [...theta];
  const [m, v] = [theta.map(() => 0), theta.map(() => 0)];
  const [N, C] = [X.rows, net.outputs];
  const batches = options.batchSize && new Batches(N, options.batchSize, options.shuffleSeed ?? 0);
  const losses: number[] = [];
  for (let k = 0; k < options.steps; k++) {
    const rows = batches ? [...batches.at(k)] : Array.from({ length: N }, (_, i) => i);
    const batch = {
      data: Float64Array.from(rows.flatMap((i) => [...X.data.subarray(i * X.cols, (i + 1) * X.cols)])),
      rows: rows.length,
      cols: X.cols,
    };
    const now = { ...net, parameters: Float64Array.from(theta) };
    const [f, J] = [ntk.forward(now, batch).data, ntk.jacobian(now, batch)];
    const terms = typeof loss !== "string" || loss === "crossEntropy" ? rows.length : rows.length * C;
    const points = rows.map((i, at) => lossOf(loss, [...f.subarray(at * C, at * C + C)], Y[i]));
    losses.push(points.reduce((sum, { value }) => sum + value, 0) / terms);
    const slopes = points.flatMap((point) => point.slopes);
    for (let p = 0; p < theta.length; p++) {
      const gradient = slopes.reduce((sum, slope, row) => sum + (slope * J.data[row * J.cols + p]) / terms, 0);
      const pull = decay * (theta[p] - anchor[p]);
      if (optimizer === "descent") {
        v[p] = momentum * v[p] + gradient + pull;
        theta[p] -= rate * (nesterov ? gradient + pull + momentum * v[p] : v[p]);
        continue;
      }
      const g = optimizer === "adam" ? gradient + pull : gradient;
      m[p] = betas[0] * m[p] + (1 - betas[0]) * g;
      v[p] = betas[1] * v[p] + (1 - betas[1]) * g ** 2;
      const step =
        m[p] / (1 - betas[0] ** (k + 1)) / (Math.sqrt(v[p] / (1 - betas[1] ** (k + 1))) + (options.epsilon ?? 1e-8));
      theta[p] -= rate * (optimizer === "adamW" ? step + pull : step);
    }
  }
  return { theta, losses };
}

const SHAPES: [string, NetworkOptions][] = [
  ["one hidden layer", { inputs: 2, hidden: 9, biasStd: 1, activation: "tanh" }],
  ["two hidden layers", { inputs: 2, hidden: [6, 5], biasStd: 0.5, activation: "erf" }],
  ["three outputs", { inputs: 2, hidden: 7, outputs: 3, biasStd: 0.5, activation: "sigmoid" }],
];
const RULES: [string, Omit<TrainOptions, "steps">][] = [
  ["descent", { learningRate: 0.1 }],
  ["Nesterov on batches", { learningRate: 0.05, momentum: 0.7, nesterov: true, batchSize: 4, shuffleSeed: 3 }],
  ["decay to zero", { learningRate: 0.1, weightDecay: 0.3, decayTo: "zero" }],
  ["Adam", { learningRate: 0.01, optimizer: "adam", weightDecay: 0.1 }],
  [
    "AdamW on batches",
    { learningRate: 0.02, optimizer: "adamW", weightDecay: 0.2, betas: [0.8, 0.9], epsilon: 1e-3, batchSize: 3 },
  ],
];
const LOSSES: Loss[] = ["squared", "huber", "logistic", "crossEntropy", OWN];
const nameOf = (loss: Loss) => (typeof loss === "string" ? loss : "one's own");

/** Targets of a loss, N rows of C. */
function targetsFor(loss: Loss, X: Matrix, C: number): number[][] {
  return Array.from({ length: X.rows }, (_, i) => {
    const x = X.data[i * X.cols];
    if (loss === "crossEntropy") return Array.from({ length: C }, (_, c) => (c === i % C ? 1 : 0));
    if (loss === "logistic") return Array.from({ length: C }, (_, c) => (x > 0 === (c % 2 === 0) ? 1 : -1));
    return Array.from({ length: C }, (_, c) => 2 * Math.sin(2 * x + c));
  });
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  const cases = SHAPES.flatMap(([shape, options]) =>
    LOSSES.filter((loss) => loss !== "crossEntropy" || options.outputs).flatMap((loss) =>
      RULES.map(([rule, descent]) => ({ shape, options, loss, name: nameOf(loss), rule, descent })),
    ),
  );
  test.each(cases)("$shape, $name, $rule: the textbook's loop", ({ options, loss, descent }) => {
    const net = createNetwork({ ...options, seed: 4 });
    const X = randomMatrix(11, net.inputs, 3, 1.5);
    const Y = targetsFor(loss, X, net.outputs);
    const asked = { ...descent, loss, steps: 12, recordAt: [0, 12] };
    const want = loop(ntk, net, X, Y, asked);
    const { network, loss: losses } = ntk.train(net, X, Y, asked);
    // 12 steps of sums of up to 33 terms; Adam divides by what may be as small as its ε.
    expectNear(network.parameters, want.theta, 1e-11 * (1 + maxAbs(want.theta)), "θ after 12 steps");
    if (!descent.batchSize) expect(Math.abs(losses[0] - want.losses[0])).toBeLessThan(1e-13 * (1 + losses[0]));
    // What pulls to 0 need not make the loss smaller.
    if (!descent.weightDecay) expect(losses[1]).toBeLessThan(losses[0]);
  });

  test("rates of blocks scale Adam's steps, and a frozen block stays", () => {
    const net = createNetwork({ inputs: 2, hidden: 6, biasStd: 1, seed: 1, rates: { b: 0, c: 3 } });
    const X = randomMatrix(8, 2, 5);
    const Y = targetsFor("squared", X, 1);
    const options = { learningRate: 0.01, optimizer: "adam", steps: 1, recordAt: [] } as const;
    const [own, plain] = [net, createNetwork({ inputs: 2, hidden: 6, biasStd: 1, seed: 1 })].map(
      (each) => ntk.train(each, X, Y, options).network,
    );
    for (const { name, offset, length } of net.blocks) {
      const factor = { a: 1, b: 0, c: 3, d: 1 }[name] as number;
      for (let p = offset; p < offset + length; p++) {
        const [moved, step] = [own, plain].map(({ parameters }) => parameters[p] - net.parameters[p]);
        expect(Math.abs(moved - factor * step), `${name}: the first step is the same but for the rate`).toBeLessThan(
          1e-15,
        );
      }
    }
  });

  test.each([
    ["descent", { learningRate: 0.05 }],
    [
      "momentum, schedule",
      { learningRate: Float64Array.from({ length: 40 }, (_, k) => 0.1 / (k + 1)), momentum: 0.9, weightDecay: 0.1 },
    ],
    ["batches", { learningRate: 0.05, momentum: 0.8, nesterov: true, batchSize: 4, shuffleSeed: 9 }],
    ["Adam, batches", { learningRate: 0.02, optimizer: "adam", weightDecay: 0.1, batchSize: 3 }],
    ["AdamW", { learningRate: 0.02, optimizer: "adamW", weightDecay: 0.1 }],
  ] as [string, Omit<TrainOptions, "steps">][])(
    "%s: a run that stops and goes on is one that never stopped",
    (_, descent) => {
      for (const [, shape] of SHAPES) {
        const net = createNetwork({ ...shape, seed: 2 });
        const X = randomMatrix(10, net.inputs, 3, 1.5);
        const Y = targetsFor("huber", X, net.outputs);
        const options: TrainOptions = {
          ...descent,
          loss: "huber",
          steps: 40,
          recordAt: [0, 13, 20, 40],
          validation: { X, Y, every: 7 },
          patience: 1000,
          record: ["kernelAlignment"],
        };
        const whole = ntk.train(net, X, Y, options);
        const first = ntk.train(net, X, Y, { ...options, steps: 13, recordAt: [0, 13] });
        const state = JSON.parse(JSON.stringify(first.state));
        const rest = ntk.train(JSON.parse(JSON.stringify(first.network)), X, Y, { ...options, state });
        expect([...rest.network.parameters]).toEqual([...whole.network.parameters]);
        expect(rest.state).toEqual(whole.state);
        expect(rest.steps).toEqual([13, 20, 40]);
        for (const name of ["loss", "parameterDrift", "kernelDrift", "kernelAlignment"] as const)
          expect([...(rest[name] as Float64Array)], name).toEqual([...(whole[name] as Float64Array).subarray(1)]);
        expect(rest.best).toEqual(whole.best);
      }
    },
  );

  test("untilLoss stops before the first step whose loss is small enough, and records it", () => {
    for (const [, shape] of SHAPES) {
      const net = createNetwork({ ...shape, seed: 2 });
      const X = randomMatrix(10, 2, 3, 1.5);
      const Y = targetsFor("squared", X, net.outputs);
      const options = { learningRate: 0.1, steps: 60, recordAt: Array.from({ length: 61 }, (_, k) => k) };
      const whole = ntk.train(net, X, Y, options);
      const untilLoss = whole.loss[37];
      const stopped = ntk.train(net, X, Y, { ...options, untilLoss, recordAt: [0] });
      expect([stopped.stopped, stopped.aborted, stopped.state.step]).toEqual(["untilLoss", false, 37]);
      expect(stopped.steps).toEqual([0, 37]);
      expect(stopped.loss[1]).toBeCloseTo(untilLoss, 14);
      expect([...stopped.network.parameters]).toEqual([
        ...ntk.train(net, X, Y, { ...options, steps: 37, recordAt: [] }).network.parameters,
      ]);
      const never = ntk.train(net, X, Y, { ...options, untilLoss: 0 });
      expect([never.stopped, never.state.step]).toEqual(["steps", 60]);
      expect(ntk.train(net, X, Y, { ...options, steps: 37, untilLoss, recordAt: [] }).stopped, "at the last step").toBe(
        "untilLoss",
      );
      expect(ntk.train(net, X, Y, { ...options, untilLoss: 1e9, recordAt: [] }).state.step).toBe(0);
    }
  });

  test("with batches untilLoss looks at the loss of all rows after each epoch", () => {
    const net = createNetwork({ inputs: 2, hidden: 9, biasStd: 1, seed: 2 });
    const X = randomMatrix(10, 2, 3, 1.5);
    const Y = targetsFor("squared", X, 1);
    const options = { learningRate: 0.1, batchSize: 4, steps: 90 };
    const epochs = Array.from({ length: 31 }, (_, e) => 3 * e);
    const whole = ntk.train(net, X, Y, { ...options, recordAt: epochs });
    const at = 11;
    expect(Math.min(...whole.loss.subarray(0, at))).toBeGreaterThan(whole.loss[at]);
    const { stopped, state } = ntk.train(net, X, Y, { ...options, untilLoss: whole.loss[at] });
    expect([stopped, state.step]).toEqual(["untilLoss", 3 * at]);
    expect(whole.loss[0]).toBeCloseTo(ntk.train(net, X, Y, { learningRate: 0.1, steps: 0 }).loss[0], 13);
  });

  test("patience stops where validation gets no better, and the best network is kept", () => {
    const net = createNetwork({ inputs: 1, hidden: 60, biasStd: 2, activation: "tanh", seed: 5 });
    const [X, V] = [randomMatrix(12, 1, 3, 1.5), randomMatrix(30, 1, 8, 1.5)];
    const noise = randomMatrix(12, 1, 11);
    const Y = Array.from({ length: 12 }, (_, i) => [Math.sin(2 * X.data[i]) + 0.8 * noise.data[i]]);
    const W = Array.from({ length: 30 }, (_, i) => [Math.sin(2 * V.data[i])]);
    const options: TrainOptions = {
      learningRate: 0.02,
      momentum: 0.9,
      steps: 4000,
      recordAt: [],
      validation: { X: V, Y: W, every: 10 },
      patience: 5,
    };
    const { stopped, state, best, network } = ntk.train(net, X, Y, options);
    expect(stopped).toBe("patience");
    expect(state.step).toBe((best?.step as number) + 50);
    const lossOf = (each: Network) => ntk.forward(each, V).data.reduce((sum, f, i) => sum + (f - W[i][0]) ** 2 / 60, 0);
    const kept = best?.network as Network;
    expect(lossOf(kept)).toBeCloseTo(best?.loss as number, 13);
    expect(lossOf(network)).toBeGreaterThan(best?.loss as number);
    expect([...kept.parameters]).toEqual([
      ...ntk.train(net, X, Y, { ...options, steps: best?.step as number }).network.parameters,
    ]);
  });

  test.each(LOSSES.slice(0, 4))("sharpness of %s is the largest eigenvalue of the Gauss–Newton matrix", (loss) => {
    const net = createNetwork({ inputs: 2, hidden: 8, outputs: 3, biasStd: 1, seed: 3 });
    const X = randomMatrix(6, 2, 3, 1.5);
    const Y = targetsFor(loss, X, 3);
    const { sharpness } = ntk.train(net, X, Y, { loss, learningRate: 0.1, steps: 0, record: ["sharpness"] });
    const [f, J] = [ntk.forward(net, X).data, ntk.jacobian(net, X)];
    const terms = loss === "crossEntropy" ? 6 : 18;
    // H by differences of the slopes, one point at a time.
    const H = Array.from({ length: 18 }, () => new Array<number>(18).fill(0));
    for (let i = 0; i < 6; i++) {
      const point = [...f.subarray(3 * i, 3 * i + 3)];
      for (let c = 0; c < 3; c++) {
        const [up, down] = [1e-5, -1e-5].map(
          (h) =>
            lossOf(
              loss,
              point.map((x, at) => (at === c ? x + h : x)),
              Y[i],
            ).slopes,
        );
        for (let at = 0; at < 3; at++) H[3 * i + at][3 * i + c] = (up[at] - down[at]) / 2e-5;
      }
    }
    const P = J.cols;
    const G = Array.from({ length: P }, (_, p) =>
      Array.from({ length: P }, (_, q) => {
        let sum = 0;
        for (let a = 0; a < 18; a++)
          for (let b = 0; b < 18; b++) if (H[a][b] !== 0) sum += J.data[a * P + p] * H[a][b] * J.data[b * P + q];
        return sum / terms;
      }),
    );
    const symmetric = G.map((row, p) => row.map((value, q) => (value + G[q][p]) / 2));
    const { values } = ntk.eigh(symmetric);
    expect((sharpness as Float64Array)[0] / values[P - 1]).toBeCloseTo(1, 5);
  });

  test("alignments, accuracies and test losses are those of their definitions", () => {
    const net = createNetwork({ inputs: 2, hidden: 8, biasStd: 1, seed: 3 });
    const [X, T] = [randomMatrix(9, 2, 3, 1.5), randomMatrix(7, 2, 4, 1.5)];
    const [Y, S] = [X, T].map((points) => targetsFor("logistic", points, 1));
    const seen: { step: number; f: Float64Array; parameters: Float64Array }[] = [];
    const got = ntk.train(net, X, Y, {
      loss: "logistic",
      learningRate: 0.5,
      steps: 30,
      recordAt: [0, 30],
      record: ["kernelAlignment", "targetAlignment", "accuracy"],
      Xtest: T,
      Ytest: S,
      onRecord: ({ step, network, outputs }) => seen.push({ step, f: outputs.data, parameters: network.parameters }),
    });
    const { network } = got;
    expect(got.kernelAlignment?.[0]).toBeCloseTo(1, 14);
    expect(got.kernelAlignment?.[1]).toBeCloseTo(ntk.alignment(network, net, X), 12);
    expect(got.targetAlignment?.[1]).toBeCloseTo(ntk.alignment(network, Y, X), 12);
    const right = (points: Matrix, targets: number[][]) =>
      ntk.forward(network, points).data.filter((f, i) => f * targets[i][0] > 0).length / points.rows;
    expect(got.accuracy?.[1]).toBe(right(X, Y));
    expect(got.testAccuracy?.[1]).toBe(right(T, S));
    const testLoss = ntk
      .forward(network, T)
      .data.reduce((sum, f, i) => sum + Math.log(1 + Math.exp(-S[i][0] * f)) / 7, 0);
    expect(got.testLoss?.[1]).toBeCloseTo(testLoss, 14);
    expect(seen.map(({ step }) => step)).toEqual([0, 30]);
    expect([...seen[1].f]).toEqual([...ntk.forward(network, X).data]);
    expect([...seen[0].parameters]).toEqual([...net.parameters]);
  });

  test("labels are integers or one-hot rows, 0 and 1 or ±1", () => {
    const X = randomMatrix(9, 2, 3, 1.5);
    const three = createNetwork({ inputs: 2, hidden: 8, outputs: 3, biasStd: 1, seed: 3 });
    const labels = Array.from({ length: 9 }, (_, i) => i % 3);
    const options = { loss: "crossEntropy", learningRate: 0.5, steps: 20, recordAt: [] } as const;
    const [byLabel, byRow] = [labels, targetsFor("crossEntropy", X, 3)].map(
      (Y) => ntk.train(three, X, Y, options).network.parameters,
    );
    expect([...byLabel]).toEqual([...byRow]);
    const one = createNetwork({ inputs: 2, hidden: 8, biasStd: 1, seed: 3 });
    const [signs, bits] = [
      [1, -1],
      [1, 0],
    ].map(
      ([yes, no]) =>
        ntk.train(
          one,
          X,
          labels.map((label) => (label > 0 ? yes : no)),
          { ...options, loss: "logistic" },
        ).network.parameters,
    );
    expect([...signs]).toEqual([...bits]);
  });

  test("separable data: the cross-entropy goes to 0, and every label is right", () => {
    const net = createNetwork({ inputs: 2, hidden: 16, outputs: 2, biasStd: 1, seed: 1 });
    const X = Array.from({ length: 12 }, (_, i) => [i < 6 ? -1 - i / 6 : 1 + i / 6, (i % 3) - 1]);
    const labels = X.map(([x]) => (x > 0 ? 1 : 0));
    const { loss, accuracy } = ntk.train(net, X, labels, {
      loss: "crossEntropy",
      learningRate: 2,
      steps: 4000,
      recordAt: [0, 400, 4000],
      record: ["accuracy"],
    });
    expect(accuracy?.[2]).toBe(1);
    expect(loss[1]).toBeLessThan(0.1 * loss[0]);
    expect(loss[2]).toBeLessThan(loss[1] / 5);
    expect(loss[2]).toBeGreaterThan(0);
  });

  test("a run that diverges says at which step, with the bound of its loss where one is known", () => {
    const net = createNetwork({ inputs: 2, hidden: 8, outputs: 2, biasStd: 1, seed: 3 });
    const X = randomMatrix(9, 2, 3, 1.5);
    const run = (options: Partial<TrainOptions>) => {
      try {
        ntk.train(net, X, targetsFor("squared", X, 2), { learningRate: 1e9, steps: 50, ...options });
      } catch (error) {
        return error as ConvergenceError;
      }
      return undefined;
    };
    for (const options of [
      {},
      { loss: OWN },
      { loss: "huber", weightDecay: 1 },
      { batchSize: 4 },
    ] as Partial<TrainOptions>[]) {
      const error = run(options);
      expect(error).toBeInstanceOf(ConvergenceError);
      expect(error?.maxLearningRate === undefined).toBe(options.loss === OWN);
    }
  });

  test("compare follows descent, momentum and decay to the start, and refuses the rest with a reason", () => {
    const net = createNetwork({ inputs: 2, hidden: 8, biasStd: 1, seed: 3 });
    const X = randomMatrix(9, 2, 3, 1.5);
    const Y = targetsFor("squared", X, 1);
    const options = { learningRate: 0.1, steps: 5 };
    expect(() => ntk.compare(net, X, Y, { ...options, optimizer: "adam" })).toThrow(/adam.*not linear.*train\(\)/);
    expect(() => ntk.compare(net, X, Y, { ...options, weightDecay: 0.1, decayTo: "zero" })).toThrow(/decays to θ0/);
    // Without a decay it does not matter where to.
    expect(ntk.compare(net, X, Y, { ...options, decayTo: "zero" }).loss).toEqual(ntk.compare(net, X, Y, options).loss);
    const { state } = ntk.train(net, X, Y, options);
    expect(() => ntk.compare(net, X, Y, { ...options, state })).toThrow(/state is given/);
    expect(() => ntk.sweep(X, Y, { learningRates: [0.1], widths: [4], steps: 5, optimizer: "adamW" })).toThrow(/adamW/);
  });
});

describe("batches", () => {
  test("an epoch has each row once, whatever came before it, and has these rows for ever", () => {
    const batches = new Batches(10, 4, 3);
    expect(batches.perEpoch).toBe(3);
    const epoch = (from: Batches, e: number) => [0, 1, 2].flatMap((k) => [...from.at(3 * e + k)]);
    const first = epoch(batches, 0);
    expect([...first].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const later = epoch(batches, 7);
    expect(later).not.toEqual(first);
    expect(epoch(batches, 0), "back again").toEqual(first);
    expect(epoch(new Batches(10, 4, 3), 7)).toEqual(later);
    expect(epoch(new Batches(10, 4, 4), 0)).not.toEqual(first);
    expect(first).toEqual(PINNED);
    expect(new Batches(3, 100, 0).size).toBe(3);
  });
});

/** The first epoch of 10 rows with seed 3. */
const PINNED = [7, 2, 1, 4, 9, 3, 8, 6, 5, 0];
