/**
 * Every argument and every option of every public function, given every wrong value: there is a result, or an error of
 * ours that names the argument.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  addSums,
  checkKernel,
  createInfiniteNetwork,
  createNetwork,
  defineActivation,
  describeData,
  get,
  initialization,
  inputScaled,
  linearKernel,
  load,
  type MatrixLike,
  maternKernel,
  type Ntk,
  networkFromLayers,
  noiseAt,
  oneHot,
  periodicKernel,
  precomputed,
  productOf,
  randomFeatures,
  rbfKernel,
  StreamError,
  scaled,
  standardize,
  sumOf,
  toArray,
} from "../../src/index.js";
import { complaint, detached, lying, wrongs } from "./values.js";

/** Wrong on purpose: past the type checker. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point.
type Any = any;

interface Target {
  /** The function. */
  of: string;
  /** The names that its errors may go by. */
  names: string[];
  call(value: unknown): unknown;
}

const net = createNetwork({ inputs: 1, hidden: 3, biasStd: 1 });
const infinite = createInfiniteNetwork({ activation: "relu" });
const X = [[0], [1], [2]];
const Y = [1, 0, 2];
let ntk: Ntk;
beforeAll(async () => {
  ntk = await load({ backend: "js" });
});

/** Positions of arguments by name, with legal values, and the options of the last one. */
interface Signature {
  of: string;
  call: (...args: Any[]) => unknown;
  args: Record<string, unknown>;
  options?: { name?: string; base?: object; keys: string[] };
}

const RUN = ["learningRate", "momentum", "nesterov", "weightDecay", "steps", "recordAt", "onProgress", "signal"];
/** Options of training beside {@link RUN}, and those that a sweep has too. */
const SWEPT_TRAINING = "loss optimizer betas epsilon decayTo batchSize shuffleSeed record untilLoss".split(" ");
const TRAINING = [...SWEPT_TRAINING, "Xtest", "Ytest", "onRecord", "validation", "patience", "state"];
const NETWORK =
  "inputs hidden outputs activation init parametrization weightStd biasStd bias rates outputScale residual centeredStart seed parameters".split(
    " ",
  );
const SWEPT = "activation weightStd biasStd bias parametrization rates outputScale residual centeredStart".split(" ");
const INFINITE =
  "depth activation weightStd biasStd bias parametrization kernel width rates outputScale residual".split(" ");
const layers = [{ weights: [[1], [2]], bias: [1, 2] }, { weights: [[1, 2]] }];
const relu = { activation: "relu" } as const;
const run = { learningRate: 0.1, steps: 2 };
const sweep = { widths: [2], learningRates: [0.1], steps: 2, seeds: 1 };
const data = { X, Y };
const first = (generator: Any) => {
  const step = generator.next();
  generator.return();
  return step;
};

