/**
 * xoshiro256++ word by word in BigInt, and AS 241 number by number: what src/model/random.ts, src/model/normal.ts and
 * the ops have to equal to the bit. The order of the operations is the frozen one.
 */

export const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
export const rotl = (x: bigint, k: bigint): bigint => u64((x << k) | (x >> (64n - k)));

/** splitmix64 (Steele, Lea & Flood 2014). */
export function splitmix64(seed: bigint, count: number): bigint[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = u64(state + 0x9e3779b97f4a7c15n);
    let z = u64((state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  });
}

/** xoshiro256++ (Blackman & Vigna 2021). */
export class Reference {
  constructor(public s: bigint[]) {}

  /** Substream `stream` of a seed. */
  static of(seed: number, stream: number): Reference {
    const reference = new Reference(splitmix64(BigInt(seed), 4));
    for (let i = 0; i < stream; i++) reference.jump();
    return reference;
  }

  next(): bigint {
    const [s0, s1, s2, s3] = this.s;
    const result = u64(rotl(u64(s0 + s3), 23n) + s0);
    this.s = [s0 ^ s3 ^ s1, s1 ^ s2 ^ s0, s2 ^ s0 ^ u64(s1 << 17n), rotl(s3 ^ s1, 45n)];
    return result;
  }

  /** The published polynomial of a jump of 2^128. */
  jump(): void {
    let sum = [0n, 0n, 0n, 0n];
    for (const word of [0x180ec6d33cfd0aban, 0xd5a61266f0c9392cn, 0xa9582618e03fc9aan, 0x39abdc4529b1661cn]) {
      for (let bit = 0n; bit < 64n; bit++) {
        if ((word >> bit) & 1n) sum = sum.map((x, i) => x ^ this.s[i]);
        this.next();
      }
    }
    this.s = sum;
  }

  /** Standard normal: the quantile of (k + ½)·2^−52, k the top 52 bits. */
  normal(): number {
    return quantile((Number(this.next() >> 12n) + 0.5) * 2 ** -52);
  }
}

/** log x = e log 2 + 2 atanh((m − 1)/(m + 1)), x = m 2^e. */
function log(x: number): number {
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
  for (let k = 21; k >= 3; k -= 2) series = series * u + 1 / k;
  return e * 0.6931471803691238 + (2 * f + (2 * f * u * series + e * 1.9082149292705877e-10));
}

/** Wichura (1988), PPND16. */
export function quantile(p: number): number {
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

const horner = (coefficients: readonly number[], x: number) =>
  coefficients.reduceRight((sum, coefficient) => sum * x + coefficient, 0);

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
