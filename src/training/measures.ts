/** What a recorded step can be asked beside losses and drifts: sharpness, and alignments of the kernel on X. */

import type { Context } from "../context.js";
import { gemv, mirror } from "../linalg/blas.js";
import { centred, centredAlignment, targetAlignment } from "../linalg/centredAlignment.js";
import { topModes, topModesMemory } from "../linalg/topModes.js";
import { copyIn, scratch } from "../linalg/view.js";
import { type Matrix, matrix } from "../matrix.js";
import { type CheckedLoss, termsOf } from "./loss.js";

/** ‖Av − λv‖ of the largest mode, beside λ. */
const TOLERANCE = 1e-6;

/**
 * The largest eigenvalue of the Gauss–Newton matrix Φᵀ H Φ of the mean loss, H its second derivatives at the outputs f,
 * from Θ on all pairs of outputs: that of LᵀΘL with H = LLᵀ. Only the lower triangle of Θ is read.
 */
export function sharpnessOf(context: Context, theta: Float64Array, f: Matrix, Y: Matrix, loss: CheckedLoss): number {
  const n = f.data.length;
  const root = curvatureRoot(f, Y, loss);
  return context.arena.run(() => {
    context.arena.require(n * n + topModesMemory(context, n, 1));
    const K = copyIn(context, theta, n, n);
    mirror(K);
    const times = (v: Float64Array) =>
      context.arena.run(() => {
        const [x, y] = [copyIn(context, root(v, false), 1, n), scratch(context, 1, n)];
        gemv(1, K, x, 0, y);
        return root(y.copy(), true);
      });
    return topModes(context, n, 1, times, TOLERANCE).values[0] / termsOf(loss, f.rows, f.cols);
  });
}

/** v ↦ Lv, or Lᵀv, with LLᵀ the second derivatives of the losses, one block for each point. */
function curvatureRoot(
  { data: f, rows, cols: C }: Matrix,
  Y: Matrix,
  { name }: CheckedLoss,
): (v: Float64Array, transpose: boolean) => Float64Array {
  if (name === "squared") return (v) => v;
  if (name === "crossEntropy") {
    // diag(p) − ppᵀ = L Lᵀ with L = diag(q)(I − qqᵀ), q = √p, whose length is 1.
    const q = f.map((_, at) => Math.sqrt(softmaxAt(f, at - (at % C), C, at % C)));
    return (v, transpose) => {
      const result = transpose ? v.map((value, at) => q[at] * value) : v.slice();
      for (let i = 0; i < rows; i++) {
        let along = 0;
        for (let at = i * C; at < (i + 1) * C; at++) along += q[at] * result[at];
        for (let at = i * C; at < (i + 1) * C; at++) result[at] -= q[at] * along;
      }
      return transpose ? result : result.map((value, at) => q[at] * value);
    };
  }
  const root = f.map((value, at) => {
    if (name === "huber") return Math.abs(value - Y.data[at]) <= 1 ? 1 : 0;
    // σ(1 − σ) at |f|, where nothing overflows.
    const e = Math.exp(-Math.abs(value));
    return Math.sqrt(e) / (1 + e);
  });
  return (v) => v.map((value, at) => root[at] * value);
}

function softmaxAt(f: Float64Array, from: number, C: number, c: number): number {
  let total = 0;
  for (let other = 0; other < C; other++) total += Math.exp(f[from + other] - f[from + c]);
  return 1 / total;
}

/** Centred alignment of Θ_t with Θ_0, n×n lower triangles; 0 where one does not change from point to point. */
export function alignmentWithStart(theta: Float64Array, start: Float64Array): number {
  const n = Math.sqrt(theta.length);
  const [K, L] = [theta, start].map((lower) => centred(symmetric(lower, n), n));
  return K && L ? centredAlignment(K, L) : 0;
}

/** Centred alignment of Θ_t, a lower triangle, with yyᵀ, y all targets in a column; 0 where it does not exist. */
export function alignmentWithTargets(theta: Float64Array, Y: Matrix): number {
  const n = Y.data.length;
  return targetAlignment(symmetric(theta, n), matrix(n, 1, Y.data)) ?? 0;
}

/** A copy of a lower triangle with its mirror image above. */
function symmetric(lower: Float64Array, n: number): Float64Array {
  const K = lower.slice();
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) K[i * n + j] = K[j * n + i];
  return K;
}
