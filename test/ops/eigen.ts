/**
 * What the suites of deigh share: its tolerance, random matrices, and the check of large ones in n² work beside the
 * decomposition.
 */
import { expect } from "vitest";
import type { Context } from "../../src/context.js";
import { generator } from "../setup/random.js";
import { EPS, expectDone } from "./harness.js";

export type Getter = (i: number, j: number) => number;

/**
 * A backward stable eigensolver errs by a modest multiple of n ε ‖A‖₂ (LAPACK Users' Guide, §4.7): measured here are
 * at most 1.5 n ε; 4 leaves room for other orders of summation.
 */
export const C = 4;

export function randomSymmetric(n: number, seed = n): Getter {
  const next = generator(seed);
  const data = Float64Array.from({ length: n * n }, next);
  return (i, j) => data[Math.max(i, j) * n + Math.min(i, j)];
}

const largest = (values: Float64Array) => values.reduce((top, x) => Math.max(top, x), 0);

/** A random n×n matrix, by products with random vectors: Vᵀ V x = x and VᵀΛV x = A x. */
export function checkLarge({ ops, arena }: Context, n: number): void {
  const entry = randomSymmetric(n);
  arena.run(() => {
    const [a, w, x, y, z] = [arena.alloc(n * n), arena.alloc(n), arena.alloc(n), arena.alloc(n), arena.alloc(n)];
    const before = Float64Array.from({ length: n * n }, (_, at) => entry(Math.floor(at / n), at % n));
    arena.view(a, n * n).set(before);
    const work = arena.allocBytes(ops.deighScratchBytes(1, n));
    expectDone(ops.deigh(1, n, a, n, w, work), `deigh, n = ${n}`);
    const values = arena.copyOut(w, n);
    const norm = Math.max(Math.abs(values[0]), Math.abs(values[n - 1]));
    const next = generator(9);
    arena.view(x, n).set(Float64Array.from({ length: n }, next));
    ops.dgemv(0, n, n, 1, a, n, x, 0, y);
    const vt = work;
    ops.dtranspose(n, n, a, n, vt, n);
    ops.dgemv(0, n, n, 1, vt, n, y, 0, z);
    const size = Math.sqrt(n);
    const back = arena.view(z, n).map((value, i) => Math.abs(value - arena.view(x, n)[i]));
    expect(largest(back), `Vᵀ V x − x, n = ${n}: C n ε ‖x‖`).toBeLessThanOrEqual(C * n * EPS * size);
    const scaled = arena.view(y, n).map((value, i) => value * values[i]);
    arena.view(y, n).set(scaled);
    ops.dgemv(0, n, n, 1, vt, n, y, 0, z);
    const product = arena.copyOut(z, n);
    arena.view(a, n * n).set(before);
    ops.dgemv(0, n, n, 1, a, n, x, 0, y);
    const error = arena.view(y, n).map((value, i) => Math.abs(value - product[i]));
    expect(largest(error), `A x − Vᵀ Λ V x, n = ${n}: C n ε ‖A‖ ‖x‖`).toBeLessThanOrEqual(C * n * EPS * norm * size);
    for (let i = 1; i < n; i++) expect(values[i]).toBeGreaterThanOrEqual(values[i - 1]);
  });
}
