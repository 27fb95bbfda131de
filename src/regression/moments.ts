/** Predictions from the latent moments of a posterior: scales, and the noise of new observations (MATH.md §3). */
import { checkResult } from "../check.js";
import { interleaved, type Matrix, matrix } from "../matrix.js";
import { checkLength } from "./pointNoise.js";

/** What is added to variances: of each output, and of each new row. */
export interface AddedNoise {
  outputs: Float64Array;
  rows: Float64Array | undefined;
}

/**
 * The option `noise` of predictions at some rows; `own` gives the variance of the noise of each output.
 *
 * @throws RangeError for a list of another length.
 */
export function addedNoiseOf(
  noise: boolean | number | Float64Array,
  outputs: number,
  rows: number,
  own: () => Float64Array,
): AddedNoise {
  if (noise === true) return { outputs: own(), rows: undefined };
  const added = new Float64Array(outputs);
  if (noise === false) return { outputs: added, rows: undefined };
  if (typeof noise === "number") return { outputs: added.fill(noise), rows: undefined };
  checkLength(noise, "noise", rows, "X");
  return { outputs: added, rows: noise };
}

/** N*×C variances. Outputs share one latent variance, N* numbers, or each has its own, N*·C. @throws RangeError */
export function variancesOf(latent: Float64Array, rows: number, scales: Float64Array, added: AddedNoise): Matrix {
  const C = scales.length;
  const shared = latent.length === rows;
  const variance = matrix(rows, C);
  const { data } = variance;
  for (let at = 0; at < data.length; at++) {
    const c = at % C;
    data[at] = scales[c] * latent[shared ? Math.floor(at / C) : at] + added.outputs[c];
  }
  if (added.rows) for (let at = 0; at < data.length; at++) data[at] += added.rows[Math.floor(at / C)];
  return checkResult(variance, "the variance");
}

/**
 * One covariance for all outputs together, one that every output shares, or one for each output in order. `block` is
 * the number of rows of a latent covariance for each input.
 */
export function covariancesOf(
  latent: readonly Float64Array[],
  block: number,
  scales: Float64Array,
  added: AddedNoise,
): Matrix[] {
  const size = Math.sqrt(latent[0].length);
  const different = latent.length > 1 || scales.some((scale) => scale !== scales[0]);
  return Array.from({ length: different ? scales.length : 1 }, (_, c) => {
    const data = latent[latent.length > 1 ? c : 0].map((value) => scales[c] * value);
    for (let i = 0; i < size; i++)
      data[i * (size + 1)] += added.outputs[c] + (added.rows ? added.rows[Math.floor(i / block)] : 0);
    return matrix(size, size, data);
  });
}

/** Covariances as one matrix, row n·C + c where outputs have one each. @throws RangeError */
export function joinedCovariance(parts: readonly Matrix[]): Matrix {
  return checkResult(parts.length > 1 ? interleaved(parts) : parts[0], "the covariance");
}
