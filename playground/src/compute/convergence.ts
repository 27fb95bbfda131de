// How far finite tangent kernels are from the kernel of infinite width: single networks, and the mean over all that
// were drawn.

import { createInfiniteNetwork, type NetworkOptions, type Ntk } from "ntk-wasm/slim";
import { DRAWS } from "./tasks";

interface ConvergenceRequest {
  model: Pick<NetworkOptions, "activation" | "weightStd" | "biasStd">;
  grid: Float64Array;
}
export interface ConvergenceAt {
  width: number;
  /** ‖Θ − Θ∞‖/‖Θ∞‖ of one network: root mean square over the draws. */
  single: number;
  /** The same of the mean of the draws. */
  mean: number;
}

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

export class Convergence {
  readonly #limit: Float64Array;

  constructor(
    readonly ntk: Ntk,
    readonly request: ConvergenceRequest,
  ) {
    this.#limit = ntk.kernel(createInfiniteNetwork(request.model), request.grid).data;
  }

  /** DRAWS networks of this width. */
  at(width: number): ConvergenceAt {
    const { model, grid } = this.request;
    const options = { ...model, inputs: 1, hidden: width, init: "ntk" as const };
    const size = norm(this.#limit);
    const samples = this.ntk.sampleKernel(options, grid, { draws: DRAWS }).result();
    const bias = norm(samples.mean.data.map((v, i) => v - this.#limit[i])) / size;
    // (1/n)Σ‖Θk − Θ∞‖² = ‖mean − Θ∞‖² + (1/n)Σ‖Θk − mean‖², and the last is (n − 1) squared standard errors.
    const spread = (norm(samples.standardError.data) * Math.sqrt(DRAWS - 1)) / size;
    return { width, single: Math.hypot(bias, spread), mean: bias };
  }
}
