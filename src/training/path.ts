/**
 * How a first-order model is followed along its training: by its eigenmodes in closed form (`closedForm.ts`), or step
 * by step (`stepped.ts`). `dynamics.ts` asks one of the two.
 */
import type { Context } from "../context.js";
import { transpose } from "../linalg/blas.js";
import { scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";

export interface Path {
  /** Address of the held block that the path lives in; its owner frees it. */
  readonly at: number;
  /** Eigenvalues of Θ, ascending. The path's own. */
  eigenvalues(): Float64Array;
  /** Eigenvectors of Θ in columns. */
  eigenvectors(): Matrix;
  /** The largest rate that is known to be stable. */
  maxLearningRate(): number;
  /** Dual weights α(t) in rows (time k, right-hand side c). Overflow is allowed. */
  duals(times: readonly number[]): Float64Array;
  /** Θα(t) on the training inputs, in rows like those of {@link duals}. */
  moved(times: readonly number[]): Float64Array;
}

/** Eigenvectors that stand in rows, as a matrix with a column for each. Call it inside `arena.run`. */
export function inColumns(context: Context, vectors: View): Matrix {
  const columns = scratch(context, vectors.cols, vectors.rows);
  transpose(vectors, columns);
  return columns.matrix("the eigenvectors");
}
