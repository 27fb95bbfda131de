/** What the suites compare with: it fails where it should, and says where. */
import { expect, test } from "vitest";
import { expectDone } from "./ops/harness.js";
import { expectNear, expectRelative } from "./setup/golden.js";
import { loadVariant, THREADS } from "./setup/variants.js";

test("expectNear names the worst entry, both values, the bound and the reason", () => {
  expectNear([1, 2], [1, 2.5], 0.5, "x: a half");
  expectNear([], [], 0, "nothing");
  const failing = () => expectNear([1, 2, 3], [1.1, 2.5, 3], 0.25, "x: a quarter");
  expect(failing).toThrow(/x: a quarter: entry 1 of 3 is 2, expected 2\.5 ± 0\.25/);
  expect(() => expectNear([1, 30], [1, 20], 0.25, "x", 20)).toThrow(/entry 1 of 2 is 30, expected 20 ± 5/);
  expect(() => expectNear([1], [1, 2], 9, "x")).toThrow(/x: number of entries/);
});

test.each([
  ["in the result", [0, Number.NaN, 5], [0, 1, 2]],
  ["in what is expected", [0, 1, 5], [0, Number.NaN, 2]],
  ["from two infinities", [0, Infinity, 5], [0, Infinity, 2]],
])("a NaN %s is never near", (_, got, want) => {
  expect(() => expectNear(got, want, Infinity, "x")).toThrow(/entry 1 of 3/);
});

test("expectRelative is relative to the largest expected entry, or to 1", () => {
  expectRelative([99, 1], [100, 0], 0.01, "x");
  expect(() => expectRelative([98, 0], [100, 0], 0.01, "x")).toThrow(/entry 0 of 2 is 98, expected 100 ± 1/);
  expect(() => expectRelative([0.1], [0], 0.01, "x")).toThrow(/entry 0 of 1/);
});

test("expectDone names the op and its status", () => {
  expectDone(0, "dpotrf, n = 5");
  expect(() => expectDone(3, "dpotrf, n = 5")).toThrow(/dpotrf, n = 5: status 3, expected 0 \(done\)/);
});

test("suites run with the threads that the row asks for; browsers do, on a page that is isolated", async () => {
  if (globalThis.document) expect([crossOriginIsolated, THREADS]).toEqual([true, 2]);
  const ntk = await loadVariant("simd");
  expect(ntk.threads).toBe(Number(import.meta.env.NTK_THREADS ?? 1));
});
