/**
 * The Cholesky factor as a `Factor`: A + ridge I = L Lᵀ. L starts in the held block that A came in.
 *
 * The factor can follow changes of A. New rows go last in L, whatever their place in A, so L has an order of its own.
 * Callers do not see that order.
 */
import type { Context } from "../context.js";
import { MemoryLimitError } from "../errors.js";
import { potrf, rankOneDowndate, rankOneUpdate, rowDots, substitute, trsm } from "./blas.js";
import { appendRows, copyTriangle, deleteRows } from "./choleskyEdits.js";
import type { Factor, Findings } from "./factor.js";
import { hold, scratch, type View } from "./view.js";

/** A pivot that stopped the factorisation. */
interface FailedPivot {
  failedPivot: number;
}

/**
 * Factors the lower triangle of A (n×n, held) in place. A pivot that cancels to `tolerance` of its diagonal entry is a
 * failure. The contents of the block are then lost: its owner refills or frees it.
 *
 * @param count the ridges that this one stands for: right-hand sides may have a ridge each, if all are equal.
 */
export function factorCholesky(A: View, ridge: number, tolerance: number, count = 1): Factor | FailedPivot {
  A.shift(ridge);
  const info = potrf(A, tolerance);
  return info > 0 ? { failedPivot: info - 1 } : new CholeskyFactor(A, ridge, count);
}

/** L by rows, packed. `order` has the row of A behind each row of L, where the two differ. */
export interface PackedFactor {
  rows: Float64Array;
  order: Float64Array | undefined;
}

/**
 * The least 1 − |p|² of {@link CholeskyFactor.takeOff}. The error of a downdate is at most the error of a fresh factor
 * divided by 1 − |p|².
 */
const LEAST_REST = 1 / 16;

/** A Cholesky factorisation that succeeds knows nothing more of A. */
export const CHOLESKY: Findings = {
  kind: "cholesky",
  rank: undefined,
  truncated: false,
  conditionNumber: undefined,
  notes: [],
};

export class CholeskyFactor implements Factor {
  readonly findings = CHOLESKY;
  /** L: the leading block of a held matrix that may be larger. */
  #L: View;
  /** The row of A behind each row of L; undefined where the two agree everywhere. */
  #order: Int32Array | undefined;
  /** True where rows have come or gone: a fresh factor of A would have other bits. */
  #edited = false;

  constructor(
    L: View,
    readonly ridge: number,
    /** How many equal ridges it stands for. */
    readonly count = 1,
  ) {
    this.#L = L;
  }

  /** A factor from the result of {@link pack}, in a held block of its own. @throws MemoryLimitError */
  static unpack(context: Context, n: number, ridges: Float64Array, { rows, order }: PackedFactor): CholeskyFactor {
    const L = hold(context, n, n);
    for (let i = 0, at = 0; i < n; at += ++i) L.row(i, i + 1).set(rows.subarray(at, at + i + 1));
    const factor = new CholeskyFactor(L, ridges[0], ridges.length);
    factor.#order = order && Int32Array.from(order);
    factor.#edited = true;
    return factor;
  }

