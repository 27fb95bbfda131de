/**
 * Θ(X, X) of any model as a linear map in float64. A finite network multiplies through its features, O(NP) a product
 * and no N×N matrix. Its averaged kernel takes a product for each output. Other models have their matrix in scratch.
 */
import type { Context } from "../context.js";
import { gemv, mirror } from "../linalg/blas.js";
import { scratch } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { type Tangents, withTangents } from "./finite/kernelOperator.js";
import type { KernelSource } from "./kernel.js";

/** v ↦ Θ(X, X) v, a new vector. */
export type KernelTimes = (v: Float64Array) => Float64Array;

/** Calls `body` with the map; its memory is scratch. */
export function withKernelTimes<T>(
  context: Context,
  source: KernelSource,
  X: Matrix,
  body: (times: KernelTimes) => T,
): T {
  const { network, weights, block } = source;
  if (weights) return withTangents(context, weights, X, (tangents) => body((v) => timesAll(tangents, v)));
  if (network) return withTangents(context, network, X, (tangents) => body(averaged(tangents, network.outputs)));
  const n = X.rows * block;
  return context.arena.run(() => {
    const [Theta, v, product] = [scratch(context, n, n), scratch(context, 1, n), scratch(context, 1, n)];
    source.fill(X, Theta);
    mirror(Theta);
    return body((given) => {
      v.entries().set(given);
      gemv(1, Theta, v, 0, product);
      return product.copy();
    });
  });
}

/** Doubles that {@link withKernelTimes} needs for a matrix; 0 where it makes none. */
export function kernelTimesMemory(source: KernelSource, rows: number): number {
  return source.network ? 0 : (rows * source.block) ** 2 + source.scratch(rows);
}

function timesAll(tangents: Tangents, v: Float64Array): Float64Array {
  return tangents.times(tangents.transposeTimes(v));
}

/** The mean over outputs of the blocks of an output with itself, each from the whole Θ. */
function averaged(tangents: Tangents, C: number): KernelTimes {
  return (v) => {
    const sum = new Float64Array(v.length);
    const wide = new Float64Array(v.length * C);
    for (let c = 0; c < C; c++) {
      wide.fill(0);
      for (let i = 0; i < v.length; i++) wide[i * C + c] = v[i];
      const product = timesAll(tangents, wide);
      for (let i = 0; i < v.length; i++) sum[i] += product[i * C + c] / C;
    }
    return sum;
  };
}
