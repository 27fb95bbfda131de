/**
 * Factor once, solve many: A + ridge I for a symmetric n×n matrix A whose lower triangle lies in a held block.
 * Two implementations share one interface: `cholesky.ts` (A + ridge I positive definite) and `eigen.ts` (ridge paths,
 * and the minimum-norm answer where A is singular and the ridge is 0).
 * Right-hand sides are rows, so that every op works on contiguous memory.
 */
import type { Context } from "../arena.js";
import { NotPositiveDefiniteError } from "../errors.js";

export interface Factor {
  /** `none`: the system was solved without one. */
  readonly kind: "cholesky" | "eigen" | "none";
  readonly n: number;
  readonly ridge: number;
  /** Numerical rank where the factorisation knows it: n for Cholesky. */
  readonly rank: number;
  /** True where null modes were left out: the answers are minimum-norm ones. */
  readonly truncated: boolean;
  /** λ + ridge of the mode behind each column of {@link half}; undefined where columns are not modes. */
  readonly modes: Float64Array | undefined;
  /** Columns of {@link half}'s result. */
  readonly halfWidth: number;
  /** Called while no scratch is in use, before the factor is needed: where it is made on demand it is made now. */
  ready?(): void;
  /** V with V Vᵀ = B (A + ridge I)⁻¹ Bᵀ for the rows of B (rows×n in scratch, may be overwritten): address of rows×halfWidth. */
  half(b: number, rows: number): number;
  /** Rows x = (A + ridge I)⁻¹ b, in place. */
  solve(b: number, rows: number): void;
  /** Projects rows onto what the kept modes span, in place: nothing changes unless {@link truncated}. */
  project(b: number, rows: number): void;
  /** log |A + ridge I|. */
  logDeterminant(): number;
  /** Diagonal of (A + ridge I)⁻¹. */
  inverseDiagonal(): Float64Array;
  /** Gives the held memory back. */
  free(): void;
}

/** Rows of a tile of right-hand sides n long: about 16 MiB. */
export function tileRows(n: number, rows: number): number {
  return Math.max(1, Math.min(rows, Math.floor(2 ** 21 / Math.max(1, n))));
}

/** The level below which an eigenvalue or a pivot is rounding (MATH.md §4 and §7): n ε times the largest. */
export function roundingLevel(n: number, largest: number): number {
  return n * Number.EPSILON * largest;
}

/**
 * Largest diagonal entry of the positive semi-definite matrix at `a`; as no other entry is larger, all are finite with it.
 *
 * @throws RangeError where a diagonal entry is not finite.
 */
export function maxDiagonal({ arena }: Context, n: number, a: number): number {
  let top = 0;
  for (let i = 0; i < n; i++) {
    const value = arena.view(a + i * (n + 1) * 8, 1)[0];
    if (!Number.isFinite(value)) throw overflow(i, i, value);
    top = Math.max(top, value);
  }
  return top;
}

/** The error of a kernel entry that is not finite. */
export function overflow(row: number, column: number, value: number): RangeError {
  return new RangeError(
    `the kernel overflows float64 at row ${row}, column ${column} (${value}); rescale the inputs or the weights`,
  );
}

/** The error of a pivot at rounding level beside a diagonal of `top`. */
export function notPositiveDefinite(pivot: number, n: number, ridge: number, top: number): NotPositiveDefiniteError {
  const what = ridge > 0 ? `the kernel plus ridge ${ridge}` : "the kernel without a ridge";
  const why = ridge > 0 ? "the ridge is lost in" : "its row repeats others up to";
  return new NotPositiveDefiniteError(
    `${what} is not positive definite at pivot ${pivot} of ${n}: ${why} rounding beside a diagonal of ${top}, ` +
      `or the kernel is indefinite; use a ridge above ${roundingLevel(n, top)}, or fit with 0 for the minimum-norm answer`,
    pivot,
    ridge,
  );
}
