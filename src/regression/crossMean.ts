/** Means of new inputs from dual weights and the exact cross kernel, in tiles. */
import type { Context } from "../context.js";
import { gemm } from "../linalg/blas.js";
import { tileRows } from "../linalg/factor.js";
import { dot } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import { type Matrix, rowsOf } from "../matrix.js";
import type { Problem } from "../problem.js";

/** [start values +] Θ(X, X_train) α, rows×C, for outputs that share a kernel; α lies in rows. */
export function crossMean(
  context: Context,
  { source, columns, outputs, size, X: points }: Problem,
  alpha: Float64Array,
  X: Matrix,
  start: boolean,
): Float64Array {
  const result = start ? source.start(X, outputs).slice() : new Float64Array(X.rows * outputs);
  const rows = tileRows(size, X.rows);
  for (let first = 0; first < X.rows; first += rows) {
    const tile = rowsOf(X, first, Math.min(rows, X.rows - first));
    // A user's own kernel may work on this memory, so it is called while no scratch is in use.
    const cross = source.cross(tile, points).data;
    context.arena.run(() => {
      const part = result.subarray(first * columns, (first + tile.rows) * columns);
      const K = copyIn(context, cross, tile.rows, size);
      const [weights, out] = [copyIn(context, alpha, columns, size), copyIn(context, part, tile.rows, columns)];
      gemm(1, K, weights.t, 1, out);
      part.set(out.entries());
    });
  }
  return result;
}

/** rᵀα of each right-hand side; rounding must not make a square negative. */
export function quadraticsOf({ R, columns, size }: Problem, alpha: Float64Array): Float64Array {
  return Float64Array.from({ length: columns }, (_, c) => {
    const [from, to] = [c * size, (c + 1) * size];
    return Math.max(0, dot(R.subarray(from, to), alpha.subarray(from, to)));
  });
}