function signatures(): Signature[] {
  const fit = () => ntk.fit(net, X, Y, { ridge: 1 });
  const dynamics = () => ntk.dynamics(net, X, Y, { learningRate: 0.1 });
  const ensemble = () => ntk.ensemble(infinite, X, Y);
  const using =
    <T extends { dispose(): void }>(make: () => T, body: (object: T, ...args: Any[]) => unknown) =>
    (...args: Any[]) => {
      const object = make();
      try {
        return body(object, ...args);
      } finally {
        object.dispose();
      }
    };
  return [
    { of: "createNetwork", call: createNetwork, args: {}, options: { base: { inputs: 1, hidden: 2 }, keys: NETWORK } },
    {
      of: "createInfiniteNetwork",
      call: createInfiniteNetwork,
      args: {},
      options: { keys: INFINITE },
    },
    {
      of: "initialization",
      call: initialization,
      args: {},
      options: { base: { inputs: 1, hidden: 2 }, keys: NETWORK },
    },
    {
      of: "networkFromLayers",
      call: networkFromLayers,
      args: { layers },
      options: { base: relu, keys: "activation layout rates outputScale residual".split(" ") },
    },
    {
      of: "networkFromLayers layer",
      call: (layer) => networkFromLayers([layer, layers[1]], relu),
      args: {},
      options: { name: "layers[0]", base: layers[0], keys: ["weights", "bias"] },
    },
    {
      of: "networkFromLayers weights",
      call: (weights) => networkFromLayers([{ weights }, layers[1]], relu),
      args: {},
      options: { name: "layers[0]", base: { data: [1, 2], shape: [2, 1] }, keys: ["data", "shape"] },
    },
    {
      of: "networkFromLayers bias",
      call: (bias) => networkFromLayers([{ ...layers[0], bias }, layers[1]], relu),
      args: {},
      options: { name: "layers[0]", base: { data: [1, 2], shape: [2] }, keys: ["data", "shape"] },
    },
    { of: "rbfKernel", call: rbfKernel, args: {}, options: { keys: ["lengthScale", "amplitude"] } },
    { of: "maternKernel", call: maternKernel, args: {}, options: { keys: ["lengthScale", "amplitude", "nu"] } },
    { of: "periodicKernel", call: periodicKernel, args: {}, options: { keys: ["lengthScale", "amplitude", "period"] } },
    { of: "linearKernel", call: linearKernel, args: {}, options: { keys: ["weightStd", "biasStd"] } },
    {
      of: "defineActivation",
      call: defineActivation,
      args: {},
      options: { base: { name: "own", value: (z: number) => z, slope: () => 1 }, keys: ["name", "value", "slope"] },
    },
    { of: "sumOf", call: sumOf, args: { terms: [{ model: net }] } },
    {
      of: "sumOf term",
      call: (term) => sumOf([term]),
      args: {},
      options: { name: "terms", base: { model: infinite }, keys: ["model", "weight"] },
    },
    { of: "productOf", call: productOf, args: { factors: [infinite] } },
    { of: "productOf factor", call: (factor) => productOf([factor]), args: { model: infinite } },
    { of: "scaled", call: scaled, args: { model: infinite, s: 2 } },
    { of: "inputScaled", call: inputScaled, args: { model: infinite, scales: [2] } },
    {
      of: "precomputed",
      call: precomputed,
      args: { K: [[1]] },
      options: { base: { cross: [[1]], diagonal: [1] }, keys: ["cross", "diagonal"] },
    },
    { of: "checkKernel", call: checkKernel, args: { kernel: { kernel: () => [[1]] }, X } },
    { of: "expectedKernel", call: initialization({ inputs: 1, hidden: 2 }).expectedKernel, args: { X, X2: X } },
    { of: "hiddenShare", call: (x) => initialization({ inputs: 1, hidden: 2 }).hiddenShare(x), args: { X } },
    { of: "maxLearningRate", call: (x) => initialization({ inputs: 1, hidden: 2 }).maxLearningRate(x), args: { X } },
    { of: "standardize", call: standardize, args: { X } },
    { of: "get", call: (matrix: MatrixLike) => get(matrix, 0, 0), args: { matrix: X } },
    { of: "toArray", call: toArray, args: { matrix: X } },
    { of: "apply", call: standardize(X).apply, args: { X } },
    { of: "invert", call: standardize(X).invert, args: { X } },
    { of: "oneHot", call: oneHot, args: { labels: [1], classes: [1] } },
    { of: "forward", call: (...a) => ntk.forward(a[0], a[1]), args: { net, X } },
    { of: "jacobian", call: (...a) => ntk.jacobian(a[0], a[1]), args: { net, X } },
    {
      of: "kernel",
      call: (...a) => ntk.kernel(a[0], a[1], a[2], a[3]),
      args: { model: net, X, X2: X },
      options: { keys: ["outputs"] },
    },
    {
      of: "kernelDiagonal",
      call: (...a) => ntk.kernelDiagonal(a[0], a[1], a[2]),
      args: { model: net, X },
      options: { keys: ["outputs"] },
    },
    { of: "kernelBlocks", call: (...a) => ntk.kernelBlocks(a[0], a[1], a[2]), args: { net, X, X2: X } },
    { of: "kernelTimesVector", call: (...a) => ntk.kernelTimesVector(a[0], a[1], a[2]), args: { net, X, V: Y } },
    {
      of: "fit",
      call: using(
        () => ({ dispose() {} }),
        (_, ...a) => ntk.fit(a[0], a[1], a[2], a[3]).dispose(),
      ),
      args: { model: net, ...data },
      options: {
        keys: "ridge ridges noise weights perOutput solver scale centered outputs traceError rank onProgress signal".split(
          " ",
        ),
      },
    },
    {
      of: "fitting",
      call: (...a) => first(ntk.fitting(a[0], a[1], a[2], a[3])),
      args: { model: net, ...data },
      options: {
        base: { solver: "lowrank", ridge: 0.1 },
        keys: "ridge noise weights solver scale centered outputs traceError rank onProgress signal".split(" "),
      },
    },
    {
      of: "primalSums",
      call: (...a) => ntk.primalSums(a[0], a[1], a[2], a[3]),
      args: { model: net, ...data },
      options: { keys: ["centered"] },
    },
    {
      of: "fitSums",
      call: (...a) => ntk.fitSums(a[0], a[1], a[2]).dispose(),
      args: { model: net, sums: ntk.primalSums(net, X, Y) },
      options: { keys: ["ridge", "scale"] },
    },
    {
      of: "addSums",
      call: (a) => addSums(a, ntk.primalSums(net, X, Y)),
      args: {},
      options: {
        name: "a",
        base: ntk.primalSums(net, X, Y),
        keys: ["gram", "moment", "squares", "rows", "inputs", "centered"],
      },
    },
    {
      of: "randomFeatures",
      call: (...a) => randomFeatures(a[0], a[1]),
      args: { model: infinite },
      options: { keys: ["count", "seed"] },
    },
    { of: "features", call: (...a) => ntk.features(a[0], a[1]), args: { model: randomFeatures(infinite), X } },
    {
      of: "kernelTiles",
      call: (...a) => first(ntk.kernelTiles(a[0], a[1], a[2], a[3])),
      args: { model: net, X, X2: X },
      options: { keys: ["rows", "outputs", "precision"] },
    },
    {
      of: "restore",
      call: (...a) => ntk.restore(a[0], a[1]).dispose(),
      args: { snapshot: ntk.fit(net, X, Y, { ridge: 1 }).snapshot() },
      options: { keys: ["model"] },
    },
    {
      of: "restore of JSON",
      call: (json) => ntk.restore(json).predict(X),
      args: {},
      options: {
        name: "snapshot",
        base: JSON.parse(JSON.stringify(ntk.fit(infinite, X, Y, { ridges: [0.1, 1] }))),
        keys: "format model kernel ridge scale centered rows inputs outputs path choice state X Y dualWeights".split(
          " ",
        ),
      },
    },
    {
      of: "predict",
      call: using(fit, (object, ...a) => object.predict(a[0], a[1])),
      args: { X },
      options: { keys: ["variance", "covariance", "noise", "interval", "gradient"] },
    },
    {
      of: "score",
      call: using(fit, (object, ...a) => object.score(a[0], a[1], a[2])),
      args: { X, Y },
      options: { keys: ["noise"] },
    },
    {
      of: "score of sums",
      call: using(
        () => ntk.fitSums(net, ntk.primalSums(net, X, Y), { ridge: 1 }),
        (object, ...a) => object.score(a[0], a[1], a[2]),
      ),
      args: { X, Y },
      options: { keys: ["noise"] },
    },
    {
      of: "score of classes",
      call: using(
        () => ntk.classify(infinite, X, [0, 1, 2]),
        (object, ...a) => object.score(a[0], a[1], a[2]),
      ),
      args: { X, labels: [0, 1, 2] },
      options: { keys: ["draws", "seed"] },
    },
    {
      of: "crossValidate",
      call: (...a) => ntk.crossValidate(a[0], a[1], a[2], a[3]),
      args: { model: infinite, X, Y: [1, 3, 2] },
      options: {
        base: { folds: 2 },
        keys: "ridge ridges noise weights perOutput solver traceError rank scale centered outputs tune classify folds repeats seed groups standardize criterion onProgress signal".split(
          " ",
        ),
      },
    },
    {
      of: "crossValidate's models",
      call: (model) => ntk.crossValidate([model], X, [1, 3, 2], { folds: 2 }),
      args: {},
      options: {
        name: "model",
        base: { model: infinite },
        keys: "model name ridge ridges noise weights perOutput solver traceError rank scale centered outputs tune classify".split(
          " ",
        ),
      },
    },
    {
      of: "sample",
      call: using(fit, (object, ...a) => object.sample(a[0], a[1])),
      args: { X },
      options: { keys: ["draws", "seed", "noise"] },
    },
    { of: "influence", call: using(fit, (object, x) => object.influence(x)), args: { x: [[1]] } },
    {
      of: "classify",
      call: (...a) => ntk.classify(a[0], a[1], a[2], a[3]).dispose(),
      args: { model: net, X, labels: [1, 0, 1] },
      options: { keys: ["method", "ridge", "scale", "classes", "concentration"] },
    },
    {
      of: "predict classes",
      call: using(
        () => ntk.classify(infinite, X, [0, 1, 2]),
        (object, ...a) => object.predict(a[0], a[1]),
      ),
      args: { X },
      options: { keys: ["draws", "seed"] },
    },
    {
      of: "spectrum",
      call: (...a) => ntk.spectrum(a[0], a[1], a[2], a[3]),
      args: { model: net, ...data },
      options: { base: { top: 2 }, keys: ["outputs", "top", "tolerance", "centered"] },
    },
    {
      of: "spectrum without options",
      call: (...a) => ntk.spectrum(a[0], a[1]),
      args: { model: infinite, X },
    },
    {
      of: "learningCurve",
      call: (options) => ntk.spectrum(net, X, Y).learningCurve(options),
      args: {},
      options: { base: { sizes: [1, 2], ridge: 1 }, keys: ["sizes", "ridge", "noise"] },
    },
    { of: "alignment", call: (...a) => ntk.alignment(a[0], a[1], a[2]), args: { model: net, other: infinite, X } },
    {
      of: "alignment with targets",
      call: (...a) => ntk.alignment(a[0], a[1], a[2]),
      args: { model: infinite, other: Y, X },
    },
    {
      of: "update",
      call: using(fit, (object, options) => object.update(options)),
      args: {},
      options: { keys: ["add", "remove", "move"] },
    },
    {
      of: "update add",
      call: using(fit, (object, add) => object.update({ add })),
      args: {},
      options: { name: "add", base: { X: [3], Y: [0] }, keys: ["X", "Y", "noise", "weights"] },
    },
    {
      of: "update move",
      call: using(fit, (object, move) => object.update({ move })),
      args: {},
      options: { name: "move", base: { index: 0, X: [3], Y: [0] }, keys: ["index", "X", "Y", "noise", "weights"] },
    },
    {
      of: "dynamics",
      call: (...a) => ntk.dynamics(a[0], a[1], a[2], a[3]).dispose(),
      args: { model: net, ...data },
      options: {
        base: { learningRate: 0.1 },
        keys: [...RUN.slice(0, 4), "kind", "outputs", "loss", "batchSize", "shuffleSeed", "tolerance"],
      },
    },
    {
      of: "dynamics, loss",
      call: (...a) => ntk.dynamics(a[0], a[1], a[2], { learningRate: 0.1, loss: a[3] }).dispose(),
      args: { model: net, ...data },
      options: {
        name: "loss",
        base: { value: () => 0, gradient: () => [0] },
        keys: ["value", "gradient"],
      },
    },
    {
      of: "dynamics, logistic",
      call: (...a) => ntk.dynamics(net, a[0], a[1], { learningRate: 0.1, loss: "logistic" }).at(1),
      args: { X, Y: [1, -1, 1, -1].slice(0, X.length) },
    },
    { of: "dynamics.at", call: using(dynamics, (object, t, x) => object.at(t, x)), args: { t: 1, X } },
    { of: "lossAt", call: using(dynamics, (object, t) => object.lossAt(t)), args: { t: 1 } },
    { of: "parametersAt", call: using(dynamics, (object, t) => object.parametersAt(t)), args: { t: 1 } },
    {
      of: "train",
      call: (...a) => ntk.train(a[0], a[1], a[2], a[3]),
      args: { net, ...data },
      options: { base: run, keys: [...RUN, ...TRAINING] },
    },
    {
      of: "train with all of it",
      call: (...a) => ntk.train(a[0], a[1], a[2], a[3]),
      args: { net, ...data },
      options: {
        base: {
          ...run,
          optimizer: "adam",
          batchSize: 2,
          Xtest: X,
          Ytest: Y,
          validation: { X, Y },
          patience: 2,
          state: ntk.train(net, X, Y, { ...run, optimizer: "adam", validation: { X, Y }, patience: 2 }).state,
        },
        keys: TRAINING,
      },
    },
    {
      of: "train's validation",
      call: (validation) => ntk.train(net, X, Y, { ...run, validation, patience: 2 }),
      args: {},
      options: { name: "validation", base: { X, Y }, keys: ["X", "Y", "every"] },
    },
    {
      of: "train's state",
      call: (state) => ntk.train(net, X, Y, { ...run, momentum: 0.5, state }),
      args: {},
      options: {
        name: "state",
        base: ntk.train(net, X, Y, { ...run, momentum: 0.5 }).state,
        keys: "optimizer step start velocity squares limit best worse validated".split(" "),
      },
    },
    {
      of: "train's own loss",
      call: (loss) => ntk.train(net, X, Y, { ...run, loss }),
      args: {},
      options: { name: "loss", base: { value: () => 1, gradient: () => [0] }, keys: ["value", "gradient"] },
    },
    {
      of: "training",
      call: (...a) => first(ntk.training(a[0], a[1], a[2], a[3])),
      args: { net, ...data },
      options: { base: run, keys: [...RUN, ...TRAINING] },
    },
    {
      of: "compare",
      call: (...a) => ntk.compare(a[0], a[1], a[2], a[3]),
      args: { net, ...data },
      options: { base: { ...run, Xtest: X, Ytest: Y }, keys: [...RUN, ...TRAINING] },
    },
    {
      of: "comparing",
      call: (...a) => first(ntk.comparing(a[0], a[1], a[2], a[3])),
      args: { net, ...data },
      options: { base: run, keys: [...RUN, "Xtest"] },
    },
    {
      of: "sweep",
      call: (...a) => ntk.sweep(a[0], a[1], a[2]),
      args: data,
      options: {
        base: { ...sweep, Xtest: X, Ytest: Y },
        keys: [
          ..."widths depth learningRates inits seeds network Xtest Ytest".split(" "),
          ...RUN.slice(1),
          ...SWEPT_TRAINING,
        ],
      },
    },
    {
      of: "sweeping",
      call: (...a) => first(ntk.sweeping(a[0], a[1], a[2])),
      args: data,
      options: { base: sweep, keys: ["widths", "network"] },
    },
    {
      of: "sweep network",
      call: (network) => ntk.sweep(X, Y, { ...sweep, network }),
      args: {},
      options: { name: "network", keys: SWEPT },
    },
    {
      of: "sweep fraction",
      call: (rate) => ntk.sweep(X, Y, { ...sweep, learningRates: [rate] }),
      args: {},
      options: { name: "learningRates", base: { fraction: 0.1 }, keys: ["fraction"] },
    },
    {
      of: "ensemble",
      call: (...a) => ntk.ensemble(a[0], a[1], a[2], a[3]).dispose(),
      args: { model: infinite, ...data },
      options: { keys: [...RUN.slice(0, 4), "kind", "prior"] },
    },
    {
      of: "ensemble.at",
      call: using(ensemble, (object, ...a) => object.at(a[0], a[1], a[2])),
      args: { t: 1, X },
      options: { keys: ["covariance"] },
    },
    {
      of: "ensemble.sample",
      call: using(ensemble, (object, ...a) => object.sample(a[0], a[1], a[2])),
      args: { t: 1, X },
      options: { keys: ["draws", "seed"] },
    },
    {
      of: "sampleKernel",
      call: (...a) => ntk.sampleKernel(a[0], a[1], a[2]).step(),
      args: { options: { inputs: 1, hidden: 2 }, X },
      options: { keys: ["draws", "seed", "X2", "outputs"] },
    },
    {
      of: "sampleKernel's networks",
      call: (options) => ntk.sampleKernel(options, X).step(),
      args: {},
      options: { base: { inputs: 1, hidden: 2 }, keys: NETWORK },
    },
    { of: "describeData", call: (...a) => describeData(a[0], a[1]), args: { X, Y } },
    {
      of: "tune",
      call: (...a) => ntk.tune(a[0], a[1], a[2], { evaluations: 2, ...a[3] }),
      args: { model: infinite, ...data },
    },
    {
      of: "tuning",
      call: (...a) => first(ntk.tuning(a[0], a[1], a[2], a[3])),
      args: { model: net, ...data },
      options: {
        keys: "criterion solver ridge scale weightStd biasStd lengthScale period activation depth noise bins evaluations centered outputs onProgress signal".split(
          " ",
        ),
      },
    },
    {
      of: "noiseAt",
      call: noiseAt,
      args: { noise: { edges: [0], variances: [0, 1] }, X },
    },
    {
      of: "noiseAt noise",
      call: (noise) => noiseAt(noise, X),
      args: {},
      options: { name: "noise", base: { edges: [0], variances: [0, 1] }, keys: ["edges", "variances"] },
    },
    {
      of: "tune for labels",
      call: (...a) => ntk.tune(a[0], a[1], a[2], { criterion: "laplace", evaluations: 2, ...a[3] }),
      args: { model: infinite, X, labels: [0, 1, 0] },
    },
    { of: "linearize", call: (...a) => ntk.linearize(a[0]), args: { net } },
    { of: "linearize.at", call: (...a) => ntk.linearize(net).at(a[0], a[1]), args: { θ: net.parameters, X } },
    { of: "matmul", call: (...a) => ntk.matmul(a[0], a[1]), args: { A: [[1]], B: [[1]] } },
    { of: "gram", call: (...a) => ntk.gram(a[0]), args: { A: [[1]] } },
    { of: "cholesky", call: (...a) => ntk.cholesky(a[0]), args: { A: [[1]] } },
    {
      of: "solve",
      call: (...a) => ntk.solve(a[0], a[1], a[2]),
      args: { A: [[1]], B: [[1]] },
      options: { keys: ["method"] },
    },
    { of: "inverse", call: (...a) => ntk.inverse(a[0]), args: { A: [[1]] } },
    { of: "logDeterminant", call: (...a) => ntk.logDeterminant(a[0]), args: { A: [[1]] } },
    { of: "svd", call: (a) => ntk.svd(a), args: { A: [[1, 2]] } },
    {
      of: "leastSquares",
      call: (...a) => ntk.leastSquares(a[0], a[1], a[2]),
      args: { A: [[1]], B: [[1]] },
      options: { keys: ["tolerance"] },
    },
    { of: "eigh", call: (...a) => ntk.eigh(a[0]), args: { A: [[1]] } },
  ];
}

