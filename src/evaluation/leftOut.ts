/** Leave-one-out from one fit of all rows: no fit is made again (MATH.md §3). */
import type { Context } from "../context.js";
import { matrix } from "../matrix.js";
import { fitModel } from "../regression/fit.js";
import { ITERATIVE } from "../regression/iterative.js";
import { scoreOf } from "../regression/score.js";
import type { FitPlan, Targets } from "./plan.js";
import type { Scored } from "./scoredFold.js";

/**
 * Errors of leave-one-out of one model. Rows with equal inputs are left out together. A ridge of a path is chosen once,
 * from all rows.
 *
 * @throws RangeError where the solver has no leave-one-out residuals.
 */
export function leftOut(context: Context, { model, options }: FitPlan, { X, Y }: Targets): Scored {
  const fit = fitModel(context, ITERATIVE, model, X, Y, options);
  try {
    const { looResiduals, ridge, notes } = fit.report;
    if (!looResiduals)
      throw new RangeError(
        `folds "loo" needs the factor of a regular system, and solver "${fit.report.solver}" has none; expected a ridge above rounding level and solver "auto", or a number of folds`,
      );
    const predictions = matrix(
      Y.rows,
      Y.cols,
      Y.data.map((y, at) => y - looResiduals.data[at]),
    );
    const { rmse, r2 } = scoreOf(predictions, matrix(Y.rows, Y.cols), Y);
    return { metrics: { rmse, r2 }, ridge, predictions, notes };
  } finally {
    fit.dispose();
  }
}
