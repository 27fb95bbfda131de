/**
 * How `tune` rates a kernel for many points: by fits of a solver that needs no eigendecomposition, `cg` or `lowrank`.
 * Each ridge takes a fit and its log determinant. The ridge is therefore climbed to, from where the last kernel had its
 * best one, and not looked for everywhere.
 *
 * With `cg` the log determinant is an estimate. Its random directions have a fixed seed, so that the errors of
 * neighbouring ridges and kernels are alike, and their comparison is better than the standard error says.
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import type { Problem } from "../problem.js";
import { drain } from "../slices.js";
import { solving } from "./chooseSolver.js";
import { evidenceError, evidencesOf, sumOrNone } from "./evidence.js";
import { ITERATIVE } from "./iterative.js";
import { climb } from "./search.js";
import type { Solution } from "./solution.js";
import { within } from "./tuneFamily.js";
import { endOf, meanOrOne, type RatedRidge, rangeOf } from "./tuneRidge.js";

/** Solvers without an eigendecomposition. */
export type TuneSolver = "cg" | "lowrank";

/** The default range of the ridge beside the mean of the diagonal, and where the climb starts. */
const RANGE = [1e-8, 10] as const;
const START = 1e-2;
/** Fits of one kernel, at most. */
const MOST_FITS = 16;

/** The ridge of a kernel and its rating, and of each ridge on the way. */
export class SolverRating {
  /** The best ridge so far beside the mean of the diagonal. */
  #relative = START;

  constructor(
    readonly context: Context,
    readonly solver: TuneSolver,
    readonly given: readonly [number, number] | undefined,
  ) {}

  /** Yields each ridge that was tried. @throws RangeError where none has a finite score */
  *rate(problem: Problem, notes: Set<string>): Generator<RatedRidge, RatedRidge, void> {
    const mean = meanOrOne(problem.source.diagonal(problem.X));
    const bounds = rangeOf(this.given, mean, RANGE);
    const [low, high] = bounds.map(Math.log);
    const steps = climb(Math.min(high, Math.max(low, Math.log(this.#relative * mean))), low, high, MOST_FITS);
    let step = steps.next();
    let best: RatedRidge | undefined;
    while (!step.done) {
      const ridge = within(step.value, bounds);
      const { score, scoreError } = this.#score(problem, ridge, notes);
      const rated: RatedRidge = { ridge, score, atBound: endOf(ridge, ...bounds) !== undefined, bounds };
      if (scoreError !== undefined) rated.scoreError = scoreError;
      if (!best || score > best.score) best = rated;
      if (Number.isFinite(score)) yield rated;
      step = steps.next(score);
    }
    if (!best || !Number.isFinite(best.score)) {
      throw new RangeError(
        `no ridge from ${bounds[0]} to ${bounds[1]} has a finite score with solver "${this.solver}"${firstOf([...notes])}; ` +
          'expected larger ridges, or solver "dual"',
      );
    }
    this.#relative = best.ridge / mean;
    return best;
  }

  #score(problem: Problem, ridge: number, notes: Set<string>): Pick<RatedRidge, "score" | "scoreError"> {
    const options = { traceError: undefined, rank: undefined, signal: undefined };
    let solution: Solution;
    try {
      ({ solution } = drain(solving(this.context, ITERATIVE, this.solver, problem, Float64Array.of(ridge), options)));
    } catch (error) {
      if (!(error instanceof ConvergenceError || error instanceof RangeError)) throw error;
      notes.add(`the ridge ${ridge.toPrecision(3)} was not rated: ${error.message}`);
      return { score: -Infinity };
    }
    try {
      const evidences = evidencesOf(problem, solution).map(({ logEvidenceProfiled }) => logEvidenceProfiled);
      return { score: sumOrNone(evidences) ?? -Infinity, scoreError: evidenceError(problem, solution) };
    } finally {
      solution.free();
    }
  }
}

/** The first of the notes, in a message of a few lines: one stands for each ridge. */
function firstOf(notes: readonly string[]): string {
  const rest = notes.length > 1 ? `; and ${notes.length - 1} more notes` : "";
  return notes.length === 0 ? "" : `; ${notes[0]}${rest}`;
}
