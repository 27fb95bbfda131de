/** dnormals, djump: equal to the bit to a textbook generator, in every backend and variant. */
import { describe, expect, test } from "vitest";
import { draw, drawBy } from "../../src/model/draw.js";
import { INITS } from "../../src/model/initSchemes.js";
import { createNetwork, type NetworkOptions, startOf } from "../../src/model/network.js";
import { NORMAL_TABLE } from "../../src/model/normal.js";
import { fillNormals, Xoshiro256 } from "../../src/model/random.js";
import { Reference, rotl } from "../oracle/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { type Bed, type Block, expectDone, onBed } from "./harness.js";

const SEEDS = [0, 1, 12345, Number.MAX_SAFE_INTEGER];
/** About a pair of lanes, and about the blocks of 256. */
const LENGTHS = [0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 513, 1001];

/** The words of a state on a bed; as integers, for a NaN's bits may change where it is a double. */
const wordsOf = ({ context }: Bed, { address }: Block) =>
  new BigUint64Array(context.arena.view(address, 4).buffer, address, 4);

function stateOn(bed: Bed, words: readonly bigint[]): Block {
  const state = bed.matrix("state", 1, 4);
  wordsOf(bed, state).set(words);
  return state;
}

/** n normals from these words, and the words afterwards. */
function normals(bed: Bed, words: readonly bigint[], n: number, scale = 1): { got: Float64Array; after: bigint[] } {
  const table = bed.matrix("table", 1, NORMAL_TABLE.length, (_, j) => NORMAL_TABLE[j]);
  const state = stateOn(bed, words);
  const out = bed.matrix("out", 1, n);
  const work = bed.work(bed.ops.dnormalsScratchBytes());
  const run = () => bed.ops.dnormals(n, scale, table.address, state.address, out.address, work.address);
  expectDone(bed.call(run, [state], [out], [work]), `dnormals, n = ${n}`);
  return { got: bed.read(out), after: [...wordsOf(bed, state)] };
}

/** A draw with s0 = 0 is s3, turned left by 23: the word that makes its top bits k. */
function wordOf(k: number): bigint {
  return rotl((BigInt(k) << 12n) | 0x5a5n, 41n);
}

/** A state whose first draw has the top bits k. */
const first = (k: number) => [0n, 0x123456789abcdefn, 0xfedcba987654321n, wordOf(k)];

/** A state whose second draw has the top bits k: one step takes s0 to s0 ^ s1 ^ s3, and s3 to s1 ^ s3 turned by 45. */
function second(k: number): bigint[] {
  const x = rotl(wordOf(k), 19n);
  return [x, 0x123456789abcdefn, 0xfedcba987654321n, x ^ 0x123456789abcdefn];
}

/** Top bits of draw i from a state. */
function topBits(state: bigint[], i: number): number {
  const reference = new Reference(state);
  for (let before = 0; before < i; before++) reference.next();
  return Number(reference.next() >> 12n);
}

/** Around k: neighbours and their mirror images about ½. */
const around = (k: number) => [-2, -1, 0, 1, 2].map((i) => Math.floor(k) + i).flatMap((i) => [i, 2 ** 52 - 1 - i]);

/** Top bits where the arithmetic changes: ends of the grid, the seams of the quantile, the seams of the logarithm. */
const CORNERS = [
  ...[0, 1, 2].flatMap((k) => [k, 2 ** 52 - 1 - k]),
  ...around(2 ** 51),
  ...around(0.075 * 2 ** 52),
  ...around(Math.exp(-25) * 2 ** 52),
  ...Array.from({ length: 46 }, (_, e) => [...around(2 ** (e + 2)), ...around(Math.SQRT2 * 2 ** (e + 2))]).flat(),
];

/** Shapes of all kinds; a std of 0 leaves zeros. */
const NETWORKS: NetworkOptions[] = [
  { inputs: 1, hidden: 1 },
  { inputs: 3, hidden: 257, biasStd: 1, seed: 3 },
  { inputs: 2, hidden: [5, 16, 3, 7], outputs: 3, biasStd: 0.1, seed: 4 },
  { inputs: 2, hidden: new Array<number>(30).fill(3), bias: false, seed: 5 },
  { inputs: 2, hidden: [4, 4], weightStd: 0, biasStd: 1, seed: 6 },
  ...INITS.map((init) => ({ inputs: 2, hidden: [6, 5], init, seed: 7 })),
];

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each(SEEDS)("dnormals: seed %d, substreams and lengths", (seed) => {
    for (const stream of [0, 1, 5]) {
      for (const n of LENGTHS) {
        const reference = Reference.of(seed, stream);
        const { got, after } = onBed(context, (bed) => normals(bed, reference.s, n, -1.5));
        const want = Float64Array.from({ length: n }, () => -1.5 * reference.normal());
        expect(got, `substream ${stream}, n = ${n}`).toEqual(want);
        expect(after, `the state after ${n}`).toEqual(reference.s);
      }
    }
  });

  test("dnormals: 100 seeds, 1000 numbers each, as the library draws without a backend", () => {
    const want = new Float64Array(1000);
    for (let seed = 0; seed < 100; seed++) {
      fillNormals(new Xoshiro256(seed, 2).state, 0.3, want, 0, 1000);
      const { got } = onBed(context, (bed) => normals(bed, Reference.of(seed, 2).s, 1000, 0.3));
      expect(got, `seed ${seed}`).toEqual(want);
    }
  });

  test("dnormals: ends of the grid and seams of the arithmetic, in either lane", () => {
    for (const k of CORNERS) {
      expect(topBits(first(k), 0)).toBe(k);
      expect(topBits(second(k), 1)).toBe(k);
      for (const state of [first(k), second(k)]) {
        for (const n of [1, 2]) {
          const reference = new Reference(state);
          const want = Float64Array.from({ length: n }, () => reference.normal());
          expect(onBed(context, (bed) => normals(bed, state, n)).got, `k = ${k}, n = ${n}`).toEqual(want);
        }
      }
    }
  });

  test("djump: the published polynomial", () => {
    for (const seed of SEEDS) {
      const reference = Reference.of(seed, 0);
      onBed(context, (bed) => {
        const state = stateOn(bed, reference.s);
        for (let stream = 1; stream <= 4; stream++) {
          expectDone(
            bed.call(() => bed.ops.djump(state.address), [state]),
            "djump",
          );
          reference.jump();
          expect([...wordsOf(bed, state)], `substream ${stream} of ${seed}`).toEqual(reference.s);
        }
      });
    }
  });

  test.each(NETWORKS)("θ of a network is the one that createNetwork draws: %o", (options) => {
    const net = createNetwork(options);
    expect(startOf(net, (drawing) => draw(drawing, net.seed))).toEqual(net.parameters);
    expect(startOf(net, (drawing) => drawBy(context, drawing, net.seed))).toEqual(net.parameters);
    expect(context.arena.scratchBytesInUse).toBe(0);
  });
});
