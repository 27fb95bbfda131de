/** The report of a fit by itself: each field from what a solution says. */
import { describe, expect, test } from "vitest";
import { BackendError } from "../src/index.js";
import { Lease } from "../src/lease.js";
import { rowTerms } from "../src/linalg/rowTerms.js";
import { matrix } from "../src/matrix.js";
import type { Problem } from "../src/problem.js";
import { meanOf, Report, shownFields } from "../src/regression/report.js";
import type { PathPoint } from "../src/regression/ridgePath.js";
import type { Solution } from "../src/regression/solution.js";
import { loadContext } from "./setup/variants.js";

const context = loadContext("js");
const FINDINGS = { rank: undefined, truncated: false, conditionNumber: undefined, notes: [] };

/** A report of a made-up solution. */
function reportOf({
  solution = {},
  problem = {},
  ...fitted
}: {
  solution?: Partial<Solution>;
  problem?: Partial<Problem>;
  scale?: 1 | "fit";
  path?: PathPoint[];
  notes?: string[];
}) {
  const parts = {
    solution: {
      solver: "dual",
      ridges: Float64Array.of(0.5),
      shift: 0.5,
      method: { precision: "float64" },
      findings: () => FINDINGS,
      quadratics: () => Float64Array.of(4, 8),
      logDeterminants: () => [1],
      degreesOfFreedom: () => Float64Array.of(3),
      ...solution,
    } as unknown as Solution,
    problem: {
      X: matrix(4, 1, Float64Array.of(0, 1, 2, 3)),
      R: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      Y: matrix(4, 2, Float64Array.of(1, 5, 2, 6, 3, 7, 4, 8)),
      size: 4,
      columns: 2,
      outputs: 2,
      terms: undefined,
      source: { block: 1 },
      ...problem,
    } as unknown as Problem,
    scale: 1 as 1 | "fit",
    path: [] as PathPoint[],
    notes: [] as string[],
    ...fitted,
  };
  const lease = new Lease(context, parts, "fit", () => {});
  return { report: new Report(parts, lease), parts, lease };
}

test("what is known at once", () => {
  const method = { precision: "float32", iterations: 7, preconditionerRank: 3, fallback: undefined } as const;
  const { report } = reportOf({ solution: { solver: "cg", method, ridges: Float64Array.of(2, 0.5, 1) } });
  expect(report).toMatchObject({
    solver: "cg",
    ...method,
    ridge: 0.5,
    jitter: 0,
    atBound: false,
  });
  const point = (atBound: boolean) => ({ ridge: 1, atBound }) as PathPoint;
  expect(reportOf({ path: [point(false), point(true)] }).report.atBound).toBe(true);
  expect(reportOf({ path: [point(false), point(false)] }).report.atBound).toBe(false);
});

describe("notes", () => {
  const narrow = (...quadratics: number[]) =>
    reportOf({ solution: { quadratics: () => Float64Array.from(quadratics) } }).report.notes;

  test("bands are narrow where a fitted scale is above 100, at scale 1", () => {
    // Four observations each.
    expect(narrow(400, 1)).toEqual([]);
    expect(narrow(1, 401)).toEqual([
      expect.stringContaining("ask for 1.0e+2: bands are too narrow by a factor of 10;"),
    ]);
    expect(narrow(1600, 3600)).toEqual([
      expect.stringContaining("ask for 9.0e+2: bands are too narrow by a factor of 30"),
    ]);
    const fitted = reportOf({ scale: "fit", solution: { quadratics: () => Float64Array.of(4e9, 1) } }).report;
    expect(fitted.notes).toEqual([]);
  });

  test("their order: the choice, the solution, repeated rows, precision, scale, and late ones", () => {
    const late: string[] = [];
    const { report } = reportOf({
      notes: ["choice"],
      solution: {
        findings: () => ({ ...FINDINGS, notes: ["solved"] }),
        method: { precision: "float64", iterations: undefined, fallback: "a reason" },
        quadratics: () => Float64Array.of(4e4, 0),
        lateNotes: () => late,
      },
      problem: { X: matrix(4, 1, Float64Array.of(0, 1, 1, 3)) },
    });
    const first = [
      "choice",
      "solved",
      expect.stringMatching(/^1 of 4 rows repeat/),
      "solved in float64: a reason",
      expect.stringMatching(/^variances are at scale 1/),
    ];
    expect(report.notes).toEqual(first);
    expect(report.repeatedRows).toBe(1);
    late.push("late");
    expect(report.notes).toEqual([...first, "late"]);
    report.notes.push("mine");
    expect(report.notes, "a copy each time").toHaveLength(6);
  });
});

