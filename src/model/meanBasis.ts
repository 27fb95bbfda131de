/** The functions that a fit's mean is made of: a constant, or a constant and each input. */
import { type Matrix, matrix } from "../matrix.js";

/** The option `mean` of `fit`. */
export type PriorMean = "zero" | "constant" | "linear";

/**
 * Functions h_1 … h_m of the inputs. Inputs are shifted and scaled, so that columns are about as large as the 1.
 */
export class MeanBasis {
  readonly kind: "constant" | "linear";
  /** Number of functions. */
  readonly size: number;
  readonly #shifts: Float64Array;
  readonly #scales: Float64Array;

  /** @param X the training inputs. @throws RangeError where the functions do not differ on them */
  constructor(kind: "constant" | "linear", X: Matrix) {
    this.kind = kind;
    const { rows, cols } = X;
    this.size = kind === "constant" ? 1 : 1 + cols;
    if (rows <= this.size)
      throw new RangeError(
        `mean "${kind}" has ${this.size} coefficients, and there are ${rows} rows; expected more rows, or a simpler mean`,
      );
    [this.#shifts, this.#scales] = [new Float64Array(cols), new Float64Array(cols).fill(1)];
    if (kind === "constant") return;
    for (let j = 0; j < cols; j++) {
      let [low, high] = [Infinity, -Infinity];
      for (let i = 0; i < rows; i++) {
        low = Math.min(low, X.data[i * cols + j]);
        high = Math.max(high, X.data[i * cols + j]);
      }
      if (low === high)
        throw new RangeError(
          `column ${j} of X is constant, and mean "linear" cannot tell it from the intercept; expected X without it, or mean "constant"`,
        );
      this.#shifts[j] = low / 2 + high / 2;
      this.#scales[j] = high / 2 - low / 2;
    }
  }

  /** h(x) for each row of X, rows×size. */
  at(X: Matrix): Matrix {
    const { rows, cols, data } = X;
    const H = matrix(rows, this.size);
    for (let i = 0; i < rows; i++) {
      H.data[i * this.size] = 1;
      for (let j = 1; j < this.size; j++)
        H.data[i * this.size + j] = (data[i * cols + j - 1] - this.#shifts[j - 1]) / this.#scales[j - 1];
    }
    return H;
  }

  /** ∂/∂x_j of the function with these coefficients, for a coefficient each. */
  slope(j: number, coefficients: ArrayLike<number>): number {
    return this.kind === "constant" ? 0 : coefficients[j + 1] / this.#scales[j];
  }

  /** What log|HᵀA⁻¹H| has more in the units of X: twice the logarithm of the determinant of the change of units. */
  get logUnits(): number {
    return this.kind === "constant" ? 0 : 2 * this.#scales.reduce((sum, scale) => sum + Math.log(scale), 0);
  }

  /** Intercept and slopes in the units of X, from coefficients. */
  inUnits(coefficients: ArrayLike<number>): number[] {
    const slopes = Array.from({ length: this.size - 1 }, (_, j) => this.slope(j, coefficients));
    return [slopes.reduce((sum, slope, j) => sum - slope * this.#shifts[j], coefficients[0]), ...slopes];
  }
}
