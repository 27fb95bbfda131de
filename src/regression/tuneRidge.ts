/** The ridge that `tune` takes for one kernel, or for one kernel and one choice of the weights of its rows. */
import type { Context } from "../context.js";
import { sum } from "../linalg/vectors.js";
import type { Problem } from "../problem.js";
import { RidgeScan } from "./ridgePath.js";
import { maximiseLine } from "./search.js";
import { within } from "./tuneFamily.js";

/** Points of the ridge grid. Over the default bounds they are four to a decade. */
const RIDGES = 45;

/** Part of a range, in logarithms, that counts as its end. It is ten times the resolution of the search. */
const END = 1e-2;

/** A ridge and its rating. */
export interface RatedRidge {
  ridge: number;
  /** Larger is better: the profiled log evidence, or minus the leave-one-out error. */
  score: number;
  /** True where the ridge is at an end of its range. */
  atBound: boolean;
  /** The range. */
  bounds: [number, number];
  /** The standard error of an estimated score. */
  scoreError?: number;
}

/** The end of [low, high] that a value is at, on a logarithmic scale. */
export function endOf(value: number, low: number, high: number): "lower" | "upper" | undefined {
  if (low === high) return undefined;
  const at = Math.log(value / low) / Math.log(high / low);
  return at <= END ? "lower" : at >= 1 - END ? "upper" : undefined;
}

/** The mean of the diagonal or of the eigenvalues of a kernel: its size. 1 for a kernel of zeros. */
export function meanOrOne(values: Float64Array): number {
  return sum(values) / values.length || 1;
}

/** The range of ridges that was given, or else this part of the size of a kernel. */
export function rangeOf(
  given: readonly [number, number] | undefined,
  size: number,
  [low, high]: readonly [number, number] = [1e-10, 10],
): [number, number] {
  return given ? [...given] : [low * size, high * size];
}

/**
 * The ridge with the best rating of a kernel, within the bounds. A ridge that is lost in rounding has no score and is
 * not tried. `visit` sees the decomposition, and the ridge that was chosen.
 *
 * @throws RangeError where no ridge has a finite score.
 */
export function bestRidge(
  context: Context,
  problem: Problem,
  criterion: "evidence" | "loo",
  given: readonly [number, number] | undefined,
  visit?: (scan: RidgeScan, ridge: number) => void,
): RatedRidge {
  const scan = new RidgeScan(context, problem);
  try {
    const [from, high] = rangeOf(given, meanOrOne(scan.spectrum.values));
    const low = Math.max(from, scan.leastRidge);
    if (low > high) {
      throw new RangeError(
        `the ridge has the bounds [${from}, ${high}], which are lost in rounding beside the kernel; expected an upper one above ${low}`,
      );
    }
    const rate = (logarithm: number) => {
      const ridge = Math.exp(logarithm);
      const score = criterion === "evidence" ? scan.evidence(ridge) : scan.looRmse(ridge);
      return score === undefined ? -Infinity : criterion === "evidence" ? score : -score;
    };
    const { x, value } = maximiseLine(rate, Math.log(low), Math.log(high), RIDGES);
    if (!Number.isFinite(value)) {
      throw new RangeError(
        "no ridge has a finite score: the targets equal the start values of the model, so that any ridge explains them; " +
          "expected targets that differ from them",
      );
    }
    const ridge = within(x, [low, high]);
    visit?.(scan, ridge);
    return { ridge, score: value, atBound: endOf(ridge, low, high) !== undefined, bounds: [low, high] };
  } finally {
    scan.free();
  }
}
