/** Implicit QL with Wilkinson shifts: as in assembly/lapack/eigen/ql.ts. */
const MAX_SWEEPS = 60;
const TINY = 1e-140;
const FLOOR = 1e-120;
const EPS = Number.EPSILON / 2;

/**
 * Implicit QL; the first n columns of the rows of s (negative: none) are rotated along. Returns 1 + what did not
 * converge.
 */
export function ql(h: Float64Array, n: number, d: number, e: number, s: number, lds: number): number {
  let norm = 0;
  for (let i = 0; i < n; i++) norm = Math.max(norm, Math.abs(h[d + i]) + (i < n - 1 ? Math.abs(h[e + i]) : 0));
  // Against the norm, not the neighbours: a sweep over large entries leaves noise of this size beside small ones.
  // Nor below FLOOR: a leaf of divide and conquer may be as small as that beside the others.
  const negligible = Math.max(EPS * norm, FLOOR);
  for (let l = 0; l < n; l++) {
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < n - 1 && Math.abs(h[e + m]) > negligible) m++;
      if (m === l) break;
      if (sweep === MAX_SWEEPS) return l + 1;
      qlSweep(h, n, l, m, d, e, s, lds);
    }
  }
  return 0;
}

function qlSweep(
  h: Float64Array, n: number, l: number, m: number, d: number, e: number, s: number, lds: number,
): void {
  const shift = (h[d + l + 1] - h[d + l]) / (2 * h[e + l]);
  const root = Math.sqrt(shift * shift + 1);
  let g = h[d + m] - h[d + l] + h[e + l] / (shift + (shift < 0 ? -root : root));
  let sine = 1;
  let cosine = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = sine * h[e + i];
    const b = cosine * h[e + i];
    const r = Math.sqrt(f * f + g * g);
    h[e + i + 1] = r < TINY ? 0 : r;
    if (r < TINY) {
      h[d + i + 1] -= p;
      h[e + m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = h[d + i + 1] - p;
    const t = (h[d + i] - g) * sine + 2 * cosine * b;
    p = sine * t;
    h[d + i + 1] = g + p;
    g = cosine * t - b;
    if (s >= 0) rotate(h, n, cosine, sine, s + i * lds, s + (i + 1) * lds);
  }
  h[d + l] -= p;
  h[e + l] = g;
  h[e + m] = 0;
}

/** (x, y) ← (c x − s y, s x + c y) over n entries. */
export function rotate(h: Float64Array, n: number, c: number, s: number, x: number, y: number): void {
  for (let j = x, k = y; j < x + n; j++, k++) {
    const u = h[j];
    const v = h[k];
    h[j] = c * u - s * v;
    h[k] = s * u + c * v;
  }
}
