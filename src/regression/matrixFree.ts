/**
 * The N×N solver without an N×N matrix, for many points: preconditioned conjugate gradients in float64, for every model
 * (`kernel/kernelMap.ts`). For a finite network a product Φ(Φᵀv) passes through the features and costs O(NP). A
 * variance costs a solve of its own; those of a block of points run side by side. log |A| is estimated by stochastic
 * Lanczos quadrature. What needs a factor (leave-one-out, degrees of freedom, the spectrum) does not exist here.
 *
 * With a ridge above rounding level, conjugate gradients solve (Θ + λI)α = r with the preconditioner of
 * `matrixFreeWork.ts`. With a ridge of 0, or one lost in rounding, the system is singular, and α may grow along the
 * null space without a trace in the residual. Then Lanczos gives the minimum-norm answer (`lanczos.ts`).
 */
import type { Context } from "../context.js";
import { firstOrder } from "../kernel/finite/tangents.js";
import type { Wanted } from "../linalg/conjugateGradients.js";
import { showRidge, sufficientRidge } from "../linalg/factor.js";
import { type Estimate, logDeterminantEstimate, MOST_STEPS, PROBES } from "../linalg/stochasticLanczos.js";
import { maxAbs, transposed } from "../linalg/vectors.js";
import type { Matrix } from "../matrix.js";
import type { Problem } from "../problem.js";
import type { Signal } from "../signal.js";
import { drain } from "../slices.js";
import { crossMean, quadraticsOf } from "./crossMean.js";
import type { FitProgress } from "./fitOptions.js";
import { notReached, type Rest, unexplained } from "./matrixFreeRests.js";
import type { MatrixFreeSystem } from "./matrixFreeSystem.js";
import { type Answer, openWork, progressOf, type Work, withProgress } from "./matrixFreeWork.js";
import type { Latent, Method, Solution, SolutionState } from "./solution.js";

/**
 * Yields after each product. A signal ends the iteration: the solution has what there is, and `stopped` says so.
 *
 * @throws ConvergenceError, MemoryLimitError
 */
export function* solvingMatrixFree(
  context: Context,
  problem: Problem,
  ridge: number,
  signal?: Signal,
): Generator<FitProgress, { solution: Solution; notes: string[] }, void> {
  const work = yield* openWork(context, problem, ridge);
  try {
    const solved = yield* solving(problem, ridge, work, signal);
    return { solution: new MatrixFreeSolution(context, problem, ridge, solved), notes: solved.notes };
  } finally {
    work.close();
  }
}

/** A solution from its state; its products are made again. */
export function restoreMatrixFree(context: Context, problem: Problem, state: SolutionState): Solution {
  const { alpha, displacement, ridges, method, truncated } = state;
  const backwardError = state.backwardError ?? Number.NaN;
  return new MatrixFreeSolution(context, problem, ridges[0], {
    alpha,
    displacement,
    method,
    backwardError,
    lost: truncated,
    norm: undefined,
  });
}

/** α in rows, β = Φᵀα, and how well the systems were solved. */
interface Solved {
  alpha: Float64Array;
  displacement: Float64Array | undefined;
  method: Method;
  backwardError: number;
  /** True where the ridge is lost in rounding. */
  lost: boolean;
  /** Of the system's matrix; undefined where it is not known yet. */
  norm: number | undefined;
}

