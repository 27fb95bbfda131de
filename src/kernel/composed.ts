/**
 * Kernels made of other kernels, or of numbers, as regression sees them. The terms of a sum are added to one matrix as
 * they are made. A product has a second matrix for its further factors.
 */
import type { Context } from "../context.js";
import { addTo, gemm, hadamard, mirror } from "../linalg/blas.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { inputsOf, profile, type StationaryKernel, scaledInputs } from "../model/stationary.js";
import { productGradients, sumGradients } from "./composedGradients.js";
import type { KernelGradients, KernelSource } from "./kernel.js";
import type { PrecomputedKernel } from "./models.js";
import { stationaryGradients } from "./stationaryGradients.js";

/** Θ(X, X2) of a source as a matrix, or Θ(X, X), symmetric to the bit. */
function matrixOf(context: Context, source: KernelSource, X: Matrix, X2?: Matrix): Matrix {
  const { arena } = context;
  const [n, n2] = [X.rows, (X2 ?? X).rows];
  return arena.run(() => {
    arena.require(n * n2 * source.block ** 2 + source.scratch(n, X2?.rows));
    const K = scratch(context, n * source.block, n2 * source.block);
    source.fill(X, K, X2);
    if (!X2) mirror(K);
    return K.matrix("the kernel");
  });
}

/** What the sources of parts have in common, or an error where they do not agree. */
function agreed<K extends "inputs" | "outputs" | "block">(parts: readonly KernelSource[], key: K): KernelSource[K] {
  const [common, ...others] = parts.map((part) => part[key]).filter((value) => value !== undefined);
  for (const value of others) {
    if (common === value) continue;
    throw new RangeError(`the parts of a model have ${common} and ${value} ${NAMES[key]}; expected the same`);
  }
  return common as KernelSource[K];
}

const NAMES = { inputs: "inputs", outputs: "outputs", block: "outputs in their kernels" };

/** A kernel without weights of its own. */
abstract class Composed implements KernelSource {
  readonly network = undefined;
  readonly weights = undefined;
  abstract readonly inputs: number | undefined;
  readonly outputs: number | undefined = undefined;
  readonly block: number = 1;

  constructor(protected readonly context: Context) {}

  abstract fill(X: Matrix, out: View, X2?: Matrix, gamma?: 0 | 1): void;
  abstract scratch(n: number, n2?: number): number;
  abstract diagonal(X: Matrix): Float64Array;
  abstract gradients(): KernelGradients;

  start(X: Matrix, C: number): Float64Array {
    return zeros(X.rows * C);
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return matrixOf(this.context, this, X, X2);
  }

  square(X: Matrix): Matrix {
    return matrixOf(this.context, this, X);
  }
}

/** A kernel made of others. */
abstract class Parts extends Composed {
  readonly inputs: number | undefined;
  override readonly outputs: number | undefined;
  override readonly block: number;

  constructor(
    context: Context,
    protected readonly parts: readonly KernelSource[],
  ) {
    super(context);
    this.inputs = agreed(parts, "inputs");
    this.outputs = agreed(parts, "outputs");
    this.block = agreed(parts, "block");
  }

  /** The diagonals of the parts, put together entry by entry. */
  protected diagonals(X: Matrix, together: (a: number, b: number) => number): Float64Array {
    const [result, ...others] = this.parts.map((part) => part.diagonal(X));
    for (const other of others) for (let i = 0; i < result.length; i++) result[i] = together(result[i], other[i]);
    return result;
  }
}

export class SumSource extends Parts {
  override start(X: Matrix, C: number): Float64Array {
    const result = zeros(X.rows * C);
    for (const part of this.parts) {
      const start = part.start(X, C);
      for (let at = 0; at < result.length; at++) result[at] += start[at];
    }
    return result;
  }

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    this.parts.forEach((part, i) => {
      part.fill(X, out, X2, i === 0 ? gamma : 1);
    });
  }

  scratch(n: number, n2?: number): number {
    return this.parts.reduce((most, part) => Math.max(most, part.scratch(n, n2)), 0);
  }

  diagonal(X: Matrix): Float64Array {
    return this.diagonals(X, (a, b) => a + b);
  }

  gradients(): KernelGradients {
    return sumGradients(this.parts);
  }
}

export class ProductSource extends Parts {
  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    const { context } = this;
    const [first, ...others] = this.parts;
    const another = () => scratch(context, out.rows, out.cols);
    context.arena.run(() => {
      const K = gamma === 0 ? out : another();
      first.fill(X, K, X2);
      for (const part of others) {
        context.arena.run(() => {
          const factor = another();
          part.fill(X, factor, X2);
          hadamard(1, K, factor, K);
        });
      }
      if (K !== out) addTo(out, K);
    });
  }

  scratch(n: number, n2?: number): number {
    return (
      2 * n * (n2 ?? n) * this.block ** 2 + this.parts.reduce((most, part) => Math.max(most, part.scratch(n, n2)), 0)
    );
  }

  diagonal(X: Matrix): Float64Array {
    return this.diagonals(X, (a, b) => a * b);
  }

  gradients(): KernelGradients {
    return productGradients(this.parts);
  }
}

/** Up to so many scaled inputs, distances come from differences; above, from a product, and small ones anew. */
const FEW_INPUTS = 16;
/** Rows of a product at a time: their inner products stay in L2. */
const ROWS = 64;
/** A squared distance of a product below this share of ‖u‖² + ‖v‖² has lost digits: it is taken from differences. */
const NEAR = 1e-3;

export class StationarySource extends Composed {
  readonly inputs: number | undefined;
  readonly #kernel: StationaryKernel;

