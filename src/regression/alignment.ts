/**
 * Centred alignment: how much two kernels, or a kernel and targets, say the same about a set of points (Cortes et al.
 * 2012). Between two models it is the linear CKA of their tangent features (Kornblith et al. 2019). With H = I − 11ᵀ/N,
 *
 *   ⟨HKH, HK'H⟩ / (‖HKH‖ ‖HK'H‖),   ⟨·, ·⟩ and ‖·‖ of Frobenius.
 *
 * It does not depend on the scale of either. It does not exist where a centred matrix is 0: at one point, or where the
 * kernel or the targets do not change from point to point.
 */
import { checkResult, toMatrix } from "../check.js";
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import type { Model } from "../kernel/models.js";
import { roundingLevel } from "../linalg/factor.js";
import { dot, maxAbs } from "../linalg/vectors.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
import { zeros } from "../memory.js";
import { isList } from "../options.js";
import { checkInputs } from "../problem.js";
import { reading } from "../words.js";

/** `ntk.alignment`: of a model with another, or with targets. */
export function alignmentOf(context: Context, model: Model, other: Model | MatrixLike, Xlike: MatrixLike): number {
  const { source, X } = checkInputs(context, model, Xlike, "average");
  if (isMatrixLike(other)) {
    const Y = copied(toMatrix(other, "other", { rows: X.rows }));
    const value = targetAlignment(squareOf(source, X), Y);
    if (value !== undefined) return value;
    throw new RangeError(
      "the kernel or the targets do not change from point to point of X; expected two points at least, with kernels and targets that differ",
    );
  }
  const { source: second } = checkInputs(context, other, X, "average");
  const K = centred(squareOf(source, X), X.rows);
  const L = centred(squareOf(second, X), X.rows);
  if (K && L) return bounded(dot(K, L) / (Math.sqrt(dot(K, K)) * Math.sqrt(dot(L, L))));
  throw new RangeError(
    `the kernel of ${K ? "other" : "model"} does not change from point to point of X; expected two points at least, with kernels that differ`,
  );
}

/** Alignment of K, N×N, which is lost, with YYᵀ; undefined where it does not exist. */
export function targetAlignment(K: Float64Array, Y: Matrix): number | undefined {
  const { rows: n, cols: C } = Y;
  const centredK = centred(K, n);
  const columns = centredColumns(Y);
  if (!centredK || !columns) return undefined;
  // ⟨K, YYᵀ⟩ = Σ_c y_cᵀ K y_c, and ‖YYᵀ‖ = ‖YᵀY‖.
  let [shared, own] = [0, 0];
  for (let c = 0; c < C; c++) {
    const y = columns[c];
    for (let i = 0; i < n; i++) shared += y[i] * dot(centredK.subarray(i * n, (i + 1) * n), y);
    for (let other = 0; other < C; other++) own += dot(y, columns[other]) ** 2;
  }
  return bounded(shared / (Math.sqrt(dot(centredK, centredK)) * Math.sqrt(own)));
}

/** Rounding must not lift it above 1. */
function bounded(value: number): number {
  return Math.min(1, value);
}

function isMatrixLike(value: unknown): value is MatrixLike {
  if (isList(value)) return true;
  return typeof value === "object" && value !== null && reading("other", () => "data" in value);
}

/** Θ(X, X). @throws RangeError where an entry is not finite. */
function squareOf(source: KernelSource, X: Matrix): Float64Array {
  return checkResult(source.square(X), "the kernel").data;
}

/** HKH up to a factor, in place of K; undefined where it is 0 to rounding. */
function centred(K: Float64Array, n: number): Float64Array | undefined {
  const scale = maxAbs(K);
  if (scale === 0) return undefined;
  const means = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = i * n; j < (i + 1) * n; j++) {
      K[j] /= scale;
      means[i] += K[j] / n;
    }
  }
  const mean = means.reduce((sum, value) => sum + value / n, 0);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) K[i * n + j] += mean - means[i] - means[j];
  return maxAbs(K) > roundingLevel(n, 1) ? K : undefined;
}

/** HY up to a factor, column by column; undefined where it is 0 to rounding. */
function centredColumns({ data, rows: n, cols: C }: Matrix): Float64Array[] | undefined {
  const scale = maxAbs(data);
  if (scale === 0) return undefined;
  const columns = Array.from({ length: C }, (_, c) => {
    const y = zeros(n).map((_, i) => data[i * C + c] / scale);
    const mean = y.reduce((sum, value) => sum + value / n, 0);
    return y.map((value) => value - mean);
  });
  return columns.some((y) => maxAbs(y) > roundingLevel(n, 1)) ? columns : undefined;
}
