/** Derivatives of sums and products of kernels in the inputs. */
import { type Matrix, matrix } from "../matrix.js";
import type { KernelGradients, KernelSource } from "./kernel.js";

/** No derivatives: those of start values that are 0, for each of C outputs. */
export function flat(X: Matrix, C: number): Matrix[] {
  return Array.from({ length: C }, () => matrix(X.rows, X.cols));
}

/** Adds matrices of equal shapes, one of each list at a time, to those of the first list. */
export function added(lists: readonly Matrix[][]): Matrix[] {
  const [first, ...others] = lists;
  for (const other of others)
    first.forEach(({ data }, k) => {
      for (let at = 0; at < data.length; at++) data[at] += other[k].data[at];
    });
  return first;
}

export function sumGradients(parts: readonly KernelSource[]): KernelGradients {
  const gradients = parts.map((part) => part.gradients());
  return {
    pull: (X, X2, W) => added(gradients.map((part) => part.pull(X, X2, W))),
    diagonal: (X) => added(gradients.map((part) => [part.diagonal(X)]))[0],
    start: (X, C) => added(gradients.map((part) => part.start(X, C))),
  };
}

/** The product of all lists but the k-th, entry by entry. */
function others(lists: readonly Float64Array[], k: number): Float64Array {
  const result = new Float64Array(lists[0].length).fill(1);
  lists.forEach((list, i) => {
    if (i !== k) for (let at = 0; at < result.length; at++) result[at] *= list[at];
  });
  return result;
}

/** The derivative of each factor, weighted by the others. */
export function productGradients(parts: readonly KernelSource[]): KernelGradients {
  const gradients = parts.map((part) => part.gradients());
  return {
    pull: (X, X2, W) => {
      const kernels = parts.map((part) => part.cross(X, X2));
      const [{ rows, cols }] = kernels;
      const entries = kernels.map(({ data }) => data);
      const pulled = gradients.map((part, k) => {
        const factor = others(entries, k);
        const weighted = W.map((weights) => {
          const own = matrix(rows, cols);
          const shared = weights.rows === 1;
          for (let at = 0; at < own.data.length; at++)
            own.data[at] = factor[at] * weights.data[shared ? at % cols : at];
          return own;
        });
        return part.pull(X, X2, weighted);
      });
      return added(pulled);
    },
    diagonal: (X) => {
      const diagonals = parts.map((part) => part.diagonal(X));
      const terms = gradients.map((part, k) => {
        const own = part.diagonal(X);
        const factor = others(diagonals, k);
        for (let at = 0; at < own.data.length; at++) own.data[at] *= factor[Math.floor(at / own.cols)];
        return [own];
      });
      return added(terms)[0];
    },
    // The kernel of a product is that of no start values.
    start: flat,
  };
}
