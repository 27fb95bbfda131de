/** The searches of `tune`: they find the optimum wherever it lies in the box, and say so where they stop early. */
import { describe, expect, test } from "vitest";
import { climb, maximise, maximiseLine } from "../src/regression/search.js";
import { generator } from "./setup/random.js";

function run(bounds: [number, number][], f: (point: number[]) => number, evaluations: number) {
  const search = maximise(bounds, evaluations);
  const seen: number[][] = [];
  let next = search.next();
  while (!next.done) {
    seen.push(next.value);
    next = search.next(f(next.value));
  }
  return { ...next.value, seen };
}

describe("maximise", () => {
  test("concave quadratics, their optimum inside the box, on a wall or beyond", () => {
    const box: [number, number][] = [
      [-1, 1],
      [-1, 1],
    ];
    for (let seed = 1; seed <= 200; seed++) {
      const next = generator(seed);
      for (let i = 0; i < 10; i++) next();
      const [x0, y0, correlation, scale] = [1.3 * next(), 1.3 * next(), 0.95 * next(), 10 ** next()];
      const f = ([x, y]: number[]) => {
        const [u, v] = [x - x0, scale * (y - y0)];
        return -(u * u + v * v - 2 * correlation * u * v);
      };
      let best = -Infinity;
      for (let i = 0; i <= 100; i++)
        for (let j = 0; j <= 100; j++) best = Math.max(best, f([-1 + i / 50, -1 + j / 50]));
      const { point, value, converged, seen } = run(box, f, 150);
      expect(converged, `seed ${seed}`).toBe(true);
      expect(value).toBe(f(point));
      expect(best - value, `seed ${seed}`).toBeLessThanOrEqual(5e-3);
      expect(seen.flat().every((x) => x >= -1 && x <= 1)).toBe(true);
    }
  });

  test("stopping early is told, and a box of one point is that point", () => {
    const f = ([x, y]: number[]) => -(x * x) - y * y;
    const box: [number, number][] = [
      [-3, 1],
      [2, 5],
    ];
    for (const evaluations of [1, 2, 3, 10]) {
      const { converged, seen } = run(box, f, evaluations);
      expect(converged).toBe(false);
      expect(seen).toHaveLength(evaluations);
    }
    expect(run([], () => 3, 5)).toEqual({ point: [], value: 3, converged: true, seen: [[]] });
    expect(run([[2, 2]], ([x]) => x, 50).point).toEqual([2]);
  });

  test("points that cannot be rated lose", () => {
    const { point } = run([[-1, 1]], ([x]) => (x < 0.2 ? Number.NaN : -((x - 0.5) ** 2)), 60);
    expect(Math.abs(point[0] - 0.5)).toBeLessThanOrEqual(2e-3);
  });
});

test("maximiseLine: several maxima, a maximum at an end, values that are none", () => {
  const found = (f: (x: number) => number, low: number, high: number) => maximiseLine(f, low, high, 45).x;
  expect(found((x) => Math.sin(5 * x) + x / 10, 0, 6)).toBeCloseTo(
    (Math.PI / 2 + 8 * Math.PI + Math.asin(0.02)) / 5,
    4,
  );
  expect(found((x) => x, -2, 3)).toBe(3);
  expect(found((x) => -x, -2, 3)).toBe(-2);
  expect(found((x) => (x < 0 ? Number.NaN : -((x - 1) ** 2)), -2, 3)).toBeCloseTo(1, 5);
  expect(found(() => Number.NaN, -2, 3)).toBe(-2);
  expect(found((x) => x, 2, 2)).toBe(2);
});

describe("climb", () => {
  function climbed(f: (x: number) => number, start: number, [low, high]: [number, number], most = 16) {
    const steps = climb(start, low, high, most);
    const seen: { x: number; value: number }[] = [];
    let step = steps.next();
    while (!step.done) {
      const value = f(step.value);
      seen.push({ x: step.value, value });
      step = steps.next(value);
    }
    return { seen, best: seen.reduce((a, b) => (b.value > a.value ? b : a)) };
  }

  test("smooth functions with one maximum, inside the range or at an end of it, from anywhere", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = generator(seed);
      for (let i = 0; i < 10; i++) next();
      const range: [number, number] = [-9, 4];
      const [at, width, start] = [8 * next(), 1 + 3 * Math.abs(next()), 6 * next()];
      // Steeper on the right: a parabola is off.
      const f = (x: number) => {
        const u = (x - at) / width;
        return u - Math.expm1(u);
      };
      const { seen, best } = climbed(f, start, range);
      const optimum = Math.min(4, Math.max(-9, at));
      expect(Math.abs(best.x - optimum), `seed ${seed}`).toBeLessThan(0.25);
      expect(seen.length, `seed ${seed}`).toBeLessThanOrEqual(14);
      expect(seen.every(({ x }) => x >= -9 && x <= 4)).toBe(true);
      expect(new Set(seen.map(({ x }) => x)).size, "no point is tried twice").toBe(seen.length);
    }
  });

  test("points without a value are left, and a range of one point is one evaluation", () => {
    const { best } = climbed((x) => (x < 1 ? Number.NaN : -(x - 1.5) * (x - 1.5)), 2, [-9, 4]);
    expect(Math.abs(best.x - 1.5)).toBeLessThan(0.2);
    expect(climbed(() => 0, 2, [2, 2]).seen).toEqual([{ x: 2, value: 0 }]);
    expect(climbed(() => Number.NaN, 0, [-9, 4], 6).seen.length).toBeLessThanOrEqual(6);
  });
});