/** Names that errors of an argument go by, beside its own. */
const ALIASES: Record<string, string[]> = {
  model: ["the model", "parameters", "inputs", "kernel(X"],
  net: ["the model", "parameters", "inputs"],
  factors: ["the model"],
  other: ["the model", "parameters", "inputs", "kernel(X", "the targets"],
  options: ["options are", "options cannot", "inputs"],
  // What is there only together with another option.
  kind: ["learningRate"],
  outputs: ["outputs", "parameters"],
  solver: ["solver"],
  learningRate: ["schedule"],
  parametrization: ["width", "init"],
  inputs: ["X has", "parameters", "numbers in X"],
  hidden: ["parameters"],
  // An array of another length than what goes with it.
  X: [" rows; expected"],
  Xtest: [" rows; expected"],
  index: [" rows; expected"],
  A: [" rows; expected"],
  t: ["t = "],
  fraction: ["learningRate"],
  seed: ["seed"],
  snapshot: ["the snapshot", "bytes", "format is"],
  // A tensor is read as the matrix of its layer, whose shape goes with that of the next.
  data: ["layers[0].weights"],
  shape: ["layers[1].weights"],
  // Fields of a snapshot go with others.
  // Sums are those of one model.
  gram: ["moment"],
  squares: ["a is of"],
  format: ["the snapshot"],
  kernel: ["kernel(X", "the model"],
  rows: ["numbers in X"],
};

