/**
 * The Cholesky factor as a `Factor`: A + ridge I = L Lᵀ, at first in the held block that A came in. It can follow its matrix: rows that
 * come go last in L, whatever their place in A, so L has an order of its own; no one outside sees it.
 */
import type { Context } from "../context.js";
import { MemoryLimitError } from "../errors.js";
import { appendRows, copyTriangle, deleteRows, substitute, type Triangle } from "./choleskyEdits.js";
import type { Factor } from "./factor.js";

/** A pivot that stopped the factorisation. */
export interface FailedPivot {
  failedPivot: number;
}

/**
 * Factors the lower triangle at `a` (n×n, held) in place. A pivot that cancels to `tolerance` of its diagonal entry is a
 * failure, and leaves the block in ruins: its owner refills or frees it.
 */
export function factorCholesky(
  context: Context,
  n: number,
  a: number,
  ridge: number,
  tolerance: number,
): Factor | FailedPivot {
  const { ops, arena } = context;
  if (ridge > 0) for (let i = 0; i < n; i++) arena.view(a + i * (n + 1) * 8, 1)[0] += ridge;
  const info = arena.run(() => ops.dpotrf(n, tolerance, a, n, arena.allocBytes(ops.dpotrfScratchBytes(n))));
  return info > 0 ? { failedPivot: info - 1 } : new CholeskyFactor(context, { l: a, ld: n, n }, ridge);
}

/** L by rows, packed, and the row of A behind each row of L where that is another. */
export interface PackedFactor {
  rows: Float64Array;
  order: Float64Array | undefined;
}

/** The least 1 − |p|² of {@link CholeskyFactor.takeOff}: the error of a downdate is that of a fresh factor divided by it, at most. */
const LEAST_REST = 1 / 16;

export class CholeskyFactor implements Factor {
  readonly kind = "cholesky";
  readonly truncated = false;
  readonly conditionNumber = undefined;
  readonly notes: readonly string[] = [];
  readonly ridges: Float64Array;
  readonly #context: Context;
  /** In a held block of ld×ld. */
  #triangle: Triangle;
  /** The row of A behind each row of L; undefined where all are the same. */
  #order: Int32Array | undefined;
  /** True where rows have come or gone: factoring A anew would give other bits. */
  #edited = false;

  constructor(
    context: Context,
    triangle: Triangle,
    readonly ridge: number,
  ) {
    this.#context = context;
    this.#triangle = triangle;
    this.ridges = Float64Array.of(ridge);
  }

  /** A factor from what {@link pack} gave, in a held block of its own. @throws MemoryLimitError */
  static unpack(context: Context, n: number, ridge: number, { rows, order }: PackedFactor): CholeskyFactor {
    const l = context.arena.hold(n * n);
    for (let i = 0, at = 0; i < n; at += ++i) {
      context.arena.view(l + i * n * 8, i + 1).set(rows.subarray(at, at + i + 1));
    }
    const factor = new CholeskyFactor(context, { l, ld: n, n }, ridge);
    factor.#order = order && Int32Array.from(order);
    factor.#edited = true;
    return factor;
  }

