/**
 * Regression with a tangent kernel: kernel ridge regression and its Gaussian-process reading (MATH.md §3).
 * `fitModel` checks, chooses a solver and, on a ridge path, a ridge; `Fit` predicts and reports.
 */
import type { Context } from "../arena.js";
import { checkResult, describe, toMatrix } from "../check.js";
import type { Model } from "../kernel/source.js";
import { type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork, widths } from "../model/network.js";
import { choice, flag, type Kind, type Kinds, list, nonNegative, optional, or, outputs, read } from "../options.js";
import { solveConjugate } from "../solver/cg.js";
import { dualMemory, type Problem, solveDual } from "../solver/dual.js";
import { primalMemory, solvePrimal } from "../solver/primal.js";
import { refinedMemory, solveRefined } from "../solver/refined.js";
import type { Solution } from "../solver/system.js";
import { Lease } from "./lease.js";
import { choosePath, type PathPoint, pathMemory } from "./path.js";
import { averageAdvice, checkData, noWeights, residualProblem } from "./problem.js";
import { Report } from "./report.js";
import { drawSamples, SAMPLES, type SampleOptions, samplesMemory } from "./samples.js";
import { planUpdate, type UpdateOptions } from "./update.js";

export interface FitOptions {
  /** λ ≥ 0, absolute: added to the diagonal of Θ. Default 0: the minimum-norm interpolant. */
  ridge?: number;
  /** A path of ridges instead: all cost one eigendecomposition; the best profiled evidence wins. See {@link Fit.path}. */
  ridges?: NumberList;
  /**
   * `dual`: N×N; `primal`: P×P, finite networks only; `auto` (default): the cheaper of these; `cg`: conjugate gradients for finite networks and
   * many points, O(NP) an iteration and no N×N matrix; a variance is then a solve for each row, and the report has no evidences.
   */
  solver?: "auto" | "dual" | "primal" | "cg";
  /** Multiplies variances: 1 (default), or `"fit"` for ŝ = rᵀα/(N·C). */
  scale?: 1 | "fit";
  /** Fit f − f0 instead of f: the start values of the network are left out. Default false. */
  centered?: boolean;
  /**
   * `full`: Θ of every pair of outputs, (N·C)×(N·C), the tangent kernel of the weights; the default of finite networks.
   * `average`: one N×N kernel, its mean over the outputs, for each of them; the default, and the only one, of other models.
   */
  outputs?: "full" | "average";
}

export interface PredictOptions {
  /** Default true. */
  variance?: boolean;
  /** The full covariance, (N*·C)² with row n·C + c (`outputs: "average"`: N*×N*); default false. */
  covariance?: boolean;
  /** Add the noise sλ: the band to draw around data. Default false: latent. */
  noise?: boolean;
}

export interface Prediction {
  /** N*×C. */
  mean: Matrix;
  /** N*×C; the same in every column with `outputs: "average"`. */
  variance?: Matrix;
  /** (N*·C)×(N*·C), or N*×N* with `outputs: "average"`. */
  covariance?: Matrix;
}

/** Not a closure of the constructor: see {@link Lease}. The memory is that of the latest update. */
function freeOf(fitted: Fitted): () => void {
  return () => fitted.solution.free();
}

const scale: Kind<1 | "fit"> = (value, name) => {
  if (value === 1 || value === "fit") return value;
  throw new RangeError(`${name} is ${typeof value === "number" ? value : describe(value)}; expected 1 or "fit"`);
};

const OPTIONS = {
  ridge: optional(nonNegative),
  ridges: optional(list(nonNegative, "a list of at least one ridge")),
  solver: or(choice(["auto", "dual", "primal", "cg"]), "auto"),
  scale: or(scale, 1),
  centered: or(flag, false),
  outputs: optional(outputs),
} satisfies Kinds<FitOptions>;

const PREDICT = {
  variance: or(flag, true),
  covariance: or(flag, false),
  noise: or(flag, false),
} satisfies Kinds<PredictOptions>;

const SAMPLE = { ...SAMPLES, noise: or(flag, false) };

/** Everything a `Fit` is built from; `update` replaces problem and solution. */
interface Fitted {
  context: Context;
  model: Model;
  problem: Problem;
  solution: Solution;
  centered: boolean;
  scale: 1 | "fit";
  path: PathPoint[];
}