function targets({ of, call, args, options }: Signature): Target[] {
  const names = Object.keys(args);
  const values = Object.values(args);
  const aliases = (name: string) => [name, ...(ALIASES[name] ?? [])];
  const result: Target[] = names.map((name, i) => ({
    of,
    names: aliases(name),
    call: (value) =>
      call(...values.map((legal, j) => (i === j ? value : legal)), ...(options?.base ? [options.base] : [])),
  }));
  if (!options) return result;
  const { base = {}, name = "options", keys } = options;
  result.push({
    of,
    names: [...aliases(name), "options", ...keys, ...Object.keys(base)],
    call: (value) => call(...values, value),
  });
  for (const key of keys)
    result.push({ of, names: aliases(key), call: (value) => call(...values, { ...base, [key]: value }) });
  return result;
}

/** Calls with each wrong value; what is not a result or a good error. */
function complaints({ of, names, call }: Target): string[] {
  const found: string[] = [];
  for (const [what, make] of wrongs) {
    const began = performance.now();
    try {
      call(make());
    } catch (error) {
      const words = complaint(error, names);
      if (words) found.push(`${of}(${names[0]}: ${what}) ${words}`);
    }
    const took = performance.now() - began;
    // A call on three points takes milliseconds: this is for the ones that believe a length.
    if (took > 10_000) found.push(`${of}(${names[0]}: ${what}) took ${took} ms`);
  }
  return found;
}

