/**
 * The eigendecomposition as a `Factor`: A = UΛUᵀ with eigenvectors in the rows of U, and for each ridge the weights 1/(Λ + ridge). One
 * decomposition serves all ridges: those of a path, and one for each right-hand side.
 *
 * It also solves where A is singular to rounding and the ridge is 0 or lost in rounding: modes with |λ| ≤ nε λ_max are left out, which gives the
 * minimum-norm answer (MATH.md §7). Null modes do not move in gradient descent by the same rule (MATH.md §4), so both agree. Its error grows
 * like κε; the normal equations of a truncated pivoted Cholesky factor would square κ.
 */
import type { Context } from "../context.js";
import { ConvergenceError, NotPositiveDefiniteError } from "../errors.js";
import { type Factor, maxDiagonal, roundingLevel, showRidge, sufficientRidge } from "./factor.js";

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
 * @param ridge the largest that was given, and `pivot` the one at which Cholesky has failed: for the error.
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative; its message names a ridge that is enough.
 */
export function nullLevel(values: Float64Array, ridge = 0, pivot = -1): number {
  const n = values.length;
  const [smallest, largest] = [values[0] ?? 0, values[n - 1] ?? 0];
  const level = roundingLevel(n, Math.max(Math.abs(smallest), largest));
  if (smallest < -NEGATIVE * level) {
    const enough = showRidge(sufficientRidge(n, smallest, largest));
    throw new NotPositiveDefiniteError(
      `the kernel has the eigenvalue ${smallest} beside a largest of ${largest}: it is not positive semi-definite; check kernel(X, X2), ` +
        (ridge > 0
          ? `or fit with one ridge above ${enough} in place of ${ridge}`
          : `or fit with one ridge above ${enough}`),
      pivot,
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

/** True where a ridge does not reach beyond rounding: null modes are then left out. */
export function isLost(ridge: number, level: number): boolean {
  return ridge <= level;
}

/**
 * A decomposition as a factor for one ridge, or for one ridge for each right-hand side. It takes the held block over.
 *
 * @throws NotPositiveDefiniteError where an eigenvalue is clearly negative.
 */
export function factorEigen(
  context: Context,
  { values, vectors }: Spectrum,
  ridges: Float64Array,
  failedPivot = -1,
): Factor {
  const n = values.length;
  const largest = ridges.reduce((top, ridge) => Math.max(top, ridge), 0);
  const level = nullLevel(values, largest, failedPivot);
  const lambda = values.map((value) => (value > level ? value : 0));
  const weights = Array.from(ridges, (ridge) =>
    lambda.map((value) => (value === 0 && isLost(ridge, level) ? 0 : 1 / (value + ridge))),
  );
  // Ascending: modes that every ridge leaves out are the first ones.
  const kept = values.findIndex((_, i) => weights.some((row) => row[i] > 0));
  const start = kept < 0 ? n : kept;
  return new EigenFactor(context, {
    block: vectors,
    start,
    lambda: lambda.subarray(start),
    ridges,
    weights: weights.map((row) => row.subarray(start)),
    notes: truncationNotes(values, level, ridges),
  });
}

/** What was left out, in words. */
function truncationNotes(values: Float64Array, level: number, ridges: Float64Array): string[] {
  const n = values.length;
  const nulls = values.reduce((count, value) => count + (value > level ? 0 : 1), 0);
  const lost = ridges.filter((ridge) => isLost(ridge, level));
  if (nulls === 0 || lost.length === 0) return [];
  const left = `${nulls} of its ${n} modes were left out (eigenvalues up to ${level.toPrecision(2)}): the answer is the minimum-norm one`;
  const named = lost.find((ridge) => ridge > 0);
  if (named === undefined) return [`the kernel is singular to rounding and the ridge is 0; ${left}`];
  const enough = showRidge(sufficientRidge(n, values[0], values[n - 1]));
  return [`the ridge ${named} is lost in rounding beside the kernel; ${left}; a ridge above ${enough} would count`];
}

/** What an {@link EigenFactor} is made of. Modes before `start` are left out by every ridge. */
interface Modes {
  block: number;
  start: number;
  /** Eigenvalues from `start` on, null ones as 0. */
  lambda: Float64Array;
  ridges: Float64Array;
  /** For each ridge 1/(λ + ridge), 0 where the mode is left out. */
  weights: Float64Array[];
  notes: string[];
}

class EigenFactor implements Factor {
  readonly kind = "eigen";
  readonly n: number;
  readonly halfWidth: number;
  readonly truncated: boolean;
  readonly ridges: Float64Array;
  readonly notes: readonly string[];
  readonly #context: Context;
  readonly #modes: Modes;
  /** The kept eigenvectors in rows. */
  readonly #u: number;

  constructor(context: Context, modes: Modes) {
    const { block, start, lambda, ridges, notes } = modes;
    this.n = start + lambda.length;
    this.halfWidth = lambda.length;
    this.ridges = ridges;
    this.notes = notes;
    this.#context = context;
    this.#modes = modes;
    this.#u = block + start * this.n * 8;
    this.truncated = ridges.some((_, k) => this.#isTruncated(k));
  }

  get rank(): number {
    return this.#modes.lambda.reduce((count, value) => count + (value > 0 ? 1 : 0), 0);
  }

  /** Of the worst ridge. */
  get conditionNumber(): number | undefined {
    const numbers = this.#modes.weights.map((row) => {
      const kept = row.filter((weight) => weight > 0);
      // Weights fall as eigenvalues rise.
      return kept.length === 0 ? 0 : kept[0] / kept[kept.length - 1];
    });
    return numbers.reduce((top, value) => Math.max(top, value), 0) || undefined;
  }

  half(b: number, rows: number, k = 0): number {
    const out = this.projected(b, rows);
    const roots = this.#modes.weights[k].map(Math.sqrt);
    const width = this.halfWidth;
    const view = this.#context.arena.view(out, rows * width);
    for (let i = 0; i < rows; i++) for (let j = 0; j < width; j++) view[i * width + j] *= roots[j];
    return out;
  }

  explained(b: number, rows: number): Float64Array {
    const { arena } = this.#context;
    const { weights } = this.#modes;
    const width = this.halfWidth;
    const result = new Float64Array(rows * weights.length);
    return arena.run(() => {
      const coordinates = arena.view(this.projected(b, rows), rows * width);
      for (let i = 0; i < rows; i++) {
        const row = coordinates.subarray(i * width, (i + 1) * width);
        weights.forEach((weight, k) => {
          let sum = 0;
          for (let j = 0; j < width; j++) sum += weight[j] * row[j] * row[j];
          result[i * weights.length + k] = sum;
        });
      }
      return result;
    });
  }

  solve(b: number, rows: number): void {
    this.#filter(b, rows, ({ weights }, row) => weights[weights.length > 1 ? row : 0]);
  }

  project(b: number, rows: number): void {
    const kept = this.#modes.weights.map((row) => row.map((weight) => (weight > 0 ? 1 : 0)));
    this.#filter(b, rows, (_, row) => kept[kept.length > 1 ? row : 0]);
  }

  projected(b: number, rows: number): number {
    const out = this.#context.arena.alloc(rows * this.halfWidth);
    this.#gemm(1, rows, this.halfWidth, this.n, b, this.n, out);
    return out;
  }

  logDeterminant(k: number): number | undefined {
    if (this.#isTruncated(k)) return undefined;
    return -this.#modes.weights[k].reduce((sum, weight) => sum + Math.log(weight), 0);
  }

  inverseDiagonal(k: number): Float64Array {
    const { arena } = this.#context;
    const result = new Float64Array(this.n);
    this.#modes.weights[k].forEach((weight, i) => {
      const row = arena.view(this.#u + i * this.n * 8, this.n);
      for (let j = 0; j < this.n; j++) result[j] += weight * row[j] * row[j];
    });
    return result;
  }

  degreesOfFreedom(k: number): number {
    const { lambda, weights } = this.#modes;
    return lambda.reduce((sum, value, i) => sum + value * weights[k][i], 0);
  }

  free(): void {
    this.#context.arena.free(this.#modes.block);
  }

  /** True where ridge k leaves modes out. */
  #isTruncated(k: number): boolean {
    return this.#modes.start > 0 || this.#modes.weights[k].some((weight) => weight === 0);
  }

  /** Multiplies the coordinates of rows by what `weightsOf` gives for each row, in place. */
  #filter(b: number, rows: number, weightsOf: (modes: Modes, row: number) => Float64Array): void {
    const { arena } = this.#context;
    const width = this.halfWidth;
    arena.run(() => {
      const half = this.projected(b, rows);
      const view = arena.view(half, rows * width);
      for (let i = 0; i < rows; i++) {
        const weights = weightsOf(this.#modes, i);
        for (let j = 0; j < width; j++) view[i * width + j] *= weights[j];
      }
      this.#gemm(0, rows, this.n, width, half, width, b);
    });
  }

  /** C = B Uᵀ (`transU = 1`) or B U. */
  #gemm(transU: 0 | 1, rows: number, n: number, k: number, b: number, ldb: number, c: number): void {
    const { ops, arena } = this.#context;
    arena.run(() => {
      const work = arena.allocBytes(ops.dgemmScratchBytes(rows, n, k));
      ops.dgemm(0, transU, 0, rows, n, k, 1, b, ldb, this.#u, this.n, 0, c, n, work);
    });
  }
}
