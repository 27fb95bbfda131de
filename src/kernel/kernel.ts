/** A model as regression sees it, whatever its kind: start values, the training kernel, cross kernels, diagonals. */
import type { View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { Network } from "../model/network.js";

/** A model as regression sees it; `X` is the training inputs. Its kernel has `block` rows for each input, b below. */
export interface KernelSource {
  /** The network, where the model is one. */
  readonly network: Network | undefined;
  /** Number of outputs that the model prescribes, if it does. */
  readonly outputs: number | undefined;
  /** C where the kernel has every pair of outputs (row n·C + c), 1 where one kernel serves all outputs. */
  readonly block: number;
  /** The network, where its weights give this kernel: its tangent features have just these inner products. */
  readonly weights: Network | undefined;
  /** Input dimension that the model prescribes, if it does. */
  readonly inputs: number | undefined;
  /** f(X, θ0) or the prior mean, rows×C, row-major. */
  start(X: Matrix, C: number): Float64Array;
  /**
   * out = gamma out + Θ(X, X2), (n·b)×(n2·b); gamma is 0 or 1, 0 by default. Without X2 it is Θ(X, X), or its lower
   * triangle. A float32 matrix is for models with {@link weights} only.
   */
  fill(X: Matrix, out: View, X2?: Matrix, gamma?: 0 | 1): void;
  /** Doubles that {@link fill} needs as scratch for n and n2 inputs. */
  scratch(n: number, n2?: number): number;
  /** Θ(X, X2). */
  cross(X: Matrix, X2: Matrix): Matrix;
  /** Θ(X, X), symmetric to the bit. */
  square(X: Matrix): Matrix;
  /** diag Θ(X, X). */
  diagonal(X: Matrix): Float64Array;
  /** Derivatives in the inputs. @throws RangeError where the model has none */
  gradients(): KernelGradients;
}

/** Derivatives of a kernel, b rows for each input, in the inputs. */
export interface KernelGradients {
  /**
   * Σ_m W[n, m] ∂Θ(x_n, x2_m)/∂x_n for each W, (n·b)×d. W is (n·b)×(n2·b), or 1×(n2·b) where all rows share it.
   */
  pull(X: Matrix, X2: Matrix, W: readonly Matrix[]): Matrix[];
  /** ∂Θ(x, x)/∂x, (n·b)×d: both arguments move. */
  diagonal(X: Matrix): Matrix;
  /** ∂/∂x of the start values, n×d for each of C outputs. */
  start(X: Matrix, C: number): Matrix[];
}
