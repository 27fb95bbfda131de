/**
 * Preconditioned conjugate gradients in float64 for (A + ridge I) x = b. A is symmetric positive semi-definite and
 * known by its products only.
 *
 * The iteration is flexible (Polak–Ribière's β, Golub & Ye 1999), because a preconditioner that computes in float32 is
 * not exactly symmetric. The recursive residual drifts, so it is only a hint: the true residual b − (A + ridge I) x
 * ends the iteration.
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

interface Solved {
  x: Float64Array;
  iterations: number;
  /** False where `most` products did not reach the backward error; x is then the last iterate. */
  converged: boolean;
}

/** Stops at ‖b − Mx‖∞ ≤ tolerance (‖M‖∞ ‖x‖∞ + ‖b‖∞), or after `most` products with M. */
export function conjugateGradients(M: Operator, b: Float64Array, tolerance: number, most: number): Solved {
  const size = maxAbs(b);
  const x = new Float64Array(M.n);
  let r = b.slice();
  let p: Float64Array | undefined;
  let rz = 0;
  let before: Float64Array | undefined;
  const small = (residual: Float64Array) => maxAbs(residual) <= tolerance * (M.norm * maxAbs(x) + size);
  for (let iterations = 0; ; iterations++) {
    if (small(r)) {
      const product = iterations > 0 ? M.times(x) : undefined;
      if (product) r = b.map((value, i) => value - product[i]);
      if (small(r)) return { x, iterations, converged: true };
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
    const q = M.times(p);
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
