/**
 * The N×N solver: α = (Θ + λI)⁻¹ r. Works for every model. Finite networks predict through β = Φᵀα, O(P) a point;
 * variances cost a triangular solve with the cross kernel, taken in tiles of bounded size.
 */
import type { Context } from "../arena.js";
import { loadInputs, loadLayer } from "../kernel/layer.js";
import { type KernelSource, rowsOf } from "../kernel/source.js";
import { firstOrder, tangentTranspose } from "../kernel/tangent.js";
import type { Matrix } from "../matrix.js";
import { type Factor, tileRows } from "./factor.js";
import { backwardErrorOf, dot, factorSystem, type Solution, spectrumOf, transposed } from "./system.js";

/** Training data of a regression: R = Y − f0 as rows, C×N. */
export interface Problem {
  source: KernelSource;
  X: Matrix;
  R: Float64Array;
  C: number;
}

/** Builds Θ, factors it (or takes a factor that a ridge path has made) and solves for α. */
export function solveDual(context: Context, problem: Problem, ridge: number, given?: Factor): Solution {
  const { source, X } = problem;
  const factor = given ?? factorSystem(context, X.rows, ridge, (out) => source.fill(X, out));
  try {
    return new DualSolution(context, problem, factor);
  } catch (error) {
    factor.free();
    throw error;
  }
}

/** Doubles that {@link solveDual} needs. */
export function dualMemory(source: KernelSource, n: number): number {
  return n * n + source.scratch(n);
}

class DualSolution implements Solution {
  readonly solver = "dual";
  readonly displacement: Float64Array | undefined;
  readonly #context: Context;
  readonly #problem: Problem;
  /** α as rows, C×N. */
  readonly #alpha: Float64Array;

  constructor(
    context: Context,
    problem: Problem,
    readonly factor: Factor,
  ) {
    this.#context = context;
    this.#problem = problem;
    const { source, X, R, C } = problem;
    const { arena } = context;
    this.#alpha = arena.run(() => {
      const rows = arena.copyIn(R);
      factor.solve(rows, C);
      return arena.copyOut(rows, R.length);
    });
    const net = source.network;
    this.displacement =
      net &&
      arena.run(() => {
        const [u] = tangentTranspose(
          context,
          loadLayer(context, net),
          loadInputs(context, X),
          arena.copyIn(this.#alpha),
          1,
        );
        return u;
      });
  }

  dualWeights(): Float64Array {
    return transposed(this.#alpha, this.#problem.C, this.#problem.X.rows);
  }

  deviation(X: Matrix): Float64Array {
    const { source, C } = this.#problem;
    if (source.network && this.displacement)
      return firstOrder(this.#context, source.network, X, this.displacement, false);
    const result = new Float64Array(X.rows * C);
    this.#tiles(X, (k, rows, first) => {
      const { ops, arena } = this.#context;
      const n = this.factor.n;
      const alpha = arena.copyIn(this.#alpha);
      const out = arena.alloc(rows * C);
      const work = arena.allocBytes(ops.dgemmScratchBytes(rows, C, n));
      ops.dgemm(0, 1, 0, rows, C, n, 1, k, n, alpha, n, 0, out, C, work);
      result.set(arena.view(out, rows * C), first * C);
    });
    return result;
  }

  variance(X: Matrix): Float64Array {
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
    const { ops, arena } = this.#context;
    const { source } = this.#problem;
    const prior = source.square(X);
    const cross = source.cross(X, this.#problem.X);
    return arena.run(() => {
      const out = arena.copyIn(prior.data);
      const v = this.factor.half(arena.copyIn(cross.data), X.rows);
      const width = this.factor.halfWidth;
      const work = arena.allocBytes(ops.dgemmScratchBytes(X.rows, X.rows, width));
      ops.dsyrk(0, 0, X.rows, width, -1, v, width, 1, out, X.rows, work);
      ops.dmirror(X.rows, out, X.rows);
      const result = arena.copyOut(out, X.rows * X.rows);
      for (let i = 0; i < X.rows; i++) result[i * (X.rows + 1)] = Math.max(0, result[i * (X.rows + 1)]);
      return result;
    });
  }

  quadratic(): number {
    return dot(this.#problem.R, this.#alpha);
  }

  logDeterminant(): number | undefined {
    return this.factor.truncated ? undefined : this.factor.logDeterminant();
  }

  looResiduals(): Float64Array | undefined {
    if (this.factor.truncated) return undefined;
    const { C } = this.#problem;
    const inverse = this.factor.inverseDiagonal();
    return this.dualWeights().map((alpha, at) => alpha / inverse[Math.floor(at / C)]);
  }

  degreesOfFreedom(): number {
    const { factor } = this;
    if (factor.ridge === 0) return factor.rank;
    return factor.n - factor.ridge * factor.inverseDiagonal().reduce((sum, x) => sum + x, 0);
  }

  backwardError(): number {
    const { source, X, R } = this.#problem;
    const fill = (out: number) => source.fill(X, out);
    return backwardErrorOf(this.#context, this.factor, fill, R, this.#alpha);
  }

  spectrum(): Float64Array {
    const { source, X } = this.#problem;
    return spectrumOf(this.#context, X.rows, (out) => source.fill(X, out));
  }

  /** Calls `body(address of Θ(tile, X), rows, first row)` for tiles of the rows of X. */
  #tiles(X: Matrix, body: (k: number, rows: number, first: number) => void): void {
    const { arena } = this.#context;
    const { source } = this.#problem;
    const tile = tileRows(this.factor.n, X.rows);
    for (let first = 0; first < X.rows; first += tile) {
      const rows = Math.min(tile, X.rows - first);
      const cross = source.cross(rowsOf(X, first, rows), this.#problem.X);
      arena.run(() => body(arena.copyIn(cross.data), rows, first));
    }
  }
}
