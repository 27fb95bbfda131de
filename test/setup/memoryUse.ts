/** What a computation asks for before its work, beside what it takes: both in doubles above what was in use. */
import type { Context } from "../../src/context.js";

export interface MemoryUse {
  /** The most that a check before work asked for; 0 where there was none. */
  asked: number;
  /** The most that was in use. */
  used: number;
  /** The start of each block is a multiple of 64 bytes: so much of `used` may be gaps. */
  gaps: number;
}

/** Runs `body` and looks at the arena. */
export function memoryUse({ arena }: Context, body: () => unknown): MemoryUse {
  const start = arena.room;
  const use: MemoryUse = { asked: 0, used: 0, gaps: 0 };
  const own = { require: arena.require, allocBytes: arena.allocBytes, hold: arena.hold };
  const look = () => {
    use.used = Math.max(use.used, start - arena.room);
  };
  Object.assign(arena, {
    require(elements: number, advice?: string) {
      own.require.call(arena, elements, advice);
      use.asked = Math.max(use.asked, start - arena.room + elements);
    },
    allocBytes(bytes: number) {
      const at = own.allocBytes.call(arena, bytes);
      use.gaps += 8;
      look();
      return at;
    },
    hold(elements: number) {
      const at = own.hold.call(arena, elements);
      use.gaps += 8;
      look();
      return at;
    },
  });
  try {
    body();
  } finally {
    for (const name of Object.keys(own)) Reflect.deleteProperty(arena, name);
  }
  return use;
}
