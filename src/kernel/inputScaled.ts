/** A kernel whose inputs are multiplied by scales before the model sees them, as regression sees it. */
import type { View } from "../linalg/view.js";
import { type Matrix, matrix } from "../matrix.js";
import type { KernelGradients, KernelSource } from "./kernel.js";

export class InputScaledSource implements KernelSource {
  readonly network = undefined;
  readonly weights = undefined;
  readonly outputs: number | undefined;
  readonly block: number;
  readonly inputs: number;
  readonly #part: KernelSource;
  readonly #scales: readonly number[];

  /** @throws RangeError where the model has another number of inputs */
  constructor(part: KernelSource, scales: readonly number[]) {
    if (part.inputs !== undefined && part.inputs !== scales.length)
      throw new RangeError(
        `scales has ${scales.length} numbers; expected ${part.inputs}, one for each input of the model`,
      );
    this.#part = part;
    this.#scales = scales;
    this.outputs = part.outputs;
    this.block = part.block;
    this.inputs = scales.length;
  }

  #scaled({ data, rows, cols }: Matrix): Matrix {
    const result = matrix(rows, cols);
    for (let at = 0; at < data.length; at++) result.data[at] = this.#scales[at % cols] * data[at];
    return result;
  }

  start(X: Matrix, C: number): Float64Array {
    return this.#part.start(this.#scaled(X), C);
  }

  fill(X: Matrix, out: View, X2?: Matrix, gamma?: 0 | 1): void {
    this.#part.fill(this.#scaled(X), out, X2 && this.#scaled(X2), gamma);
  }

  scratch(n: number, n2?: number): number {
    return this.#part.scratch(n, n2);
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return this.#part.cross(this.#scaled(X), this.#scaled(X2));
  }

  square(X: Matrix): Matrix {
    return this.#part.square(this.#scaled(X));
  }

  diagonal(X: Matrix): Float64Array {
    return this.#part.diagonal(this.#scaled(X));
  }

  gradients(): KernelGradients {
    const inner = this.#part.gradients();
    return {
      pull: (X, X2, W) => inner.pull(this.#scaled(X), this.#scaled(X2), W).map((G) => this.#scaled(G)),
      diagonal: (X) => this.#scaled(inner.diagonal(this.#scaled(X))),
      start: (X, C) => inner.start(this.#scaled(X), C).map((G) => this.#scaled(G)),
    };
  }
}
