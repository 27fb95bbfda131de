/** The arena's promises: alignment, an empty stack between calls, first-fit held blocks, refusal before growth. */
import { describe, expect, test } from "vitest";
import { createNetwork, MemoryLimitError, NotPositiveDefiniteError } from "../src/index.js";
import { fitModel } from "../src/regression/fit.js";
import { ITERATIVE } from "../src/regression/iterative.js";
import { loadContext, variants } from "./setup/variants.js";

describe.each(variants)("%s", (variant) => {
  test("scratch is a stack, also when the body throws", () => {
    const { arena } = loadContext(variant);
    expect(() =>
      arena.run(() => {
        const a = arena.alloc(3);
        const b = arena.alloc(1);
        expect(a % 64).toBe(0);
        expect(b).toBe(a + 64);
        expect(a).toBeGreaterThanOrEqual(1024);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(arena.scratchBytesInUse).toBe(0);
  });

  test("growing keeps what is there", () => {
    const { arena } = loadContext(variant);
    arena.run(() => {
      const a = arena.copyIn(Float64Array.of(1, 2, 3));
      arena.alloc(3e6);
      expect([...arena.view(a, 3)]).toEqual([1, 2, 3]);
    });
  });

  test("held blocks fill the gaps below the scratch stack", () => {
    const { arena } = loadContext(variant);
    const [a, b, c] = [arena.hold(100), arena.hold(50), arena.hold(10)];
    arena.free(b);
    expect(arena.hold(20)).toBe(b);
    expect(arena.hold(60)).toBeGreaterThan(c);
    arena.run(() => expect(arena.alloc(1)).toBeGreaterThan(c));
    arena.free(a);
    expect(arena.hold(100)).toBe(a);
    expect(() => arena.free(12345)).toThrow(/not held/);
  });

  test("a block held while scratch is in use lies on top of it, and the stack goes on above", () => {
    const { arena } = loadContext(variant);
    const low = arena.hold(10);
    let held = 0;
    arena.run(() => {
      const a = arena.copyIn(Float64Array.of(1, 2, 3));
      arena.free(low);
      held = arena.hold(5);
      expect(held).toBeGreaterThan(a);
      arena.view(held, 5).fill(7);
      arena.run(() => arena.copyIn(new Float64Array(100).fill(9)));
      const b = arena.copyIn(new Float64Array(50).fill(8));
      expect(b).toBeGreaterThan(held);
      expect([...arena.view(a, 3)]).toEqual([1, 2, 3]);
    });
    expect(arena.scratchBytesInUse).toBe(0);
    expect([...arena.view(held, 5)]).toEqual([7, 7, 7, 7, 7]);
    arena.run(() => expect(arena.alloc(1)).toBeGreaterThan(held));
    arena.free(held);
    expect([arena.heldBytes, arena.scratchBytesInUse]).toEqual([0, 0]);
    expect(arena.hold(1)).toBe(low);
  });

  test("refuses before it allocates", () => {
    const { arena } = loadContext(variant);
    expect(() => arena.require(2 ** 30)).toThrow(MemoryLimitError);
    expect(() => arena.alloc(2 ** 30)).toThrow(MemoryLimitError);
    expect(arena.scratchBytesInUse).toBe(0);
  });

  test("a fit holds its factor and gives it back; failures leak nothing", () => {
    const context = loadContext(variant);
    const net = createNetwork({ inputs: 1, hidden: 30, biasStd: 1 });
    const fit = fitModel(context, ITERATIVE, net, [0, 1, 2], [1, 2, 3], { ridge: 1 });
    expect(context.arena.heldBytes).toBeGreaterThan(0);
    fit.predict([0.5], { covariance: true });
    expect(context.arena.scratchBytesInUse).toBe(0);
    fit.dispose();
    expect(context.arena.heldBytes).toBe(0);
    const indefinite = { kernel: () => ({ data: Float64Array.of(1, 2, 2, 1), rows: 2, cols: 2 }) };
    expect(() => fitModel(context, ITERATIVE, indefinite, [0, 0], [1, 2], { ridge: 1e-40 })).toThrow(
      NotPositiveDefiniteError,
    );
    expect(context.arena.heldBytes).toBe(0);
    expect(context.arena.scratchBytesInUse).toBe(0);
  });
});
