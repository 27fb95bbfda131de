/**
 * The maximum of an evidence over log scale. Every evaluation costs Cholesky factorisations, so there is no grid: the
 * search climbs in decades from a start until it has passed the top, then takes Brent's method (Brent 1973, ch. 5),
 * parabolas guarded by golden sections. Where an evidence has several maxima, it finds one of them.
 */

/** Size of a climbing step. */
const DECADE = Math.log(10);
/** Resolution of log scale: the scale is found to a thousandth. */
const RESOLUTION = 1e-3;
/** The most evaluations of Brent's method; some eight are usual. */
const EVALUATIONS = 40;
const GOLDEN = (3 - Math.sqrt(5)) / 2;

/** A value that is NaN loses. */
const rated = (value: number) => (Number.isNaN(value) ? -Infinity : value);

export function maximiseScale(
  evidence: (logScale: number) => number,
  start: number,
  [low, high]: readonly [number, number],
): { x: number; value: number } {
  const inside = (x: number) => Math.min(high, Math.max(low, x));
  const evaluate = (x: number) => ({ x, value: rated(evidence(x)) });
  let best = evaluate(inside(start));
  let [left, right] = [low, high];
  for (const direction of [1, -1]) {
    const first = best;
    for (;;) {
      const next = inside(best.x + direction * DECADE);
      if (next === best.x) break;
      const tried = evaluate(next);
      if (tried.value <= best.value) {
        if (direction > 0) right = next;
        else left = next;
        break;
      }
      if (direction > 0) left = best.x;
      else right = best.x;
      best = tried;
    }
    // Where the way up has led somewhere, the way down is known.
    if (best !== first) break;
  }
  return brent(evaluate, left, right, best);
}

type Rated = { x: number; value: number };

/** The maximum in [a, b] from a point inside. */
function brent(evaluate: (x: number) => Rated, a: number, b: number, start: Rated): Rated {
  let [low, high] = [a, b];
  let [x, w, v] = [start, start, start];
  let [step, last] = [0, 0];
  for (let count = 0; count < EVALUATIONS; count++) {
    const middle = (low + high) / 2;
    if (Math.abs(x.x - middle) <= 2 * RESOLUTION - (high - low) / 2) break;
    const guess = vertex(x, w, v);
    const usable = guess !== undefined && Math.abs(guess) < Math.abs(last) / 2;
    const stays = usable && x.x + guess > low + RESOLUTION && x.x + guess < high - RESOLUTION;
    if (stays) [last, step] = [step, guess];
    else {
      last = x.x < middle ? high - x.x : low - x.x;
      step = GOLDEN * last;
    }
    const u = evaluate(x.x + (Math.abs(step) >= RESOLUTION ? step : Math.sign(step) * RESOLUTION));
    if (u.value >= x.value) {
      if (u.x < x.x) high = x.x;
      else low = x.x;
      [v, w, x] = [w, x, u];
      continue;
    }
    if (u.x < x.x) low = u.x;
    else high = u.x;
    if (u.value >= w.value || w === x) [v, w] = [w, u];
    else if (u.value >= v.value || v === x || v === w) v = u;
  }
  return x;
}

/** Distance from x to the top of the parabola through three points; where two are one it is 0/0. */
function vertex(x: Rated, w: Rated, v: Rated): number | undefined {
  const r = (x.x - w.x) * (v.value - x.value);
  const q = (x.x - v.x) * (w.value - x.value);
  const p = (x.x - v.x) * q - (x.x - w.x) * r;
  const distance = p / (2 * (q - r));
  return Number.isFinite(distance) ? -distance : undefined;
}