  /** L and its order as plain numbers, where factoring A anew would not give the same bits; else undefined. */
  pack(): PackedFactor | undefined {
    if (!this.#edited) return undefined;
    const { l, ld, n } = this.#triangle;
    const rows = new Float64Array((n * (n + 1)) / 2);
    for (let i = 0, at = 0; i < n; at += ++i) rows.set(this.#context.arena.view(l + i * ld * 8, i + 1), at);
    return { rows, order: this.#order && Float64Array.from(this.#order) };
  }

  get n(): number {
    return this.#triangle.n;
  }

  get rank(): number {
    return this.n;
  }

  get halfWidth(): number {
    return this.n;
  }

  half(b: number, rows: number): number {
    this.#reorder(b, rows, (row, before, order) => {
      for (let k = 0; k < order.length; k++) row[k] = before[order[k]];
    });
    substitute(this.#context, 1, this.#triangle, b, this.n, rows);
    return b;
  }

  solve(b: number, rows: number): void {
    this.half(b, rows);
    substitute(this.#context, 0, this.#triangle, b, this.n, rows);
    this.#reorder(b, rows, (row, before, order) => {
      for (let k = 0; k < order.length; k++) row[order[k]] = before[k];
    });
  }

  explained(b: number, rows: number): Float64Array {
    const { ops, arena } = this.#context;
    return arena.run(() => {
      const v = this.half(b, rows);
      const out = arena.alloc(rows);
      ops.drowdot(0, rows, this.n, 1, v, this.n, v, this.n, 0, out);
      return arena.copyOut(out, rows);
    });
  }

  project(): void {}

  projected(b: number): number {
    return b;
  }

  degreesOfFreedom(): number {
    const { n, ridge } = this;
    if (ridge === 0) return n;
    // Rounding of the sum must not leave what a trace of eigenvalues in [0, 1] can be.
    return Math.min(n, Math.max(0, n - ridge * this.inverseDiagonal().reduce((sum, x) => sum + x, 0)));
  }

  logDeterminant(): number {
    let sum = 0;
    const { arena } = this.#context;
    const { l, ld, n } = this.#triangle;
    for (let i = 0; i < n; i++) sum += Math.log(arena.view(l + i * (ld + 1) * 8, 1)[0]);
    return 2 * sum;
  }

  /** Squared column norms of L⁻¹. Row i of L⁻ᵀ starts at column i, so a block of rows needs the trailing triangle only. */
  inverseDiagonal(): Float64Array {
    const { ops, arena } = this.#context;
    const { l, ld, n } = this.#triangle;
    const result = new Float64Array(n);
    const block = 128;
    for (let i = 0; i < n; i += block) {
      arena.run(() => {
        const rows = Math.min(block, n - i);
        const width = n - i;
        const b = arena.alloc(rows * width);
        const out = arena.alloc(rows);
        const identity = arena.view(b, rows * width).fill(0);
        for (let r = 0; r < rows; r++) identity[r * width + r] = 1;
        const work = arena.allocBytes(ops.dtrsmScratchBytes(rows, width));
        ops.dtrsm(1, 0, rows, width, l + i * (ld + 1) * 8, ld, b, width, work);
        ops.drowdot(0, rows, width, 1, b, width, b, width, 0, out);
        arena.view(out, rows).forEach((value, r) => {
          result[this.#order?.[i + r] ?? i + r] = value;
        });
      });
    }
    return result;
  }

  /**
   * Makes room for order n, and an eighth to spare, so that points may come one by one. Only while the scratch stack is empty.
   *
   * @throws MemoryLimitError
   */
  reserve(n: number): void {
    if (n <= this.#triangle.ld) return;
    try {
      this.#move(n + Math.max(8, n >>> 3));
    } catch (error) {
      if (!(error instanceof MemoryLimitError)) throw error;
      this.#move(n);
    }
  }

  /**
   * Rows and columns of A go and come: row i of the new A is row `from[i]` of the old one, or where that is -1 a new one, whose entries
   * without the ridge are the next row at `rows`, packed. {@link reserve} comes first.
   *
   * @throws NotPositiveDefiniteError, RangeError, MemoryLimitError: the factor is as before then, to the bit.
   */
  exchange(from: Int32Array, rows: number): void {
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
    this.#context.arena.run(() => {
      const undo = deleteRows(
        this.#context,
        this.#triangle,
        [...moved.keys()].filter((k) => moved[k] < 0),
      );
      try {
        appendRows(this.#context, this.#triangle, order, rows, this.ridge);
      } catch (error) {
        undo();
        throw error;
      }
    });
    this.#order = order;
    this.#edited = true;
  }

  /** The same factor in a held block of its own. Only while the scratch stack is empty. */
  copy(): CholeskyFactor {
    const { n } = this;
    const l = this.#context.arena.hold(n * n);
    const copy = new CholeskyFactor(this.#context, copyTriangle(this.#context, this.#triangle, l, n), this.ridge);
    copy.#edited = this.#edited;
    return copy;
  }

  /** A + xxᵀ for the vector at x, which is destroyed. */
  add(x: number): void {
    const { ops, arena } = this.#context;
    const { l, ld, n } = this.#triangle;
    this.#edited = true;
    arena.run(() => ops.dch1up(n, l, ld, x, arena.allocBytes(ops.dch1upScratchBytes(n))));
  }

  /**
   * A − xxᵀ for the vector at x, which is destroyed; false, and nothing done, where that would take most of A in some direction
   * and with it the digits.
   */
  takeOff(x: number): boolean {
    const { ops, arena } = this.#context;
    const { l, ld, n } = this.#triangle;
    this.#edited = true;
    return arena.run(() => ops.dch1dn(n, LEAST_REST, l, ld, x, arena.allocBytes(ops.dch1upScratchBytes(n))) === 0);
  }

  free(): void {
    this.#context.arena.free(this.#triangle.l);
  }

  /** L in a held block of size×size. */
  #move(size: number): void {
    const { arena } = this.#context;
    const old = this.#triangle;
    this.#triangle = copyTriangle(this.#context, old, arena.hold(size * size), size);
    arena.free(old.l);
  }

  /** Calls `body(row, its copy, order)` for rows of B where L has an order of its own. */
  #reorder(b: number, rows: number, body: (row: Float64Array, before: Float64Array, order: Int32Array) => void): void {
    if (!this.#order) return;
    const { n } = this;
    const before = new Float64Array(n);
    for (let i = 0; i < rows; i++) {
      const row = this.#context.arena.view(b + i * n * 8, n);
      before.set(row);
      body(row, before, this.#order);
    }
  }
}
