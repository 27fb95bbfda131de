/**
 * Expected kernels of initialisations: golden numbers, quadrature-free identities, and z-tests against sampled
 * networks.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { type Activation, createNetwork, initialization, type NetworkOptions, type Ntk } from "../../src/index.js";
import { NAMES as ACTIVATIONS, EXAMPLE, ORACLE } from "../oracle/activations.js";
import { NAMES, SCHEMES } from "../oracle/initSchemes.js";
import { expectClose, expectNear, type Golden, toMatrix } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, mutating, variants } from "../setup/variants.js";
import golden from "../vectors/03c_mean_finite_ntk.json" with { type: "json" };

interface Case {
  name: string;
  activation: string;
  m: number;
  d: number;
  c_std: number;
  d_std: number;
  b_std: number;
  inputs: { x: Golden };
  expected: { mean_ntk: Golden };
  tol: { mean_ntk: { rtol: number; atol: number } };
}
const cases = golden.cases as unknown as Case[];

test("the golden file has eight activations; the sampled kernels check all", () => {
  const names = [...new Set(cases.map(({ activation }) => activation))];
  expect(names).toHaveLength(8);
  expect(ACTIVATIONS).toEqual(expect.arrayContaining(names));
});

test.each(cases)("expected kernel $name", ({ activation, m, d, c_std, d_std, b_std, inputs, expected, tol }) => {
  // LeCun with this weightStd has the golden c_std; the golden b_std is free. The expected kernel is linear in the
  // variance of b, so two schemes that differ in b alone give both of its parts.
  const options = {
    inputs: d,
    hidden: m,
    activation: activation as Activation,
    weightStd: c_std * Math.sqrt(d),
    biasStd: d_std,
  };
  const [one, other] = [initialization(options), initialization({ ...options, init: "smallReadout" })];
  for (const { variances } of [one, other]) {
    expect(variances.c).toBeCloseTo(c_std ** 2, 14);
    expect(variances.d).toBeCloseTo(d_std ** 2, 14);
  }
  const X = toMatrix(inputs.x);
  const [first, second] = [one.expectedKernel(X).data, other.expectedKernel(X, X).data];
  const slope = first.map((value, at) => (value - second[at]) / (one.variances.b - other.variances.b));
  const want = first.map((value, at) => value + (b_std ** 2 - one.variances.b) * slope[at]);
  expectClose(want, expected.mean_ntk.data, tol.mean_ntk, "E[Θ]");
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test.each(
    (mutating ? NAMES.slice(0, 1) : NAMES).flatMap((init) =>
      ACTIVATIONS.filter((label) => !ORACLE[label].wild).map((label) => ({ init, label })),
    ),
  )("$init, $label: sampled kernels have the expected mean", ({ init, label }) => {
    const activation = EXAMPLE[label];
    const options: NetworkOptions = {
      inputs: 2,
      hidden: 12,
      init,
      activation,
      ...(SCHEMES[init].biasStd === 1 ? {} : { biasStd: 0.7 }),
    };
    const X = randomMatrix(4, 2, 5, 1.5);
    const draws = 400;
    const sum = new Float64Array(16);
    const squares = new Float64Array(16);
    for (let seed = 0; seed < draws; seed++) {
      ntk.kernel(createNetwork({ ...options, seed }), X).data.forEach((value, at) => {
        sum[at] += value / draws;
        squares[at] += value ** 2 / draws;
      });
    }
    const object = initialization(options);
    object.expectedKernel(X).data.forEach((want, at) => {
      const error = Math.sqrt((squares[at] - sum[at] ** 2) / draws);
      // Ten entries, 54 cases: 4.5 standard errors are passed once in 270 suites; seeds are fixed.
      expect(Math.abs(sum[at] - want) / error, `entry ${at}`).toBeLessThanOrEqual(4.5);
    });
  });

  test("hidden share and largest stable rate are those of a wide network", () => {
    const options: NetworkOptions = { inputs: 1, hidden: 20_000, biasStd: 1, seed: 3 };
    const X = randomMatrix(8, 1, 2, 1.5);
    const net = createNetwork(options);
    const { c, d } = ntk.kernelBlocks(net, X);
    const K = ntk.kernel(net, X);
    const trace = (data: Float64Array) => Array.from({ length: 8 }, (_, i) => data[9 * i]).reduce((a, b) => a + b);
    const object = initialization(options);
    expect((trace(c.data) + trace(d.data)) / trace(K.data) / object.hiddenShare(X)).toBeCloseTo(1, 1);
    const { values } = ntk.eigh(object.expectedKernel(X));
    expect(object.maxLearningRate(X) / (16 / values[7])).toBeCloseTo(1, 12);
    using path = ntk.dynamics(net, X, new Float64Array(8), { learningRate: 1 });
    expect(path.maxLearningRate / object.maxLearningRate(X)).toBeCloseTo(1, 1);
  });
});

test("MATH.md §5: the hidden layer's share under LeCun falls like 1/m, and the stable rate is about 8/m", () => {
  const X = Array.from({ length: 16 }, (_, i) => -1.5 + i / 5);
  const at = (hidden: number) => initialization({ inputs: 1, hidden, biasStd: 1 });
  expect(at(64).hiddenShare(X)).toBeGreaterThan(0.002);
  expect(at(64).hiddenShare(X)).toBeLessThan(0.008);
  // Exactly 1/m but for the constant of a, which does not grow with m.
  expect(at(4096).hiddenShare(X) / at(65_536).hiddenShare(X)).toBeCloseTo(16, 0);
  expect(at(4096).maxLearningRate(X) * 4096).toBeGreaterThan(6);
  expect(at(4096).maxLearningRate(X) * 4096).toBeLessThan(9);
  // Under ntk neither depends on the width.
  const ntk = (hidden: number) => initialization({ inputs: 1, hidden, init: "ntk" });
  expect(ntk(16).hiddenShare(X)).toBeCloseTo(ntk(4096).hiddenShare(X), 12);
  expectNear(
    ntk(16).expectedKernel(X).data,
    ntk(4096).expectedKernel(X).data,
    1e-13,
    "expected kernel of two widths under ntk: it does not depend on the width, but for rounding",
  );
});

test("near-parallel inputs keep their digits: relu's kernel varies like the angle", () => {
  const object = initialization({ inputs: 2, hidden: 1, activation: "relu", bias: false });
  const at = (angle: number) => object.expectedKernel([[1, 0]], [[Math.cos(angle), Math.sin(angle)]]).data[0];
  // Unit inputs, weights of variance ½ and a readout of variance 1:
  // Θ = ½ (sin ϑ + (π − ϑ) cos ϑ)/2π + cos ϑ (π − ϑ)/2π.
  for (const angle of [1e-3, 1e-6, 1e-9]) {
    const cosine = (Math.cos(angle) * (Math.PI - angle)) / (2 * Math.PI);
    const want = (Math.sin(angle) / (2 * Math.PI) + cosine) / 2 + cosine;
    expect(Math.abs(at(angle) - want), `relu's kernel at the angle ${angle}: two ulp of 1`).toBeLessThanOrEqual(
      4 * Number.EPSILON,
    );
  }
});

test("what has no closed form says so", () => {
  expect(() => initialization({ inputs: 1, hidden: 4, init: "lecunUniform" }).expectedKernel([1])).toThrow(
    /no closed form/,
  );
  expect(initialization({ inputs: 1, hidden: 4, init: "lecunUniform" }).variances.b).toBeCloseTo(1 / 4, 15);
  expect(() => initialization({ inputs: 1, hidden: [4, 4] }).expectedKernel([1])).toThrow(/one hidden layer/);
  expect(Object.keys(initialization({ inputs: 1, hidden: [4, 3] }).variances)).toEqual([
    "a",
    "b",
    "c2",
    "d2",
    "c1",
    "d1",
  ]);
  expect(() => initialization({ inputs: 2, hidden: 4 }).expectedKernel([1])).toThrow(/X has 1 columns; expected 2/);
  expect(() => initialization({ inputs: 1, hidden: 0 })).toThrow(RangeError);
});
