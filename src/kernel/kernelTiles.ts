/**
 * A kernel in blocks of rows, for kernels larger than memory. Their entries have the bits that `ntk.kernel` gives them,
 * but for mixtures of probits, whose series have as many terms as the points of a block ask for:
 * an entry (i, j) of Θ(X, X) with j > i is made as (j, i), in the order of the lower triangle.
 */
import { checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import { transposed } from "../linalg/vectors.js";
import { copied, type Matrix, type MatrixLike, matrix, rowsOf } from "../matrix.js";
import { choice, count, optional, or, outputs, read, type Schema } from "../options.js";
import type { KernelSource } from "./kernel.js";
import { kernelSource } from "./modelKernel.js";
import { type Model, ownModel } from "./models.js";

export interface KernelTilesOptions {
  /** Points in a block of rows; default: as many as make a block of 16 MiB. */
  rows?: number;
  /** As for `ntk.kernel`; default `"average"`. */
  outputs?: "full" | "average";
  /** What blocks are computed in; default: the precision of the Ntk. Float32 is for finite networks, as in `load`. */
  precision?: "float64" | "float32";
}

/** A block of rows of a kernel. */
export interface KernelTile {
  /** The row of the kernel at which the block begins. */
  row: number;
  /** The rows, with all columns. */
  K: Matrix;
}

const OPTIONS = {
  rows: optional(count),
  outputs: or(outputs, "average"),
  precision: optional(choice(["float64", "float32"])),
} satisfies Schema<KernelTilesOptions>;

/** Entries of a block where its rows are left to this library. */
const ENTRIES = 2 ** 21;

/** `ntk.kernelTiles`: see {@link ../core.js}. Bad input is refused here, not at the first block. */
export function kernelTilesOf(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  X2like: MatrixLike | undefined,
  options: KernelTilesOptions,
): Generator<KernelTile, void, void> {
  const { rows, outputs, precision = context.precision } = read(options, "kernelTiles", "{ rows: 100 }", OPTIONS);
  const own = ownModel(model);
  const source = kernelSource(context, own, outputs, precision);
  const X = copied(toMatrix(Xlike, "X", source.inputs === undefined ? {} : { cols: source.inputs }));
  const X2 = X2like === undefined || X2like === Xlike ? undefined : copied(toMatrix(X2like, "X2", { cols: X.cols }));
  const n2 = (X2 ?? X).rows;
  const { block } = source;
  const size = Math.min(X.rows, rows ?? Math.max(1, Math.floor(ENTRIES / (n2 * block ** 2))));
  context.arena.require(size * n2 * block ** 2 + source.scratch(size, n2));
  return tiles(source, X, X2, size);
}

function* tiles(
  source: KernelSource,
  X: Matrix,
  X2: Matrix | undefined,
  size: number,
): Generator<KernelTile, void, void> {
  for (let row = 0; row < X.rows; row += size) {
    const rows = Math.min(size, X.rows - row);
    const K = X2 ? source.cross(rowsOf(X, row, rows), X2) : squareRows(source, X, row, rows);
    yield { row: row * source.block, K: checkResult(K, "kernelTiles(model, X, X2)", { infinite: true }) };
  }
}

/** Rows of Θ(X, X): what is left of the diagonal block, the block, and the columns of what is below it. */
function squareRows(source: KernelSource, X: Matrix, row: number, rows: number): Matrix {
  const here = rowsOf(X, row, rows);
  const end = row + rows;
  if (rows === X.rows) return source.square(here);
  const K = matrix(rows * source.block, X.rows * source.block);
  const put = (part: Matrix, column: number) => {
    for (let i = 0; i < part.rows; i++)
      K.data.set(part.data.subarray(i * part.cols, (i + 1) * part.cols), i * K.cols + column * source.block);
  };
  if (row > 0) put(source.cross(here, rowsOf(X, 0, row)), 0);
  put(source.square(here), row);
  if (end < X.rows) {
    const { data, rows: below, cols } = source.cross(rowsOf(X, end, X.rows - end), here);
    put(matrix(cols, below, transposed(data, below, cols)), end);
  }
  return K;
}
