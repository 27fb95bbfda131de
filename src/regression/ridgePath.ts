/**
 * Ridge paths: one eigendecomposition Θ = UΛUᵀ, or one of the matrix that rows with terms of their own have
 * (`linalg/rowTerms.ts`), then every ridge costs O(N·C). The best profiled evidence wins, for all
 * outputs together or for each output separately. Evidence at scale 1 depends on Θ's arbitrary scale and underfits
 * (MATH.md §3).
 */

import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import { eighScratch } from "../linalg/blas.js";
import { decompose, type Eigensystem, factorEigen, isLost, nullLevel, project } from "../linalg/eigen.js";
import type { Factor } from "../linalg/factor.js";
import { logWeights, scaledBy } from "../linalg/rowTerms.js";
import { norm } from "../linalg/vectors.js";
import { hold } from "../linalg/view.js";
import type { Problem } from "../problem.js";
import { fillSystem } from "./dualSystem.js";
import { type Evidence, evidenceOf, sumOrNone } from "./evidence.js";
import { meanOfGroup, repeatsOf } from "./repeats.js";

/**
 * One ridge of a path. A field is `undefined` where it does not exist: on a singular kernel, with a ridge of 0 or a
 * ridge lost in rounding.
 */
export interface PathPoint {
  ridge: number;
  /** At scale 1, summed over outputs. */
  logEvidence: number | undefined;
  /** With the scale of each output profiled out, summed over outputs: the criterion. */
  logEvidenceProfiled: number | undefined;
  degreesOfFreedom: number;
  /**
   * Root mean square of the leave-one-out residuals; rows with equal inputs are left out together. Undefined also where
   * a residual overflows.
   */
  looRmse: number | undefined;
  /** True for the ridge that was fitted. With `perOutput`: true if at least one output has this ridge. */
  chosen: boolean;
  /** True where the chosen ridge is the smallest or the largest of several: the best ridge may lie beyond. */
  atBound: boolean;
  /** The same for each output, if there are several and each is a regression of its own (`outputs: "average"`). */
  perOutput?: OutputPoint[];
}

/** One ridge, one output. */
export interface OutputPoint extends Omit<Evidence, "scale"> {
  looRmse: number | undefined;
  chosen: boolean;
}

/**
 * Rates ridges by the eigendecomposition of Θ, or of S(Θ + diag v)S. The decomposition is made once, in a held block.
 * The evidence of a ridge then costs O(N·C). The leave-one-out error of a ridge costs O(N²·C).
 */
export class RidgeScan {
  readonly spectrum: Eigensystem;
  /** The rounding level: a ridge up to this one is lost in rounding. */
  readonly level: number;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #modes: Float64Array;
  readonly #coordinates: Float64Array;
  /** Σ log w_i of the rows. */
  readonly #logWeights: number;
  /** Σ_j w_j v_j u_ij² of each mode: the part of its eigenvalue that is noise of the rows. */
  #noiseParts: Float64Array | undefined;

  constructor(context: Context, problem: Problem) {
    const { R, columns, terms, size: n } = problem;
    const A = hold(context, n, n);
    try {
      fillSystem(problem, A);
      this.spectrum = { values: decompose(A, true), vectors: A };
      this.level = nullLevel(this.spectrum.values);
      this.#modes = this.spectrum.values.map((value) => (value > this.level ? value : 0));
      this.#coordinates = project(this.spectrum, terms ? scaledBy(terms, R) : R, columns);
      this.#logWeights = terms ? logWeights(terms) : 0;
    } catch (error) {
      context.arena.free(A.at);
      throw error;
    }
    this.#context = context;
    this.#problem = problem;
  }

  /** The smallest ridge that has scores: twice the rounding level where Θ is singular, else 0. */
  get leastRidge(): number {
    return this.#isSingular(0) ? 2 * this.level : 0;
  }

