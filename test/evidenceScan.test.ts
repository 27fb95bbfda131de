/** Evidences of single ridges and of paths against dense formulas, and the slopes of a search against differences. */
import { describe, expect, test } from "vitest";
import { rbfKernel } from "../src/index.js";
import { type RowTerms, rowTerms } from "../src/linalg/rowTerms.js";
import { type Matrix, matrix } from "../src/matrix.js";
import { checkData, type Problem, residualProblem } from "../src/problem.js";
import { EvidenceScan } from "../src/regression/evidenceScan.js";
import { choosePath, RidgeScan } from "../src/regression/ridgePath.js";
import { identity, logDeterminant, multiply, type Rows, solve, toRows } from "./oracle/dense.js";
import { expectRelative } from "./setup/golden.js";
import { randomMatrix } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

const [N, C] = [7, 2];
const X = randomMatrix(N, 1, 1, 2);
const Y = randomMatrix(N, C, 2);

/** The two evidences of y, the leave-one-out residuals and tr KA⁻¹, where A = K + D. */
function textbook(K: Rows, D: number[], y: number[]) {
  const A = K.map((row, i) => row.map((x, j) => x + (i === j ? D[i] : 0)));
  const inverse = solve(A, identity(A.length));
  const alpha = inverse.map((row) => row.reduce((sum, x, j) => sum + x * y[j], 0));
  const quadratic = y.reduce((sum, x, i) => sum + x * alpha[i], 0);
  const n = y.length;
  const shared = -(logDeterminant(A) + n * Math.log(2 * Math.PI)) / 2;
  return {
    logEvidence: shared - quadratic / 2,
    logEvidenceProfiled: shared - (n / 2) * (Math.log(quadratic / n) + 1),
    freedom: multiply(K, inverse).reduce((sum, row, i) => sum + row[i], 0),
    loo: Math.sqrt(alpha.reduce((sum, x, i) => sum + (x / inverse[i][i]) ** 2, 0) / n),
  };
}

