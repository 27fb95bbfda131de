// The axes of the regression plot: they hold the points, the frame of the data and what is drawn.

import type { RegressionResult } from "../compute/regressionTypes";
import type { Data } from "../data";
import { extent } from "../numbers";

type Interval = [low: number, high: number];
export interface Limits {
  x: Interval;
  y: Interval;
}

/** Limits that hold these values and a frame, with a margin. */
function span(values: readonly number[], middle: number, unit: number): Interval {
  const [low, high] = extent([middle - 1.6 * unit, ...values, middle + 1.6 * unit]);
  return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
}

/** Axis limits that hold all points and the frame; those of x are also the grid's, those of y hold the curves. */
export function limitsOf({ points, frame }: Data, result: RegressionResult | undefined): Limits {
  const curves = [result?.finite, result?.infinite].filter((curve) => curve !== undefined);
  const drawn = curves.flatMap(({ low, high, mean, samples }, i) => (i === 0 ? [low, high, mean, ...samples] : [mean]));
  const heights = drawn.flatMap((values) => extent(values));
  return {
    x: span(
      points.map(({ x }) => x),
      frame.x,
      frame.sx,
    ),
    y: span([...points.map(({ y }) => y), ...heights], frame.y, frame.sy),
  };
}

/** The part of an axis that may be empty before the axis follows. */
const SLACK = 0.4;

/** Old limits where they hold what new ones hold without much more: an axis that is still is easier to work with. */
export function steady(old: Interval, now: Interval): Interval {
  const holds = old[0] <= now[0] && now[1] <= old[1];
  return holds && now[1] - now[0] >= (1 - SLACK) * (old[1] - old[0]) ? old : now;
}