/** `ntk.fit`: see {@link ../ntk.js}. */
export function fitModel(
  context: Context,
  model: Model,
  Xlike: MatrixLike,
  Ylike: MatrixLike,
  options: FitOptions,
): Fit {
  const { ridge = 0, ridges, solver, scale, centered, outputs } = checkFitOptions(options);
  const data = checkData(context, model, Xlike, Ylike, outputs);
  const { source, X, Y, model: own } = data;
  const net = source.weights;
  if (!net && (solver === "primal" || solver === "cg")) {
    throw new RangeError(
      `solver "${solver}" needs ${source.network ? 'outputs "full": the averaged kernel is that of no weights' : "the weights of a network"}; ` +
        'expected solver "dual" or "auto"',
    );
  }
  const primal = usesPrimal(net, solver, X.rows) && ridges === undefined;
  context.arena.require(
    solver === "cg"
      ? 0
      : primal
        ? primalMemory(net?.parameters.length ?? 0)
        : ridges
          ? pathMemory(context, source, X.rows)
          : context.precision === "float32" && ridge > 0
            ? refinedMemory({ source, X, size: X.rows * source.block })
            : dualMemory(source, X.rows),
    averageAdvice(source.block),
  );
  const start = centered ? new Float64Array(Y.data.length) : source.start(X, Y.cols);
  const problem = residualProblem(data, start);
  if (ridges !== undefined) {
    const { factor, path } = choosePath(context, problem, ridges);
    const solution = solveDual(context, problem, factor.ridge, factor);
    return new Fit({ context, model: own, problem, solution, centered, scale, path });
  }
  if (solver === "cg" && net) {
    const solution = solveConjugate(context, problem, net, ridge);
    return new Fit({ context, model: own, problem, solution, centered, scale, path: [] });
  }
  const solve = context.precision === "float32" ? solveRefined : solveDual;
  const solution = primal && net ? solvePrimal(context, problem, net, ridge) : solve(context, problem, ridge);
  return new Fit({ context, model: own, problem, solution, centered, scale, path: [] });
}

/** True where the P×P system is asked for, or takes fewer flops than the N×N one (MATH.md §3). */
function usesPrimal(net: Network | undefined, solver: FitOptions["solver"], N: number): boolean {
  if (!net || solver === "dual" || solver === "cg") return false;
  const P = net.parameters.length;
  const n = N * net.outputs;
  // Multiply-adds of Θ: two products of each hidden layer, symmetric half.
  const units = widths(net).reduce((sum, m) => sum + m, 0);
  return solver === "primal" || n * P ** 2 + P ** 3 / 3 < n ** 2 * units + n ** 3 / 3;
}

function checkFitOptions(options: FitOptions) {
  const checked = read(options, "fit", "{ ridge: 1e-3 }", OPTIONS);
  const { ridge, ridges, solver } = checked;
  if (ridges === undefined) return checked;
  if (ridge !== undefined) throw new RangeError("both ridge and ridges are given; expected one of them");
  if (solver === "primal" || solver === "cg")
    throw new RangeError('a ridge path decomposes Θ, N×N; expected solver "dual" or "auto" with ridges');
  return checked;
}

/**
 * A fitted model. It holds its factor in backend memory until `dispose()` (or `using`, or garbage collection).
 *
 * @example
 * const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
 * const { mean, variance } = fit.predict(Xnew);
 */
export class Fit {
  /** The ridges that were compared, in the order given; empty without `ridges`. */
  readonly path: PathPoint[];
  readonly #fitted: Fitted;
  readonly #lease: Lease;
  #report: Report | undefined;

  /** @internal */
  constructor(fitted: Fitted) {
    this.#fitted = fitted;
    this.path = fitted.path;
    this.#lease = new Lease(fitted.context, this, "fit", freeOf(fitted));
  }

  /** How the fit went: lazy, each field is computed when it is first read. After {@link update} there is a new one. */
  get report(): Report {
    this.#report ??= new Report(this.#fitted, this.#lease);
    return this.#report;
  }

  /**
   * Mean (N*×C), and on request variance and covariance, at new inputs X (N*×d).
   *
   * @throws RangeError for wrong shapes or non-finite input; MemoryLimitError; BackendError after `dispose()`.
   */
  predict(X: MatrixLike, options: PredictOptions & { variance?: true; covariance: true }): Required<Prediction>;
  predict(X: MatrixLike, options?: PredictOptions & { variance?: true }): Prediction & { variance: Matrix };
  predict(X: MatrixLike, options?: PredictOptions): Prediction;
  predict(Xlike: MatrixLike, options: PredictOptions = {}): Prediction {
    const { variance, covariance, noise } = read(options, "predict", "{ variance: false }", PREDICT);
    this.#lease.check();
    const { problem, solution, centered } = this.#fitted;
    const X = toMatrix(Xlike, "X", { cols: problem.X.cols });
    const order = X.rows * problem.source.block;
    if (covariance) this.#fitted.context.arena.require(order * (order + solution.factor.n));
    const s = this.report.scale;
    const added = noise ? s * solution.factor.ridge : 0;
    const both = variance ? solution.meanAndVariance?.(X, !centered) : undefined;
    const mean = both?.mean ?? solution.mean(X, !centered);
    const prediction: Prediction = { mean: checkResult(matrix(X.rows, problem.outputs, mean), "the mean") };
    if (variance) {
      const latent = both?.variance ?? solution.variance(X);
      prediction.variance = matrix(X.rows, problem.outputs);
      prediction.variance.data.forEach((_, at, data) => {
        data[at] = s * latent[Math.floor(at / problem.columns)] + added;
      });
      checkResult(prediction.variance, "the variance");
    }
    if (covariance) {
      const data = solution.covariance(X).map((value) => s * value);
      const size = X.rows * problem.source.block;
      for (let i = 0; i < size; i++) data[i * (size + 1)] += added;
      prediction.covariance = checkResult(matrix(size, size, data), "the covariance");
    }
    return prediction;
  }

