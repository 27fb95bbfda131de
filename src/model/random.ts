/**
 * Random numbers that are equal to the bit in every engine: xoshiro256++ (Blackman & Vigna 2021) seeded by splitmix64,
 * one substream per parameter block (jumps of 2^128 draws), uniforms of 52 bits and the normals of `normal.ts`. Frozen
 * by semantic versioning and pinned by golden seeds.
 */
import { BLOCK, normalQuantile, quantiles } from "./normal.js";

/** The state of a stream: four words of 64 bits, the low half of each before the high half. */
export type State = Int32Array;

/** Powers of the generator's transition matrix: a jump of 2^128 draws, as published with xoshiro256. */
// biome-ignore format: as published, word by word
const JUMP = Int32Array.of(
  0x3cfd0aba, 0x180ec6d3, 0xf0c9392c, 0xd5a61266, 0xe03fc9aa, 0xa9582618, 0x29b1661c, 0x39abdc45,
);

/** The linear step. */
function advance(s: State): void {
  const low1 = s[2];
  const high1 = s[3];
  const low2 = s[4] ^ s[0];
  const high2 = s[5] ^ s[1];
  const low3 = s[6] ^ low1;
  const high3 = s[7] ^ high1;
  s[2] = low1 ^ low2;
  s[3] = high1 ^ high2;
  s[0] ^= low3;
  s[1] ^= high3;
  s[4] = low2 ^ (low1 << 17);
  s[5] = high2 ^ ((high1 << 17) | (low1 >>> 15));
  // rotl by 45 = swap the halves and rotate by 13.
  s[6] = (high3 << 13) | (low3 >>> 19);
  s[7] = (low3 << 13) | (high3 >>> 19);
}

/** Bit 31 is the carry of a + b = sum, 32 bits each. */
const carry = (a: number, b: number, sum: number): number => ((a & b) | ((a | b) & ~sum)) >>> 31;

/** What {@link step} drew: low half, high half. */
const drawn = new Int32Array(2);

/** result = rotl(s0 + s3, 23) + s0, then the linear step. */
function step(s: State): void {
  const low0 = s[0];
  const high0 = s[1];
  const low = (low0 + s[6]) | 0;
  const high = (high0 + s[7] + carry(low0, s[6], low)) | 0;
  const turned = (low << 23) | (high >>> 9);
  const sum = (turned + low0) | 0;
  drawn[0] = sum;
  drawn[1] = ((high << 23) | (low >>> 9)) + high0 + carry(turned, low0, sum);
  advance(s);
}

/** u − ½ for the next uniform u: (k + ½)·2^−52 − ½, exactly. */
function centred(s: State): number {
  step(s);
  return ((drawn[1] >>> 0) * 2 ** 20 + (drawn[0] >>> 12) + 0.5) * 2 ** -52 - 0.5;
}

/** To the start of the next substream: 2^128 draws further. */
export function jump(s: State): void {
  let low0 = 0;
  let high0 = 0;
  let low1 = 0;
  let high1 = 0;
  let low2 = 0;
  let high2 = 0;
  let low3 = 0;
  let high3 = 0;
  for (let k = 0; k < 8; k++) {
    for (let bit = 0; bit < 32; bit++) {
      const mask = -((JUMP[k] >>> bit) & 1);
      low0 ^= s[0] & mask;
      high0 ^= s[1] & mask;
      low1 ^= s[2] & mask;
      high1 ^= s[3] & mask;
      low2 ^= s[4] & mask;
      high2 ^= s[5] & mask;
      low3 ^= s[6] & mask;
      high3 ^= s[7] & mask;
      advance(s);
    }
  }
  s.set([low0, high0, low1, high1, low2, high2, low3, high3]);
}

/** Uniforms on their way to normals. */
const block = new Float64Array(BLOCK);

/** A loop of its own, which engines compile with all that it calls. */
function centredBlock(s: State, n: number): void {
  for (let i = 0; i < n; i++) block[i] = centred(s);
}

/** out[i] = scale · standard normal for start ≤ i < end. */
export function fillNormals(s: State, scale: number, out: Float64Array, start: number, end: number): void {
  for (let from = start; from < end; from += BLOCK) {
    const n = Math.min(BLOCK, end - from);
    centredBlock(s, n);
    quantiles(block, n, scale, out, from);
  }
}

/** One stream. */
export class Xoshiro256 {
  readonly state: State = new Int32Array(8);

  /** Substream `stream` of `seed` (an integer in [0, 2^53)). */
  constructor(seed: number, stream = 0) {
    let x = BigInt(seed);
    for (let i = 0; i < 4; i++) {
      x = BigInt.asUintN(64, x + 0x9e3779b97f4a7c15n);
      let z = x;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      z ^= z >> 31n;
      this.state[2 * i] = Number(z & 0xffffffffn);
      this.state[2 * i + 1] = Number(z >> 32n);
    }
    for (let i = 0; i < stream; i++) this.jump();
  }

  /** A generator in the state of this one. */
  clone(): Xoshiro256 {
    const copy = new Xoshiro256(0);
    copy.state.set(this.state);
    return copy;
  }

  /** The next 64 bits: for tests against the published generator. */
  nextBits(): bigint {
    step(this.state);
    return (BigInt(drawn[1] >>> 0) << 32n) | BigInt(drawn[0] >>> 0);
  }

  /** Uniform on (0, 1): (k + ½)·2^−52, never 0 or 1, symmetric about ½. */
  uniform(): number {
    return centred(this.state) + 0.5;
  }

  /** Standard normal. */
  normal(): number {
    return normalQuantile(this.uniform());
  }

  /** To the start of the next substream. */
  jump(): void {
    jump(this.state);
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
