/** The data of a regression, checked and copied: what `fit` and `dynamics` start from. */
import type { Context } from "../arena.js";
import { toMatrix } from "../check.js";
import { type KernelSource, kernelSource, type Model } from "../kernel/source.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import type { Problem } from "../solver/dual.js";
import { transposed } from "../solver/system.js";

/** Inputs and targets before anything is computed. */
export interface Data {
  source: KernelSource;
  /** Kept for later predictions: a copy, so that the caller may reuse the array. */
  X: Matrix;
  Y: Matrix;
}

/** @throws TypeError, RangeError */
export function checkData(context: Context, model: Model, Xlike: MatrixLike, Ylike: MatrixLike): Data {
  const source = kernelSource(context, model);
  const given = toMatrix(Xlike, "X", source.network ? { cols: source.network.inputs } : {});
  const X = matrix(given.rows, given.cols, given.data.slice());
  const Y = toMatrix(Ylike, "Y", source.outputs ? { rows: X.rows, cols: source.outputs } : { rows: X.rows });
  return { source, X, Y };
}

/** R = Y − start as rows. */
export function residualProblem({ source, X, Y }: Data, start: Float64Array): Problem {
  const R = transposed(
    Y.data.map((y, at) => y - start[at]),
    X.rows,
    Y.cols,
  );
  return { source, X, R, C: Y.cols };
}
