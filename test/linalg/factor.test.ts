/** Every factor of A + ridge I against elimination: solves, halves, diagonals, determinants, traces. */
import { describe, expect, test } from "vitest";
import { NotPositiveDefiniteError } from "../../src/index.js";
import { CholeskyFactor } from "../../src/linalg/cholesky.js";
import { factorEigen } from "../../src/linalg/eigen.js";
import {
  type Factor,
  maxDiagonal,
  notPositiveDefinite,
  roundingLevel,
  roundingTolerance,
  showRidge,
  sufficientRidge,
  tileRows,
} from "../../src/linalg/factor.js";
import {
  applyTerms,
  applyToRows,
  diagonalOf,
  logWeights,
  RowFactor,
  rowTerms,
  scaledBy,
  termsTimes,
} from "../../src/linalg/rowTerms.js";
import { backwardErrorOf, factorByEigen, factorSystem, spectrumOf } from "../../src/linalg/system.js";
import { copyIn, held, type View } from "../../src/linalg/view.js";
import { identity, logDeterminant, multiply, type Rows, solve, toRows, transpose } from "../oracle/dense.js";
import { expectNear, expectRelative, maxAbs } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";

const EPS = Number.EPSILON;
const plus = (A: Rows, diagonal: (i: number) => number): Rows =>
  A.map((row, i) => row.map((value, j) => value + (i === j ? diagonal(i) : 0)));
const trace = (A: Rows) => A.reduce((total, row, i) => total + row[i], 0);
const diagonalOfRows = (A: Rows) => A.map((row, i) => row[i]);

