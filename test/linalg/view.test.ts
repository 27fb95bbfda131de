/** Views: every block, transpose and diagonal has the entries that it names. */
import { describe, expect, test } from "vitest";
import { copyIn, held, scratch, type View } from "../../src/linalg/view.js";
import { loadContext, variants } from "../setup/variants.js";

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** Entry (i, j) is 10 i + j. */
  const counted = (rows: number, cols: number) =>
    copyIn(
      context,
      Float64Array.from({ length: rows * cols }, (_, at) => 10 * Math.floor(at / cols) + (at % cols)),
      rows,
      cols,
    );
  const stored = (A: View) => Array.from({ length: A.trans ? A.cols : A.rows }, (_, i) => [...A.row(i)]);

  test("blocks, also of a transpose", () => {
    context.arena.run(() => {
      const A = counted(4, 5);
      expect(stored(A.block(1, 2, 2, 3))).toEqual([
        [12, 13, 14],
        [22, 23, 24],
      ]);
      const T = A.t.block(2, 1, 3, 2);
      expect([T.rows, T.cols, T.trans, T.ld]).toEqual([3, 2, 1, 5]);
      expect(stored(T)).toEqual([
        [12, 13, 14],
        [22, 23, 24],
      ]);
      expect(stored(T.t)).toEqual(stored(A.block(1, 2, 2, 3)));
      expect(stored(A.slice(2, 2))).toEqual([
        [20, 21, 22, 23, 24],
        [30, 31, 32, 33, 34],
      ]);
      expect(A.slice(0, 4)).toBe(A);
      expect([...A.row(1, 2)]).toEqual([10, 11]);
    });
  });

  test("the same entries in other rows", () => {
    context.arena.run(() => {
      const A = counted(2, 6);
      expect(stored(A.reshape(3, 4))).toEqual([
        [0, 1, 2, 3],
        [4, 5, 10, 11],
        [12, 13, 14, 15],
      ]);
      expect(A.reshape(2, 6)).toBe(A);
      expect(A.reshape(1, 6).rows).toBe(1);
      expect(stored(A.part(3, 2, 2))).toEqual([
        [3, 4],
        [5, 10],
      ]);
      const block = A.block(0, 0, 2, 3);
      expect(stored(block.reshape(2, 3)), "rows with a gap are not packed").toEqual([
        [0, 1, 2],
        [3, 4, 5],
      ]);
    });
  });

  test.each([
    [3, 3],
    [2, 4],
    [4, 2],
    [1, 1],
    [0, 0],
  ])("the diagonal of %i×%i", (rows, cols) => {
    context.arena.run(() => {
      const A = counted(rows, cols);
      const n = Math.min(rows, cols);
      expect([...A.diagonal()]).toEqual(Array.from({ length: n }, (_, i) => 11 * i));
      A.shift(0.5);
      expect([...A.diagonal()]).toEqual(Array.from({ length: n }, (_, i) => 11 * i + 0.5));
      if (cols > 1 && rows > 0) expect(A.row(0)[1]).toBe(1);
    });
  });

  test.each([8, 4] as const)("%i bytes: blocks, diagonals, the lower triangle, a copy", (bytes) => {
    context.arena.run(() => {
      const A = scratch(context, 3, 3, bytes);
      A.numbers().set([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect([...A.diagonal()]).toEqual([1, 5, 9]);
      expect([...A.block(1, 1, 2, 2).diagonal()]).toEqual([5, 9]);
      expect([...A.part(3, 2, 2).numbers()]).toEqual([4, 5, 6, 7]);
      A.shift(1);
      expect([...A.matrix("A").data]).toEqual([2, 2, 3, 4, 6, 6, 7, 8, 10]);
      expect([...A.lower("L").data]).toEqual([2, 0, 0, 4, 6, 0, 7, 8, 10]);
    });
  });

  test("floats: what leaves float32 on its way in or out is an error", () => {
    context.arena.run(() => {
      expect(() => copyIn(context, Float64Array.of(1, 1e300, 2, 3), 2, 2, 4, "B")).toThrow(RangeError);
      expect(() => copyIn(context, Float64Array.of(1, 1e300, 2, 3), 2, 2, 4, "B")).toThrow(/B.*1e\+300/);
      const A = copyIn(context, Float64Array.of(1, 2, 3, 4), 2, 2, 4, "A");
      expect([...A.floats()]).toEqual([1, 2, 3, 4]);
      A.floats()[2] = Infinity;
      expect(() => A.matrix("A")).toThrow(RangeError);
      expect(() => A.lower("A")).toThrow(RangeError);
      A.floats().set([1, Infinity, 3, 4]);
      expect([...A.lower("A").data], "what stands above the diagonal does not matter").toEqual([1, 0, 3, 4]);
    });
  });

  test("a held matrix belongs to what is made with it, and goes with an error", () => {
    const before = context.arena.heldBytes;
    const fail = () =>
      held(context, 4, 4, () => {
        expect(context.arena.heldBytes).toBeGreaterThan(before);
        throw new Error("no");
      });
    expect(fail).toThrow("no");
    expect(context.arena.heldBytes).toBe(before);
    const A = held(context, 2, 3, (made) => made);
    expect([A.rows, A.cols]).toEqual([2, 3]);
    context.arena.free(A.at);
    expect(context.arena.heldBytes).toBe(before);
  });
});
