/**
 * Centred alignment of matrices: how much two kernels, or a kernel and targets, say the same (Cortes et al. 2012). With
 * H = I − 11ᵀ/n it is ⟨HKH, HK'H⟩ / (‖HKH‖ ‖HK'H‖). The kernels are lost: they are centred in place.
 */
import type { Matrix } from "../matrix.js";
import { zeros } from "../memory.js";
import { roundingLevel } from "./factor.js";
import { dot, maxAbs } from "./vectors.js";

/** Alignment of matrices that are {@link centred}. */
export function centredAlignment(K: Float64Array, L: Float64Array): number {
  return bounded(dot(K, L) / (Math.sqrt(dot(K, K)) * Math.sqrt(dot(L, L))));
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

/** Rounding must not lift it above 1, nor push it below 0: the matrices are positive semi-definite. */
function bounded(value: number): number {
  return Math.max(0, Math.min(1, value));
}

/** Entries of a kernel are right to so many ε of its largest entry. */
const ENTRIES = 64;

/** HKH up to a factor, in place of K; undefined where it is 0 to rounding. */
export function centred(K: Float64Array, n: number): Float64Array | undefined {
  // Of zeros, what follows is NaN, which is no larger than rounding.
  const scale = maxAbs(K);
  const means = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = i * n; j < (i + 1) * n; j++) {
      K[j] /= scale;
      means[i] += K[j] / n;
    }
  }
  const mean = means.reduce((sum, value) => sum + value / n, 0);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) K[i * n + j] += mean - means[i] - means[j];
  return maxAbs(K) > ENTRIES * roundingLevel(n, 1) ? K : undefined;
}

/** HY up to a factor, column by column; undefined where it is 0 to rounding. */
function centredColumns({ data, rows: n, cols: C }: Matrix): Float64Array[] | undefined {
  const scale = maxAbs(data);
  const columns = Array.from({ length: C }, (_, c) => {
    const y = zeros(n).map((_, i) => data[i * C + c] / scale);
    const mean = y.reduce((sum, value) => sum + value / n, 0);
    return y.map((value) => value - mean);
  });
  return columns.some((y) => maxAbs(y) > roundingLevel(n, 1)) ? columns : undefined;
}
