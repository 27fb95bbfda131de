/** How many small pieces of work are done side by side on the threads of a team. */
import type { Context } from "../context.js";

/** Doubles of memory that they take at once, at most: 128 MiB. */
const MOST = 2 ** 24;

/**
 * How many of the next `left` pieces to do at once, at most `each` for a thread; `doubles` is the memory of a piece.
 * One where there is one thread. The number changes no bit of a result.
 */
export function together(
  { threads, arena }: Context,
  each: number,
  left: number,
  doubles: (piece: number) => number,
): number {
  if (threads === 1) return 1;
  const room = Math.min(MOST, arena.room);
  let [count, total] = [0, 0];
  while (count < Math.min(left, each * threads)) {
    total += doubles(count);
    if (total > room) break;
    count++;
  }
  return Math.max(1, count);
}
