/** Training, of networks and of their first-order models: losses, drifts and times that nobody asks for. */
import fc from "fast-check";
import type { CompareOptions, DynamicsOptions, EnsembleOptions, Loss, TrainOptions } from "../../src/index.js";
import {
  infinite,
  type ModelCase,
  matrixOf,
  mild,
  modelOf,
  type NetCase,
  netOf,
  type Rows,
  scale,
  sized,
  stdOf,
  time,
} from "./arbitraries.js";
import { build, buildNet } from "./build.js";
import { isBent } from "./kernels.js";
import { type AnyProperty, attempt, definite, demand, EPS, largest, near, property, sameBits } from "./property.js";

const LOSSES = ["squared", "huber", "logistic", "crossEntropy", "own"] as const;
type LossName = (typeof LOSSES)[number];

const lossOf = (name: LossName): Loss =>
  name === "own"
    ? {
        value: (f, y) => f.reduce((sum, x, c) => sum + Math.sqrt(1 + (x - y[c]) ** 2) - 1, 0),
        gradient: (f, y) => f.map((x, c) => (x - y[c]) / Math.sqrt(1 + (x - y[c]) ** 2)),
      }
    : name;

/** Targets that a loss takes. */
function targetsOf(loss: LossName, Y: Rows): Rows {
  if (loss === "logistic") return Y.map((row) => row.map((y) => (y > 0 ? 1 : -1)));
  if (loss === "crossEntropy") return Y.map((row, i) => row.map((_, c) => (c === i % row.length ? 1 : 0)));
  return Y;
}

const learningRate = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0.01, 0.1, 1) },
  { weight: 1, arbitrary: fc.constantFrom(1e-300, 1e300, 1e160) },
);

/** Options of descent that go with each other. */
const descent = fc.record(
  {
    momentum: fc.constantFrom(0, 0.5, 0.9),
    nesterov: fc.boolean(),
    weightDecay: fc.constantFrom(0, 0.1, 1e300),
  },
  { requiredKeys: [] },
);

interface Path {
  model: ModelCase;
  X: Rows;
  Y: Rows;
  Xnew: Rows;
  options: DynamicsOptions;
  loss: LossName;
  times: number[];
}

const path = (by = scale): fc.Arbitrary<Path> =>
  sized([2, 6, 2], (d, N, C) =>
    fc.record({
      model: modelOf(d, C, by),
      X: matrixOf(N, d, by),
      Y: matrixOf(N, C, by),
      Xnew: matrixOf(2, d, by),
      loss: fc.oneof({ weight: 3, arbitrary: fc.constant("squared" as const) }, fc.constantFrom(...LOSSES)),
      options: fc
        .record({
          learningRate: fc.oneof(learningRate, fc.constant([0.1, 0, 0.2])),
          kind: fc.constantFrom("descent", "descent", "flow"),
          more: descent,
          outputs: fc.constantFrom({}, { outputs: "average" }),
          batch: fc.constantFrom({}, {}, { batchSize: 2 }),
        })
        .map(({ more, outputs, batch, ...own }) => ({
          ...own,
          ...more,
          ...outputs,
          ...batch,
        })) as fc.Arbitrary<DynamicsOptions>,
      times: fc.array(time, { minLength: 1, maxLength: 3 }),
    }),
  );

/** No time that costs a step each is large. */
const isShort = (t: number) => !(t > 100 && t < Infinity);

const dynamics = property(
  "a first-order model answers at every time, or says why not",
  path(),
  ({ ntk }, { model: recipe, X, Y, Xnew, options, loss, times }: Path) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const targets = targetsOf(loss, Y);
    const run = attempt("dynamics", () => ntk.dynamics(model, X, targets, { ...options, loss: lossOf(loss) }));
    if (!run) return;
    const stepped = loss !== "squared" || options.batchSize !== undefined;
    for (const t of times) {
      // A time of 1e300 steps is no work for a closed form, and refused or endless otherwise.
      if (stepped && !isShort(t)) continue;
      // A flow that is stiff takes steps without end.
      if (stepped && options.kind === "flow" && !(t <= 50 * run.maxLearningRate)) continue;
      const outputs = attempt("dynamics: at", () => run.at(t));
      attempt("dynamics: at", () => run.at(t, Xnew));
      const value = attempt("dynamics: lossAt", () => run.lossAt(t));
      attempt("dynamics: parametersAt", () => run.parametersAt(t));
      const isTime = t >= 0 && (options.kind === "flow" || t === Infinity || Number.isSafeInteger(t));
      if (!isTime) demand(!outputs && value === undefined, () => `time ${t} has outputs`);
    }
    attempt("maxLearningRate", () => run.maxLearningRate);
    attempt("dynamics: eigenvectors", () => run.eigenvectors());
    const start = attempt("dynamics: at", () => run.at(0));
    const f0 =
      "parameters" in model
        ? attempt("forward", () => ntk.forward(model as ReturnType<typeof buildNet>, X))
        : undefined;
    if (start && f0) near("outputs at 0", start.data, f0.data, (at) => 4 * EPS * Math.abs(f0.data[at]));
    run.dispose();
  },
  3,
);

