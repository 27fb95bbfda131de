/** How many small pieces of work are done at once. */
import { expect, test } from "vitest";
import type { Context } from "../src/context.js";
import { together } from "../src/training/together.js";
import { loadContext } from "./setup/variants.js";

const arena = { room: Infinity };
const at = (threads: number, left: number, doubles: number, room = Infinity) =>
  together({ threads, arena: { ...arena, room } } as Context, 4, left, () => doubles);

test("one without threads, so many for each thread, no more than are left", () => {
  expect([1, 2, 8].map((threads) => at(threads, 1000, 1))).toEqual([1, 8, 32]);
  expect([1, 2, 3].map((left) => at(8, left, 1))).toEqual([1, 2, 3]);
});

test("memory bounds them: 2²⁴ doubles, and what is free; one is always done", () => {
  expect([2 ** 22, 2 ** 23, 2 ** 24, 2 ** 25].map((doubles) => at(8, 100, doubles))).toEqual([4, 2, 1, 1]);
  expect([30, 10, 9].map((room) => at(8, 100, 10, room))).toEqual([3, 1, 1]);
  const sizes = [1, 2, 2 ** 24, 1];
  expect(together({ threads: 4, arena } as Context, 4, sizes.length, (i) => sizes[i])).toBe(2);
});

test("an arena says how much is free", () => {
  const context = loadContext("js");
  const { room } = context.arena;
  expect(room).toBeGreaterThan(2 ** 28);
  context.arena.run(() => {
    context.arena.alloc(80);
    expect(context.arena.room).toBe(room - 80);
  });
  const held = context.arena.hold(8);
  expect(context.arena.room).toBe(room - 8);
  context.arena.free(held);
  expect(context.arena.room).toBe(room);
});
