/**
 * The coefficients of a mean and A⁻¹ without the part that they explain (generalised least squares; Rasmussen &
 * Williams 2006, 2.7). With H the functions at the training rows, S = A⁻¹H and M = HᵀS,
 *
 *   P = A⁻¹ − S M⁻¹ Sᵀ,   α = P r,   log|A| becomes log|A| + log|M|.
 */
import type { Context } from "../context.js";
import { applied, type Inverse } from "../linalg/rowTerms.js";
import { dot } from "../linalg/vectors.js";
import type { View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import type { LeftOutInverse } from "./leaveOneOut.js";

/** S and M of one ridge. */
export class Trend {
  readonly size: number;
  /** Sᵀ, m×n. */
  readonly S: Float64Array;
  readonly n: number;
  /** The Cholesky factor of M, m×m. */
  readonly #L: Float64Array;

  /** @throws RangeError where the functions are linearly dependent on the rows */
  constructor(H: Matrix, S: Float64Array) {
    const { rows: n, cols: m, data } = H;
    [this.size, this.n, this.S] = [m, n, S];
    const M = new Float64Array(m * m);
    for (let a = 0; a < m; a++) {
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += data[i * m + a] * S[b * n + i];
        M[a * m + b] = sum;
      }
    }
    this.#L = factored(M, m);
  }

  /** M⁻¹b, in place. */
  solve(b: Float64Array): Float64Array {
    const m = this.size;
    this.half(b);
    for (let a = m - 1; a >= 0; a--) {
      for (let k = a + 1; k < m; k++) b[a] -= this.#L[k * m + a] * b[k];
      b[a] /= this.#L[a * m + a];
    }
    return b;
  }

  /** L⁻¹b with M = L Lᵀ, in place. */
  half(b: Float64Array): Float64Array {
    const m = this.size;
    for (let a = 0; a < m; a++) {
      for (let k = 0; k < a; k++) b[a] -= this.#L[a * m + k] * b[k];
      b[a] /= this.#L[a * m + a];
    }
    return b;
  }

  get logDeterminant(): number {
    let sum = 0;
    for (let a = 0; a < this.size; a++) sum += 2 * Math.log(this.#L[a * (this.size + 1)]);
    return sum;
  }

  /** Sᵀv, m numbers. */
  project(v: ArrayLike<number>): Float64Array {
    const { n, S } = this;
    return Float64Array.from({ length: this.size }, (_, a) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += S[a * n + i] * v[i];
      return sum;
    });
  }

  /** v += factor S b. */
  add(b: ArrayLike<number>, v: Float64Array, factor: number): void {
    const { n, S } = this;
    for (let a = 0; a < this.size; a++) for (let i = 0; i < n; i++) v[i] += factor * b[a] * S[a * n + i];
  }
}

/** @throws RangeError */
function factored(M: Float64Array, m: number): Float64Array {
  for (let a = 0; a < m; a++) {
    for (let b = 0; b <= a; b++) {
      let sum = M[a * m + b];
      const before = sum;
      for (let k = 0; k < b; k++) sum -= M[a * m + k] * M[b * m + k];
      if (a > b) M[a * m + b] = sum / M[b * m + b];
      else if (sum > m * Number.EPSILON * before) M[a * m + a] = Math.sqrt(sum);
      else
        throw new RangeError(
          "the coefficients of the mean are lost in rounding beside the kernel; expected a larger ridge, or a simpler mean",
        );
    }
  }
  return M;
}

/** The trends of all ridges: A⁻¹ of the columns of H. */
export function trendsOf(context: Context, inverse: Inverse, ridges: number, H: Matrix): Trend[] {
  const { rows: n, cols: m, data } = H;
  const columns = new Float64Array(m * n);
  for (let i = 0; i < n; i++) for (let a = 0; a < m; a++) columns[a * n + i] = data[i * m + a];
  return applied(context, inverse, ridges, columns, n).map((S) => new Trend(H, S));
}

/** A diagonal entry of P is known to so many times nε beside that of A⁻¹. */
const LEAST_LEFT = 64;

/** P of {@link Trend}, as far as leave-one-out asks for it. */
export class TrendInverse implements LeftOutInverse {
  readonly n: number;
  readonly #inner: Inverse;
  readonly #trends: readonly Trend[];
  readonly #diagonals: Float64Array[] = [];

  constructor(inner: Inverse, trends: readonly Trend[]) {
    this.n = inner.n;
    this.#inner = inner;
    this.#trends = trends;
  }

  explained(B: View): Float64Array {
    const rows = Array.from({ length: B.rows }, (_, i) => B.row(i).slice());
    const count = this.#trends.length;
    const result = this.#inner.explained(B);
    rows.forEach((row, i) => {
      this.#trends.forEach((trend, k) => {
        const z = trend.half(trend.project(row));
        result[i * count + k] -= dot(z, z);
      });
    });
    return result;
  }

  inverseDiagonal(k: number): Float64Array {
    const trend = this.#trends[k];
    const { size: m, n, S } = trend;
    this.#diagonals[k] ??= this.#inner.inverseDiagonal(k).map((value, i) => {
      const z = trend.half(Float64Array.from({ length: m }, (_, a) => S[a * n + i]));
      const left = value - dot(z, z);
      // A row that alone determines a coefficient: nothing is left but rounding.
      return left > LEAST_LEFT * n * Number.EPSILON * value ? left : 0;
    });
    return this.#diagonals[k];
  }

  /** True where every row can be left out: the others determine all coefficients. */
  get isComplete(): boolean {
    return this.#trends.every((_, k) => this.inverseDiagonal(k).every((value) => value > 0));
  }

  /** tr(I − DP) with the noise D of the rows: the coefficients count too. */
  degreesOfFreedom(k: number, noise: Float64Array): number {
    const diagonal = this.inverseDiagonal(k);
    return noise.reduce((sum, value, i) => sum - value * diagonal[i], this.n);
  }
}

/** A rest of a column below this many nε of it is rounding. */
const DEPENDENT = 16;

/** Gram–Schmidt, twice each. @throws RangeError where a column is a combination of those before */
export function checkIndependent({ data, rows: n, cols: m }: Matrix): void {
  const basis: Float64Array[] = [];
  for (let a = 0; a < m; a++) {
    const rest = Float64Array.from({ length: n }, (_, i) => data[i * m + a]);
    const size = Math.sqrt(dot(rest, rest));
    for (let pass = 0; pass < 2; pass++) {
      for (const unit of basis) {
        const along = dot(unit, rest);
        for (let i = 0; i < n; i++) rest[i] -= along * unit[i];
      }
    }
    const left = Math.sqrt(dot(rest, rest));
    if (!(left > DEPENDENT * n * Number.EPSILON * size))
      throw new RangeError(
        `mean "linear" has a coefficient for column ${a - 1} of X, which is a combination of the columns before it; expected X without it, or mean "constant"`,
      );
    basis.push(rest.map((value) => value / left));
  }
}
