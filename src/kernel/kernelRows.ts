/** Some rows of Θ(X, X), and of the kernel as variances of rows scale it: what pivots are taken from. */
import type { Context } from "../context.js";
import type { Rows } from "../linalg/pivotedCholesky.js";
import { scratch, type View } from "../linalg/view.js";
import { type Matrix, pickRows, rowsOf } from "../matrix.js";
import type { KernelSource } from "./kernel.js";

/** Doubles of scratch that a kernel takes for its rows, at most. */
const MOST = 2 ** 24;

/**
 * Rows of Θ of these points, each n long, packed. A kernel that takes much scratch for all points makes a part of its
 * columns at a time.
 */
export function fillRows(
  context: Context,
  source: KernelSource,
  X: Matrix,
  points: readonly number[],
  out: View,
): void {
  const { block } = source;
  const some = pickRows(X, points);
  const whole = source.scratch(points.length, X.rows);
  if (whole <= MOST) {
    source.fill(some, out, X);
    return;
  }
  const size = Math.max(64, Math.floor((X.rows * MOST) / whole));
  for (let first = 0; first < X.rows; first += size) {
    const part = rowsOf(X, first, Math.min(size, X.rows - first));
    context.arena.run(() => {
      const K = scratch(context, out.rows, part.rows * block);
      source.fill(some, K, part);
      for (let i = 0; i < out.rows; i++) out.row(i).set(K.row(i), first * block);
    });
  }
}

/** Rows of SΘS as those that pivots are taken from; without roots S is I. */
export function scaledRows(
  { rowsInto }: { rowsInto: Rows["fill"] },
  block: number,
  diagonal: Float64Array,
  roots: Float64Array | undefined,
): Rows {
  const n = diagonal.length;
  if (!roots) return { n, diagonal, block, fill: rowsInto };
  return {
    n,
    block,
    diagonal: diagonal.map((value, i) => value * roots[i] ** 2),
    fill(points, out) {
      rowsInto(points, out);
      points.forEach((point, k) => {
        for (let c = 0; c < block; c++) {
          const [row, root] = [out.row(k * block + c), roots[point * block + c]];
          for (let j = 0; j < n; j++) row[j] *= root * roots[j];
        }
      });
    },
  };
}
