/**
 * Derivatives of Gaussian expectations by Hermite series: of activations of one's own, and of silu, whose
 * closed form is a double sum over 576 pairs of probits. With the coefficients α, β, γ and δ of σ, σ', σ'' and
 * σ''',
 *
 *   Ṫ = Σ β β' ρ^k,   ∂T/∂a = ½ Σ γ α' ρ^k,   ∂Ṫ/∂c = Σ γ γ' ρ^k,   ∂Ṫ/∂a = ½ Σ δ β' ρ^k   (Mehler 1866; Price 1958).
 */
import { type Matrix, matrix } from "../../matrix.js";
import { bump, curvatureOf, difference, logistic } from "../../model/curvature.js";
import type { DefinedActivation } from "../../model/definedActivation.js";
import { hermiteSeries } from "./hermiteSeries.js";

/** Coefficients of σ, σ', σ'' and σ''' at some variances, n×K each; K is that of each matrix. */
export interface SlopeSeries {
  readonly variances: Float64Array;
  readonly values: Matrix;
  readonly slopes: Matrix;
  readonly curvatures: Matrix;
  readonly jerks: Matrix;
}

/** The logistic function and its first three derivatives. */
function logisticAndSlopes(z: number): [number, number, number, number] {
  const [value, first] = [logistic(z), bump(z)];
  return [value, first, first * (1 - 2 * value), first * (1 - 6 * first)];
}

/** The largest variance whose series is shorter than silu's double sum. */
const MOST_VARIANCE = 32;

/** The series of silu; undefined where the double sum is the better way. */
export function siluSeries(variances: Float64Array): SlopeSeries | undefined {
  if (variances.some((a) => a > MOST_VARIANCE)) return undefined;
  const derivative = (k: number) => (z: number) => {
    const slopes = logisticAndSlopes(z);
    return k * slopes[k - 1] + z * slopes[k];
  };
  const name = "silu";
  const low = { name, value: (z: number) => z * logistic(z), slope: derivative(1) };
  return seriesOf(variances, low, { name, value: derivative(2), slope: derivative(3) });
}

function seriesOf(variances: Float64Array, low: DefinedActivation, high: DefinedActivation): SlopeSeries {
  const { values, slopes } = hermiteSeries(low, variances);
  const above = hermiteSeries(high, variances);
  return { variances, values, slopes, curvatures: above.values, jerks: above.slopes };
}

/** Below this variance coefficients of σ'' are no quotients by its root: rounding would be divided by it too. */
const LEAST_VARIANCE = 1e-3;

/** The step of a difference of σ''. */
const STEP = 2 ** -7;

/**
 * The series of an activation of one's own. σ'' and σ''' are known by their expectations: E[σ''(√a z) h_k(z)] is
 * √(k + 1) E[σ'(√a z) h_(k+1)(z)]/√a (Stein). Next to variance 0 they are differences of σ'.
 */
export function ownSeries(activation: DefinedActivation, variances: Float64Array): SlopeSeries {
  if (variances.some((a) => a < LEAST_VARIANCE)) {
    const curvature = curvatureOf(activation);
    const { name } = activation;
    const slope = (z: number) => difference(curvature, z, STEP);
    return seriesOf(variances, activation, { name, value: curvature, slope });
  }
  const { values, slopes } = hermiteSeries(activation, variances);
  const { rows, cols: K, data } = slopes;
  const [curvatures, jerks] = [matrix(rows, K - 2), matrix(rows, K - 2)];
  for (let i = 0; i < rows; i++) {
    const root = Math.sqrt(variances[i]);
    for (let k = 0; k < K - 2; k++) {
      curvatures.data[i * (K - 2) + k] = (Math.sqrt(k + 1) * data[i * K + k + 1]) / root;
      jerks.data[i * (K - 2) + k] = (Math.sqrt((k + 1) * (k + 2)) * data[i * K + k + 2]) / variances[i];
    }
  }
  return { variances, values, slopes, curvatures, jerks };
}

/** Row i of A times row j of B, term by term times powers of rho. */
function sum(A: Matrix, i: number, B: Matrix, j: number, rho: number): number {
  const K = Math.min(A.cols, B.cols);
  const [a, b, from, from2] = [A.data, B.data, i * A.cols, j * B.cols];
  let total = 0;
  for (let k = K - 1; k >= 0; k--) total = total * rho + a[from + k] * b[from2 + k];
  return total;
}

/** {@link ../../model/dualSlopes.DualSlopes} of points i and j, whose covariance is c; then T. */
export function slopesBySeries(series: SlopeSeries, i: number, j: number, c: number, out: Float64Array): void {
  const { variances, values, slopes, curvatures, jerks } = series;
  const size = Math.sqrt(variances[i]) * Math.sqrt(variances[j]);
  const rho = size > 0 ? Math.max(-1, Math.min(1, c / size)) : 0;
  out[0] = out[1] = sum(slopes, i, slopes, j, rho);
  out[2] = sum(curvatures, i, values, j, rho) / 2;
  out[3] = sum(curvatures, i, curvatures, j, rho);
  out[4] = sum(jerks, i, slopes, j, rho) / 2;
  out[5] = sum(values, i, values, j, rho);
}
