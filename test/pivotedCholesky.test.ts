/** Pivoted Cholesky from columns, its factor, and log determinants by random probes: against textbook matrices. */
import { describe, expect, test } from "vitest";
import { LowRankFactor } from "../src/linalg/lowRankFactor.js";
import { pivotedCholesky } from "../src/linalg/pivotedCholesky.js";
import { logDeterminantEstimate } from "../src/linalg/stochasticLanczos.js";
import { copyIn, hold } from "../src/linalg/view.js";
import { logDeterminant, solve } from "./oracle/dense.js";
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

  /** How many points each block asks for, and the rank after it. */
  function blocks(A: Rows, most: number, block = 1, bounded = false) {
    const n = A.length;
    const asked: number[] = [];
    const ranks: number[] = [];
    context.arena.run(() => {
      const out = copyIn(context, new Float64Array(most * n), most, n);
      const fill = (points: readonly number[], B: { row(i: number): Float64Array }) => {
        asked.push(points.length);
        points.forEach((point, k) => {
          for (let c = 0; c < block; c++) B.row(k * block + c).set(A[point * block + c]);
        });
      };
      const rows = { n, block, diagonal: Float64Array.from(A, (row, i) => row[i]), fill };
      for (const { rank } of pivotedCholesky(context, rows, 0, out, bounded)) ranks.push(rank);
    });
    return { asked, ranks };
  }
  const diagonal = (values: number[]): Rows => values.map((x, i) => values.map((_, j) => (i === j ? x : 0)));

  test("blocks double up to 64 candidates, and take all that say something new", () => {
    const { asked, ranks } = blocks(diagonal(new Array(700).fill(1)), 250);
    let rank = 0;
    asked.forEach((count, i) => {
      const size = [8, 16, 32, 64, 64, 64, 64][i];
      const left = 250 - rank;
      // A point that is drawn twice counts once.
      expect(count).toBeLessThanOrEqual(Math.min(size, left));
      expect(count).toBeGreaterThan(0.8 * Math.min(size, left) - 1);
      rank += count;
      expect(ranks[i]).toBe(rank);
    });
    expect(rank).toBe(250);
  });

  test("a block ends where its candidates repeat each other", () => {
    const same = Array.from({ length: 100 }, (_, i) => Array.from({ length: 100 }, (_, j) => 1 + (i === j ? 1e-9 : 0)));
    expect(blocks(same, 20).ranks[0]).toBe(1);
    const two = same.map((row, i) => row.map((x, j) => (i % 2 === j % 2 ? x : 0)));
    expect(blocks(two, 20).ranks[0]).toBe(2);
    const near = same.map((row, i) => row.map((_, j) => (i === j ? 1 : 0.9)));
    expect(blocks(near, 20).ranks[0], "a tenth of the trace is left").toBeGreaterThan(6);
  });

  test("candidates are drawn by what is left of their diagonal", () => {
    const values = Array.from({ length: 400 }, (_, i) => (i % 100 === 7 ? 1e9 : 1));
    const { found, out } = steps(diagonal(values), 500, 12);
    context.arena.free(out.at);
    expect(found.pivots.slice(0, 4).sort((a, b) => a - b)).toEqual([7, 107, 207, 307]);
  });

  test("the last few columns: left out where that is allowed, unless there are few at all", () => {
    const A = diagonal(new Array(320).fill(1));
    expect(blocks(A, 30, 16, true), "16 rows at a time: 14 more after 16").toEqual({ asked: [1, 1], ranks: [16, 30] });
    expect(blocks(A, 46, 16, true).ranks.at(-1), "14 more after 32 are not worth a block").toBe(32);
    expect(blocks(A, 48, 16, true).ranks.at(-1), "16 more are").toBe(48);
    expect(blocks(A, 46, 16, false).ranks.at(-1)).toBe(46);
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

  test("a factor of rank 0 is μI", () => {
    const factor = new LowRankFactor(hold(context, 0, 5), 0.5, { pivots: [], trace: 0 });
    const v = Float64Array.of(1, -2, 3, 4, 5);
    const half = v.map((x) => x / 2);
    expect([factor.rank, factor.n, factor.norm()]).toEqual([0, 5, 0.5]);
    expect(factor.times(v)).toEqual(half);
    expect(factor.scaledInverse(v)).toEqual(v);
    expect(factor.coloured(new Float64Array(0), v)).toEqual(v.map((x) => Math.sqrt(0.5) * x));
    expect(factor.logDeterminant()).toBeCloseTo(5 * Math.log(0.5), 14);
    expect(factor.inverseDiagonal()).toEqual(new Float64Array(5).fill(2));
    expect(factor.degreesOfFreedom()).toBe(0);
    expect(factor.spectrum()).toEqual(new Float64Array(5));
    context.arena.run(() => {
      const B = copyIn(context, v, 1, 5);
      expect(factor.explained(B)[0]).toBeCloseTo(110, 10);
      factor.solve(B);
      expectNear(B.row(0), [2, -4, 6, 8, 10], 1e-14, "2v");
    });
    factor.free();
    expect(context.arena.heldBytes).toBe(0);
  });

  test("products, colours, coordinates and posteriors of a factor, beside its columns", () => {
    const n = 30;
    const A = kernelOf(line(n), 0.2);
    const { found, out } = steps(A, 0, 9);
    const r = found.rank;
    const L = Array.from({ length: r }, (_, k) => [...out.row(k)]);
    const mu = 0.25;
    const factor = new LowRankFactor(out.slice(0, r), mu, found);
    expect(factor.shift).toBe(mu);
    const v = line(n, 3);
    const g = line(r, 4);
    const inner = L.map((column) => column.reduce((sum, x, i) => sum + x * v[i], 0));
    const along = (weights: number[], i: number) => L.reduce((sum, column, k) => sum + column[i] * weights[k], 0);
    const scale = Math.max(...v) * n;
    expectNear(
      factor.times(Float64Array.from(v)),
      v.map((x, i) => mu * x + along(inner, i)),
      1e-14,
      "M v",
      scale,
    );
    expectNear(
      factor.coloured(Float64Array.from(g), Float64Array.from(v)),
      v.map((x, i) => Math.sqrt(mu) * x + along(g, i)),
      1e-14,
      "L g + √μ h",
      scale,
    );
    const M = A.map((_, i) =>
      A.map(
        (_, j) =>
          along(
            L.map((column) => column[j]),
            i,
          ) + (i === j ? mu : 0),
      ),
    );
    const solved = solve(
      M,
      v.map((x) => [x]),
    ).map(([x]) => x);
    expectNear(
      factor.scaledInverse(Float64Array.from(v)),
      solved.map((x) => mu * x),
      1e-12,
      "μ M⁻¹ v",
      scale,
    );
    expectNear(
      factor.diagonal(),
      A.map((_, i) => M[i][i] - mu),
      1e-14,
      "diagonal",
      1,
    );
    expect(factor.norm()).toBeCloseTo(Math.max(...M.map((row, i) => row[i])), 14);
    expect(factor.logDeterminant()).toBeCloseTo(logDeterminant(M), 10);
    context.arena.run(() => {
      const B = copyIn(context, Float64Array.from(v), 1, n);
      expect(factor.explained(B)[0]).toBeCloseTo(
        v.reduce((sum, x, i) => sum + x * solved[i], 0),
        9,
      );
      // The pivots' own columns have the coordinates of L.
      const K = copyIn(context, Float64Array.from([0, 5, 29].flatMap((i) => found.pivots.map((p) => A[i][p]))), 3, r);
      factor.coordinates(K);
      [0, 5, 29].forEach((i, row) => {
        expectNear(
          K.row(row),
          L.map((column) => column[i]),
          1e-9,
          "coordinates",
          1,
        );
      });
      const Q = copyIn(context, Float64Array.from([0, 5].flatMap((i) => L.map((column) => column[i]))), 2, r);
      factor.posterior(Q);
      // μ q C⁻¹ q' is the covariance that is left: q q' − q Lᵀ M⁻¹ L q'.
      for (const [a, b] of [
        [0, 0],
        [0, 1],
        [1, 1],
      ]) {
        const [i, j] = [[0, 5][a], [0, 5][b]];
        const row = A.map((_, k) =>
          along(
            L.map((column) => column[k]),
            i,
          ),
        );
        const other = A.map((_, k) => [
          along(
            L.map((column) => column[k]),
            j,
          ),
        ]);
        const left = row[j] - solve(M, other).reduce((sum, [x], k) => sum + row[k] * x, 0);
        const got = [...Q.row(a)].reduce((sum, x, k) => sum + x * Q.row(b)[k], 0);
        expect(got).toBeCloseTo(left, 10);
      }
    });
    factor.free();
  });

  test("a probe ends where the matrix has a negative eigenvalue", () => {
    const n = 60;
    const factor = new LowRankFactor(hold(context, 0, n), 1, { pivots: [], trace: 0 });
    let products = 0;
    logDeterminantEstimate(context, factor, (vectors) => {
      products++;
      return vectors.map((v) => v.map((x, i) => (i === 0 ? -1000 * x : i * x)));
    });
    expect(products).toBeLessThan(10);
    factor.free();
  });

  // Slow in JavaScript, and the same there.
  test.skipIf(variant === "js")("a probe takes 150 products at most", () => {
    const n = 300;
    const eigenvalues = Array.from({ length: n }, (_, i) => 10 ** ((12 * i) / n));
    const factor = new LowRankFactor(hold(context, 0, n), 1, { pivots: [], trace: 0 });
    let products = 0;
    logDeterminantEstimate(context, factor, (vectors) => {
      products++;
      return vectors.map((v) => v.map((x, i) => eigenvalues[i] * x));
    });
    expect(products).toBe(150);
    factor.free();
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
