/** A kernel of one's own: e^−‖x − x'‖² of inputs of two numbers. */
import type { Matrix } from "../../src/index.js";

export const bell = (A: Matrix, B: Matrix): Matrix => ({
  data: Float64Array.from({ length: A.rows * B.rows }, (_, at) => {
    const [i, j] = [2 * Math.floor(at / B.rows), 2 * (at % B.rows)];
    return Math.exp(-((A.data[i] - B.data[j]) ** 2) - (A.data[i + 1] - B.data[j + 1]) ** 2);
  }),
  rows: A.rows,
  cols: B.rows,
});