const decreasing = property(
  "flow never makes the loss larger, and ends at the fit without a ridge",
  path(mild),
  ({ ntk }, { model: recipe, X, Y, Xnew }: Path) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const flow = attempt("dynamics", () => ntk.dynamics(model, X, Y, { learningRate: 1, kind: "flow" }));
    if (!flow) return;
    const losses = [0, 0.1, 1, 10, 1e3, 1e6, Infinity].map((t) => attempt("dynamics: lossAt", () => flow.lossAt(t)));
    const top = losses[0];
    if (top !== undefined)
      losses.forEach((value, k) => {
        const before = losses[k - 1];
        if (value === undefined || before === undefined) return;
        demand(value <= before * (1 + 1e-12) + 1e-24 * top, () => `losses ${losses}`);
      });
    const end = attempt("dynamics: at", () => flow.at(Infinity, Xnew));
    const fit = attempt("fit", () => ntk.fit(model, X, Y));
    const p = fit && attempt("fit: predict", () => fit.predict(Xnew));
    // Where the condition of the kernel is known to be small.
    const values = flow.eigenvalues;
    const condition = values[values.length - 1] / values[0];
    if (end && p && condition > 0 && condition < 1e6) {
      const K = attempt("kernelDiagonal", () => ntk.kernelDiagonal(model, [...X, ...Xnew]));
      const weights = attempt("fit: dualWeights", () => fit.dualWeights());
      if (K && weights) {
        const C = Y[0].length;
        const size = largest(K) * C * X.length * largest(weights.data) + largest(p.mean.data);
        near("the end of training", end.data, p.mean.data, 1024 * EPS * condition * size + 1e-300);
      }
    }
    for (const one of [flow, fit]) one?.dispose();
  },
);

interface Run {
  net: NetCase;
  X: Rows;
  Y: Rows;
  options: TrainOptions;
  loss: LossName;
}

const runCase = (by = scale): fc.Arbitrary<Run> =>
  sized([2, 5, 2], (d, N, C) =>
    fc.record({
      net: netOf(d, C, by),
      X: matrixOf(N, d, by),
      Y: matrixOf(N, C, by),
      loss: fc.constantFrom(...LOSSES),
      options: fc
        .record({
          learningRate,
          steps: fc.integer({ min: 0, max: 6 }),
          rule: fc.oneof(
            descent,
            fc.record({ optimizer: fc.constantFrom("adam", "adamW"), weightDecay: fc.constantFrom(0, 0.1) }),
            fc.record({
              optimizer: fc.constant("adam"),
              betas: fc.constantFrom([0, 0], [0.5, 0.9]),
              epsilon: fc.constantFrom(1e-300, 1e-8, 1e300),
            }),
          ),
          more: fc.record(
            {
              batchSize: fc.integer({ min: 1, max: 4 }),
              shuffleSeed: fc.integer({ min: 0, max: 9 }),
              decayTo: fc.constantFrom("start", "zero"),
              record: fc.constantFrom(["sharpness"], ["kernelAlignment", "targetAlignment"], []),
              untilLoss: fc.constantFrom(0, 0.1),
            },
            { requiredKeys: [] },
          ),
        })
        .map(({ rule, more, ...own }) => ({ ...own, ...rule, ...more })) as fc.Arbitrary<TrainOptions>,
    }),
  );

const train = property(
  "training records numbers, and its state goes on to the bit",
  runCase(),
  ({ ntk, single }, { net: recipe, X, Y, options, loss }: Run) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const targets = targetsOf(loss, Y);
    const all = { ...options, loss: lossOf(loss) };
    const trained = attempt("train", () => ntk.train(net, X, targets, all));
    attempt("train", () => single.train(net, X, targets, all));
    if (!trained) return;
    demand(trained.loss.length === trained.steps.length, () => "steps and losses are not aligned");
    const sliced = attempt("train", () => {
      const run = ntk.training(net, X, targets, all);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    if (sliced) sameBits("training in slices", sliced.network.parameters, trained.network.parameters);
    if (all.untilLoss !== undefined || all.steps < 2) return;
    const half = attempt("train", () => ntk.train(net, X, targets, { ...all, steps: all.steps - 1 }));
    const whole = half && attempt("train", () => ntk.train(half.network, X, targets, { ...all, state: half.state }));
    if (whole) sameBits("training that went on", whole.network.parameters, trained.network.parameters);
  },
  2,
);

const oneStep = property(
  "a step of descent is −η Φᵀ of the slopes of the loss",
  runCase(fc.constant(1)),
  ({ ntk }, { net: recipe, X, Y, loss }: Run) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net || net.parametrization === "meanField" || net.rates !== 1 || loss !== "squared") return;
    const eta = 2 ** -20;
    const Phi = attempt("jacobian", () => ntk.jacobian(net, X));
    const f = attempt("forward", () => ntk.forward(net, X));
    const trained = attempt("train", () => ntk.train(net, X, Y, { learningRate: eta, steps: 1 }));
    if (!Phi || !f || !trained) return;
    const slopes = f.data.map((value, at) => (value - Y.flat()[at]) / f.data.length);
    const size = largest(Phi.data) * largest(slopes) * slopes.length;
    const moved = net.parameters.map((theta, p) => {
      let sum = 0;
      for (let row = 0; row < slopes.length; row++) sum += Phi.data[row * Phi.cols + p] * slopes[row];
      return theta - eta * sum;
    });
    near(
      "θ after a step",
      trained.network.parameters,
      moved,
      (p) => 4 * EPS * Math.abs(moved[p]) + 64 * EPS * eta * size,
    );
  },
);

