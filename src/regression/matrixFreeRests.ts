/**
 * Posterior covariances without a factor: what the training points leave of rows of new inputs. Each row costs a solve;
 * those of a block run side by side.
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { withTangents } from "../kernel/finite/kernelOperator.js";
import type { KernelSource } from "../kernel/kernel.js";
import { together } from "../linalg/conjugateGradients.js";
import { roundingTolerance, showRidge, sufficientRidge } from "../linalg/factor.js";
import { dot } from "../linalg/vectors.js";
import { type Matrix, rowsOf } from "../matrix.js";
import type { Problem } from "../problem.js";
import type { MatrixFreeSystem } from "./matrixFreeSystem.js";
import type { Work } from "./matrixFreeWork.js";

/** Right-hand sides of variances that are solved side by side, at most. */
const RIGHTS = 32;
/** Doubles of a block of them, at most. */
const BLOCK = 2 ** 22;

/** Calls `body` with what the training points leave of the rows of X, in blocks. `pairs`: for all pairs of rows. */
export function unexplained(
  context: Context,
  problem: Problem,
  ridge: number,
  work: Work,
  X: Matrix,
  pairs: boolean,
  body: (rests: Rest[], first: number) => void,
): void {
  const { size, source } = problem;
  const { block } = source;
  const longest = Math.max(size, source.weights?.parameters.length ?? 0);
  const rows = Math.max(1, Math.floor(Math.min(RIGHTS, BLOCK / longest) / block));
  const rests = source.weights ? tangentRests(context) : kernelRests(source, X, pairs);
  for (let first = 0; first < X.rows; first += rows) {
    const tile = rowsOf(X, first, Math.min(rows, X.rows - first));
    body(rests(problem, ridge, work, tile, first), first * block);
  }
}

/** A row of new inputs without what the training points explain. */
export interface Rest {
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

function tangentRests(context: Context) {
  return (problem: Problem, ridge: number, work: Work, tile: Matrix): Rest[] => {
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
    return solvedAll(problem, ridge, work, rights).map((x, i) => {
      const w = work.system.scaled(x);
      const beta = tangents.transposeTimes(w);
      const rest = features[i].map((value, p) => value - beta[p]);
      return new TangentRest(rest, w, work.system);
    });
  };
}

/** `pairs`: the prior covariance of all pairs of rows of X is needed. */
function kernelRests(source: KernelSource, X: Matrix, pairs: boolean) {
  const square = pairs ? source.square(X).data : undefined;
  const diagonal = square ? undefined : source.diagonal(X);
  return (problem: Problem, ridge: number, work: Work, tile: Matrix, first: number): Rest[] => {
    const { data, rows, cols } = source.cross(tile, problem.X);
    const rights = Array.from({ length: rows }, (_, i) => work.system.scaled(data.slice(i * cols, (i + 1) * cols)));
    const solved = solvedAll(problem, ridge, work, rights);
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
function solvedAll({ size }: Problem, ridge: number, work: Work, rights: readonly Float64Array[]): Float64Array[] {
  const all = together(rights.map(work.steps), work.times);
  const failed = all.find(({ converged }) => !converged);
  if (failed) throw notReached(failed.iterations, size, work.system, ridge);
  return all.map(({ x }) => x);
}

export function notReached(iterations: number, n: number, { norm }: MatrixFreeSystem, ridge: number): ConvergenceError {
  if (!Number.isFinite(norm)) {
    return new ConvergenceError(
      `conjugate gradients cannot start: the norm of the kernel overflows float64 (${norm}); rescale the inputs or the weights`,
    );
  }
  const enough = showRidge(sufficientRidge(n, 0, norm));
  return new ConvergenceError(
    `conjugate gradients did not reach a backward error of ${roundingTolerance(n).toExponential(1)} in ${iterations} iterations with ridge ` +
      `${ridge}; use a larger ridge, or solver "dual" where its ${n}×${n} matrix fits (a ridge below ${enough} is lost in rounding)`,
  );
}
