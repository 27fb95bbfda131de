/**
 * Infinitely many infinitely wide networks, each trained from its own random start. This gives the mean and covariance
 * of their outputs at any training time, in closed form (Lee et al. 2019, MATH.md §6). The loss is the squared one: it
 * alone makes the outputs linear in those at the start, and Gaussian.
 *
 * Before training, the outputs are a Gaussian process with the NNGP kernel K. Training with kernel Θ makes them f0* +
 * A_t (y − f0), A_t = Θ* ψ_t(Θ), hence
 *
 *   mean A_t y,   covariance K** + A_t K A_tᵀ − (A_t K_X* + transpose).
 */

import { checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import { kernelSource } from "../kernel/modelKernel.js";
import { type Model, ownModel, priorOf } from "../kernel/models.js";
import { Lease } from "../lease.js";
import { eighScratch, gemm, rowDots } from "../linalg/blas.js";
import { decompose, type Eigensystem, nullLevel, project } from "../linalg/eigen.js";
import { drawSamples, SAMPLES, type SampleOptions, samplesMemory } from "../linalg/gaussianSamples.js";
import { transposed } from "../linalg/vectors.js";
import { copyIn, hold, scratch, type View } from "../linalg/view.js";
import { copied, type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { choice, flag, optional, or, read, type Schema } from "../options.js";
import {
  checkTime,
  DESCENT,
  type DescentOptions,
  descentKind,
  learningRate,
  maxLearningRate,
  type Rule,
  responses,
  ruleOf,
  timesOf,
} from "./descent.js";

export interface EnsembleOptions extends Partial<DescentOptions> {
  /** `flow` (default): t is time, and learningRate defaults to 1. `descent`: t counts steps. */
  kind?: "descent" | "flow";
  /**
   * Kernel of the outputs before training. `nngp` (default): the kernel of random networks. `ntk`: the model's own
   * kernel; the end of training is then the posterior of a Gaussian process with the NTK.
   */
  prior?: "nngp" | "ntk";
}

/** Mean and covariance of the trained networks' outputs. The outputs are independent, with the same covariance. */
export interface EnsembleOutputs {
  /** N*×C. */
  mean: Matrix;
  /** N*×C, the same in every column. */
  variance: Matrix;
  /** N*×N*, symmetric to the bit. Present on request. */
  covariance?: Matrix;
}

export interface EnsembleQuery {
  /** Default false. */
  covariance?: boolean;
}

const OPTIONS = {
  ...DESCENT,
  learningRate: optional(learningRate),
  kind: or(descentKind, "flow"),
  prior: or(choice(["nngp", "ntk"]), "nngp"),
} satisfies Schema<EnsembleOptions>;

const QUERY = { covariance: or(flag, false) } satisfies Schema<EnsembleQuery>;

/** `ntk.ensemble`. */
export function ensembleOf(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: EnsembleOptions,
): Ensemble {
  const { kind, prior, ...descent } = read(options, "ensemble", '{ kind: "flow" }', OPTIONS);
  const rate = descent.learningRate ?? (kind === "flow" ? 1 : undefined);
  // If a rate is required, its own check says so.
  const rule = ruleOf({ ...descent, learningRate: learningRate(rate, "learningRate") }, kind);
  const own = ownModel(model);
  if (priorOf(own) === undefined) {
    throw new TypeError(
      "the model of an ensemble has a start of its own; expected an infinite network from createInfiniteNetwork, a " +
        "kernel without weights, or a sum or product of such models",
    );
  }
  const X = copied(toMatrix(Xlike, "X"));
  const Y = toMatrix(Ylike, "Y", { rows: X.rows });
  return new Ensemble(context, own, X, Y, rule, prior);
}

/**
 * All trained networks together, under squared loss. Holds the eigenvectors of Θ and the prior's kernel in backend
 * memory until `dispose()`.
 *
 * @example
 * const networks = ntk.ensemble(createInfiniteNetwork({ depth: 2 }), X, Y);
 * const [early, late] = networks.at([1, Infinity], Xnew);
 * late.variance; // what is left of the spread of the starts
 * networks.dispose();
 */
export class Ensemble {
  /** Eigenvalues of Θ(X, X), ascending. */
  readonly eigenvalues: Float64Array;
  /** The largest rate at which descent is stable, momentum and decay included. */
  readonly maxLearningRate: number;
  readonly #context: Context;
  readonly #rule: Rule;
  readonly #X: Matrix;
  readonly #outputs: number;
  /** The kernel Θ beside the prior's kernel K. */
  readonly #trained: KernelSource;
  readonly #prior: KernelSource;
  readonly #spectrum: Eigensystem;
  /** U K Uᵀ: the prior's kernel in the eigenbasis, N×N, in held memory. */
  readonly #start: View;
  /** Uᵀ y, C×N. */
  readonly #coefficients: Float64Array;
  readonly #level: number;
  readonly #lease: Lease;

  /** @internal */
  constructor(context: Context, model: Model, X: Matrix, Y: Matrix, rule: Rule, prior: "nngp" | "ntk") {
    const { arena } = context;
    const n = X.rows;
    this.#context = context;
    this.#rule = rule;
    this.#X = X;
    this.#outputs = Y.cols;
    this.#trained = kernelSource(context, model);
    this.#prior = kernelSource(context, prior === "nngp" ? (priorOf(model) as Model) : model);
    arena.require(4 * n * n + Math.max(this.#trained.scratch(n), eighScratch(context, n)));
    const both = hold(context, 2 * n, n);
    const vectors = both.block(0, 0, n, n);
    try {
      this.#trained.fill(X, vectors);
      this.#spectrum = { values: decompose(vectors, true), vectors };
      this.eigenvalues = this.#spectrum.values.slice();
      this.#level = nullLevel(this.#spectrum.values);
      this.#coefficients = project(this.#spectrum, transposed(Y.data, n, Y.cols), Y.cols);
      this.#start = both.block(n, 0, n, n);
      const K = this.#prior.square(X);
      // U K Uᵀ: project the rows of K. K is symmetric, so the rows of the result are projected again.
      const half = project(this.#spectrum, K.data, n);
      this.#start.entries().set(project(this.#spectrum, transposed(half, n, n), n));
    } catch (error) {
      arena.free(both.at);
      throw error;
    }
    this.maxLearningRate = maxLearningRate(rule, Y.data.length, this.eigenvalues[n - 1]);
    this.#lease = new Lease(context, this, "ensemble", arena.free.bind(arena, both.at));
  }

  /**
   * Mean, variance and, on request, covariance at time t and inputs X (N*×d; default: the training inputs). A list of
   * times gives a list.
   *
   * @throws TypeError, RangeError for a bad time or X, and where descent has blown up; BackendError after `dispose()`.
   */
  at(t: number, X?: MatrixLike, query?: EnsembleQuery): EnsembleOutputs;
  at(t: NumberList, X?: MatrixLike, query?: EnsembleQuery): EnsembleOutputs[];
  at(t: number | NumberList, X?: MatrixLike, query: EnsembleQuery = {}): EnsembleOutputs | EnsembleOutputs[] {
    this.#lease.check();
    const { covariance } = read(query, "at", "{ covariance: true }", QUERY);
    const times = timesOf(this.#rule, t);
    const points = X === undefined ? this.#X : toMatrix(X, "X", { cols: this.#X.cols });
    const results = this.#outputsAt(times, points, covariance);
    return typeof t === "number" ? results[0] : results;
  }

  /**
   * Outputs of networks drawn from the ensemble at time t, N*×C each. The draws are Gaussian, with the mean and
   * covariance of {@link at}.
   *
   * @throws as {@link at}; ConvergenceError.
   */
  sample(t: number, X: MatrixLike, options: SampleOptions = {}): Matrix[] {
    const checked = read(options, "sample", "{ draws: 3 }", SAMPLES);
    this.#lease.check();
    checkTime(this.#rule, t);
    const points = toMatrix(X, "X", { cols: this.#X.cols });
    this.#context.arena.require(samplesMemory(this.#context, points.rows, this.#outputs, checked.draws));
    const { mean, covariance } = this.at(t, points, { covariance: true });
    return drawSamples(this.#context, mean, [covariance as Matrix], checked);
  }

  /** Gives the backend memory back. Using it afterwards is a BackendError; a second call does nothing. */
  dispose(): void {
    this.#lease.release();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #outputsAt(times: readonly number[], X: Matrix, covariance: boolean): EnsembleOutputs[] {
    const n = this.#X.rows;
    const { arena } = this.#context;
    arena.require(
      Math.max(3 * X.rows * n, times.length * n) + times.length * X.rows * (this.#outputs + (covariance ? X.rows : 1)),
    );
    // Θ* Uᵀ and K* Uᵀ: rows in the eigenbasis, N*×N.
    const pull = project(this.#spectrum, this.#trained.cross(X, this.#X).data, X.rows);
    const shared = project(this.#spectrum, this.#prior.cross(X, this.#X).data, X.rows);
    const square = covariance ? this.#prior.square(X) : undefined;
    const diagonal = square ? undefined : this.#prior.diagonal(X);
    const total = n * this.#outputs;
    const psi = Array.from(this.#spectrum.values, (value) =>
      value > this.#level
        ? responses(this.#rule, value + total * this.#rule.decay, total, times)
        : new Float64Array(times.length),
    );
    return times.map((_, k) => {
      const weights = pull.map((value, at) => (psi[at % n][k] === 0 ? 0 : value * psi[at % n][k]));
      return this.#moments(X.rows, weights, shared, square, diagonal);
    });
  }

  /** Mean and covariance from A_t in the eigenbasis (rows×N), K* in the eigenbasis, and K** or its diagonal. */
  #moments(
    rows: number,
    weights: Float64Array,
    shared: Float64Array,
    square: Matrix | undefined,
    diagonal: Float64Array | undefined,
  ): EnsembleOutputs {
    const context = this.#context;
    const n = this.#X.rows;
    const C = this.#outputs;
    return context.arena.run(() => {
      const [A, Q] = [copyIn(context, weights, rows, n), copyIn(context, shared, rows, n)];
      const mean = scratch(context, rows, C);
      gemm(1, A, copyIn(context, this.#coefficients, C, n).t, 0, mean);
      // (A K A ᵀ − A K* ᵀ − transpose) is the symmetric part of (A K − 2 K*) A ᵀ.
      gemm(1, A, this.#start, -2, Q);
      const result: EnsembleOutputs = {
        mean: checkResult(matrix(rows, C, mean.copy()), "the mean of the ensemble"),
        variance: matrix(rows, C),
      };
      let variance = diagonal;
      if (square) {
        const out = scratch(context, rows, rows);
        gemm(1, Q, A.t, 0, out);
        const covariance = symmetricPart(out.entries(), square);
        result.covariance = checkResult(covariance, "the covariance of the ensemble");
        variance = Float64Array.from({ length: rows }, (_, i) => covariance.data[i * (rows + 1)]);
      } else {
        const explained = rowDots(Q, A);
        variance = diagonal?.map((value, i) => Math.max(0, value + explained[i]));
      }
      result.variance.data.forEach((_, at, data) => {
        data[at] = variance?.[Math.floor(at / C)] ?? 0;
      });
      checkResult(result.variance, "the variance of the ensemble");
      return result;
    });
  }
}

/** K** + ½(M + Mᵀ). A negative diagonal entry becomes 0. */
function symmetricPart(M: Float64Array, square: Matrix): Matrix {
  const n = square.rows;
  const result = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const value = square.data[i * n + j] + (M[i * n + j] + M[j * n + i]) / 2;
      result.data[i * n + j] = i === j ? Math.max(0, value) : value;
      result.data[j * n + i] = result.data[i * n + j];
    }
  }
  return result;
}