  /**
   * Draws from the posterior at X, N*×C each: Gaussian, with the mean and covariance of {@link predict} (noise included on request).
   *
   * @throws as {@link predict}; ConvergenceError.
   */
  sample(X: MatrixLike, options: SampleOptions & { noise?: boolean } = {}): Matrix[] {
    const { noise, ...checked } = read(options, "sample", "{ draws: 3 }", SAMPLE);
    this.#lease.check();
    const { context, problem } = this.#fitted;
    const A = toMatrix(X, "X", { cols: problem.X.cols });
    context.arena.require(samplesMemory(context, A.rows * problem.source.block, problem.columns, checked.draws));
    const { mean, covariance } = this.predict(A, { covariance: true, variance: false, noise });
    return drawSamples(context, mean, covariance as Matrix, checked);
  }

  /**
   * θ0 + β: the weights of the fitted first-order model, in the order of `net.parameters`.
   *
   * @throws RangeError for a model without weights, and where several outputs share the averaged kernel.
   */
  parameters(): Float64Array {
    this.#lease.check();
    const { displacement } = this.#fitted.solution;
    const { source } = this.#fitted.problem;
    const net = source.weights;
    if (!net || !displacement) throw noWeights("parameters()", source);
    return net.parameters.map((value, i) => value + displacement[i]);
  }

  /** The fit as plain JSON: model, settings, weights and the scalars of the report. */
  toJSON(): object {
    this.#lease.check();
    const { problem, solution, centered, scale, model } = this.#fitted;
    const net = problem.source.network;
    const infinite = isInfiniteNetwork(model) ? { ...model } : "custom";
    const { jitter, rank, degreesOfFreedom, logEvidence, logEvidenceProfiled } = this.report;
    return {
      format: "ntk-wasm/fit/1",
      model: net ? { ...ownNetwork(net), parameters: [...net.parameters] } : infinite,
      kernel: problem.source.block === problem.outputs ? "full" : "average",
      solver: solution.solver,
      ridge: solution.factor.ridge,
      scale,
      centered,
      rows: problem.X.rows,
      inputs: problem.X.cols,
      outputs: problem.outputs,
      X: [...problem.X.data],
      dualWeights: [...solution.dualWeights()],
      ...(problem.source.weights ? { parameters: [...this.parameters()] } : {}),
      report: { scale: this.report.scale, jitter, rank, degreesOfFreedom, logEvidence, logEvidenceProfiled },
    };
  }

  /**
   * Refits after points were moved, removed or added, by editing the factor: O(N²) and the kernel of the new points with all others,
   * where a fit costs O(N²m + N³/3). All indices are those of the rows before; removed rows close up, added ones come last. Returns this
   * fit, with a new `report` (`scale` included); ridge, scale and `centered` stay, `path` is that of the first fit.
   *
   * N×N fits delete rows of the Cholesky factor by Givens rotations and append the new ones: never a downdate, so after k updates the
   * answer is that of a kernel off by c·k·N·ε‖Θ‖ at most, and in practice by far less. The first update of a network with one hidden layer and
   * one output also keeps its N×m features (up to 256 MiB, memory permitting); other models pay for the features or the kernel function
   * of all points at each update. P×P fits take rank-1 updates, then downdates (LINPACK's). Factored anew, at the cost of a fit, are
   * ridge paths and float32 fits (once, in float64), P×P fits where a point that goes carried more than 15/16 of some direction, and
   * changes of so many rows that it is as fast (N×N: a quarter of them removed or moved).
   *
   * Sources: Gill, Golub, Murray & Saunders 1974; Golub & Van Loan, Matrix Computations, 6.5.4.
   *
   * @throws TypeError, RangeError for bad input, and for a fit that cannot: ridge 0 on a singular kernel, solver `cg`.
   *   NotPositiveDefiniteError where the new points make the system singular to rounding; MemoryLimitError; BackendError after
   *   `dispose()`. The fit is as before then, to the bit.
   * @example
   * fit.update({ move: { index: 3, X: [0.4], Y: [1.2] } }).predict(Xnew); // a point is dragged
   * fit.update({ add: { X: [[2]], Y: [[0]] }, remove: [0, 1] });
   */
  update(options: UpdateOptions): this {
    this.#lease.check();
    const { problem, solution, centered } = this.#fitted;
    if (!solution.update)
      throw new RangeError(`a fit by solver "${solution.solver}" cannot be updated; fit again with solver "dual"`);
    if (solution.factor.truncated) {
      throw new RangeError(
        "a fit with ridge 0 on a singular kernel leaves out null modes and cannot be updated; fit with a ridge above 0, or fit again",
      );
    }
    const change = planUpdate(problem, centered, options);
    this.#fitted.solution = solution.update(change);
    this.#fitted.problem = change.problem;
    this.#report = undefined;
    return this;
  }

  /** Gives the backend memory back. Using the fit afterwards is a BackendError; a second call does nothing. */
  dispose(): void {
    this.#lease.release();
  }

  /** {@link dispose}, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
