/** The tangent kernel of a finite network, as regression sees it. */

import type { Context } from "../../context.js";
import type { Precision } from "../../linalg/precision.js";
import type { View } from "../../linalg/view.js";
import type { Matrix } from "../../matrix.js";
import { type Network, widths } from "../../model/network.js";
import type { KernelGradients, KernelSource } from "../kernel.js";
import { kernel, kernelDiagonal, kernelInto } from "./kernel.js";
import { kernelScratch, type Outputs } from "./kernelMemory.js";
import { loadInputs, loadNetwork } from "./layers.js";
import { networkGradients } from "./networkGradients.js";
import { unlessOverflows } from "./rescale.js";
import { bytesOfNetwork } from "./singlePrecision.js";
import { forward } from "./tangents.js";

/** Points × points × units from which a kernel in float32 is faster than in float64 (measured). */
const LEAST_WORK = 40 ** 3;

export class NetworkSource implements KernelSource {
  readonly outputs: number;
  readonly block: number;
  readonly inputs: number;
  readonly weights: Network | undefined;
  readonly #context: Context;
  readonly #mode: Outputs;
  readonly #precision: Precision;
  #known: 8 | 4 | undefined;

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

  fill(X: Matrix, out: View, X2?: Matrix, gamma: 0 | 1 = 0): void {
    const context = this.#context;
    context.arena.run(() => {
      const loaded = loadNetwork(context, this.network, undefined, out.bytes);
      const [inputs, other] = [X, X2].map((points) => points && loadInputs(context, points, out.bytes));
      kernelInto(context, loaded, inputs as View, other, this.#mode, out, gamma);
    });
  }

  scratch(n: number, n2?: number): number {
    return kernelScratch(this.#context, 8, this.network, n, n2, this.#mode);
  }

  cross(X: Matrix, X2: Matrix): Matrix {
    return this.#kernel(X, X2);
  }

  square(X: Matrix): Matrix {
    return this.#kernel(X, undefined);
  }

  #kernel(X: Matrix, X2: Matrix | undefined): Matrix {
    const { network } = this;
    const work = X.rows * (X2 ?? X).rows * widths(network)[0];
    const bytes = work < LEAST_WORK ? 8 : this.#bytes();
    const compute = (net: Network, A: Matrix, B: Matrix | undefined) =>
      kernel(this.#context, bytes, net, A, B, this.#mode);
    return unlessOverflows(network, X, X2, compute, ({ data }) => [data]);
  }

  #bytes(): 8 | 4 {
    this.#known ??= bytesOfNetwork(this.#precision, this.network);
    return this.#known;
  }

  diagonal(X: Matrix): Float64Array {
    const compute = (net: Network, A: Matrix) => kernelDiagonal(this.#context, net, A, this.#mode);
    return unlessOverflows(this.network, X, undefined, compute, (diagonal) => [diagonal]);
  }

  gradients(): KernelGradients {
    return networkGradients(this.#context, this.network, this.#mode);
  }
}
