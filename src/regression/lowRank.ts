/**
 * The solver for kernels of low numerical rank: Θ ≈ L Lᵀ by pivoted Cholesky to a requested trace error, O(N r²), with
 * r columns of Θ. Where rows have noise of their own, L Lᵀ stands for Ω^½ΘΩ^½ (`matrixFreeSystem.ts`).
 *
 * - α = (L Lᵀ + D)⁻¹ r. The mean is that of the exact cross kernel, K(x, X) α. With E = Θ − L Lᵀ and A = Θ + D,
 *   α − A⁻¹r = A⁻¹Eα, so ‖α − A⁻¹r‖ ≤ tr E / min D ‖α‖.
 * - Variances and covariances are those of the deterministic training conditional (DTC, Seeger et al. 2003; Quiñonero-
 *   Candela & Rasmussen 2005) with the exact prior at new points: K** − Q Qᵀ + μ Q C⁻¹ Qᵀ, Q = K(x, S) L_S⁻ᵀ for the
 *   pivots S. They are never negative, take L Lᵀ for the kernel of the training points, and cost O(r²) a point.
 * - Evidence, leave-one-out and degrees of freedom are those of L Lᵀ + D.
 */
import type { Context } from "../context.js";
import { NotPositiveDefiniteError } from "../errors.js";
import { loadInputs, loadNetwork } from "../kernel/finite/layers.js";
import { firstOrder, tangentTranspose } from "../kernel/finite/tangents.js";
import { fillRows, scaledRows } from "../kernel/kernelRows.js";
import { gemm, mirror, rowDots, syrk } from "../linalg/blas.js";
import { isLost } from "../linalg/eigen.js";
import { roundingLevel, showRidge, sufficientRidge, tileRows } from "../linalg/factor.js";
import { LowRankFactor } from "../linalg/lowRankFactor.js";
import { type PartialCholesky, pivotedCholesky, pivotedMemory, type Rows } from "../linalg/pivotedCholesky.js";
import { diagonalOf, type Inverse, RowFactor, type RowTerms } from "../linalg/rowTerms.js";
import { dot, maxAbs, sum, transposed } from "../linalg/vectors.js";
import { copyIn, hold, scratch, type View } from "../linalg/view.js";
import { type Matrix, pickRows, rowsOf } from "../matrix.js";
import { Xoshiro256 } from "../model/random.js";
import type { Problem } from "../problem.js";
import { drain } from "../slices.js";
import type { Change } from "./exchange.js";
import { clampDiagonal } from "./factoredSolution.js";
import type { FitProgress } from "./fitOptions.js";
import { dualResiduals } from "./leaveOneOut.js";
import { commonShift, normFromBelow } from "./matrixFreeSystem.js";
import { type Approximation, DIRECT, type Latent, type Solution, type SolutionState } from "./solution.js";

/** The most doubles of L: 256 MiB. */
const KEPT = 2 ** 25;
/** `auto`: fewest points, and the part of them that a rank may be. */
const LEAST_ROWS = 2000;
const RANK_PART = 1 / 16;
/** `auto` gives up where the trace is above this part of tr Θ after so many columns. */
const HOPEFUL = 1e-8;
const HOPEFUL_RANK = 48;
/** Rows of the kernel that are compared with those of L Lᵀ. */
const CHECKED = 16;

/** What is asked of an approximation. */
export interface LowRankTarget {
  /** Of tr Θ; default Nε. */
  traceError: number | undefined;
  rank: number | undefined;
}

/** Yields after each block of columns. @throws RangeError, NotPositiveDefiniteError, MemoryLimitError */
export function* solvingLowRank(
  context: Context,
  problem: Problem,
  ridge: number,
  target: LowRankTarget,
): Generator<FitProgress, Solution, void> {
  const made = yield* factoring(context, problem, ridge, target, false);
  return solutionOf(context, problem, ridge, target, made as Made);
}

/** The solution where `auto` may take it: undefined where the trace does not reach rounding level at a small rank. */
export function* tryingLowRank(
  context: Context,
  problem: Problem,
  ridge: number,
): Generator<FitProgress, Solution | undefined, void> {
  const { size, X, terms } = problem;
  if (X.rows < LEAST_ROWS || !(terms ? diagonalOf(terms, ridge).every((value) => value > 0) : ridge > 0))
    return undefined;
  const target = { traceError: undefined, rank: Math.floor(size * RANK_PART) };
  const made = yield* factoring(context, problem, ridge, target, true);
  return made && solutionOf(context, problem, ridge, { ...target, rank: undefined }, made);
}

