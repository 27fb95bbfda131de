/** Textbook dense linear algebra on arrays of rows: Gaussian elimination with partial pivoting, and products. */
export type Rows = number[][];

export function solve(A: Rows, B: Rows): Rows {
  const n = A.length;
  const M = A.map((row, i) => [...row, ...B[i]]);
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k; i < n; i++) if (Math.abs(M[i][k]) > Math.abs(M[best][k])) best = i;
    [M[k], M[best]] = [M[best], M[k]];
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = M[i][k] / M[k][k];
      for (let j = k; j < M[i].length; j++) M[i][j] -= factor * M[k][j];
    }
  }
  return M.map((row, i) => row.slice(n).map((value) => value / row[i]));
}

export function multiply(A: Rows, B: Rows): Rows {
  return A.map((row) => B[0].map((_, j) => row.reduce((sum, value, k) => sum + value * B[k][j], 0)));
}

export function identity(n: number): Rows {
  return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => (i === j ? 1 : 0)));
}

export function transpose(A: Rows): Rows {
  return A[0].map((_, j) => A.map((row) => row[j]));
}

export function toRows({ data, rows, cols }: { data: ArrayLike<number>; rows: number; cols: number }): Rows {
  return Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (_, j) => data[i * cols + j]));
}

/** log |det A|, by the pivots of elimination. */
export function logDeterminant(A: Rows): number {
  const M = A.map((row) => row.slice());
  let sum = 0;
  for (let k = 0; k < M.length; k++) {
    let best = k;
    for (let i = k; i < M.length; i++) if (Math.abs(M[i][k]) > Math.abs(M[best][k])) best = i;
    [M[k], M[best]] = [M[best], M[k]];
    sum += Math.log(Math.abs(M[k][k]));
    for (let i = k + 1; i < M.length; i++) {
      const factor = M[i][k] / M[k][k];
      for (let j = k; j < M.length; j++) M[i][j] -= factor * M[k][j];
    }
  }
  return sum;
}
