/**
 * What regression needs from a model, whatever its kind: start values, the training kernel, cross kernels, diagonals.
 * A `CustomKernel` is a user's own (or precomputed) kernel and is checked like any other input.
 */
import type { Context } from "../arena.js";
import { checkFinite, checkSymmetric } from "../check.js";
import { doubles, type Precision, realOf, singles } from "../linalg/precision.js";
import { readMatrix } from "../lists.js";
import { copied, type Matrix, type MatrixLike, matrix, type NumberList } from "../matrix.js";
import { zeros } from "../memory.js";
import { createInfiniteNetwork, type InfiniteNetwork, isInfiniteNetwork } from "../model/infinite.js";
import { type Network, ownNetwork, validateNetwork } from "../model/network.js";
import { callback, optional, pick } from "../options.js";
import { reading } from "../words.js";
import { kernel, kernelDiagonal, kernelInto, kernelScratch, type Outputs } from "./finite/kernel.js";
import { loadInputs, loadNetwork } from "./finite/layers.js";
import { forward } from "./finite/tangents.js";
import { infiniteDiagonal, infiniteInto, infiniteKernel, infiniteScratch } from "./infinite/kernel.js";

/** A kernel of one's own: Θ(X, X2) as a matrix, and optionally a prior mean and a cheap diagonal. */
export interface CustomKernel {
  /** Θ(X, X2), rows(X)×rows(X2). Symmetric and positive semi-definite for X = X2. */
  kernel(X: Matrix, X2: Matrix): MatrixLike;
  /** Prior mean, rows(X)×C; default 0. */
  mean?(X: Matrix): MatrixLike;
  /** diag Θ(X, X); default: taken from `kernel`. */
  diagonal?(X: Matrix): NumberList;
}

/** What `fit` and `kernel` accept. */
export type Model = Network | InfiniteNetwork | CustomKernel;

/** A model as regression sees it; `X` is the training inputs. Its kernel has `block` rows for each input, b below. */
export interface KernelSource {
  /** The network, where the model is one. */
  readonly network: Network | undefined;
  /** Number of outputs that the model prescribes, if it does. */
  readonly outputs: number | undefined;
  /** C where the kernel has every pair of outputs (row n·C + c), 1 where one kernel serves all outputs. */
  readonly block: number;
  /** The network, where its weights give this kernel: its tangent features have just these inner products. */
  readonly weights: Network | undefined;
  /** Input dimension that the model prescribes, if it does. */
  readonly inputs: number | undefined;
  /** f(X, θ0) or the prior mean, rows×C, row-major. */
  start(X: Matrix, C: number): Float64Array;
  /** Θ(X, X) as a full or lower (n·b)×(n·b) matrix at `out`. */
  fill(X: Matrix, out: number): void;
  /** {@link fill} in single precision, entries of 4 bytes; undefined for a model whose kernel is float64 only. */
  fillSingle?(X: Matrix, out: number): void;
  /** Doubles that {@link fill} needs as scratch for n inputs. */
  scratch(n: number): number;
  /** Θ(X, X2). */
  cross(X: Matrix, X2: Matrix): Matrix;
  /** Θ(X, X), symmetric to the bit. */
  square(X: Matrix): Matrix;
  /** diag Θ(X, X). */
  diagonal(X: Matrix): Float64Array;
}

/** True for a user's own kernel. */
export function isCustomKernel(model: unknown): model is CustomKernel {
  if (typeof model !== "object" || model === null) return false;
  return reading("the model", () => typeof (model as CustomKernel).kernel === "function");
}

const FUNCTIONS = { kernel: callback, mean: optional(callback), diagonal: optional(callback) };

/**
 * A checked copy of a model, for what is kept: it stays as it is, whatever becomes of the caller's arrays and objects.
 *
 * @throws TypeError, RangeError
 */
export function ownModel(model: Model): Model {
  if (isInfiniteNetwork(model)) return createInfiniteNetwork(model);
  if (!isCustomKernel(model)) return ownNetwork(validateNetwork(model));
  const { kernel, mean, diagonal } = pick(model, "the model", FUNCTIONS) as unknown as CustomKernel;
  return {
    kernel: kernel.bind(model),
    ...(mean && { mean: mean.bind(model) }),
    ...(diagonal && { diagonal: diagonal.bind(model) }),
  };
}

/**
 * @param outputs `full` or `average`; undefined takes `full` for finite networks and `average` for the others.
 * @param precision of `cross` and `square` of finite networks; the kernels of other models are float64.
 * @throws TypeError, RangeError where the model cannot be used.
 */
export function kernelSource(
  context: Context,
  model: Model,
  outputs?: Outputs,
  precision: Precision = "float64",
): KernelSource {
  const infinite = isInfiniteNetwork(model);
  if (!infinite && !isCustomKernel(model)) {
    return new NetworkSource(context, validateNetwork(model), outputs ?? "full", precision);
  }
  if (outputs === "full") {
    throw new RangeError(
      'outputs "full" needs a finite network; the kernel of this model is the same for every output: expected "average"',
    );
  }
  return infinite ? new InfiniteSource(context, createInfiniteNetwork(model)) : new CustomSource(context, model);
}

class InfiniteSource implements KernelSource {
  readonly network = undefined;
  readonly outputs = undefined;
  readonly block = 1;
  readonly weights = undefined;
  readonly inputs = undefined;
  readonly #context: Context;
  readonly #model: InfiniteNetwork;

