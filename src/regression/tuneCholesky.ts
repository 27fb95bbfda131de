/**
 * How `tune` rates a kernel by the evidence: two or three factorisations beside the best ridge of the last kernel,
 * where an eigendecomposition costs nine to ten. Newton's step goes by the slope of the evidence in log λ, and by
 * its curvature from the last two values, which changes little from kernel to kernel.
 */
import type { Context } from "../context.js";
import type { Problem } from "../problem.js";
import { EvidenceScan } from "./evidenceScan.js";
import { within } from "./tuneFamily.js";
import { bestRidge, endOf, meanOrOne, type RatedRidge, rangeOf } from "./tuneRidge.js";

/** Rows from which factorisations are quicker: below, a kernel is decomposed in a few milliseconds. */
export const LEAST_ROWS = 128;
/** The most that log λ moves in a step. */
const STRIDE = 1.5;
/** A step below this changes the evidence by less than the search can tell: N/8 times its square. */
const SMALL = 0.02;
/** A step that leaves less than this to go, and to gain, is the last one. */
const NEAR = 0.3;
const GAIN = 2;
/** Steps before the kernel is decomposed after all. */
const MOST_STEPS = 6;

export class CholeskyRating {
  /** The best ridge of the last kernel beside the mean of the diagonal, and the curvature of the evidence there. */
  #last: { relative: number; curvature: number } | undefined;

  constructor(
    readonly context: Context,
    readonly given: readonly [number, number] | undefined,
  ) {}

  /** @throws RangeError where no ridge has a finite score */
  rate(problem: Problem): RatedRidge {
    return this.#climb(problem) ?? this.#decompose(problem);
  }

  #decompose(problem: Problem): RatedRidge {
    const rated = bestRidge(this.context, problem, "evidence", this.given);
    const mean = meanOrOne(problem.source.diagonal(problem.X));
    const curvature = this.#last?.curvature ?? (-problem.size * problem.columns) / 8;
    this.#last = { relative: rated.ridge / mean, curvature };
    return rated;
  }

  /** Undefined where the way to the best ridge is long, or a ridge is lost in rounding. */
  #climb(problem: Problem): RatedRidge | undefined {
    if (!this.#last) return undefined;
    const scan = new EvidenceScan(this.context, problem);
    try {
      const mean = scan.meanDiagonal();
      const bounds = rangeOf(this.given, mean);
      const [low, high] = bounds.map(Math.log);
      const clamp = (t: number) => Math.min(high, Math.max(low, t));
      let { curvature } = this.#last;
      let t = clamp(Math.log(this.#last.relative * mean));
      let value = scan.evidence(within(t, bounds));
      let best = { t, value: value ?? -Infinity };
      for (let step = 0; step < MOST_STEPS; step++) {
        if (value === undefined) return undefined;
        const slope = scan.slope();
        const wanted = clamp(t + Math.max(-STRIDE, Math.min(STRIDE, -slope / curvature)));
        const moved = wanted - t;
        let rest = 0;
        if (Math.abs(moved) >= SMALL) {
          const next = scan.evidence(within(wanted, bounds));
          if (next === undefined) return undefined;
          const met = (2 * (next - value - slope * moved)) / (moved * moved);
          // Not concave: the last curvature would call a short step the whole way.
          if (!(met < 0)) return undefined;
          curvature = met;
          rest = Math.abs(clamp(t - slope / curvature) - wanted);
          [t, value] = [wanted, next];
          if (value > best.value) best = { t, value };
        }
        if (rest >= NEAR || -curvature * rest * rest > 2 * GAIN) continue;
        const ridge = within(best.t, bounds);
        this.#last = { relative: ridge / mean, curvature };
        return { ridge, score: best.value, atBound: endOf(ridge, ...bounds) !== undefined, bounds };
      }
      return undefined;
    } finally {
      scan.free();
    }
  }
}
