/** The data of a regression, checked and copied: what `fit` and `dynamics` start from. */

import { toMatrix } from "./check.js";
import type { Context } from "./context.js";
import type { Outputs } from "./kernel/finite/kernelMemory.js";
import type { KernelSource } from "./kernel/kernel.js";
import { kernelSource } from "./kernel/modelKernel.js";
import { type Model, ownModel } from "./kernel/models.js";
import { type RowTerms, rowTerms } from "./linalg/rowTerms.js";
import { transposed } from "./linalg/vectors.js";
import { copied, type Matrix, type MatrixLike } from "./matrix.js";
import type { MeanBasis } from "./model/meanBasis.js";
import { type Check, isList, list, nonNegative } from "./options.js";
import { describe, refusal } from "./words.js";

/** Ridges to choose from, or one for each output. */
export const ridgeList: Check<number[]> = list(nonNegative, "a list of at least one ridge");

/** A ridge, or one for each output. */
export const ridgeOrRidges: Check<number | number[]> = (value, name) =>
  (isList(value) ? ridgeList : nonNegative)(value, name);

/** By which variances are multiplied. */
export const scaleOrFit: Check<1 | "fit"> = (value, name) => {
  if (value === 1 || value === "fit") return value;
  const got = typeof value === "number" ? value : describe(value);
  throw refusal(new RangeError(`${name} is ${got}; expected 1 or "fit"`));
};

/** Inputs and targets before anything is computed: copies, as is the model. */
export interface Data {
  model: Model;
  source: KernelSource;
  X: Matrix;
  Y: Matrix;
}

/** A model and its inputs. @throws TypeError, RangeError */
export function checkInputs(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  outputs: Outputs | undefined,
): Omit<Data, "Y"> {
  const own = ownModel(model);
  const source = kernelSource(context, own, outputs);
  return { model: own, source, X: copied(toMatrix(Xlike, "X", source.inputs ? { cols: source.inputs } : {})) };
}

/** @throws TypeError, RangeError */
export function checkData(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  outputs: Outputs | undefined,
): Data {
  const inputs = checkInputs(context, model, Xlike, outputs);
  const { source, X } = inputs;
  const Y = copied(toMatrix(Ylike, "Y", source.outputs ? { rows: X.rows, cols: source.outputs } : { rows: X.rows }));
  return { ...inputs, Y };
}

/** R = Y − start as right-hand sides of the system. */
export function residualProblem({ source, X, Y }: Data, start: Float64Array, own?: RowTerms): Problem {
  const size = X.rows * source.block;
  const columns = Y.cols / source.block;
  const residual = Y.data.map((y, at) => y - start[at]);
  const terms = own && termsOf(own, source.block);
  return { source, X, Y, R: transposed(residual, size, columns), size, columns, outputs: Y.cols, terms };
}

/** The terms of the rows of a system, from those of the points: the outputs of a point share its terms. */
export function termsOf(own: RowTerms, block: number): RowTerms {
  if (block === 1) return own;
  const rows = (values: Float64Array | undefined) =>
    values && Float64Array.from({ length: values.length * block }, (_, at) => values[Math.floor(at / block)]);
  return rowTerms(rows(own.noise), rows(own.weights)) as RowTerms;
}

/** The terms of the points, from those of the rows of a system. */
export function pointTerms({ terms, source: { block } }: Problem): RowTerms | undefined {
  if (!terms || block === 1) return terms;
  const points = (values: Float64Array | undefined) => values?.filter((_, at) => at % block === 0);
  return rowTerms(points(terms.noise), points(terms.weights));
}

/** What else to try where the kernel of all pairs of outputs does not fit. */
export function averageAdvice(block: number): string {
  return block === 1
    ? ""
    : `; or take outputs: "average", one kernel for all ${block} outputs, ${block * block} times smaller`;
}

/** The error of a method that needs weights, for a model whose kernel has none. */
export function noWeights(method: string, { network }: KernelSource): RangeError {
  return new RangeError(
    network
      ? `${method} needs outputs "full": the kernel averaged over ${network.outputs} outputs is that of no weights`
      : `${method} needs a finite network; this model has no weights`,
  );
}

/**
 * Training data of a regression. Θ is size×size. With the kernel of all pairs of outputs, size is N·C, and there is one
 * right-hand side, in the order of Y. With one kernel for all outputs, size is N, and each output has its own.
 */
export interface Problem {
  source: KernelSource;
  X: Matrix;
  Y: Matrix;
  /** Y − f0 as right-hand sides in rows, columns×size. */
  R: Float64Array;
  size: number;
  columns: number;
  /** Outputs C, whichever way they are solved. */
  outputs: number;
  /** Variances and weights of the rows of the system; undefined where no row has its own. */
  terms: RowTerms | undefined;
  /** The functions whose coefficients are fitted beside the kernel, and their values at X; undefined without. */
  trend?: { readonly basis: MeanBasis; readonly H: Matrix };
}
