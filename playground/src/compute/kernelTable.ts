// Kernels between points, and between points and a grid, each computed once. An input is one number, which is also its
// name here: equal inputs share a row.
import type { CustomKernel, Matrix, Model, Ntk } from "ntk-wasm/slim";

/** What regression asks of the library. */
export type Library = Pick<
  Ntk,
  "variant" | "kernel" | "kernelDiagonal" | "fit" | "matmul" | "cholesky" | "solve" | "eigh"
>;

export class KernelTable {
  readonly ntk: Library;
  readonly model: Model;
  #grid: Float64Array = new Float64Array();
  #diagonal: Float64Array = new Float64Array();
  /** The row of an input in both matrices; the rows of a grid's inputs. */
  readonly #rows = new Map<number, number>();
  #gridRows = new Map<number, number>();
  #free: number[] = [];
  #size = 0;
  /** Kernel of points, size×size, and of grid and points, grid×size. */
  #K: Float64Array = new Float64Array();
  #G: Float64Array = new Float64Array();

  constructor(ntk: Library, model: Model) {
    this.ntk = ntk;
    this.model = model;
  }

  /** The grid's inputs, and the kernel of each with itself. */
  get grid(): Float64Array {
    return this.#grid;
  }
  get diagonal(): Float64Array {
    return this.#diagonal;
  }

  /** The table as a model: what it does not know it computes. */
  readonly kernel: CustomKernel = {
    kernel: (X, X2) => this.between(X, X2),
    diagonal: (X) => {
      const rows = Array.from(X.data, (x) => this.#gridRows.get(x) ?? -1);
      return rows.includes(-1) ? this.ntk.kernelDiagonal(this.model, X) : rows.map((row) => this.#diagonal[row]);
    },
  };

  /** Takes another grid, and computes its kernel with the points. */
  setGrid(grid: Float64Array): void {
    if (equal(grid, this.#grid)) return;
    this.#grid = grid;
    this.#gridRows = new Map(Array.from(grid, (x, row) => [x, row]));
    this.#diagonal = this.ntk.kernelDiagonal(this.model, grid);
    this.#G = new Float64Array(grid.length * this.#size);
    this.#fillGrid([...this.#rows.keys()]);
  }

  /** Computes what is missing of these points; other points are forgotten. */
  setPoints(xs: Float64Array): void {
    const wanted = new Set(xs);
    for (const [x, row] of this.#rows) {
      if (wanted.has(x)) continue;
      this.#rows.delete(x);
      this.#free.push(row);
    }
    const old = [...this.#rows.keys()];
    const missing = [...wanted].filter((x) => !this.#rows.has(x));
    if (missing.length === 0) return;
    this.#reserve(missing.length);
    for (const x of missing) this.#rows.set(x, this.#free.pop() as number);
    const { data } = this.ntk.kernel(this.model, missing, old.length > 0 ? [...old, ...missing] : undefined);
    const columns = [...old, ...missing].map((x) => this.#rows.get(x) as number);
    const from = old.length;
    for (let i = 0; i < missing.length; i++) {
      const row = columns[from + i];
      // Both triangles have one value.
      for (let j = 0; j <= from + i; j++) {
        const value = data[i * columns.length + j];
        this.#K[row * this.#size + columns[j]] = value;
        this.#K[columns[j] * this.#size + row] = value;
      }
    }
    this.#fillGrid(missing);
  }

  /** The kernel of two lists of inputs. Rows may be points or of the grid; columns are points. */
  between(X: Matrix, X2: Matrix): Matrix {
    const columns = Int32Array.from(X2.data, (x) => this.#rows.get(x) ?? -1);
    const known = !columns.includes(-1) && X.data.every((x) => this.#rows.has(x) || this.#gridRows.has(x));
    if (!known) return this.ntk.kernel(this.model, X, X === X2 ? undefined : X2);
    const data = new Float64Array(X.data.length * columns.length);
    X.data.forEach((x, i) => {
      const point = this.#rows.get(x);
      const from = point === undefined ? this.#G : this.#K;
      const row = (point ?? (this.#gridRows.get(x) as number)) * this.#size;
      for (let j = 0; j < columns.length; j++) data[i * columns.length + j] = from[row + columns[j]];
    });
    return { data, rows: X.data.length, cols: columns.length };
  }

  #fillGrid(xs: number[]): void {
    if (xs.length === 0 || this.#grid.length === 0) return;
    const { data } = this.ntk.kernel(this.model, this.#grid, xs);
    const columns = xs.map((x) => this.#rows.get(x) as number);
    for (let row = 0; row < this.#grid.length; row++)
      for (let j = 0; j < xs.length; j++) this.#G[row * this.#size + columns[j]] = data[row * xs.length + j];
  }

  /** Room for more rows. */
  #reserve(more: number): void {
    if (this.#free.length >= more) return;
    const [before, after] = [this.#size, this.#rows.size + more + 16];
    const widened = (M: Float64Array, rows: number, into: number) => {
      const result = new Float64Array(into * after);
      for (let row = 0; row < rows; row++) result.set(M.subarray(row * before, (row + 1) * before), row * after);
      return result;
    };
    this.#K = widened(this.#K, before, after);
    this.#G = widened(this.#G, this.#grid.length, this.#grid.length);
    for (let row = after - 1; row >= before; row--) this.#free.push(row);
    this.#size = after;
  }
}

/** Whether two lists have the same numbers. */
export const equal = (a: Float64Array, b: Float64Array) => a.length === b.length && a.every((x, i) => x === b[i]);

/** A list as a matrix of one column. */
export const column = (data: Float64Array) => ({ data, rows: data.length, cols: 1 });
