/**
 * What is made owns all that it depends on. NaN in every input afterwards changes nothing, to the bit, nor does NaN in
 * what it gave.
 */
import { beforeAll, describe, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  initialization,
  type Network,
  type Ntk,
  networkFromLayers,
  oneHot,
  standardize,
} from "../../src/index.js";
import { loadVariant, variants } from "../setup/variants.js";

// biome-ignore lint/suspicious/noExplicitAny: inputs and results of every kind.
type Any = any;

/**
 * Writes over everything in a value: numbers become NaN, names and flags become others, functions become ones that
 * throw. Signals stay.
 */
function spoil(value: Any, seen = new Set<object>()): void {
  if (typeof value !== "object" || value === null || seen.has(value) || value instanceof AbortSignal) return;
  seen.add(value);
  if (ArrayBuffer.isView(value)) {
    (value as Float64Array).fill(Number.NaN);
    return;
  }
  for (const key of Object.keys(value)) {
    const part = value[key];
    spoil(part, seen);
    const writable = Object.getOwnPropertyDescriptor(value, key)?.writable;
    if (!writable) continue;
    if (typeof part === "number") value[key] = Number.NaN;
    else if (typeof part === "string") value[key] = "spoiled";
    else if (typeof part === "boolean") value[key] = !part;
    else if (typeof part === "function")
      value[key] = () => {
        throw new Error("called after it was taken away");
      };
  }
  if (Array.isArray(value)) value.push(value[0]);
}

/** A copy of everything in a result. */
function frozen(value: Any): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (Array.isArray(value)) return value.map(frozen);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, frozen(part)]));
}

/** Everything that can be asked of an object, as functions. */
type Questions = Record<string, () => unknown>;

const X = () => [
  [0.1, -1],
  [0.7, 0.2],
  [-0.4, 1.5],
  [1.3, 0.4],
];
const Y = () => [
  [1, 0],
  [0.2, 2],
  [-1, 0.3],
  [0.5, 0.5],
];
const column = () => Float64Array.of(1, 0.2, -1, 0.5);
const labels = () => Int8Array.of(0, 1, 2, 1);
const matrix = () => ({ data: Float64Array.from(X().flat()), rows: 4, cols: 2 });
const net = (options: object = {}) => createNetwork({ inputs: 2, hidden: [3, 4], outputs: 1, biasStd: 1, ...options });
const infinite = () => ({ ...createInfiniteNetwork({ activation: "relu", depth: 2 }) });
/** With state of its own, and the same memory for every answer. */
const custom = () => ({
  scale: [2],
  held: new Map<number, Float64Array>(),
  kernel(A: { data: Float64Array; rows: number; cols: number }, B: typeof A) {
    const size = A.rows * B.rows;
    const data = this.held.get(size) ?? new Float64Array(size);
    this.held.set(size, data);
    for (let i = 0; i < A.rows; i++)
      for (let j = 0; j < B.rows; j++) {
        let sum = i === j && A === B ? 1 : 0;
        for (let t = 0; t < A.cols; t++) sum += A.data[i * A.cols + t] * B.data[j * B.cols + t];
        data[i * B.rows + j] = 2 * sum;
      }
    return { data, rows: A.rows, cols: B.rows };
  },
});

const ask = (fit: Any, weights = true): Questions => ({
  predict: () => fit.predict(X(), { covariance: true }),
  sample: () => fit.sample(X(), { draws: 2 }),
  ...(weights && { parameters: () => fit.parameters() }),
  alpha: () => [fit.dualWeights(), fit.influence([[0.3, 0.2]])],
  report: () => [fit.report.scale, fit.report.backwardError, fit.report.looResiduals, fit.report.logEvidence],
  more: () => [fit.report.notes, fit.report.scales, fit.report.perOutput],
  snapshot: () => fit.snapshot(),
  toJSON: () => fit.toJSON(),
});
const paths = (object: Any): Questions => ({
  at: () => object.at([0, 1, 3]),
  new: () => object.at(2, X()),
});
/** A generator is asked once: it runs to its end. */
const slices = (generator: Any): Questions => {
  let last: Any;
  return {
    result: () => {
      while (!last?.done) last = generator.next();
      return last.value;
    },
  };
};

