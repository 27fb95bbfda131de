/** Training in closed form: golden numbers, explicit steps of the linear model, and the identities between the two. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  ConvergenceError,
  createNetwork,
  type DynamicsOptions,
  type Matrix,
  NotPositiveDefiniteError,
  type Ntk,
} from "../../src/index.js";
import { responses } from "../../src/training/descent.js";
import { toRows } from "../oracle/dense.js";
import { linearDescent } from "../oracle/descent.js";
import { expectClose, expectNear, type Golden, maxAbs, toMatrix } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";
import flow from "../vectors/05_gradient_flow.json" with { type: "json" };
import steps from "../vectors/05c_gradient_descent_steps.json" with { type: "json" };

type Tol = { rtol: number; atol: number };
interface Case {
  name: string;
  loss: "sum" | "mean";
  learning_rate: number;
  momentum?: number | null;
  n: number;
  C: number;
  inputs: Record<string, Golden> & { t: (number | string)[]; steps: number[] };
  expected: Record<string, Golden> & { max_learning_rate: number; max_learning_rate_momentum: number | null };
  tol: { f_train: Tol; f_test: Tol & { atol_per_t?: number[] }; eigenvalues: Tol; max_learning_rate: Tol };
}

/** A kernel given by its numbers: training points are 0 … n−1, test points n, n+1, …. */
function tabulated({ inputs, n }: Case) {
  const { K_train_train: K, K_test_train: T, f0_train, f0_test } = inputs;
  const pick = (A: Matrix, f: (i: number) => number[], cols: number) => ({
    data: Float64Array.from(Array.from(A.data).flatMap(f)),
    rows: A.rows,
    cols,
  });
  return {
    kernel: (A: Matrix, B: Matrix) =>
      pick(A, (i) => Array.from(B.data, (j) => (i < n ? K.data[i * n + j] : T.data[(i - n) * n + j])), B.rows),
    mean: (A: Matrix) => {
      const C = f0_train.shape[1];
      return pick(
        A,
        (i) => (i < n ? f0_train.data.slice(i * C, (i + 1) * C) : f0_test.data.slice((i - n) * C, (i - n + 1) * C)),
        C,
      );
    },
  };
}

/** The golden `sum` loss is n·C times the library's mean: so is its rate. */
function golden(ntk: Ntk, c: Case, options: Partial<DynamicsOptions>) {
  const rate = c.loss === "sum" ? c.learning_rate * c.n * c.C : c.learning_rate;
  const X = Float64Array.from({ length: c.n }, (_, i) => i);
  return ntk.dynamics(tabulated(c), X, toMatrix(c.inputs.y), { learningRate: rate, ...options });
}

