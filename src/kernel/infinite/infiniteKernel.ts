/** The kernel of an infinitely wide network, as regression sees it. */

import type { Context } from "../../context.js";
import type { View } from "../../linalg/view.js";
import type { Matrix } from "../../matrix.js";
import { zeros } from "../../memory.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { flat } from "../composedGradients.js";
import type { KernelGradients, KernelSource } from "../kernel.js";
import { infiniteDiagonalGradient, infinitePull } from "./gradients.js";
import { infiniteDiagonal, infiniteInto, infiniteKernel, infiniteScratch } from "./kernel.js";

export class InfiniteSource implements KernelSource {
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

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    infiniteInto(this.#model, X, X2, out, gamma);
  }

  scratch(n: number, n2 = 0): number {
    return infiniteScratch(this.#context, this.#model, n + n2);
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

  gradients(): KernelGradients {
    const [context, model] = [this.#context, this.#model];
    return {
      pull: (X, X2, W) => infinitePull(context, model, X, X2, W),
      diagonal: (X) => infiniteDiagonalGradient(context, model, X),
      start: flat,
    };
  }
}
