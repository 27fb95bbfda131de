/** How many small pieces of work are done side by side on the threads of a team. */
import type { Context } from "../context.js";

/** Pieces for each thread: with unlike ones, what the last one computes alone is then a few percent. */
const EACH = 4;
/** Doubles of memory that they take at once, at most: 128 MiB. */
const MOST = 2 ** 24;

/**
 * How many of the next `left` pieces to do at once; `doubles` is the memory of one. One where there is one thread.
 * The number changes no bit of a result.
 */
export function together({ threads, arena }: Context, left: number, doubles: (piece: number) => number): number {
  if (threads === 1) return 1;
  const room = Math.min(MOST, arena.room);
  let [count, total] = [0, 0];
  while (count < Math.min(left, EACH * threads)) {
    total += doubles(count);
    if (total > room) break;
    count++;
  }
  return Math.max(1, count);
}
