/**
 * Sine and cosine of the JavaScript backend, right to an ulp for every double and the same in every engine (Math.sin
 * and Math.cos are not: Chromium's cosine is 8 ulp off beside its zeros). The reduction and polynomials of
 * assembly/simd/trig.ts; huge arguments by BigInt.
 */
import { SIN } from "./activationParameters.js";
import { productError, sumError } from "./errorFree.js";

/** Up to 2^20 π/2, n times a 33-bit part of π/2 is exact. */
const REDUCIBLE = 1647099;
/** Adding it leaves an integer in the low bits. */
const MAGIC = 1.5 * 2 ** 52;
/** 2/π to 1216 binary places: enough for the largest double. */
const TWO_OVER_PI = BigInt(
  "0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09d1921cfe1deb1cb129a73ee88235f52ebb4484" +
    "e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff897ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b" +
    "3d0739f78a5292ea6bfb5fb11f8d5d0856033046fc7b6bab",
);
const PLACES = 1216n;
/** Binary places of π/2 in the product with a fraction. */
const PI_PLACES = 120n;
const HALF_PI = BigInt("0x1921fb54442d18469898cc51701b839a") >> 4n;

/** [quadrant modulo 4, remainder, its rounding error] of a huge |z|. */
function hugeRemainder(z: number): [number, number, number] {
  if (!Number.isFinite(z)) return [0, Number.NaN, Number.NaN];
  // One or two places more than the mantissa has: the logarithm may be rounded across a power of two.
  const exponent = Math.floor(Math.log2(Math.abs(z))) - 54;
  const product = (BigInt(Math.abs(z) / 2 ** exponent) * TWO_OVER_PI) << BigInt(exponent);
  const quarters = (product + (1n << (PLACES - 1n))) >> PLACES;
  const fraction = product - (quarters << PLACES);
  const scaled = (fraction * HALF_PI) >> (PLACES - 120n);
  const head = toNumber(scaled, 120n + PI_PLACES);
  const rest = toNumber(scaled - toFixed(head, 120n + PI_PLACES), 120n + PI_PLACES);
  const n = Number(quarters & 3n);
  return z < 0 ? [-n & 3, -head, -rest] : [n, head, rest];
}

/** value · 2^−places, to 53 bits. */
function toNumber(value: bigint, places: bigint): number {
  const size = value < 0n ? -value : value;
  const shift = BigInt(Math.max(0, size.toString(2).length - 60));
  const result = Number(size >> shift) * 2 ** Number(shift - places);
  return value < 0n ? -result : result;
}

/** x · 2^places, exactly. */
function toFixed(x: number, places: bigint): bigint {
  if (x === 0) return 0n;
  const exponent = Math.floor(Math.log2(Math.abs(x))) - 54;
  const mantissa = BigInt(x * 2 ** -exponent);
  const shift = places + BigInt(exponent);
  return shift >= 0n ? mantissa << shift : mantissa >> -shift;
}

/**
 * S = sin(w z + γ + quarter π/2), G = gain ∘ its slope over a row, in place; with an empty record sin z. w z + γ is a
 * number and its rounding error.
 */
export function sin(h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array): void {
  const plain = record.length === 0;
  const [, , frequency, phase, quarter] = plain ? SIN : record;
  for (let j = 0; j < m; j++) {
    let z = h[s + j];
    let tail = 0;
    if (!plain) {
      const product = frequency * z;
      const sum = product + phase;
      tail = sumError(product, phase, sum) + productError(frequency, z, product);
      z = sum;
    }
    let n = z * 0.6366197723675814 + MAGIC - MAGIC;
    // z − n π/2 by three parts of 33 bits and a rest, with the errors of both differences.
    const a = z - n * 1.5707963267341256;
    const p = n * 6.077100506303966e-11;
    const b = a - p;
    const o = n * 2.0222662487111665e-21;
    const c = b - o;
    const backB = b - a;
    const backC = c - b;
    const error = a - (b - backB) - (p + backB) + (b - (c - backC) - (o + backC)) - n * 8.4784276603689e-32;
    let r = c + error;
    let rest = c - r + error;
    if (Math.abs(z) > REDUCIBLE) [n, r, rest] = hugeRemainder(z);
    else if (!plain) {
      const more = r + tail;
      rest += sumError(r, tail, more);
      r = more;
    }
    const u = r * r;
    const sine =
      r +
      (u *
        r *
        (-0.16666666666666666 +
          u *
            (0.008333333333330948 +
              u *
                (-0.00019841269836756774 +
                  u * (2.7557316101617874e-6 + u * (-2.505113165023518e-8 + u * 1.5918115263265974e-10))))) +
        (rest - 0.5 * u * rest));
    const half = 0.5 * u;
    const w = 1 - half;
    const cosine =
      w +
      (1 -
        w -
        half +
        (u *
          u *
          (0.041666666666666664 +
            u *
              (-0.0013888888888887398 +
                u *
                  (2.480158729876456e-5 +
                    u * (-2.7557317271145144e-7 + u * (2.087614614655861e-9 + u * -1.1382623647474604e-11))))) -
          r * rest));
    const quadrant = (n + quarter) & 3;
    const [value, slope] = quadrant & 1 ? [cosine, sine] : [sine, cosine];
    h[s + j] = quadrant & 2 ? -value : value;
    h[g + j] = h[gain + j] * frequency * ((quadrant + 1) & 2 ? -slope : slope);
  }
}
