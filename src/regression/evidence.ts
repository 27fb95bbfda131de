/**
 * The log evidence of a regression, for each right-hand side (MATH.md §3). If all outputs share one kernel, they are
 * independent regressions, each with a scale of its own. With the kernel of all pairs of outputs there is one
 * regression.
 */
import { dot } from "../linalg/vectors.js";
import type { Problem } from "../problem.js";
import { copiesIn, repeatsOf } from "./repeats.js";
import type { Solution } from "./solution.js";

/** Log evidences and scale; `undefined` where they are not finite. */
export interface Evidence {
  /** At scale 1. */
  logEvidence: number | undefined;
  /** With the scale profiled out. Choose ridges by this one: the scale of Θ is arbitrary. */
  logEvidenceProfiled: number | undefined;
  /** ŝ = rᵀα/n, the scale with the largest evidence. */
  scale: number;
}

/**
 * The evidence of right-hand side c, from rᵀα, log|A| and λ. Copies of an observation count once, with their
 * number as weight (`regression/repeats.ts`).
 */
export function evidenceOf(
  problem: Problem,
  c: number,
  quadratic: number,
  logDeterminant: number | undefined,
  ridge: number,
): Evidence {
  const { dropped } = repeatsOf(problem);
  const copies = logDeterminant === undefined ? 0 : copiesIn(problem, c, ridge);
  return gaussianEvidence(
    problem.size - dropped[c] - (problem.trend?.basis.size ?? 0),
    quadratic,
    logDeterminant,
    copies,
  );
}

/** rᵀα of each right-hand side, α in rows; rounding must not make a square negative. */
export function quadraticsOf({ R, columns, size: n }: Problem, alpha: Float64Array): Float64Array {
  return Float64Array.from({ length: columns }, (_, c) =>
    Math.max(0, dot(R.subarray(c * n, (c + 1) * n), alpha.subarray(c * n, (c + 1) * n))),
  );
}

/** The evidence of n observations, from rᵀα and log|A|, which holds `copies` too much. */
export function gaussianEvidence(
  n: number,
  quadratic: number,
  logDeterminant: number | undefined,
  copies = 0,
): Evidence {
  const scale = quadratic / n;
  if (logDeterminant === undefined) return { logEvidence: undefined, logEvidenceProfiled: undefined, scale };
  const shared = -(logDeterminant - copies) / 2;
  const finite = (value: number) => (Number.isFinite(value) ? value : undefined);
  return {
    logEvidence: finite(-quadratic / 2 + shared - (n / 2) * Math.log(2 * Math.PI)),
    logEvidenceProfiled: finite(-(n / 2) * (Math.log(scale) + 1 + Math.log(2 * Math.PI)) + shared),
    scale,
  };
}

/** The evidence of each right-hand side of a solution. */
export function evidencesOf(problem: Problem, solution: Solution): Evidence[] {
  const logDeterminants = solution.logDeterminants();
  const { ridges } = solution;
  return Array.from(solution.quadratics(), (quadratic, c) => {
    const k = ridges.length > 1 ? c : 0;
    return evidenceOf(problem, c, quadratic, logDeterminants?.[k], ridges[k]);
  });
}

/** The standard error of the sum of the evidences over all right-hand sides; undefined where nothing is estimated. */
export function evidenceError({ columns }: Problem, solution: Solution): number | undefined {
  const error = solution.logDeterminantError?.();
  return error === undefined ? undefined : (columns * error) / 2;
}

/** The sum over the outputs; undefined where one output has no value, and where the sum overflows. */
export function sumOrNone(values: readonly (number | undefined)[]): number | undefined {
  const sum = values.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0);
  return Number.isFinite(sum) ? sum : undefined;
}

/** What a report says about rows that repeat; undefined if no row does. */
export function repeatsNote(problem: Problem): string | undefined {
  const { rows, copies } = repeatsOf(problem);
  if (rows === 0) return undefined;
  const of = `${rows} of ${problem.X.rows} rows repeat the inputs of an earlier one, ${copies} of them with its targets`;
  const weight = problem.terms ? "with the sum of their precisions" : "with their number as weight";
  return `${of}: for the evidence, copies of a row count as one row ${weight}; leave-one-out leaves rows with equal inputs out together`;
}