/** Positive semi-definite, of this rank. */
function semidefinite(n: number, rank = n): Rows {
  const G = toRows(randomMatrix(n, rank, n + rank, 1));
  return multiply(G, transpose(G));
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);
  const fillOf = (A: Rows) => (view: View) => {
    A.forEach((row, i) => {
      view.row(i, i + 1).set(row.slice(0, i + 1));
    });
  };
  const system = (A: Rows, ...ridges: number[]) => ({
    context,
    n: A.length,
    ridges: Float64Array.from(ridges),
    fill: fillOf(A),
  });
  /** Copies rows in, calls `body`, and returns the rows as they are then, or those of a view. */
  const onRows = (B: Rows, body: (view: View) => View | undefined): Rows =>
    context.arena.run(() => {
      const view = copyIn(context, Float64Array.from(B.flat()), B.length, B[0].length);
      const out = body(view) ?? view;
      return Array.from({ length: out.rows }, (_, i) => [...out.row(i)]);
    });

  /** Compares all that a factor knows of M_k = A + ridge_k I. */
  function expectFactor(factor: Factor, A: Rows, ridges: number[], allowed: number): void {
    const n = A.length;
    expect(factor.n).toBe(n);
    const B = toRows(randomMatrix(ridges.length > 1 ? ridges.length : 3, n, 5, 1));
    const inverses = ridges.map((ridge) =>
      solve(
        plus(A, () => ridge),
        identity(n),
      ),
    );
    const solved = onRows(B, (view) => void factor.solve(view));
    B.forEach((row, i) => {
      const [want] = multiply([row], inverses[ridges.length > 1 ? i : 0]);
      expectRelative(solved[i], want, allowed, `solve, row ${i}`);
    });
    const rows = B.slice(0, 2);
    const covariance = (k: number) => multiply(multiply(rows, inverses[k]), transpose(rows));
    const explained = context.arena.run(() =>
      factor.explained(copyIn(context, Float64Array.from(rows.flat()), 2, n)).slice(),
    );
    const wanted = [0, 1].flatMap((i) => ridges.map((_, k) => covariance(k)[i][i]));
    expectRelative(explained, wanted, allowed, "explained, rows × ridges");
    ridges.forEach((ridge, k) => {
      const V = onRows(rows, (view) => factor.half(view, k));
      expectRelative(multiply(V, transpose(V)).flat(), covariance(k).flat(), allowed, `half, ridge ${ridge}`);
      expectRelative(factor.inverseDiagonal(k), diagonalOfRows(inverses[k]), allowed, `diagonal, ridge ${ridge}`);
      const M = plus(A, () => ridge);
      expect(Math.abs((factor.logDeterminant(k) ?? Number.NaN) - logDeterminant(M))).toBeLessThan(allowed * n);
      const degrees = n - ridge * trace(inverses[k]);
      expect(Math.abs(factor.degreesOfFreedom(k) - degrees)).toBeLessThan(allowed * n);
    });
  }

  // Ridges of at least 1/10 beside a norm of up to 2 n: condition numbers up to 20 n.
  const allowed = (n: number) => 200 * n * EPS;

  test("where one of several ridges leaves modes out, its rows alone are projected", () => {
    const A = semidefinite(6, 2);
    const factor = factorByEigen(system(A, 0, 1));
    const B = toRows(randomMatrix(2, 6, 8, 1));
    const got = onRows(B, (view) => void factor.project(view));
    // The projection onto the range of A: A (A + εI)⁻¹ as ε falls.
    const image = multiply([got[0]], A)[0];
    expectNear(image, multiply([B[0]], A)[0], 1e-13 * maxAbs(A.flat()), "what A makes of it");
    expect(
      onRows([got[0], got[1]], (view) => void factor.project(view))[0].every((x, i) => Math.abs(x - got[0][i]) < 1e-13),
    ).toBe(true);
    expect(Math.hypot(...got[0])).toBeLessThan(0.95 * Math.hypot(...B[0]));
    expectNear(got[1], B[1], 1e-13, "a row whose ridge keeps all modes");
    factor.free();
  });

  test.each([1, 2, 7, 130])("Cholesky, n = %i", (n) => {
    const A = semidefinite(n);
    const factor = factorSystem(system(A, 0.7));
    expect(factor.findings).toEqual({
      kind: "cholesky",
      rank: undefined,
      truncated: false,
      conditionNumber: undefined,
      notes: [],
    });
    expectFactor(factor, A, [0.7], allowed(n));
    const same = onRows([A[0]], (view) => void factor.project(view));
    expect(same).toEqual([A[0]]);
    factor.free();
    const twice = factorSystem(system(A, 0.7, 0.7));
    expect(twice.findings.kind, "equal ridges share a factor").toBe("cholesky");
    expectFactor(twice, A, [0.7, 0.7], allowed(n));
    twice.free();
    expect(context.arena.heldBytes).toBe(0);
  });

  test.each([1, 2, 7, 40])("eigendecomposition, n = %i: one ridge, and a ridge for each row", (n) => {
    const A = semidefinite(n);
    for (const ridges of [[0.7], [0.1, 0.7, 20]]) {
      const factor = ridges.length > 1 ? factorSystem(system(A, ...ridges)) : factorByEigen(system(A, ...ridges));
      const values = spectrumOf(system(A));
      expect(factor.findings).toMatchObject({ kind: "eigen", rank: n, truncated: false, notes: [] });
      const least = Math.min(...ridges);
      const condition = (values[n - 1] + least) / (values[0] + least);
      expect((factor.findings.conditionNumber ?? 0) / condition).toBeCloseTo(1, 8);
      expectFactor(factor, A, ridges, allowed(n));
      factor.free();
    }
    expect(context.arena.heldBytes).toBe(0);
  });

  test("rank-deficient without a ridge: the minimum-norm answer, and projections onto the kept modes", () => {
    const [n, rank] = [9, 4];
    const G = toRows(randomMatrix(n, rank, 3, 1));
    const A = multiply(G, transpose(G));
    const factor = factorSystem(system(A, 0));
    expect(factor.findings).toMatchObject({ kind: "eigen", rank, truncated: true });
    expect(factor.findings.notes).toEqual([
      expect.stringMatching(/^the kernel is singular to rounding and the ridge is 0; 5 of its 9 modes were left out/),
    ]);
    expect(factor.logDeterminant(0)).toBeUndefined();
    expect(factor.degreesOfFreedom(0)).toBeCloseTo(rank, 10);
    // P = G (GᵀG)⁻¹ Gᵀ, A⁺ = G (GᵀG)⁻² Gᵀ.
    const C = multiply(transpose(G), G);
    const P = multiply(G, solve(C, transpose(G)));
    const pseudo = multiply(G, solve(C, solve(C, transpose(G))));
    const B = toRows(randomMatrix(2, n, 8, 1));
    expectRelative(onRows(B, (view) => void factor.project(view)).flat(), multiply(B, P).flat(), 1e-12, "projection");
    expectRelative(onRows(B, (view) => void factor.solve(view)).flat(), multiply(B, pseudo).flat(), 1e-11, "A⁺b");
    const V = onRows(B, (view) => factor.projected(view));
    expectRelative(multiply(V, transpose(V)).flat(), multiply(multiply(B, P), transpose(B)).flat(), 1e-12, "B P Bᵀ");
    const values = spectrumOf(system(A));
    expect((factor.findings.conditionNumber ?? 0) / (values[n - 1] / values[n - rank])).toBeCloseTo(1, 8);
    factor.free();
    expect(() => factorSystem(system(A, 0), "error")).toThrow(NotPositiveDefiniteError);
    const largest = n * Math.max(...diagonalOfRows(A));
    expect(() => factorSystem(system(A, 0), "error")).toThrow(`rounding beside a kernel of size ${largest}`);
    const inner = factorByEigen(system(A, 0));
    const weights = new Float64Array(n).fill(2);
    const weighted = new RowFactor(inner, { noise: undefined, weights, roots: weights.map(Math.sqrt) });
    expect(weighted.logDeterminant(0)).toBeUndefined();
    inner.free();
    expect(context.arena.heldBytes).toBe(0);
  });

  test("a ridge that is lost in rounding is named; a path leaves out what each ridge loses", () => {
    const A = semidefinite(6, 2);
    const lost = factorSystem(system(A, 1e-18));
    expect(lost.findings.notes).toEqual([
      expect.stringMatching(/^the ridge 1e-18 is lost in rounding beside the kernel; 4 of its 6 modes/),
    ]);
    lost.free();
    const path = factorSystem(system(A, 0, 50));
    expect(path.findings).toMatchObject({ truncated: true, rank: 2 });
    // The ridge of 0 has the larger condition number, over the two modes that it keeps.
    const values = spectrumOf(system(A));
    expect((path.findings.conditionNumber ?? 0) / (values[5] / values[4])).toBeCloseTo(1, 8);
    expect(path.logDeterminant(0)).toBeUndefined();
    expect(path.logDeterminant(1)).toBeCloseTo(logDeterminant(plus(A, () => 50)), 10);
    expect(path.degreesOfFreedom(0)).toBeCloseTo(2, 10);
    path.free();
  });

  test("an eigenvalue at rounding level is left out, and one above is not", () => {
    for (const [value, rank] of [
      [2 * EPS, 1],
      [2 * EPS * (1 + EPS), 2],
    ]) {
      const factor = held(context, 2, 2, (vectors) => {
        vectors.entries().set([1, 0, 0, 1]);
        return factorEigen({ values: Float64Array.of(value, 1), vectors }, Float64Array.of(0));
      });
      expect(factor.findings).toMatchObject({ rank });
      factor.free();
    }
  });

  test("an indefinite matrix is an error that names the eigenvalue", () => {
    const A = [
      [1, 2],
      [2, 1],
    ];
    expect(() => factorSystem(system(A, 0.5))).toThrow(NotPositiveDefiniteError);
    expect(() => factorSystem(system(A, 0.5))).toThrow(
      /eigenvalue -(1|0\.99999)\d* .*largest of (3|2\.99999)\d*.*in place of 0\.5/,
    );
    expect(() => factorSystem(system(A, 0, 0))).toThrow(/or fit with one ridge above 1\.1$/);
    // The pivot that failed, and none where no factor was tried.
    expect(() => factorSystem(system(A, 0.5))).toThrow(expect.objectContaining({ pivot: 1 }));
    expect(() => factorByEigen(system(A, 0.5))).toThrow(expect.objectContaining({ pivot: -1 }));
    expect(() => factorSystem(system(A, 0.5, 0.7))).toThrow(expect.objectContaining({ pivot: -1 }));
    expect(context.arena.heldBytes).toBe(0);
  });

  test("rows with a variance and a weight of their own", () => {
    const n = 7;
    const A = semidefinite(n);
    const noise = Float64Array.from({ length: n }, (_, i) => i / 4);
    const weights = Float64Array.from({ length: n }, (_, i) => 1 / (1 + i));
    for (const [v, w] of [
      [noise, weights],
      [noise, undefined],
      [undefined, weights],
    ]) {
      const terms = rowTerms(v, w);
      if (!terms) throw new Error("no terms");
      const own = (i: number) => 0.6 / (w?.[i] ?? 1) + (v?.[i] ?? 0);
      expectNear(
        diagonalOf(terms, 0.6),
        Float64Array.from({ length: n }, (_, i) => own(i)),
        EPS * 8,
        "D",
      );
      const scaled = A.map((row, i) =>
        row.map((value, j) => (value + (i === j ? (v?.[i] ?? 0) : 0)) * Math.sqrt((w?.[i] ?? 1) * (w?.[j] ?? 1))),
      );
      const M = plus(A, own);
      const inverse = solve(M, identity(n));
      const inner = factorSystem(system(scaled, 0.6));
      const factor = new RowFactor(inner, terms);
      const B = toRows(randomMatrix(2, n, 4, 1));
      const near = 1e-12;
      expectRelative(onRows(B, (view) => void factor.solve(view)).flat(), multiply(B, inverse).flat(), near, "solve");
      const covariance = multiply(multiply(B, inverse), transpose(B));
      const V = onRows(B, (view) => factor.half(view));
      expectRelative(multiply(V, transpose(V)).flat(), covariance.flat(), near, "half");
      expectRelative(factor.inverseDiagonal(0), diagonalOfRows(inverse), near, "diagonal of the inverse");
      expect(factor.logDeterminant(0)).toBeCloseTo(logDeterminant(M), 11);
      expect(factor.degreesOfFreedom(0)).toBeCloseTo(trace(multiply(A, inverse)), 11);
      const x = Float64Array.from(B[0]);
      const times = (y: Float64Array) => Float64Array.from(multiply([[...y]], A)[0]);
      expectRelative(termsTimes(terms, x, times), multiply([B[0]], scaled)[0], near, "S(Θ + diag v)S x");
      const back = scaledBy(terms, scaledBy(terms, Float64Array.from(B.flat())), -1);
      expectNear(back, B.flat(), 4 * EPS, "S⁻¹S");
      inner.free();
    }
    expect(rowTerms(undefined, undefined)).toBeUndefined();
  });

  test("new rows of the matrix take on the terms of their places", () => {
    const n = 4;
    const A = semidefinite(n);
    const places = [2, 0];
    const weights = Float64Array.of(4, 1, 9, 16);
    const noise = Float64Array.of(0.5, 1, 2, 3);
    for (const [v, w] of [
      [noise, weights],
      [undefined, weights],
      [noise, undefined],
    ]) {
      const terms = rowTerms(v, w);
      if (!terms) throw new Error("no terms");
      const whole = context.arena.run(() => {
        const M = copyIn(context, Float64Array.from(A.flat()), n, n);
        applyTerms(M, terms);
        return M.copy();
      });
      const rows = onRows(
        places.map((i) => A[i]),
        (view) => void applyToRows(view, places, terms),
      );
      places.forEach((i, k) => {
        for (let j = 0; j <= i; j++) expect(rows[k][j] / whole[i * n + j]).toBeCloseTo(1, 14);
        for (let j = 0; j < n; j++) {
          const root = Math.sqrt((w?.[i] ?? 1) * (w?.[j] ?? 1));
          expect(rows[k][j]).toBeCloseTo(root * (A[i][j] + (i === j ? (v?.[i] ?? 0) : 0)), 12);
        }
      });
    }
    expect(logWeights({ noise: undefined, weights, roots: undefined })).toBeCloseTo(Math.log(4 * 9 * 16), 14);
    expect(logWeights({ noise, weights: undefined, roots: undefined })).toBe(0);
  });

  test("backward errors: of an exact solution, and of one that is off", () => {
    const A = [
      [4, 1, 0],
      [1, 3, 1],
      [0, 1, 2],
    ];
    const S = [
      [1, -2, 3],
      [0, 0, 0],
    ];
    const ridges = [0.5, 2];
    const R = S.map(
      (row, c) =>
        multiply(
          [row],
          plus(A, () => ridges[c]),
        )[0],
    );
    const of = (solutions: Rows) =>
      backwardErrorOf(
        system(A, ...ridges),
        Float64Array.from(R.flat()),
        Float64Array.from(solutions.flat()),
        undefined,
      );
    expect(of(S)).toBeLessThan(4 * EPS);
    const off = S.map((row) => [...row]);
    off[0][1] += 0.1;
    // The residual is 0.1 times the column (1, 3.5, 1), the norm 5 + 0.5.
    expect(of(off)).toBeCloseTo(0.35 / (5.5 * 3 + maxAbs(R[0])), 12);
    const zero = backwardErrorOf(system(A, 0.5), new Float64Array(3), new Float64Array(3), undefined);
    expect(zero).toBe(0);
  });

  test("an order that changes: rows come, go and come back, as a fresh factor has them", () => {
    const n = 9;
    const A = semidefinite(n);
    const factor = factorSystem(system(A, 0.7)) as CholeskyFactor;
    expect(factor.pack(), "a fresh factor needs no copy").toBeUndefined();
    const next = [8, 2, -1, 5, 0, -1, 7];
    // Two new points: mixtures of old ones, with variances of their own.
    const mixed = next.map((old, i) => (old < 0 ? A[0].map((_, j) => +(j === i) + +(j === 4)) : identity(n)[old]));
    const grown = multiply(multiply(mixed, A), transpose(mixed));
    const come = next.flatMap((old, i) => (old < 0 ? [grown[i]] : []));
    factor.reserve(next.length);
    context.arena.run(() => {
      factor.exchange(Int32Array.from(next), copyIn(context, Float64Array.from(come.flat()), 2, next.length));
    });
    expectFactor(factor, grown, [0.7], allowed(n));
    const packed = factor.pack();
    if (!packed) throw new Error("an edited factor packs its bits");
    expect(packed.rows.length).toBe((7 * 8) / 2);
    const copy = CholeskyFactor.unpack(context, 7, Float64Array.of(0.7), packed);
    expectFactor(copy, grown, [0.7], allowed(n));
    expect(copy.pack()).toEqual(packed);
    copy.free();
    factor.free();
    expect(context.arena.heldBytes).toBe(0);
  });

  test("xxᵀ comes and goes", () => {
    const n = 6;
    const A = semidefinite(n);
    const x = toRows(randomMatrix(1, n, 9, 1))[0];
    const more = A.map((row, i) => row.map((value, j) => value + x[i] * x[j]));
    const factor = factorSystem(system(A, 0.7)) as CholeskyFactor;
    const before = factor.copy();
    onRows([x], (view) => void factor.add(view));
    expectFactor(factor, more, [0.7], allowed(n));
    expectFactor(before, A, [0.7], allowed(n));
    onRows([x], (view) => void expect(factor.takeOff(view)).toBe(true));
    expectFactor(factor, A, [0.7], allowed(n));
    const most = solve(
      solve(
        plus(A, () => 0.7),
        identity(n),
      ),
      identity(n),
    )[0].map((value) => 0.99 * value);
    const size = Math.sqrt(plus(A, () => 0.7)[0][0]);
    onRows(
      [most.map((value) => value / size)],
      (view) => void expect(factor.takeOff(view), "1 − |p|² is 0.02").toBe(false),
    );
    expectFactor(factor, A, [0.7], allowed(n));
    for (const one of [factor, before]) one.free();
  });

  test("levels, tiles, and ridges as messages show them", () => {
    expect(tileRows(1, 10)).toBe(10);
    expect(tileRows(2 ** 20, 10)).toBe(2);
    expect(tileRows(2 ** 22, 10)).toBe(1);
    expect(tileRows(0, 0)).toBe(1);
    expect(roundingLevel(3, 2)).toBe(6 * EPS);
    expect(roundingTolerance(3)).toBe(16 * EPS);
    expect(roundingTolerance(17)).toBe(17 * EPS);
    expect(sufficientRidge(5, 0, 0)).toBe(Number.MIN_VALUE);
    const enough = sufficientRidge(10, -0.25, 2);
    expect([enough > 0.25, enough]).toEqual([true, 0.26]);
    // 16 nε λ_max is 7.105e-14.
    expect(sufficientRidge(10, 0.1, 2)).toBeCloseTo(7.2e-14, 20);
    // Rounded up it would be no double.
    const huge = sufficientRidge(1, -1.791e308, 0);
    expect([huge >= 1.791e308, huge < Infinity]).toEqual([true, true]);
    expect(sufficientRidge(1, 0, 1e308)).toBeGreaterThanOrEqual(16 * EPS * 1e308);
    expect(showRidge(0.25)).toBe("0.25");
    expect(showRidge(0.123)).toBe("0.123");
    expect(showRidge(0.129)).toBe("0.13");
    expect(notPositiveDefinite(3, 9, 0.5, 4)).toMatchObject({ pivot: 3, ridge: 0.5 });
    expect(notPositiveDefinite(3, 9, 0.5, 4).message).toMatch(/plus ridge 0.5 .* pivot 3 of 9: the ridge is lost in/);
    expect(notPositiveDefinite(3, 9, 0, 4).message).toMatch(/without a ridge .* its row repeats others up to/);
    context.arena.run(() => {
      expect(maxDiagonal(copyIn(context, Float64Array.of(1, 9, 0, 3), 2, 2))).toBe(3);
      expect(() => maxDiagonal(copyIn(context, Float64Array.of(1, 9, 0, Infinity), 2, 2))).toThrow(
        /overflows float64 at row 1, column 1 \(Infinity\)/,
      );
    });
  });
});
