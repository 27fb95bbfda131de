/**
 * Squared loss in closed form (MATH.md §4; Lee et al. 2019): one eigendecomposition of Θ, and ψ(t) of each mode. Any
 * time costs the same, Infinity included.
 */
import type { Context } from "../context.js";
import { eighScratch } from "../linalg/blas.js";
import { combine, decompose, type Eigensystem, nullLevel, project } from "../linalg/eigen.js";
import { hold } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { averageAdvice, type Data, residualProblem } from "../problem.js";
import { maxLearningRate, type Rule, responses } from "./descent.js";
import { inColumns, type Path } from "./path.js";

export class ClosedForm implements Path {
  readonly at: number;
  readonly #context: Context;
  readonly #rule: Rule;
  readonly #columns: number;
  readonly #spectrum: Eigensystem;
  /** Coefficients of y − f0 in the eigenbasis, one row for each right-hand side. */
  readonly #coefficients: Float64Array;
  /** The rounding level: a mode whose eigenvalue is at most this does not move. */
  readonly #level: number;

  /** `start` is f0 on the training inputs, N×C. Holds a block. */
  constructor(context: Context, data: Data, start: Float64Array, rule: Rule) {
    const { source, X } = data;
    const { R, columns, size: n } = residualProblem(data, start);
    const { arena } = context;
    this.#context = context;
    this.#rule = rule;
    this.#columns = columns;
    const vectors = hold(context, n, n);
    this.at = vectors.at;
    try {
      source.fill(X, vectors);
      this.#spectrum = { values: decompose(vectors, true), vectors };
      this.#level = nullLevel(this.#spectrum.values);
      this.#coefficients = project(this.#spectrum, R, columns);
    } catch (error) {
      arena.free(vectors.at);
      throw error;
    }
  }

  /** Checks the memory before any work. @throws MemoryLimitError */
  static require(context: Context, { source, X }: Data): void {
    const n = X.rows * source.block;
    const { arena } = context;
    arena.require(n * n + Math.max(source.scratch(X.rows), eighScratch(context, n)), averageAdvice(source.block));
  }

  eigenvalues(): Float64Array {
    return this.#spectrum.values;
  }

  eigenvectors(): Matrix {
    const { vectors } = this.#spectrum;
    const { arena } = this.#context;
    arena.require(vectors.rows ** 2);
    return arena.run(() => inColumns(this.#context, vectors));
  }

  maxLearningRate(): number {
    const { values } = this.#spectrum;
    return maxLearningRate(this.#rule, values.length * this.#columns, values[values.length - 1]);
  }

  duals(times: readonly number[]): Float64Array {
    return combine(this.#spectrum, this.#modes(times, false), times.length * this.#columns);
  }

  moved(times: readonly number[]): Float64Array {
    return combine(this.#spectrum, this.#modes(times, true), times.length * this.#columns);
  }

  /** ψ ∘ c, or λψ ∘ c with `outputs`, in rows (time k, right-hand side c). Null modes do not move. */
  #modes(times: readonly number[], outputs: boolean): Float64Array {
    const columns = this.#columns;
    const { values } = this.#spectrum;
    const n = values.length;
    const total = n * columns;
    const result = zeros(times.length * total);
    values.forEach((value, i) => {
      if (!(value > this.#level)) return;
      const psi = responses(this.#rule, value + total * this.#rule.decay, total, times);
      for (let row = 0; row < times.length * columns; row++) {
        const coefficient = this.#coefficients[(row % columns) * n + i];
        const factor = psi[Math.floor(row / columns)] * (outputs ? value : 1);
        // A mode without data stays where it is, however unstable.
        result[row * n + i] = coefficient === 0 ? 0 : factor * coefficient;
      }
    });
    return result;
  }
}
