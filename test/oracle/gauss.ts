/** The log density of a Gaussian, from scratch: log N(r; 0, A) by elimination without pivoting. */
import { logDeterminant, type Rows, solve } from "./dense.js";

/** rᵀA⁻¹r. */
function quadraticForm(A: Rows, r: readonly number[]): number {
  const x = solve(
    A,
    r.map((value) => [value]),
  );
  return r.reduce((sum, value, i) => sum + value * x[i][0], 0);
}

/** log N(r; 0, sA), with the s that has the largest density where none is given. */
export function logDensity(A: Rows, r: readonly number[], scale?: number): number {
  const n = r.length;
  const s = scale ?? quadraticForm(A, r) / n;
  return -0.5 * (quadraticForm(A, r) / s + n * Math.log(2 * Math.PI * s) + logDeterminant(A));
}
