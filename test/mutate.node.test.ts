/** Mutation testing by itself: mutants of a loop, samples, intervals, and a list of equivalents that is not stale. */
import { expect, test } from "vitest";
import { mutantsOf, mutated } from "../scripts/mutate/mutations.mjs";
import { equivalence, sampleOf, scoreText } from "../scripts/mutate/score.mjs";

const LOOP = `function axpy(n: i32, a: usize, lda: i32, b: usize, ldb: i32): void {
  if (n < 1) return;
  for (let i = 0; i < n; i++) store<f64>(b + i * ldb, -h[i] + load<f64>(a + i * lda));
  for (; i < n; i++) y = f64x2.add(x, f64x2.replace_lane(y, 0, Math.min(i, 2.5)));
}`;

test("the faults of a loop", () => {
  const changes = mutantsOf("loop.ts", LOOP).map(
    ({ line, kind, code, by }: { line: number; kind: string; code: string; by: string }) =>
      `${line} ${kind}: ${code} → ${by}`,
  );
  for (const change of [
    "2 early return: if (n < 1) return; → ;",
    "2 operator: < → <=",
    "2 constant: 1 → 2",
    "3 bound: n → (n) - 1",
    "3 leading dimension: ldb → lda",
    "3 leading dimension: lda → ldb",
    "3 sign: -h[i] → h[i]",
    "3 index: i → i + 1",
    "3 operator: * → +",
    "4 tail loop: for (; i < n; i++) y = f64x2.add(x, f64x2.replace_lane(y, 0, Math.min(i, 2.5))); → ;",
    "4 operator: f64x2.add → f64x2.sub",
    "4 lane: 0 → 1",
    "4 extremum: Math.min → Math.max",
    "4 constant: 2.5 → 2.525",
  ])
    expect(changes).toContain(change);
  expect(new Set(changes.map((change) => change.slice(0, 1)))).toEqual(new Set(["2", "3", "4"]));
});

test("a mutant changes one place", () => {
  const bound = mutantsOf("loop.ts", LOOP).find(({ kind }: { kind: string }) => kind === "bound");
  expect(bound && mutated(LOOP, bound)).toBe(LOOP.replace("i < n; i++) store", "i < (n) - 1; i++) store"));
});

test("estimates of time are left alone: they decide who computes, not what", () => {
  expect(mutantsOf("a.ts", "const PAIR_TIME: f64 = 8; const share = isWorth(2 * n * m);")).toEqual([]);
  expect(mutantsOf("a.ts", "function stepTime(n: i32): f64 { return 2 * n; }")).toEqual([]);
});

test("samples: the same for a seed, no mutant twice", () => {
  const all = Array.from({ length: 50 }, (_, i) => i);
  const drawn = sampleOf(all, 20, 3);
  expect(new Set(drawn).size).toBe(20);
  expect(sampleOf(all, 20, 3)).toEqual(drawn);
  expect(sampleOf(all, 20, 4)).not.toEqual(drawn);
  expect(sampleOf(all, Infinity, 3).sort((a: number, b: number) => a - b)).toEqual(all);
});

test("a score of a sample has its interval", () => {
  expect(scoreText(190, 200, true)).toBe("killed 190 of 200 (95.0 %; 95 % interval 91.0 % to 97.3 %)");
  expect(scoreText(190, 200, false)).toBe("killed 190 of 200 (95.0 %)");
  expect(scoreText(0, 0, true)).toBe("no mutant counted");
});

test("every line that is listed as equivalent is there", () => {
  const isEquivalent = equivalence();
  expect(isEquivalent({ file: "src/ops.ts", line: 1, code: "a", by: "b" })).toBe(false);
});
