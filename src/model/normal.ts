/**
 * Normals by Wichura's inverse CDF (AS 241, 1988, PPND16), from + − × ÷ √ and an own logarithm only: equal to the bit
 * in every engine. The order of the operations is part of the definition; `assembly/random/normals.ts` has the same
 * order, and takes its coefficients from here.
 */

/**
 * Every coefficient, constant terms first: what `dnormals` reads. Numerator and denominator, of degree 7 each, of the
 * centre are at 0 and 8, of the middle at 16 and 24, of the tail at 32 and 40; the series of log is at 48. Loops take
 * the table as an argument: a bundler makes a variable of a constant of a module (29 ns a normal, not 23).
 */
// biome-ignore format: each polynomial begins a line
export const NORMAL_TABLE: Float64Array = Float64Array.of(
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
  28729.085735721942674, 5226.495278852854561,
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093,
  0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  // 2 atanh f = 2f + 2f³ Σ f^2k/(2k + 3). |f| ≤ 0.172: the first term left out is below 2^-55 of the sum.
  1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13, 1 / 15, 1 / 17, 1 / 19, 1 / 21,
);

/** The polynomial of degree 7 at `at` of the table. */
function polynomial(T: Float64Array, at: number, x: number): number {
  const high = (((T[at + 7] * x + T[at + 6]) * x + T[at + 5]) * x + T[at + 4]) * x + T[at + 3];
  return ((high * x + T[at + 2]) * x + T[at + 1]) * x + T[at];
}

/** Natural logarithm of a positive normal number, to 2 ulp. */
export const log = (x: number): number => logarithm(NORMAL_TABLE, x);

/**
 * x = m 2^e, m in [√½, √2), log m = 2 atanh((m−1)/(m+1)). Scaling by powers of two is exact, and three times as fast as
 * a look at the bits of a double through memory.
 */
function logarithm(T: Float64Array, x: number): number {
  let e = -1;
  for (; x >= 1; x *= 2 ** -32) e += 32;
  for (; x < 2 ** -32; x *= 2 ** 32) e -= 32;
  const zeros = Math.clz32(x * 2 ** 32);
  let m = x * (2 * ((1 << zeros) >>> 0));
  e -= zeros;
  // 1 where m > √2, else 0, without a branch that half of all numbers take.
  const above = Math.ceil(m - Math.SQRT2);
  m *= 1 - 0.5 * above;
  e += above;
  const f = (m - 1) / (m + 1);
  const u = f * f;
  let series = T[57];
  for (let k = 56; k >= 48; k--) series = series * u + T[k];
  return e * 0.6931471803691238 + (2 * f + (2 * f * u * series + e * 1.9082149292705877e-10));
}

/** Quantile of ½ + q, |q| ≤ 0.425. */
function centre(T: Float64Array, q: number): number {
  const r = 0.180625 - q * q;
  return (q * polynomial(T, 0, r)) / polynomial(T, 8, r);
}

/** Size of the quantile of p outside of the centre, r = √−log min(p, 1 − p). */
function outer(T: Float64Array, r: number): number {
  return r <= 5
    ? polynomial(T, 16, r - 1.6) / polynomial(T, 24, r - 1.6)
    : polynomial(T, 32, r - 5) / polynomial(T, 40, r - 5);
}

/** Quantile of the standard normal for p in (0, 1), to 4 ε. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return centre(NORMAL_TABLE, q);
  const x = outer(NORMAL_TABLE, Math.sqrt(-log(q < 0 ? p : 1 - p)));
  return q < 0 ? -x : x;
}

/** Numbers that {@link quantiles} takes at once: q, and what it keeps beside q, stay in L1. */
export const BLOCK = 256;
const indices = new Uint16Array(BLOCK);
const tails = new Float64Array(BLOCK);

/**
 * out[to + i] = scale · quantile of ½ + q[i] for i < n ≤ BLOCK. q lies on the grid of uniform(), where ½ − |q| is
 * exact. The few outside of the centre are collected: each loop does one thing, which a processor overlaps with itself.
 */
export function quantiles(q: Float64Array, n: number, scale: number, out: Float64Array, to: number): void {
  const T = NORMAL_TABLE;
  const outside = collectTails(q, n, indices, tails);
  for (let i = 0; i < n; i++) out[to + i] = scale * centre(T, q[i]);
  const sizes = tails;
  for (let k = 0; k < outside; k++) sizes[k] = Math.sqrt(-logarithm(T, sizes[k]));
  for (let k = 0; k < outside; k++) sizes[k] = outer(T, sizes[k]);
  for (let k = 0; k < outside; k++) {
    const i = indices[k];
    // floor(q) is −1 or 0: the sign, without a branch.
    out[to + i] = scale * ((2 * Math.floor(q[i]) + 1) * sizes[k]);
  }
}

/** Indices and ½ − |q| of those outside of the centre; how many. */
function collectTails(q: Float64Array, n: number, at: Uint16Array, rest: Float64Array): number {
  let found = 0;
  for (let i = 0; i < n; i++) {
    const size = Math.abs(q[i]);
    at[found] = i;
    rest[found] = 0.5 - size;
    // 1 where size > 0.425, else 0: one of seven is, and a processor cannot guess which.
    found += Math.ceil(size - 0.425) | 0;
  }
  return found;
}