const compare = property(
  "comparisons begin together, and their gaps are numbers",
  runCase(),
  ({ ntk }, { net: recipe, X, Y, options, loss }: Run) => {
    const net = attempt("the network", () => buildNet(recipe));
    if (!net) return;
    const { optimizer: _, betas: __, epsilon: ___, decayTo: ____, ...rest } = options;
    const all = { ...rest, loss: lossOf(loss), Xtest: X, Ytest: targetsOf(loss, Y) } as CompareOptions & {
      Xtest: Rows;
      Ytest: Rows;
    };
    const found = attempt("compare", () => ntk.compare(net, X, targetsOf(loss, Y), all));
    if (!found) return;
    if (found.steps[0] === 0) demand(found.gap[0] === 0, () => `the gap at 0 is ${found.gap[0]}`);
    demand(
      found.gap.every((g) => g >= 0),
      () => `gaps ${found.gap}`,
    );
    const sliced = attempt("compare", () => {
      const run = ntk.comparing(net, X, targetsOf(loss, Y), all);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    if (sliced) sameBits("comparing in slices", sliced.gap, found.gap);
  },
);

const sweep = property(
  "a sweep has a row for every run",
  sized([2, 4], (d, N) =>
    fc.record({
      X: matrixOf(N, d),
      Y: matrixOf(N, 1),
      weightStd: stdOf,
      rate: fc.oneof(learningRate, fc.constantFrom({ fraction: 0.1 }, { fraction: 3 })),
      seeds: fc.integer({ min: 1, max: 2 }),
    }),
  ),
  ({ ntk }, { X, Y, weightStd, rate, seeds }) => {
    const options = { widths: [2, 4], learningRates: [rate], steps: 2, seeds, network: { weightStd } };
    const found = attempt("sweep", () => ntk.sweep(X, Y, options));
    if (!found) return;
    demand(found.runs.length === 2 * seeds, () => `${found.runs.length} runs`);
    const sliced = attempt("sweep", () => {
      const run = ntk.sweeping(X, Y, options);
      for (let step = run.next(); ; step = run.next()) if (step.done) return step.value;
    });
    demand(sliced?.runs.length === found.runs.length, () => "sweeping has other runs");
  },
);

const ensemble = property(
  "an ensemble has variances within the prior's, and definite covariances, at every time",
  sized([2, 6, 2], (d, N, C) =>
    fc.record({
      model: fc.oneof(infinite as fc.Arbitrary<ModelCase>, modelOf(d, 1)),
      X: matrixOf(N, d),
      Y: matrixOf(N, C),
      Xnew: matrixOf(3, d),
      options: fc.oneof(
        fc.record({ prior: fc.constantFrom("nngp", "ntk"), kind: fc.constant("flow") }),
        fc.record({ prior: fc.constantFrom("nngp", "ntk"), kind: fc.constant("descent"), learningRate }),
      ) as fc.Arbitrary<EnsembleOptions>,
      t: time,
    }),
  ),
  ({ ntk }, { model: recipe, X, Y, Xnew, options, t }) => {
    const model = attempt("the model", () => build(recipe));
    if (!model) return;
    const networks = attempt("ensemble", () => ntk.ensemble(model, X, Y, options));
    if (!networks) return;
    const found = attempt("ensemble: at", () => networks.at(t, Xnew, { covariance: true }));
    attempt("ensemble: sample", () => networks.sample(t, Xnew, { draws: 2 }));
    const start = attempt("ensemble: at", () => networks.at(0, Xnew));
    if (found) {
      demand(
        found.variance.data.every((v) => v >= 0),
        () => `a variance is below 0: ${found.variance.data}`,
      );
      const K = found.covariance;
      const size = Math.max(largest(start?.variance.data ?? []), largest(K?.data ?? []));
      const shift = 4096 * EPS * size;
      if (!isBent(recipe) && K && size > 1e-280 && Number.isFinite(shift * 1e3))
        definite(
          "the covariance",
          { ...K, data: K.data.map((x, at) => (at % (K.rows + 1) === 0 ? x + shift : x)) },
          64,
        );
    }
    networks.dispose();
  },
  2,
);

export const TRAINING: AnyProperty[] = [dynamics, decreasing, train, oneStep, compare, sweep, ensemble];
