/**
 * Functions to several hundred digits, in BigInt fixed point with 1500 fractional bits: fine enough for the least subnormal
 * to have 400 bits of its own. Slow, and independent of any floating-point library.
 */
const BITS = 1500n;
const ONE = 1n << BITS;
const mul = (x: bigint, y: bigint) => (x * y) >> BITS;
const div = (x: bigint, y: bigint) => (x << BITS) / y;

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

function sqrt(x: bigint): bigint {
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
const TWO_OVER_ROOT_PI = div(2n * ONE, sqrt(PI));

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
function expNegative(x: bigint): bigint {
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

function erfOf(z: bigint): bigint {
  const square = mul(z, z);
  let term = z;
  let sum = 0n;
  for (let k = 0n; term !== 0n && term !== -1n; k++) {
    sum += term / (2n * k + 1n);
    term = -mul(term, square) / (k + 1n);
  }
  return mul(TWO_OVER_ROOT_PI, sum);
}

const odd = (z: number, f: (a: bigint) => bigint) => (z < 0 ? -f(fixed(-z)) : f(fixed(z)));

/** σ and σ' of a double, in fixed point. */
export const EXACT: Record<string, (z: number) => [bigint, bigint]> = {
  sigmoid(z) {
    const e = expNegative(fixed(Math.abs(z)));
    return [div(z < 0 ? e : ONE, ONE + e), div(e, mul(ONE + e, ONE + e))];
  },
  tanh(z) {
    const e = expNegative(2n * fixed(Math.abs(z)));
    return [odd(z, () => div(ONE - e, ONE + e)), div(4n * e, mul(ONE + e, ONE + e))];
  },
  erf(z) {
    const a = fixed(Math.abs(z));
    // Beyond 7 erf is 1 to 22 digits.
    return [
      Math.abs(z) > 7 ? BigInt(Math.sign(z)) * ONE : odd(z, erfOf),
      mul(TWO_OVER_ROOT_PI, expNegative(mul(a, a))),
    ];
  },
};

/** |got − exact| in units of the last place of `exact`. */
export function ulps(got: number, exact: bigint): number {
  const size = exact < 0n ? -exact : exact;
  const top = BigInt(size.toString(2).length - 1) - BITS;
  const place = (top < -1022n ? -1022n : top) - 52n + BITS;
  const error = fixed(got) - exact;
  return Number(((error < 0n ? -error : error) * 1000n) / (1n << place)) / 1000;
}
