/**
 * A custom kernel may use the same Ntk: the results are, to the bit, the results of a kernel of stored numbers. Each
 * case runs on a fresh instance, whose memory has to grow while the kernel function runs. The function leaves fits
 * alive and frees them in later calls.
 */
import { describe, expect, test } from "vitest";
import {
  type CustomKernel,
  createNetwork,
  defineActivation,
  type Fit,
  type Matrix,
  type Ntk,
} from "../../src/index.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 60;
const X = randomMatrix(N, 2, 3, 1);
const Y = randomMatrix(N, 2, 4, 1);
const T = randomMatrix(9, 2, 5, 1);
const first = createNetwork({ inputs: 2, hidden: 40, biasStd: 1, seed: 1 });
const second = createNetwork({ inputs: 2, hidden: 30, biasStd: 1, activation: "erf", init: "ntk", seed: 2 });

/**
 * A + B, and where it is square 1e-3 on its diagonal: kernels in float32 are positive definite only to 1e-7 of
 * their size.
 */
const sum = (A: Matrix, B: Matrix): Matrix => ({
  ...A,
  data: A.data.map((value, at) => value + B.data[at] + (A.rows === A.cols && at % (A.rows + 1) === 0 ? 1e-3 : 0)),
});

/** Θ_1 + Θ_2 by this Ntk, which does other work in between and keeps some of it. */
function calling(ntk: Ntk): { model: CustomKernel; calls: () => number } {
  const alive: Fit[] = [];
  let calls = 0;
  const busy = () => {
    calls++;
    ntk.matmul(randomMatrix(50, 40, calls, 1), randomMatrix(40, 50, calls, 1));
    alive.push(ntk.fit(first, T, randomMatrix(9, 1, calls, 1), { ridge: 0.1, solver: "dual" }));
    alive.at(-1)?.predict(T, { covariance: true });
    if (alive.length > 2) alive.shift()?.dispose();
    ntk.eigh(ntk.gram(randomMatrix(30, 30, calls, 1)));
  };
  const both = (A: Matrix, B?: Matrix) => {
    busy();
    const K = sum(ntk.kernel(first, A, B), ntk.kernel(second, A, B));
    busy();
    return K;
  };
  return {
    model: {
      kernel: (A, B) => both(A, A === B ? undefined : B),
      mean: (A) => {
        busy();
        return { data: new Float64Array(A.rows * 2).fill(0.25), rows: A.rows, cols: 2 };
      },
      diagonal: (A) => {
        busy();
        const [a, b] = [ntk.kernelDiagonal(first, A), ntk.kernelDiagonal(second, A)];
        return a.map((value, i) => value + b[i]);
      },
    },
    calls: () => calls,
  };
}

/** The same kernel by an Ntk of its own: no call reaches the one under test. */
function stored(other: Ntk): CustomKernel {
  return {
    kernel: (A, B) => {
      const one = A === B ? undefined : B;
      return sum(other.kernel(first, A, one), other.kernel(second, A, one));
    },
    mean: (A) => ({ data: new Float64Array(A.rows * 2).fill(0.25), rows: A.rows, cols: 2 }),
    diagonal: (A) => {
      const [a, b] = [other.kernelDiagonal(first, A), other.kernelDiagonal(second, A)];
      return a.map((value, i) => value + b[i]);
    },
  };
}

const REPORT = ["scales", "rank", "conditionNumber", "backwardError", "degreesOfFreedom", "perOutput", "looResiduals"];

const everythingOf = (fit: Fit) => [
  fit.predict(T, { covariance: true, noise: true }),
  fit.sample(T, { draws: 2 }),
  REPORT.map((name) => fit.report[name as "rank"]),
  fit.toJSON(),
];

const twins = { ...X, data: X.data.map((value, at) => (at < 4 ? X.data[at % 2] : value)) };

