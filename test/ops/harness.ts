/**
 * Test bed for single ops. Every block (matrix, vector, scratch) lies between guards, before it, behind it and in the
 * gaps of its rows. Guards are NaNs with a payload and huge numbers, in turn. `call` compares the whole memory bit by
 * bit before and after an op and fails where anything changed that the op may not write: a NaN stays what it is where
 * it is scaled, a number does not. Reading a guard shows too: it makes the result NaN or huge.
 */
import { expect } from "vitest";
import type { Context } from "../../src/context.js";
import { activationArgument } from "../../src/kernel/activationArgument.js";
import { EXAMPLE } from "../oracle/activations.js";
import { generator } from "../setup/random.js";

export const EPS = Number.EPSILON;
/** ε of float32. */
export const EPS32 = 2 ** -23;

/** Bytes of an entry: doubles or floats. */
export type Bytes = 8 | 4;

/** A quiet NaN that no arithmetic makes and a number near 1e300 or 1e38, low words first. */
const GUARD: Record<Bytes, number[]> = {
  8: [0xbeef_0001, 0x7ff8_dead, 0xbeef_0002, 0x7e37_e43c],
  4: [0x7fc0_dead, 0x7e96_beef],
};
/** Whether an entry of doubles is still guard. */
export const isGuard = (x: number) => !(Math.abs(x) < 1e300);
/** Entries of guard on each side; odd, so that matrices are aligned to an entry only, as the contract allows. */
const PAD = 17;

/** rows×cols at `address`, rows `ld` elements apart. */
export interface Block {
  name: string;
  address: number;
  rows: number;
  cols: number;
  ld: number;
  bytes: Bytes;
}

/** Where an op may write: entries of a block, all or those for which `may` is true. */
type Writes = [block: Block, may?: (i: number, j: number) => boolean];

export type Range = [start: number, end: number];

export class Bed {
  readonly context: Context;
  readonly #start: number;
  readonly #blocks: Block[] = [];
  readonly #bytes: Bytes;

  /** @param bytes of the entries of its matrices. */
  constructor(context: Context, bytes: Bytes = 8) {
    this.context = context;
    this.#bytes = bytes;
    this.#start = context.arena.allocBytes(0);
  }

  get ops() {
    return this.context.ops;
  }

  /** A block with the given entries; without `fill` all of it is guard. No two have the same gap between rows. */
  matrix(name: string, rows: number, cols: number, fill?: (i: number, j: number) => number, own?: number): Block {
    const ld = own ?? cols + 3 + this.#blocks.length;
    const bytes = this.#bytes;
    const address = this.#guarded(rows * ld * bytes, bytes) + PAD * bytes;
    const block = { name, address, rows, cols, ld, bytes };
    this.#blocks.push(block);
    if (fill) {
      const view = this.#view(block);
      for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) view[i * ld + j] = fill(i, j);
    }
    return block;
  }

  /** Uniform numbers on (−1, 1). */
  random(name: string, rows: number, cols: number, seed: number): Block {
    const next = generator(seed);
    return this.matrix(name, rows, cols, next);
  }

  /** Scratch of exactly `bytes`, rounded up to a double. */
  work(bytes: number): Block {
    const doubles = Math.ceil(bytes / 8);
    const address = this.#guarded((64 + doubles) * 8, 8) + 64 * 8;
    const block: Block = { name: "work", address, rows: 1, cols: doubles, ld: doubles, bytes: 8 };
    this.#blocks.push(block);
    return block;
  }

  /** What an op takes for an example of the oracle. */
  activation(label: string): number {
    return activationArgument(this.context, EXAMPLE[label]);
  }

  /** Runs an op; nothing outside `writes` may change by a bit. */
  call(op: () => number, ...writes: Writes[]): number {
    const before = this.#words().slice();
    const info = op();
    const after = this.#words();
    for (const [block, may] of writes) {
      const words = block.bytes / 4;
      for (let i = 0; i < block.rows; i++) {
        const row = this.#wordAt(block, i);
        if (!may) before.set(after.subarray(row, row + words * block.cols), row);
        else
          for (let j = 0; j < block.cols; j++)
            if (may(i, j)) before.set(after.subarray(row + words * j, row + words * (j + 1)), row + words * j);
      }
    }
    let at = 0;
    while (at < after.length && after[at] === before[at]) at++;
    if (at < after.length) expect.fail(`the op wrote where it may not: ${this.#describe(this.#start + at * 4)}`);
    return info;
  }

  /** Entries, rows packed. */
  read(block: Block): Float64Array {
    const { rows, cols, ld } = block;
    const view = this.#view(block);
    const out = new Float64Array(rows * cols);
    for (let i = 0; i < rows; i++) out.set(view.subarray(i * ld, i * ld + cols), i * cols);
    return out;
  }

  #view({ address, rows, ld, bytes }: Block): Float64Array | Float32Array {
    const { buffer } = this.context.arena.view(address & ~7, 0);
    return bytes === 8 ? new Float64Array(buffer, address, rows * ld) : new Float32Array(buffer, address, rows * ld);
  }

  /** `length` bytes with PAD entries before and behind, all guard; the address of the first guard. */
  #guarded(length: number, bytes: Bytes): number {
    const all = Math.ceil((length + 2 * PAD * bytes) / 8);
    const address = this.context.arena.alloc(all);
    const { buffer } = this.context.arena.view(address, all);
    const words = new Uint32Array(buffer, address, Math.ceil(all / 8) * 16);
    for (let i = 0; i < words.length; i++) words[i] = GUARD[bytes][i % GUARD[bytes].length];
    return address;
  }

  #words(): Uint32Array {
    const { arena } = this.context;
    const end = arena.run(() => arena.allocBytes(0));
    return new Uint32Array(arena.view(this.#start, 0).buffer, this.#start, (end - this.#start) / 4);
  }

  #wordAt({ address, ld, bytes }: Block, row: number): number {
    return (address - this.#start + row * ld * bytes) / 4;
  }

  #describe(byte: number): string {
    const block = this.#blocks.findLast(({ address, bytes }) => address <= byte + PAD * bytes);
    if (!block) return "before the first block";
    const element = Math.floor((byte - block.address) / block.bytes);
    const [i, j] = [Math.floor(element / block.ld), ((element % block.ld) + block.ld) % block.ld];
    const entry = element >= 0 && i < block.rows && j < block.cols;
    const where = entry ? `entry (${i}, ${j})` : `guard at element ${element}`;
    return `${block.name} (${block.rows}×${block.cols}, ld ${block.ld}): ${where}`;
  }
}

