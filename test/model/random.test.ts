/** The generator against its published definition in BigInt, and the distributions that are made from it. */
import { describe, expect, test } from "vitest";
import { log, normalQuantile } from "../../src/model/normal.js";
import { Xoshiro256 } from "../../src/model/random.js";
import { quantile, Reference, rotl, splitmix64, u64 } from "../oracle/random.js";

const SEEDS = [0, 1, 12345, Number.MAX_SAFE_INTEGER];

describe("bits", () => {
  test("the reference gives the published test vectors", () => {
    expect(splitmix64(1234567n, 3)).toEqual([6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
    const reference = new Reference([1n, 2n, 3n, 4n]);
    expect(Array.from({ length: 6 }, () => reference.next())).toEqual([
      41943041n,
      58720359n,
      3588806011781223n,
      3591011842654386n,
      9228616714210784205n,
      9973669472204895162n,
    ]);
  });

  test.each(SEEDS.flatMap((seed) => [0, 1, 2, 3].map((stream) => [seed, stream])))(
    "seed %d, substream %d",
    (seed, stream) => {
      const own = new Xoshiro256(seed, stream);
      const reference = Reference.of(seed, stream);
      for (let i = 0; i < 200; i++) expect(own.nextBits(), `draw ${i}`).toBe(reference.next());
    },
  );

  test("a jump is 2^128 steps: the transition matrix squared 128 times", () => {
    // Bit k of the state is bit k % 64 of word k / 64; row k of the matrix is where one step takes that bit.
    let power: Uint32Array[] = Array.from({ length: 256 }, (_, k) => toWords(step(1n << BigInt(k))));
    for (let i = 0; i < 128; i++) power = power.map((row) => times(row, power));
    const start = toWords(joined(splitmix64(7n, 4)));
    const jumped = new Reference(split(fromWords(times(start, power))));
    const own = new Xoshiro256(7, 1);
    for (let i = 0; i < 20; i++) expect(own.nextBits()).toBe(jumped.next());
  });
});

const split = (state: bigint) => [0n, 64n, 128n, 192n].map((shift) => u64(state >> shift));
const joined = (words: bigint[]) => words.reduceRight((state, word) => (state << 64n) | word, 0n);

/** The linear part of the generator, on a state of 256 bits. */
function step(state: bigint): bigint {
  const [s0, s1, s2, s3] = split(state);
  return joined([s0 ^ s3 ^ s1, s1 ^ s2 ^ s0, s2 ^ s0 ^ u64(s1 << 17n), rotl(s3 ^ s1, 45n)]);
}

const toWords = (state: bigint) =>
  Uint32Array.from({ length: 8 }, (_, i) => Number((state >> BigInt(32 * i)) & 0xffffffffn));
const fromWords = (words: Uint32Array) => words.reduceRight((state, word) => (state << 32n) | BigInt(word), 0n);

/** Row vector times matrix over GF(2). */
function times(row: Uint32Array, matrix: Uint32Array[]): Uint32Array {
  const out = new Uint32Array(8);
  for (let k = 0; k < 256; k++) {
    if ((row[k >>> 5] >>> (k & 31)) & 1) for (let i = 0; i < 8; i++) out[i] ^= matrix[k][i];
  }
  return out;
}

describe("uniform", () => {
  test("the top 52 bits, put in the middle of their cell", () => {
    for (const seed of SEEDS) {
      const own = new Xoshiro256(seed, 1);
      const bits = new Xoshiro256(seed, 1);
      for (let i = 0; i < 2000; i++) {
        const u = own.uniform();
        expect(u > 0 && u < 1).toBe(true);
        const k = u * 2 ** 52 - 0.5;
        expect(BigInt(k)).toBe(bits.nextBits() >> 12n);
        // 1 − u is on the grid too, exactly: cell 2^52 − 1 − k.
        expect((1 - u) * 2 ** 52 - 0.5).toBe(2 ** 52 - 1 - k);
      }
    }
  });

  test("fills (0, 1) evenly: 1e5 draws in 100 cells", () => {
    const stream = new Xoshiro256(4);
    const count = new Array<number>(100).fill(0);
    for (let i = 0; i < 1e5; i++) count[Math.floor(stream.uniform() * 100)] += 1;
    const chi2 = count.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    // 99 degrees of freedom: 99 ± 14.1; four standard deviations, to either side.
    expect(Math.abs(chi2 - 99) / Math.sqrt(2 * 99)).toBeLessThan(4);
  });
});

/** Distance between doubles around |x|, x ≠ 0. */
function ulp(x: number): number {
  const e = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (e - 52);
}

describe("log", () => {
  const stream = new Xoshiro256(99);
  const draws = Array.from({ length: 5000 }, () => stream.uniform());
  const powers = Array.from({ length: 2046 }, (_, i) => 2 ** (i - 1022));
  const groups: [string, number[]][] = [
    ["(0, 1)", draws],
    ["every scale", draws.map((u) => 2 ** (2000 * u - 1000))],
    ["near 1", draws.flatMap((u) => [1 - 2 ** (-52 * u - 1), 1 + 2 ** (-52 * u - 1)])],
    ["neighbours of 1", [1 - 2 ** -53, 1 + 2 ** -52, 1 - 2 ** -52, 1 + 2 ** -51]],
    [
      "near √½ and √2, where the exponent changes",
      draws.flatMap((u) => [Math.SQRT1_2, Math.SQRT2].map((x) => x * (1 + (u - 0.5) * 1e-6))),
    ],
    ["powers of two", powers.filter((x) => x !== 1)],
    ["next to powers of two", powers.slice(1).flatMap((x) => [x * (1 - 2 ** -53), x * (1 + 2 ** -52)])],
    ["the ends of the uniform grid", [2 ** -53, 2 ** -52, 3 * 2 ** -53, 1 - 2 ** -53]],
    ["ends of the range", [2 ** -1022, Number.MAX_VALUE]],
  ];
  test.each(groups)("%s", (_, values) => {
    let worst = 0;
    for (const x of values) worst = Math.max(worst, Math.abs(log(x) - Math.log(x)) / ulp(Math.log(x)));
    expect(worst, "worst error, in ulp").toBeLessThanOrEqual(2);
  });

  test("log 1 is 0", () => expect(log(1)).toBe(0));
});

/** Normal density and lower tail: power series in the middle, Laplace's continued fraction below −1. */
const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
function lowerTail(x: number): number {
  if (x > 0) return 1 - lowerTail(-x);
  if (x > -1) {
    let term = x;
    let sum = 0;
    for (let k = 1; Math.abs(term) > 1e-18; k++) {
      sum += term;
      term *= (x * x) / (2 * k + 1);
    }
    return 0.5 + density(x) * sum;
  }
  let fraction = -x;
  for (let k = 300; k >= 1; k--) fraction = -x + k / fraction;
  return density(x) / fraction;
}

describe("normalQuantile", () => {
  // 60-digit values for exactly these doubles (mpmath), rounded once.
  test.each([
    [0.975, 1.9599639845400538],
    [0.025, -1.9599639845400543],
    [0.25, -0.6744897501960817],
    [0.7, 0.5244005127080407],
    [0.9, 1.2815515655446006],
    [0.925, 1.4395314709384561],
    [0.075, -1.439531470938456],
    [0.0749999, -1.4395321773759007],
    [0.999, 3.090232306167813],
    [1e-5, -4.264890793922825],
    [1e-10, -6.361340902404057],
    [1.3887943864964021e-11, -6.657904643501103],
    [1e-12, -7.034483825301132],
    [1e-16, -8.222082216130435],
    [2 ** -53, -8.209536151601387],
    [1 - 2 ** -53, 8.209536151601387],
    [1e-100, -21.273453560965326],
    [2.2250738585072014e-308, -37.5193793471445],
  ])("p = %d", (p, x) => {
    // A few roundings each in √, log and two Horner sums.
    expect(
      Math.abs(normalQuantile(p) - x) / Math.abs(x),
      `quantile of ${p}: ${normalQuantile(p)}, expected ${x}, to two ulp`,
    ).toBeLessThanOrEqual(4 * Number.EPSILON);
  });

  test("the textbook's bits: the uniform grid, and every scale", () => {
    const stream = new Xoshiro256(8);
    for (let i = 0; i < 20_000; i++) {
      const p = i % 2 ? stream.uniform() : 2 ** (-1 - 1020 * stream.uniform());
      expect(normalQuantile(p), `quantile of ${p}`).toBe(quantile(p));
    }
  });

  test("the median is 0", () => expect(normalQuantile(0.5)).toBe(0));

  test("antisymmetric, to the bit, on the grid of uniform()", () => {
    const stream = new Xoshiro256(5);
    for (let i = 0; i < 2000; i++) {
      // Plain uniforms and some deep in the tail.
      const p = i % 2 ? stream.uniform() : (Math.floor(2 ** (52 * stream.uniform())) + 0.5) * 2 ** -52;
      expect(normalQuantile(1 - p)).toBe(-normalQuantile(p));
    }
  });

  test("increasing, also across the seams of its three pieces", () => {
    // Seams: |p − ½| = 0.425, and √−log p = 5.
    for (const seam of [0.075, 0.925, Math.exp(-25)]) {
      const values = Array.from({ length: 41 }, (_, i) => normalQuantile(seam * (1 + (i - 20) * 1e-13)));
      for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThan(values[i - 1]);
    }
  });

  test("round trip through the distribution function", () => {
    const stream = new Xoshiro256(6);
    for (let i = 0; i < 3000; i++) {
      const p = i % 2 ? stream.uniform() / 2 : 2 ** (-1 - 1020 * stream.uniform());
      const x = normalQuantile(p);
      // An error of x grows by up to 1 + x² on the way to p, and exp(−x²/2) adds its own x²/2; 32 ε for the oracle.
      const error = Math.abs(lowerTail(x) - p) / p;
      expect(error, `p = ${p}`).toBeLessThanOrEqual((32 + 4 * x * x) * Number.EPSILON);
    }
  });
});

describe("normal", () => {
  const n = 1e5;
  const stream = new Xoshiro256(2024);
  const draws = Float64Array.from({ length: n }, () => stream.normal());

  test("is the quantile of uniform", () => {
    const [a, b] = [new Xoshiro256(3, 2), new Xoshiro256(3, 2)];
    for (let i = 0; i < 100; i++) expect(a.normal()).toBe(normalQuantile(b.uniform()));
  });

  // Variance of xᵏ: E x²ᵏ − (E xᵏ)² = 1, 2, 15, 96. Four standard errors.
  test.each([
    [1, 0, 1],
    [2, 1, 2],
    [3, 0, 15],
    [4, 3, 96],
  ])("moment %d of 1e5 draws is %d", (k, expected, variance) => {
    const moment = draws.reduce((sum, x) => sum + x ** k, 0) / n;
    expect(Math.abs(moment - expected) / Math.sqrt(variance / n)).toBeLessThan(4);
  });

  test("Kolmogorov–Smirnov distance of 1e5 draws", () => {
    const sorted = draws.slice().sort();
    const distance = sorted.reduce((top, x, i) => {
      const F = lowerTail(x);
      return Math.max(top, F - i / n, (i + 1) / n - F);
    }, 0);
    // √n D exceeds 1.95 once in a thousand seeds.
    expect(Math.sqrt(n) * distance).toBeLessThan(1.95);
  });

  test("streams of one seed and of neighbouring seeds are uncorrelated", () => {
    const count = 20_000;
    const streams = [0, 1, 2].flatMap((seed) =>
      [0, 1, 2, 3].map((index) => {
        const generator = new Xoshiro256(seed, index);
        return Float64Array.from({ length: count }, () => generator.normal());
      }),
    );
    let worst = 0;
    for (let i = 0; i < streams.length; i++) {
      for (let j = 0; j < i; j++) {
        for (const lag of [0, 1]) {
          const sum = streams[i].reduce((total, x, k) => total + x * streams[j][(k + lag) % count], 0);
          worst = Math.max(worst, Math.abs(sum) / Math.sqrt(count));
        }
      }
    }
    // The largest of 132 standard normals is below 4.5 in 999 of 1000 cases.
    expect(worst).toBeLessThan(4.5);
  });
});
