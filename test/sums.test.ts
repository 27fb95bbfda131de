/** Fits from sums against the rows themselves: the residual that sums still tell, and the report. */
import { describe, expect, test } from "vitest";
import { Lease } from "../src/lease.js";
import { matrix } from "../src/matrix.js";
import type { FeatureMap } from "../src/regression/featureMap.js";
import type { PrimalSums } from "../src/regression/primalSums.js";
import { StreamReport } from "../src/regression/streamReport.js";
import { checkSumsOf, residualSquares, type SolvedSums, solveSums } from "../src/regression/sumsSolver.js";
import { identity, logDeterminant, multiply, type Rows, solve, toRows, transpose } from "./oracle/dense.js";
import { expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

/** Sums of rows of features and of residuals: a row of Φ for each point and each of `block` outputs. */
function sumsOf(Phi: Rows, R: Rows, block = 1): PrimalSums {
  const [P, C] = [Phi[0].length, R[0].length];
  const sides = block === 1 ? R : R.flat().map((r) => [r]);
  return {
    gram: matrix(P, P, Float64Array.from(multiply(transpose(Phi), Phi).flat())),
    moment: matrix(P, C / block, Float64Array.from(multiply(transpose(Phi), sides).flat())),
    squares: transpose(R).map((r) => r.reduce((sum, x) => sum + x * x, 0)),
    rows: R.length,
    inputs: 1,
    centered: true,
  };
}

/** Sums of one feature: ΦᵀΦ, Φᵀr and rᵀr are given. */
const oneFeature = (gram: number, moment: number, square: number, rows: number): PrimalSums => ({
  gram: matrix(1, 1, Float64Array.of(gram)),
  moment: matrix(1, 1, Float64Array.of(moment)),
  squares: [square],
  rows,
  inputs: 1,
  centered: true,
});

test("sums are of the features, or the error says of which they are and of which they should be", () => {
  const map = { count: 3, block: 2, outputs: 2, inputs: 5, network: {} } as unknown as FeatureMap;
  const sums: PrimalSums = {
    gram: matrix(3, 3),
    moment: matrix(3, 1),
    squares: [1, 1],
    rows: 1,
    inputs: 5,
    centered: true,
  };
  expect(() => checkSumsOf(map, sums, "sums")).not.toThrow();
  for (const other of [
    { inputs: 4 },
    { moment: matrix(2, 1) },
    { moment: matrix(3, 2) },
    { squares: [1] },
    { squares: [1, 1, 1] },
  ])
    expect(() => checkSumsOf(map, { ...sums, ...other }, "sums"), Object.keys(other)[0]).toThrow(
      /^sums are of \d inputs.*expected 5, 3, 1 and 2, those of this network$/,
    );
  // Features that prescribe neither inputs nor outputs take those of the sums.
  const free = { ...map, block: 1, outputs: undefined, inputs: undefined, network: undefined };
  expect(() => checkSumsOf(free, { ...sums, moment: matrix(3, 2) }, "sums")).not.toThrow();
  expect(() => checkSumsOf(free, sums, "sums")).toThrow(
    "sums are of 5 inputs, 3 features, 1 right-hand sides and 2 outputs; expected 5, 3, 2 and 2, those of this model",
  );
});

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const solved = (
    sums: PrimalSums,
    ridge: number,
    block = 1,
    scale: 1 | "fit" = 1,
    notes: string[] = [],
  ): SolvedSums => {
    const map = { context, network: undefined, count: sums.gram.rows, block } as unknown as FeatureMap;
    return solveSums(map, sums, { ridge, scale }, notes);
  };
  const reportOf = (parts: SolvedSums) => new StreamReport(parts, new Lease(context, {}, "stream", () => {}));

  const Phi = toRows(randomMatrix(12, 3, 1));
  const R = toRows(randomMatrix(12, 2, 2));
  const ridge = 0.3;

  test.each([1, 2])("the residual and the report are those of the rows, %i outputs in a block", (block) => {
    // In a block of two outputs there are 6 points.
    const targets = block === 1 ? R : toRows({ data: R.flat().slice(0, 12), rows: 6, cols: 2 });
    const sides = block === 1 ? R : targets.flat().map((r) => [r]);
    const parts = solved(sumsOf(Phi, targets, block), ridge, block, "fit");
    const A = multiply(transpose(Phi), Phi).map((row, i) => row.map((x, j) => x + (i === j ? ridge : 0)));
    const beta = solve(A, multiply(transpose(Phi), sides));
    const fitted = multiply(Phi, beta);
    const squares = beta[0].map((_, k) => {
      const rest = sides.reduce((sum, row, i) => sum + (row[k] - fitted[i][k]) ** 2, 0);
      return rest + ridge * beta.reduce((sum, row) => sum + row[k] ** 2, 0);
    });
    const found = residualSquares(parts);
    // Sums of 12 terms of size 1.
    expectRelative(
      found.map(({ value }) => value),
      squares,
      1e-13,
      "‖r − Φβ‖² + λ‖β‖²",
    );
    const totals = beta[0].map((_, k) => sides.reduce((sum, row) => sum + row[k] ** 2, 0));
    found.forEach(({ digits, lost }, k) => {
      expect(digits).toBeCloseTo(Math.log10(squares[k] / (12 * Number.EPSILON * totals[k])), 9);
      expect(lost).toBe(false);
    });

    const report = reportOf(parts);
    expect(report).toMatchObject({ solver: "primal", rows: targets.length, features: 3, ridge, rank: 3, notes: [] });
    const scales = squares.map((square) => square / ridge / 12);
    const each = block === 1 ? scales : [scales[0], scales[0]];
    expectRelative(report.scales, each, 1e-13, "rᵀα/n");
    expect(report.scale).toBeCloseTo((each[0] + each[1]) / 2, 12);
    const determinant = logDeterminant(A) + (12 - 3) * Math.log(ridge);
    const freedom = multiply(transpose(Phi), Phi).reduce(
      (sum, row, i) => sum + multiply([row], solve(A, identity(3)))[0][i],
      0,
    );
    expect(report.degreesOfFreedom).toBeCloseTo(freedom, 12);
    const evidences = squares.map((square) => -(square / ridge + determinant + 12 * Math.log(2 * Math.PI)) / 2);
    const profiled = scales.map((scale) => -(12 * (Math.log(2 * Math.PI * scale) + 1) + determinant) / 2);
    const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
    expect(report.logEvidence).toBeCloseTo(sum(evidences), 9);
    expect(report.logEvidenceProfiled).toBeCloseTo(sum(profiled), 9);
    expect(report.perOutput).toHaveLength(scales.length);
    report.perOutput.forEach((one, k) => {
      expect(one).toMatchObject({ ridge, degreesOfFreedom: report.degreesOfFreedom });
      expect(one.scale).toBeCloseTo(scales[k], 12);
      expect(one.logEvidence).toBeCloseTo(evidences[k], 9);
      expect(one.logEvidenceProfiled).toBeCloseTo(profiled[k], 9);
    });
    expect(report.backwardError).toBeLessThan(1e-15);
    expect([...reportOf({ ...parts, scale: 1 }).scales]).toEqual([1, 1]);
    // Another β is no solution.
    expect(reportOf({ ...parts, beta: parts.beta.map((x) => 1.01 * x) }).backwardError).toBeGreaterThan(1e-4);
    parts.factor.free();
  });

  test("the condition number counts a smallest eigenvalue as it is, or as rounding", () => {
    const diagonal = (...values: number[]) => ({
      ...sumsOf([values.map(() => 1)], [[1]]),
      gram: matrix(
        values.length,
        values.length,
        Float64Array.from(identity(values.length).flat(), (x, at) => x * values[at % values.length]),
      ),
    });
    const conditionOf = (sums: PrimalSums, own: number) => reportOf(solved(sums, own)).conditionNumber;
    expect(conditionOf(diagonal(5, 1, 3), 0.5)).toBeCloseTo(5.5 / 1.5, 13);
    expect(conditionOf(diagonal(5, 0, 3), 0.5)).toBeCloseTo(5.5 / 0.5, 13);
    expect(conditionOf(diagonal(5, 1), 0)).toBeCloseTo(5, 13);
    // Of a matrix that is 0 no mode is left.
    expect(conditionOf(diagonal(0, 0), 0)).toBeUndefined();
    expect(conditionOf(diagonal(0, 0), 0.5)).toBe(1);
    for (const [sums, rank] of [
      [diagonal(5, 1, 3), 3],
      [diagonal(5, 0, 3), 2],
      [diagonal(5, 1e-16, 3), 2],
      [diagonal(5, 1e-14, 3), 3],
    ] as const)
      expect(reportOf(solved(sums, 0.5)).rank, `${sums.gram.data}`).toBe(rank);
    // No more than the observations, which these sums say are one.
    expect(reportOf(solved(diagonal(5, 1, 3), 0.5)).degreesOfFreedom).toBe(1);
  });

  test("ridge 0: least squares of minimum norm, whose scale is ‖β‖² of an observation", () => {
    const parts = solved(sumsOf(Phi, R), 0, 1, "fit");
    const beta = solve(multiply(transpose(Phi), Phi), multiply(transpose(Phi), R));
    const want = [0, 1].map((k) => beta.reduce((sum, row) => sum + row[k] ** 2, 0) / 12);
    const report = reportOf(parts);
    expectRelative(report.scales, want, 1e-12, "‖β‖²/n");
    expect(report).toMatchObject({
      solver: "primal",
      logEvidence: undefined,
      logEvidenceProfiled: undefined,
      notes: [],
    });
    expect(residualSquares(parts).map(({ digits, lost }) => [digits, lost])).toEqual([
      [Infinity, false],
      [Infinity, false],
    ]);
    const twice = Phi.map(([a, b]) => [a, b, b]);
    const singular = solved(sumsOf(twice, R), 1e-20, 1, "fit");
    const truncated = reportOf(singular);
    expect(truncated).toMatchObject({ solver: "eigen", rank: 2, logEvidence: undefined });
    expect(truncated.notes).toHaveLength(1);
    // β of minimum norm is the same for both copies: half of that of one column times √2, or a half each.
    const narrow = Phi.map(([a, b]) => [a, Math.SQRT2 * b]);
    const short = solve(multiply(transpose(narrow), narrow), multiply(transpose(narrow), R));
    const norms = [0, 1].map((k) => short.reduce((sum, row) => sum + row[k] ** 2, 0) / 12);
    expectRelative(truncated.scales, norms, 1e-12, "‖β‖²/n of minimum norm");
    expect(truncated.backwardError).toBeLessThan(1e-14);
  });

  test("targets of 0 lose nothing to rounding: their scale is 0", () => {
    const parts = solved(
      sumsOf(
        Phi,
        R.map(() => [0]),
      ),
      ridge,
      1,
      "fit",
    );
    expect(residualSquares(parts)).toEqual([{ value: 0, digits: Infinity, lost: false }]);
    const report = reportOf(parts);
    expect([...report.scales]).toEqual([0]);
    expect(report.logEvidence).toBeDefined();
    expect(report.notes).toEqual([]);
  });

  test("a residual that is all rounding is lost, and one digit more is not", () => {
    // Without a moment the residual is rᵀr. Of n observations with n ε = 1 it is all rounding.
    const all = oneFeature(1, 0, 1, 2 ** 52);
    expect(residualSquares(solved(all, 1))).toEqual([{ value: 1, digits: 0, lost: true }]);
    expect(() => solved(all, 1, 1, "fit")).toThrow(
      'scale is "fit", but the residual is lost in the rounding of the sums',
    );
    const lost = reportOf(solved(all, 1));
    expect(lost).toMatchObject({ logEvidence: undefined, logEvidenceProfiled: undefined });
    expect(lost.notes).toEqual([
      "the residual cancels in the sums to no digit, and with it evidence and fitted scale; fit() with the rows themselves has more",
    ]);
    const half = solved(oneFeature(1, 0, 1, 2 ** 51), 1, 1, "fit");
    expect(residualSquares(half)).toEqual([{ value: 1, digits: Math.log10(2), lost: false }]);
    expect(reportOf(half).notes[0]).toContain("to 0 digits");
    // A residual below 0 is one of 0.
    const below = oneFeature(1, 1.1, 1, 1);
    expect(residualSquares(solved(below, 0.01))).toEqual([{ value: 0, digits: -Infinity, lost: true }]);
  });

  test("fewer than four digits are told, after the notes of the call and of the factor", () => {
    const notesAt = (digits: number) =>
      reportOf(solved(oneFeature(1, 0, 1, 10 ** -digits / Number.EPSILON), 1, 1, 1, ["first"])).notes;
    expect(notesAt(4.001)).toEqual(["first"]);
    expect(notesAt(3.999)).toEqual(["first", expect.stringContaining("cancels in the sums to 3 digits")]);
    const report = reportOf(solved(oneFeature(1, 0, 1, 3), 1, 1, 1, ["first"]));
    report.notes.push("more");
    expect(report.notes, "a copy each time").toEqual(["first"]);
  });

  test("the worst of several residuals is told", () => {
    const exact = toRows(randomMatrix(3, 1, 8));
    const pair = multiply(Phi, exact).map(([value], i) => [value, R[i][1]]);
    const { notes } = reportOf(solved(sumsOf(Phi, pair), 1e-14));
    expect(notes).toEqual([expect.stringContaining("the residual cancels in the sums to")]);
  });
});
