/** `submitCrossValidate`: a job for each fold, which fits the rest with every ridge and predicts the fold. */
import { toMatrix } from "../../check.js";
import type { Model } from "../../kernel/models.js";
import { type Matrix, matrix, pickRows } from "../../matrix.js";
import type { Ntk } from "../../ntk.js";
import {
  choice,
  count,
  flag,
  list,
  nonNegative,
  optional,
  or,
  outputs,
  read,
  type Schema,
  seed,
} from "../../options.js";
import type { FitOptions } from "../../regression/fitOptions.js";
import { Batches } from "../../training/batches.js";
import type { Kind, Plan } from "../plan.js";

export interface CrossValidateOptions {
  /** The ridges to rate. */
  ridges: readonly number[];
  /** Number of folds, from 2 to N; default 5. */
  folds?: number;
  /** Seed of the permutation of the rows, of which folds are consecutive parts; default 0. */
  seed?: number;
  /** As in `fit`. */
  centered?: boolean;
  /** As in `fit`. */
  outputs?: "full" | "average";
  /** As in `fit`. */
  solver?: "auto" | "dual" | "primal";
}

const OPTIONS = {
  ridges: list(nonNegative, "a list of ridges"),
  folds: or(count, 5),
  seed: or(seed, 0),
  centered: optional(flag),
  outputs: optional(outputs),
  solver: optional(choice(["auto", "dual", "primal"])),
} satisfies Schema<CrossValidateOptions>;

/** Errors on rows that a fit has not seen. */
export interface CrossValidation {
  ridges: number[];
  /** Root mean squared error of each ridge, over all rows and outputs. */
  rmse: number[];
  /** Root mean squared error of each ridge in each fold. */
  foldRmse: number[][];
  /** Place of the best ridge in `ridges`: the first of the least error. */
  best: number;
  /** The prediction of every row by the fit that has not seen it, for each ridge: N×C. */
  predictions: Matrix[];
  /** The fold of each row. */
  fold: Int32Array;
}

interface Shared {
  model: Model;
  X: Matrix;
  Y: Matrix;
  ridges: number[];
  fit: FitOptions;
}

interface Reduce {
  rows: number;
  cols: number;
  ridges: number[];
  folds: Int32Array[];
}

interface Rated {
  predictions: Matrix[];
  /** Sum of squared errors of each ridge. */
  squares: number[];
}

export function planCrossValidate(ntk: Ntk, model: Model, X: Matrix, Y: Matrix, options: CrossValidateOptions): Plan {
  const { ridges, folds, seed, ...given } = read(options, "submitCrossValidate", "{ ridges: [1e-3, 1e-1] }", OPTIONS);
  toMatrix(Y, "Y", { rows: X.rows });
  if (folds < 2 || folds > X.rows) throw new RangeError(`folds is ${folds}; expected 2 to ${X.rows}, the rows of X`);
  const fit = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as FitOptions;
  // Checks the model and its options on one row.
  ntk.fit(model, pickRows(X, [0]), pickRows(Y, [0]), { ...fit, ridge: 1 }).dispose();
  const order = new Batches(X.rows, X.rows, seed).at(0);
  const parts = Array.from({ length: folds }, (_, k) => {
    const [from, to] = [k, k + 1].map((at) => Math.floor((at * X.rows) / folds));
    return order.slice(from, to).sort();
  });
  const jobs = parts.map((rows, k) => ({ name: `fold ${k}`, own: { rows } }));
  const shared: Shared = { model, X, Y, ridges, fit };
  const reduce: Reduce = { rows: Y.rows, cols: Y.cols, ridges, folds: parts };
  return { kind: "crossValidate", shared, jobs, reduce };
}

export const crossValidate: Kind = {
  async run(ntk, shared, own): Promise<Rated> {
    const { model, X, Y, ridges, fit: options } = shared as Shared;
    const { rows } = own as { rows: Int32Array };
    const unseen = new Set(rows);
    const seen = Array.from({ length: X.rows }, (_, row) => row).filter((row) => !unseen.has(row));
    const [fold, Xseen, Yseen] = [Array.from(rows), pickRows(X, seen), pickRows(Y, seen)];
    const [Xfold, Yfold] = [pickRows(X, fold), pickRows(Y, fold)];
    const result: Rated = { predictions: [], squares: [] };
    for (const ridge of ridges) {
      const fit = await ntk.fit(model, Xseen, Yseen, { ...options, ridge });
      const { mean } = await fit.predict(Xfold, { variance: false });
      fit.dispose();
      result.predictions.push(mean);
      result.squares.push(mean.data.reduce((sum, value, i) => sum + (value - Yfold.data[i]) ** 2, 0));
    }
    return result;
  },
  reducer(reduce) {
    const { rows, cols, ridges, folds } = reduce as Reduce;
    const predictions = ridges.map(() => matrix(rows, cols));
    const squares = ridges.map(() => 0);
    const foldRmse: number[][] = [];
    const fold = new Int32Array(rows);
    return {
      add: (result, job) => {
        const rated = result as Rated;
        ridges.forEach((_, r) => {
          squares[r] += rated.squares[r];
          folds[job].forEach((row, i) => {
            predictions[r].data.set(rated.predictions[r].data.subarray(i * cols, (i + 1) * cols), row * cols);
          });
        });
        foldRmse.push(rated.squares.map((square) => Math.sqrt(square / (folds[job].length * cols))));
        for (const row of folds[job]) fold[row] = job;
      },
      finish: (): CrossValidation => {
        const rmse = squares.map((square) => Math.sqrt(square / (rows * cols)));
        const best = rmse.reduce((least, error, r) => (error < rmse[least] ? r : least), 0);
        return { ridges, rmse, foldRmse, best, predictions, fold };
      },
    };
  },
};
