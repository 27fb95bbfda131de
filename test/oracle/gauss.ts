/** The log density of a Gaussian, from scratch: log N(r; 0, A) by elimination without pivoting. */
import { type Rows, solve } from "./dense.js";

function logDeterminant(A: Rows): number {
  const M = A.map((row) => [...row]);
  let sum = 0;
  for (let k = 0; k < M.length; k++) {
    sum += Math.log(M[k][k]);
    for (let i = k + 1; i < M.length; i++) {
      const factor = M[i][k] / M[k][k];
      for (let j = k; j < M.length; j++) M[i][j] -= factor * M[k][j];
    }
  }
  return sum;
}

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