test("every argument and option of every function", () => {
  const found = signatures().flatMap(targets).flatMap(complaints);
  expect(found).toEqual([]);
  // Nothing was left behind.
  ntk.fit(net, X, Y, { ridge: 1 }).dispose();
});

test("every option of a stream, whose errors come by promise", async () => {
  const batches = [{ X, Y }];
  const options = ["ridge", "scale", "centered", "state", "onProgress", "signal"];
  const found: string[] = [];
  for (const [what, make] of wrongs) {
    const calls: [string, string[], () => Promise<unknown>][] = options.map((key) => [
      key,
      [key],
      () => ntk.fitStream(net, batches, { [key]: make() } as Any),
    ]);
    calls.push(["model", ["model", ...ALIASES.model], () => ntk.fitStream(make() as Any, batches)]);
    calls.push([
      "options",
      ["options", ...options, ...ALIASES.options],
      () => ntk.fitStream(net, batches, make() as Any),
    ]);
    calls.push(["batches", ["batch"], () => ntk.fitStream(net, make() as Any)]);
    for (const [name, names, call] of calls) {
      try {
        ((await call()) as { dispose(): void }).dispose();
      } catch (error) {
        const cause = error instanceof StreamError ? new RangeError(error.message) : error;
        const words = complaint(cause, names);
        if (words) found.push(`fitStream(${name}: ${what}) ${words}`);
      }
    }
  }
  expect(found).toEqual([]);
});