/** A solution from its state; L is made again when it is needed. */
export function restoreLowRank(context: Context, problem: Problem, state: SolutionState): Solution {
  const { alpha, displacement, ridges, lowRank } = state;
  if (!lowRank) throw new Error("internal: a low-rank state without its target");
  return new LowRankSolution(context, problem, ridges[0], lowRank, undefined, { alpha, displacement });
}

function solutionOf(context: Context, problem: Problem, ridge: number, target: LowRankTarget, made: Made): Solution {
  try {
    return new LowRankSolution(context, problem, ridge, target, made);
  } catch (error) {
    made.factor.free();
    throw error;
  }
}

/** The factor, and what it leaves. */
interface Made {
  factor: LowRankFactor;
  approximation: Approximation;
  /** Ω and D; undefined where D is λI. */
  own: { omega: RowTerms; D: Float64Array } | undefined;
}

/** `auto`: undefined where the trace is above rounding level. */
function* factoring(
  context: Context,
  { source, X, size: n, terms }: Problem,
  ridge: number,
  { traceError = n * Number.EPSILON, rank }: LowRankTarget,
  auto: boolean,
): Generator<FitProgress, Made | undefined, void> {
  const D = terms && diagonalOf(terms, ridge);
  const { shift, omega } = D ? commonShift(D) : { shift: ridge, omega: undefined };
  const { block } = source;
  const fill: Rows["fill"] = (points, out) => fillRows(context, source, X, points, out);
  const diagonal = source.diagonal(X);
  const rows = scaledRows({ rowsInto: fill }, block, diagonal, omega?.roots);
  const total = sum(rows.diagonal);
  if (!Number.isFinite(total)) throw new RangeError("the kernel overflows float64 on its diagonal; rescale the inputs");
  const most = Math.min(n, rank ?? n, Math.max(1, Math.floor(KEPT / n)));
  context.arena.require(LowRankFactor.memory(n, most) + pivotedMemory(n, most, block));
  const out = hold(context, most, n);
  let found: PartialCholesky;
  let L: View;
  try {
    const slices = pivotedCholesky(context, rows, traceError * total, out);
    let slice = slices.next();
    for (; !slice.done; slice = slices.next()) {
      yield { iteration: 0, residual: slice.value.trace / total, preconditionerRank: slice.value.rank };
      if (auto && slice.value.rank >= HOPEFUL_RANK && slice.value.trace > HOPEFUL * total) break;
    }
    found = slice.value;
    const reached = found.trace <= traceError * total;
    if (auto && !reached) return undefined;
    checkRows(context, rows, out.slice(0, found.rank), found);
    L = hold(context, found.rank, n);
    L.entries().set(out.slice(0, found.rank).entries());
  } finally {
    context.arena.free(out.at);
  }
  const { rank: reachedRank, trace } = found;
  const factor = new LowRankFactor(L, shift, found);
  const norm = normFromBelow(n, (v) => factor.times(v).map((value, i) => value - factor.shift * v[i]));
  if (isLost(shift, roundingLevel(n, norm)) || factor.shift !== shift) {
    factor.free();
    if (auto) return undefined;
    throw new RangeError(
      `solver "lowrank" needs noise at each row above rounding level: the smallest is ${shift}; ` +
        `expected a ridge above ${showRidge(sufficientRidge(n, 0, norm))}, or solver "dual" or "cg"`,
    );
  }
  const approximation = { rank: reachedRank, trace, relative: total > 0 ? trace / total : 0, bound: trace / shift };
  return { factor, approximation, own: D && omega && { omega, D } };
}

/**
 * A positive semi-definite error E has |E_ij| ≤ √(E_ii E_jj). Some rows are compared: a kernel that is not positive
 * semi-definite is found out.
 */
function checkRows(context: Context, A: Rows, L: View, { rest }: PartialCholesky): void {
  const { n, block } = A;
  const random = new Xoshiro256(1);
  const count = Math.min(CHECKED, n / block);
  const points = Array.from({ length: count }, () =>
    Math.min(n / block - 1, Math.floor((random.uniform() * n) / block)),
  );
  const slack = 64 * roundingLevel(Math.max(L.rows, 1), maxAbs(A.diagonal));
  context.arena.run(() => {
    const E = scratch(context, count * block, n);
    A.fill(points, E);
    const rows = points.flatMap((point) => Array.from({ length: block }, (_, c) => point * block + c));
    const part = scratch(context, rows.length, L.rows);
    rows.forEach((row, i) => {
      for (let k = 0; k < L.rows; k++) part.row(i)[k] = L.row(k)[row];
    });
    if (L.rows > 0) gemm(-1, part, L, 1, E);
    rows.forEach((row, i) => {
      const errors = E.row(i);
      for (let j = 0; j < n; j++) {
        if (
          Math.abs(errors[j]) <=
          2 * Math.sqrt(rest[row] * rest[j]) + slack + Math.sqrt(slack * (rest[row] + rest[j]))
        )
          continue;
        throw new NotPositiveDefiniteError(
          `the kernel is not positive semi-definite: its part beside ${L.rows} pivots has ${errors[j]} at row ${row}, column ${j}, ` +
            `and ${rest[row]} and ${rest[j]} on its diagonal; expected a kernel that is, or solver "dual"`,
          row,
          0,
        );
      }
    });
  });
}

