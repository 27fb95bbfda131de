/** Draws θ0: in JavaScript, or by the ops of a backend where one is at hand, to the same bits. */
import type { Context } from "../context.js";
import { zeros } from "../memory.js";
import { NORMAL_TABLE } from "./normal.js";
import { fillNormals, Substreams, Xoshiro256 } from "./random.js";

/** How θ is drawn. */
export interface Drawing {
  /** Length of θ. */
  readonly size: number;
  /** Uniform on ±√3 std, or normal. */
  readonly uniform: boolean;
  /** The parts that are not 0, each from a substream of its own, the numbers of the substreams ascending. */
  readonly parts: readonly { offset: number; length: number; stream: number; std: number }[];
}

/** θ of a seed. */
export function draw({ size, uniform, parts }: Drawing, seed: number): Float64Array {
  const parameters = zeros(size);
  const substreams = new Substreams(seed);
  for (const { offset, length, stream, std } of parts) {
    const source = substreams.at(stream);
    const end = offset + length;
    if (!uniform) fillNormals(source.state, std, parameters, offset, end);
    else for (let i = offset; i < end; i++) parameters[i] = std * (2 * Math.sqrt(3) * (source.uniform() - 0.5));
  }
  return parameters;
}

/** Bytes of the state of a stream. */
const STATE = 32;

/**
 * {@link draw} by the ops, three times as fast in WebAssembly. Uniform numbers are cheap in JavaScript and drawn there.
 *
 * @throws MemoryLimitError
 */
export function drawBy(context: Context, drawing: Drawing, seed: number): Float64Array {
  const { size, uniform, parts } = drawing;
  if (uniform) return draw(drawing, seed);
  const { arena, ops } = context;
  return arena.run(() => {
    const theta = arena.alloc(size);
    const table = arena.copyIn(NORMAL_TABLE);
    const work = arena.allocBytes(ops.dnormalsScratchBytes());
    // The stream from which jumps go on, and behind it the copy that draws.
    const next = arena.allocBytes(2 * STATE);
    const states = new Int32Array(arena.view(next, 0).buffer, next, STATE / 2);
    states.set(new Xoshiro256(seed).state);
    arena.view(theta, size).fill(0);
    let stream = 0;
    for (const part of parts) {
      for (; stream < part.stream; stream++) ops.djump(next);
      states.copyWithin(STATE / 4, 0, STATE / 4);
      ops.dnormals(part.length, part.std, table, next + STATE, theta + part.offset * 8, work);
    }
    return arena.copyOut(theta, size);
  });
}
