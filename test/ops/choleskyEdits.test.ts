/** dch1up, dch1dn, dchdex: the products L Lᵀ before and after, against textbook loops. */
import { describe, expect, test } from "vitest";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, type Block, EPS, expectDone, expectEntries, expectSameBits, lowerIn, onBed } from "./harness.js";

/** Rows run in fours, columns in twos. */
const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 31, 32, 33, 64, 65, 130];

type Getter = (i: number, j: number) => number;

/** L with a diagonal of 1 … 2, NaN above it. */
function triangle(bed: Bed, n: number): Block {
  const next = generator(n + 1);
  return bed.matrix("L", n, n, (i, j) => {
    const x = next();
    if (j > i) return NaN;
    return j < i ? x / Math.sqrt(n) : Math.abs(x) + 1;
  });
}

/** (L Lᵀ)_ij from the lower triangle of packed rows. */
function product(L: Float64Array, n: number): Getter {
  return (i, j) => {
    let sum = 0;
    for (let t = 0; t <= Math.min(i, j); t++) sum += L[i * n + t] * L[j * n + t];
    return sum;
  };
}

/**
 * Each of n rotations keeps the length of a row and its entry of x up to a few ε. Entry (i, j) of the product so moves
 * by at most c n ε √(A_ii A_jj). c = 8: two rows, two products and a sum each, and the rounding of the rotation itself.
 */
