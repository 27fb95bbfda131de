/**
 * The eigendecomposition as a `Factor`: A = UΛUᵀ, kept as the rows of W = (Λ + ridge)^−½ Uᵀ, so that
 * (A + ridge I)⁻¹ = Wᵀ W. It serves ridge paths (one decomposition for all ridges) and ridge 0 on a singular matrix:
 * modes with |λ| ≤ nε λ_max are left out, which gives the minimum-norm answer (MATH.md §7). That rule is the one by which
 * null modes do not move in gradient descent (MATH.md §4), so both agree; and unlike a truncated pivoted Cholesky
 * factor, whose normal equations square the condition number, its error grows like κε.
 */
import type { Context } from "../arena.js";
import { ConvergenceError, NotPositiveDefiniteError } from "../errors.js";
import { type Factor, maxDiagonal, roundingLevel } from "./factor.js";

/** Eigenvalues ascending, eigenvectors in the rows of an n×n held block. */
export interface Spectrum {
  values: Float64Array;
  vectors: number;
}

/**
 * Decomposes the lower triangle at `a` (n×n) in place; with `vectors: false` the block is destroyed.
 *
 * @throws ConvergenceError; RangeError where the diagonal is not finite.
 */
export function decompose(context: Context, n: number, a: number, vectors: boolean): Float64Array {
  const { ops, arena } = context;
  maxDiagonal(context, n, a);
  return arena.run(() => {
    const w = arena.alloc(n);
    const flag = vectors ? 1 : 0;
    const info = ops.deigh(flag, n, a, n, w, arena.allocBytes(ops.deighScratchBytes(flag, n)));
    if (info > 0) {
      throw new ConvergenceError(
        `eigenvalue ${info - 1} of ${n} did not converge; the matrix may hold entries of very different size: rescale it`,
      );
    }
    return arena.copyOut(w, n);
  });
}

/** Safety factor on nε‖A‖ before a negative eigenvalue counts as real. */
const NEGATIVE = 10;

/**
 * The level up to which an eigenvalue is rounding, and its mode a null mode.
 *
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative.
 */
export function nullLevel(values: Float64Array, ridge: number): number {
  const n = values.length;
  const level = roundingLevel(n, Math.max(Math.abs(values[0] ?? 0), values[n - 1] ?? 0));
  if (values[0] < -NEGATIVE * level) {
    throw new NotPositiveDefiniteError(
      `the kernel has the eigenvalue ${values[0]} beside a largest of ${values[n - 1]}: it is not positive semi-definite; ` +
        "check kernel(X, X2), or add a ridge above its size",
      -1,
      ridge,
    );
  }
  return level;
}

/** Coordinates of `count` rows (each n long) in the eigenbasis: B Uᵀ for the rows of B. */
export function project(context: Context, spectrum: Spectrum, rows: Float64Array, count: number): Float64Array {
  return timesVectors(context, spectrum, rows, count, 1);
}

/** The rows with these coordinates: the inverse of {@link project}. */
export function combine(context: Context, spectrum: Spectrum, rows: Float64Array, count: number): Float64Array {
  return timesVectors(context, spectrum, rows, count, 0);
}

function timesVectors(
  { ops, arena }: Context,
  { values, vectors }: Spectrum,
  rows: Float64Array,
  count: number,
  transB: 0 | 1,
): Float64Array {
  const n = values.length;
  return arena.run(() => {
    const [b, out] = [arena.copyIn(rows), arena.alloc(count * n)];
    const work = arena.allocBytes(ops.dgemmScratchBytes(count, n, n));
    ops.dgemm(0, transB, 0, count, n, n, 1, b, n, vectors, n, 0, out, n, work);
    return arena.copyOut(out, count * n);
  });
}

/**
 * Turns a decomposition into a factor for one ridge, in its held block.
 *
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative.
 */
export function factorEigen(context: Context, { values, vectors }: Spectrum, ridge: number): Factor {
  const n = values.length;
  const level = nullLevel(values, ridge);
  // Ascending: the modes kept are the last ones. With a ridge every mode counts, null ones as λ = 0.
  const first = ridge > 0 ? 0 : values.findIndex((value) => value > level);
  const start = first < 0 ? n : first;
  const shifted = values.subarray(start).map((value) => (value > level ? value : 0) + ridge);
  for (let i = start; i < n; i++) {
    const scale = 1 / Math.sqrt(shifted[i - start]);
    const row = context.arena.view(vectors + i * n * 8, n);
    for (let j = 0; j < n; j++) row[j] *= scale;
  }
  return new EigenFactor(context, n, vectors, start, shifted, ridge, values.filter((value) => value > level).length);
}

class EigenFactor implements Factor {
  readonly kind = "eigen";
  readonly truncated: boolean;
  readonly halfWidth: number;
  readonly #context: Context;
  readonly #block: number;
  readonly #w: number;

  constructor(
    context: Context,
    readonly n: number,
    block: number,
    start: number,
    readonly modes: Float64Array,
    readonly ridge: number,
    readonly rank: number,
  ) {
    this.#context = context;
    this.#block = block;
    this.#w = block + start * n * 8;
    this.halfWidth = n - start;
    this.truncated = start > 0;
  }

  half(b: number, rows: number): number {
    const out = this.#context.arena.alloc(rows * this.halfWidth);
    this.#gemm(1, rows, this.halfWidth, this.n, b, this.n, out);
    return out;
  }

  solve(b: number, rows: number): void {
    this.#context.arena.run(() => {
      const half = this.half(b, rows);
      this.#gemm(0, rows, this.n, this.halfWidth, half, this.halfWidth, b);
    });
  }

  project(b: number, rows: number): void {
    const { arena } = this.#context;
    arena.run(() => {
      const half = this.half(b, rows);
      const view = arena.view(half, rows * this.halfWidth);
      for (let at = 0; at < view.length; at++) view[at] *= this.modes[at % this.halfWidth];
      this.#gemm(0, rows, this.n, this.halfWidth, half, this.halfWidth, b);
    });
  }

  logDeterminant(): number {
    return this.modes.reduce((sum, value) => sum + Math.log(value), 0);
  }

  inverseDiagonal(): Float64Array {
    const { arena } = this.#context;
    const result = new Float64Array(this.n);
    for (let i = 0; i < this.halfWidth; i++) {
      const row = arena.view(this.#w + i * this.n * 8, this.n);
      for (let j = 0; j < this.n; j++) result[j] += row[j] * row[j];
    }
    return result;
  }

  free(): void {
    this.#context.arena.free(this.#block);
  }

  /** C = B Wᵀ (`transW = 1`) or B W. */
  #gemm(transW: 0 | 1, rows: number, n: number, k: number, b: number, ldb: number, c: number): void {
    const { ops, arena } = this.#context;
    arena.run(() => {
      const work = arena.allocBytes(ops.dgemmScratchBytes(rows, n, k));
      ops.dgemm(0, transW, 0, rows, n, k, 1, b, ldb, this.#w, this.n, 0, c, n, work);
    });
  }
}
