/**
 * The N×N solver without an N×N matrix, for many points: preconditioned conjugate gradients in float64, for every model
 * (`kernel/kernelMap.ts`). For a finite network a product Φ(Φᵀv) passes through the features and costs O(NP). A variance
 * costs a solve of its own; those of a block of points run side by side. log |A| is estimated by stochastic Lanczos
 * quadrature. What needs a factor (leave-one-out, degrees of freedom, the spectrum) does not exist here.
 *
 * With a ridge above rounding level, conjugate gradients solve (Θ + λI)α = r with the preconditioner of
 * `matrixFreeWork.ts`. With a ridge of 0, or one lost in rounding, the system is singular, and α may grow along the null
 * space without a trace in the residual. Then Lanczos gives the minimum-norm answer (`lanczos.ts`).
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { withTangents } from "../kernel/finite/kernelOperator.js";
import { firstOrder } from "../kernel/finite/tangents.js";
import type { KernelSource } from "../kernel/kernel.js";
import { gemm } from "../linalg/blas.js";
import { type Solved as Converged, together, type Wanted } from "../linalg/conjugateGradients.js";
import { roundingTolerance, showRidge, sufficientRidge, tileRows } from "../linalg/factor.js";
import { minimumNorm } from "../linalg/lanczos.js";
import { type Estimate, logDeterminantEstimate } from "../linalg/stochasticLanczos.js";
import { dot, maxAbs, transposed } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import { type Matrix, rowsOf } from "../matrix.js";
import type { Problem } from "../problem.js";
import type { Signal } from "../signal.js";
import { drain } from "../slices.js";
import type { FitProgress } from "./fitOptions.js";
import type { MatrixFreeSystem } from "./matrixFreeSystem.js";
import { MOST_ITERATIONS, openWork, progressOf, type Work } from "./matrixFreeWork.js";
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
    const solved = yield* solving(context, problem, ridge, work, signal);
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

/** Right-hand sides of variances that are solved side by side, at most. */
const RIGHTS = 32;
/** Doubles of a block of them, at most. */
const BLOCK = 2 ** 22;

