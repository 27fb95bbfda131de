/**
 * Guards in backend memory: numbers behind every block of scratch and every held block. A loop that goes a row too far
 * writes into its neighbour, which is often free, and no result tells.
 */
import { expect } from "vitest";
import { Arena } from "../../src/arena.js";

/** Bytes behind a block. */
const GUARD = 4096;
const FILL = 0x7d;

interface Guard {
  arena: Arena;
  at: number;
}

/** Calls `body` while all arenas have guards, and checks them where their block ends. */
export function withGuards<T>(body: () => T): T {
  const own = Object.getOwnPropertyDescriptors(Arena.prototype);
  const { allocBytes, hold, run, free } = Arena.prototype;
  const stack: Guard[] = [];
  const held = new Map<number, Guard>();
  let checked = 0;
  const bytesAt = ({ arena, at }: Guard) =>
    new Uint8Array(arena.view(Math.ceil(at / 8) * 8, GUARD / 8).buffer, at, GUARD);
  const guardedAt = (arena: Arena, at: number): Guard => {
    const guard = { arena, at };
    bytesAt(guard).fill(FILL);
    return guard;
  };
  const check = (guard: Guard) => {
    checked++;
    const touched = bytesAt(guard).findIndex((byte) => byte !== FILL);
    expect(touched, "the first byte behind a block of memory that was written").toBe(-1);
  };
  Object.assign(Arena.prototype, {
    allocBytes(this: Arena, bytes: number) {
      const address = allocBytes.call(this, bytes + 2 * GUARD);
      stack.push(guardedAt(this, address + bytes));
      return address;
    },
    hold(this: Arena, elements: number) {
      const address = hold.call(this, elements + (2 * GUARD) / 8);
      held.set(address, guardedAt(this, address + 8 * elements));
      return address;
    },
    free(this: Arena, address: number) {
      const guard = held.get(address);
      if (guard) check(guard);
      held.delete(address);
      free.call(this, address);
    },
    run(this: Arena, inner: () => unknown) {
      const before = stack.length;
      return run.call(this, () => {
        try {
          return inner();
        } finally {
          for (const guard of stack.splice(before)) check(guard);
        }
      });
    },
  });
  try {
    return body();
  } finally {
    Object.defineProperties(Arena.prototype, own);
    expect(checked).toBeGreaterThan(0);
  }
}
