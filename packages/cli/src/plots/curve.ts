/** The curve of a fit of one input and one target, with its band: what both plots draw then. */
import type { Data } from "../data.js";
import { HALF_BAND, predictTargets, type Regression } from "../regression.js";
import type { Session } from "../session.js";

/** A point of the curve: the mean and the ends of the 95 % band of an observation. */
export interface CurvePoint {
  x: number;
  mean: number;
  lower: number;
  upper: number;
}

const POINTS = 200;
/** The curve goes on beyond the data by this part of their range. */
const BEYOND = 0.05;

/** Undefined where there is more than one input or target. */
export async function curveOf(
  session: Session,
  { X, columns, targets }: Data,
  { fit, inputs, scaling }: Regression,
): Promise<CurvePoint[] | undefined> {
  if (X.cols !== 1 || columns[0].kind !== "number" || targets.length > 1) return undefined;
  const [low, high] = extent(X.data);
  const margin = BEYOND * (high - low);
  const grid = Float64Array.from(
    { length: POINTS },
    (_, i) => low - margin + ((high - low + 2 * margin) * i) / (POINTS - 1),
  );
  const { mean, sd } = await predictTargets(session, fit, { data: grid, rows: POINTS, cols: 1 }, { inputs, scaling });
  return Array.from(grid, (x, i) => ({
    x,
    mean: mean.data[i],
    lower: mean.data[i] - HALF_BAND * sd.data[i],
    upper: mean.data[i] + HALF_BAND * sd.data[i],
  }));
}

/** Smallest and largest entry. */
export function extent(values: ArrayLike<number>): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return [low, high];
}
