/** A million small calls: no memory grows with their number. The short version is in test/faults.node.test.ts. */
import { expect, test } from "vitest";
import { manyCalls } from "./setup/manyCalls.js";

test("a million small calls", async () => {
  const { memory, resident, heap, calls } = await manyCalls(1_000_000, 1_500_000);
  expect(calls).toBe(1_000_000);
  expect(memory[1]).toBe(memory[0]);
  // Megabytes. A leak of 32 bytes a call would be 29.
  expect(heap[1] - heap[0]).toBeLessThan(10);
  // The engine's own: pages that its collector keeps.
  expect(resident[1] - resident[0]).toBeLessThan(60);
});
