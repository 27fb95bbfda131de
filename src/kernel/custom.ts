/** A user's own (or precomputed) kernel. What its functions give is checked like any other input. */

import { checkFinite, checkSymmetric } from "../check.js";
import type { View } from "../linalg/view.js";
import { readMatrix } from "../lists.js";
import { copied, type Matrix, type MatrixLike, type NumberList, rowsOf } from "../matrix.js";
import { zeros } from "../memory.js";
import { callback, optional, pick } from "../options.js";
import { reading } from "../words.js";
import type { KernelGradients, KernelSource } from "./kernel.js";

/** A kernel of one's own: Θ(X, X2) as a matrix, and optionally a prior mean and a cheap diagonal. */
export interface CustomKernel {
  /** Θ(X, X2), rows(X)×rows(X2). Symmetric and positive semi-definite for X = X2. */
  kernel(X: Matrix, X2: Matrix): MatrixLike;
  /** Prior mean, rows(X)×C; default 0. */
  mean?(X: Matrix): MatrixLike;
  /** diag Θ(X, X); default: taken from `kernel`. */
  diagonal?(X: Matrix): NumberList;
}

/** True for a user's own kernel. */
export function isCustomKernel(model: unknown): model is CustomKernel {
  if (typeof model !== "object" || model === null) return false;
  return reading("the model", () => typeof (model as CustomKernel).kernel === "function");
}

const FUNCTIONS = { kernel: callback, mean: optional(callback), diagonal: optional(callback) };

/** A kernel whose functions are those of now, whatever becomes of the caller's object. @throws TypeError */
export function ownCustomKernel(model: CustomKernel): CustomKernel {
  const { kernel, mean, diagonal } = pick(model, "the model", FUNCTIONS) as unknown as CustomKernel;
  return {
    kernel: kernel.bind(model),
    ...(mean && { mean: mean.bind(model) }),
    ...(diagonal && { diagonal: diagonal.bind(model) }),
  };
}

/** Points whose diagonal is read off one square kernel when the user gives no `diagonal`. */
const DIAGONAL_TILE = 64;

export class CustomSource implements KernelSource {
  readonly network = undefined;
  readonly outputs = undefined;
  readonly block = 1;
  readonly weights = undefined;
  readonly inputs = undefined;
  readonly #model: CustomKernel;
  readonly #weight: number;

  /** `weight` times the kernel, and √weight times the mean. */
  constructor(model: CustomKernel, weight: number) {
    this.#model = ownCustomKernel(model);
    this.#weight = weight;
  }

  start(X: Matrix, C: number): Float64Array {
    if (!this.#model.mean) return zeros(X.rows * C);
    const { data } = returned(this.#model.mean(X), "mean(X)", X.rows, C);
    return data.map((value) => Math.sqrt(this.#weight) * value);
  }

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    // The user's function may grow the memory: the view comes after it.
    const { data } = X2 ? this.#cross(X, X2) : this.#square(X);
    const to = out.entries();
    if (gamma === 0 && this.#weight === 1) to.set(data);
    else for (let at = 0; at < to.length; at++) to[at] = (gamma && to[at]) + this.#weight * data[at];
  }

  scratch(): number {
    return 0;
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return this.#times(copied(this.#cross(X, X2)));
  }

  /** The weight times a matrix, in place. */
  #times(K: Matrix): Matrix {
    for (let at = 0; at < K.data.length; at++) K.data[at] *= this.#weight;
    return K;
  }

  /** {@link cross} in the memory that the function returned, to use at once. */
  #cross(X: Matrix, X2: Matrix): Matrix {
    return returned(this.#model.kernel(X, X2), "kernel(X, X2)", X.rows, X2.rows);
  }

  square(X: Matrix): Matrix {
    return this.#times(copied(this.#square(X)));
  }

  /** {@link square} in the memory that the function returned, to use at once. */
  #square(X: Matrix): Matrix {
    const K = returned(this.#model.kernel(X, X), "kernel(X, X)", X.rows, X.rows);
    checkSymmetric(K, "kernel(X, X)");
    return K;
  }

  diagonal(X: Matrix): Float64Array {
    if (this.#model.diagonal)
      return this.#times(copied(returned(this.#model.diagonal(X), "diagonal(X)", X.rows, 1))).data;
    const result = zeros(X.rows);
    for (let row = 0; row < X.rows; row += DIAGONAL_TILE) {
      const tile = rowsOf(X, row, Math.min(DIAGONAL_TILE, X.rows - row));
      const { data } = this.#square(tile);
      for (let i = 0; i < tile.rows; i++) result[row + i] = data[i * (tile.rows + 1)];
    }
    return this.#times({ data: result, rows: X.rows, cols: 1 }).data;
  }

  gradients(): KernelGradients {
    throw new RangeError(
      "the derivatives of a kernel of one's own are not known; expected a finite or infinite network, a stationary kernel, or a model made of them",
    );
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