test("every field of a model, and what its functions give", () => {
  const model = (name: string, fields: object, keys: string[]): Target[] =>
    keys.flatMap((key) => [
      {
        of: `kernel of ${name}`,
        names: [key, "the model", ...(ALIASES[key] ?? [])],
        call: (value: unknown) => ntk.kernel({ ...fields, [key]: value } as Any, X),
      },
      {
        of: `fit of ${name}`,
        names: [key, "the model", ...(ALIASES[key] ?? [])],
        call: (value: unknown) => ntk.fit({ ...fields, [key]: value } as Any, X, Y, { ridge: 1 }).dispose(),
      },
    ]);
  const kernel = (A: { rows: number }, B: { rows: number }) => ({
    data: new Float64Array(A.rows * B.rows).fill(1),
    rows: A.rows,
    cols: B.rows,
  });
  const found = [
    ...model("a network", net, Object.keys(net)),
    ...model("an infinite network", infinite, Object.keys(infinite)),
    ...model("a custom kernel", { kernel }, ["kernel", "mean", "diagonal"]),
    ...(["kernel", "mean", "diagonal"] as const).map(
      (key): Target => ({
        of: "what a custom kernel gives",
        names: [`${key}(X`],
        call(value) {
          const fit = ntk.fit({ kernel, [key]: () => value } as Any, X, Y, { ridge: 1 });
          try {
            return fit.predict(X);
          } finally {
            fit.dispose();
          }
        },
      }),
    ),
  ].flatMap(complaints);
  expect(found).toEqual([]);
});

