/**
 * Bounded search without derivatives, resumable. A search is a generator: it yields points to evaluate and is sent
 * their values (larger is better).
 */

/** A point of the search space. */
export type Point = number[];
type Search = Generator<Point, Found, number>;
interface Found {
  point: Point;
  value: number;
  /** False where the evaluations ran out before the simplex was small. */
  converged: boolean;
}

/** The search stops at a box this small beside its bounds. */
const TOLERANCE = 1e-3;

/**
 * Size of the first simplex beside the widths of the box. It is no round number, so that no two points of the simplex
 * are mirror images in a wall.
 */
const FIRST = (Math.sqrt(5) - 1) / 4;

/** A place on the line, folded into an interval by mirrors at its ends. */
function fold(x: number, [low, high]: readonly [number, number]): number {
  if (!(high > low)) return low;
  const t = Math.abs(((x - low) / (high - low)) % 2);
  return Math.min(high, low + (high - low) * (t > 1 ? 2 - t : t));
}

/** A value that is NaN loses. */
const rated = (value: number) => (Number.isNaN(value) ? -Infinity : value);

/**
 * Nelder & Mead 1965 within a box, for at most `evaluations` points. The search starts from the middle.
 *
 * The walls of the box are mirrors. Were points clamped to a wall instead, the simplex would be flat and never leave
 * the wall, though the optimum may lie inside. A box without dimensions is one point.
 */
export function* maximise(bounds: readonly [number, number][], evaluations: number): Search {
  const d = bounds.length;
  const inside = (point: Point) => point.map((x, i) => fold(x, bounds[i]));
  const widths = bounds.map(([low, high]) => high - low);
  const middle = bounds.map(([low, high]) => (low + high) / 2);
  let left = evaluations;
  const simplex: { point: Point; value: number }[] = [];
  const evaluate = function* (point: Point): Generator<Point, { point: Point; value: number }, number> {
    left--;
    return { point, value: rated(yield inside(point)) };
  };
  for (let i = 0; i <= d && left > 0; i++) {
    simplex.push(yield* evaluate(middle.map((x, j) => (j === i - 1 ? x + widths[j] * FIRST : x))));
  }
  const sort = () => simplex.sort((p, q) => q.value - p.value);
  sort();
  let converged = false;
  while (!converged && left > 0 && simplex.length === d + 1) {
    const size = Math.max(
      ...widths.map((width, j) =>
        width > 0 ? Math.max(...simplex.map(({ point }) => Math.abs(point[j] - simplex[0].point[j]))) / width : 0,
      ),
    );
    converged = size < TOLERANCE;
    if (converged) break;
    const worst = simplex[d];
    const centre = middle.map((_, j) => simplex.slice(0, d).reduce((sum, { point }) => sum + point[j], 0) / d);
    const towards = (factor: number) => centre.map((x, j) => x + factor * (worst.point[j] - x));
    const reflected = yield* evaluate(towards(-1));
    if (reflected.value > simplex[0].value && left > 0) {
      const expanded = yield* evaluate(towards(-2));
      simplex[d] = expanded.value > reflected.value ? expanded : reflected;
    } else if (reflected.value > simplex[d - 1].value) simplex[d] = reflected;
    else if (left > 0) {
      const contracted = yield* evaluate(towards(reflected.value > worst.value ? -0.5 : 0.5));
      if (contracted.value > Math.max(worst.value, reflected.value)) simplex[d] = contracted;
      else {
        for (let i = 1; i <= d && left > 0; i++) {
          simplex[i] = yield* evaluate(simplex[0].point.map((x, j) => (x + simplex[i].point[j]) / 2));
        }
      }
    } else if (reflected.value > worst.value) simplex[d] = reflected;
    sort();
  }
  const [{ point, value }] = simplex;
  return { point: inside(point), value, converged };
}

/** Golden sections of the bracket after the grid. */
const SECTIONS = 24;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * The maximum of f on [low, high]. A grid comes first, because f may have several maxima; then golden sections around
 * the best point.
 */
