/**
 * The N×N solver: α = (Θ + λI)⁻¹ r. Works for every model. Finite networks predict through β = Φᵀα, O(P) a point;
 * variances cost a triangular solve with the cross kernel, taken in tiles of bounded size.
 */
import type { Context } from "../arena.js";
import { loadInputs, loadNetwork } from "../kernel/layer.js";
import { type KernelSource, rowsOf } from "../kernel/source.js";
import { firstOrder, tangentTranspose } from "../kernel/tangent.js";
import type { Matrix } from "../matrix.js";
import { type Factor, tileRows } from "./factor.js";
import {
  backwardErrorOf,
  DIRECT,
  dot,
  factorSystem,
  type Method,
  type Solution,
  spectrumOf,
  transposed,
} from "./system.js";

/**
 * Training data of a regression. Θ is size×size: N·C where the outputs have a kernel of their own each, and then there is one
 * right-hand side, in the order of Y; else N, with a right-hand side for each output.
 */
export interface Problem {
  source: KernelSource;
  X: Matrix;
  /** Y − f0 as right-hand sides in rows, columns×size. */
  R: Float64Array;
  size: number;
  columns: number;
  /** Outputs C, whichever way they are solved. */
  outputs: number;
}

/** Builds Θ, factors it (or takes a factor that a ridge path has made) and solves for α. */
export function solveDual(
  context: Context,
  problem: Problem,
  ridge: number,
  given?: Factor,
  method = DIRECT,
): Solution {
  const { source, X, size } = problem;
  const factor = given ?? factorSystem(context, size, ridge, (out) => source.fill(X, out));
  try {
    return new DualSolution(context, problem, factor, method);
  } catch (error) {
    factor.free();
    throw error;
  }
}

/** Doubles that {@link solveDual} needs. */
export function dualMemory(source: KernelSource, n: number): number {
  return (n * source.block) ** 2 + source.scratch(n);
}

export class DualSolution implements Solution {
  readonly solver = "dual";
  readonly displacement: Float64Array | undefined;
  readonly #context: Context;
  readonly #problem: Problem;
  /** α as rows, columns×size. */
  readonly #alpha: Float64Array;

  constructor(
    context: Context,
    problem: Problem,
    readonly factor: Factor,
    readonly method: Method,
    solved?: Float64Array,
  ) {
    this.#context = context;
    this.#problem = problem;
    const { source, X, R, columns } = problem;
    const { arena } = context;
    this.#alpha =
      solved ??
      arena.run(() => {
        const rows = arena.copyIn(R);
        factor.solve(rows, columns);
        return arena.copyOut(rows, R.length);
      });
    const net = source.weights;
    this.displacement =
      net &&
      arena.run(() => {
        const [u] = tangentTranspose(
          context,
          loadNetwork(context, net),
          loadInputs(context, X),
          arena.copyIn(this.#alpha),
          1,
        );
        return u;
      });
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.columns, this.#problem.size);
  }

  mean(X: Matrix, start: boolean): Float64Array {
    const { source, columns, outputs } = this.#problem;
    if (source.weights && this.displacement)
      return firstOrder(this.#context, source.weights, X, this.displacement, start);
    const result = start ? source.start(X, outputs).slice() : new Float64Array(X.rows * outputs);
    this.#tiles(X, (k, rows, first) => {
      const { ops, arena } = this.#context;
      const n = this.factor.n;
      const alpha = arena.copyIn(this.#alpha);
      const part = result.subarray(first * columns, (first + rows) * columns);
      const out = arena.copyIn(part);
      const work = arena.allocBytes(ops.dgemmScratchBytes(rows, columns, n));
      ops.dgemm(0, 1, 0, rows, columns, n, 1, k, n, alpha, n, 1, out, columns, work);
      part.set(arena.view(out, rows * columns));
    });
    return result;
  }

  variance(X: Matrix): Float64Array {
    this.factor.ready?.();
    const result = this.#problem.source.diagonal(X).slice();
    this.#tiles(X, (k, rows, first) => {
      const { ops, arena } = this.#context;
      const v = this.factor.half(k, rows);
      const explained = arena.alloc(rows);
      const width = this.factor.halfWidth;
      ops.drowdot(0, rows, width, 1, v, width, v, width, 0, explained);
      arena.view(explained, rows).forEach((value, i) => {
        result[first + i] = Math.max(0, result[first + i] - value);
      });
    });
    return result;
  }

  covariance(X: Matrix): Float64Array {
    this.factor.ready?.();
    const { ops, arena } = this.#context;
    const { source } = this.#problem;
    const prior = source.square(X);
    const n = prior.rows;
    const cross = source.cross(X, this.#problem.X);
    return arena.run(() => {
      const out = arena.copyIn(prior.data);
      const v = this.factor.half(arena.copyIn(cross.data), n);
      const width = this.factor.halfWidth;
      const work = arena.allocBytes(ops.dgemmScratchBytes(n, n, width));
      ops.dsyrk(0, 0, n, width, -1, v, width, 1, out, n, work);
      ops.dmirror(n, out, n);
      const result = arena.copyOut(out, n * n);
      for (let i = 0; i < n; i++) result[i * (n + 1)] = Math.max(0, result[i * (n + 1)]);
      return result;
    });
  }

  quadratic(): number {
    return dot(this.#problem.R, this.#alpha);
  }

  logDeterminant(): number | undefined {
    this.factor.ready?.();
    return this.factor.truncated ? undefined : this.factor.logDeterminant();
  }

  looResiduals(): Float64Array | undefined {
    if (this.factor.truncated) return undefined;
    const { columns } = this.#problem;
    this.factor.ready?.();
    const inverse = this.factor.inverseDiagonal();
    return this.dualWeights().map((alpha, at) => alpha / inverse[Math.floor(at / columns)]);
  }

  degreesOfFreedom(): number {
    const { factor } = this;
    if (factor.ridge === 0) return factor.rank;
    factor.ready?.();
    return factor.n - factor.ridge * factor.inverseDiagonal().reduce((sum, x) => sum + x, 0);
  }

  backwardError(): number {
    const { source, X, R } = this.#problem;
    const fill = (out: number) => source.fill(X, out);
    return backwardErrorOf(this.#context, this.factor, fill, R, this.#alpha);
  }

  spectrum(): Float64Array {
    const { source, X, size } = this.#problem;
    return spectrumOf(this.#context, size, (out) => source.fill(X, out));
  }

  /** Calls `body(address of Θ(tile, X), its rows, first row)` for tiles of the rows of X. */
  #tiles(X: Matrix, body: (k: number, rows: number, first: number) => void): void {
    const { arena } = this.#context;
    const { source } = this.#problem;
    const { block } = source;
    const tile = Math.max(1, Math.floor(tileRows(this.factor.n, X.rows * block) / block));
    for (let first = 0; first < X.rows; first += tile) {
      const cross = source.cross(rowsOf(X, first, Math.min(tile, X.rows - first)), this.#problem.X);
      arena.run(() => body(arena.copyIn(cross.data), cross.rows, first * block));
    }
  }
}