class LowRankSolution implements Solution {
  readonly solver = "lowrank";
  readonly ridges: Float64Array;
  readonly method = DIRECT;
  readonly fixed = undefined;
  readonly #context: Context;
  readonly #problem: Problem;
  readonly #ridge: number;
  readonly #target: LowRankTarget;
  readonly #alpha: Float64Array;
  #displacement: Float64Array | undefined;
  #made: Made | undefined;

  constructor(
    context: Context,
    problem: Problem,
    ridge: number,
    target: LowRankTarget,
    made: Made | undefined,
    known?: { alpha: Float64Array; displacement: Float64Array | undefined },
  ) {
    this.#context = context;
    this.#problem = problem;
    this.#ridge = ridge;
    this.#target = target;
    this.#made = made;
    this.ridges = Float64Array.of(ridge);
    const { R, columns, size } = problem;
    this.#alpha =
      known?.alpha ??
      context.arena.run(() => {
        const rows = copyIn(context, R, columns, size);
        this.#inverse().solve(rows);
        return rows.copy();
      });
    this.#displacement = known?.displacement;
  }

  /** Made anew after a restore. */
  get #factored(): Made {
    this.#made ??= drain(factoring(this.#context, this.#problem, this.#ridge, this.#target, false)) as Made;
    return this.#made;
  }

  get approximation(): Approximation {
    return this.#factored.approximation;
  }

  get shift(): number {
    return this.#factored.factor.shift;
  }

  /** A⁻¹ = Ω^½ M⁻¹ Ω^½. */
  #inverse(): Inverse {
    const { factor, own } = this.#factored;
    return own ? new RowFactor(factor, own.omega) : factor;
  }

  findings() {
    const { rank, trace, relative, bound } = this.approximation;
    const level = this.#problem.size * Number.EPSILON;
    const wanted = this.#target.traceError ?? level;
    const text = `the kernel is one of rank ${rank}: its trace misses ${relative.toExponential(1)} of that of the kernel`;
    const notes =
      relative <= Math.min(wanted, level)
        ? [`${text}, which is rounding`]
        : [
            `${text} (${trace.toPrecision(2)}), and the dual weights are known to ${bound.toExponential(1)} of their size`,
          ];
    if (relative > wanted) notes.push(`the trace error of ${wanted.toExponential(1)} was not reached at rank ${rank}`);
    return { rank: undefined, truncated: false, conditionNumber: undefined, notes };
  }

  displacement(): Float64Array | undefined {
    const { source, X } = this.#problem;
    const net = source.weights;
    if (!net) return undefined;
    const context = this.#context;
    this.#displacement ??= context.arena.run(() => {
      const alpha = copyIn(context, this.#alpha, 1, this.#alpha.length);
      return tangentTranspose(context, loadNetwork(context, net), loadInputs(context, X), alpha)[0];
    });
    return this.#displacement;
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.columns, this.#problem.size);
  }

  predict(X: Matrix, start: boolean, variance: boolean): Latent {
    return { mean: this.#mean(X, start), variance: variance ? this.#variance(X) : undefined };
  }

  #mean(X: Matrix, start: boolean): Float64Array {
    const { source, columns, outputs, size, X: points } = this.#problem;
    const displacement = this.displacement();
    const context = this.#context;
    if (source.weights && displacement) return firstOrder(context, source.weights, X, displacement, start);
    const result = start ? source.start(X, outputs).slice() : new Float64Array(X.rows * outputs);
    forTiles(X, tileRows(size, X.rows), (tile, first) => {
      const cross = source.cross(tile, points).data;
      context.arena.run(() => {
        const part = result.subarray(first * columns, (first + tile.rows) * columns);
        const K = copyIn(context, cross, tile.rows, size);
        const [weights, out] = [copyIn(context, this.#alpha, columns, size), copyIn(context, part, tile.rows, columns)];
        gemm(1, K, weights.t, 1, out);
        part.set(out.entries());
      });
    });
    return result;
  }

  #variance(X: Matrix): Float64Array {
    const { source } = this.#problem;
    const { factor } = this.#factored;
    const { block } = source;
    const result = source.diagonal(X).slice();
    forTiles(X, Math.max(1, Math.floor(tileRows(factor.rank, X.rows * block) / block)), (tile, first) => {
      const K = this.#pivotColumns(tile);
      this.#context.arena.run(() => {
        const Q = copyIn(this.#context, K, tile.rows * block, factor.rank);
        factor.coordinates(Q);
        const explained = rowDots(Q);
        factor.posterior(Q);
        rowDots(Q).forEach((value, i) => {
          const at = first * block + i;
          result[at] = Math.max(0, result[at] - explained[i]) + value;
        });
      });
    });
    return result;
  }

  covariances(X: Matrix): Float64Array[] {
    const context = this.#context;
    const { factor } = this.#factored;
    const prior = this.#problem.source.square(X);
    const n = prior.rows;
    const K = this.#pivotColumns(X);
    return [
      context.arena.run(() => {
        const [out, Q] = [copyIn(context, prior.data, n, n), copyIn(context, K, n, factor.rank)];
        factor.coordinates(Q);
        syrk(-1, Q, 1, out);
        factor.posterior(Q);
        syrk(1, Q, 1, out);
        mirror(out);
        return clampDiagonal(out.copy(), n);
      }),
    ];
  }

  /** Ω^½-scaled kernel of the rows of X with the pivots, rows×r. */
  #pivotColumns(X: Matrix): Float64Array {
    const { source, X: points } = this.#problem;
    const { factor, own } = this.#factored;
    const { block } = source;
    const { pivots, rank } = factor;
    const used = [...new Set(pivots.map((pivot) => Math.floor(pivot / block)))];
    const places = new Map(used.map((point, k) => [point, k]));
    const K = source.cross(X, pickRows(points, used));
    const result = new Float64Array(K.rows * rank);
    pivots.forEach((pivot, k) => {
      const column = (places.get(Math.floor(pivot / block)) as number) * block + (pivot % block);
      const root = own?.omega.roots?.[pivot] ?? 1;
      for (let i = 0; i < K.rows; i++) result[i * rank + k] = root * K.data[i * K.cols + column];
    });
    return result;
  }

  quadratics(): Float64Array {
    const { R, columns, size } = this.#problem;
    return Float64Array.from({ length: columns }, (_, c) => {
      const [from, to] = [c * size, (c + 1) * size];
      return Math.max(0, dot(R.subarray(from, to), this.#alpha.subarray(from, to)));
    });
  }

  logDeterminants(): (number | undefined)[] {
    return [this.#inverse().logDeterminant(0)];
  }

  looResiduals(): Float64Array {
    return dualResiduals(this.#context, this.#problem, this.#inverse(), this.ridges, this.#alpha);
  }

  degreesOfFreedom(): Float64Array {
    return Float64Array.of(this.#factored.factor.degreesOfFreedom());
  }

  spectrum(): Float64Array {
    return this.#factored.factor.spectrum();
  }

  backwardError(): number {
    const { factor, own } = this.#factored;
    const { R, columns, size } = this.#problem;
    const roots = own?.omega.roots;
    const norm = factor.norm();
    let worst = 0;
    for (let c = 0; c < columns; c++) {
      const part = (values: Float64Array) => values.slice(c * size, (c + 1) * size);
      const b = roots ? part(R).map((value, i) => value * roots[i]) : part(R);
      const x = roots ? part(this.#alpha).map((value, i) => value / roots[i]) : part(this.#alpha);
      const product = factor.times(x);
      const bound = norm * maxAbs(x) + maxAbs(b);
      if (bound > 0) worst = Math.max(worst, maxAbs(b.map((value, i) => value - product[i])) / bound);
    }
    return worst;
  }

  state(): SolutionState {
    return {
      space: "lowrank",
      factor: "cholesky",
      ridges: this.ridges,
      method: this.method,
      alpha: this.#alpha,
      displacement: this.displacement(),
      packed: undefined,
      truncated: false,
      resident: false,
      backwardError: undefined,
      lowRank: this.#target,
    };
  }

  /** The columns are chosen anew. */
  update({ problem }: Change): Solution {
    const next = drain(solvingLowRank(this.#context, problem, this.#ridge, this.#target));
    this.free();
    return next;
  }

  free(): void {
    this.#made?.factor.free();
    this.#made = undefined;
  }
}

function forTiles(X: Matrix, rows: number, body: (tile: Matrix, first: number) => void): void {
  for (let first = 0; first < X.rows; first += rows) body(rowsOf(X, first, Math.min(rows, X.rows - first)), first);
}
