/** The data of a regression, checked and copied: what `fit` and `dynamics` start from. */
import type { Context } from "../arena.js";
import { toMatrix } from "../check.js";
import type { Outputs } from "../kernel/empirical.js";
import { type KernelSource, kernelSource, type Model } from "../kernel/source.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import type { Problem } from "../solver/dual.js";
import { transposed } from "../solver/system.js";

/** Inputs and targets before anything is computed. */
export interface Data {
  source: KernelSource;
  /** Kept for predictions and updates: copies, so that the caller may reuse the arrays. */
  X: Matrix;
  Y: Matrix;
}

/** @throws TypeError, RangeError */
export function checkData(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  outputs: Outputs | undefined,
): Data {
  const source = kernelSource(context, model, outputs);
  const given = toMatrix(Xlike, "X", source.inputs ? { cols: source.inputs } : {});
  const X = matrix(given.rows, given.cols, given.data.slice());
  const targets = toMatrix(Ylike, "Y", source.outputs ? { rows: X.rows, cols: source.outputs } : { rows: X.rows });
  const Y = matrix(targets.rows, targets.cols, targets.data.slice());
  return { source, X, Y };
}

/** R = Y − start as right-hand sides of the system. */
export function residualProblem({ source, X, Y }: Data, start: Float64Array): Problem {
  const size = X.rows * source.block;
  const columns = Y.cols / source.block;
  const residual = Y.data.map((y, at) => y - start[at]);
  return { source, X, Y, R: transposed(residual, size, columns), size, columns, outputs: Y.cols };
}

/** The error of a method that needs weights, for a model whose kernel has none. */
export function noWeights(method: string, { network }: KernelSource): RangeError {
  return new RangeError(
    network
      ? `${method} needs outputs "full": the kernel averaged over ${network.outputs} outputs is that of no weights`
      : `${method} needs a finite network; this model has no weights`,
  );
}
