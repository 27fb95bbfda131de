/** dgemv, drowdot, dhadamard, dmirror, dasymmetry, dtranspose. */
import { describe, expect, test } from "vitest";
import { loadContext, variants } from "../setup/variants.js";
import {
  type Bed,
  type Block,
  type Entry,
  EPS,
  expectDone,
  expectEntries,
  expectSplitsAgree,
  onBed,
  type Range,
  rowsIn,
} from "./harness.js";

/** [rows, n]: the dots go 8, 4 and 2 at a time. */
const SHAPES = [
  ...[0, 1, 2, 3, 5].flatMap((rows) => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 23].map((n) => [rows, n])),
  [3, 1000],
  [101, 7],
];
/** [alpha, gamma]. */
const SCALARS = [
  [1, 0],
  [-0.75, 0],
  [1, 1],
  [2, 0.5],
];

/** gamma out + alpha Σ x y: n products and n − 1 sums of ε/2, here and there. */
function dotEntry(n: number, x: (j: number) => number, y: (j: number) => number, alpha: number, before: number): Entry {
  let [sum, size] = [0, 0];
  for (let j = 0; j < n; j++) {
    sum += x(j) * y(j);
    size += Math.abs(x(j) * y(j));
  }
  return { value: before + alpha * sum, bound: (n + 3) * EPS * (Math.abs(before) + Math.abs(alpha) * size) };
}

/** Sizes about the 32×32 squares of dmirror and dtranspose. */
const SQUARES = [0, 1, 2, 3, 4, 5, 31, 32, 33, 63, 64, 65, 97];

