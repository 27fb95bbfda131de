/** dgetrf: L U against the permuted matrix, pivots, failing columns, scales. */
import { describe, expect, test } from "vitest";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, EPS, expectDone, expectEntries, onBed } from "./harness.js";

/** About the panels of 16, their halvings, and the blocks of the product. */
const SIZES = [0, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 96, 97, 129, 193, 257, 385];

type Getter = (i: number, j: number) => number;

function random(n: number, seed: number): Getter {
  const next = generator(seed);
  const rows = Array.from({ length: n }, () => Array.from({ length: n }, next));
  return (i, j) => rows[i][j];
}

/** The pivots of textbook elimination: the first of the largest of each column. */
function textbookPivots(n: number, entry: Getter): number[] {
  const M = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => entry(i, j)));
  return M.map((_, k) => {
    let at = k;
    for (let i = k; i < n; i++) if (Math.abs(M[i][k]) > Math.abs(M[at][k])) at = i;
    [M[k], M[at]] = [M[at], M[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = M[i][k] / M[k][k];
      for (let j = k; j < n; j++) M[i][j] -= factor * M[k][j];
    }
    return at;
  });
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  function factor(bed: Bed, n: number, entry: Getter, tolerance = 0) {
    const a = bed.matrix("A", n, n, entry);
    const p = bed.matrix("pivots", 1, n);
    const work = bed.work(bed.ops.dgetrfScratchBytes(n));
    const info = bed.call(
      () => bed.ops.dgetrf(n, tolerance, a.address, a.ld, p.address, work.address),
      [a],
      [p],
      [work],
    );
    return { info, LU: bed.read(a), pivots: [...bed.read(p)] };
  }

  /** P A − L U is at most n ε |L||U| by entry: Higham (2002), theorem 9.3, and as much again for the sum here. */
  function expectFactor(n: number, entry: Getter, what: string) {
    onBed(context, (bed) => {
      const { info, LU, pivots } = factor(bed, n, entry);
      expectDone(info, what);
      const order = Array.from({ length: n }, (_, i) => i);
      pivots.forEach((p, k) => {
        expect(p).toBeGreaterThanOrEqual(k);
        [order[k], order[p]] = [order[p], order[k]];
      });
      const product = new Float64Array(n * n);
      const size = new Float64Array(n * n);
      for (let i = 0; i < n; i++) {
        for (let t = 0; t <= i; t++) {
          const l = t === i ? 1 : LU[i * n + t];
          expect(Math.abs(l)).toBeLessThanOrEqual(1);
          for (let j = t; j < n; j++) {
            product[i * n + j] += l * LU[t * n + j];
            size[i * n + j] += Math.abs(l * LU[t * n + j]);
          }
        }
      }
      const expected = (i: number, j: number) => ({
        value: entry(order[i], j),
        bound: (n + 2) * EPS * size[i * n + j],
      });
      expectEntries(product, n, n, expected, what);
    });
  }

  describe("dgetrf", () => {
    test.each(SIZES)("P A − L U is rounding: n = %i", (n) => {
      expectFactor(n, random(n, n + 1), `dgetrf, n = ${n}`);
    });

    test.each([1e-150, 1e150])("entries of size %d", (scale) => {
      const A = random(70, 5);
      expectFactor(70, (i, j) => scale * A(i, j), `scale ${scale}`);
      expectFactor(70, (i, j) => A(i, j) * (i % 2 ? scale : 1), `every other row ${scale}`);
    });

    test("the pivots are those of elimination by the textbook; equal ones are the first", () => {
      for (const n of [7, 16, 40, 100]) {
        const A = random(n, 2 * n);
        expect(
          onBed(context, (bed) => factor(bed, n, A).pivots),
          `n = ${n}`,
        ).toEqual(textbookPivots(n, A));
      }
      const equal: Getter = (i, j) => [1, -1, 1][i] * (i === j ? 1 : 0.5);
      const small = onBed(context, (bed) => factor(bed, 3, (i, j) => (j === 0 ? [1, -1, 1][i] : equal(i, j))));
      expect(small.pivots[0]).toBe(0);
    });

    test("growth: Wilkinson's matrix grows by 2^(n−1), and its factor is exact", () => {
      const n = 40;
      const wilkinson: Getter = (i, j) => (j === n - 1 ? 1 : i === j ? 1 : i > j ? -1 : 0);
      const { info, LU } = onBed(context, (bed) => factor(bed, n, wilkinson));
      expectDone(info, "Wilkinson");
      expect(LU[n * n - 1]).toBe(2 ** (n - 1));
    });

    const N = 70;
    const PLACES = [0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 69];
    const A = random(N, 9);

    test("a column without a pivot is named", () => {
      const zero = PLACES.map((p) => onBed(context, (bed) => factor(bed, N, (i, j) => (j === p ? 0 : A(i, j)))).info);
      expect(zero).toEqual(PLACES.map((p) => p + 1));
      for (const p of PLACES.slice(1)) {
        const twin: Getter = (i, j) => A(i, j === p ? p >> 1 : j);
        expect(onBed(context, (bed) => factor(bed, N, twin, 1e-12)).info, `column ${p} twice`).toBe(p + 1);
      }
    });

    test("an entry that is not finite stops it", () => {
      for (const bad of [NaN, Infinity, -Infinity]) {
        for (const [r, c] of [
          [0, 0],
          [3, 40],
          [40, 3],
          [69, 69],
          [69, 0],
        ]) {
          const spoilt: Getter = (i, j) => (i === r && j === c ? bad : A(i, j));
          expect(onBed(context, (bed) => factor(bed, N, spoilt)).info, `${bad} at ${r}, ${c}`).toBeGreaterThan(0);
        }
      }
    });

    test("the tolerance: equal is not greater", () => {
      const half: Getter = (i, j) => (i === j ? (i === 20 ? 0.5 : 1) : 0);
      const infos = [0, 0.49, 0.5].map((tolerance) => onBed(context, (bed) => factor(bed, N, half, tolerance).info));
      expect(infos).toEqual([0, 0, 21]);
    });
  });
});
