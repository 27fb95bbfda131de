/** The check that a matrix which has to be symmetric is, up to rounding. */
import type { Matrix } from "../matrix.js";

/** Rounding of a symmetric product of depth up to a few N: entries may differ by this many N·ε·‖A‖∞. */
const ALLOWED = 8;

/**
 * Only the lower triangle of a symmetric matrix is used; an upper one that says something else is an error.
 *
 * @throws RangeError for a matrix that is not square, or naming the entry that differs most from its mirror image.
 */
export function checkSymmetric({ data, rows, cols }: Matrix, name: string): void {
  if (rows !== cols) throw new RangeError(`${name} is ${rows}×${cols}; expected a square matrix`);
  let norm = 0;
  let worst = 0;
  let at = 0;
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) {
      sum += Math.abs(data[i * cols + j]);
      const difference = j < i ? Math.abs(data[i * cols + j] - data[j * cols + i]) : 0;
      if (difference > worst) {
        worst = difference;
        at = i * cols + j;
      }
    }
    norm = Math.max(norm, sum);
  }
  const allowed = ALLOWED * rows * Number.EPSILON * norm;
  if (worst <= allowed) return;
  const i = Math.floor(at / cols);
  const j = at % cols;
  throw new RangeError(
    `${name} is not symmetric: entry (${i}, ${j}) is ${data[at]}, entry (${j}, ${i}) is ${data[j * cols + i]}; ` +
      `expected a difference of at most ${allowed.toPrecision(2)} (symmetrise it: (A + Aᵀ)/2)`,
  );
}