  constructor(context: Context, kernel: StationaryKernel) {
    super(context);
    this.#kernel = kernel;
    this.inputs = inputsOf(kernel);
  }

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    const U = scaledInputs(this.#kernel, X);
    const V = X2 ? scaledInputs(this.#kernel, X2) : U;
    const value = profile(this.#kernel);
    const variance = this.#kernel.amplitude ** 2;
    if (U.cols <= FEW_INPUTS) {
      for (let i = 0; i < U.rows; i++) {
        const row = out.row(i, X2 ? V.rows : i + 1);
        for (let j = 0; j < row.length; j++) {
          const k = variance * value(distance(U, i, V, j));
          row[j] = gamma === 0 ? k : row[j] + k;
        }
      }
      return;
    }
    const norms = [U, V].map(squaredNorms);
    const { context } = this;
    context.arena.run(() => {
      const all = copyIn(context, V.data, V.rows, V.cols);
      const some = X2 ? copyIn(context, U.data, U.rows, U.cols) : all;
      const products = scratch(context, Math.min(ROWS, U.rows), V.rows);
      for (let row = 0; row < U.rows; row += ROWS) {
        const rows = Math.min(ROWS, U.rows - row);
        const cols = X2 ? V.rows : row + rows;
        gemm(1, some.slice(row, rows), all.slice(0, cols).t, 0, products.block(0, 0, rows, cols));
        for (let i = row; i < row + rows; i++) {
          const [product, to] = [products.row(i - row, cols), out.row(i, X2 ? cols : i + 1)];
          for (let j = 0; j < to.length; j++) {
            const sum = norms[0][i] + norms[1][j];
            const apart = sum - 2 * product[j];
            const k = variance * value(apart > NEAR * sum ? apart : distance(U, i, V, j));
            to[j] = gamma === 0 ? k : to[j] + k;
          }
        }
      }
    });
  }

  /** Beside copies of the scaled inputs, whose number is known with X only. */
  scratch(n: number, n2 = n): number {
    return Math.min(ROWS, n) * n2;
  }

  diagonal(X: Matrix): Float64Array {
    return zeros(X.rows).fill(this.#kernel.amplitude ** 2);
  }

  gradients(): KernelGradients {
    return stationaryGradients(this.#kernel);
  }
}

/** ‖u_i‖² of each row. */
function squaredNorms({ data, rows, cols }: Matrix): Float64Array {
  const norms = zeros(rows);
  for (let i = 0; i < rows; i++) for (let t = i * cols; t < (i + 1) * cols; t++) norms[i] += data[t] ** 2;
  return norms;
}

/** ‖u_i − v_j‖². */
function distance(U: Matrix, i: number, V: Matrix, j: number): number {
  const d = U.cols;
  const [u, v, from, from2] = [U.data, V.data, i * d, j * d];
  let sum = 0;
  for (let t = 0; t < d; t++) {
    const difference = u[from + t] - v[from2 + t];
    sum += difference * difference;
  }
  return sum;
}

export class PrecomputedSource extends Composed {
  readonly inputs = 1;
  readonly #kernel: PrecomputedKernel;
  readonly #weight: number;

  constructor(context: Context, kernel: PrecomputedKernel, weight: number) {
    super(context);
    this.#kernel = kernel;
    this.#weight = weight;
  }

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    const rows = this.#indices(X);
    const columns = X2 ? this.#indices(X2) : rows;
    const { K, cross } = this.#kernel;
    const n = K.rows;
    rows.forEach((i, r) => {
      const row = out.row(r, X2 ? columns.length : r + 1);
      for (let q = 0; q < row.length; q++) {
        const j = columns[q];
        let value: number;
        if (i < n && j < n) value = K.data[i * n + j];
        else if (j < n) value = (cross as Matrix).data[(i - n) * n + j];
        else if (i < n) value = (cross as Matrix).data[(j - n) * n + i];
        else value = this.#further(i, j);
        row[q] = gamma === 0 ? this.#weight * value : row[q] + this.#weight * value;
      }
    });
  }

  scratch(): number {
    return 0;
  }

  diagonal(X: Matrix): Float64Array {
    const { K } = this.#kernel;
    return Float64Array.from(this.#indices(X), (i) => {
      return this.#weight * (i < K.rows ? K.data[i * (K.rows + 1)] : this.#further(i, i));
    });
  }

  gradients(): KernelGradients {
    throw new RangeError(
      "a precomputed kernel has no derivatives: its inputs are row numbers; expected a finite or infinite network, a stationary kernel, or a model made of them",
    );
  }

  /** Rows of K and, behind them, of `cross`. @throws RangeError */
  #indices(X: Matrix): Int32Array {
    const { K, cross } = this.#kernel;
    const count = K.rows + (cross?.rows ?? 0);
    X.data.forEach((value, at) => {
      if (Number.isInteger(value) && value >= 0 && value < count) return;
      throw new RangeError(
        `row ${at} of the inputs is ${value}; a precomputed kernel has rows 0 to ${count - 1}: expected one of these integers`,
      );
    });
    return Int32Array.from(X.data);
  }

  /** The kernel of two further points, of which only their variances are known. */
  #further(i: number, j: number): number {
    const { K, diagonal } = this.#kernel;
    if (i === j && diagonal) return diagonal[i - K.rows];
    throw new RangeError(
      i === j
        ? `the variance of row ${i} is not known; expected diagonal beside cross in precomputed()`
        : `the kernel of rows ${i} and ${j} is not known: precomputed() has further points with the first ${K.rows} only`,
    );
  }
}
