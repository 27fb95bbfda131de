/**
 * What a step of the first-order model sees: outputs f = f0 + Θα and the slopes of the loss there, ∇L(f), in rows like
 * those of α. All in scratch: made and used inside one `arena.run`.
 *
 * α has a row for each right-hand side. With all pairs of outputs there is one, in the order of Y. With one kernel for
 * all outputs there are C, and f is turned for the loss and back.
 *
 * f is computed from α anew at each step. f ← f − ηΘ∇L would cost the same, and drift.
 */
import { areFinite } from "../check.js";
import type { Context } from "../context.js";
import { gemm, gemv, transpose } from "../linalg/blas.js";
import { copyIn, scratch, type View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { type CheckedLoss, lossInto, termsOf } from "./loss.js";

/**
 * From this many right-hand sides on one product is faster than a product with each: 24 against 16 GFLOP/s with ten,
 * 16 against 16 with four (N = 500).
 */
const PRODUCT_ROWS = 5;

export class Slopes {
  /** α, to be set before each step. */
  readonly alpha: View;
  readonly #context: Context;
  readonly #loss: CheckedLoss;
  readonly #theta: View;
  /** f0 in rows like α's. */
  readonly #start: Float64Array;
  readonly #f: View;
  /** f and Y as the loss takes them, N×C. */
  readonly #F: View;
  readonly #Y: View;
  readonly #C: number;

  /** `theta` is symmetric, both triangles. */
  constructor(context: Context, theta: View, start: Float64Array, Y: Matrix, loss: CheckedLoss) {
    this.#context = context;
    this.#loss = loss;
    this.#theta = theta;
    this.#start = start;
    this.#C = Y.cols;
    const columns = start.length / theta.rows;
    this.alpha = scratch(context, columns, theta.rows);
    this.#f = scratch(context, columns, theta.rows);
    this.#F = columns === 1 ? this.#f.reshape(Y.rows, Y.cols) : scratch(context, Y.rows, Y.cols);
    this.#Y = copyIn(context, Y.data, Y.rows, Y.cols);
  }

  /** g ← ∇L(f0 + Θα), the mean over all points. False, and g undefined, where an output is not finite. */
  all(g: Float64Array): boolean {
    const [theta, alpha, f, F, Y] = [this.#theta, this.alpha, this.#f, this.#F, this.#Y];
    f.entries().set(this.#start);
    if (f.rows >= PRODUCT_ROWS) gemm(1, alpha, theta.t, 1, f);
    else for (let c = 0; c < f.rows; c++) gemv(1, theta, alpha.slice(c, 1), 1, f.slice(c, 1));
    if (!areFinite(f.entries())) return false;
    const turned = f.rows > 1;
    if (turned) transpose(f, F);
    lossInto(this.#context, this.#loss, F, Y, 1 / termsOf(this.#loss, F.rows, F.cols));
    if (turned) transpose(F, f);
    g.set(f.entries());
    return true;
  }

  /**
   * The same for the mean over some points, whose entries of g are written. `at` gets the places of these entries; it
   * has C for each point.
   */
  some(points: Int32Array, g: Float64Array, at: Int32Array): boolean {
    const { ops, arena } = this.#context;
    const [theta, alpha, f, C] = [this.#theta, this.alpha, this.#f, this.#C];
    const [n, columns] = [theta.rows, f.rows];
    const block = C / columns;
    let entries = f.entries();
    for (let b = 0; b < points.length; b++) {
      const row = points[b] * block;
      for (let c = 0; c < columns; c++) {
        for (let k = 0; k < block; k++) {
          const place = c * n + row + k;
          at[b * C + c + k] = place;
          entries[place] = this.#start[place];
        }
        // The op on addresses: views would cost more than a row does.
        const shift = c * n * 8;
        ops.dgemv(row, row + block, n, 1, theta.at, theta.ld, alpha.at + shift, 1, f.at + shift);
      }
    }
    const count = points.length * C;
    return arena.run(() => {
      const [F, Y] = [scratch(this.#context, points.length, C), scratch(this.#context, points.length, C)];
      entries = f.entries();
      const [outputs, targets, all] = [F.entries(), Y.entries(), this.#Y.entries()];
      for (let i = 0; i < count; i++) outputs[i] = entries[at[i]];
      if (!areFinite(outputs)) return false;
      for (let b = 0; b < points.length; b++) for (let c = 0; c < C; c++) targets[b * C + c] = all[points[b] * C + c];
      lossInto(this.#context, this.#loss, F, Y, 1 / termsOf(this.#loss, points.length, C));
      const slopes = F.entries();
      for (let i = 0; i < count; i++) g[at[i]] = slopes[i];
      return true;
    });
  }
}
