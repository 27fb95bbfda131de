/** The embedded Runge–Kutta pair on flows with known answers: errors, steps, and what cannot be integrated. */
import { expect, test } from "vitest";
import { ConvergenceError } from "../src/index.js";
import { type Flow, flowStart, flowTo } from "../src/training/rungeKutta.js";
import { expectNear } from "./setup/golden.js";

const size = (change: Float64Array) => change.reduce((top, x) => Math.max(top, Math.abs(x)), 0);

/** x' = −y, y' = x, from (1, 0): a circle. */
const circle: Flow = {
  slope(y, slope) {
    slope[0] = -y[1];
    slope[1] = y[0];
  },
  // Not finite stays not finite.
  size: (change) => Math.max(...change.map(Math.abs)),
};

test("a circle: errors follow the tolerance, steps its fifth root", () => {
  const steps = [1e-4, 1e-7, 1e-10, 1e-12].map((tolerance) => {
    const { state, y } = flowTo(circle, flowStart(Float64Array.of(1, 0)), 20, tolerance);
    expectNear(y, [Math.cos(20), Math.sin(20)], 50 * tolerance, `at ${tolerance}: some 20 to 300 steps' errors`);
    return state.steps;
  });
  // A thousandth of the error takes 1000^(1/5) = 4 times the steps.
  expect(steps[2] / steps[1]).toBeGreaterThan(3.4);
  expect(steps[2] / steps[1]).toBeLessThan(4.6);
});

test("a single step has order five", () => {
  // One step of the whole length at a tolerance that anything passes, from a state whose step is given.
  const errorOf = (h: number) => {
    const { y } = flowTo(circle, { ...flowStart(Float64Array.of(1, 0)), h }, h, 1e6);
    return Math.hypot(y[0] - Math.cos(h), y[1] - Math.sin(h));
  };
  const ratio = errorOf(0.4) / errorOf(0.2);
  // Order 5: a local error of h⁶.
  expect(Math.log2(ratio)).toBeGreaterThan(5.7);
  expect(Math.log2(ratio)).toBeLessThan(6.3);
});

test("steps do not depend on the times that were asked for", () => {
  const start = flowStart(Float64Array.of(1, 0));
  const whole = flowTo(circle, start, 9, 1e-8);
  let { state } = flowTo(circle, start, 0.3, 1e-8);
  for (const t of [0.31, 2, 2, 5.5]) state = flowTo(circle, state, t, 1e-8).state;
  expect(flowTo(circle, state, 9, 1e-8)).toEqual(whole);
  // The last step's own place is reached by no shorter step.
  expect(flowTo(circle, start, whole.state.t, 1e-8).y).toEqual(whole.state.y);
});

test("what does not move takes few steps; time 0 is the start", () => {
  const still: Flow = { slope: (_, slope) => slope.fill(0), size };
  const { state, y } = flowTo(still, flowStart(Float64Array.of(2)), 1e12, 1e-8);
  expect([...y]).toEqual([2]);
  expect(state.steps).toBeLessThan(20);
  expect(flowTo(circle, flowStart(Float64Array.of(1, 0)), 0, 1e-8).y).toEqual(Float64Array.of(1, 0));
});

test("an end before the time, and stiffness, are errors in words", () => {
  // y' = y² from 1 ends at t = 1.
  const blown: Flow = {
    slope(y, slope) {
      slope[0] = y[0] ** 2;
    },
    size: (change) => Math.abs(change[0]),
  };
  const one = () => flowStart(Float64Array.of(1));
  expectNear(flowTo(blown, one(), 0.9, 1e-10).y, [10], 1e-6, "1/(1 − t)");
  expect(() => flowTo(blown, one(), 1.1, 1e-8)).toThrow(ConvergenceError);
  const nowhere: Flow = { slope: (_, slope) => slope.fill(Number.NaN), size: (change) => Math.abs(change[0]) };
  expect(() => flowTo(nowhere, one(), 1, 1e-8)).toThrow(/have shrunk to 0 at t = 0, below rounding/);
  const stiff: Flow = {
    slope(y, slope) {
      slope[0] = -1e9 * y[0];
    },
    size: (change) => Math.abs(change[0]),
  };
  expect(() => flowTo(stiff, one(), 1, 1e-8)).toThrow(
    /the flow took 1000000 steps to t = 0.00\d+ of 1; ask for an earlier/,
  );
});
