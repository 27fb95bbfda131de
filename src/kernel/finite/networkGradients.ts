/** Derivatives of a finite network's kernel in the inputs: of tangent features along fixed directions. */
import type { Context } from "../../context.js";
import { type Matrix, matrix, rowsOf } from "../../matrix.js";
import type { Network } from "../../model/network.js";
import type { KernelGradients } from "../kernel.js";
import { InputGradient } from "./inputGradient.js";
import type { Outputs } from "./kernelMemory.js";
import { jacobian, transposesTimes } from "./tangents.js";

/** Doubles of directions that are held at a time (32 MiB). */
const HELD = 2 ** 22;

/**
 * Of the kernel of all pairs of outputs (`full`), or of their average (1/C) Σ_c φ_c·φ_c': outputs are directions of
 * their own in either.
 */
export function networkGradients(context: Context, net: Network, mode: Outputs): KernelGradients {
  const C = net.outputs;
  const block = mode === "full" ? C : 1;
  const P = net.parameters.length;
  const gradient = new InputGradient(net);
  /** Adds ∂/∂x φ_c(x_n)·u for the rows of W, whose directions are u = Σ_m W[n, m] φ_m. */
  const pullOne = (X: Matrix, X2: Matrix, W: Matrix): Matrix => {
    const result = matrix(X.rows * block, X.cols);
    const at = (n: number) => X.data.subarray(n * X.cols, (n + 1) * X.cols);
    const into = (row: number) => result.data.subarray(row * X.cols, (row + 1) * X.cols);
    const size = Math.max(1, Math.floor(HELD / (P * (block === C ? 1 : C))));
    for (let first = 0; first < W.rows; first += size) {
      const rows = Math.min(size, W.rows - first);
      const us = transposesTimes(context, net, X2, spread(rowsOf(W, first, rows), block, C));
      for (let r = 0; r < rows; r++) {
        const to = W.rows === 1 ? Array.from({ length: X.rows * block }, (_, row) => row) : [first + r];
        for (const row of to) {
          const n = Math.floor(row / block);
          if (block === C) gradient.add(at(n), us[r], row % block, 1, into(row));
          else for (let c = 0; c < C; c++) gradient.add(at(n), us[r * C + c], c, 1 / C, into(row));
        }
      }
    }
    return result;
  };
  return {
    pull: (X, X2, W) => W.map((weights) => pullOne(X, X2, weights)),
    diagonal: (X) => {
      const result = matrix(X.rows * block, X.cols);
      for (let n = 0; n < X.rows; n++) {
        const point = rowsOf(X, n, 1);
        const { data } = jacobian(context, net, point, 0.5);
        for (let c = 0; c < C; c++) {
          const row = n * block + (block === C ? c : 0);
          const into = result.data.subarray(row * X.cols, (row + 1) * X.cols);
          gradient.add(point.data, data.subarray(c * P, (c + 1) * P), c, (2 * block) / C, into);
        }
      }
      return result;
    },
    start: (X) => gradient.shared(X, new Float64Array(P), true),
  };
}

/**
 * Weights of points as weights of the rows of Φ: with one kernel for all outputs C rows for each, an output each.
 */
function spread(W: Matrix, block: number, C: number): Matrix {
  if (block === C) return W;
  const result = matrix(W.rows * C, W.cols * C);
  for (let r = 0; r < W.rows; r++)
    for (let c = 0; c < C; c++)
      for (let j = 0; j < W.cols; j++) result.data[(r * C + c) * result.cols + j * C + c] = W.data[r * W.cols + j];
  return result;
}
