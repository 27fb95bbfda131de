/** Exact scaling by powers of two: exponents of numbers, of rows and of columns. */

/** The e with |x| in [2^e, 2^(e+1)), and 0 for 0. */
export function exponentOf(x: number): number {
  if (x === 0) return 0;
  const e = Math.floor(Math.log2(Math.abs(x)));
  return Number.isFinite(e) ? e : 0;
}

/** x 2^e, also where 2^e is no double. */
export function scaled(x: number, e: number): number {
  if (x === 0 || e === 0) return x;
  const half = Math.trunc(e / 2);
  return x * 2 ** half * 2 ** (e - half);
}

/** Rows and columns of a matrix are multiplied by 2^rows_i and 2^cols_j. */
export interface Equilibration {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
  /** The largest entry that is left. */
  readonly largest: number;
}

/** A row or column whose largest entry lies within 2^±EVEN stays as it is. */
const EVEN = 8;

/**
 * Scales an n×n matrix in place, so that the largest entry of each row and each column is about 1 (LAPACK geequ, in
 * powers of two). A matrix of moderate entries stays as it is. A row or column of zeros stays too.
 */
export function equilibrate(a: Float64Array, n: number): Equilibration {
  const tops = new Float64Array(n);
  const rowTops = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let top = 0;
    for (let j = 0; j < n; j++) {
      const size = Math.abs(a[i * n + j]);
      if (size > top) top = size;
      if (size > tops[j]) tops[j] = size;
    }
    rowTops[i] = top;
  }
  const rows = exponents(rowTops);
  if (rows.some((e) => e !== 0)) {
    tops.fill(0);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const x = scaled(a[i * n + j], rows[i]);
        a[i * n + j] = x;
        if (Math.abs(x) > tops[j]) tops[j] = Math.abs(x);
      }
    }
  }
  const cols = exponents(tops);
  if (cols.some((e) => e !== 0)) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] = scaled(a[i * n + j], cols[j]);
  }
  const largest = tops.reduce((most, top, j) => Math.max(most, scaled(top, cols[j])), 0);
  return { rows, cols, largest };
}

/** What takes each number to about 1; zeros where all are about 1 already. */
function exponents(tops: Float64Array): Int32Array {
  const own = Int32Array.from(tops, (top) => -exponentOf(top));
  return own.every((e) => Math.abs(e) <= EVEN) ? own.fill(0) : own;
}
