// The tangent features of a 1-D network, family by family, on a grid.
import { createNetwork, type Network, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface FeaturesRequest {
  network: Omit<NetworkOptions, "inputs" | "weightStd" | "biasStd"> & {
    hidden: number;
    weightStd: number;
    biasStd: number;
  };
  grid: Float64Array;
}
/** Factors between the weights that are trained and those of f = a + Σ b σ(c x + d), all 1 but under NTK. */
export interface Scales {
  b: number;
  c: number;
  d: number;
}
export interface FeaturesResult {
  /** For each family one curve per hidden unit: σ(z), b σ′(z) and x b σ′(z). */
  families: Record<"b" | "d" | "c", Float64Array[]>;
  /** Weights of the hidden units: f(x) = a + Σ b σ(c x + d). */
  units: { b: number; c: number; d: number }[];
  scales: Scales;
  /** A trained weight times its scale is the weight in the formula. */
  scaled: boolean;
}

export function features(ntk: Ntk, { network, grid }: FeaturesRequest): FeaturesResult {
  const drawn = createNetwork({ ...network, inputs: 1 });
  const { hidden, weightStd, biasStd } = network;
  const scaled = drawn.parametrization === "ntk";
  const scales = scaled ? { b: weightStd / Math.sqrt(hidden), c: weightStd, d: biasStd } : { b: 1, c: 1, d: 1 };
  // The same function with the scales in its weights: its tangent features have no other factors.
  const net = scaled ? plain(drawn, scales) : drawn;
  const { data, cols } = ntk.jacobian(net, grid);
  const family = (name: string) => {
    const { offset, length } = block(net, name);
    return Array.from({ length }, (_, unit) => grid.map((_x, i) => data[i * cols + offset + unit]));
  };
  const weight = (name: string, unit: number) => net.parameters[block(net, name).offset + unit];
  return {
    families: { b: family("b"), d: family("d"), c: family("c") },
    units: Array.from({ length: hidden }, (_, unit) => ({
      b: weight("b", unit),
      c: weight("c", unit),
      d: weight("d", unit),
    })),
    scales,
    scaled,
  };
}

function block(net: Network, name: string) {
  const found = net.blocks.find((candidate) => candidate.name === name);
  if (!found) throw new RangeError(`the network has no block ${name}`);
  return found;
}

/** A network of the standard parametrisation with the function of `drawn`. */
function plain(drawn: Network, scales: Scales): Network {
  const parameters = drawn.parameters.slice();
  // The output's bias is scaled as those of the units are.
  for (const [name, scale] of Object.entries({ a: scales.d, ...scales })) {
    const { offset, length } = block(drawn, name);
    for (let at = offset; at < offset + length; at++) parameters[at] *= scale;
  }
  const { inputs, hidden, activation } = drawn;
  return createNetwork({ inputs, hidden, activation, init: "lecun", parameters });
}
