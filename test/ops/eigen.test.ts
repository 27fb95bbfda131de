/** deigh: residual, orthogonality, order, known spectra; what a factorisation promises, not how it is found. */
import { describe, expect, test } from "vitest";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { C, checkLarge, type Getter, randomSymmetric } from "./eigen.js";
import { type Bed, EPS, expectDone, lowerIn, onBed } from "./harness.js";

/** About the panel (32) and its multiples; 100 and 257 do not divide. */
const SIZES = [0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 66, 97, 100, 257];

/** Q diag(spectrum) Qᵀ, Q a product of three reflections: n² work, and rounding of 20 ε at most. */
function withSpectrum(spectrum: number[], seed = 7): Getter {
  const n = spectrum.length;
  const next = generator(seed);
  const A = spectrum.map((value, i) => spectrum.map((_, j) => (i === j ? value : 0)));
  for (let step = 0; step < 3; step++) {
    const u = Array.from({ length: n }, next);
    const square = u.reduce((sum, x) => sum + x * x, 0);
    const w = A.map((row) => row.reduce((sum, x, j) => sum + x * u[j], 0));
    const uw = u.reduce((sum, x, i) => sum + x * w[i], 0);
    // H A H = A − (2/s)(u wᵀ + w uᵀ) + (4/s²)(uᵀw) u uᵀ.
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        A[i][j] -= (2 / square) * (u[i] * w[j] + w[i] * u[j]) - (4 / square) * (uw / square) * u[i] * u[j];
      }
    }
  }
  return (i, j) => A[Math.max(i, j)][Math.min(i, j)];
}

const tridiagonal =
  (diagonal: (i: number) => number, beside: (i: number) => number): Getter =>
  (i, j) =>
    i === j ? diagonal(i) : Math.abs(i - j) === 1 ? beside(Math.min(i, j)) : 0;

const diagonal = (entry: (i: number) => number): Getter => tridiagonal(entry, () => 0);