const at = (data: Float64Array, { cols }: Block, i: number, j: number) => data[i * cols + j];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** out = gamma out + alpha (dots of the rows of A with x, or with the rows of B). */
  function dots(op: "dgemv" | "drowdot", bed: Bed, [rows, n]: number[], [alpha, gamma]: number[], ranges: Range[]) {
    const a = bed.random("A", rows, n, 1);
    const b = op === "dgemv" ? bed.random("x", 1, n, 2) : bed.random("B", rows, n, 2);
    const out = bed.matrix("out", 1, rows, gamma ? (_, i) => 1 / (i + 3) : undefined);
    const [A, B, before] = [bed.read(a), bed.read(b), bed.read(out)];
    for (const range of ranges) {
      const info = bed.call(
        () =>
          op === "dgemv"
            ? bed.ops.dgemv(...range, n, alpha, a.address, a.ld, b.address, gamma, out.address)
            : bed.ops.drowdot(...range, n, alpha, a.address, a.ld, b.address, b.ld, gamma, out.address),
        [out, (_, i) => rowsIn(range)(i)],
      );
      expectDone(info, `${op}, rows [${range}) of ${rows}, ${n} columns`);
    }
    const expected = (_: number, i: number) => {
      const other = op === "dgemv" ? 0 : i * n;
      return dotEntry(
        n,
        (j) => A[i * n + j],
        (j) => B[other + j],
        alpha,
        gamma ? gamma * before[i] : 0,
      );
    };
    return { got: bed.read(out), expected };
  }

  describe.each(["dgemv", "drowdot"] as const)("%s", (op) => {
    test.each(SCALARS)("alpha = %d, gamma = %d", (alpha, gamma) => {
      for (const shape of SHAPES) {
        onBed(context, (bed) => {
          const { got, expected } = dots(op, bed, shape, [alpha, gamma], [[0, shape[0]]]);
          expectEntries(got, 1, shape[0], expected, `rows, n = ${shape}`);
        });
      }
    });

    test("row ranges give the same bits", () => {
      for (const scalars of SCALARS) {
        const run = (ranges: Range[]) => onBed(context, (bed) => dots(op, bed, [101, 77], scalars, ranges).got);
        expectSplitsAgree(101, run, `alpha, gamma ${scalars}`);
      }
    });
  });

  test("drowdot: one block is its own square", () => {
    onBed(context, (bed) => {
      const a = bed.random("A", 9, 21, 3);
      const out = bed.matrix("out", 1, 9);
      expectDone(
        bed.call(() => bed.ops.drowdot(0, 9, 21, 1, a.address, a.ld, a.address, a.ld, 0, out.address), [out]),
        "drowdot",
      );
      const A = bed.read(a);
      const row = (i: number) => (j: number) => A[i * 21 + j];
      expectEntries(bed.read(out), 1, 9, (_, i) => dotEntry(21, row(i), row(i), 1, 0), "squares");
    });
  });

  test.each(SQUARES)("dmirror: the upper triangle is the lower one: n = %i", (n) => {
    onBed(context, (bed) => {
      const a = bed.matrix("A", n, n, (i, j) => (j <= i ? 1000 * i + j : NaN));
      expectDone(
        bed.call(() => bed.ops.dmirror(n, a.address, a.ld), [a, (i, j) => j > i]),
        `dmirror, n = ${n}`,
      );
      const expected = (i: number, j: number) => ({ value: 1000 * Math.max(i, j) + Math.min(i, j), bound: 0 });
      expectEntries(bed.read(a), n, n, expected, "mirrored");
    });
  });

  test.each(SQUARES)("dasymmetry: the largest difference, wherever it is: n = %i", (n) => {
    onBed(context, (bed) => {
      const symmetric = (i: number, j: number) => 1 / (1 + i + j);
      const a = bed.matrix("A", n, n, symmetric);
      const measure = () => bed.call(() => bed.ops.dasymmetry(n, a.address, a.ld));
      expect(measure(), "symmetric").toBe(0);
      const places = [...new Set([0, 1, 2, n >> 1, n - 2, n - 1])].filter((i) => i >= 0 && i < n);
      for (const i of places) {
        for (const j of places) {
          const view = context.arena.view(a.address + (i * a.ld + j) * 8, 1);
          const before = view[0];
          if (i !== j) {
            view[0] = before + 0.25;
            expect(measure(), `entry (${i}, ${j})`).toBe(Math.abs(before + 0.25 - symmetric(j, i)));
          }
          for (const value of [Number.NaN, Infinity, -Infinity]) {
            view[0] = value;
            expect(Number.isFinite(measure()), `${value} at (${i}, ${j})`).toBe(false);
          }
          view[0] = before;
        }
      }
    });
  });

  test("dtranspose", () => {
    const shapes = [...SQUARES.flatMap((rows) => SQUARES.map((cols) => [rows, cols])), [1, 1000], [1000, 3], [2, 999]];
    for (const [rows, cols] of shapes) {
      onBed(context, (bed) => {
        const a = bed.matrix("A", rows, cols, (i, j) => 1000 * i + j);
        const b = bed.matrix("B", cols, rows);
        expectDone(
          bed.call(() => bed.ops.dtranspose(rows, cols, a.address, a.ld, b.address, b.ld), [b]),
          `dtranspose, ${rows}×${cols}`,
        );
        expectEntries(bed.read(b), cols, rows, (i, j) => ({ value: 1000 * j + i, bound: 0 }), `${rows}×${cols}`);
      });
    }
  });

  test.each([
    { n: 1, m: 1, period: 0, repeat: 1 },
    { n: 7, m: 5, period: 3, repeat: 2 },
    { n: 8, m: 2, period: 1, repeat: 4 },
    { n: 6, m: 1026, period: 0, repeat: 3 },
    { n: 0, m: 3, period: 0, repeat: 1 },
    { n: 3, m: 0, period: 2, repeat: 1 },
  ])("dhadamard %o", ({ n, m, period, repeat }) => {
    const run = (ranges: Range[], inPlace: boolean) =>
      onBed(context, (bed) => {
        const a = bed.random("A", period || n, m, 1);
        const b = bed.random("B", Math.ceil(n / repeat), m, 2);
        const [A, B] = [bed.read(a), bed.read(b)];
        const c = inPlace ? a : bed.matrix("C", n, m);
        for (const [start, end] of ranges) {
          const run = () =>
            bed.ops.dhadamard(start, end, m, -2.5, a.address, a.ld, period, b.address, b.ld, repeat, c.address, c.ld);
          expectDone(bed.call(run, [c, rowsIn([start, end])]), `dhadamard, rows [${start}, ${end}) of ${n}`);
        }
        const value = (i: number, j: number) =>
          -2.5 * at(A, a, period ? i % period : i, j) * at(B, b, Math.floor(i / repeat), j);
        return { C: bed.read(c), value };
      });
    for (const inPlace of period === 0 ? [false, true] : [false]) {
      const { C, value } = run([[0, n]], inPlace);
      expectEntries(C, n, m, (i, j) => ({ value: value(i, j), bound: EPS * Math.abs(value(i, j)) }), "C");
      if (n > 5)
        expect(
          run(
            [
              [4, n],
              [0, 4],
            ],
            inPlace,
          ).C,
        ).toEqual(C);
    }
  });
});