  constructor(context: Context, model: InfiniteNetwork) {
    this.#context = context;
    this.#model = model;
  }

  start(X: Matrix, C: number): Float64Array {
    return zeros(X.rows * C);
  }

  fill(X: Matrix, out: number): void {
    infiniteInto(this.#context, this.#model, X, undefined, out);
  }

  scratch(n: number): number {
    return infiniteScratch(this.#model, n);
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return infiniteKernel(this.#context, this.#model, X, X2);
  }

  square(X: Matrix): Matrix {
    return infiniteKernel(this.#context, this.#model, X);
  }

  diagonal(X: Matrix): Float64Array {
    return infiniteDiagonal(this.#context, this.#model, X);
  }
}

class NetworkSource implements KernelSource {
  readonly outputs: number;
  readonly block: number;
  readonly inputs: number;
  readonly weights: Network | undefined;
  readonly #context: Context;
  readonly #mode: Outputs;
  readonly #precision: Precision;

  constructor(
    context: Context,
    readonly network: Network,
    mode: Outputs,
    precision: Precision,
  ) {
    this.#precision = precision;
    this.#context = context;
    this.#mode = mode;
    this.inputs = network.inputs;
    this.outputs = network.outputs;
    this.block = mode === "full" ? network.outputs : 1;
    this.weights = this.block === network.outputs ? network : undefined;
  }

  start(X: Matrix): Float64Array {
    return forward(this.#context, this.network, X).data;
  }

  fill(X: Matrix, out: number): void {
    const context = this.#context;
    context.arena.run(() => {
      kernelInto(context, loadNetwork(context, this.network), loadInputs(context, X), undefined, this.#mode, out);
    });
  }

  fillSingle(X: Matrix, out: number): void {
    const context = this.#context;
    context.arena.run(() => {
      const real = singles(context);
      const loaded = loadNetwork(context, this.network, undefined, real);
      kernelInto(context, loaded, loadInputs(context, X, real), undefined, this.#mode, out);
    });
  }

  scratch(n: number): number {
    return kernelScratch(doubles(this.#context), this.network, n, n, this.#mode);
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return kernel(this.#context, realOf(this.#context, this.#precision), this.network, X, X2, this.#mode);
  }

  square(X: Matrix): Matrix {
    return kernel(this.#context, realOf(this.#context, this.#precision), this.network, X, undefined, this.#mode);
  }

  diagonal(X: Matrix): Float64Array {
    return kernelDiagonal(this.#context, this.network, X, this.#mode);
  }
}

/** Points whose diagonal is read off one square kernel when the user gives no `diagonal`. */
const DIAGONAL_TILE = 64;

class CustomSource implements KernelSource {
  readonly network = undefined;
  readonly outputs = undefined;
  readonly block = 1;
  readonly weights = undefined;
  readonly inputs = undefined;
  readonly #context: Context;
  readonly #model: CustomKernel;

  constructor(context: Context, model: CustomKernel) {
    this.#context = context;
    this.#model = ownModel(model) as CustomKernel;
  }

  start(X: Matrix, C: number): Float64Array {
    if (!this.#model.mean) return zeros(X.rows * C);
    return copied(returned(this.#model.mean(X), "mean(X)", X.rows, C)).data;
  }

  fill(X: Matrix, out: number): void {
    // The user's function may grow the memory: the view comes after it.
    const { data } = this.#square(X);
    this.#context.arena.view(out, X.rows * X.rows).set(data);
  }

  scratch(): number {
    return 0;
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return copied(returned(this.#model.kernel(X, X2), "kernel(X, X2)", X.rows, X2.rows));
  }

  square(X: Matrix): Matrix {
    return copied(this.#square(X));
  }

  /** {@link square} in the memory that the function returned, to use at once. */
  #square(X: Matrix): Matrix {
    const K = returned(this.#model.kernel(X, X), "kernel(X, X)", X.rows, X.rows);
    checkSymmetric(K, "kernel(X, X)");
    return K;
  }

  diagonal(X: Matrix): Float64Array {
    if (this.#model.diagonal) return copied(returned(this.#model.diagonal(X), "diagonal(X)", X.rows, 1)).data;
    const result = zeros(X.rows);
    for (let row = 0; row < X.rows; row += DIAGONAL_TILE) {
      const tile = rowsOf(X, row, Math.min(DIAGONAL_TILE, X.rows - row));
      const { data } = this.#square(tile);
      for (let i = 0; i < tile.rows; i++) result[row + i] = data[i * (tile.rows + 1)];
    }
    return result;
  }
}

/** What a user's function returned, or an error that names the function. */
function returned(value: unknown, name: string, rows: number, cols: number): Matrix {
  const result = readMatrix(value, name, `${name} gave`);
  if (result.rows !== rows || result.cols !== cols)
    throw new RangeError(`${name} gave ${result.rows}×${result.cols} numbers; expected ${rows}×${cols}`);
  checkFinite(result, name);
  return result;
}

/** Rows [row, row + rows) of X, without a copy. */
export function rowsOf(X: Matrix, row: number, rows: number): Matrix {
  return matrix(rows, X.cols, X.data.subarray(row * X.cols, (row + rows) * X.cols));
}

/** Some rows of X. */
export function pickRows(X: Matrix, rows: readonly number[]): Matrix {
  const data = zeros(rows.length * X.cols);
  rows.forEach((row, i) => {
    data.set(X.data.subarray(row * X.cols, (row + 1) * X.cols), i * X.cols);
  });
  return matrix(rows.length, X.cols, data);
}
