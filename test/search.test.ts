/** The searches of `tune`: they find the optimum wherever it lies in the box, and say so where they stop early. */
import { describe, expect, test } from "vitest";
import { climb, maximise, maximiseLine } from "../src/regression/search.js";
import { goldenSection, nelderMead } from "./oracle/searches.js";
import { expectNear } from "./setup/golden.js";
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

  test("it looks where Nelder and Mead look, step by step, with mirrors for walls", () => {
    const FUNCTIONS: ((x: number[]) => number)[] = [
      (x) => -x.reduce((sum, v, j) => sum + (j + 1) * (v - 0.3 * (j + 1)) ** 2, 0),
      (x) => -x.reduce((sum, v, j) => sum + Math.abs(v - 0.4 + 0.5 * j), 0),
      (x) => -((1 - x[0]) ** 2) - 30 * ((x[1] ?? 1) - x[0] ** 2) ** 2,
      (x) => Math.cos(4 * x[0]) + Math.sin(5 * (x[1] ?? 0)) - 0.2 * (x[2] ?? 0) ** 2,
      (x) => x[0] + 0.1 * (x[1] ?? 0),
      (x) => (x[0] > 0.5 ? Number.NaN : x[0]),
    ];
    const mirrored = (x: number, low: number, high: number) => {
      let at = x;
      while (at < low || at > high) at = at < low ? 2 * low - at : 2 * high - at;
      return at;
    };
    for (const [which, f] of FUNCTIONS.entries())
      for (const bounds of [
        [[-1, 1.5]],
        [
          [-1, 1.5],
          [0, 2],
        ],
        [
          [-1, 1.5],
          [0, 2],
          [-3, 1],
        ],
      ] as [number, number][][])
        for (const evaluations of [2, 3, 4, 5, 6, 7, 9, 12, 17, 30, 200]) {
          const first = bounds.map(([low, high]) => (low + high) / 2);
          const start = [
            first,
            ...bounds.map(([low, high], i) =>
              first.map((x, j) => (i === j ? x + ((Math.sqrt(5) - 1) / 4) * (high - low) : x)),
            ),
          ];
          const wanted: number[][] = [];
          const folded = (x: number[]) => x.map((v, j) => mirrored(v, ...bounds[j]));
          const watched = (x: number[]) => {
            wanted.push(folded(x));
            const value = f(folded(x));
            return Number.isNaN(value) ? -Infinity : value;
          };
          const small = (simplex: number[][]) =>
            bounds.every(([low, high], j) =>
              simplex.every((x) => Math.abs(x[j] - simplex[0][j]) < 1e-3 * (high - low)),
            );
          const want = nelderMead(watched, start, evaluations, small);
          const { seen, point, value, converged } = run(bounds, f, evaluations);
          const name = `function ${which}, ${bounds.length} dimensions, ${evaluations} evaluations`;
          expect(seen.length, name).toBe(wanted.length);
          expectNear(seen.flat(), wanted.flat(), 1e-9, name);
          expectNear(point, folded(want.x), 1e-9, name);
          if (Number.isFinite(want.value)) expect(Math.abs(value - want.value), name).toBeLessThan(1e-9);
          expect(converged, name).toBe(seen.length < evaluations);
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

test("maximiseLine looks at a grid, and then by golden sections around its best point", () => {
  for (const [f, low, high] of [
    [(x: number) => -((x - 0.71) ** 2), -2, 3],
    [(x: number) => Math.sin(5 * x) + x / 10, 0, 6],
    [(x: number) => -Math.abs(x - 2.93), -2, 3],
    [(x: number) => -x, -2, 3],
    [(x: number) => x, -2, 3],
  ] as [(x: number) => number, number, number][])
    for (const grid of [2, 5, 45]) {
      const seen: number[] = [];
      const found = maximiseLine(
        (x) => {
          seen.push(x);
          return f(x);
        },
        low,
        high,
        grid,
      );
      const step = (high - low) / (grid - 1);
      const points = Array.from({ length: grid }, (_, i) => low + i * step);
      const best = points.reduce((a, b) => (f(b) > f(a) ? b : a));
      const wanted = [...points, ...goldenSection(f, Math.max(low, best - step), Math.min(high, best + step), 24)];
      expectNear(seen, wanted, 1e-9, `grid of ${grid}`);
      const top = wanted.reduce((a, b) => (f(b) > f(a) ? b : a));
      expect(Math.abs(found.x - top)).toBeLessThan(1e-9);
      expect(found.value).toBe(f(found.x));
    }
  let calls = 0;
  const constant = () => {
    calls++;
    return 7;
  };
  expect(maximiseLine(constant, 2, 2, 45)).toEqual({ x: 2, value: 7 });
  expect(calls, "a range of one point").toBeLessThanOrEqual(3);
  expect(maximiseLine((x) => -((x - 1) ** 2), 0, 4, 1).value).toBeLessThan(0);
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

  test("strides of a decade, upwards first, until both neighbours are lower", () => {
    const decade = Math.LN10;
    const way = (at: number, start: number, range: [number, number], most = 16) =>
      climbed((x) => -((x - at) ** 2), start, range, most).seen.map(({ x }) => x);
    // One stride up, one down, and the vertex of the parabola, which is the optimum; then nothing is left to find.
    expectNear(
      way(0.3, 0, [-9, 9]),
      [0, decade, -decade, 0.3, (0.3 + decade) / 2, (0.3 - 0) / 2].slice(0, 4),
      1e-12,
      "from near",
      1,
    );
    const far = way(5, 0, [-9, 9]);
    expectNear(far.slice(0, 4), [0, decade, 2 * decade, 3 * decade], 1e-12, "up");
    expect(Math.abs(far[4] - 5)).toBeLessThan(1e-12);
    expect(far).toHaveLength(5);
    const down = way(-5, 0, [-9, 9]);
    expectNear(down.slice(0, 5), [0, decade, -decade, -2 * decade, -3 * decade], 1e-12, "down");
    expect(Math.abs(down[5] + 5)).toBeLessThan(1e-12);
    expect(down).toHaveLength(6);
    // At an end of the range the neighbour comes nearer by halves, until it is within a tenth.
    const end = way(20, 0, [-9, 3]);
    expectNear(end.slice(0, 3), [0, decade, 3], 1e-12, "to the end");
    for (let i = 3; i < end.length; i++)
      expect(end[i], `${end}`).toBeCloseTo((3 + end[i - 1 - (i === 3 ? 1 : 0)]) / 2, 12);
    expect(3 - end[end.length - 1]).toBeLessThanOrEqual(0.1);
    expect(3 - end[end.length - 2]).toBeGreaterThan(0.1);
    for (const most of [1, 2, 5]) expect(way(20, 0, [-9, 9], most)).toHaveLength(most);
    expect(way(0, 20, [-9, 9])[0], "a start beyond the range").toBe(9);
    expect(way(0, -20, [-9, 9])[0]).toBe(-9);
  });

  test("points without a value are left, and a range of one point is one evaluation", () => {
    const { best } = climbed((x) => (x < 1 ? Number.NaN : -(x - 1.5) * (x - 1.5)), 2, [-9, 4]);
    expect(Math.abs(best.x - 1.5)).toBeLessThan(0.2);
    expect(climbed(() => 0, 2, [2, 2]).seen).toEqual([{ x: 2, value: 0 }]);
    expect(climbed(() => Number.NaN, 0, [-9, 4], 6).seen.length).toBeLessThanOrEqual(6);
  });
});
