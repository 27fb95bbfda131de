/** Standardisation that can be written to a file: the map of `standardize`, from its means and deviations. */
import { standardize } from "ntk-wasm";
import type { Numbers } from "./columns.js";

export interface Scaling {
  mean: number[];
  std: number[];
}

/** The standardised matrix, and the map. */
export function scalingOf(values: Numbers): { scaled: Numbers; scaling: Scaling } {
  const { X, mean, std } = standardize(values);
  return { scaled: X, scaling: { mean: Array.from(mean), std: Array.from(std) } };
}

/** (x − mean)/std, the arithmetic of `standardize(X).apply`: the same bits. */
export function scale({ data, rows, cols }: Numbers, { mean, std }: Scaling): Numbers {
  return { data: data.map((x, at) => (x - mean[at % cols]) / std[at % cols]), rows, cols };
}

/** x·std + mean, the arithmetic of `standardize(X).invert`. */
export function unscale({ data, rows, cols }: Numbers, { mean, std }: Scaling): Numbers {
  return { data: data.map((x, at) => x * std[at % cols] + mean[at % cols]), rows, cols };
}