test("scales: of each output, without copies of rows and coefficients of a mean", () => {
  const scalesOf = (problem: Partial<Problem>, quadratics = [4, 8]) => {
    const solution = { quadratics: () => Float64Array.from(quadratics) };
    return [...reportOf({ scale: "fit", problem, solution }).report.scales];
  };
  expect(scalesOf({})).toEqual([1, 2]);
  // One regression serves all outputs.
  expect(scalesOf({ columns: 1, outputs: 3 }, [4])).toEqual([1, 1, 1]);
  const basis = { size: 2 } as NonNullable<Problem["trend"]>["basis"];
  expect(scalesOf({ trend: { basis, H: matrix(4, 2) } })).toEqual([2, 4]);
  // Rows 1 and 2 are copies for the first output alone.
  const copies = { X: matrix(4, 1, Float64Array.of(0, 1, 1, 3)), R: Float64Array.of(1, 2, 2, 4, 5, 6, 7, 8) };
  expect(scalesOf(copies)).toEqual([4 / 3, 2]);
  const { report } = reportOf({ scale: "fit" });
  expect(report.scale).toBe(1.5);
  report.scales.fill(9);
  expect(report.scale, "a copy each time").toBe(1.5);
  expect([...reportOf({}).report.scales]).toEqual([1, 1]);
});

test("each output has its ridge, its freedom and its scale, or all have one", () => {
  const ridges = Float64Array.of(0.5, 2);
  const solution = {
    ridges,
    degreesOfFreedom: () => Float64Array.of(3, 1),
    logDeterminants: () => [1, 5],
  };
  const both = reportOf({ scale: "fit", solution }).report;
  expect(both.perOutput).toMatchObject([
    { ridge: 0.5, scale: 1, degreesOfFreedom: 3 },
    { ridge: 2, scale: 2, degreesOfFreedom: 1 },
  ]);
  expect(both.degreesOfFreedom).toBe(2);
  const constant = 4 * Math.log(2 * Math.PI);
  const evidences = [-(4 + 1 + constant) / 2, -(8 + 5 + constant) / 2];
  both.perOutput.forEach(({ logEvidence }, c) => {
    expect(logEvidence).toBeCloseTo(evidences[c], 12);
  });
  expect(both.logEvidence).toBeCloseTo(evidences[0] + evidences[1], 12);
  const profiled = [-(1 + 4 + constant) / 2, -(5 + 4 * (1 + Math.log(2)) + constant) / 2];
  expect(both.logEvidenceProfiled).toBeCloseTo(profiled[0] + profiled[1], 12);
  both.perOutput[0].ridge = 7;
  expect(both.perOutput[0].ridge, "copies each time").toBe(0.5);
  const shared = reportOf({ solution: { degreesOfFreedom: () => undefined } }).report;
  expect(shared.perOutput.map(({ ridge, degreesOfFreedom }) => [ridge, degreesOfFreedom])).toEqual([
    [0.5, undefined],
    [0.5, undefined],
  ]);
  expect(shared.degreesOfFreedom).toBeUndefined();
});