/** What a scan says of a ridge is what the textbook says, output by output. */
function expectScan(scan: RidgeScan, ridge: number, want: readonly ReturnType<typeof textbook>[]): void {
  scan.evidences(ridge).forEach((found, c) => {
    expect(found.logEvidence, `output ${c}`).toBeCloseTo(want[c].logEvidence, 9);
    expect(found.logEvidenceProfiled, `output ${c}`).toBeCloseTo(want[c].logEvidenceProfiled, 9);
  });
  expect(scan.degreesOfFreedom(ridge)).toBeCloseTo(want[0].freedom, 10);
  expectRelative(
    scan.looRmses(ridge) as number[],
    want.map(({ loo }) => loo),
    1e-10,
    "leave-one-out",
  );
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const model = rbfKernel({ lengthScale: 0.7 });
  const problemOf = (points: Matrix = X, targets: Matrix = Y, terms?: RowTerms): Problem =>
    residualProblem(
      checkData(context, model, points, targets, undefined),
      new Float64Array(targets.data.length),
      terms,
    );
  const kernelOf = (problem: Problem) => toRows(problem.source.square(problem.X));
  const columns = (problem: Problem) => toRows({ data: problem.R, rows: C, cols: problem.size });

  /** Three rows with the inputs of another; the first output has two copies among them, the second one. */
  const repeated = () => {
    const points = matrix(N + 3, 1, Float64Array.of(...X.data, X.data[1], X.data[1], X.data[4]));
    const targets = [...Y.data, Y.data[2], 0.7, Y.data[2], Y.data[3], -0.4, 0.2];
    return problemOf(points, matrix(N + 3, C, Float64Array.from(targets)));
  };

  test("a scan by Cholesky and one by eigenvalues have the evidence of the textbook", () => {
    const problem = problemOf();
    const K = kernelOf(problem);
    const [one, many] = [new EvidenceScan(context, problem), new RidgeScan(context, problem)];
    expect(one.meanDiagonal()).toBeCloseTo(1, 14);
    for (const ridge of [1e-3, 0.2, 5]) {
      const want = columns(problem).map((y) => textbook(K, new Array(N).fill(ridge), y));
      const both = want.reduce((sum, { logEvidenceProfiled }) => sum + logEvidenceProfiled, 0);
      expect(one.evidence(ridge)).toBeCloseTo(both, 9);
      expect(many.evidence(ridge)).toBeCloseTo(both, 9);
      expectScan(many, ridge, want);
      expect(many.looRmse(ridge)).toBeCloseTo(Math.sqrt((want[0].loo ** 2 + want[1].loo ** 2) / 2), 10);
    }
    expect(many.leastRidge, "a regular kernel needs no ridge").toBe(0);
    one.free();
    many.free();
  });

  test("the slope along log ridge is that of differences, copies of rows or not", () => {
    for (const problem of [problemOf(), repeated()]) {
      const scan = new EvidenceScan(context, problem);
      for (const ridge of [1e-2, 0.3, 4]) {
        const h = 1e-4;
        const [up, down] = [Math.exp(h), Math.exp(-h)].map((factor) => scan.evidence(ridge * factor) as number);
        scan.evidence(ridge);
        // Differences are right to h² of a third derivative, and to 1e-14/h of rounding.
        expect(scan.slope(), `ridge ${ridge}`).toBeCloseTo((up - down) / (2 * h), 6);
      }
      scan.free();
    }
  });

  test("weights are the derivatives by entries of the kernel", () => {
    const problem = problemOf();
    const ridge = 0.3;
    const scan = new EvidenceScan(context, problem);
    scan.evidence(ridge);
    const slope = scan.slope();
    const W = toRows(scan.weights());
    // ∂/∂log λ is λ tr W.
    expect(ridge * W.reduce((sum, row, i) => sum + row[i], 0)).toBeCloseTo(slope, 10);
    const K = kernelOf(problem);
    const evidence = (change: (i: number, j: number) => number) => {
      const changed = K.map((row, i) => row.map((x, j) => x + change(i, j)));
      const found = columns(problem).map((y) => textbook(changed, new Array(N).fill(ridge), y));
      return found.reduce((sum, { logEvidenceProfiled }) => sum + logEvidenceProfiled, 0);
    };
    for (const [a, b] of [
      [0, 0],
      [3, 1],
      [1, 3],
      [6, 2],
    ]) {
      const h = 1e-5;
      const hit = (i: number, j: number) => (i === a && j === b) || (i === b && j === a);
      const [up, down] = [h, -h].map((step) => evidence((i, j) => (hit(i, j) ? step : 0)));
      // An entry beside the diagonal stands twice in a symmetric matrix.
      expect(W[a][b] * (a === b ? 1 : 2), `entry ${a}, ${b}`).toBeCloseTo((up - down) / (2 * h), 5);
    }
    scan.free();
  });

  test("ridges that are lost in rounding have no evidence, and a singular kernel says from where on they have", () => {
    const problem = repeated();
    const [one, many] = [new EvidenceScan(context, problem), new RidgeScan(context, problem)];
    for (const ridge of [0, 1e-17]) {
      expect(one.evidence(ridge)).toBeUndefined();
      expect(many.evidence(ridge)).toBeUndefined();
      expect(many.looRmses(ridge)).toEqual([undefined, undefined]);
      expect(many.looRmse(ridge)).toBeUndefined();
    }
    const level = 10 * Number.EPSILON * many.spectrum.values[N + 2];
    expect(many.leastRidge / (2 * level)).toBeCloseTo(1, 9);
    expect(many.evidence(many.leastRidge)).toBeDefined();
    one.free();
    many.free();
  });

  test("rows with noise and weights: the evidence of K + D", () => {
    const noise = Float64Array.from({ length: N }, (_, i) => 0.1 + i / 10);
    const weights = Float64Array.from({ length: N }, (_, i) => 1 + (i % 3));
    for (const terms of [rowTerms(noise, undefined), rowTerms(undefined, weights), rowTerms(noise, weights)]) {
      const problem = problemOf(X, Y, terms);
      const scan = new RidgeScan(context, problem);
      for (const ridge of [1e-2, 0.5]) {
        const D = Array.from(noise, (v, i) => ridge / (terms?.weights?.[i] ?? 1) + (terms?.noise ? v : 0));
        const want = columns(problem).map((y) => textbook(kernelOf(problem), D, y));
        expectScan(scan, ridge, want);
      }
      scan.free();
    }
  });

  describe("the choice of a path", () => {
    const smooth = matrix(
      N,
      C,
      Float64Array.from(Y.data, (_, at) => Math.sin(X.data[Math.floor(at / C)] + (at % C))),
    );
    const choose = (targets: Matrix, ridges: number[], perOutput = false) => {
      const { factor, ...rest } = choosePath(context, problemOf(X, targets), ridges, perOutput);
      factor.free();
      return rest;
    };

    test("smooth targets ask for the smallest ridge, and that is told", () => {
      const { ridges, path, notes } = choose(smooth, [1e-6, 1, 1e3]);
      expect([...ridges]).toEqual([1e-6]);
      expect(path.map(({ chosen, atBound }) => [chosen, atBound])).toEqual([
        [true, true],
        [false, false],
        [false, false],
      ]);
      expect(notes).toEqual(["the chosen ridge 0.000001 is the smallest of 3: the best one may lie below it"]);
      // Nothing is below 0, and one ridge has no ends.
      for (const others of [[0, 1e3], [1e-6], [1e-6, 1e-6]])
        expect(choose(smooth, others), `${others}`).toMatchObject({ notes: [] });
    });

    test("targets without a pattern ask for the largest ridge", () => {
      const rough = matrix(
        N,
        C,
        Float64Array.from(Y.data, (_, at) => (-1) ** Math.floor(at / C)),
      );
      const order = Array.from(X.data, (x, i) => [x, i]).sort(([a], [b]) => a - b);
      order.forEach(([, i], place) => {
        for (let c = 0; c < C; c++) rough.data[C * i + c] = (-1) ** place;
      });
      const { ridges, notes } = choose(rough, [1, 1e3, 1e6]);
      expect([...ridges]).toEqual([1e6]);
      expect(notes).toEqual(["the chosen ridge 1000000 is the largest of 3: the best one may lie above it"]);
    });

    test("a ridge for each output: each has its winner, and the flags of all are joined", () => {
      const mixed = matrix(N, C, smooth.data.slice());
      Array.from(X.data, (x, i) => [x, i])
        .sort(([a], [b]) => a - b)
        .forEach(([, i], place) => {
          mixed.data[C * i + 1] = (-1) ** place;
        });
      const ridges = [1e-6, 1, 1e6];
      const found = choose(mixed, ridges, true);
      expect([...found.ridges]).toEqual([1e-6, 1e6]);
      expect(found.path.map(({ chosen, atBound }) => [chosen, atBound])).toEqual([
        [true, true],
        [false, false],
        [true, true],
      ]);
      expect(found.path.map(({ perOutput }) => perOutput?.map(({ chosen }) => chosen))).toEqual([
        [true, false],
        [false, false],
        [false, true],
      ]);
      expect(found.notes).toHaveLength(2);
    });

    test("targets of 0 have no evidence: the first ridge is taken, and that is told", () => {
      const none = choose(matrix(N, C), [3, 1, 2]);
      expect([...none.ridges]).toEqual([3]);
      expect(none.notes[0]).toMatch(/^no ridge of the path has a finite evidence/);
      expect(none.path.map(({ logEvidenceProfiled, looRmse }) => [logEvidenceProfiled, looRmse])).toEqual([
        [undefined, 0],
        [undefined, 0],
        [undefined, 0],
      ]);
    });

    test("ridges that are lost in rounding do not count among those with an evidence", () => {
      const problem = repeated();
      const { factor, notes, path } = choosePath(context, problem, [0, 1e-20, 0.1, 1e6], false);
      factor.free();
      const rated = path.filter(({ logEvidenceProfiled }) => logEvidenceProfiled !== undefined);
      expect(rated.map(({ ridge }) => ridge)).toEqual([0.1, 1e6]);
      const [chosen] = path.filter((point) => point.chosen);
      const [end, way] = chosen.ridge === 0.1 ? ["smallest", "below"] : ["largest", "above"];
      expect(notes).toEqual([
        `the chosen ridge ${chosen.ridge} is the ${end} of 2 that have an evidence (2 do not reach beyond rounding): the best one may lie ${way} it`,
      ]);
    });
  });
});
