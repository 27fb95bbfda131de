/**
 * Intervals from leave-one-out (Barber, Candès, Ramdas & Tibshirani 2021, "jackknife+"). For each training point i the
 * fit without it predicts m_i(x) at a new x, and misses y_i by r_i. With k = ⌊(1 − level)(N + 1)⌋ the interval reaches
 * from the k-th smallest m_i(x) − |r_i| to the k-th largest m_i(x) + |r_i|. Rows that are exchangeable lie in it with a
 * probability of at least 2·level − 1, whatever the model, and usually with one near the level.
 *
 * No fit is made again. With s = A⁻¹k(x), m_i(x) is m(x) − s_i r_i and r_i is α_i/[A⁻¹]_ii.
 */
import { checkResult } from "../check.js";
import { tileRows } from "../linalg/factor.js";
import { type Matrix, matrix, rowsOf } from "../matrix.js";
import { choice, optional, readWithin } from "../options.js";
import { describe, refusal } from "../words.js";

/** The option `interval` of `fit.predict`. */
export interface IntervalOptions {
  /** In (0, 1): the part of new observations that the interval is meant to hold. */
  level: number;
  /** `"jackknife+"`, from the leave-one-out residuals. */
  method?: "jackknife+";
}

/** The ends of an interval for each prediction, N*×C each. */
export interface Interval {
  lower: Matrix;
  upper: Matrix;
}

/** What a solution knows of the fits without each one of its N rows. */
export interface LeftOut {
  /** r_i: y_i minus the prediction at x_i without row i, N×C. */
  residuals: Float64Array;
  /** s for rows of X: m_i = m − s_i r_i. Rows×N for each ridge. */
  shares(X: Matrix): Float64Array[];
}

const level = (value: unknown, name: string): number => {
  if (typeof value !== "number") throw refusal(new TypeError(`${name} is ${describe(value)}; expected a number`));
  if (!(value > 0 && value < 1))
    throw refusal(new RangeError(`${name} is ${value}; expected a number between 0 and 1, like 0.9`));
  return value;
};

/** The check of the option. */
export function interval(value: unknown, name: string): { level: number } {
  return readWithin(value, name, "{ level: 0.9 }", { level, method: optional(choice(["jackknife+"])) });
}

/** The intervals at X, whose predictions are `mean`. @throws RangeError where there are too few rows for the level */
export function intervalsAt(
  { residuals, shares }: LeftOut,
  ridges: number,
  X: Matrix,
  mean: Matrix,
  { level }: { level: number },
): Interval {
  const C = mean.cols;
  const N = residuals.length / C;
  // The sum of decimals such as 1 − 0.9 is off by rounding.
  const outside = Math.floor((1 - level) * (N + 1) + 1e-9);
  if (outside < 1)
    throw new RangeError(
      `interval.level is ${level}, and ${N} rows tell of levels up to ${(1 - 1 / (N + 1)).toPrecision(3)}; expected a lower level, or more rows`,
    );
  const [lower, upper] = [matrix(X.rows, C), matrix(X.rows, C)];
  const [low, high] = [new Float64Array(N), new Float64Array(N)];
  const tile = tileRows(N * ridges, X.rows);
  for (let first = 0; first < X.rows; first += tile) {
    const points = rowsOf(X, first, Math.min(tile, X.rows - first));
    const parts = shares(points);
    for (let at = 0; at < points.rows * C; at++) {
      const [row, c] = [Math.floor(at / C), at % C];
      const s = parts[parts.length > 1 ? c : 0];
      const m = mean.data[first * C + at];
      for (let i = 0; i < N; i++) {
        const r = residuals[i * C + c];
        const without = m - s[row * N + i] * r;
        low[i] = without - Math.abs(r);
        high[i] = without + Math.abs(r);
      }
      lower.data[first * C + at] = low.sort()[outside - 1];
      upper.data[first * C + at] = high.sort()[N - outside];
    }
  }
  return { lower: checkResult(lower, "the interval"), upper: checkResult(upper, "the interval") };
}
