/** dpotrf: residuals against the definition, failing pivots; the factor solves A x = b. */
import { describe, expect, test } from "vitest";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, EPS, expectDone, expectEntries, lowerIn, onBed } from "./harness.js";

/** About the base cases (24 and 32) and their halvings, IB = 96, KC = 256 and JB = 384. */
const SIZES = [0, 1, 2, 3, 5, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 129, 193, 257, 385];

type Getter = (i: number, j: number) => number;

/** A = R Rᵀ + 0.01 I with R n×8: condition about 1e3 n, so a wrong digit shows. */
function positive(n: number, seed = 1): Getter {
  const next = generator(seed);
  const R = Array.from({ length: n }, () => Array.from({ length: 8 }, next));
  return (i, j) => {
    let sum = i === j ? 0.01 : 0;
    for (let t = 0; t < 8; t++) sum += R[i][t] * R[j][t];
    return sum;
  };
}

const lowerOf =
  (entry: Getter): Getter =>
  (i, j) =>
    j <= i ? entry(i, j) : NaN;

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** Factors the lower triangle of `entry`; above it is NaN, and stays what it was. */
  function factor(bed: Bed, n: number, entry: Getter, tolerance = 0) {
    const a = bed.matrix("A", n, n, lowerOf(entry));
    const work = bed.work(bed.ops.dpotrfScratchBytes(n));
    const info = bed.call(
      () => bed.ops.dpotrf(n, tolerance, a.address, a.ld, work.address),
      [a, lowerIn([0, n])],
      [work],
    );
    return { info, L: bed.read(a) };
  }

  describe("dpotrf", () => {
    test.each(SIZES)("A − L Lᵀ is rounding: n = %i", (n) => {
      onBed(context, (bed) => {
        const A = positive(n);
        const { info, L } = factor(bed, n, A);
        expectDone(info, `dpotrf, n = ${n}`);
        const product = new Float64Array(n * n);
        const expected = (i: number, j: number) => {
          if (j > i) return undefined;
          let [sum, size] = [0, 0];
          for (let p = 0; p <= j; p++) {
            sum += L[i * n + p] * L[j * n + p];
            size += Math.abs(L[i * n + p] * L[j * n + p]);
          }
          product[i * n + j] = sum;
          // Higham (2002), theorem 10.3: (n + 1) ε/2 · |L||Lᵀ|; as much again for the sum here.
          return { value: A(i, j), bound: (n + 2) * EPS * size };
        };
        for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) expected(i, j);
        expectEntries(product, n, n, expected, "L Lᵀ");
        for (let i = 0; i < n; i++) expect(L[i * n + i]).toBeGreaterThan(0);
      });
    });

    const N = 100;
    /** First and last of each base case and half of 100, in both backends. */
    const PIVOTS = [0, 1, 22, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 71, 72, 73, 95, 96, 97, 98, 99];
    const A = positive(N);
    const failing: [string, (p: number) => Getter][] = [
      ["negative", (p) => (i, j) => (i === p && j === p ? -1 : A(i, j))],
      ["zero", (p) => (i, j) => (i === p && j === p ? 0 : A(i, j))],
      ["zero with a zero row", (p) => (i, j) => (i === p || j === p ? 0 : A(i, j))],
      ["NaN", (p) => (i, j) => (i === p && j === p ? NaN : A(i, j))],
      ["infinite", (p) => (i, j) => (i === p && j === p ? Infinity : A(i, j))],
      ["NaN left of it", (p) => (i, j) => (i === p && j === p >> 1 ? NaN : A(i, j))],
      ["infinity left of it", (p) => (i, j) => (i === p && j === p >> 1 ? Infinity : A(i, j))],
    ];

    test.each(failing)("a pivot that is %s is named", (_, spoil) => {
      const infos = PIVOTS.map((p) => onBed(context, (bed) => factor(bed, N, spoil(p)).info));
      expect(infos, "the status is the pivot, counted from 1").toEqual(PIVOTS.map((p) => p + 1));
    });

    test("the first of two is named", () => {
      const two: Getter = (i, j) => (i === j && (i === 30 || i === 80) ? -1 : A(i, j));
      expect(
        onBed(context, (bed) => factor(bed, N, two).info),
        "pivots 30 and 80 fail",
      ).toBe(31);
      expect(
        onBed(context, (bed) => factor(bed, 1, () => 0).info),
        "the only pivot is 0",
      ).toBe(1);
    });

    test("a duplicate that differs by 1e-6 passes a tolerance of 1e-7 and not of 1e-5", () => {
      for (const p of PIVOTS.slice(1)) {
        const q = p >> 1;
        const from = (i: number) => (i === p ? q : i);
        const twin: Getter = (i, j) => A(from(i), from(j)) * (i === p && j === p ? 1 + 1e-6 : 1);
        const infos = [0, 1e-7, 1e-5].map((tolerance) => onBed(context, (bed) => factor(bed, N, twin, tolerance).info));
        expect(infos, `pivot ${p}`).toEqual([0, 0, p + 1]);
      }
    });

    test("the tolerance is against the own diagonal entry on entry, and equal is not greater", () => {
      const graded: Getter = (i, j) => (i === j ? 10 ** -(i % 13) : 0);
      const run = (tolerance: number) => onBed(context, (bed) => factor(bed, N, graded, tolerance).info);
      expectDone(run(0.99), "dpotrf, tolerance 0.99");
      expectDone(run(1 - EPS), "dpotrf, tolerance 1 − ε");
      expect(run(1)).toBe(1);
    });
  });

  test("factor, then solve: A x = b", () => {
    const n = 130;
    const A = positive(n, 3);
    onBed(context, (bed) => {
      const a = bed.matrix("A", n, n, lowerOf(A));
      const x = bed.random("x", 1, n, 8);
      const b = bed.read(x);
      const work = bed.work(bed.ops.dpotrfScratchBytes(n));
      expectDone(
        bed.call(() => bed.ops.dpotrf(n, 0, a.address, a.ld, work.address), [a, lowerIn([0, n])], [work]),
        "dpotrf",
      );
      expectDone(
        bed.call(() => bed.ops.dtrsv(1, n, a.address, a.ld, x.address), [x]),
        "dtrsv",
      );
      expectDone(
        bed.call(() => bed.ops.dtrsv(0, n, a.address, a.ld, x.address), [x]),
        "dtrsv",
      );
      const solution = bed.read(x);
      const expected = (_: number, i: number) => {
        let size = 0;
        for (let j = 0; j < n; j++) size += Math.abs(A(i, j) * solution[j]);
        // Higham (2002), theorem 10.4: (3n + 1) ε/2 · |L||Lᵀ||x|, and |L||Lᵀ| ≤ n |A| by norm.
        return { value: b[i], bound: 4 * n * EPS * (size + 0.01 * n) };
      };
      const image = Float64Array.from(b, (_, i) => solution.reduce((sum, value, j) => sum + A(i, j) * value, 0));
      expectEntries(image, 1, n, expected, "A x");
    });
  });
});