/** Runs `body` on a fresh bed and gives its memory back. */
export function onBed<T>(context: Context, body: (bed: Bed) => T, bytes: Bytes = 8): T {
  return context.arena.run(() => body(new Bed(context, bytes)));
}

/** Column j of row i is written by an op on these rows. */
export function rowsIn([start, end]: Range): (i: number) => boolean {
  return (i) => i >= start && i < end;
}

/** The lower triangle of these rows. */
export function lowerIn([start, end]: Range): (i: number, j: number) => boolean {
  return (i, j) => i >= start && i < end && j <= i;
}

/** An expected value and its error bound; what may not be compared (the strict upper triangle) is left out. */
export type Entry = { value: number; bound: number } | undefined;

/** Compares all entries of a rows×cols result; one assertion, of the worst. */
export function expectEntries(
  got: Float64Array,
  rows: number,
  cols: number,
  expected: (i: number, j: number) => Entry,
  what: string,
): void {
  let worst = 0;
  let message = "";
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const entry = expected(i, j);
      if (!entry) continue;
      const x = got[i * cols + j];
      const error = x === entry.value ? 0 : Math.abs(x - entry.value) / (entry.bound || Number.MIN_VALUE);
      if (error <= worst) continue;
      worst = error;
      message = `(${i}, ${j}) is ${x}, expected ${entry.value} ± ${entry.bound}`;
      if (Number.isNaN(error)) expect.fail(`${what}: ${message}`);
    }
  }
  expect(worst, `${what}: ${message}`).toBeLessThanOrEqual(1);
}

/** The op did what it was asked: status 0. `what` names the op and its sizes. */
export function expectDone(info: number, what: string): void {
  expect(info, `${what}: status ${info}, expected 0 (done)`).toBe(0);
}

/** Same bits, NaNs included. */
export function expectSameBits(got: Float64Array, expected: Float64Array, what: string): void {
  const [x, y] = [got, expected].map((values) => new BigUint64Array(values.buffer, values.byteOffset, values.length));
  expect(x.length).toBe(y.length);
  const at = x.findIndex((bits, i) => bits !== y[i]);
  if (at >= 0) expect.fail(`${what}: element ${at} is ${got[at]}, expected the bits of ${expected[at]}`);
}

/** Partitions of [0, n), out of order, off the edges of tiles, with an empty and a one-row range. */
function partitions(n: number): Range[][] {
  return [
    [
      [0, 5],
      [5, 17],
      [17, n],
    ],
    [
      [17, n],
      [5, 17],
      [0, 5],
    ],
    [
      [2, 30],
      [n - 1, n],
      [0, 1],
      [9, 9],
      [30, n - 1],
      [1, 2],
    ],
  ];
}

/** `run` on each partition of [0, n) gives the bits of the run on [0, n). */
export function expectSplitsAgree(n: number, run: (ranges: Range[]) => Float64Array, what: string): void {
  const whole = run([[0, n]]);
  for (const ranges of partitions(n)) {
    expectSameBits(run(ranges), whole, `${what}, ranges ${ranges.map((range) => `[${range})`).join(" ")}`);
  }
}

/** [n, m, d]: vectors of 2, groups of 8, the switch from axpys to a product at d = 4, tiles of 6 and 4. */
export const LAYERS = [
  [1, 1, 1],
  [3, 2, 1],
  [2, 3, 1],
  [5, 7, 2],
  [4, 8, 3],
  [7, 9, 4],
  [6, 5, 5],
  [13, 17, 7],
  [25, 6, 11],
  [3, 1025, 2],
  [2, 390, 6],
  [0, 3, 2],
  [3, 0, 2],
  [4, 5, 0],
];
