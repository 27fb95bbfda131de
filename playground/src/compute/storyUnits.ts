// The small network of the story: its curve, the features of its weights, and what a step of the weights makes of it.
import { createNetwork, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface UnitsRequest {
  network: Omit<NetworkOptions, "inputs">;
  /** Weights in the order a, b, c, d; undefined: those that the network is drawn with. */
  weights?: Float64Array;
  /** A step of all weights, in the same order. */
  step?: Float64Array;
  grid: Float64Array;
}
export interface UnitsResult {
  weights: Float64Array;
  /** The network on the grid. */
  curve: Float64Array;
  /** A column of the Jacobian for each weight: the curve's change by that weight. */
  features: Float64Array[];
  /** With a step: the network plus the features times the step, and the network with the stepped weights. */
  added?: Float64Array;
  stepped?: Float64Array;
}

/** What the first steps need of the library. */
type Small = Pick<Ntk, "forward" | "jacobian" | "linearize">;

export function units(ntk: Small, { network, weights, step, grid }: UnitsRequest): UnitsResult {
  const drawn = createNetwork({ ...network, inputs: 1 });
  const net = weights ? { ...drawn, parameters: weights } : drawn;
  const { data, cols } = ntk.jacobian(net, grid);
  const features = Array.from({ length: cols }, (_, p) => grid.map((_x, i) => data[i * cols + p]));
  const result = { weights: net.parameters, curve: ntk.forward(net, grid).data, features };
  if (!step) return result;
  const moved = net.parameters.map((w, p) => w + step[p]);
  return {
    ...result,
    added: ntk.linearize(net).at(moved, grid).data,
    stepped: ntk.forward({ ...net, parameters: moved }, grid).data,
  };
}
