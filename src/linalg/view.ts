/**
 * A matrix in backend memory: its address, its shape, the distance between its rows, and whether it is meant
 * transposed. Blocks, rows and the transpose are views of the same memory. `blas.ts` computes with views. A view is a
 * few plain numbers, cheap to make and to drop.
 *
 * Entries are float64 or float32. The memory belongs to the arena. A scratch view is dead after the `arena.run` that it
 * was made in, a held view after `arena.free`. {@link View.row} and {@link View.entries} return typed arrays of the
 * present memory: use them at once, because growth of the memory detaches them.
 */
import { areFinite } from "../check.js";
import type { Context } from "../context.js";
import { type Matrix, matrix } from "../matrix.js";
import { zeros } from "../memory.js";

export class View {
  constructor(
    readonly context: Context,
    /** Address of entry (0, 0). */
    readonly at: number,
    readonly rows: number,
    readonly cols: number,
    /** Entries from one stored row to the next. */
    readonly ld: number = cols,
    /** 1: the memory holds the transpose. */
    readonly trans: 0 | 1 = 0,
    /** Bytes of an entry: 8 (float64) or 4 (float32). */
    readonly bytes: 8 | 4 = 8,
  ) {}

  /** The transpose: the same memory. */
  get t(): View {
    return new View(this.context, this.at, this.cols, this.rows, this.ld, this.trans ? 0 : 1, this.bytes);
  }

  /** Rows [row, row + rows), columns [col, col + cols). */
  block(row: number, col: number, rows: number, cols: number): View {
    const offset = this.trans ? col * this.ld + row : row * this.ld + col;
    return new View(this.context, this.at + offset * this.bytes, rows, cols, this.ld, this.trans, this.bytes);
  }

  /** Rows [row, row + rows), all columns. */
  slice(row: number, rows: number): View {
    return rows === this.rows ? this : this.block(row, 0, rows, this.cols);
  }

  /** The same entries in rows of another length; the rows are packed. */
  reshape(rows: number, cols: number): View {
    return cols === this.cols && rows === this.rows && cols === this.ld ? this : this.part(0, rows, cols);
  }

  /** The matrix of rows×cols packed entries that begins at entry `from` of a packed view. */
  part(from: number, rows: number, cols: number): View {
    return new View(this.context, this.at + from * this.bytes, rows, cols, cols, 0, this.bytes);
  }

  /** The first `count` entries of stored row i, by default all. Use them at once. */
  row(i: number, count: number = this.trans ? this.rows : this.cols): Float64Array {
    return this.context.arena.view(this.at + i * this.ld * 8, count);
  }

  /** All entries of a packed view. Use them at once. */
  entries(): Float64Array {
    return this.context.arena.view(this.at, this.rows * this.cols);
  }

  /** {@link entries} of a float32 view. */
  floats(): Float32Array {
    return this.context.arena.floats(this.at, this.rows * this.cols);
  }

  /** {@link entries} in the precision of the view. */
  numbers(): Float64Array | Float32Array {
    return this.bytes === 8 ? this.entries() : this.floats();
  }

  /** A copy of all entries of a packed view; JavaScript owns it. */
  copy(): Float64Array {
    return this.context.arena.copyOut(this.at, this.rows * this.cols);
  }

  /**
   * A copy of packed rows as a matrix of doubles; `what` names it in the error.
   *
   * @throws RangeError where an entry of a float32 view has left float32.
   */
  matrix(what: string): Matrix {
    if (this.bytes === 8) return matrix(this.rows, this.cols, this.copy());
    const floats = this.floats();
    checkFloats(this, floats, what);
    const doubles = zeros(floats.length);
    doubles.set(floats);
    return matrix(this.rows, this.cols, doubles);
  }

  /** The lower triangle of packed rows as a matrix, zeros above. The part above is never written: half the pages. */
  lower(what: string): Matrix {
    const L = matrix(this.rows, this.cols);
    const numbers = this.numbers();
    for (let i = 0; i < this.rows; i++) L.data.set(numbers.subarray(i * this.ld, i * this.ld + i + 1), i * this.cols);
    if (this.bytes === 4 && !areFinite(L.data)) checkFloats(this, numbers, what);
    return L;
  }

  /** A copy of the diagonal. */
  diagonal(): Float64Array {
    const n = Math.min(this.rows, this.cols);
    const memory = this.#span();
    const result = new Float64Array(n);
    for (let i = 0; i < n; i++) result[i] = memory[i * (this.ld + 1)];
    return result;
  }

  /** Adds a number to the diagonal. */
  shift(by: number): void {
    if (by === 0) return;
    const memory = this.#span();
    for (let i = 0; i < Math.min(this.rows, this.cols); i++) memory[i * (this.ld + 1)] += by;
  }

  /** The memory from the first entry to the last one on the diagonal. */
  #span(): Float64Array | Float32Array {
    const { arena } = this.context;
    const last = Math.min(this.rows, this.cols) - 1;
    const length = last < 0 ? 0 : last * (this.ld + 1) + 1;
    return this.bytes === 8 ? arena.view(this.at, length) : arena.floats(this.at, length);
  }
}

/** A matrix in scratch; its contents are undefined. @throws MemoryLimitError */
export function scratch(context: Context, rows: number, cols: number, bytes: 8 | 4 = 8): View {
  return new View(context, context.arena.allocBytes(rows * cols * bytes), rows, cols, cols, 0, bytes);
}

/**
 * Rows of data copied into scratch, in either precision; `what` names them in the error.
 *
 * @throws MemoryLimitError
 * @throws RangeError where an entry is beyond float32.
 */
export function copyIn(
  context: Context,
  data: Float64Array,
  rows: number,
  cols: number,
  bytes: 8 | 4 = 8,
  what = "",
): View {
  if (bytes === 8) return new View(context, context.arena.copyIn(data), rows, cols);
  const A = scratch(context, rows, cols, 4);
  // The typed array converts faster than an op and its copy would (10⁶ entries: 0.8 ms).
  A.floats().set(data);
  checkFloats(A, data, what);
  return A;
}

/**
 * Checks that a float32 view holds finite numbers; `given` holds the values that the error shows.
 *
 * @throws RangeError
 */
export function checkFloats(A: View, given: Float64Array | Float32Array, what: string): void {
  const floats = A.floats();
  if (areFinite(floats)) return;
  const at = floats.findIndex((x) => !Number.isFinite(x));
  const vector = A.rows === 1 || A.cols === 1;
  const where = vector ? `entry ${at}` : `row ${Math.floor(at / A.cols)}, column ${at % A.cols}`;
  throw new RangeError(
    `${what} leaves float32 (largest 3.4e38) at ${where} (${given[at]}); rescale it, or use load({ precision: "float64" })`,
  );
}

/** A matrix in a held block: `context.arena.free(view.at)` gives it back. @throws MemoryLimitError */
export function hold(context: Context, rows: number, cols: number): View {
  return new View(context, context.arena.hold(rows * cols), rows, cols);
}

/** Calls `make` with a held matrix, which the result of `make` then owns. Frees the matrix where `make` throws. */
export function held<T>(context: Context, rows: number, cols: number, make: (A: View) => T): T {
  const A = hold(context, rows, cols);
  try {
    return make(A);
  } catch (error) {
    context.arena.free(A.at);
    throw error;
  }
}
