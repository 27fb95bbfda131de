// The posterior on a grid, given some points, and its exact change by one more point: what a drag needs of a frame.
//
// With A = Θ(X, X) + λI = LLᵀ of the other points, the dragged point (x, y) changes mean, covariance and rᵀA⁻¹r by
//
//   c(g) = Θ(g, x) − Θ(g, X) A⁻¹ Θ(X, x),   d = Θ(x, x) + λ − ‖L⁻¹Θ(X, x)‖²,   e = y − mean(x)
//   mean(g) + c(g) e/d,   covariance(g, g′) − c(g) c(g′)/d,   rᵀA⁻¹r + e²/d
//
// (Rasmussen & Williams 2006, (2.23)–(2.26), for one row). It costs O(N² + N·grid), and no kernel of the other points.
import { column, type KernelTable } from "./kernelTable";

/** Moments on the grid in standardised units, at scale 1. */
export interface Posterior {
  mean: Float64Array;
  variance: Float64Array;
  /** rᵀA⁻¹r. */
  quadratic: number;
  /** The covariance of the entries of the grid that were asked for. */
  covariance: () => Float64Array;
}

export class Base implements Posterior {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly quadratic: number;
  readonly #table: KernelTable;
  readonly #xs: Float64Array;
  readonly #ridge: number;
  readonly #some: readonly number[];
  readonly #alpha: Float64Array;
  /** A⁻¹Θ(X, grid), N×grid, and L. */
  readonly #W: Float64Array;
  readonly #L: Float64Array;
  #covariance: Float64Array | undefined;

  /**
   * `some` are the entries of the grid whose covariance may be asked for. The table knows the points.
   *
   * @throws NotPositiveDefiniteError where the ridge is lost in rounding.
   */
  constructor(table: KernelTable, xs: Float64Array, ys: Float64Array, ridge: number, some: readonly number[]) {
    const [n, g] = [xs.length, table.grid.length];
    this.#table = table;
    this.#xs = xs;
    this.#ridge = ridge;
    this.#some = some;
    this.#alpha = new Float64Array(n);
    this.#W = new Float64Array(n * g);
    this.mean = new Float64Array(g);
    this.variance = table.diagonal.slice();
    this.#L = new Float64Array();
    this.quadratic = 0;
    if (n === 0) return;
    const points = column(xs);
    const A = table.between(points, points);
    for (let i = 0; i < n; i++) A.data[i * (n + 1)] += ridge;
    const G = table.between(column(table.grid), points);
    const sides = new Float64Array(n * (g + 1));
    for (let i = 0; i < n; i++) {
      sides[i * (g + 1)] = ys[i];
      for (let k = 0; k < g; k++) sides[i * (g + 1) + 1 + k] = G.data[k * n + i];
    }
    this.#L = table.ntk.cholesky(A).data as Float64Array;
    const solved = table.ntk.solve(A, { data: sides, rows: n, cols: g + 1 }).data;
    for (let i = 0; i < n; i++) {
      this.#alpha[i] = solved[i * (g + 1)];
      this.quadratic += ys[i] * this.#alpha[i];
      for (let k = 0; k < g; k++) {
        const [weight, kernel] = [solved[i * (g + 1) + 1 + k], G.data[k * n + i]];
        this.#W[i * g + k] = weight;
        this.mean[k] += kernel * this.#alpha[i];
        this.variance[k] -= kernel * weight;
      }
    }
  }

  covariance = (): Float64Array => {
    if (this.#covariance) return this.#covariance;
    const { ntk, model, grid } = this.#table;
    const [n, g, m] = [this.#xs.length, grid.length, this.#some.length];
    const at = column(Float64Array.from(this.#some, (k) => grid[k]));
    const result = Float64Array.from(ntk.kernel(model, at).data);
    if (n > 0) {
      const G = this.#table.between(at, column(this.#xs)).data;
      const W = new Float64Array(n * m);
      for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) W[i * m + j] = this.#W[i * g + this.#some[j]];
      const part = ntk.matmul({ data: G, rows: m, cols: n }, { data: W, rows: n, cols: m }).data;
      for (let at = 0; at < result.length; at++) result[at] -= part[at];
    }
    this.#covariance = result;
    return result;
  };

  /** The posterior given one more point; undefined where the ridge is lost in rounding. */
  with(x: number, y: number): Posterior | undefined {
    const { ntk, model, grid } = this.#table;
    const [n, g] = [this.#xs.length, grid.length];
    const k = ntk.kernel(model, [x], [...this.#xs, ...grid, x]).data;
    const c = k.slice(n, n + g);
    const v = new Float64Array(n);
    const [L, W, alpha] = [this.#L, this.#W, this.#alpha];
    let [at, explained] = [0, 0];
    for (let i = 0; i < n; i++) {
      let sum = k[i];
      for (let j = 0, row = i * n; j < i; j++) sum -= L[row + j] * v[j];
      v[i] = sum / L[i * (n + 1)];
      explained += v[i] * v[i];
      at += k[i] * alpha[i];
      for (let q = 0, row = i * g; q < g; q++) c[q] -= k[i] * W[row + q];
    }
    const d = k[n + g] + this.#ridge - explained;
    if (!(d > 0)) return undefined;
    const e = y - at;
    return {
      mean: this.mean.map((value, q) => value + (c[q] * e) / d),
      variance: this.variance.map((value, q) => Math.max(0, value - (c[q] * c[q]) / d)),
      quadratic: this.quadratic + (e * e) / d,
      covariance: () => {
        const S = Float64Array.from(this.covariance());
        const m = this.#some.length;
        for (let i = 0; i < m; i++)
          for (let j = 0; j < m; j++) S[i * m + j] -= (c[this.#some[i]] * c[this.#some[j]]) / d;
        return S;
      },
    };
  }
}
