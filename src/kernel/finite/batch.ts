/** Calls of one op side by side on the threads of a team. */
import type { Context } from "../../context.js";
import { BatchCode, type Info, type Ops } from "../../ops.js";

/** Doubles of a call, and where its status lies. */
const [CALL, STATUS] = [32, 31];

/** The ops of which {@link callAll} makes several calls. */
type Called = keyof typeof BatchCode | "sntk" | "sntkCross";

/**
 * Makes `count` calls of an op, the longest first; returns their statuses. `each` makes call i by the op that it is
 * given. Several calls of double precision are one crossing, and threads share them: `each` is then given an op that
 * takes its arguments down. Call inside `arena.run`.
 */
export function callAll<Op extends Called>(
  { ops, arena }: Context,
  name: Op,
  count: number,
  each: (op: Ops[Op], i: number) => Info,
): Info[] {
  if (count === 1) return [each(ops[name], 0)];
  if (!(name in BatchCode)) return Array.from({ length: count }, (_, i) => each(ops[name], i));
  const calls: number[][] = [];
  const note = (...args: number[]) => calls.push(args);
  for (let i = 0; i < count; i++) each(note as Ops[Op], i);
  const at = arena.alloc(CALL * count);
  const records = arena.view(at, CALL * count);
  for (const [i, args] of calls.entries()) records.set(args, CALL * i);
  ops.dbatch(BatchCode[name as keyof typeof BatchCode], count, at);
  return calls.map((_, i) => records[CALL * i + STATUS]);
}
