/**
 * A maximum of a function with a gradient in a box, resumable: BFGS with a line search that backtracks (Nocedal &
 * Wright 2006, ch. 6). A coordinate at a wall that the gradient points into stays there.
 */
import type { Point } from "./search.js";

/** A value with its gradient; a value that is not finite is no step. */
export interface Sloped {
  value: number;
  gradient: readonly number[];
}

export interface Climbed {
  point: Point;
  value: number;
  /** False where the evaluations ran out first. */
  converged: boolean;
}

/** A gradient below this, in units of the value for a factor e of a parameter, is none. */
const FLAT = 1e-3;
/** The most that a coordinate moves in a step. */
const STRIDE = 2;
/** Halvings of a step. */
const HALVINGS = 8;

/** Yields points and is sent what they are worth; at most so many of them. */
export function* ascend(
  start: Point,
  bounds: readonly (readonly [number, number])[],
  most: number,
): Generator<Point, Climbed, Sloped> {
  const inside = (point: Point) => point.map((x, i) => Math.min(bounds[i][1], Math.max(bounds[i][0], x)));
  const d = start.length;
  let point = inside(start);
  let { value, gradient } = yield point;
  let left = most - 1;
  let inverse = identity(d);
  let isFresh = true;
  while (left > 0 && Number.isFinite(value)) {
    const free = gradient.map((g, i) => (g > 0 ? point[i] < bounds[i][1] : point[i] > bounds[i][0]));
    const slopes = gradient.map((g, i) => (free[i] ? g : 0));
    if (largest(slopes) < FLAT) return { point, value, converged: true };
    let direction = slopes.map((_, i) => (free[i] ? dotOf(inverse[i], slopes) : 0));
    if (!(dotOf(direction, slopes) > 0)) [inverse, isFresh, direction] = [identity(d), true, slopes.slice()];
    const longest = largest(direction);
    // The first step has no length of its own.
    let t = Math.min(1, (isFresh ? 1 : STRIDE) / longest);
    const uphill = dotOf(direction, slopes);
    let next: (Sloped & { point: Point }) | undefined;
    for (let k = 0; k < HALVINGS && left > 0 && !next; k++) {
      const at = inside(point.map((x, i) => x + t * direction[i]));
      left--;
      const found = yield at;
      if (found.value >= value + 1e-4 * t * uphill) next = { ...found, point: at };
      else {
        const vertex = (0.5 * uphill * t * t) / (uphill * t - (found.value - value));
        t = Number.isFinite(vertex) ? Math.max(t / 10, Math.min(t / 2, vertex)) : t / 10;
      }
    }
    if (!next) {
      // Rounding: no step along an uphill direction is higher.
      if (isFresh || left === 0) return { point, value, converged: left > 0 };
      [inverse, isFresh] = [identity(d), true];
      continue;
    }
    const moved = next.point.map((x, i) => x - point[i]);
    const turned = next.gradient.map((g, i) => gradient[i] - g);
    if (isFresh) scaleTo(inverse, moved, turned);
    update(inverse, moved, turned);
    const gain = next.value - value;
    ({ point, value, gradient } = next);
    isFresh = false;
    if (gain < 1e-9 * Math.max(1, Math.abs(value)) && largest(moved) < 1e-6) return { point, value, converged: true };
  }
  return { point, value, converged: false };
}

const identity = (d: number) =>
  Array.from({ length: d }, (_, i) => Array.from({ length: d }, (_, j) => Number(i === j)));

const largest = (values: readonly number[]) => values.reduce((top, x) => Math.max(top, Math.abs(x)), 0);

const dotOf = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/** The identity times the curvature that the first step met. */
function scaleTo(inverse: number[][], moved: readonly number[], turned: readonly number[]): void {
  const along = dotOf(moved, turned);
  const size = dotOf(turned, turned);
  if (!(along > 0 && size > 0)) return;
  for (const row of inverse) for (let j = 0; j < row.length; j++) row[j] *= along / size;
}

/** The inverse of the curvature after a step; left as it is where the step met none. */
function update(inverse: number[][], moved: readonly number[], turned: readonly number[]): void {
  const along = dotOf(moved, turned);
  if (!(along > 1e-12 * Math.sqrt(dotOf(moved, moved) * dotOf(turned, turned)))) return;
  const image = inverse.map((row) => dotOf(row, turned));
  const factor = (1 + dotOf(turned, image) / along) / along;
  for (let i = 0; i < inverse.length; i++)
    for (let j = 0; j < inverse.length; j++)
      inverse[i][j] += factor * moved[i] * moved[j] - (image[i] * moved[j] + moved[i] * image[j]) / along;
}