  /** L and its order as plain numbers; undefined where a fresh factor of A has the same bits. */
  pack(): PackedFactor | undefined {
    if (!this.#edited) return undefined;
    const { n } = this;
    const rows = new Float64Array((n * (n + 1)) / 2);
    for (let i = 0, at = 0; i < n; at += ++i) rows.set(this.#L.row(i, i + 1), at);
    return { rows, order: this.#order && Float64Array.from(this.#order) };
  }

  get n(): number {
    return this.#L.rows;
  }

  half(B: View): View {
    this.#reorder(B, (row, before, order) => {
      for (let k = 0; k < order.length; k++) row[k] = before[order[k]];
    });
    substitute(B, this.#L.t);
    return B;
  }

  solve(B: View): void {
    substitute(this.half(B), this.#L);
    this.#reorder(B, (row, before, order) => {
      for (let k = 0; k < order.length; k++) row[order[k]] = before[k];
    });
  }

  explained(B: View): Float64Array {
    const values = rowDots(this.half(B));
    const { count } = this;
    return count === 1
      ? values
      : Float64Array.from({ length: values.length * count }, (_, at) => values[Math.floor(at / count)]);
  }

  project(): void {}

  projected(B: View): View {
    return B;
  }

  degreesOfFreedom(): number {
    const { n, ridge } = this;
    if (ridge === 0) return n;
    // The trace is a sum of n eigenvalues in [0, 1]; rounding must not carry it outside [0, n].
    return Math.min(n, Math.max(0, n - ridge * this.inverseDiagonal().reduce((sum, x) => sum + x, 0)));
  }

  logDeterminant(): number {
    return 2 * this.#L.diagonal().reduce((sum, pivot) => sum + Math.log(pivot), 0);
  }

  /**
   * Squared column norms of L⁻¹. Row i of L⁻ᵀ starts at column i, so a block of rows needs only the trailing triangle.
   */
  inverseDiagonal(): Float64Array {
    const { n } = this;
    const { context } = this.#L;
    const result = new Float64Array(n);
    const block = 128;
    for (let i = 0; i < n; i += block) {
      const [rows, width] = [Math.min(block, n - i), n - i];
      context.arena.run(() => {
        const B = scratch(context, rows, width);
        B.entries().fill(0);
        B.shift(1);
        trsm(B, this.#L.block(i, i, width, width).t);
        rowDots(B).forEach((value, r) => {
          result[this.#order?.[i + r] ?? i + r] = value;
        });
      });
    }
    return result;
  }

  /**
   * Makes room for order n and an eighth more, so that points may come one by one. The scratch stack has to be empty.
   *
   * @throws MemoryLimitError
   */
  reserve(n: number): void {
    if (n <= this.#L.ld) return;
    try {
      this.#move(n + Math.max(8, n >>> 3));
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      this.#move(n);
    }
  }

  /**
   * Removes and adds rows and columns of A. Row i of the new A is row `from[i]` of the old one. Where `from[i]` is -1,
   * the row is new: its entries, without the ridge, are the next row of `rows`. Call {@link reserve} first.
   *
   * @throws NotPositiveDefiniteError, RangeError, MemoryLimitError: the factor is as before then, to the bit.
   */
  exchange(from: Int32Array, rows: View): void {
    const to = new Int32Array(this.n).fill(-1);
    const come: number[] = [];
    from.forEach((old, i) => {
      if (old < 0) come.push(i);
      else to[old] = i;
    });
    const moved = this.#order?.map((row) => to[row]) ?? to;
    const kept = moved.filter((row) => row >= 0);
    const order = new Int32Array(from.length);
    order.set(kept);
    order.set(come, kept.length);
    const gone = [...moved.keys()].filter((k) => moved[k] < 0);
    this.#L.context.arena.run(() => {
      const { rest, undo } = deleteRows(this.#L, gone);
      try {
        this.#L = appendRows(rest, order, rows, this.ridge);
      } catch (error) {
        undo();
        throw error;
      }
    });
    this.#order = order;
    this.#edited = true;
  }

  /** The same factor in a held block of its own. The scratch stack has to be empty. */
  copy(): CholeskyFactor {
    const { n } = this;
    const copy = new CholeskyFactor(copyTriangle(this.#L, hold(this.#L.context, n, n)), this.ridge, this.count);
    copy.#edited = this.#edited;
    return copy;
  }

  /** A becomes A + xxᵀ; the row x is destroyed. */
  add(x: View): void {
    this.#edited = true;
    rankOneUpdate(this.#L, x);
  }

  /**
   * A becomes A − xxᵀ; the row x is destroyed. Returns false and leaves A where the downdate would take most of A in
   * some direction: the digits of A there would go with it.
   */
  takeOff(x: View): boolean {
    this.#edited = true;
    return rankOneDowndate(this.#L, x, LEAST_REST) === 0;
  }

  free(): void {
    this.#L.context.arena.free(this.#L.at);
  }

  /** Moves L into a held matrix of order `size`. */
  #move(size: number): void {
    const old = this.#L;
    const { n } = this;
    this.#L = copyTriangle(old, hold(old.context, size, size).block(0, 0, n, n));
    old.context.arena.free(old.at);
  }

  /** Calls `body(row, its copy, order)` for each row of B, where L has an order of its own. */
  #reorder(B: View, body: (row: Float64Array, before: Float64Array, order: Int32Array) => void): void {
    if (!this.#order) return;
    const before = new Float64Array(this.n);
    for (let i = 0; i < B.rows; i++) {
      const row = B.row(i);
      before.set(row);
      body(row, before, this.#order);
    }
  }
}