export function maximiseLine(
  f: (x: number) => number,
  low: number,
  high: number,
  grid: number,
): { x: number; value: number } {
  let best = { x: low, value: rated(f(low)) };
  const step = grid > 1 ? (high - low) / (grid - 1) : 0;
  const take = (x: number) => {
    const value = rated(f(x));
    if (value > best.value) best = { x, value };
    return value;
  };
  for (let i = 1; i < grid && step > 0; i++) take(i === grid - 1 ? high : low + i * step);
  let [a, b] = [Math.max(low, best.x - step), Math.min(high, best.x + step)];
  let [p, q] = [b - GOLDEN * (b - a), a + GOLDEN * (b - a)];
  let [fp, fq] = [take(p), take(q)];
  for (let i = 0; i < SECTIONS && b > a; i++) {
    if (fp > fq) {
      [b, q, fq] = [q, p, fp];
      p = b - GOLDEN * (b - a);
      fp = take(p);
    } else {
      [a, p, fp] = [p, q, fq];
      q = a + GOLDEN * (b - a);
      fq = take(q);
    }
  }
  return best;
}

/** A first step of a climb, a decade where x is a logarithm, and the width that ends it: 10 % of a ridge. */
const STRIDE = Math.LN10;
const NARROW = 0.1;

/**
 * The way to a maximum of a function that costs much: from a start uphill by strides, until both neighbours of the best
 * point are lower, then by parabolas through the three best. One maximum is assumed. Yields points and is sent values.
 */
export function* climb(start: number, low: number, high: number, most: number): Generator<number, void, number> {
  const known: { x: number; value: number }[] = [];
  const clamp = (x: number) => Math.min(high, Math.max(low, x));
  const isKnown = (x: number) => known.some((point) => point.x === x);
  const tried = function* (x: number): Generator<number, void, number> {
    known.push({ x, value: rated(yield x) });
    known.sort((p, q) => p.x - q.x);
  };
  yield* tried(clamp(start));
  while (known.length < most) {
    const k = known.reduce((best, point, i) => (point.value > known[best].value ? i : best), 0);
    const { x, value } = known[k];
    const [left, right] = [known[k - 1], known[k + 1]];
    const down = left ? undefined : clamp(x - STRIDE);
    const up = right ? undefined : clamp(x + STRIDE);
    // Larger ridges first: they cost less.
    if (up !== undefined && !isKnown(up)) yield* tried(up);
    else if (down !== undefined && !isKnown(down)) yield* tried(down);
    else if (left && right) {
      const next = between(left, { x, value }, right);
      if (next === undefined) return;
      yield* tried(next);
    } else {
      // An end of the range.
      const other = left ?? right;
      if (!other || Math.abs(other.x - x) <= NARROW) return;
      yield* tried((x + other.x) / 2);
    }
  }
}

interface Rated {
  x: number;
  value: number;
}

/**
 * The vertex of the parabola; undefined where the best point is near enough. Where the vertex is next to a known point,
 * or a point has no value, it is the middle of the wider side.
 */
function between(left: Rated, best: Rated, right: Rated): number | undefined {
  const [a, b] = [best.x - left.x, right.x - best.x];
  if (Math.max(a, b) <= 2 * NARROW) return undefined;
  const [fa, fb] = [best.value - left.value, best.value - right.value];
  const vertex = best.x + (b * b * fa - a * a * fb) / (2 * (b * fa + a * fb));
  const middle = a > b ? best.x - a / 2 : best.x + b / 2;
  // The parabola has a side that is narrow enough to be trusted.
  if (Math.abs(vertex - best.x) <= NARROW / 2 && Math.min(a, b) <= STRIDE / 2) return undefined;
  // NaN, of points without a value, is near nothing and not taken.
  const nearest = Math.min(vertex - left.x, right.x - vertex, Math.abs(vertex - best.x));
  return nearest > NARROW / 2 ? vertex : middle;
}
