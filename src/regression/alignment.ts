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
import { centred, centredAlignment, targetAlignment } from "../linalg/centredAlignment.js";
import { copied, type Matrix, type MatrixLike } from "../matrix.js";
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
  if (K && L) return centredAlignment(K, L);
  throw new RangeError(
    `the kernel of ${K ? "other" : "model"} does not change from point to point of X; expected two points at least, with kernels that differ`,
  );
}

function isMatrixLike(value: unknown): value is MatrixLike {
  if (isList(value)) return true;
  return typeof value === "object" && value !== null && reading("other", () => "data" in value);
}

/** Θ(X, X). @throws RangeError where an entry is not finite. */
function squareOf(source: KernelSource, X: Matrix): Float64Array {
  return checkResult(source.square(X), "the kernel").data;
}