test("every field of a Matrix", () => {
  const found = ["data", "rows", "cols"].flatMap((key) =>
    complaints({
      of: "matmul",
      names: ["A"],
      call: (value) => ntk.matmul({ data: Float64Array.of(1, 2, 3), rows: 3, cols: 1, [key]: value } as Any, [[1]]),
    }),
  );
  expect(found).toEqual([]);
});

describe("what earlier calls left in backend memory stays there", () => {
  /** Fills scratch with a number that would be seen. */
  const SECRET = 4242.5;
  const leave = () => ntk.matmul([new Array(200).fill(SECRET)], [[1], ...new Array(199).fill([0])]);
  const clean = (value: unknown) => {
    const text = JSON.stringify(value, (_, part) =>
      ArrayBuffer.isView(part) ? Array.from(part as Float64Array) : part,
    );
    expect(text ?? "").not.toContain(String(SECRET));
  };

  test.each<[string, () => unknown]>([
    ["a lying length", () => ntk.gram(lying(2, 100))],
    ["a detached Matrix", () => ntk.gram({ data: detached(4), rows: 2, cols: 2 })],
    [
      "memory that goes while the next argument is read",
      () => {
        const A = new Float64Array(100);
        const B = [
          new Proxy(new Array(100).fill(1), {
            get(list, key) {
              if (A.byteLength > 0) structuredClone(A.buffer, { transfer: [A.buffer] });
              return Reflect.get(list, key);
            },
          }),
        ];
        return ntk.matmul({ data: A, rows: 100, cols: 1 }, B as MatrixLike);
      },
    ],
    [
      "parameters that go while X is read",
      () => {
        const own = structuredClone(net);
        const { buffer } = own.parameters;
        const x = new Proxy([1, 2], {
          get(list, key) {
            if (own.parameters.length > 0) structuredClone(buffer, { transfer: [buffer] });
            return Reflect.get(list, key);
          },
        });
        return ntk.forward(own, x);
      },
    ],
    [
      "an array that shrinks while it is read",
      () => {
        const list = Array.from({ length: 100 }, () => 1);
        Object.defineProperty(list, 1, {
          get() {
            list.length = 2;
            return 1;
          },
        });
        return ntk.gram(list);
      },
    ],
  ])("%s", (_, call) => {
    leave();
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      expect(complaint(error, ["A", "X", "an input"])).toBeUndefined();
    }
    clean(result);
  });

  test("a view of growable memory is read as long as it is", () => {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: object) => ArrayBuffer;
    const buffer = new Resizable(64, { maxByteLength: 800 }) as ArrayBuffer & { resize?(length: number): void };
    // Node 20 and every browser of today have it.
    if (!buffer.resize) return;
    const view = new Float64Array(buffer).fill(2);
    const rows = new Proxy([[1]], {
      get(list, key) {
        buffer.resize?.(16);
        return Reflect.get(list, key);
      },
    });
    leave();
    expect(() => ntk.matmul(view, rows as MatrixLike)).toThrow(/an input of 8 numbers has 0 now/);
    expect(ntk.gram(view).data.length).toBe(4);
  });
});