/** Solves the systems of all right-hand sides side by side. */
function* solving(
  problem: Problem,
  ridge: number,
  work: Work,
  signal: Signal | undefined,
): Generator<FitProgress, Solved & { notes: string[] }, void> {
  const { system, preconditioner } = work;
  const { size, columns, R } = problem;
  const rights = Array.from({ length: columns }, (_, c) => system.scaled(R.slice(c * size, (c + 1) * size)));
  const solved = yield* stepping(work, rights, signal);
  const failed = solved.find(({ converged }) => !converged);
  const stopped = failed !== undefined && signal?.aborted === true;
  if (failed && !stopped) throw notReached(failed.iterations, size, system, ridge);
  const iterations = solved.reduce((most, one) => Math.max(most, one.iterations), 0);
  const last = { iteration: iterations, residual: 0, preconditionerRank: preconditioner?.rank ?? 0 };
  const products = yield* withProgress(work.slicing(solved.map(({ x }) => x)), last);
  const backwardError = solved.reduce(
    (worst, { x, target }, c) => Math.max(worst, backwardErrorOf(products[c], x, target, system)),
    0,
  );
  const alpha = new Float64Array(size * columns);
  solved.forEach(({ x }, c) => {
    alpha.set(system.scaled(x), c * size);
  });
  const notes = stopped
    ? [
        `conjugate gradients were stopped by a signal after ${iterations} iterations, at a backward error of ${backwardError.toExponential(1)}`,
      ]
    : [];
  return {
    alpha,
    displacement: work.map.tangents?.transposeTimes(alpha),
    method: {
      precision: "float64",
      iterations,
      fallback: undefined,
      preconditionerRank: preconditioner?.rank ?? 0,
    },
    backwardError,
    lost: system.lost,
    norm: system.norm,
    notes,
  };
}

/** Iterates until all systems are solved or a signal comes. */
function* stepping(
  work: Work,
  rights: readonly Float64Array[],
  signal: Signal | undefined,
): Generator<FitProgress, Answer[], void> {
  const runs = rights.map(work.steps);
  const steps = runs.map((run) => run.next());
  for (;;) {
    const open = [...steps.keys()].filter((c) => !steps[c].done);
    const wanted = open.map((c) => steps[c].value as Wanted);
    if (open.length === 0) return steps.map(({ value }) => value as Answer);
    const worst = wanted.reduce((most, one) => (one.residual > most.residual ? one : most));
    const progress = progressOf(worst, work.preconditioner);
    yield progress;
    if (signal?.aborted) {
      return steps.map(({ done, value }, c) =>
        done
          ? (value as Answer)
          : { x: value.x, iterations: (value as Wanted).iteration, converged: false, target: rights[c] },
      );
    }
    const products = yield* withProgress(work.slicing(wanted.map(({ v }) => v)), progress);
    open.forEach((c, k) => {
      steps[c] = runs[c].next(products[k]);
    });
  }
}

class MatrixFreeSolution implements Solution {
  readonly solver = "cg";
  readonly ridges: Float64Array;
  readonly fixed = 'a fit by solver "cg" cannot be updated; fit again with solver "dual"';
  readonly method: Method;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #ridge: number;
  readonly #solved: Solved;
  #logDeterminant: Estimate | undefined;
  #shift: number | undefined;

  constructor(context: Context, problem: Problem, ridge: number, solved: Solved) {
    this.#context = context;
    this.#problem = problem;
    this.#ridge = ridge;
    this.ridges = Float64Array.of(ridge);
    this.#solved = solved;
    this.method = solved.method;
  }

  findings() {
    const { lost } = this.#solved;
    const notes = lost ? [this.#lostNote()] : [];
    return { rank: undefined, truncated: lost, conditionNumber: undefined, notes };
  }

  lateNotes(): string[] {
    const { unsettled = 0 } = this.#logDeterminant ?? {};
    if (unsettled === 0) return [];
    return [
      `the estimate of log det had not settled after ${MOST_STEPS} products in ${unsettled} of ${PROBES} probes: logEvidence may be off by more than logEvidenceError says; a larger ridge settles sooner, and solver "dual" is exact`,
    ];
  }

  displacement(): Float64Array | undefined {
    return this.#solved.displacement;
  }

  get shift(): number {
    this.#shift ??= this.#open(({ system }) => system.shift);
    return this.#shift;
  }

  free(): void {}

  update(): never {
    throw new RangeError(this.fixed);
  }

  dualWeights(): Float64Array {
    return transposed(this.#solved.alpha, this.#problem.columns, this.#problem.size);
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    return { mean: this.#mean(X, start), variance: variance ? this.#variance(X) : undefined };
  }

  #mean(X: Matrix, start: boolean): Float64Array {
    const { weights: net } = this.#problem.source;
    const { displacement, alpha } = this.#solved;
    if (net && displacement) return firstOrder(this.#context, net, X, displacement, start);
    return crossMean(this.#context, this.#problem, alpha, X, start);
  }

  #variance(X: Matrix): Float64Array {
    const result = new Float64Array(X.rows * this.#problem.source.block);
    this.#unexplained(X, false, (rests, first) => {
      rests.forEach((rest, i) => {
        result[first + i] = rest.with(rest);
      });
    });
    return result;
  }

  covariances(X: Matrix): Float64Array[] {
    const size = X.rows * this.#problem.source.block;
    const all: Rest[] = [];
    const result = new Float64Array(size * size);
    this.#unexplained(X, true, (rests) => {
      for (const rest of rests) all.push(rest);
    });
    for (let i = 0; i < size; i++) {
      for (let j = 0; j <= i; j++) {
        const value = all[i].with(all[j]);
        result[i * size + j] = value;
        result[j * size + i] = value;
      }
    }
    return [result];
  }