const N = 9;
const net = createNetwork({ inputs: 2, hidden: 12, biasStd: 1, activation: "tanh", seed: 3 });
const X = randomMatrix(N, 2, 1, 1.5);
const T = randomMatrix(4, 2, 2, 1.5);
const Y = {
  data: Float64Array.from({ length: N }, (_, i) => Math.sin(3 * X.data[2 * i]) - X.data[2 * i + 1]),
  rows: N,
  cols: 1,
};

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(flow.cases as unknown as Case[])("flow $name", (c) => {
    using path = golden(ntk, c, { kind: "flow" });
    const times = c.inputs.t.map(Number);
    expectClose(
      path.at(times).flatMap(({ data }) => [...data]),
      c.expected.f_train.data,
      c.tol.f_train,
      "f_train",
    );
    const test = Float64Array.from({ length: c.inputs.K_test_train.shape[0] }, (_, i) => c.n + i);
    path.at(times, test).forEach(({ data }, k) => {
      const want = c.expected.f_test.data.slice(k * data.length, (k + 1) * data.length);
      expectClose(
        data,
        want,
        { rtol: 0, atol: c.tol.f_test.atol_per_t?.[k] ?? c.tol.f_test.atol },
        `f_test at ${times[k]}`,
      );
    });
    expectClose(path.eigenvalues, c.expected.eigenvalues.data, c.tol.eigenvalues, "eigenvalues");
  });

  test.each(steps.cases as unknown as Case[])("steps $name", (c) => {
    using path = golden(ntk, c, { momentum: c.momentum ?? 0 });
    expectClose(
      path.at(c.inputs.steps).flatMap(({ data }) => [...data]),
      c.expected.f_train.data,
      c.tol.f_train,
      "f_train",
    );
    const test = Float64Array.from({ length: c.inputs.K_test_train.shape[0] }, (_, i) => c.n + i);
    expectClose(
      path.at(c.inputs.steps, test).flatMap(({ data }) => [...data]),
      c.expected.f_test.data,
      c.tol.f_test,
      "f_test",
    );
    const bound = c.expected.max_learning_rate_momentum ?? c.expected.max_learning_rate;
    expectClose(
      [path.maxLearningRate],
      [c.loss === "sum" ? bound * c.n * c.C : bound],
      c.tol.max_learning_rate,
      "bound",
    );
  });

  const schedule = Float64Array.from({ length: 200 }, (_, k) => 0.1 / (1 + k / 50));
  test.each<[string, DynamicsOptions]>([
    ["plain", { learningRate: 0.05 }],
    ["decay", { learningRate: 0.05, weightDecay: 0.3 }],
    ["heavy ball", { learningRate: 0.02, momentum: 0.9 }],
    ["heavy ball, decay", { learningRate: 0.02, momentum: 0.5, weightDecay: 0.1 }],
    ["Nesterov", { learningRate: 0.02, momentum: 0.9, nesterov: true }],
    ["Nesterov, decay", { learningRate: 0.02, momentum: 0.95, nesterov: true, weightDecay: 0.02 }],
    ["Nesterov without momentum", { learningRate: 0.05, nesterov: true }],
    ["schedule", { learningRate: schedule }],
    ["schedule, Nesterov", { learningRate: schedule, momentum: 0.7, nesterov: true, weightDecay: 0.1 }],
    ["above the stable rate", { learningRate: 0.5 }],
    ["above the stable rate, heavy ball", { learningRate: 2, momentum: 0.8 }],
  ])("%s: k closed-form steps are k steps of the linear model", (_, options) => {
    const times = [0, 1, 2, 3, 17, 60];
    const Phi = toRows(ntk.jacobian(net, X));
    const f0 = ntk.forward(net, X).data;
    using path = ntk.dynamics(net, X, Y, options);
    const actual = linearDescent(Phi, f0, Y.data, options, times);
    const outputs = path.at(times);
    times.forEach((t, k) => {
      // Relative to the size that the run reaches: it grows above the stable rate.
      const size = 1 + maxAbs(actual[k].f);
      expectNear(
        outputs[k].data,
        actual[k].f,
        1e-12,
        `f at ${t}: rounding, relative to the size that the run reaches`,
        size,
      );
      const moved = path.parametersAt(t).map((value, p) => value - net.parameters[p]);
      expectNear(
        moved,
        actual[k].moved,
        1e-11,
        `θ at ${t}: as f, and a sum over N rows more`,
        1 + maxAbs(actual[k].moved),
      );
      const onNew = ntk.linearize(net).at(path.parametersAt(t), T).data;
      expectNear(
        path.at(t, T).data,
        onNew,
        1e-11,
        `f* at ${t}: the weights' rounding seen through Φ*`,
        1 + maxAbs(onNew),
      );
      const loss = actual[k].f.reduce((sum, f, i) => sum + (f - Y.data[i]) ** 2, 0) / (2 * N);
      expect(path.lossAt(t) / loss).toBeCloseTo(1, 10);
    });
  });

  test.each([0, 0.05])("the end of training is the fit at ridge Nκ, κ = %f", (weightDecay) => {
    using path = ntk.dynamics(net, X, Y, { learningRate: 0.01, momentum: 0.5, weightDecay });
    using fit = ntk.fit(net, X, Y, { ridge: N * weightDecay, solver: "dual" });
    expectNear(
      path.at(Infinity, T).data,
      fit.predict(T).mean.data,
      1e-8,
      "f* at the end against the fit: rounding times the condition number",
    );
    expectNear(
      path.parametersAt(Infinity),
      fit.parameters(),
      1e-8,
      "θ at the end against the fit: rounding times the condition number",
    );
    using flowing = ntk.dynamics(net, X, Y, { learningRate: 3, weightDecay, kind: "flow" });
    expectNear(
      flowing.at(Infinity, T).data,
      fit.predict(T).mean.data,
      1e-8,
      "f* of the flow at the end against the fit: rounding times the condition number",
    );
  });

  test("small steps are the flow", () => {
    using few = ntk.dynamics(net, X, Y, { learningRate: 1e-5 });
    using flowing = ntk.dynamics(net, X, Y, { learningRate: 1, kind: "flow" });
    expectNear(
      few.at(100_000).data,
      flowing.at(1).data,
      1e-4,
      "descent at rate 1e-5 against the flow: first order in the rate",
    );
  });

  test("one point, duplicates, rank-deficient: null modes do not move", () => {
    using one = ntk.dynamics(net, [[0.2, 0.3]], [2], { learningRate: 0.1 });
    expect(one.at(Infinity).data[0]).toBeCloseTo(2, 12);
    const twice = [
      [0.2, 0.3],
      [0.2, 0.3],
      [1, -1],
    ];
    using twins = ntk.dynamics(net, twice, [1, 3, 0], { learningRate: 0.01 });
    // Both copies go to their mean; their difference is a null mode.
    expectNear(
      twins.at(Infinity).data,
      [2, 2, 0],
      1e-10,
      "twins go to their mean: rounding times the condition number of the kept modes",
    );
    // P = 5 parameters, 9 points.
    const small = createNetwork({ inputs: 2, hidden: 1, biasStd: 1, seed: 2 });
    using path = ntk.dynamics(small, X, Y, { learningRate: 0.1 });
    using fit = ntk.fit(small, X, Y);
    expect(path.eigenvalues.filter((value) => value > 1e-12).length).toBe(fit.report.rank);
    expectNear(
      path.at(Infinity).data,
      fit.predict(X).mean.data,
      1e-9,
      "f at the end against the minimum-norm fit: rounding times the condition number of the kept modes",
    );
    const zero = {
      kernel: (A: Matrix, B: Matrix) => ({ data: new Float64Array(A.rows * B.rows), rows: A.rows, cols: B.rows }),
    };
    using still = ntk.dynamics(zero, [1, 2], [3, 4], { learningRate: 1 });
    expect([...still.at(Infinity).data]).toEqual([0, 0]);
    expect(still.maxLearningRate).toBe(Infinity);
  });

  test("rates above the bound blow up; beyond 1e308 it is an error", () => {
    using path = ntk.dynamics(net, X, Y, { learningRate: 1 });
    expect(path.maxLearningRate).toBeLessThan(1);
    expect(path.lossAt(20)).toBeGreaterThan(1e3 * path.lossAt(0));
    for (const t of [100_000, Infinity]) {
      expect(() => path.at(t)).toThrow(ConvergenceError);
      expect(() => path.at(t, T)).toThrow(/diverged .* the largest stable one/);
      expect(() => path.parametersAt(t)).toThrow(
        expect.objectContaining({ step: t, maxLearningRate: path.maxLearningRate }),
      );
    }
    using edge = ntk.dynamics(net, X, Y, { learningRate: 0.999 * path.maxLearningRate });
    using beyond = ntk.dynamics(net, X, Y, { learningRate: 1.001 * path.maxLearningRate });
    expect(edge.lossAt(100_000)).toBeLessThan(edge.lossAt(0));
    expect(beyond.lossAt(100_000)).toBeGreaterThan(1e6);
  });

  test("a custom kernel with several outputs, and its errors", () => {
    const model = {
      kernel: (A: Matrix, B: Matrix) => ({
        data: Float64Array.from(
          Array.from(A.data).flatMap((a) => Array.from(B.data, (b) => Math.exp(-((a - b) ** 2)))),
        ),
        rows: A.rows,
        cols: B.rows,
      }),
    };
    using path = ntk.dynamics(
      model,
      [0, 1, 3],
      [
        [1, 2],
        [0, 1],
        [5, -1],
      ],
      { learningRate: 0.5 },
    );
    const [early, late] = path.at([5, Infinity]);
    expect(early).toMatchObject({ rows: 3, cols: 2 });
    expectNear(late.data, [1, 2, 0, 1, 5, -1], 1e-12, "the end of training goes through the data: κ is small");
    expect(path.at([1, 2], [0.5])).toHaveLength(2);
    expect(() => path.parametersAt(1)).toThrow(/needs a finite network; this model has no weights/);
    const indefinite = { kernel: () => ({ data: Float64Array.of(1, 2, 2, 1), rows: 2, cols: 2 }) };
    expect(() => ntk.dynamics(indefinite, [0, 1], [1, 2], { learningRate: 1 })).toThrow(NotPositiveDefiniteError);
    // The failure left nothing held.
    ntk.dynamics(model, [0, 1], [1, 2], { learningRate: 1 }).dispose();
  });

  test.each(["full", "average"] as const)("eigenvectors, outputs %s: Θ U = U Λ, copies", (outputs) => {
    const two = createNetwork({ inputs: 2, hidden: 12, outputs: 2, biasStd: 1, activation: "tanh", seed: 3 });
    const path = ntk.dynamics(two, X, randomMatrix(N, 2, 7), { learningRate: 0.1, outputs });
    const U = path.eigenvectors();
    const { eigenvalues } = path;
    const n = outputs === "full" ? 2 * N : N;
    expect(U).toMatchObject({ rows: n, cols: n });
    const product = ntk.matmul(ntk.kernel(two, X, X, { outputs }), U).data;
    const scaled = U.data.map((value, at) => value * eigenvalues[at % n]);
    expectNear(product, scaled, 8 * n * Number.EPSILON, "Θ U against U Λ: n ε ‖Θ‖", eigenvalues[n - 1]);
    const transposed = toRows(U)[0].map((_, j) => toRows(U).map((row) => row[j]));
    const identity = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
    expectNear(ntk.matmul(transposed, U).data, identity, 8 * n * Number.EPSILON, "Uᵀ U");
    const before = path.at(3).data.slice();
    U.data.fill(Number.NaN);
    expect(path.at(3).data).toEqual(before);
    expect(path.eigenvectors().data.every(Number.isFinite)).toBe(true);
    path.dispose();
    expect(() => path.eigenvectors()).toThrow(BackendError);
  });

  test("bad input", () => {
    const make = (options: object) => () => ntk.dynamics(net, X, Y, options as DynamicsOptions);
    expect(make({})).toThrow(/learningRate is undefined; expected a number or a list of one per step/);
    expect(make({ learningRate: 0 })).toThrow(/learningRate is 0; expected a finite number > 0/);
    expect(make({ learningRate: new Float64Array(0) })).toThrow(/learningRate is empty/);
    expect(make({ learningRate: Float64Array.of(1, -1) })).toThrow(/learningRate\[1\] is -1/);
    expect(make({ learningRate: 1, momentum: 1 })).toThrow(/momentum is 1; expected a number in \[0, 1\)/);
    expect(make({ learningRate: 1, weightDecay: -1 })).toThrow(/weightDecay is -1/);
    expect(make({ learningRate: 1, nesterov: 1 })).toThrow(TypeError);
    expect(make({ learningRate: 1, kind: "sgd" })).toThrow(/kind is "sgd"/);
    expect(make({ learningRate: 1, kind: "flow", momentum: 0.5 })).toThrow(/gradient flow has no momentum/);
    expect(make({ learningRate: Float64Array.of(1), kind: "flow" })).toThrow(RangeError);
    expect(make({ learningRate: 1, rate: 2 })).toThrow(/unknown option "rate"/);
    using path = ntk.dynamics(net, X, Y, { learningRate: Float64Array.of(0.1, 0.1) });
    expect(() => path.at(3)).toThrow(/t is 3; expected at most 2, the length of the schedule/);
    expect(() => path.at(Infinity)).toThrow(RangeError);
    expect(() => path.at(-1)).toThrow(/t is -1/);
    expect(() => path.at(0.5)).toThrow(/integer number of steps/);
    expect(() => path.at("1" as unknown as number)).toThrow(TypeError);
    expect(() => path.at(1, [[1]])).toThrow(/X has 1 columns; expected 2/);
    path.dispose();
    expect(() => path.at(1)).toThrow(BackendError);
  });
});

