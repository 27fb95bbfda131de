/**
 * Derivatives of Gaussian expectations by Hermite series: of activations of one's own, and of the smooth ones whose
 * closed form is a double sum over 576 pairs of probits. With the coefficients α, β, γ and δ of σ, σ', σ'' and σ''',
 *
 *   Ṫ = Σ β β' ρ^k,   ∂T/∂a = ½ Σ γ α' ρ^k,   ∂Ṫ/∂c = Σ γ γ' ρ^k,   ∂Ṫ/∂a = ½ Σ δ β' ρ^k   (Mehler 1866; Price 1958).
 */
import { type Matrix, matrix } from "../../matrix.js";
import { curvatureOf } from "../../model/curvature.js";
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

type Derivatives = readonly [
  (z: number) => number,
  (z: number) => number,
  (z: number) => number,
  (z: number) => number,
];

const logistic = (z: number) => 1 / (1 + Math.exp(-z));

/** s', s'' and s''' of the logistic function. */
function ofLogistic(z: number): [number, number, number] {
  const e = Math.exp(-Math.abs(z));
  const first = e / (1 + e) ** 2;
  const tilt = 1 - 2 * logistic(z);
  return [first, first * tilt, first * (1 - 6 * first)];
}

/** σ and its first three derivatives, of the mixtures of probits. */
const SMOOTH: Readonly<Record<string, Derivatives>> = {
  sigmoid: [logistic, (z) => ofLogistic(z)[0], (z) => ofLogistic(z)[1], (z) => ofLogistic(z)[2]],
  tanh: [Math.tanh, (z) => 4 * ofLogistic(2 * z)[0], (z) => 8 * ofLogistic(2 * z)[1], (z) => 16 * ofLogistic(2 * z)[2]],
  softplus: [
    (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))),
    logistic,
    (z) => ofLogistic(z)[0],
    (z) => ofLogistic(z)[1],
  ],
  silu: [
    (z) => z * logistic(z),
    (z) => logistic(z) + z * ofLogistic(z)[0],
    (z) => 2 * ofLogistic(z)[0] + z * ofLogistic(z)[1],
    (z) => 3 * ofLogistic(z)[1] + z * ofLogistic(z)[2],
  ],
};

/** The largest variance, times the square of the slope at 0, whose series is shorter than the double sum. */
const MOST_VARIANCE = { sigmoid: 32, tanh: 8, softplus: 32, silu: 32 };

/** The series of a mixture of probits; undefined where the double sum is the better way. */
export function smoothSeries(name: string, variances: Float64Array): SlopeSeries | undefined {
  const most = (MOST_VARIANCE as Record<string, number>)[name];
  if (most === undefined || variances.some((a) => a > most)) return undefined;
  const [value, slope, curvature, jerk] = SMOOTH[name];
  return seriesOf(variances, { name, value, slope }, { name, value: curvature, slope: jerk });
}

function seriesOf(variances: Float64Array, low: DefinedActivation, high: DefinedActivation): SlopeSeries {
  const { values, slopes } = hermiteSeries(low, variances);
  const above = hermiteSeries(high, variances);
  return { variances, values, slopes, curvatures: above.values, jerks: above.slopes };
}

/** Below this variance coefficients of σ'' are no quotients by its root: rounding would be divided by it too. */
const LEAST_VARIANCE = 1e-3;

/**
 * The series of an activation of one's own. σ'' and σ''' are known by their expectations: E[σ''(√a z) h_k(z)] is
 * √(k + 1) E[σ'(√a z) h_(k+1)(z)]/√a (Stein). Next to variance 0 they are differences of σ'.
 */
export function ownSeries(activation: DefinedActivation, variances: Float64Array): SlopeSeries {
  if (variances.some((a) => a < LEAST_VARIANCE)) {
    const curvature = curvatureOf(activation);
    const { name } = activation;
    const h = 2 ** -7;
    const jerk = (z: number) =>
      (8 * (curvature(z + h) - curvature(z - h)) - (curvature(z + 2 * h) - curvature(z - 2 * h))) / (12 * h);
    return seriesOf(variances, activation, { name, value: curvature, slope: jerk });
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
