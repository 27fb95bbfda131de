/** Rounding errors of one operation, exactly: its result and its error are the whole truth. */

/** ab − p for the rounded product p, by 26 bits each (Dekker 1971); |a| and |b| below 2^996. */
export function productError(a: number, b: number, p: number): number {
  const s = 134217729 * a;
  const t = 134217729 * b;
  const a1 = s - (s - a);
  const b1 = t - (t - b);
  const a2 = a - a1;
  const b2 = b - b1;
  return a1 * b1 - p + a1 * b2 + a2 * b1 + a2 * b2;
}

/** a + b − s for the rounded sum s (Knuth). */
export function sumError(a: number, b: number, s: number): number {
  const back = s - a;
  return a - (s - back) + (b - back);
}
