/** Pivoted Cholesky from columns, its factor, and log determinants by random probes: against textbook matrices. */
import { describe, expect, test } from "vitest";
import { LowRankFactor } from "../src/linalg/lowRankFactor.js";
import { pivotedCholesky } from "../src/linalg/pivotedCholesky.js";
import { logDeterminantEstimate } from "../src/linalg/stochasticLanczos.js";
import { copyIn, hold } from "../src/linalg/view.js";
import { solve } from "./oracle/dense.js";
import { expectNear } from "./setup/golden.js";
import { generator } from "./setup/random.js";
import { loadContext, variants } from "./setup/variants.js";

type Rows = number[][];

/** A kernel of inputs on a line; `length` sets how fast its eigenvalues fall. */
function kernelOf(points: number[], length: number): Rows {
  return points.map((x) => points.map((y) => Math.exp(-(((x - y) / length) ** 2) / 2)));
}

function line(n: number, seed = 1): number[] {
  const next = generator(seed);
  return Array.from({ length: n }, () => next());
}

const traceOf = (A: Rows) => A.reduce((sum, row, i) => sum + row[i], 0);

/** log |A| by elimination. */
function logDeterminant(A: Rows): number {
  const U = A.map((row) => [...row]);
  let sum = 0;
  for (let k = 0; k < U.length; k++) {
    sum += Math.log(U[k][k]);
    for (let i = k + 1; i < U.length; i++) {
      const factor = U[i][k] / U[k][k];
      for (let j = k; j < U.length; j++) U[i][j] -= factor * U[k][j];
    }
  }
  return sum;
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** What each block of pivots leaves: the matrix A − L Lᵀ beside the trace that is claimed. */
  function steps(A: Rows, tolerance: number, most: number, block = 1) {
    const n = A.length;
    const out = hold(context, most, n);
    const diagonal = Float64Array.from(A, (row, i) => row[i]);
    const fill = (points: readonly number[], B: { row(i: number): Float64Array }) => {
      expect(points, "ascending, none twice").toEqual([...new Set(points)].sort((a, b) => a - b));
      points.forEach((point, k) => {
        for (let c = 0; c < block; c++) B.row(k * block + c).set(A[point * block + c]);
      });
    };
    const seen: { rank: number; trace: number; left: Rows }[] = [];
    const run = pivotedCholesky(context, { n, block, diagonal, fill }, tolerance, out);
    let step = run.next();
    for (; !step.done; step = run.next()) {
      const { rank, trace } = step.value;
      const L = Array.from({ length: rank }, (_, k) => [...out.row(k)]);
      const left = A.map((row, i) => row.map((value, j) => L.reduce((rest, l) => rest - l[i] * l[j], value)));
      seen.push({ rank, trace, left });
    }
    return { seen, found: step.value, out };
  }

  test("the trace of the error is what is said, at each rank, and the error is positive semi-definite", () => {
    const A = kernelOf(line(150), 0.02);
    const { seen, found, out } = steps(A, 0, 100);
    expect(seen.length).toBeGreaterThan(2);
    for (const { rank, trace, left } of seen) {
      expect(Math.abs(trace - traceOf(left)), `trace at rank ${rank}: rounding of 150 entries of 1`).toBeLessThan(
        150 * 4 * Number.EPSILON,
      );
      for (let i = 0; i < 150; i += 7) {
        for (let j = 0; j < 150; j++) {
          const bound = Math.sqrt(Math.max(0, left[i][i]) * Math.max(0, left[j][j]));
          expect(Math.abs(left[i][j])).toBeLessThan(bound + 1e-13);
        }
      }
    }
    expect(new Set(found.pivots).size, "no pivot comes twice").toBe(found.rank);
    context.arena.free(out.at);
    expect(context.arena.scratchBytesInUse).toBe(0);
  });

  test.each([
    ["duplicates", [...line(20), ...line(20), ...line(20)], 20],
    ["one point", [0.3], 1],
  ])("rank-deficient: %s", (_, points, rank) => {
    const A = kernelOf(points, 0.003);
    const { found, out } = steps(A, points.length * Number.EPSILON * points.length, points.length);
    expect(found.rank).toBe(rank);
    expect(found.trace).toBeLessThan(1e-12);
    context.arena.free(out.at);
  });

  test("zero rows and a zero matrix have no pivots", () => {
    const A = kernelOf(line(30), 0.001).map((row, i) => row.map((value, j) => (i < 10 || j < 10 ? 0 : value)));
    const { found, out } = steps(A, 1e-12, 30);
    expect(found.rank).toBe(20);
    expect(Math.min(...found.pivots)).toBeGreaterThanOrEqual(10);
    context.arena.free(out.at);
    const none = steps(
      A.map((row) => row.map(() => 0)),
      0,
      30,
    );
    expect(none.found).toMatchObject({ rank: 0, trace: 0 });
    context.arena.free(none.out.at);
  });

  test("rows that come in blocks", () => {
    const A = kernelOf(line(60), 0.3);
    const { found, out } = steps(A, 1e-9, 60, 3);
    expect(found.trace).toBeLessThanOrEqual(1e-9);
    expect(found.rank).toBeLessThan(50);
    context.arena.free(out.at);
  });

  test("the factor: solves, determinant, diagonal of the inverse, degrees of freedom, as elimination has them", () => {
    const n = 40;
    const A = kernelOf(line(n), 0.3);
    const { found, out } = steps(A, 1e-13, n);
    const mu = 1e-3;
    const factor = new LowRankFactor(out.slice(0, found.rank), mu, found);
    const M = A.map((row, i) => row.map((value, j) => value + (i === j ? mu : 0)));
    const b = line(n, 5);
    // The condition number is 4e4, and the error of the approximation 1e-13/mu.
    const allowed = 1e-9;
    const unit = M.map((_, i) => M.map((_, j) => (i === j ? 1 : 0)));
    const inverse = solve(M, unit);
    const x = solve(
      M,
      b.map((value) => [value]),
    ).map(([value]) => value);
    context.arena.run(() => {
      const B = copyIn(context, Float64Array.from([...b, ...b]), 2, n);
      factor.solve(B.slice(0, 1));
      expectNear(B.row(0), x, allowed, "solve", Math.max(...x.map(Math.abs)));
      expect([...B.row(1)], "what lies behind B").toEqual([...b]);
    });
    expect(factor.logDeterminant()).toBeCloseTo(logDeterminant(M), 8);
    expectNear(
      factor.inverseDiagonal(),
      inverse.map((row, i) => row[i]),
      allowed,
      "diagonal of the inverse",
      1 / mu,
    );
    expect(factor.degreesOfFreedom()).toBeCloseTo(n - mu * traceOf(inverse), 7);
    const spectrum = factor.spectrum();
    expect(spectrum.reduce((sum, value) => sum + value, 0)).toBeCloseTo(n, 10);
    factor.free();
    expect(context.arena.heldBytes).toBe(0);
  });

  test("log determinants: within three standard errors, and the error is no larger than it has to be", () => {
    const n = 160;
    const mu = 1e-2;
    const A = kernelOf(line(n), 0.01);
    const M = A.map((row, i) => row.map((value, j) => value + (i === j ? mu : 0)));
    const exact = logDeterminant(M);
    const times = (vectors: Float64Array[]) =>
      vectors.map((v) => Float64Array.from(M, (row) => row.reduce((sum, value, j) => sum + value * v[j], 0)));
    let before = Infinity;
    for (const most of [1, 16, 60]) {
      const { found, out } = steps(A, 0, most);
      const factor = new LowRankFactor(out.slice(0, found.rank), mu, found);
      const { value, standardError } = logDeterminantEstimate(context, factor, times);
      expect(Math.abs(value - exact), `rank ${found.rank}: ${value} ± ${standardError}`).toBeLessThan(
        3 * standardError + 1e-6,
      );
      expect(standardError, "a better preconditioner leaves less to chance").toBeLessThan(before);
      // Var = 2‖log B‖²/16 for directions of n numbers, and |log B| ≤ log(1 + ‖A‖/μ).
      expect(standardError).toBeLessThan(2 * Math.sqrt((2 * n) / 16) * Math.log(1 + n / mu));
      before = standardError;
      factor.free();
    }
  });
});