describe("rank and condition number", () => {
  const eigenvalues = (...values: number[]) => ({ spectrum: () => Float64Array.from(values) });

  test("what the factor found out counts, then the spectrum, then nothing", () => {
    const known = { findings: () => ({ ...FINDINGS, rank: 2, conditionNumber: 7 }) };
    const found = reportOf({ solution: { ...known, ...eigenvalues(1, 1, 1, 1) } }).report;
    expect([found.rank, found.conditionNumber]).toEqual([2, 7]);
    const none = reportOf({ solution: { spectrum: () => undefined } }).report;
    expect([none.rank, none.conditionNumber]).toEqual([undefined, undefined]);
    const left = { findings: () => ({ ...FINDINGS, truncated: true }) };
    expect(reportOf({ solution: { ...left, ...eigenvalues(1, 2) } }).report.conditionNumber).toBeUndefined();
  });

  test("eigenvalues above nε of the largest count", () => {
    const rankOf = (...values: number[]) => reportOf({ solution: eigenvalues(...values) }).report.rank;
    const level = 4 * Number.EPSILON * 8;
    expect(rankOf(-1e-3, level, 2 * level, 8)).toBe(2);
    expect(rankOf(0, 0, 0, 0)).toBe(0);
    // With noise of rows, of the kernel without it.
    const bare = { spectrum: (without?: boolean) => Float64Array.from(without ? [0, 0, 0, 1] : [1, 1, 1, 2]) };
    const terms = rowTerms(new Float64Array(4).fill(1), undefined);
    const known = { ...bare, findings: () => ({ ...FINDINGS, rank: 4 }) };
    expect(reportOf({ solution: known, problem: { terms } }).report.rank).toBe(1);
    expect(reportOf({ solution: bare }).report.rank).toBe(4);
    const weighted = rowTerms(undefined, new Float64Array(4).fill(2));
    expect(reportOf({ solution: known, problem: { terms: weighted } }).report.rank).toBe(4);
  });

  test("the ridge is added to both ends, and a smallest one below rounding counts as that", () => {
    const conditionOf = (shift: number, ...values: number[]) =>
      reportOf({ solution: { shift, ...eigenvalues(...values) } }).report.conditionNumber;
    expect(conditionOf(0.5, 1, 2, 4)).toBe(3);
    expect(conditionOf(0.5, -1, 2, 4)).toBe(9);
    expect(conditionOf(0, 0, 1)).toBe(1 / Number.EPSILON);
    expect(conditionOf(0, 0, 0)).toBe(0);
  });
});

test("matrices and copies: leave-one-out, coefficients, approximation, errors", () => {
  const approximation = { rank: 2, trace: 0.1, relative: 0.2, bound: 0.3 };
  const { report } = reportOf({
    solution: {
      looResiduals: () => Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
      coefficients: () => Float64Array.of(1, 2, 3, 4, 5, 6),
      approximation,
      backwardError: () => 1e-16,
      logDeterminantError: () => 0.25,
    },
  });
  expect(report.looResiduals).toEqual(matrix(4, 2, Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8)));
  expect(report.meanCoefficients).toEqual(matrix(3, 2, Float64Array.of(1, 2, 3, 4, 5, 6)));
  report.looResiduals?.data.fill(0);
  report.meanCoefficients?.data.fill(0);
  expect([report.looResiduals?.data[7], report.meanCoefficients?.data[5]]).toEqual([8, 6]);
  expect(report.approximation).toEqual(approximation);
  expect(report.approximation).not.toBe(approximation);
  expect(report.backwardError).toBe(1e-16);
  // Half of the error of log|A| for each of two outputs.
  expect(report.logEvidenceError).toBe(0.25);
  const none = reportOf({ solution: { looResiduals: () => undefined } }).report;
  expect([none.looResiduals, none.meanCoefficients, none.approximation, none.logEvidenceError]).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("a field that was read stays after an update and after the end, and others are gone", () => {
  const { report, parts, lease } = reportOf({ solution: { backwardError: () => 0 } });
  expect(report.degreesOfFreedom).toBe(3);
  parts.solution = { ...parts.solution };
  expect(report.degreesOfFreedom).toBe(3);
  expect(() => report.backwardError).toThrow(BackendError);
  expect(() => report.backwardError).toThrow(
    "backwardError is of the fit before its update, and was not read then; read fit.report again",
  );
  lease.release();
  expect(() => report.backwardError).toThrow("this fit was disposed of");
  expect(report.degreesOfFreedom).toBe(3);
});

test("a console shows what is held and what was read, and names the rest", () => {
  class Example {
    readonly held = 1;
    readonly none = undefined;
    get read() {
      return 2;
    }
    get empty() {
      return undefined;
    }
    get unread() {
      return 3;
    }
  }
  const known = new Map<string, unknown>([
    ["read", 2],
    ["empty", undefined],
    ["inner", 5],
  ]);
  expect(shownFields(new Example(), known)).toEqual({ held: 1, read: 2, "computed when read": ["unread"] });
  expect(shownFields(new Example(), new Map(known).set("unread", 3))).toEqual({ held: 1, read: 2, unread: 3 });
});

test("the mean of equal values is exactly theirs", () => {
  expect(meanOf(new Float64Array(7).fill(0.1))).toBe(0.1);
  expect(meanOf(Float64Array.of(1, 2, 6))).toBe(3);
  expect(meanOf(Float64Array.of(1.5e308, 1.5e308))).toBe(1.5e308);
});