function expectProduct(L: Float64Array, n: number, expected: Getter, size: (i: number) => number, what: string): void {
  const got = product(L, n);
  const entries = Float64Array.from({ length: n * n }, (_, at) => got(Math.floor(at / n), at % n));
  const entry = (i: number, j: number) => ({
    value: expected(i, j),
    bound: 8 * (n + 2) * EPS * Math.sqrt(size(i) * size(j)),
  });
  expectEntries(entries, n, n, entry, what);
  for (let i = 0; i < n; i++) expect(L[i * (n + 1)], `${what}: diagonal ${i}`).toBeGreaterThan(0);
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each(SIZES)("dch1up: L' L'ᵀ = L Lᵀ + x xᵀ: n = %i", (n) => {
    onBed(context, (bed) => {
      const [l, x, work] = [triangle(bed, n), bed.random("x", 1, n, 3), bed.work(bed.ops.dch1upScratchBytes(n))];
      const [A, v] = [product(bed.read(l), n), bed.read(x)];
      const info = bed.call(
        () => bed.ops.dch1up(n, l.address, l.ld, x.address, work.address),
        [l, lowerIn([0, n])],
        [x],
        [work],
      );
      expectDone(info, `dch1up, n = ${n}`);
      const updated: Getter = (i, j) => A(i, j) + v[i] * v[j];
      expectProduct(bed.read(l), n, updated, (i) => updated(i, i), `n = ${n}`);
    });
  });

  test("dch1up: entries whose squares leave float64", () => {
    for (const scale of [1e-200, 1, 1e200]) {
      onBed(context, (bed) => {
        const l = bed.matrix("L", 1, 1, () => 3 * scale);
        const x = bed.matrix("x", 1, 1, () => 4 * scale);
        const work = bed.work(bed.ops.dch1upScratchBytes(1));
        expectDone(
          bed.call(() => bed.ops.dch1up(1, l.address, l.ld, x.address, work.address), [l], [x], [work]),
          "dch1up",
        );
        expect(bed.read(l)[0] / scale).toBeCloseTo(5, 13);
      });
    }
  });

  test("dch1up: a diagonal and an entry that are 400 decades apart", () => {
    for (const [a, b] of [
      [1e-200, 1e200],
      [1e200, 1e-200],
    ]) {
      onBed(context, (bed) => {
        const [l, x] = [bed.matrix("L", 1, 1, () => a), bed.matrix("x", 1, 1, () => b)];
        const work = bed.work(bed.ops.dch1upScratchBytes(1));
        const info = bed.call(() => bed.ops.dch1up(1, l.address, l.ld, x.address, work.address), [l], [x], [work]);
        expectDone(info, "dch1up");
        expect(bed.read(l)[0]).toBe(1e200);
      });
    }
  });

  /** Takes x = √(1 − rest) L u off, u a unit vector: 1 − |p|² is `rest`. */
  function downdate(bed: Bed, n: number, rest: number, tolerance: number) {
    const l = triangle(bed, n);
    const L = bed.read(l);
    const next = generator(7);
    const u = Float64Array.from({ length: n }, next);
    const length = Math.hypot(...u) || 1;
    const x = bed.matrix("x", 1, n, (_, i) => {
      let sum = 0;
      for (let t = 0; t <= i; t++) sum += (L[i * n + t] * u[t] * Math.sqrt(1 - rest)) / length;
      return sum;
    });
    const v = bed.read(x);
    const work = bed.work(bed.ops.dch1upScratchBytes(n));
    const info = bed.call(
      () => bed.ops.dch1dn(n, tolerance, l.address, l.ld, x.address, work.address),
      [l, lowerIn([0, n])],
      [x],
      [work],
    );
    return { info, before: L, after: bed.read(l), x: v };
  }

  test.each(SIZES)("dch1dn: L' L'ᵀ = L Lᵀ − x xᵀ: n = %i", (n) => {
    for (const rest of [0.9, 0.5, 0.05]) {
      const { info, before, after, x } = onBed(context, (bed) => downdate(bed, n, rest, 0.01));
      expectDone(info, `dch1dn, n = ${n}, rest ${rest}`);
      const A = product(before, n);
      // Mixed stability (Stewart 1979): the error is relative to the matrix before.
      expectProduct(
        after,
        n,
        (i, j) => A(i, j) - x[i] * x[j],
        (i) => A(i, i),
        `n = ${n}, rest ${rest}`,
      );
    }
  });

  test("dch1dn: a rest that is not above the tolerance, or NaN, leaves L as it was", () => {
    for (const n of [1, 2, 5, 33]) {
      for (const [rest, tolerance] of [
        [0.05, 0.06],
        [1e-3, 0.01],
        [-0.5, 0],
        [NaN, 0],
      ]) {
        const { info, before, after } = onBed(context, (bed) => downdate(bed, n, rest, tolerance));
        expect(info, `dch1dn, n = ${n}: a rest of ${rest} is not above ${tolerance}`).toBe(1);
        expectSameBits(after, before, "L");
      }
    }
  });

  test.each(SIZES.slice(1))("dchdex: the factor without row and column j: n = %i", (n) => {
    const rows = [...new Set([0, 1, 2, 3, 4, 5, n >> 1, n - 5, n - 4, n - 3, n - 2, n - 1])].filter(
      (j) => j >= 0 && j < n,
    );
    for (const j of rows) {
      onBed(context, (bed) => {
        const [l, work] = [triangle(bed, n), bed.work(bed.ops.dch1upScratchBytes(n))];
        const before = bed.read(l);
        const A = product(before, n);
        const info = bed.call(
          () => bed.ops.dchdex(n, j, l.address, l.ld, work.address),
          [l, (i, t) => i >= j && t <= i],
          [work],
        );
        expectDone(info, `dchdex, n = ${n}, row ${j}`);
        const after = bed.read(l);
        const left = Float64Array.from(
          { length: (n - 1) ** 2 },
          (_, at) => after[Math.floor(at / (n - 1)) * n + (at % (n - 1))],
        );
        const from = (i: number) => (i < j ? i : i + 1);
        expectProduct(
          left,
          n - 1,
          (i, t) => A(from(i), from(t)),
          (i) => A(from(i), from(i)),
          `n = ${n}, j = ${j}`,
        );
        // Rows above are not touched; the columns left of j come up as they are.
        for (let i = 0; i < n - 1; i++) {
          const width = i < j ? i + 1 : j;
          expectSameBits(after.slice(i * n, i * n + width), before.slice(from(i) * n, from(i) * n + width), `row ${i}`);
        }
      });
    }
  });

  test("update, then downdate by the same vector: back where it was", () => {
    const n = 70;
    onBed(context, (bed) => {
      const l = triangle(bed, n);
      const before = bed.read(l);
      const A = product(before, n);
      const work = bed.work(bed.ops.dch1upScratchBytes(n));
      const [x, y] = [bed.random("x", 1, n, 5), bed.random("y", 1, n, 5)];
      const v = bed.read(x);
      expectDone(
        bed.call(() => bed.ops.dch1up(n, l.address, l.ld, x.address, work.address), [l, lowerIn([0, n])], [x], [work]),
        "dch1up",
      );
      const info = bed.call(
        () => bed.ops.dch1dn(n, 0, l.address, l.ld, y.address, work.address),
        [l, lowerIn([0, n])],
        [y],
        [work],
      );
      expectDone(info, `dch1dn after dch1up, n = ${n}`);
      expectProduct(bed.read(l), n, A, (i) => 2 * (A(i, i) + v[i] ** 2), "there and back");
    });
  });
});
