/** Parts of `tune` by themselves: coordinates, ridges by factorisations, bins, scales of inputs, notes of a search. */
import { describe, expect, test } from "vitest";
import { createInfiniteNetwork, type Model, rbfKernel } from "../src/index.js";
import { kernelSource } from "../src/kernel/modelKernel.js";
import { type Matrix, matrix } from "../src/matrix.js";
import { read } from "../src/options.js";
import { type Problem, residualProblem } from "../src/problem.js";
import { tune } from "../src/regression/tune.js";
import { CholeskyRating } from "../src/regression/tuneCholesky.js";
import { coordinatesOf, type Family, type Ranges, scalesAt, within } from "../src/regression/tuneFamily.js";
import { searchInputs, withInputScales } from "../src/regression/tuneInputs.js";
import { type Bins, searchNoise } from "../src/regression/tuneNoise.js";
import { type Checked, OPTIONS } from "../src/regression/tuneOptions.js";
import { bestRidge, endOf, meanOrOne, rangeOf } from "../src/regression/tuneRidge.js";
import { once, type Rating, Search } from "../src/regression/tuneSearch.js";
import { drain } from "../src/slices.js";
import { expectNear } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext } from "./setup/variants.js";

const context = loadContext("simd");

const column = (values: ArrayLike<number>): Matrix => matrix(values.length, 1, Float64Array.from(values));

function problemOf(model: Model, X: Matrix, y: ArrayLike<number>): Problem {
  const source = kernelSource(context, model, undefined);
  const Y = column(y);
  return residualProblem({ model, source, X, Y }, new Float64Array(y.length));
}

/** A kernel of uncorrelated points with these variances. */
const diagonal = (values: readonly number[]): Model => ({
  kernel: (A, B) => ({
    data: Float64Array.from({ length: A.rows * B.rows }, (_, at) => {
      const [i, j] = [A.data[Math.floor(at / B.rows)], B.data[at % B.rows]];
      return i === j ? values[i] : 0;
    }),
    rows: A.rows,
    cols: B.rows,
  }),
});
const numbers = (n: number) => column(Array.from({ length: n }, (_, i) => i));

const none: Ranges = {
  weightStd: undefined,
  biasStd: undefined,
  lengthScale: undefined,
  period: undefined,
  depth: undefined,
  activation: undefined,
};

describe("coordinates", () => {
  const family: Family = {
    depth: 2,
    scales: { weightStd: [1, 2, 3], biasStd: 0.5 },
    make: () => rbfKernel(),
  };

  test("a list of a scale has a coordinate for each entry", () => {
    const [wide, narrow] = [[0.1, 10] as const, [0.2, 2] as const];
    const found = coordinatesOf(family, { ...none, weightStd: wide, biasStd: narrow });
    expect(found).toEqual([
      ...[0, 1, 2].map((entry) => ({ name: "weightStd", entry, range: wide })),
      { name: "biasStd", entry: -1, range: narrow },
    ]);
    expect(coordinatesOf(family, none)).toEqual([]);
    const own = family.scales;
    const scales = scalesAt(own, found, [Math.log(0.1), Math.log(3), Math.log(10), Math.log(0.7)]);
    expect(scales.weightStd).toEqual([0.1, Math.exp(Math.log(3)), 10]);
    expect(scales.biasStd).toBe(Math.exp(Math.log(0.7)));
    expect(own).toEqual({ weightStd: [1, 2, 3], biasStd: 0.5 });
    expect(scalesAt(own, found.slice(1, 2), [Math.log(5)]).weightStd).toEqual([1, Math.exp(Math.log(5)), 3]);
    expect(scalesAt(own, [], []).weightStd).not.toBe(own.weightStd);
  });

  test("bounds come back to the last digit, and ends are a hundredth of the range", () => {
    expect(within(Math.log(0.3), [0.3, 7])).toBe(0.3);
    expect(within(Math.log(7) + 1, [0.3, 7])).toBe(7);
    expect(within(-99, [0.3, 7])).toBe(0.3);
    expect(within(0, [0.3, 7])).toBe(1);
    expect(endOf(10 ** 0.019, 1, 100)).toBe("lower");
    expect(endOf(10 ** 0.021, 1, 100)).toBeUndefined();
    expect(endOf(10 ** 1.979, 1, 100)).toBeUndefined();
    expect(endOf(10 ** 1.981, 1, 100)).toBe("upper");
    expect(endOf(3, 3, 3)).toBeUndefined();
    expect(meanOrOne(Float64Array.of(1, 2, 6))).toBe(3);
    expect(meanOrOne(new Float64Array(3))).toBe(1);
    expect(rangeOf(undefined, 2)).toEqual([2e-10, 20]);
    expect(rangeOf([3, 4], 2)).toEqual([3, 4]);
  });
});

