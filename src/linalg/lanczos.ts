/**
 * The minimum-norm solution of Ax = b for a positive semi-definite A, singular to rounding or not. A is known by its
 * products only.
 *
 * Lanczos starts from b with full reorthogonalisation (Golub & Van Loan 10.3). The small tridiagonal matrix is
 * eigendecomposed, and Ritz values up to nε λ_max are left out. The dense solver (`eigen.ts`) has the same rule, so the
 * answers agree.
 *
 * A small residual alone proves nothing: an error along the null space of A leaves no residual, however large it is.
 * Here x is a combination of kept Ritz vectors, so it has no part along the null space. The iteration ends when the
 * Krylov space is exhausted, or when the change by the next direction is at rounding level beside b (not beside x,
 * which may be large).
 */
import type { Context } from "../context.js";
import type { Wanted } from "./conjugateGradients.js";
import { decompose } from "./eigen.js";
import { roundingLevel } from "./factor.js";
import { dot, norm } from "./vectors.js";
import { scratch } from "./view.js";

interface MinimumNorm {
  x: Float64Array;
  /** b without its part along the modes that were left out: the right-hand side of the solved system. */
  projected: Float64Array;
  /** Ritz values that were kept. */
  rank: number;
  iterations: number;
  /** False where `most` products were not enough. */
  converged: boolean;
}

/** A coroutine: it is given A times each vector that it yields, a new vector. */
export function* minimumNormSteps(
  context: Context,
  b: Float64Array,
  most: number,
): Generator<Wanted, MinimumNorm, Float64Array> {
  const n = b.length;
  const size = norm(b);
  const none = { x: new Float64Array(n), projected: new Float64Array(n), rank: 0, iterations: 0, converged: true };
  if (size === 0) return none;
  const basis = [b.map((value) => value / size)];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let largest = 0;
  let look = 8;
  let residual = 1;
  const iterate = () => {
    const { y } = solveSmall(context, n, size, diagonal, offDiagonal);
    return combined(basis, y);
  };
  for (;;) {
    const k = diagonal.length;
    const w = yield {
      v: basis[k],
      iteration: k,
      residual,
      // Few ask for it, and it costs as much as a step.
      get x() {
        return k === 0 ? new Float64Array(n) : iterate();
      },
    };
    diagonal.push(dot(w, basis[k]));
    // Two passes are enough (Kahan, Parlett): the basis is then orthogonal to rounding.
    for (let pass = 0; pass < 2; pass++) for (const q of basis) subtract(w, dot(w, q), q);
    const beta = norm(w);
    largest = Math.max(largest, diagonal[k] + beta, diagonal[k] + (offDiagonal[k - 1] ?? 0));
    const exhausted = k + 1 === n || beta <= roundingLevel(n, largest);
    if (exhausted || k + 1 >= look || k + 1 >= most) {
      look = Math.ceil(1.25 * look);
      const ritz = solveSmall(context, n, size, diagonal, offDiagonal);
      const rest = beta * Math.abs(ritz.y[k]);
      residual = rest / size;
      const converged = exhausted || rest <= roundingLevel(Math.max(n, 16), size);
      if (converged || k + 1 >= most) {
        const { y, kept, rank } = ritz;
        return { x: combined(basis, y), projected: combined(basis, kept), rank, iterations: k + 1, converged };
      }
    }
    offDiagonal.push(beta);
    basis.push(w.map((value) => value / beta));
  }
}

/**
 * Eigenvalues of a tridiagonal matrix, ascending, and its eigenvectors in rows: a view of scratch. `offDiagonal` may
 * be longer than it has to be. Call it inside `arena.run`.
 */
export function tridiagonalModes(
  context: Context,
  diagonal: readonly number[],
  offDiagonal: readonly number[],
): { values: Float64Array; vectors: Float64Array } {
  const k = diagonal.length;
  const T = scratch(context, k, k);
  const entries = T.entries().fill(0);
  diagonal.forEach((value, i) => {
    entries[i * (k + 1)] = value;
  });
  offDiagonal.slice(0, k - 1).forEach((value, i) => {
    entries[(i + 1) * k + i] = value;
  });
  return { values: decompose(T, true), vectors: T.entries() };
}

/** Coordinates, in the Lanczos basis, of the solution and of the kept part of b. */
function solveSmall(context: Context, n: number, size: number, diagonal: number[], offDiagonal: number[]) {
  const k = diagonal.length;
  return context.arena.run(() => {
    const { values, vectors } = tridiagonalModes(context, diagonal, offDiagonal);
    const level = roundingLevel(n, values[k - 1]);
    const [y, kept] = [new Float64Array(k), new Float64Array(k)];
    let rank = 0;
    values.forEach((value, i) => {
      if (!(value > level)) return;
      rank++;
      const coefficient = size * vectors[i * k];
      for (let j = 0; j < k; j++) {
        kept[j] += coefficient * vectors[i * k + j];
        y[j] += (coefficient / value) * vectors[i * k + j];
      }
    });
    return { y, kept, rank };
  });
}

function combined(basis: readonly Float64Array[], coordinates: Float64Array): Float64Array {
  const result = new Float64Array(basis[0].length);
  for (let j = 0; j < coordinates.length; j++) subtract(result, -coordinates[j], basis[j]);
  return result;
}

/** w − a q, in place. */
function subtract(w: Float64Array, a: number, q: Float64Array): void {
  for (let i = 0; i < w.length; i++) w[i] -= a * q[i];
}