  quadratics(): Float64Array {
    return quadraticsOf(this.#problem, this.#solved.alpha);
  }

  logDeterminants(): number[] | undefined {
    const estimate = this.#estimate();
    return estimate && [estimate.value];
  }

  logDeterminantError(): number | undefined {
    return this.#estimate()?.standardError;
  }

  /** log |A|; undefined where the ridge is lost in rounding. */
  #estimate(): Estimate | undefined {
    if (this.#solved.lost) return undefined;
    this.#logDeterminant ??= this.#open(({ system, preconditioner, times }) => {
      const estimate = logDeterminantEstimate(
        this.#context,
        preconditioner as NonNullable<typeof preconditioner>,
        times,
      );
      // A = S⁻¹ M S⁻¹, S = diag(roots).
      const scales = system.roots?.reduce((sum, root) => sum + 2 * Math.log(root), 0) ?? 0;
      return { ...estimate, value: estimate.value - scales };
    });
    return this.#logDeterminant;
  }

  looResiduals(): undefined {}

  degreesOfFreedom(): undefined {}

  spectrum(): undefined {}

  backwardError(): number {
    return this.#solved.backwardError;
  }

  state(): SolutionState {
    const { alpha, displacement, lost, backwardError } = this.#solved;
    return {
      space: "cg",
      factor: "cholesky",
      ridges: this.ridges,
      method: this.method,
      alpha,
      displacement,
      packed: undefined,
      truncated: lost,
      resident: false,
      backwardError,
    };
  }

  /** Calls `body` with the work, which is open during the call. */
  #open<T>(body: (work: Work) => T): T {
    const work = drain(openWork(this.#context, this.#problem, this.#ridge));
    try {
      return body(work);
    } finally {
      work.close();
    }
  }

  #unexplained(X: Matrix, pairs: boolean, body: (rests: Rest[], first: number) => void): void {
    this.#open((work) => unexplained(this.#context, this.#problem, this.#ridge, work, X, pairs, body));
  }

  #lostNote(): string {
    const { size, terms } = this.#problem;
    const answer = "the answer is the minimum-norm one, modes at rounding level left out";
    if (this.#ridge === 0) return `the ridge is 0${terms?.noise ? ", and so is the noise of a row" : ""}: ${answer}`;
    const norm = this.#solved.norm ?? this.#open(({ system }) => system.norm);
    const enough = showRidge(sufficientRidge(size, 0, norm));
    return `the ridge ${this.#ridge} is lost in rounding beside the kernel: ${answer}; a ridge above ${enough} would count`;
  }
}

/** The backward error of Mx = b. */
function backwardErrorOf(product: Float64Array, x: Float64Array, b: Float64Array, system: MatrixFreeSystem): number {
  const bound = (system.norm + system.shift) * maxAbs(x) + maxAbs(b);
  const residual = maxAbs(b.map((value, i) => value - product[i]));
  return bound === 0 ? 0 : residual / bound;
}
