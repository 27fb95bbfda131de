/**
 * Random numbers that are equal to the bit in every engine: xoshiro256++ (Blackman & Vigna 2021) seeded by splitmix64,
 * one substream per parameter block (jumps of 2^128 draws), uniforms of 52 bits and normals by Wichura's inverse CDF
 * (AS 241, 1988), from + − × ÷ √ and an own logarithm only. Frozen by semantic versioning and pinned by golden seeds.
 */

/** Powers of the generator's transition matrix: a jump of 2^128 draws, as published with xoshiro256. */
const JUMP = [0x180ec6d33cfd0aban, 0xd5a61266f0c9392cn, 0xa9582618e03fc9aan, 0x39abdc4529b1661cn];

/** One stream. 64-bit words are kept as halves: [high 0, low 0, high 1, …]. */
export class Xoshiro256 {
  readonly #s = new Uint32Array(8);
  #high = 0;
  #low = 0;

  /** Substream `stream` of `seed` (an integer in [0, 2^53)). */
  constructor(seed: number, stream = 0) {
    let x = BigInt(seed);
    for (let i = 0; i < 4; i++) {
      x = BigInt.asUintN(64, x + 0x9e3779b97f4a7c15n);
      let z = x;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      z ^= z >> 31n;
      this.#s[2 * i] = Number(z >> 32n);
      this.#s[2 * i + 1] = Number(z & 0xffffffffn);
    }
    for (let i = 0; i < stream; i++) this.jump();
  }

  /** A generator in the state of this one. */
  clone(): Xoshiro256 {
    const copy = new Xoshiro256(0);
    copy.#s.set(this.#s);
    return copy;
  }

  /** The next 64 bits: for tests against the published generator. */
  nextBits(): bigint {
    this.#next();
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }

  /** Uniform on (0, 1): (k + ½)·2^−52, never 0 or 1, symmetric about ½. */
  uniform(): number {
    this.#next();
    return (this.#high * 2 ** 20 + (this.#low >>> 12) + 0.5) * 2 ** -52;
  }

  /** Standard normal. */
  normal(): number {
    return normalQuantile(this.uniform());
  }

  /** result = rotl(s0 + s3, 23) + s0, then the linear step. */
  #next(): void {
    const s = this.#s;
    let low = s[1] + s[7];
    let high = (s[0] + s[6] + (low > 0xffffffff ? 1 : 0)) >>> 0;
    low >>>= 0;
    const rotatedLow = ((low << 23) | (high >>> 9)) >>> 0;
    high = ((high << 23) | (low >>> 9)) >>> 0;
    low = rotatedLow + s[1];
    this.#high = (high + s[0] + (low > 0xffffffff ? 1 : 0)) >>> 0;
    this.#low = low >>> 0;

    const shiftedHigh = (s[2] << 17) | (s[3] >>> 15);
    const shiftedLow = s[3] << 17;
    s[4] ^= s[0];
    s[5] ^= s[1];
    s[6] ^= s[2];
    s[7] ^= s[3];
    s[2] ^= s[4];
    s[3] ^= s[5];
    s[0] ^= s[6];
    s[1] ^= s[7];
    s[4] ^= shiftedHigh;
    s[5] ^= shiftedLow;
    // rotl by 45 = swap the halves and rotate by 13.
    const top = s[7];
    const bottom = s[6];
    s[6] = (top << 13) | (bottom >>> 19);
    s[7] = (bottom << 13) | (top >>> 19);
  }

  /** To the start of the next substream. */
  jump(): void {
    const sum = new Uint32Array(8);
    for (const word of JUMP) {
      for (let bit = 0n; bit < 64n; bit++) {
        if ((word >> bit) & 1n) for (let i = 0; i < 8; i++) sum[i] ^= this.#s[i];
        this.#next();
      }
    }
    this.#s.set(sum);
  }
}

/**
 * The substreams of a seed, in ascending order: each is one jump from the one before, so that a deep network costs no
 * more jumps than it has blocks.
 */
export class Substreams {
  readonly #next: Xoshiro256;
  #stream = 0;

  constructor(seed: number) {
    this.#next = new Xoshiro256(seed);
  }

  /** Substream `stream`, the same as `new Xoshiro256(seed, stream)`; not below the last one. */
  at(stream: number): Xoshiro256 {
    for (; this.#stream < stream; this.#stream++) this.#next.jump();
    return this.#next.clone();
  }
}

/** Natural logarithm of a positive normal number, to 2 ulp: x = m 2^e, m in [√½, √2), log m = 2 atanh((m−1)/(m+1)). */
export function log(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  let e = (bits.getUint16(0) >>> 4) - 1023;
  bits.setUint16(0, (bits.getUint16(0) & 0x000f) | (1023 << 4));
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    e += 1;
  }
  const f = (m - 1) / (m + 1);
  const u = f * f;
  let series = 0;
  // |f| ≤ 0.172: the first term left out is below 2^-55 of the sum.
  for (let k = 21; k >= 3; k -= 2) series = series * u + 1 / k;
  return e * 0.6931471803691238 + (2 * f + (2 * f * u * series + e * 1.9082149292705877e-10));
}

/** Quantile of the standard normal for p in (0, 1): Wichura (1988), algorithm AS 241, PPND16, to 4 ε. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * horner(CENTRE, r)) / horner(CENTRE_BELOW, r);
  }
  const r = Math.sqrt(-log(q < 0 ? p : 1 - p));
  const x =
    r <= 5 ? horner(MIDDLE, r - 1.6) / horner(MIDDLE_BELOW, r - 1.6) : horner(TAIL, r - 5) / horner(TAIL_BELOW, r - 5);
  return q < 0 ? -x : x;
}

function horner(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

const CENTRE = [
  3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
  67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
];
const CENTRE_BELOW = [
  1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
  28729.085735721942674, 5226.495278852854561,
];
const MIDDLE = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
];
const MIDDLE_BELOW = [
  1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
  0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const TAIL = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123, 0.026532189526576123093,
  0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const TAIL_BELOW = [
  1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];
