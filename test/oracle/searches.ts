/** Searches as their authors wrote them: where they look, in order. */

interface Vertex {
  x: number[];
  value: number;
}

/**
 * Nelder & Mead 1965, figure 1, for a maximum: reflection 1, expansion 2, contraction ½, shrinkage ½. `f` is called for
 * at most `most` points. Ends where the simplex is smaller than `small(simplex)` says.
 */
export function nelderMead(
  f: (x: number[]) => number,
  start: number[][],
  most: number,
  small: (simplex: number[][]) => boolean,
): Vertex {
  let left = most;
  const at = (x: number[]): Vertex => {
    left--;
    return { x, value: f(x) };
  };
  const simplex: Vertex[] = [];
  for (const x of start) if (left > 0) simplex.push(at(x));
  const best = () => simplex.reduce((a, b) => (b.value > a.value ? b : a));
  const d = start.length - 1;
  while (left > 0 && simplex.length > d) {
    simplex.sort((a, b) => b.value - a.value);
    if (small(simplex.map(({ x }) => x))) break;
    const P = simplex.slice(0, d).reduce((sum, { x }) => sum.map((s, j) => s + x[j] / d), new Array(d).fill(0));
    const worst = simplex[d];
    const along = (by: number) => P.map((p, j) => p + by * (p - worst.x[j]));
    const star = at(along(1));
    if (star.value > simplex[0].value) {
      if (left === 0) {
        simplex[d] = star;
        break;
      }
      const twice = at(along(2));
      simplex[d] = twice.value > star.value ? twice : star;
      continue;
    }
    if (star.value > simplex[d - 1].value) {
      simplex[d] = star;
      continue;
    }
    const outside = star.value > worst.value;
    if (left === 0) {
      if (outside) simplex[d] = star;
      break;
    }
    const half = at(along(outside ? 0.5 : -0.5));
    if (half.value > Math.max(worst.value, star.value)) {
      simplex[d] = half;
      continue;
    }
    for (let i = 1; i <= d && left > 0; i++) simplex[i] = at(simplex[i].x.map((x, j) => (x + simplex[0].x[j]) / 2));
  }
  return best();
}

/** Golden section for a maximum on [a, b] (Kiefer 1953), `sections` times: the points, and the best of them. */
export function goldenSection(f: (x: number) => number, a: number, b: number, sections: number): number[] {
  const ratio = 2 / (1 + Math.sqrt(5));
  let [low, high] = [a, b];
  const inner = (): [number, number] => [high - ratio * (high - low), low + ratio * (high - low)];
  const seen: number[] = [...inner()];
  for (let i = 0; i < sections; i++) {
    const [p, q] = inner();
    if (f(p) > f(q)) {
      high = q;
      seen.push(inner()[0]);
    } else {
      low = p;
      seen.push(inner()[1]);
    }
  }
  return seen;
}
