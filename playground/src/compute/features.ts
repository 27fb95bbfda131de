// The tangent features of a 1-D network, family by family, on a grid.
import { createNetwork, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface FeaturesRequest {
  network: Omit<NetworkOptions, "inputs">;
  grid: Float64Array;
}
export interface FeaturesResult {
  /** For each family one curve per hidden unit. */
  families: Record<"b" | "d" | "c", Float64Array[]>;
  /** Weights of the hidden units: f(x) = a + Σ b σ(c x + d). */
  units: { b: number; c: number; d: number }[];
  output: Float64Array;
}

export function features(ntk: Ntk, { network, grid }: FeaturesRequest): FeaturesResult {
  const net = createNetwork({ ...network, inputs: 1 });
  const { data, cols } = ntk.jacobian(net, grid);
  const block = (name: string) => {
    const found = net.blocks.find((candidate) => candidate.name === name);
    if (!found) throw new RangeError(`the network has no block ${name}`);
    return found;
  };
  const family = (name: string) => {
    const { offset, length } = block(name);
    return Array.from({ length }, (_, unit) => grid.map((_x, i) => data[i * cols + offset + unit]));
  };
  const weight = (name: string, unit: number) => net.parameters[block(name).offset + unit];
  return {
    families: { b: family("b"), d: family("d"), c: family("c") },
    units: Array.from({ length: block("b").length }, (_, unit) => ({
      b: weight("b", unit),
      c: weight("c", unit),
      d: weight("d", unit),
    })),
    output: ntk.forward(net, grid).data,
  };
}
