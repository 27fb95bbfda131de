// The kernel on a grid, its spectrum and the share of each parameter block in its trace.
import { type Activation, createInfiniteNetwork, createNetwork, type Init, type Matrix, type Ntk } from "ntk-wasm/slim";

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
  /** Share of each block in the trace. */
  shares: Record<string, number>;
}

const BLOCKS = ["a", "b", "c", "d"];
const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);

export function kernel(ntk: Ntk, request: KernelRequest): KernelResult {
  const { width, grid, block } = request;
  const { whole, part, traces } = width > 0 ? finite(ntk, request) : infinite(ntk, request);
  const size = grid.length;
  const diagonal = Float64Array.from(grid, (_, i) => whole.data[i * (size + 1)]);
  const total = sum(diagonal);
  return {
    data: block === "all" ? whole.data : part(block).data,
    size,
    values: ntk.eigh(whole).values.toReversed(),
    shares: Object.fromEntries(BLOCKS.map((name) => [name, traces(name) / total])),
  };
}

/** The kernel, and its parts by the names of blocks. */
interface Parts {
  whole: Matrix;
  part: (name: string) => Matrix;
  traces: (name: string) => number;
}

function finite(ntk: Ntk, { width, activation, init, weightStd, biasStd, seed, grid }: KernelRequest): Parts {
  const net = createNetwork({ inputs: 1, hidden: width, activation, init, weightStd, biasStd, seed });
  const parts = ntk.kernelBlocks(net, grid);
  const traces = (name: string) => sum(parts[name].data.filter((_, at) => at % (grid.length + 1) === 0));
  return { whole: ntk.kernel(net, grid), part: (name) => parts[name], traces };
}

/** A block's part of the infinite kernel is the kernel of a network of which only this block learns. */
function infinite(ntk: Ntk, { activation, weightStd, biasStd, grid }: KernelRequest): Parts {
  const of = (rates: number | Record<string, number>) =>
    createInfiniteNetwork({ activation, weightStd, biasStd, rates });
  const only = (name: string) => of(Object.fromEntries(BLOCKS.map((other) => [other, Number(other === name)])));
  return {
    whole: ntk.kernel(of(1), grid),
    part: (name) => ntk.kernel(only(name), grid),
    traces: (name) => sum(ntk.kernelDiagonal(only(name), grid)),
  };
}
