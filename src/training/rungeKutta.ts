/**
 * y' = f(y) by the embedded pair of Dormand & Prince 1980, orders 5 and 4, with the step control of Hairer, Nørsett &
 * Wanner 1993 (II.4, a PI controller after Gustafsson). The seventh slope of a step is the first one of the next.
 *
 * The steps do not depend on the times that are asked for. A time between two steps is reached by a shorter step from
 * the one before it, which nothing goes on from. So answers are the same in whatever order they are asked for.
 */
import { ConvergenceError } from "../errors.js";

/** What is integrated. */
export interface Flow {
  /** slope ← f(y). What is not finite makes the step shorter. */
  slope(y: Float64Array, slope: Float64Array): void;
  /** The size of a change of y, in the units of the tolerance. */
  size(change: Float64Array): number;
}

/** Where a flow is, and how it goes on. */
export interface FlowState {
  readonly t: number;
  readonly y: Float64Array;
  /** The step to try; 0: choose the first. */
  readonly h: number;
  /** Error over tolerance of the step before. */
  readonly error: number;
  /** Steps from the start to here. */
  readonly steps: number;
}

/** The most steps of a flow. */
export const MOST_STEPS = 1_000_000;

// biome-ignore format: a row for each stage, as the tableau is printed
const STAGES = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** Weights of order 5 less those of order 4. */
const DIFFERENCE = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];

/** The start of a flow. */
export function flowStart(y: Float64Array): FlowState {
  return { t: 0, y, h: 0, error: 1, steps: 0 };
}

/**
 * y at the time `to`, and the last step at or before it, from which later times are reached.
 *
 * @throws ConvergenceError where the flow takes more than {@link MOST_STEPS} steps, or steps below rounding.
 */
export function flowTo(
  flow: Flow,
  from: FlowState,
  to: number,
  tolerance: number,
): { state: FlowState; y: Float64Array } {
  let state = from;
  const slopes: Float64Array[] = Array.from({ length: 7 }, () => new Float64Array(from.y.length));
  flow.slope(state.y, slopes[0]);
  while (state.t < to) {
    const { h, y, error } = accepted(flow, state, slopes, tolerance);
    const t = state.t + h;
    // From the same place with the step that was accepted: no attempt is made twice.
    if (t > to) {
      const short = step(flow, state.y, slopes, to - state.t);
      return { state: { ...state, h }, y: short };
    }
    if (state.steps === MOST_STEPS)
      throw new ConvergenceError(
        `the flow took ${MOST_STEPS} steps to t = ${state.t} of ${to}; ask for an earlier time, or raise the tolerance`,
      );
    state = { t, y, h: h * growth(error, state.error), error, steps: state.steps + 1 };
    slopes.unshift(slopes.pop() as Float64Array);
  }
  return { state, y: state.y };
}

/** The step that passes the tolerance. `slopes` has the first slope, and gets the others. */
function accepted(flow: Flow, { t, y, h: first }: FlowState, slopes: Float64Array[], tolerance: number) {
  let h = first || firstStep(flow.size(slopes[0]));
  for (;;) {
    if (!(t + h > t))
      throw new ConvergenceError(
        `the steps of the flow have shrunk to ${h} at t = ${t}, below rounding; raise the tolerance, or use a smaller rate`,
      );
    const next = step(flow, y, slopes, h);
    const error = flow.size(combined(DIFFERENCE, slopes, h)) / tolerance;
    if (error <= 1) return { h, y: next, error };
    // Not finite: far too long.
    h *= Number.isFinite(error) ? Math.max(0.2, SAFETY * error ** -EXPONENT) : 0.1;
  }
}

/** One that would move the outputs by a hundredth of their size. */
function firstStep(pace: number): number {
  return pace > 0 && Number.isFinite(pace) ? 0.01 / pace : 1;
}

const SAFETY = 0.9;
/** The controller of DOPRI5: the error's own exponent, and how far the error before it counts. */
const BEFORE = 0.04;
const EXPONENT = 0.2 - 0.75 * BEFORE;

/** By which factor the next step is longer. */
function growth(error: number, before: number): number {
  if (error === 0) return 10;
  return Math.min(10, Math.max(0.2, SAFETY * error ** -EXPONENT * Math.max(before, 1e-4) ** BEFORE));
}

/** y after a step of length h. All slopes but the first are written. */
function step(flow: Flow, y: Float64Array, slopes: Float64Array[], h: number): Float64Array {
  let at = y;
  STAGES.forEach((weights, stage) => {
    at = combined(weights, slopes, h);
    for (let i = 0; i < at.length; i++) at[i] += y[i];
    flow.slope(at, slopes[stage + 1]);
  });
  return at;
}

/** h Σ_s weights_s slopes_s. */
function combined(weights: readonly number[], slopes: readonly Float64Array[], h: number): Float64Array {
  const sum = new Float64Array(slopes[0].length);
  weights.forEach((weight, s) => {
    if (weight === 0) return;
    const [factor, slope] = [h * weight, slopes[s]];
    for (let i = 0; i < sum.length; i++) sum[i] += factor * slope[i];
  });
  return sum;
}