/** Solves the systems of all right-hand sides side by side. */
function* solving(
  context: Context,
  problem: Problem,
  ridge: number,
  work: Work,
  signal: Signal | undefined,
): Generator<FitProgress, Solved & { notes: string[] }, void> {
  const { system, preconditioner } = work;
  const { size, columns, R } = problem;
  const rights = Array.from({ length: columns }, (_, c) => system.scaled(R.slice(c * size, (c + 1) * size)));
  const solved = system.lost
    ? rights.map((b) => lanczosOf(context, work, b))
    : (yield* stepping(work, rights, signal)).map((one, c) => ({ ...one, target: rights[c] }));
  const failed = solved.find(({ converged }) => !converged);
  const stopped = failed !== undefined && signal?.aborted === true;
  if (failed && !stopped) throw notReached(failed.iterations, size, system, ridge);
  const products = work.times(solved.map(({ x }) => x));
  const backwardError = solved.reduce(
    (worst, { x, target }, c) => Math.max(worst, backwardErrorOf(products[c], x, target, system)),
    0,
  );
  const alpha = new Float64Array(size * columns);
  solved.forEach(({ x }, c) => {
    alpha.set(system.scaled(x), c * size);
  });
  const iterations = solved.reduce((most, one) => Math.max(most, one.iterations), 0);
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
): Generator<FitProgress, Converged[], void> {
  const runs = rights.map(work.steps);
  const steps = runs.map((run) => run.next());
  for (;;) {
    const open = [...steps.keys()].filter((c) => !steps[c].done);
    const wanted = open.map((c) => steps[c].value as Wanted);
    if (open.length === 0) return steps.map(({ value }) => value as Converged);
    const worst = wanted.reduce((most, one) => (one.residual > most.residual ? one : most));
    yield progressOf(worst, work.preconditioner);
    if (signal?.aborted) {
      return steps.map(({ done, value }) =>
        done ? (value as Converged) : { x: value.x, iterations: (value as Wanted).iteration, converged: false },
      );
    }
    const products = work.times(wanted.map(({ v }) => v));
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
    const { source, columns, outputs, size, X: points } = this.#problem;
    const { displacement, alpha } = this.#solved;
    const context = this.#context;
    if (source.weights && displacement) return firstOrder(context, source.weights, X, displacement, start);
    const result = start ? source.start(X, outputs).slice() : new Float64Array(X.rows * outputs);
    const rows = tileRows(size, X.rows);
    for (let first = 0; first < X.rows; first += rows) {
      const tile = rowsOf(X, first, Math.min(rows, X.rows - first));
      const cross = source.cross(tile, points).data;
      context.arena.run(() => {
        const part = result.subarray(first * columns, (first + tile.rows) * columns);
        const K = copyIn(context, cross, tile.rows, size);
        const [weights, out] = [copyIn(context, alpha, columns, size), copyIn(context, part, tile.rows, columns)];
        gemm(1, K, weights.t, 1, out);
        part.set(out.entries());
      });
    }
    return result;
  }

  #variance(X: Matrix): Float64Array {
    const result = new Float64Array(X.rows * this.#problem.source.block);
    this.#unexplained(X, (rests, first) => {
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
    this.#unexplained(X, (rests) => all.push(...rests), true);
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
    const { R, columns, size } = this.#problem;
    const { alpha } = this.#solved;
    return Float64Array.from({ length: columns }, (_, c) => {
      const [from, to] = [c * size, (c + 1) * size];
      return Math.max(0, dot(R.subarray(from, to), alpha.subarray(from, to)));
    });
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

  /** What the training points leave of the rows of X: blocks of rows, whose solves run side by side. */
  #unexplained(X: Matrix, body: (rests: Rest[], first: number) => void, pairs = false): void {
    const { size, source } = this.#problem;
    const { block } = source;
    const longest = Math.max(size, source.weights?.parameters.length ?? 0);
    const rows = Math.max(1, Math.floor(Math.min(RIGHTS, BLOCK / longest) / block));
    this.#open((work) => {
      const rests = source.weights ? tangentRests : kernelRests(source, X, pairs);
      for (let first = 0; first < X.rows; first += rows) {
        const tile = rowsOf(X, first, Math.min(rows, X.rows - first));
        body(rests(this.#context, this.#problem, this.#ridge, work, tile, first), first * block);
      }
    });
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

/** A row of new inputs without what the training points explain. */
interface Rest {
  /** The posterior covariance with another row of the same kind. */
  with(other: Rest): number;
}

/** (φ − Φᵀw) and w: the sum (φ_i − Φᵀw_i)·(φ_j − Φᵀw_j) + w_iᵀDw_j has only the square of w's error. */
class TangentRest implements Rest {
  constructor(
    readonly rest: Float64Array,
    readonly w: Float64Array,
    readonly system: MatrixFreeSystem,
  ) {}

  with(other: TangentRest): number {
    return dot(this.rest, other.rest) + this.system.product(this.w, other.w);
  }
}

/** K** − bᵢᵀxⱼ − xᵢᵀ(bⱼ − Mxⱼ), Mx = b: its error is the square of x's, and rounding of K**. */
class KernelRest implements Rest {
  constructor(
    readonly prior: (other: KernelRest) => number,
    readonly index: number,
    readonly b: Float64Array,
    readonly x: Float64Array,
    readonly residual: Float64Array,
  ) {}

  with(other: KernelRest): number {
    const value = this.prior(other) - dot(this.b, other.x) - dot(this.x, other.residual);
    return other === this ? Math.max(0, value) : value;
  }
}

function tangentRests(context: Context, problem: Problem, ridge: number, work: Work, tile: Matrix): Rest[] {
  const { weights: net } = problem.source;
  const { tangents } = work.map;
  if (!net || !tangents) throw new Error("internal: a model without weights has no tangents");
  const C = net.outputs;
  const features = withTangents(context, net, tile, (own) =>
    Array.from({ length: tile.rows * C }, (_, row) => {
      const unit = new Float64Array(tile.rows * C);
      unit[row] = 1;
      return own.transposeTimes(unit);
    }),
  );
  const rights = features.map((feature) => work.system.scaled(tangents.times(feature)));
  return solvedAll(context, problem, ridge, work, rights).map((x, i) => {
    const w = work.system.scaled(x);
    const beta = tangents.transposeTimes(w);
    const rest = features[i].map((value, p) => value - beta[p]);
    return new TangentRest(rest, w, work.system);
  });
}

/** `pairs`: the prior covariance of all pairs of rows of X is needed. */
function kernelRests(source: KernelSource, X: Matrix, pairs: boolean) {
  const square = pairs ? source.square(X).data : undefined;
  const diagonal = square ? undefined : source.diagonal(X);
  return (context: Context, problem: Problem, ridge: number, work: Work, tile: Matrix, first: number): Rest[] => {
    const { data, rows, cols } = source.cross(tile, problem.X);
    const rights = Array.from({ length: rows }, (_, i) => work.system.scaled(data.slice(i * cols, (i + 1) * cols)));
    const solved = solvedAll(context, problem, ridge, work, rights);
    const products = work.times(solved);
    return solved.map((x, i) => {
      const index = first + i;
      const prior = ({ index: other }: KernelRest) =>
        square ? square[index * X.rows + other] : (diagonal as Float64Array)[index];
      const residual = rights[i].map((value, k) => value - products[i][k]);
      return new KernelRest(prior, index, rights[i], x, residual);
    });
  };
}

/** The solutions of systems, side by side. @throws ConvergenceError */
function solvedAll(
  context: Context,
  { size }: Problem,
  ridge: number,
  work: Work,
  rights: readonly Float64Array[],
): Float64Array[] {
  const { system } = work;
  const all = system.lost
    ? rights.map((b) => lanczosOf(context, work, b))
    : together(rights.map(work.steps), work.times);
  const failed = all.find(({ converged }) => !converged);
  if (failed) throw notReached(failed.iterations, size, system, ridge);
  return all.map(({ x }) => x);
}

/** The minimum-norm answer. `target` is the right-hand side that it solves, the part of b along the kept modes. */
function lanczosOf(context: Context, { times }: Work, b: Float64Array) {
  const solved = minimumNorm(context, (v) => times([v])[0], b, MOST_ITERATIONS);
  return { ...solved, target: solved.projected };
}

/** The backward error of Mx = b. */
function backwardErrorOf(product: Float64Array, x: Float64Array, b: Float64Array, system: MatrixFreeSystem): number {
  const bound = (system.norm + system.shift) * maxAbs(x) + maxAbs(b);
  const residual = maxAbs(b.map((value, i) => value - product[i]));
  return bound === 0 ? 0 : residual / bound;
}

function notReached(iterations: number, n: number, { norm }: MatrixFreeSystem, ridge: number): ConvergenceError {
  const enough = showRidge(sufficientRidge(n, 0, norm));
  return new ConvergenceError(
    `conjugate gradients did not reach a backward error of ${roundingTolerance(n).toExponential(1)} in ${iterations} iterations with ridge ` +
      `${ridge}; use a larger ridge, or solver "dual" where its ${n}×${n} matrix fits (a ridge below ${enough} is lost in rounding)`,
  );
}
