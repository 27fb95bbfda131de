/** What a property is, and the words in which it speaks: answers, bounds, symmetric and definite matrices. */
import type fc from "fast-check";
import type { Matrix, Ntk } from "../../src/index.js";
import { refusal, wrongIn } from "../bad/refusals.js";
import { jacobi } from "../oracle/spectrum.js";
import type { Rows } from "./arbitraries.js";

/** What answers: a variant in each precision, and the JavaScript backend beside it. */
export interface Bench {
  ntk: Ntk;
  single: Ntk;
  other: Ntk;
}

export interface Property<C> {
  name: string;
  /** How many cases it gets beside the others. */
  share: number;
  arbitrary: fc.Arbitrary<C>;
  /** Throws where the property does not hold. */
  check(bench: Bench, given: C): void | Promise<void>;
}

/** A property among others: its cases are its own business. */
export type AnyProperty = Property<never>;

export function property<C>(
  name: string,
  arbitrary: fc.Arbitrary<C>,
  check: (bench: Bench, given: C) => void | Promise<void>,
  share = 1,
): AnyProperty {
  return { name, share, arbitrary, check } as unknown as AnyProperty;
}

export const EPS = Number.EPSILON;
/** ε of float32. */
export const EPS32 = 2 ** -23;
/** The smallest double > 0: what underflow may cost an entry. */
export const TINY = 5e-324;

/** Throws unless a sentence is true. */
export function demand(holds: boolean, sentence: () => string): void {
  if (!holds) throw new Error(sentence());
}

/** What a call gave, all of it finite; undefined where a typed error refused it. */
export function attempt<T>(of: string, call: () => T): T | undefined {
  let value: T;
  try {
    value = call();
  } catch (error) {
    const wrong = refusal(of, error);
    demand(wrong.length === 0, () => wrong.join("\n"));
    return undefined;
  }
  const wrong = wrongIn(of, value);
  demand(wrong.length === 0, () => wrong.join("\n"));
  return value;
}

/** {@link attempt} of what comes later. */
export async function attemptLater<T>(of: string, call: () => Promise<T>): Promise<T | undefined> {
  try {
    const value = await call();
    return attempt(of, () => value);
  } catch (error) {
    if (error instanceof Error && error.name === "StreamError") return undefined;
    return attempt<T>(of, () => {
      throw error;
    });
  }
}

/** Each number is within its bound of the other; equal infinities are no distance apart. */
export function near(
  what: string,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  bound: number | ((at: number) => number),
): void {
  demand(got.length === expected.length, () => `${what}: ${got.length} numbers, expected ${expected.length}`);
  for (let at = 0; at < got.length; at++) {
    if (got[at] === expected[at]) continue;
    const allowed = typeof bound === "number" ? bound : bound(at);
    demand(
      Math.abs(got[at] - expected[at]) <= allowed,
      () => `${what}: entry ${at} is ${got[at]}; expected ${expected[at]} ± ${allowed}`,
    );
  }
}

export function sameBits(what: string, got: ArrayLike<number>, expected: ArrayLike<number>): void {
  demand(got.length === expected.length, () => `${what}: ${got.length} numbers, expected ${expected.length}`);
  for (let at = 0; at < got.length; at++)
    demand(Object.is(got[at], expected[at]), () => `${what}: entry ${at} is ${got[at]}; expected ${expected[at]}`);
}

export const rowsIn = ({ data, rows, cols }: Matrix): Rows =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));

/** The largest size of a number. */
export const largest = (list: Iterable<number>): number => {
  let top = 0;
  for (const x of list) top = Math.max(top, Math.abs(x));
  return top;
};

/** A power of two about as large as the largest number; 1 for zeros. */
export function unitOf(list: Iterable<number>): number {
  const top = largest(list);
  return top === 0 || !Number.isFinite(top) ? 1 : 2 ** Math.max(-1022, Math.min(1022, Math.floor(Math.log2(top))));
}

/** Symmetric to the bit, and no eigenvalue below −c·n·ε of the trace. */
export function definite(what: string, { data, rows: n }: Matrix, c = 16, eps = EPS): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++)
      demand(
        Object.is(data[i * n + j], data[j * n + i]),
        () => `${what} is not symmetric at ${i}, ${j}: ${data[i * n + j]} and ${data[j * n + i]}`,
      );
  if (!data.every(Number.isFinite)) return;
  const unit = unitOf(data);
  const A = Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * n, (i + 1) * n), (x) => x / unit));
  const trace = A.reduce((sum, row, i) => sum + Math.abs(row[i]), 0);
  const [least] = jacobi(A).values;
  // Entries lose 5e-324 each where they underflow.
  const allowed = c * n * eps * trace + (c * n * TINY) / unit;
  demand(least >= -allowed, () => `${what} has the eigenvalue ${least * unit}, trace ${trace * unit}`);
}