const signal = new AbortController().signal;
const run = () => ({ learningRate: [0.05, 0.04, 0.03], steps: 3, recordAt: [0, 2], momentum: 0.5, signal });

/** A number above 0 for each row. */
const own = () => X().map((_, i) => 1 + i / 10);

/** Name, inputs, and what is made of them. */
type Case = [string, () => Any[], (ntk: Ntk, ...inputs: Any[]) => Questions];

const cases: Case[] = [
  ...(["dual", "primal", "cg", "lowrank"] as const).map(
    (solver): Case => [
      `fit, ${solver}`,
      () => [net(), X(), column(), { ridge: 0.1, solver, scale: "fit" }],
      (ntk, ...a) => ask((ntk.fit as Any)(...a)),
    ],
  ),
  [
    "fit, noise and weights",
    () => [net(), X(), column(), { ridge: 0.1, noise: own(), weights: own() }],
    (ntk, ...a) => ask((ntk.fit as Any)(...a)),
  ],
  ["fit, ridges", () => [net(), matrix(), column(), { ridges: [0.1, 1] }], (ntk, ...a) => ask((ntk.fit as Any)(...a))],
  [
    "restore, bytes",
    () => [net(), X(), column()],
    (ntk, ...a) => {
      const bytes = ntk.fit(a[0], a[1], a[2], { ridges: [0.1, 1] }).snapshot();
      const again = ask(ntk.restore(bytes));
      spoil(bytes);
      return again;
    },
  ],
  [
    "restore, JSON",
    () => [JSON.parse(JSON.stringify(createInfiniteNetwork())), X(), Y()],
    (ntk, ...a) => {
      const json = ntk.fit(a[0], a[1], a[2], { ridges: [0.1, 1], perOutput: true }).toJSON();
      const again = ask(ntk.restore(json), false);
      spoil(json);
      return again;
    },
  ],
  [
    "fit, average",
    () => [net({ outputs: 2 }), X(), Y(), { ridge: 1, outputs: "average", centered: true }],
    (ntk, ...a) => ask((ntk.fit as Any)(...a), false),
  ],
  ["fit, infinite", () => [infinite(), X(), Y(), { ridge: 1 }], (ntk, ...a) => ask((ntk.fit as Any)(...a), false)],
  ["fit, custom", () => [custom(), X(), Y(), { ridge: 1 }], (ntk, ...a) => ask((ntk.fit as Any)(...a), false)],
  [
    "update",
    () => [{ remove: [1], add: { X: matrix(), Y: column() }, move: { index: [0], Y: [0.3], X: [[1, 1]] } }],
    (ntk, update) => ask(ntk.fit(net(), X(), column(), { ridge: 0.1, solver: "dual" }).update(update)),
  ],
  ...(["laplace", "dirichlet", "ridge"] as const).map(
    (method): Case => [
      `classify, ${method}`,
      () => [custom(), X(), labels(), { method, ridge: 0.5, classes: [2, 0, 1] }],
      (ntk, ...a) => {
        const classifier = (ntk.classify as Any)(...a);
        return {
          predict: () => classifier.predict(X()),
          // Given by the object itself: what becomes of them is nothing to the answers.
          spoiled: () => spoil([classifier.classes, classifier.report]),
          after: () => classifier.predict(X()),
        };
      },
    ],
  ),
  [
    "dynamics",
    () => [net(), X(), column(), { learningRate: run().learningRate }],
    (ntk, ...a) => {
      const path = (ntk.dynamics as Any)(...a);
      return {
        ...paths(path),
        vectors: () => path.eigenvectors(),
        parametersAt: () => path.parametersAt(2),
        lossAt: () => path.lossAt(1),
      };
    },
  ],
  ...[
    () => ({ loss: "huber", batchSize: 2 }),
    () => ({ loss: { value: (f: Any) => f[0] ** 2, gradient: (f: Any) => [2 * f[0]] } }),
    () => ({ loss: "logistic", kind: "flow", learningRate: 0.1 }),
  ].map(
    (options, i): Case => [
      `dynamics, loss ${i}`,
      () => [net(), X(), Float64Array.of(1, 0, 0, 1), { learningRate: run().learningRate, ...options() }],
      (ntk, ...a) => {
        const path = (ntk.dynamics as Any)(...a);
        return {
          at: () => [path.at(1), path.at([0, 2]), path.at(2, X())],
          spoiled: () => spoil([path.eigenvalues, path.at(2).data, path.parametersAt(2)]),
          again: () => [path.at(1), path.at(2), path.maxLearningRate],
          vectors: () => path.eigenvectors(),
          parametersAt: () => path.parametersAt(2),
          lossAt: () => path.lossAt(1),
        };
      },
    ],
  ),
  [
    "dynamics, custom",
    () => [custom(), X(), Y(), { learningRate: 0.01 }],
    (ntk, ...a) => paths((ntk.dynamics as Any)(...a)),
  ],
  ...([[], [{ top: 2 }]] as const).map(
    (options): Case => [
      `spectrum, ${options.length} options`,
      () => [custom(), X(), Y(), ...structuredClone(options)],
      (ntk, ...a) => {
        const spectrum = (ntk.spectrum as Any)(...a);
        const given = frozen({ ...spectrum });
        return {
          modes: () => frozen(given),
          // What becomes of its fields is nothing to the curve.
          spoiled: () => spoil(Object.values(spectrum)),
          curve: () => spectrum.learningCurve({ sizes: [1], ridge: 1000, noise: 10 }),
        };
      },
    ],
  ),
  [
    "ensemble",
    () => [infinite(), matrix(), Y(), { kind: "flow" }],
    (ntk, ...a) => {
      const networks = (ntk.ensemble as Any)(...a);
      return {
        ...paths(networks),
        covariance: () => networks.at(1, X(), { covariance: true }),
        // Given by the object itself: what becomes of it is nothing to the answers.
        eigenvalues: () => spoil(networks.eigenvalues),
        after: () => networks.at(1),
      };
    },
  ],
  [
    "fitting",
    () => [net(), matrix(), column(), { ridge: 0.1, solver: "cg" }],
    (ntk, ...a) => {
      const slices = (ntk.fitting as Any)(...a);
      return {
        result: () => {
          let last = slices.next();
          while (!last.done) last = slices.next();
          return last.value.dualWeights();
        },
      };
    },
  ],
  ["training", () => [net(), matrix(), column(), run()], (ntk, ...a) => slices((ntk.training as Any)(...a))],
  [
    "comparing",
    () => [net(), matrix(), column(), { ...run(), Xtest: matrix(), Ytest: column() }],
    (ntk, ...a) => slices((ntk.comparing as Any)(...a)),
  ],
  [
    "sweeping",
    () => [
      matrix(),
      column(),
      {
        widths: [2, 3],
        learningRates: [0.1, { fraction: 0.2 }],
        inits: ["lecun"],
        seeds: 2,
        network: { activation: "relu" },
        steps: 3,
        recordAt: [0, 2],
        Xtest: matrix(),
      },
    ],
    (ntk, ...a) => slices((ntk.sweeping as Any)(...a)),
  ],
  [
    "crossValidating",
    () => [
      [{ model: net(), name: "finite", noise: [0.1, 0.2, 0.3, 0.4], ridge: 1 }, infinite()],
      matrix(),
      column(),
      { ridges: [0.1, 1], folds: 2, groups: [0, 1, 0, 1] },
    ],
    (ntk, ...a) => slices((ntk.crossValidating as Any)(...a)),
  ],
  ...([net, infinite] as const).map(
    (model): Case => [
      `tuning, ${model.name}`,
      () => [model(), matrix(), column(), { weightStd: [0.5, 2], depth: [1, 2], ridge: [0.1, 1], evaluations: 3 }],
      (ntk, ...a) => slices((ntk.tuning as Any)(...a)),
    ],
  ),
  [
    "sampleKernel",
    () => [{ inputs: 2, hidden: [3, 2] }, matrix(), { draws: 3, X2: matrix() }],
    (ntk, ...a) => {
      const samples = (ntk.sampleKernel as Any)(...a);
      return {
        result: () => {
          samples.result();
          return [samples.mean, samples.standardError];
        },
      };
    },
  ],
  [
    "linearize",
    () => [net()],
    (ntk, model) => {
      const linear = ntk.linearize(model);
      const theta = net().parameters.map((value) => value + 0.1);
      return { at: () => linear.at(theta, X()) };
    },
  ],
  [
    "standardize",
    () => [matrix()],
    (_, x) => {
      const { apply, invert, ...rest } = standardize(x);
      return { rest: () => rest, apply: () => apply(X()), invert: () => invert(X()) };
    },
  ],
  [
    "initialization",
    () => [{ inputs: 2, hidden: [3] }],
    (_, options) => {
      const { network, variances, ...functions } = initialization(options);
      return {
        given: () => spoil([network, variances]),
        kernel: () => functions.expectedKernel(X()),
        share: () => functions.hiddenShare(X()),
      };
    },
  ],
  [
    "createNetwork",
    () => [net()],
    (_, options) => {
      const made = createNetwork(options);
      return { network: () => frozen(made) };
    },
  ],
  [
    "networkFromLayers",
    () => [
      [{ weights: matrix(), bias: column() }, { weights: { data: column(), shape: [1, 4] } }],
      { activation: ["relu"], rates: { b: 2 } },
    ],
    (_, ...a) => {
      const made = (networkFromLayers as Any)(...a);
      return { network: () => frozen(made) };
    },
  ],
  [
    "createInfiniteNetwork",
    () => [infinite()],
    (_, options) => {
      const made = createInfiniteNetwork(options);
      return { network: () => frozen(made) };
    },
  ],
  [
    "oneHot",
    () => [
      ["a", "b", "a"],
      ["b", "a"],
    ],
    (_, ...a) => {
      const made = (oneHot as Any)(...a);
      return { result: () => frozen(made) };
    },
  ],
];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(cases)("%s", (_, inputs, make) => {
    const want = Object.entries(make(ntk, ...inputs())).map(([name, question]) => [name, frozen(question())]);
    const victims = inputs();
    const questions = make(ntk, ...victims);
    spoil(victims);
    const once = Object.entries(questions).map(([name, question]) => [name, question()]);
    expect(once.map(([name, answer]) => [name, frozen(answer)])).toEqual(want);
  });

  test.each(cases.filter(([name]) => !/ing|standardize/.test(name)))(
    "%s: answers are the asker's",
    (_, inputs, make) => {
      const questions = make(ntk, ...inputs());
      const first = Object.entries(questions).map(([name, question]) => {
        const answer = question();
        const kept = frozen(answer);
        spoil(answer);
        return [name, kept];
      });
      expect(Object.entries(questions).map(([name, question]) => [name, frozen(question())])).toEqual(first);
    },
  );

  test("results of calls that keep nothing are copies as well", () => {
    const model = net();
    const { network } = ntk.train(model, X(), column(), { learningRate: 0.1, steps: 1 });
    const before = frozen(model);
    spoil(network);
    expect(frozen(model)).toEqual(before);
    expect(ntk.kernel(model, X()).rows).toBe(4);
    const own = custom();
    const K = ntk.kernel(own, X());
    const kept = frozen(K);
    ntk.kernel(own, [
      [1, 2],
      [3, 4],
      [5, 6],
      [7, 8],
    ]);
    expect(frozen(K)).toEqual(kept);
    const tuned = ntk.tune(model, X(), column(), { evaluations: 1 });
    expect(tuned.model).toEqual(model);
    spoil(tuned);
    expect(frozen(model)).toEqual(before);
    // A network that is used again was not changed through what its shape is remembered by.
    expect(ntk.forward(model as Network, X()).rows).toBe(4);
  });
});
