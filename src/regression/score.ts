/** How good predictions are on rows whose targets are known. */
import { checkResult } from "../check.js";
import { norm } from "../linalg/vectors.js";
import { type Matrix, matrix } from "../matrix.js";
import { or } from "../options.js";
import { addedNoise } from "./pointNoise.js";

/** How good the predictions of one output are. */
export interface OutputScore {
  /**
   * R² = 1 − Σ(y − m)²/Σ(y − ȳ)², the part of the variance that is explained: 1 is perfect, and a constant has 0.
   * Undefined where the targets are all equal, and where it overflows.
   */
  r2: number | undefined;
  /** √ of the mean squared error, in the units of Y. */
  rmse: number;
  /**
   * The mean negative log predictive density of an observation, ½ log 2πv + (y − m)²/2v (Rasmussen & Williams 2006,
   * eq. 2.34). Lower is better. Undefined where a variance v is 0, and where it overflows.
   */
  nlpd: number | undefined;
  /** The part of the observations within the band m ± 1.96 √v, which is meant to hold 0.95 of them. */
  coverage: number;
}

/** How good predictions are: over all outputs, and of each. R² over all outputs is the mean of theirs. */
export interface RegressionScore extends OutputScore {
  /** Rows that were scored. */
  rows: number;
  perOutput: OutputScore[];
}

/** The options of `fit.score`. */
export const SCORE = { noise: or(addedNoise, true) };

/** The 97.5 % quantile of a normal. */
const HALF_BAND = 1.959963984540054;

/** @throws RangeError where an error overflows. */
export function scoreOf(mean: Matrix, variance: Matrix, Y: Matrix): RegressionScore {
  const { rows, cols } = Y;
  const errors = matrix(
    rows,
    cols,
    Y.data.map((y, at) => y - mean.data[at]),
  );
  checkResult(errors, "an error of prediction");
  const perOutput = Array.from({ length: cols }, (_, c) => {
    const column = (of: Matrix) => Float64Array.from({ length: rows }, (_, i) => of.data[i * cols + c]);
    return outputScore(column(errors), column(variance), column(Y));
  });
  const meanOver = (values: readonly (number | undefined)[]) =>
    values.reduce<number | undefined>(
      (sum, value) => (sum === undefined || value === undefined ? undefined : sum + value / cols),
      0,
    );
  return {
    rows,
    r2: meanOver(perOutput.map(({ r2 }) => r2)),
    rmse: norm(errors.data) / Math.sqrt(errors.data.length),
    nlpd: meanOver(perOutput.map(({ nlpd }) => nlpd)),
    coverage: meanOver(perOutput.map(({ coverage }) => coverage)) as number,
    perOutput,
  };
}

function outputScore(errors: Float64Array, variances: Float64Array, targets: Float64Array): OutputScore {
  const n = errors.length;
  const size = norm(errors);
  const middle = targets.reduce((sum, y) => sum + y / n, 0);
  const constant = targets.every((y) => y === targets[0]);
  const explained = 1 - (size / norm(targets.map((y) => y - middle))) ** 2;
  let [nlpd, within] = [0, 0];
  for (let i = 0; i < n; i++) {
    const deviation = Math.sqrt(variances[i]);
    if (Math.abs(errors[i]) <= HALF_BAND * deviation) within++;
    nlpd += (Math.log(2 * Math.PI * variances[i]) + (errors[i] / deviation) ** 2) / (2 * n);
  }
  return {
    r2: constant || !Number.isFinite(explained) ? undefined : explained,
    rmse: size / Math.sqrt(n),
    nlpd: Number.isFinite(nlpd) ? nlpd : undefined,
    coverage: within / n,
  };
}
