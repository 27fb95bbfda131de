/** The largest eigenvalue, and the rate that `initialization` makes of it: whatever the inputs' symmetry. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Init, initialization, type Matrix, type Ntk } from "../../src/index.js";
import { INITS } from "../../src/model/initSchemes.js";
import { largestEigenvalue } from "../../src/model/spectrum.js";
import { EXAMPLE, NAMES } from "../oracle/activations.js";
import { generator, randomMatrix } from "../setup/random.js";
import { loadVariant, mutating } from "../setup/variants.js";

const SCHEMES = INITS.filter((init) => !init.endsWith("Uniform"));
/** Rows by name: what lies symmetrically about 0 makes even and odd eigenvectors. */
const INPUTS: Record<string, number[]> = {
  symmetric: [-2, -1.5, -1, -0.5, -0.1, 0.1, 0.5, 1, 1.5, 2],
  "symmetric with zero": [-3, -1, 0, 1, 3],
  asymmetric: [-1.5, -0.2, 0.4, 0.9, 1.7, 2.5],
  duplicate: [1, 1, 1, -1, -1, -1, 0.5],
  point: [0.7],
  pair: [-1, 1],
};

let ntk: Ntk;
beforeAll(async () => {
  ntk = await loadVariant("simd");
});

const top = (A: Matrix) => ntk.eigh(A).values[A.rows - 1];
const relative = (got: number, want: number) => Math.abs(got - want) / (want || 1);

/** Whether gradient descent on ½‖f − y‖²/N, f with kernel K, comes down from a random start: r ← r − η/N K r. */
function converges(K: Matrix, rate: number): boolean {
  const n = K.rows;
  const next = generator(5);
  let r = Float64Array.from({ length: n }, next);
  const size = () => r.reduce((sum, x) => sum + x * x, 0);
  const start = size();
  for (let step = 0; step < 400; step++) {
    r = r.map((x, i) => x - (rate / n) * r.reduce((sum, y, j) => sum + K.data[i * n + j] * y, 0));
  }
  return size() <= start;
}

describe.each(NAMES)("%s", (label) => {
  const activation = EXAMPLE[label];
  test.each(SCHEMES)("%s: the rate is that of eigh, half of it converges and 1.1 times it diverges", (init: Init) => {
    for (const [name, X] of Object.entries(INPUTS)) {
      for (const bias of [true, false]) {
        const object = initialization({ inputs: 1, hidden: 64, activation, init, bias });
        const K = object.expectedKernel(X);
        const rate = object.maxLearningRate(X);
        expect(relative((2 * X.length) / rate, top(K)), `${name}, bias ${bias}`).toBeLessThanOrEqual(1e-13);
        expect(converges(K, rate / 2), `${name}, bias ${bias}: half the rate`).toBe(true);
        expect(converges(K, 1.1 * rate), `${name}, bias ${bias}: 1.1 times the rate`).toBe(false);
      }
    }
  });
});

test("with C outputs the loss averages C times as many entries, so that the rate is C times as large", () => {
  const X = INPUTS.asymmetric;
  for (const outputs of [2, 5]) {
    const options = { inputs: 1, hidden: 4000, init: "ntk", outputs, seed: 3 } as const;
    const Y = { data: new Float64Array(X.length * outputs), rows: X.length, cols: outputs };
    const path = ntk.dynamics(createNetwork(options), X, Y, { learningRate: 1 });
    expect(path.maxLearningRate / initialization(options).maxLearningRate(X)).toBeCloseTo(1, 1);
    path.dispose();
  }
});

test("a kernel of zeros has no largest rate and no hidden share, one that overflows is an error", () => {
  const still = initialization({ inputs: 1, hidden: 8, activation: "identity", bias: false });
  expect(still.maxLearningRate([0, 0])).toBe(Infinity);
  expect(still.hiddenShare([0, 0])).toBe(0);
  for (const X of [[1e170], [1e200, -1e200]])
    for (const of of [still.maxLearningRate, still.hiddenShare])
      expect(() => of.call(still, X)).toThrow(/E\[Θ\] overflows float64/);
});

describe("largestEigenvalue", () => {
  // Sizes about where Lanczos begins.
  test.each(mutating ? [1, 2, 3, 17, 401] : [1, 2, 3, 17, 399, 400, 401, 640])(
    "kernels with clusters, gaps and null spaces: n = %i",
    (n) => {
      const points: Record<string, Matrix> = {
        symmetric: { data: Float64Array.from({ length: n }, (_, i) => (2 * i - n + 1) / n), rows: n, cols: 1 },
        duplicate: { data: Float64Array.from({ length: n }, (_, i) => (i % 7) - 3), rows: n, cols: 1 },
        // A sphere's kernel: its top eigenvalues come in groups.
        directions: randomMatrix(n, 12, n),
      };
      for (const [name, X] of Object.entries(points)) {
        for (const activation of mutating ? (["erf"] as const) : (["erf", "relu", "sin"] as const)) {
          const net = initialization({ inputs: X.cols, hidden: 8, activation, bias: false });
          const K = net.expectedKernel(X);
          expect(relative(largestEigenvalue(K), top(K)), `${name}, ${activation}`).toBeLessThanOrEqual(1e-12);
        }
      }
    },
  );

  test.each(mutating ? [30] : [30, 500])("known spectra: n = %i", (n) => {
    const square = (entry: (i: number, j: number) => number): Matrix => ({
      data: Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n)),
      rows: n,
      cols: n,
    });
    const sign = (i: number) => (i % 2 === 0 ? 1 : -1);
    const cases: [string, Matrix, number][] = [
      ["identity", square((i, j) => Number(i === j)), 1],
      ["ones", square(() => 1), n],
      // The vector of ones is in its null space.
      ["alternating", square((i, j) => sign(i) * sign(j)), n],
      ["the last of a diagonal", square((i, j) => (i === j ? 1 + i / n : 0)), 1 + (n - 1) / n],
      ["[−1, 2, −1]", square((i, j) => [2, -1][Math.abs(i - j)] ?? 0), 2 + 2 * Math.cos(Math.PI / (n + 1))],
      // Two that differ by 1e-12 and one that stands alone.
      ["a pair", square((i, j) => (i === j ? (i === 3 ? 1 : i === 9 ? 1 - 1e-12 : 1e-3) : 0)), 1],
    ];
    for (const [name, A, want] of cases) {
      for (const scale of [1, 1e-300, 1e300]) {
        const scaled = { ...A, data: A.data.map((x) => x * scale) };
        expect(relative(largestEigenvalue(scaled) / scale, want), `${name}, ${scale}`).toBeLessThanOrEqual(2e-12);
      }
    }
  });
});
