// How slow this machine is now: 1 for a quiet server core, more where it is slower or busy. Every time limit of the
// tests is a multiple of it. `SLOWNESS=10 npm test` sets it by hand.
import { availableParallelism, loadavg } from "node:os";

/** One round on the quiet machine that the limits were chosen on (Node 20 to 26: 26 to 28 ms). */
const REFERENCE_MS = 30;
const ROUNDS = 5;
/** Beyond this a limit would find no hang within the time that anybody waits. */
const MOST = 20;

/** A fixed load: loads, stores, products and a branch, as in the JavaScript backend. */
function load() {
  const data = new Float64Array(1 << 14).fill(1);
  let sum = 0;
  for (let pass = 0; pass < 500; pass++) {
    for (let i = 1; i < data.length; i++) {
      const x = 0.5 * data[i] + 0.25 * data[i - 1] + 1e-3;
      data[i] = x > 2 ? 1 : x;
      sum += x;
    }
  }
  return sum;
}

function measure() {
  let longest = 0;
  // The longest round, for other processes come and go; the first one is compiled on its way.
  for (let round = 0; round <= ROUNDS; round++) {
    const start = performance.now();
    if (!(load() > 0)) throw new Error("the calibration's sum is not a number");
    if (round > 0) longest = Math.max(longest, performance.now() - start);
  }
  return Math.max(longest / REFERENCE_MS, loadavg()[0] / availableParallelism());
}

/** At least 1. */
export const slowness = Number(process.env.SLOWNESS) || Math.min(MOST, Math.max(1, measure()));

/** A limit in milliseconds, from the limit on a quiet machine. */
export const patience = (/** @type {number} */ ms) => Math.ceil(ms * slowness);
