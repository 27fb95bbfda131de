/** The ascent along gradients of `tune`: maxima inside a box and on its walls, in few evaluations; how it gives up. */
import { expect, test } from "vitest";
import { ascend, type Sloped } from "../src/regression/ascent.js";
import { expectNear, maxAbs } from "./setup/golden.js";
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
  const found = run([0], box(1, -9, 9), lying);
  // That is rounding, as a rule: values tell no more.
  expect(found).toMatchObject({ point: [0], value: -0, converged: true });
  // One step is halved so many times, and not again.
  expect(found.seen).toHaveLength(1 + 8);
  const cut = run([0], box(1, -9, 9), lying, 9);
  expect(cut).toMatchObject({ point: [0], converged: false });
  expect(cut.seen).toHaveLength(9);
});

/** Answers given one by one, whatever is asked. */
function scripted(answers: readonly Sloped[]) {
  let at = 0;
  return () => answers[Math.min(at++, answers.length - 1)];
}

test("where no step along a quasi-Newton direction is higher, the gradient itself is tried once more", () => {
  const none = { value: -Infinity, gradient: [0] };
  const answers = [
    { value: 0, gradient: [1] },
    { value: 1, gradient: [0.5] },
    ...new Array<Sloped>(8).fill(none),
    { value: 5, gradient: [0] },
  ];
  const { point, value, converged, seen } = run([0], box(1, -9, 9), scripted(answers));
  // The curvature ½ makes the second direction 1; the gradient afterwards is ½, and a first step is no longer than 1.
  const steps = [0, 1, ...Array.from({ length: 8 }, (_, k) => 1 + 10 ** -k), 1.5];
  expectNear(seen.flat(), steps, 1e-14, "sums of two numbers");
  expect([point, value, converged]).toEqual([[1.5], 5, true]);
  const lost = run([0], box(1, -9, 9), scripted(answers.slice(0, 3)));
  expect(lost).toMatchObject({ point: [1], value: 1, converged: true });
  expect(lost.seen).toHaveLength(2 + 8 + 8);
});

test("a step that is too long becomes that of the parabola, between a tenth and a half of it", () => {
  const next = (value: number, slope = 1) => {
    const answers = [0, value].map((worth) => ({ value: worth, gradient: [slope] }));
    return run([0], box(1, -9, 9), scripted(answers), 3).seen[2][0];
  };
  // f(t) ≈ t − (1 − f(1)) t² has its top at t = 1/(2 (1 − f(1))).
  expect(next(-1)).toBeCloseTo(1 / 4, 14);
  expect(next(-3)).toBeCloseTo(1 / 8, 14);
  expect(next(-99)).toBeCloseTo(1 / 10, 14);
  expect(next(-0.0)).toBeCloseTo(1 / 2, 14);
  // A slope of 1e-4 of what the gradient promises is enough, and less is not.
  expect(next(0.9e-4)).toBeCloseTo(1 / 2, 4);
  expect(next(1.1e-4)).toBeGreaterThan(1);
  expect(next(3.9e-4, 4)).toBeCloseTo(1 / 2, 4);
  expect(next(4.1e-4, 4)).toBeGreaterThan(1);
  expect(next(Number.NaN)).toBeCloseTo(1 / 10, 14);
});

test("the second direction is that of BFGS, whatever the size of the curvature", () => {
  for (const size of [1e-7, 0.1, 0.5]) {
    const [H, g] = [
      [size, 4 * size],
      [1, 0.5],
    ];
    const f = ([x, y]: readonly number[]): Sloped => ({
      value: g[0] * x + g[1] * y - 0.5 * (H[0] * x * x + H[1] * y * y),
      gradient: [g[0] - H[0] * x, g[1] - H[1] * y],
    });
    const { seen } = run([0, 0], box(2, -99, 99), f, 3);
    // The first step is the gradient, with 1 as its largest entry.
    expect(seen[1]).toEqual(g);
    const [s, y] = [g, g.map((x, i) => H[i] * x)];
    const rho = s[0] * y[0] + s[1] * y[1];
    const gamma = rho / (y[0] ** 2 + y[1] ** 2);
    // (I − s yᵀ/ρ) γ (I − y sᵀ/ρ) + s sᵀ/ρ.
    const E = s.map((a, i) => y.map((b, j) => Number(i === j) - (a * b) / rho));
    const B = s.map((a, i) => s.map((b, j) => gamma * (E[i][0] * E[j][0] + E[i][1] * E[j][1]) + (a * b) / rho));
    const slope = f(seen[1]).gradient;
    const direction = B.map((row) => row[0] * slope[0] + row[1] * slope[1]);
    const t = Math.min(1, 2 / maxAbs(direction));
    // Differences of gradients that agree to 1e-7.
    expectNear(
      seen[2],
      seen[1].map((x, i) => x + t * direction[i]),
      1e-8,
      `curvatures of ${size}`,
    );
  }
});

test("where a step met no curvature the gradient is followed, by at most 2", () => {
  const { seen } = run([0], box(1, -9, 9), ([x]) => ({ value: x + (x * x) / 2, gradient: [1 + x] }), 4);
  expect(seen.flat()).toEqual([0, 1, 3, 5]);
  const plane = run([0], box(1, -9, 9), ([x]) => ({ value: 3 * x, gradient: [3] }), 4);
  expectNear(plane.seen.flat(), [0, 1, 3, 5], 1e-15, "a plane");
});

test("a short step with a small gain is the last one, however steep the function is", () => {
  const ends = (slope: number, value: number, gain: number) => {
    const answers = [
      { value: 0, gradient: [1e4] },
      { value, gradient: [slope] },
      { value: value + gain, gradient: [slope] },
    ];
    const { converged, seen } = run([0], box(1, -9, 9), scripted(answers), 4);
    // The curvature is that of the first step, nearly 1e4 over a length of 1.
    expect(seen[2][0] - 1).toBeCloseTo(slope / 1e4, 9);
    return converged && seen.length === 3;
  };
  expect(ends(2e-3, 1, 5e-10)).toBe(true);
  expect(ends(2e-3, 1, 5e-9), "a gain above 1e-9").toBe(false);
  expect(ends(2e-3, 100, 5e-8), "a gain above 1e-9, and below it beside the value").toBe(true);
  expect(ends(2e-2, 1, 5e-10), "a step of 2e-6").toBe(false);
});
