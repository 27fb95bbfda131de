/**
 * Functions to several hundred digits, in BigInt fixed point with 1500 fractional bits: fine enough for the least
 * subnormal to have 400 bits of its own. Slow, and independent of any floating-point library.
 */
const BITS = 1500n;
export const ONE = 1n << BITS;
export const mul = (x: bigint, y: bigint) => (x * y) >> BITS;
export const div = (x: bigint, y: bigint) => (x << BITS) / y;

/** atanh(1/q) by its series. */
function atanhInverse(q: bigint): bigint {
  let term = ONE / q;
  let sum = 0n;
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += term / k;
    term /= q * q;
  }
  return sum;
}

/** atan(1/q) by its series. */
function atanInverse(q: bigint): bigint {
  let term = ONE / q;
  let sum = 0n;
  for (let k = 1n; term !== 0n; k += 2n) {
    sum += k % 4n === 1n ? term / k : -term / k;
    term /= q * q;
  }
  return sum;
}

/** √x. */
export function root(x: bigint): bigint {
  const target = x << BITS;
  let guess = ONE > x ? ONE : x;
  for (;;) {
    const next = (guess + target / guess) / 2n;
    if (next >= guess) return guess;
    guess = next;
  }
}

const LN2 = 18n * atanhInverse(26n) - 2n * atanhInverse(4801n) + 8n * atanhInverse(8749n);
const PI = 4n * (4n * atanInverse(5n) - atanInverse(239n));
export const TWO_OVER_ROOT_PI = div(2n * ONE, root(PI));

/** A double, exactly. */
export function fixed(x: number): bigint {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const exponent = (word >> 52n) & 0x7ffn;
  const mantissa = (word & 0xfffffffffffffn) | (exponent > 0n ? 1n << 52n : 0n);
  const shift = (exponent > 0n ? exponent : 1n) - 1075n + BITS;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return word >> 63n ? -size : size;
}

/** e^−x for x ≥ 0. */
export function expNegative(x: bigint): bigint {
  const n = x / LN2;
  const r = x - n * LN2;
  let term = ONE;
  let sum = 0n;
  for (let k = 1n; term !== 0n; k++) {
    sum += term;
    term = -mul(term, r) / k;
  }
  return sum >> n;
}

export function erfOf(z: bigint): bigint {
  const square = mul(z, z);
  let term = z;
  let sum = 0n;
  for (let k = 0n; term !== 0n && term !== -1n; k++) {
    sum += term / (2n * k + 1n);
    term = -mul(term, square) / (k + 1n);
  }
  return mul(TWO_OVER_ROOT_PI, sum);
}

/** sin and cos of z, brought below 2π and then below 2π/1024, and doubled back. */
export function sinCos(z: bigint): [bigint, bigint] {
  let r = (((z % (2n * PI)) + 2n * PI) % (2n * PI)) >> 10n;
  let [sine, cosine, term] = [0n, 0n, ONE];
  for (let k = 1n; term !== 0n && term !== -1n; k++) {
    if (k % 2n === 1n) cosine += k % 4n === 1n ? term : -term;
    else sine += k % 4n === 2n ? term : -term;
    term = mul(term, r) / k;
  }
  for (r = 0n; r < 10n; r++) [sine, cosine] = [2n * mul(sine, cosine), mul(cosine, cosine) - mul(sine, sine)];
  return [sine, cosine];
}

/** log(1 + e) = 2 atanh(e/(2 + e)) for 0 ≤ e ≤ 1. */
export function log1p(e: bigint): bigint {
  const s = div(e, 2n * ONE + e);
  const square = mul(s, s);
  let [power, sum] = [s, 0n];
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = mul(power, square);
  }
  return 2n * sum;
}

/** Φ(−a) for a ≥ 0: by the series of erf, or by the continued fraction φ(a)/(a + 1/(a + 2/(a + …))) from 3 on. */
export function normalTail(a: bigint): bigint {
  if (a < 3n * ONE) return (ONE - erfOf(div(a, root(2n * ONE)))) / 2n;
  let fraction = a;
  for (let k = 600n; k > 0n; k--) fraction = a + div(k * ONE, fraction);
  return div(normalDensity(a), fraction);
}

export function normalDensity(a: bigint): bigint {
  return div(expNegative(mul(a, a) / 2n), root(2n * PI));
}

export const odd = (z: number, f: (a: bigint) => bigint) => (z < 0 ? -f(fixed(-z)) : f(fixed(z)));

/** |got − exact| in units of ε. */
export function epsilons(got: number, exact: bigint): number {
  const error = fixed(got) - exact;
  return Number(((error < 0n ? -error : error) * 1000n) >> (BITS - 52n)) / 1000;
}

/** |got − exact| in units of the last place of `exact`. */
export function ulps(got: number, exact: bigint): number {
  const size = exact < 0n ? -exact : exact;
  const top = BigInt(size.toString(2).length - 1) - BITS;
  const place = (top < -1022n ? -1022n : top) - 52n + BITS;
  const error = fixed(got) - exact;
  return Number(((error < 0n ? -error : error) * 1000n) / (1n << place)) / 1000;
}

/** |got − exact| in units of ε times a size, which is at least the least normal number. */
export function relativeErrors(got: number, exact: bigint, size: bigint): number {
  const error = fixed(got) - exact;
  const least = ONE >> 1022n;
  return Number(((error < 0n ? -error : error) << 62n) / (size > least ? size : least)) / 1024;
}
