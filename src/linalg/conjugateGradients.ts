/**
 * Preconditioned conjugate gradients in float64 for (A + ridge I) x = b. A is symmetric positive semi-definite and
 * known by its products only.
 *
 * The iteration is flexible (Polak–Ribière's β, Golub & Ye 1999), because a preconditioner that computes in float32 is
 * not exactly symmetric. The recursive residual drifts, so it is only a hint: the true residual b − (A + ridge I) x
 * ends the iteration.
 *
 * An iteration is a coroutine. It yields a vector and is given its product. Several of them share one product of a
 * matrix with a matrix, and long ones pause.
 */
import { dot, maxAbs } from "./vectors.js";

/** A system to solve. Vectors of length n belong to JavaScript. */
export interface Operator {
  readonly n: number;
  /** (A + ridge I) v, a new vector. */
  times(v: Float64Array): Float64Array;
  /** An approximate solution of (A + ridge I) z = r, a new vector. */
  precondition(r: Float64Array): Float64Array;
  /** ‖A + ridge I‖∞, or an estimate of it: the backward error is relative to this. */
  readonly norm: number;
}

/** A product that an iteration waits for. */
export interface Wanted {
  /** The vector to multiply. */
  v: Float64Array;
  /** Steps done. */
  iteration: number;
  /** ‖r‖∞ / (‖M‖∞ ‖x‖∞ + ‖b‖∞), r by its recurrence. */
  residual: number;
  /** The iterate so far. */
  x: Float64Array;
}

export interface Solved {
  x: Float64Array;
  iterations: number;
  /** False where `most` products did not reach the backward error; x is then the last iterate. */
  converged: boolean;
}

/** Stops at ‖b − Mx‖∞ ≤ tolerance (‖M‖∞ ‖x‖∞ + ‖b‖∞), or after `most` products with M. */
export function conjugateGradients(M: Operator, b: Float64Array, tolerance: number, most: number): Solved {
  const steps = conjugateSteps(M, b, tolerance, most);
  let step = steps.next();
  while (!step.done) step = steps.next(M.times(step.value.v));
  return step.value;
}

/** A coroutine's state: its wish or its result. */
type Step<Wish, Result> = IteratorResult<Wish, Result>;

/** Runs coroutines side by side: `times` gets the vectors of all that have not ended. */
export function together<Result>(
  runs: readonly Generator<{ v: Float64Array }, Result, Float64Array>[],
  times: (vectors: Float64Array[]) => Float64Array[],
): Result[] {
  const steps: Step<{ v: Float64Array }, Result>[] = runs.map((run) => run.next());
  for (;;) {
    const open = [...steps.keys()].filter((i) => !steps[i].done);
    if (open.length === 0) return steps.map(({ value }) => value as Result);
    const products = times(open.map((i) => (steps[i].value as { v: Float64Array }).v));
    open.forEach((i, k) => {
      steps[i] = runs[i].next(products[k]);
    });
  }
}

/** {@link conjugateGradients} as a coroutine: it is given M times each vector that it yields. */
export function* conjugateSteps(
  M: Omit<Operator, "times">,
  b: Float64Array,
  tolerance: number,
  most: number,
): Generator<Wanted, Solved, Float64Array> {
  const size = maxAbs(b);
  const x = new Float64Array(M.n);
  let r = b.slice();
  let p: Float64Array | undefined;
  let rz = 0;
  let before: Float64Array | undefined;
  for (let iterations = 0; ; iterations++) {
    const bound = M.norm * maxAbs(x) + size;
    let rest = maxAbs(r);
    if (rest <= tolerance * bound) {
      if (iterations === 0) return { x, iterations, converged: true };
      const product = yield { v: x, iteration: iterations, residual: rest / bound, x };
      r = b.map((value, i) => value - product[i]);
      rest = maxAbs(r);
      if (rest <= tolerance * bound) return { x, iterations, converged: true };
      // The recursion has drifted: start again from the true residual.
      p = undefined;
    }
    if (iterations >= most) return { x, iterations, converged: false };
    const z = M.precondition(r);
    const next = dot(r, z);
    const beta = p && before ? (next - dot(before, z)) / rz : 0;
    const from = p;
    p = from ? z.map((value, i) => value + beta * from[i]) : z;
    rz = next;
    const q = yield { v: p, iteration: iterations, residual: rest / bound, x };
    const alpha = rz / dot(p, q);
    // M or its preconditioner is not positive definite in this direction, so no step along it is right.
    if (!(alpha > 0 && alpha < Infinity)) return { x, iterations, converged: false };
    before = r.slice();
    for (let i = 0; i < x.length; i++) {
      x[i] += alpha * p[i];
      r[i] -= alpha * q[i];
    }
  }
}
