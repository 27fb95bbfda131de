/** The ascent along gradients of `tune`: maxima inside a box and on its walls, in few evaluations; how it gives up. */
import { expect, test } from "vitest";
import { ascend, type Sloped } from "../src/regression/ascent.js";
import { maxAbs } from "./setup/golden.js";
import { generator } from "./setup/random.js";

type Bounds = readonly (readonly [number, number])[];
const box = (d: number, low: number, high: number): Bounds => Array.from({ length: d }, () => [low, high] as const);

function run(start: number[], bounds: Bounds, f: (x: readonly number[]) => Sloped, most = 200) {
  const search = ascend(start, bounds, most);
  const seen: number[][] = [];
  let next = search.next();
  while (!next.done) {
    seen.push([...next.value]);
    for (const [i, x] of next.value.entries()) expect(x >= bounds[i][0] && x <= bounds[i][1], "inside").toBe(true);
    next = search.next(f(next.value));
  }
  return { ...next.value, seen };
}

/** −½ (x − a)ᵀ H (x − a), H with these eigenvalues along turned axes. */
function quadratic(a: number[], curvatures: number[], seed: number) {
  const next = generator(seed);
  const d = a.length;
  // A random orthogonal matrix, by Gram–Schmidt.
  const Q: number[][] = [];
  for (let i = 0; i < d; i++) {
    let row = Array.from({ length: d }, () => next());
    for (const q of Q) {
      const along = row.reduce((sum, x, j) => sum + x * q[j], 0);
      row = row.map((x, j) => x - along * q[j]);
    }
    const size = Math.hypot(...row);
    Q.push(row.map((x) => x / size));
  }
  return (x: readonly number[]): Sloped => {
    const off = x.map((value, j) => value - a[j]);
    const along = Q.map((q) => q.reduce((sum, value, j) => sum + value * off[j], 0));
    return {
      value: -0.5 * along.reduce((sum, y, i) => sum + curvatures[i] * y * y, 0),
      gradient: a.map((_, j) => -along.reduce((sum, y, i) => sum + curvatures[i] * y * Q[i][j], 0)),
    };
  };
}

test("quadratics of any curvature, from any start: the top, in a few evaluations for each coordinate", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = generator(seed);
    const d = 1 + (seed % 6);
    const a = Array.from({ length: d }, () => 3 * next());
    const curvatures = Array.from({ length: d }, () => 10 ** (2 * next()));
    const start = Array.from({ length: d }, () => 4 * next());
    const { point, value, converged, seen } = run(start, box(d, -10, 10), quadratic(a, curvatures, seed));
    expect(converged, `seed ${seed}`).toBe(true);
    // A gradient below 1e-3 counts as none.
    expect(value, `seed ${seed}`).toBeGreaterThan(-1e-3 / Math.min(...curvatures));
    expect(maxAbs(point.map((x, i) => x - a[i])), `seed ${seed}`).toBeLessThan(
      2e-3 * (1 + 1 / Math.min(...curvatures)),
    );
    expect(seen.length, `seed ${seed}`).toBeLessThan(12 + 10 * d);
  }
});

test("a curved valley", () => {
  const valley = ([x, y]: readonly number[]): Sloped => ({
    value: -((1 - x) ** 2) - 100 * (y - x * x) ** 2,
    gradient: [2 * (1 - x) + 400 * x * (y - x * x), -200 * (y - x * x)],
  });
  const { point, converged, seen } = run([-1.2, 1], box(2, -5, 5), valley);
  expect(converged).toBe(true);
  expect(maxAbs([point[0] - 1, point[1] - 1])).toBeLessThan(1e-2);
  expect(seen.length).toBeLessThan(80);
});

test("a maximum beyond a wall is the best point of the wall", () => {
  // Uphill in x everywhere; along the wall x = 1 the best y is 0.5 + 0.3.
  const f = ([x, y]: readonly number[]): Sloped => ({
    value: 4 * x - (y - 0.5 - 0.3 * x) ** 2,
    gradient: [4 + 0.6 * (y - 0.5 - 0.3 * x), -2 * (y - 0.5 - 0.3 * x)],
  });
  const { point, converged } = run([-0.5, -0.9], box(2, -1, 1), f);
  expect(converged).toBe(true);
  expect(point[0]).toBe(1);
  expect(Math.abs(point[1] - 0.8)).toBeLessThan(1e-3);
  // All walls at once, from a start outside of the box.
  const corner = run([9, -9], box(2, -1, 1), ([x, y]) => ({ value: -x + y, gradient: [-1, 1] }));
  expect(corner).toMatchObject({ point: [-1, 1], value: 2, converged: true });
  expect(corner.seen[0]).toEqual([1, -1]);
});

test("steps that overshoot are cut, and values that are not finite are no steps", () => {
  const log = ([x]: readonly number[]): Sloped => ({
    value: x > 0 ? Math.log(x) - x : Number.NaN,
    gradient: [1 / x - 1],
  });
  const { point, converged } = run([1e-2], box(1, -3, 40), log);
  expect(converged).toBe(true);
  expect(Math.abs(point[0] - 1)).toBeLessThan(5e-3);
  const lost = run([-1], box(1, -3, 3), log);
  expect(lost).toMatchObject({ point: [-1], converged: false });
  expect(lost.seen).toHaveLength(1);
});

test("evaluations run out, and a flat start is the answer", () => {
  const slow = quadratic([5, 5], [1, 900], 2);
  for (const most of [1, 2, 5]) {
    const { converged, seen, value } = run([-5, -5], box(2, -9, 9), slow, most);
    expect(converged).toBe(false);
    expect(seen).toHaveLength(most);
    expect(value).toBe(Math.max(...seen.map((x) => slow(x).value)));
  }
  const flat = run([2], box(1, -9, 9), () => ({ value: 3, gradient: [5e-4] }));
  expect(flat).toMatchObject({ point: [2], value: 3, converged: true });
  expect(flat.seen).toHaveLength(1);
});

test("a gradient that lies: no step is higher, and that is the end", () => {
  const lying = ([x]: readonly number[]): Sloped => ({ value: -Math.abs(x), gradient: [-1] });
  const { point, seen } = run([0], box(1, -9, 9), lying);
  expect(point).toEqual([0]);
  // One step is halved so many times, and not again.
  expect(seen.length).toBeLessThanOrEqual(1 + 8);
});