/** Every public call that takes a kernel of the user's own. */
const CASES: [string, (ntk: Ntk, model: CustomKernel) => unknown][] = [
  ["kernel", (ntk, model) => [ntk.kernel(model, X), ntk.kernel(model, X, T)]],
  ["kernelDiagonal", (ntk, model) => ntk.kernelDiagonal(model, X)],
  ["kernelDiagonal without a diagonal", (ntk, { kernel }) => ntk.kernelDiagonal({ kernel }, X)],
  ["fit", (ntk, model) => everythingOf(ntk.fit(model, X, Y, { ridge: 0.1, scale: "fit" }))],
  ["fit, a ridge each", (ntk, model) => everythingOf(ntk.fit(model, X, Y, { ridge: [0.1, 0.3] }))],
  ["fit, ridge 0, twins", (ntk, model) => everythingOf(ntk.fit(model, twins, Y))],
  [
    "a path",
    (ntk, model) => {
      const fit = ntk.fit(model, X, Y, { ridges: [0.01, 0.1, 1], perOutput: true });
      return [fit.path, everythingOf(fit)];
    },
  ],
  [
    "update",
    (ntk, model) => {
      const fit = ntk.fit(model, X, Y, { ridge: 0.1 });
      fit.update({ add: { X: T, Y: randomMatrix(9, 2, 7, 1) }, remove: [1, 2], move: { index: 5, X: [[1, 2]] } });
      return everythingOf(fit);
    },
  ],
  [
    "dual weights and influence",
    (ntk, model) => {
      const fit = ntk.fit(model, X, Y, { ridge: 0.1 });
      return [fit.dualWeights(), fit.influence([[0.3, 0.1]])];
    },
  ],
  ["spectrum", (ntk, model) => ({ ...ntk.spectrum(model, X, Y) })],
  ["spectrum, the top modes", (ntk, model) => ({ ...ntk.spectrum(model, X, Y, { top: 6 }) })],
  [
    "alignment",
    (ntk, model) => [ntk.alignment(model, first, X), ntk.alignment(second, model, X), ntk.alignment(model, Y, X)],
  ],
  [
    "dynamics",
    (ntk, model) => {
      const path = ntk.dynamics(model, X, Y, { learningRate: 0.01 });
      return [path.at([1, 10, Infinity], T), path.at(5), path.lossAt(3), path.eigenvalues];
    },
  ],
  [
    "tune",
    (ntk, model) => {
      const { model: _, ...rest } = ntk.tune(model, X, Y);
      return rest;
    },
  ],
  ["crossValidate", (ntk, model) => ntk.crossValidate(model, X, Y, { folds: 2, ridges: [0.1, 1] })],
  ["tuning by leave-one-out", (ntk, model) => [...ntk.tuning(model, X, Y, { criterion: "loo" })]],
];

describe.each(variants)("%s", (variant) => {
  for (const precision of ["float64", "float32"] as const) {
    test.each(CASES)(`%s, ${precision}`, async (_, run) => {
      const [ntk, fresh, other] = [
        await loadVariant(variant, precision),
        await loadVariant(variant, precision),
        await loadVariant(variant, precision),
      ];
      const { model, calls } = calling(ntk);
      const got = run(ntk, model);
      expect(calls()).toBeGreaterThan(0);
      expect(got).toEqual(run(fresh, stored(other)));
    });
  }

  test.each(["float64", "float32"] as const)("an activation of one's own, %s", async (precision) => {
    const [ntk, other] = [await loadVariant(variant, precision), await loadVariant(variant, precision)];
    const big = randomMatrix(700, 700, 1, 1);
    let calls = 0;
    const busy = (z: number) => {
      // Memory grows in the middle of a row.
      if (++calls === 7) ntk.gram(big);
      return Math.tanh(z);
    };
    const slope = (z: number) => 1 - Math.tanh(z) ** 2;
    const [own, plain] = [busy, Math.tanh].map((value) =>
      createNetwork({ inputs: 2, hidden: 5, biasStd: 1, activation: defineActivation({ name: "own", value, slope }) }),
    );
    expect(ntk.kernel(own, X)).toEqual(other.kernel(plain, X));
    expect(calls).toBeGreaterThan(7);
  });

  test("an update from inside its own kernel function is refused, and the fit goes on", async () => {
    const ntk = await loadVariant(variant);
    const { kernel } = stored(await loadVariant(variant));
    let inner: (() => void) | undefined;
    const fit = ntk.fit(
      {
        kernel: (A, B) => {
          inner?.();
          return kernel(A, B);
        },
      },
      X,
      Y,
      { ridge: 0.1 },
    );
    const before = fit.predict(T);
    inner = () => fit.update({ remove: 0 });
    expect(() => fit.update({ move: { index: 0, X: [[3, 3]] } })).toThrow(/while it is being updated/);
    inner = undefined;
    expect(fit.predict(T)).toEqual(before);
    expect(fit.update({ remove: 0 }).report.looResiduals?.rows).toBe(N - 1);
  });
});
