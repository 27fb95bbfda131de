/** Draws, on the JavaScript backend: contract in src/ops.ts, algorithm in src/model/random.ts. */
import { fillNormals, jump } from "../../model/random.js";
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";

/** Words of 32 bits of a state. */
const WORDS = 8;

export function randomOps(memory: Memory): Pick<Ops, "dnormals" | "dnormalsScratchBytes" | "djump"> {
  const stateAt = (address: number) => new Int32Array(memory.f64.buffer, address, WORDS);
  return {
    dnormals(n, scale, _table, state, out) {
      fillNormals(stateAt(state), scale, memory.f64, out >>> 3, (out >>> 3) + n);
      return 0;
    },
    dnormalsScratchBytes: () => 0,
    djump(state) {
      jump(stateAt(state));
      return 0;
    },
  };
}