describe("ridges by factorisations", () => {
  const X = randomMatrix(60, 1, 1, 2);
  const noise = randomMatrix(60, 1, 2).data;
  const targets = (size: number) => X.data.map((x, i) => Math.sin(2 * x) + size * noise[i]);
  /** Problems, and eigendecompositions that the rating of each takes. */
  function ratings(problems: readonly Problem[], given?: readonly [number, number]) {
    let decomposed = 0;
    const ops = new Proxy(context.ops, {
      get(all, name) {
        if (name === "deigh") decomposed++;
        return Reflect.get(all, name);
      },
    });
    const rating = new CholeskyRating({ ...context, ops }, given);
    return problems.map((problem) => {
      decomposed = 0;
      const rated = rating.rate(problem);
      return { rated, decomposed, best: bestRidge(context, problem, "evidence", given) };
    });
  }
  const model = rbfKernel({ lengthScale: 0.7 });
  const problem = (size: number) => problemOf(model, X, targets(size));

  test("the first kernel is decomposed, and one like it is not", () => {
    const found = ratings([0.1, 0.1, 0.15, 0.4].map(problem));
    expect(found.map(({ decomposed }) => decomposed)).toEqual([1, 0, 0, 0]);
    expect(found[0].rated).toEqual(found[0].best);
    for (const { rated, best } of found) {
      // The last step leaves less than 2 to gain, and as a rule far less.
      expect(rated.score).toBeGreaterThan(best.score - 0.1);
      expect(rated.score).toBeLessThan(best.score + 1e-6);
      expect(Math.abs(Math.log(rated.ridge / best.ridge))).toBeLessThan(0.3);
      expect(rated.atBound).toBe(false);
    }
  });

  test("a long way is not gone by steps", () => {
    const found = ratings([problem(1e-4), problemOf(model, X, noise), problem(1e-4)]);
    // The best ridges are more than six steps of 1.5 apart.
    expect(Math.log(found[1].best.ridge / found[0].best.ridge)).toBeGreaterThan(9);
    for (const { rated, decomposed, best } of found) {
      expect(decomposed).toBe(1);
      expect(rated).toEqual(best);
    }
  });

  test("where the evidence is not concave the kernel is decomposed, and no step stops short", () => {
    const values = Array.from({ length: 40 }, (_, i) => 10 ** ((-1.5 * i) / 40));
    // Squares are variances of the kernel plus this noise, which is the best ridge.
    const of = (ridge: number) =>
      problemOf(
        diagonal(values),
        numbers(40),
        values.map((value) => Math.sqrt(value + ridge)),
      );
    const ridges = [0.003, 0.03, 0.3, 3];
    for (const from of ridges)
      for (const to of ridges) {
        const [, { rated, best }] = ratings([of(from), of(to)], [1e-5, 1e3]);
        expect(best.ridge).toBeCloseTo(to, 3);
        // The first guess of the curvature, −N/8, calls a slope of 0.1 a step of 0.02, and such a step is none.
        expect(best.score - rated.score, `from ${from} to ${to}`).toBeLessThan(0.5);
      }
  });

  test("a ridge that is lost in rounding beside the next kernel is no start", () => {
    const given = [1e-15, 1] as const;
    // Without noise, a large diagonal kernel has the lowest ridge; beside ones, a lower one is lost.
    const four = problemOf(diagonal([1, 2, 3, 4]), numbers(4), [1, 2, 3, 4].map(Math.sqrt));
    const ones = problemOf(
      { kernel: (A, B) => matrix(A.rows, B.rows, new Float64Array(A.rows * B.rows).fill(1)) },
      X,
      noise,
    );
    const [first, second] = ratings([four, ones], given);
    expect(first.rated.ridge).toBeLessThan(60 * Number.EPSILON);
    expect(second.decomposed).toBe(1);
    expect(second.rated).toEqual(second.best);
  });
});