  degreesOfFreedom(ridge: number): number {
    const parts = this.#noise();
    return this.#modes.reduce(
      (sum, value, i) => sum + (value > 0 ? Math.max(0, value - (parts?.[i] ?? 0)) / (value + ridge) : 0),
      0,
    );
  }

  /** Made when it is first needed, O(N²); undefined where no row has a variance of its own. */
  #noise(): Float64Array | undefined {
    const { noise, weights } = this.#problem.terms ?? {};
    if (!noise) return undefined;
    this.#noiseParts ??= this.#modes.map((_, i) =>
      this.spectrum.vectors.row(i).reduce((sum, u, j) => sum + (weights?.[j] ?? 1) * noise[j] * u ** 2, 0),
    );
    return this.#noiseParts;
  }

  /**
   * Evidences of one ridge, for each right-hand side. They are undefined where Θ is singular and the ridge is 0 or lost
   * in rounding.
   */
  evidences(ridge: number): Evidence[] {
    const n = this.#modes.length;
    const singular = this.#isSingular(ridge);
    const logDeterminant = singular
      ? undefined
      : this.#modes.reduce((sum, value) => sum + Math.log(value + ridge), 0) - this.#logWeights;
    return Array.from({ length: this.#problem.columns }, (_, c) => {
      let quadratic = 0;
      for (let i = 0; i < n; i++) {
        const value = this.#modes[i];
        if (value > 0 || !singular) quadratic += this.#coordinates[c * n + i] ** 2 / (value + ridge);
      }
      return evidenceOf(this.#problem, c, quadratic, logDeterminant, ridge);
    });
  }

  /** The sum of the profiled evidences. */
  evidence(ridge: number): number | undefined {
    return sumOrNone(this.evidences(ridge).map((one) => one.logEvidenceProfiled));
  }

  /** Root mean square of the leave-one-out residuals of each right-hand side; undefined as in {@link evidences}. */
  looRmses(ridge: number): (number | undefined)[] {
    const n = this.#modes.length;
    const { columns: C, R } = this.#problem;
    if (this.#isSingular(ridge)) return new Array<undefined>(C).fill(undefined);
    const { groups } = repeatsOf(this.#problem);
    const sums = new Float64Array(groups.length);
    const { alpha, inverse } = this.solution(ridge, groups, sums);
    return Array.from({ length: C }, (_, c) => {
      const at = c * n;
      const residuals = alpha.subarray(at, at + n).map((value, i) => value / inverse[i]);
      groups.forEach((group, g) => {
        const left = group.reduce((sum, i) => sum + alpha[at + i], 0);
        const mean = meanOfGroup(this.#problem, group, R, ridge, at);
        for (const i of group) residuals[i] = left / sums[g] + R[at + i] - mean;
      });
      return rootMeanSquare(residuals);
    });
  }

  /**
   * α in rows and the diagonal of A⁻¹, O(N²·C). `sums` gets 1ᵀA⁻¹1 over each group. The ridge must not be lost on a
   * singular kernel.
   */
  solution(ridge: number, groups: readonly (readonly number[])[] = [], sums = new Float64Array(groups.length)) {
    const n = this.#modes.length;
    const { columns: C, terms } = this.#problem;
    const roots = terms?.roots;
    const inverse = new Float64Array(n);
    const alpha = new Float64Array(C * n);
    for (let i = 0; i < n; i++) {
      const u = this.spectrum.vectors.row(i);
      const weight = 1 / (this.#modes[i] + ridge);
      for (let c = 0; c < C; c++) {
        const part = weight * this.#coordinates[c * n + i];
        for (let j = 0; j < n; j++) alpha[c * n + j] += part * u[j];
      }
      for (let j = 0; j < n; j++) inverse[j] += weight * u[j] ** 2;
      groups.forEach((group, g) => {
        let sum = 0;
        for (const j of group) sum += roots ? roots[j] * u[j] : u[j];
        sums[g] += weight * sum ** 2;
      });
    }
    if (roots) {
      for (let at = 0; at < alpha.length; at++) alpha[at] *= roots[at % n];
      for (let j = 0; j < n; j++) inverse[j] *= roots[j] ** 2;
    }
    return { alpha, inverse };
  }

  looRmse(ridge: number): number | undefined {
    return rootMeanSquareOf(this.looRmses(ridge));
  }

  /** Gives the block back. Do not call it after a factor has taken the block over. */
  free(): void {
    this.#context.arena.free(this.spectrum.vectors.at);
  }

  #isSingular(ridge: number): boolean {
    return isLost(ridge, this.level) && this.#modes.some((value) => value === 0);
  }
}

/** Free of overflow; undefined where a value is not finite. */
function rootMeanSquare(values: Float64Array): number | undefined {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  // Squares of numbers beyond 1e±154 leave the doubles.
  if (squares > 1e-280 && squares < Infinity) return Math.sqrt(squares / values.length);
  const size = norm(values) / Math.sqrt(values.length);
  return Number.isFinite(size) ? size : undefined;
}

/** {@link rootMeanSquare} over outputs; undefined where an output has none. */
function rootMeanSquareOf(values: readonly (number | undefined)[]): number | undefined {
  if (values.includes(undefined)) return undefined;
  return rootMeanSquare(Float64Array.from(values as number[]));
}

/** A rated path, and the factor of the winner. */
interface ChosenPath {
  /** The chosen ridge, or one for each output. */
  ridges: Float64Array;
  factor: Factor;
  path: PathPoint[];
  /** What was unusual about the choice, a sentence each. */
  notes: string[];
}

/**
 * Decomposes Θ and rates all ridges. Returns the factor of the winner, or of the winners of all outputs, in a held
 * block.
 */
export function choosePath(
  context: Context,
  problem: Problem,
  ridges: readonly number[],
  perOutput: boolean,
): ChosenPath {
  const scan = new RidgeScan(context, problem);
  try {
    const rated = ridges.map((ridge) => rate(scan, ridge));
    const scores = (perOutput ? rated[0].outputs : [undefined]).map((_, c) =>
      rated.map(({ point, outputs }) => (perOutput ? outputs[c] : point).logEvidenceProfiled),
    );
    const winners = scores.map(bestOf);
    const path = rated.map(({ point, outputs }, i): PathPoint => {
      const chosen = winners.includes(i);
      const atBound = winners.some((winner, c) => winner === i && isAtEnd(i, ridges, scores[c]));
      const each = outputs.map((output, c) => ({ ...output, chosen: winners[perOutput ? c : 0] === i }));
      return { ...point, chosen, atBound, ...(problem.columns > 1 && { perOutput: each }) };
    });
    const best = Float64Array.from(winners, (i) => ridges[i]);
    const factor = factorEigen(scan.spectrum, best);
    const unrated = winners.some((i, c) => scores[c][i] === undefined);
    return { ridges: best, factor, path, notes: pathNotes(path, unrated) };
  } catch (error) {
    scan.free();
    throw error;
  }
}

function rate(scan: RidgeScan, ridge: number) {
  const loos = scan.looRmses(ridge);
  const outputs = scan.evidences(ridge).map(({ logEvidence, logEvidenceProfiled }, c) => ({
    logEvidence,
    logEvidenceProfiled,
    looRmse: loos[c],
  }));
  const point = {
    ridge,
    logEvidence: sumOrNone(outputs.map((output) => output.logEvidence)),
    logEvidenceProfiled: sumOrNone(outputs.map((output) => output.logEvidenceProfiled)),
    degreesOfFreedom: scan.degreesOfFreedom(ridge),
    looRmse: rootMeanSquareOf(loos),
  };
  return { point, outputs };
}

/** The index of the largest score; the first index if no score is defined. */
function bestOf(scores: readonly (number | undefined)[]): number {
  return scores.reduce<number>((best, score, i) => ((score ?? -Infinity) > (scores[best] ?? -Infinity) ? i : best), 0);
}

/**
 * True for the smallest and the largest of several ridges that have a score. A ridge of 0 is no end: nothing is
 * smaller.
 */
function isAtEnd(at: number, ridges: readonly number[], scores: readonly (number | undefined)[]): boolean {
  if (ridges.every((ridge) => ridge === ridges[at])) return false;
  const others = ridges.filter((_, i) => scores[i] !== undefined);
  const below = others.some((ridge) => ridge < ridges[at]);
  const above = others.some((ridge) => ridge > ridges[at]);
  return !above || (!below && ridges[at] > 0);
}

function pathNotes(path: readonly PathPoint[], unrated: boolean): string[] {
  const ends = path.filter(({ atBound }) => atBound).map(({ ridge }) => boundNote(ridge, path));
  const none =
    "no ridge of the path has a finite evidence: all are lost in rounding, or the targets equal the start values; the first was taken";
  return unrated ? [none, ...ends] : ends;
}

function boundNote(ridge: number, path: readonly PathPoint[]): string {
  const rated = path.filter((point) => point.logEvidenceProfiled !== undefined);
  const isSmallest = rated.every((point) => point.ridge >= ridge);
  const [end, direction] = isSmallest ? ["smallest", "below"] : ["largest", "above"];
  const lost = path.length - rated.length;
  const of =
    lost > 0 ? `${rated.length} that have an evidence (${lost} do not reach beyond rounding)` : `${path.length}`;
  return `the chosen ridge ${ridge} is the ${end} of ${of}: the best one may lie ${direction} it`;
}

/** Doubles that {@link choosePath} needs. */
export function pathMemory(context: Context, source: KernelSource, inputs: number): number {
  const n = inputs * source.block;
  return n * n + source.scratch(inputs) + eighScratch(context, n);
}
