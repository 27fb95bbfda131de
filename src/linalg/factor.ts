/**
 * Factor once, solve many: A + ridge I for a symmetric n×n matrix A whose lower triangle lies in a held block.
 *
 * Two implementations share one interface:
 *
 * - `cholesky.ts`: A + ridge I is positive definite, with one ridge.
 * - `eigen.ts`: ridge paths, a ridge for each right-hand side, and the minimum-norm answer where A is singular and the
 *   ridge is 0 or lost in rounding.
 *
 * There is one ridge for all right-hand sides, or one for each. The index k of the methods counts ridges. Right-hand
 * sides are rows, so that every op works on contiguous memory.
 */
import { NotPositiveDefiniteError } from "../errors.js";
import type { View } from "./view.js";

/** What a factorisation found out about A. */
export interface Findings {
  readonly kind: "cholesky" | "eigen";
  /** Numerical rank of A; undefined where the factorisation does not know it. */
  readonly rank: number | undefined;
  /** True where at least one ridge leaves null modes out: the answers are then minimum-norm ones. */
  readonly truncated: boolean;
  /** 2-norm condition number of the system over the kept modes; undefined where the factorisation does not know it. */
  readonly conditionNumber: number | undefined;
  /** What the factorisation had to do to A, a sentence each. */
  readonly notes: readonly string[];
}

export interface Factor {
  readonly n: number;
  readonly findings: Findings;
  /**
   * V with V Vᵀ = B (A + ridge_k I)⁻¹ Bᵀ for the rows of B, packed, in scratch. B may be overwritten if there is one
   * ridge.
   */
  half(B: View, k?: number): View;
  /** Diagonals of B (A + ridge_k I)⁻¹ Bᵀ, rows × ridges. B, packed, in scratch, may be overwritten. */
  explained(B: View): Float64Array;
  /** Replaces each row b of B by (A + ridge I)⁻¹ b; B is packed. Row k uses ridge k, or every row the only ridge. */
  solve(B: View): void;
  /** Projects the rows of B onto the span of the kept modes, in place. B changes only where modes were left out. */
  project(B: View): void;
  /** V with V Vᵀ = B P Bᵀ, where P projects onto the kept modes. B, packed, in scratch, may be overwritten. */
  projected(B: View): View;
  /** log |A + ridge_k I|; undefined where null modes were left out. */
  logDeterminant(k: number): number | undefined;
  /** Diagonal of (A + ridge_k I)⁻¹. */
  inverseDiagonal(k: number): Float64Array;
  /** tr A(A + ridge_k I)⁻¹, in [0, n]. It is the rank where the ridge is 0. */
  degreesOfFreedom(k: number): number;
  /** Gives the held memory back. */
  free(): void;
}

/** Rows of a tile of right-hand sides, each n long: about 16 MiB. */
export function tileRows(n: number, rows: number): number {
  return Math.max(1, Math.min(rows, Math.floor(2 ** 21 / Math.max(1, n))));
}

/** The level below which an eigenvalue or a pivot is rounding (MATH.md §4 and §7): n ε times the largest. */
export function roundingLevel(n: number, largest: number): number {
  return n * Number.EPSILON * largest;
}

/**
 * Largest diagonal entry of a positive semi-definite matrix. No other entry is larger, so a finite diagonal means that
 * all entries are finite.
 *
 * @throws RangeError where a diagonal entry is not finite.
 */
export function maxDiagonal(A: View): number {
  return A.diagonal().reduce((top, value, i) => {
    if (!Number.isFinite(value)) throw overflow(i, i, value);
    return Math.max(top, value);
  }, 0);
}

/** The error for a kernel entry that is not finite. */
export function overflow(row: number, column: number, value: number): RangeError {
  return new RangeError(
    `the kernel overflows float64 at row ${row}, column ${column} (${value}); rescale the inputs or the weights`,
  );
}

/**
 * A ridge with which a matrix of this smallest and largest eigenvalue is positive definite in floating point. The
 * eigenvalues are known to nε‖A‖. A Cholesky pivot has an error of the same size, and has to exceed nε times its
 * diagonal entry. The ridge is rounded up to two digits.
 */
export function sufficientRidge(n: number, smallest: number, largest: number): number {
  const enough = Math.max(0, -smallest) + SAFETY * roundingLevel(n, Math.max(largest, -smallest));
  if (enough === 0) return Number.MIN_VALUE;
  const digit = 10 ** (Math.floor(Math.log10(enough)) - 1);
  const rounded = Math.ceil(enough / digit) * digit;
  return Number.isFinite(rounded) && rounded >= enough ? rounded : enough;
}

const SAFETY = 16;

/** A ridge as messages show it: short, and never rounded down. */
export function showRidge(ridge: number): string {
  return Number(ridge.toPrecision(2)) >= ridge ? String(Number(ridge.toPrecision(2))) : String(ridge);
}

/**
 * The error for a pivot of A + ridge I (n×n) at rounding level, where ‖A‖ ≤ `norm` (the trace of a kernel). For a
 * kernel, the old ridge plus `norm` times the rounding level is enough. For an indefinite A, only the eigenvalues tell.
 */
export function notPositiveDefinite(pivot: number, n: number, ridge: number, norm: number): NotPositiveDefiniteError {
  const what = ridge > 0 ? `the kernel plus ridge ${ridge}` : "the kernel without a ridge";
  const why = ridge > 0 ? "the ridge is lost in" : "its row repeats others up to";
  return new NotPositiveDefiniteError(
    `${what} is not positive definite at pivot ${pivot} of ${n}: ${why} rounding beside a kernel of size ${norm}, or the kernel is indefinite; ` +
      `use a ridge above ${showRidge(sufficientRidge(n, 0, norm))}, or fit anew, which leaves null modes out`,
    pivot,
    ridge,
  );
}

/**
 * Backward error of a direct float64 solve: Nε. In small systems it is a few ε, because the product itself is no
 * better.
 */
export function roundingTolerance(n: number): number {
  return Math.max(n, 16) * Number.EPSILON;
}
