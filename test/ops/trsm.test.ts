/** dtrsm, dtrsv: residuals against the definitions, row ranges. */
import { describe, test } from "vitest";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Block,
  EPS,
  expectDone,
  expectEntries,
  expectSameBits,
  expectSplitsAgree,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

/** About the base cases (24 and 32) and their halvings, IB = 96, KC = 256 and JB = 384. */
const SIZES = [0, 1, 2, 3, 5, 23, 24, 25, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 96, 97, 129, 193, 257, 385];

/** A lower triangle L with a diagonal of 1 … 2 of either sign; NaN above it. */
function triangle(bed: Bed, n: number): Block {
  const next = generator(n + 1);
  return bed.matrix("L", n, n, (i, j) => {
    const x = next();
    if (j > i) return NaN;
    return j < i ? x / Math.sqrt(n) : x < 0 ? x - 1 : x + 1;
  });
}

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  describe.each([1, 0])("trans = %i", (trans) => {
    /** x Lᵀ or x L, and its error bound: Higham (2002), theorem 8.5, for any order of the sums, twice. */
    function image(n: number, L: Float64Array, x: (j: number) => number, j: number) {
      let [sum, size] = [0, 0];
      for (let t = trans ? 0 : j; trans ? t <= j : t < n; t++) {
        const term = x(t) * (trans ? L[j * n + t] : L[t * n + j]);
        sum += term;
        size += Math.abs(term);
      }
      return { sum, bound: (n + 2) * EPS * size };
    }

    function solve(bed: Bed, rows: number, n: number, ranges: Range[]) {
      const l = triangle(bed, n);
      const b = bed.random("B", rows, n, 5);
      const before = bed.read(b);
      for (const range of ranges) {
        const work = bed.work(bed.ops.dtrsmScratchBytes(range[1] - range[0], n));
        const info = bed.call(
          () => bed.ops.dtrsm(trans, ...range, n, l.address, l.ld, b.address, b.ld, work.address),
          [b, rowsIn(range)],
          [work],
        );
        expectDone(info, `dtrsm, rows [${range}) of ${rows}, n = ${n}`);
      }
      return { L: bed.read(l), before, X: bed.read(b) };
    }

    function expectSolved(rows: number, n: number, L: Float64Array, before: Float64Array, X: Float64Array): void {
      const images = new Float64Array(rows * n);
      const bounds = new Float64Array(rows * n);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < n; j++) {
          const { sum, bound } = image(n, L, (t) => X[i * n + t], j);
          images[i * n + j] = sum;
          bounds[i * n + j] = bound;
        }
      }
      const expected = (i: number, j: number) => ({ value: before[i * n + j], bound: bounds[i * n + j] });
      expectEntries(images, rows, n, expected, `${rows} rows, n = ${n}`);
    }

    test("dtrsm: the residual of each row is rounding", () => {
      const shapes = [...SIZES.flatMap((n) => [0, 1, 7, 8, 9].map((rows) => [rows, n])), [97, 50], [193, 25], [3, 600]];
      for (const [rows, n] of shapes) {
        onBed(context, (bed) => {
          const { L, before, X } = solve(bed, rows, n, [[0, rows]]);
          expectSolved(rows, n, L, before, X);
        });
      }
    });

    test("dtrsm: row ranges give the same bits", () => {
      const rows = 41;
      for (const n of [7, 24, 33, 97]) {
        expectSplitsAgree(rows, (ranges) => onBed(context, (bed) => solve(bed, rows, n, ranges).X), `n = ${n}`);
      }
    });

    test.each(SIZES)("dtrsv: the residual is rounding: n = %i", (n) => {
      onBed(context, (bed) => {
        const l = triangle(bed, n);
        const b = bed.random("b", 1, n, 6);
        const before = bed.read(b);
        expectDone(
          bed.call(() => bed.ops.dtrsv(trans, n, l.address, l.ld, b.address), [b]),
          `dtrsv, n = ${n}`,
        );
        expectSolved(1, n, bed.read(l), before, bed.read(b));
      });
    });

    test("unit right-hand sides give the rows of the identity back", () => {
      // L = 2 I: exact whatever the blocking.
      const n = 70;
      onBed(context, (bed) => {
        const l = bed.matrix("L", n, n, (i, j) => (j > i ? NaN : i === j ? 2 : 0));
        const b = bed.matrix("B", n, n, (i, j) => (i === j ? 1 : 0));
        const work = bed.work(bed.ops.dtrsmScratchBytes(n, n));
        expectDone(
          bed.call(() => bed.ops.dtrsm(trans, 0, n, n, l.address, l.ld, b.address, b.ld, work.address), [b], [work]),
          "dtrsm",
        );
        const half = Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 0.5 : 0));
        expectSameBits(
          bed.read(b).map((x) => x + 0),
          half,
          "L⁻¹",
        );
      });
    });
  });
});