/** 21×21, |i − 10| on the diagonal and 1 beside it: pairs of eigenvalues that agree to 15 digits. */
const WILKINSON = tridiagonal(
  (i) => Math.abs(i - 10),
  () => 1,
);
/** Largest eigenvalue of W21+ (Wilkinson 1965, p. 309). */
const WILKINSON_TOP = 10.746194182903393;

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** Lower triangle of `entry` in, NaN above; with vectors = 1 all of A may be written, else the lower triangle. */
  function eigh(bed: Bed, vectors: number, n: number, entry: Getter) {
    const a = bed.matrix("A", n, n, (i, j) => (j <= i ? entry(i, j) : NaN));
    const w = bed.matrix("w", 1, n);
    const work = bed.work(bed.ops.deighScratchBytes(vectors, n));
    const info = bed.call(
      () => bed.ops.deigh(vectors, n, a.address, a.ld, w.address, work.address),
      vectors ? [a] : [a, lowerIn([0, n])],
      [w],
      [work],
    );
    return { info, w: bed.read(w), V: bed.read(a) };
  }

  /** All that must hold for any matrix; returns the eigenvalues. */
  function check(n: number, entry: Getter): Float64Array {
    return onBed(context, (bed) => {
      const { info, w, V } = eigh(bed, 1, n, entry);
      expectDone(info, `deigh, n = ${n}`);
      const A = Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
      const norm = w.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
      for (let i = 1; i < n; i++) expect(w[i], `eigenvalue ${i}, ascending`).toBeGreaterThanOrEqual(w[i - 1]);
      const trace =
        w.reduce((sum, x) => sum + x, 0) - A.reduce((sum, x, at) => (at % (n + 1) === 0 ? sum + x : sum), 0);
      // Below the normal numbers rounding is absolute: n least numbers.
      const least = n * Number.MIN_VALUE;
      expect(Math.abs(trace), "trace").toBeLessThanOrEqual(C * n * n * EPS * norm + n * least);
      let [residual, skew] = [0, 0];
      for (let r = 0; r < n; r++) {
        const v = V.subarray(r * n, r * n + n);
        for (let i = 0; i < n; i++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += A[i * n + j] * v[j];
          residual = Math.max(residual, Math.abs(sum - w[r] * v[i]));
          if (Number.isNaN(sum)) residual = NaN;
        }
        for (let q = 0; q <= r; q++) {
          let sum = q === r ? -1 : 0;
          for (let j = 0; j < n; j++) sum += V[q * n + j] * v[j];
          skew = Math.max(skew, Math.abs(sum));
        }
      }
      expect(residual, "‖A V − V Λ‖").toBeLessThanOrEqual(C * n * EPS * norm + least);
      expect(skew, "‖V Vᵀ − I‖").toBeLessThanOrEqual(C * n * EPS);
      const alone = eigh(bed, 0, n, entry);
      expectDone(alone.info, `deigh without vectors, n = ${n}`);
      expectSpectrum(alone.w, Array.from(w), "without vectors");
      return w;
    });
  }

  /** By Weyl's theorem eigenvalues err by no more than the matrix. */
  function expectSpectrum(w: Float64Array, expected: number[], what: string): void {
    const n = expected.length;
    const norm = expected.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
    expect(w.length).toBe(n);
    for (let i = 0; i < n; i++) {
      const error = Math.abs(w[i] - expected[i]);
      expect(error, `${what}: eigenvalue ${i}`).toBeLessThanOrEqual(C * n * EPS * norm + n * Number.MIN_VALUE);
    }
  }

  test.each(SIZES)("random: n = %i", (n) => {
    check(n, randomSymmetric(n));
  });

  describe.each([280, 290, 306])("entries from 1e-%d to as far above 1", (decades) => {
    const n = 66;
    const sizes = Array.from({ length: n / 2 }, (_, k) => 10 ** (decades * ((4 * k) / (n - 2) - 1)));
    const spectrum = sizes.flatMap((size) => [size, 3 * size]).sort((a, b) => a - b);

    test.each<[string, (k: number) => number]>([
      ["ascending", (k) => k],
      ["descending", (k) => n / 2 - 1 - k],
      ["mixed", (k) => (k * 7 + 3) % (n / 2)],
    ])("pairs [2 1; 1 2] of each size, %s", (_, place) => {
      const size = (k: number) => sizes[place(k)];
      const pairs = tridiagonal(
        (i) => 2 * size(i >> 1),
        (i) => (i % 2 === 0 ? size(i >> 1) : 0),
      );
      expectSpectrum(check(n, pairs), spectrum, "pairs");
    });

    test("a graded matrix, by what holds for any", () => {
      const root = Array.from({ length: n }, (_, i) => Math.sqrt(sizes[i >> 1]));
      check(n, (i, j) => (i === j ? 1 : 0.001 * Math.cos(i + j)) * root[i] * root[j]);
      check(n, (i, j) => (i === j ? 1 : 0.001 * Math.cos(i + j)) * root[n - 1 - i] * root[n - 1 - j]);
    });
  });

  test.each([1, 2, 33, 70])("zero, identity, diagonal: n = %i", (n) => {
    expectSpectrum(
      check(n, () => 0),
      new Array<number>(n).fill(0),
      "zero",
    );
    expectSpectrum(
      check(
        n,
        diagonal(() => 1),
      ),
      new Array<number>(n).fill(1),
      "identity",
    );
    const entries = Array.from({ length: n }, (_, i) => ((i * 37) % n) - n / 2);
    expectSpectrum(
      check(
        n,
        diagonal((i) => entries[i]),
      ),
      entries.toSorted((x, y) => x - y),
      "diagonal",
    );
  });

  test.each([3, 32, 65, 100])("[1, 2, 1] has the eigenvalues 2 + 2 cos: n = %i", (n) => {
    const exact = Array.from({ length: n }, (_, i) => 2 + 2 * Math.cos((Math.PI * (n - i)) / (n + 1)));
    expectSpectrum(
      check(
        n,
        tridiagonal(
          () => 2,
          () => 1,
        ),
      ),
      exact,
      "[1, 2, 1]",
    );
  });

  // In JavaScript n = 2000 takes 12 s and more: eigen.long.test.ts.
  test.each(variant === "js" ? [1000] : [1000, 2000])("large: n = %i, by products with random vectors", (n) =>
    checkLarge(context, n),
  );

  test.each([0.5, -0.5])("halves of equal eigenvalues that one entry couples: %d", (coupling) => {
    const n = 40;
    const w = check(
      n,
      tridiagonal(
        () => 1,
        (i) => (i === n / 2 - 1 ? coupling : 0),
      ),
    );
    expectSpectrum(w, [0.5, ...new Array<number>(n - 2).fill(1), 1.5], "a pair among ones");
  });

  test("Wilkinson's W21+", () => {
    const w = check(21, WILKINSON);
    expect(Math.abs(w[20] - WILKINSON_TOP), `top eigenvalue ${w[20]}: n ε of its size`).toBeLessThanOrEqual(
      21 * EPS * WILKINSON_TOP,
    );
    expect(w[20] - w[19], "the top pair").toBeLessThanOrEqual(1e-13);
  });

  test("a matrix of ones: one eigenvalue n, the others zero", () => {
    for (const n of [2, 33, 64])
      expectSpectrum(
        check(n, () => 1),
        [...new Array<number>(n - 1).fill(0), n],
        "ones",
      );
  });

  test.each([4, 33, 100])("rank-deficient, clustered, with both signs: n = %i", (n) => {
    const spectra = {
      deficient: Array.from({ length: n }, (_, i) => (i < n - 3 ? 0 : i - n + 4)),
      clustered: Array.from({ length: n }, (_, i) => (i < n / 2 ? 1 : 2) + 1e-13 * i),
      signs: Array.from({ length: n }, (_, i) => (i < n / 2 ? -1 : 1)),
      geometric: Array.from({ length: n }, (_, i) => 10 ** ((16 * i) / (n - 1) - 16)),
    };
    for (const [name, spectrum] of Object.entries(spectra)) {
      expectSpectrum(check(n, withSpectrum(spectrum)), spectrum, name);
    }
  });

  test("graded, entries from 1e-8 to 1e8, either way up", () => {
    for (const n of [5, 33, 64]) {
      const noise = randomSymmetric(n, 3);
      for (const sign of [1, -1]) {
        const size = (i: number) => 10 ** (sign * ((8 * i) / (n - 1) - 4));
        check(n, (i, j) => noise(i, j) * size(i) * size(j));
      }
    }
  });

  test.each([1e300, 1e-300, 1e-310, 2 ** 1000, -1e150, 1e-160])("scaled by %d", (scale) => {
    for (const n of [1, 2, 33, 70]) {
      const A = randomSymmetric(n, 5);
      const w = check(n, (i, j) => scale * A(i, j));
      const plain = Array.from(check(n, A), (x) => x * scale);
      expectSpectrum(w, scale < 0 ? plain.reverse() : plain, `n = ${n}`);
    }
  });

  test.each([0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].slice(0, i + 1).map((j) => [i, j])))(
    "the largest entry sets the scale wherever it stands: row %i, column %i",
    (row, column) => {
      const big = 2 ** 900;
      const at = (i: number, j: number) => (Math.max(i, j) === row && Math.min(i, j) === column ? big : 1);
      const w = check(4, at);
      // Of [1] or of [1, 1; 1, 1] times 2^900, with the rest below rounding.
      const expected = row === column ? [0, 0, 0, big] : [-big, 0, 0, big];
      expectSpectrum(w, expected, "spectrum");
    },
  );

  test("a block diagonal matrix keeps its blocks", () => {
    const n = 40;
    const A = randomSymmetric(n, 9);
    check(n, (i, j) => (i < 13 === j < 13 ? A(i, j) : 0));
  });

  test("a NaN is not hidden", () => {
    for (const [row, column] of [
      [0, 0],
      [7, 3],
      [39, 39],
    ]) {
      const entry: Getter = (i, j) => (i === row && j === column ? NaN : i + j);
      const { info, w } = onBed(context, (bed) => eigh(bed, 1, 40, entry));
      expect(info > 0 || w.some(Number.isNaN), `NaN at (${row}, ${column}): status ${info}, values ${w}`).toBe(true);
    }
  });
});