describe("the response of one mode", () => {
  const rules = [0, 0.5, 0.9, 0.99, 0.999].flatMap((momentum) =>
    [false, true].map((nesterov) => ({ momentum, nesterov })),
  );
  test.each(rules)("μ = $momentum, Nesterov $nesterov: against the loop", ({ momentum, nesterov }) => {
    const base = { kind: "descent" as const, schedule: undefined, decay: 0, nesterov, momentum };
    const critical = (1 - Math.sqrt(momentum)) ** 2;
    for (const a of [1e-12, 1e-7, 1e-3, critical * (1 - 1e-9), critical, critical * (1 + 1e-9), 0.3, 1, 1.2]) {
      if (a === 0) continue;
      const times = [1, 2, 10, 999, 1000, 1001, 5000, 20_000];
      const got = responses({ ...base, rate: a }, 1, 1, times);
      let [x, velocity] = [0, 0];
      for (let k = 1, at = 0; k <= 20_000; k++) {
        const gradient = a * (x - 1);
        velocity = momentum * velocity + gradient;
        x -= nesterov ? gradient + momentum * velocity : velocity;
        if (times[at] !== k) continue;
        // The loop itself loses up to k ε; one part in 1e10 also where slow modes have hardly moved.
        expect(Math.abs(got[at] - x) / (Math.abs(x) + 1e-300), `a = ${a}, k = ${k}`).toBeLessThanOrEqual(1e-10);
        at++;
      }
    }
  });

  test("slow modes keep their digits for any number of steps", () => {
    const rule = {
      kind: "descent" as const,
      rate: 1e-14,
      schedule: undefined,
      decay: 0,
      momentum: 0.9,
      nesterov: false,
    };
    // After the transient: ψ grows by η/n/(1−μ) a step.
    const [early, late] = responses(rule, 1, 1, [1e6, 1e6 + 1000]);
    expect((late - early) / 1000 / 1e-13).toBeCloseTo(1, 6);
    expect(responses({ ...rule, momentum: 0 }, 1, 1, [1e9])[0] / 1e-5).toBeCloseTo(1, 5);
  });
});
