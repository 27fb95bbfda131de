/** Calls of one op, one after the other: JavaScript has one thread. Contract in src/ops.ts. */
import { BatchCode, type Info, type Ops } from "../../ops.js";
import type { Memory } from "./memory.js";

/** Doubles of a call; the last one is its status. */
const CALL = 32;

export function batchOps(memory: Memory, ops: Pick<Ops, keyof typeof BatchCode>): Pick<Ops, "dbatch"> {
  return {
    dbatch(op, count, calls) {
      const call: ((...args: number[]) => Info) | undefined = ops[BatchCode[op] as keyof typeof BatchCode];
      if (!call) return -1;
      const h = memory.f64;
      for (let at = calls >>> 3, i = 0; i < count; i++, at += CALL) {
        const args = Array.from(h.subarray(at, at + CALL - 1));
        h[at + CALL - 1] = call(...args);
      }
      return 0;
    },
  };
}