describe("noise of bins", () => {
  const bins: Bins = { edges: [3.5], of: [0, 0, 0, 0, 1, 1, 1, 1], count: 2, wanted: 2 };
  const search = (y: number[], values: number[], bounds: [number, number]) => {
    const steps = searchNoise(
      context,
      problemOf(diagonal(values), numbers(8), y),
      bins,
      Float64Array.of(1, 1),
      bounds,
      2,
    );
    const [one, two] = [steps.next().value, steps.next().value];
    if (typeof one !== "object" || typeof two !== "object") throw new Error("expected two ratings");
    return { one, ratio: (two.weights[0] ?? 0) / (two.weights[1] ?? 0) };
  };
  const ones = new Array(8).fill(1);

  test("uncorrelated points: the fixed point by hand, within the bounds", () => {
    for (const bounds of [
      [0.05, 50],
      [0.5, 0.5],
      [0.3, 0.6],
    ] as [number, number][])
      for (const [first, factor] of [
        // 38 is the sum of the squares in the second bin.
        [[1, -2, 1, 2], 10 / (48 / 2)],
        // A bin that explains nothing keeps its variance, and no step is more than tenfold.
        [[0, 0, 0, 0], 1],
        [[1e-6, 1e-6, 1e-6, 1e-6], 0.1],
      ] as [number[], number][]) {
        const { one, ratio } = search([...first, 3, -3, 2, 4], ones, bounds);
        const squares = first.reduce((sum, value) => sum + value ** 2, 38);
        const clamped = (change: number) => Math.min(bounds[1], Math.max(bounds[0], one.ridge * change));
        // α = y/A, [A⁻¹]_ii = 1/A and the scale is Σ y²/8A: a bin's part of the squares over that of its rows.
        const want = clamped(38 / (squares / 2)) / clamped(factor);
        // Weights are the least variance over that of a bin.
        expectNear([ratio], [want], 1e-9, `variance of the second bin to the first: ${first}, ${bounds}`, want);
      }
  });
});

test("scales of inputs start from the better one of two climbs of a common scale", () => {
  const X = randomMatrix(40, 2, 4, 2);
  const noise = randomMatrix(40, 1, 5).data;
  const y = noise.map((value, i) => Math.sin(X.data[2 * i]) + 0.3 * value);
  const model = rbfKernel();
  const bounds = [1e-9, 10] as const;
  for (const ridge of [1e-9, 1e-2, 1]) {
    const from = {
      wrap: (scales: number[]) => withInputScales(model, scales),
      problemOf: (candidate: Model) => problemOf(candidate, X, y),
      ridge,
      bounds,
      inputs: 2,
      size: 1,
    };
    const found = [...searchInputs(context, from, { starts: 1, seed: 0 }, 60)];
    // The first point of each climb has the scales 1 and a ridge of its own.
    const begins = found.flatMap(({ inputScales, rated }, i) =>
      inputScales.every((scale) => scale === 1) && (i === 0 || Math.abs(rated.ridge - 0.1) < 1e-12) ? [i] : [],
    );
    expect(begins, `ridge ${ridge}`).toHaveLength(ridge < 0.1 ? 2 : 1);
    const apart = found.findIndex(({ inputScales }) => inputScales[0] !== inputScales[1]);
    const shared = found.slice(0, apart - 1);
    const best = shared.reduce((a, b) => (b.rated.score > a.rated.score ? b : a));
    const start = found[apart - 1];
    expect(start.inputScales, `ridge ${ridge}`).toEqual(best.inputScales);
    expect(start.rated.ridge).toBeCloseTo(Math.max(best.rated.ridge, 0.01), 12);
  }
});

describe("notes of a search", () => {
  const checked: Checked = read({}, "tune", "{}", OPTIONS);
  /** The best one of these depths is the one with the largest score. */
  const notes = (scores: Record<number, number>, signal?: { aborted: boolean }) => {
    const base = createInfiniteNetwork();
    const family: Family = { depth: 1, scales: {}, make: (depth) => ({ ...base, depth: depth as number }) };
    const rate: Rating = (candidate) => {
      const { depth } = candidate as typeof base;
      const rated = { ridge: 1, score: scores[depth], atBound: false, bounds: [0.1, 10] as [number, number] };
      return once({ problem: undefined, rated, notes: [] });
    };
    const depths = Object.keys(scores).map(Number);
    const search = new Search(context, family, rate, { ...checked, ...(signal && { signal }) } as Checked, undefined);
    for (const depth of depths) drain(search.scales(depth));
    return search.result(depths);
  };

  test("a depth at an end of the list is named, and 1 is no end", () => {
    const at = (end: string, depth: number) =>
      `the chosen depth ${depth} is at the ${end} end of its range: a better one may lie beyond it`;
    expect(notes({ 2: 5, 3: 1 }).notes).toEqual([at("lower", 2)]);
    expect(notes({ 2: 5, 3: 1 }).atBound).toBe(true);
    expect(notes({ 2: 1, 3: 5 }).notes).toEqual([at("upper", 3)]);
    expect(notes({ 2: 1, 3: 5, 4: 2 }).notes).toEqual([]);
    expect(notes({ 1: 5, 3: 1 }).notes).toEqual([]);
    expect(notes({ 1: 5, 3: 1 }).atBound).toBe(false);
    expect(notes({ 3: 5 }).notes).toEqual([]);
  });
});

test("labels are rated by the whole kernel, and by no solver", () => {
  const labels = [0, 1, 0, 1, 1, 0];
  for (const solver of ["cg", "lowrank"] as const)
    expect(() => tune(context, rbfKernel(), numbers(6), labels, { criterion: "laplace", solver })).toThrow(
      `solver is "${solver}", but labels are rated by the whole kernel; expected no solver`,
    );
});
