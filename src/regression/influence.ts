/** What training points add to a prediction. */
import { type Matrix, matrix } from "../matrix.js";
import type { Problem } from "../problem.js";

/** α_i K(x, x_i) for one point x, N×C; α is N×C. */
export function influenceOf({ source, X, outputs: C }: Problem, alpha: Float64Array, point: Matrix): Matrix {
  const { block } = source;
  const { data: K, cols: n } = source.cross(point, X);
  const result = matrix(X.rows, C);
  for (let i = 0; i < X.rows; i++) {
    for (let c = 0; c < C; c++) {
      // One kernel for all outputs has one row. Of all pairs of outputs, row c has the parts of C outputs of point i.
      const [row, from] = block === 1 ? [0, c] : [c, 0];
      for (let q = 0; q < block; q++) result.data[i * C + c] += K[row * n + i * block + q] * alpha[i * C + from + q];
    }
  }
  return result;
}
