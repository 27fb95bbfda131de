// The kernel on a grid, its spectrum and the share of each parameter block in its trace.
import { type Activation, createInfiniteNetwork, createNetwork, type Init, type Ntk } from "ntk-wasm/slim";

export interface KernelRequest {
  /** Hidden width, 0 for the limit of infinite width. */
  width: number;
  activation: Activation;
  init: Init;
  weightStd: number;
  biasStd: number;
  seed: number;
  grid: Float64Array;
  /** A block of parameters, or "all". */
  block: string;
}
export interface KernelResult {
  data: Float64Array;
  size: number;
  /** Eigenvalues of the whole kernel, largest first. */
  values: Float64Array;
  /** Share of each block in the trace; empty for infinite width. */
  shares: Record<string, number>;
}

export function kernel(ntk: Ntk, request: KernelRequest): KernelResult {
  const { width, activation, init, weightStd, biasStd, seed, grid, block } = request;
  const common = { activation, weightStd, biasStd };
  const net = width > 0 ? createNetwork({ ...common, inputs: 1, hidden: width, init, seed }) : undefined;
  const whole = ntk.kernel(net ?? createInfiniteNetwork(common), grid);
  const size = whole.rows;
  const values = ntk.eigh(whole).values.toReversed();
  if (!net) return { data: whole.data, size, values, shares: {} };
  const blocks = ntk.kernelBlocks(net, grid);
  const trace = (data: Float64Array) => data.reduce((sum, v, at) => (at % (size + 1) === 0 ? sum + v : sum), 0);
  const total = trace(whole.data);
  const shares = Object.fromEntries(Object.entries(blocks).map(([name, { data }]) => [name, trace(data) / total]));
  return { data: (blocks[block] ?? whole).data, size, values, shares };
}
