/**
 * The largest eigenvalues of a symmetric matrix and their eigenvectors. The matrix is known by its products only.
 *
 * Lanczos with full reorthogonalisation and thick restarts (Wu & Simon 2000): a full basis shrinks to its best Ritz
 * vectors, and the last residual continues it. The projected matrix is kept as a whole, so neither a restart nor a
 * new start needs a formula of its own.
 *
 * A Krylov space has one direction of each eigenspace, so a multiple eigenvalue is found once, with a small residual
 * and without a trace of its copies. So a run that has converged is probed: a random vector without any part along the
 * found modes starts a new run beside them. What the probe finds above the smallest of them joins them, and a new probe
 * follows. The answer stands where a probe finds nothing.
 */
import type { Context } from "../context.js";
import { ConvergenceError } from "../errors.js";
import { zeros } from "../memory.js";
import { Xoshiro256 } from "../model/random.js";
import { eighScratch, gemm, gemmScratchBytes, gemv } from "./blas.js";
import { decompose } from "./eigen.js";
import { roundingLevel } from "./factor.js";
import { norm, sum } from "./vectors.js";
import { copyIn, scratch, type View } from "./view.js";

/** The largest modes of a matrix, ascending. */
export interface TopModes {
  values: Float64Array;
  /** Eigenvectors in rows. */
  vectors: Float64Array;
  /** ‖Av − λv‖₂ of each mode, by a product of its own. */
  residuals: Float64Array;
}

/** Vectors of the basis beside the wanted ones, at least. */
const SPARE = 40;
/**
 * Products of a probe, at least. After 40 of them the largest eigenvalue that was missed is known to 5 % with a chance
 * of failure below 10⁻⁵ at n = 10⁴: 1.7 √n exp(−79 √0.05) (Kuczyński & Woźniakowski 1992).
 */
const PROBE = 40;
/** Products for each wanted mode, and beside them, before the search is given up. */
const MOST_EACH = 100;
const MOST_MORE = 2000;

/** Doubles that {@link topModes} needs beside its products. */
export function topModesMemory(context: Context, n: number, count: number): number {
  const capacity = capacityOf(n, count);
  const kept = restartOf(capacity, count);
  const product = (rows: number, depth: number) => gemmScratchBytes(context, 8, rows, n, depth) / 8;
  const small = capacity * capacity + eighScratch(context, capacity);
  const restart = kept * (capacity + n) + product(kept, capacity);
  const projection = capacity + product(1, capacity);
  return (capacity + 1) * n + Math.max(small, restart, projection);
}

/** Ritz vectors that a full basis shrinks to. */
function restartOf(capacity: number, count: number): number {
  return count + Math.floor((capacity - count) / 2);
}

function capacityOf(n: number, count: number): number {
  return Math.min(n, count + Math.max(count, SPARE));
}

/**
 * The `count` largest modes of the n×n matrix A, with residuals of at most `tolerance` λ_max.
 *
 * @param times returns A v, a new vector.
 * @throws ConvergenceError
 */
export function topModes(
  context: Context,
  n: number,
  count: number,
  times: (v: Float64Array) => Float64Array,
  tolerance: number,
): TopModes {
  return context.arena.run(() => {
    const basis = new Basis(context, n, capacityOf(n, count), times);
    const ritz = search(basis, count, tolerance);
    basis.keep(ritz, count);
    return checked(basis, ritz.values.slice(-count), times, tolerance);
  });
}

/** Eigenpairs of the projected matrix, ascending. */
interface Ritz {
  values: Float64Array;
  /** Coordinates in the basis, in rows. */
  vectors: Float64Array;
  /** ‖Av − θv‖₂, as the recurrence has it. */
  residuals: Float64Array;
}

/** Extends the basis until its `count` largest Ritz pairs are those of the matrix. */
function search(basis: Basis, count: number, tolerance: number): Ritz {
  const { n, capacity } = basis;
  const most = MOST_EACH * count + MOST_MORE;
  let look = Math.min(capacity, count + 8);
  /** The sum of the largest Ritz values where the latest probe began. */
  let before: number | undefined;
  let probing = 0;
  basis.start();
  for (let products = 1; ; products++) {
    basis.step();
    probing++;
    const { size, exhausted } = basis;
    if (size < count || (!exhausted && size < look && products < most)) {
      if (exhausted) basis.start();
      else basis.extend();
      continue;
    }
    const ritz = basis.ritz();
    if (size === n) return ritz;
    const { reached, total, slack, next } = standing(ritz, count, tolerance);
    const unchanged = before !== undefined && total - before <= count * slack;
    if (reached && unchanged && next <= slack && (probing >= PROBE || exhausted)) return ritz;
    if (products >= most) throw notReached(ritz, count, tolerance, products);
    const found = reached && !unchanged;
    if (found) basis.keep(ritz, count);
    else if (size === capacity) basis.keep(ritz, restartOf(capacity, count));
    if (found || exhausted) {
      before = reached ? total : undefined;
      probing = 0;
      basis.start();
    } else basis.extend();
    look = Math.min(capacity, basis.size + Math.max(8, Math.ceil(basis.size / 4)));
  }
}

/** How far the `count` largest Ritz pairs are. */
function standing({ values, residuals }: Ritz, count: number, tolerance: number) {
  const size = values.length;
  const first = Math.max(0, size - count);
  const slack = tolerance * Math.abs(values[size - 1]);
  // Half of it: the recurrence and the true residual differ by rounding.
  const reached = size >= count && residuals.subarray(first).every((residual) => residual <= slack / 2);
  const total = sum(values.subarray(first));
  // By how much the next pair may lie above the smallest of them.
  const next = first > 0 ? values[first - 1] + residuals[first - 1] - values[first] : 0;
  return { reached, total, slack, next };
}

/** Orthonormal rows, and the matrix projected onto them. */
class Basis {
  /** Rows whose product is known. One more may wait for its own. */
  size = 0;
  /** True where the last product has nothing outside the basis but rounding. */
  exhausted = false;
  readonly #context: Context;
  readonly #times: (v: Float64Array) => Float64Array;
  readonly #random = new Xoshiro256(0);
  /** The basis in rows. */
  readonly #Q: View;
  /** The part of the last product outside the basis, 1×n, and its length. */
  readonly #rest: View;
  #length = 0;
  /** Q A Qᵀ, its first `size` rows and columns, in rows of `capacity`. */
  readonly #T: Float64Array;
  /** No eigenvalue is known to be larger than this. */
  #largest = 0;

  constructor(
    context: Context,
    readonly n: number,
    readonly capacity: number,
    times: (v: Float64Array) => Float64Array,
  ) {
    this.#context = context;
    this.#times = times;
    this.#Q = scratch(context, capacity, n);
    this.#rest = scratch(context, 1, n);
    this.#T = zeros(capacity * capacity);
  }

  /** The row that waits is a random one, orthogonal to the basis. */
  start(): void {
    this.#rest.entries().set(Float64Array.from({ length: this.n }, () => this.#random.normal()));
    this.#orthogonalise(this.size);
    this.#length = norm(this.#rest.entries());
    this.extend();
  }

  /** The row that waits is the direction of the rest. */
  extend(): void {
    const length = this.#length;
    this.#Q.row(this.size).set(this.#rest.entries().map((value) => value / length));
  }

  /** The product of the row that waits. */
  step(): void {
    const j = this.size;
    // A product may let memory grow: the view comes after it.
    const product = this.#times(this.#Q.row(j).slice());
    this.#rest.entries().set(product);
    this.size++;
    const coordinates = this.#orthogonalise(this.size);
    coordinates.forEach((value, i) => {
      this.#T[i * this.capacity + j] = value;
      this.#T[j * this.capacity + i] = value;
    });
    this.#length = norm(this.#rest.entries());
    this.#largest = Math.max(this.#largest, coordinates[j] + this.#length);
    this.exhausted = this.#length <= roundingLevel(this.n, this.#largest);
  }

  ritz(): Ritz {
    const { size, capacity } = this;
    return this.#context.arena.run(() => {
      const T = scratch(this.#context, size, size);
      for (let i = 0; i < size; i++) T.row(i).set(this.#T.subarray(i * capacity, i * capacity + size));
      const values = decompose(T, true);
      const vectors = T.copy();
      const residuals = values.map((_, i) => this.#length * Math.abs(vectors[i * size + size - 1]));
      return { values, vectors, residuals };
    });
  }

  /** The basis becomes its `count` largest Ritz vectors, ascending. */
  keep({ values, vectors }: Ritz, count: number): void {
    const { size, n, capacity } = this;
    const first = size - count;
    this.#context.arena.run(() => {
      const S = copyIn(this.#context, vectors.subarray(first * size), count, size);
      const kept = scratch(this.#context, count, n);
      gemm(1, S, this.#Q.slice(0, size), 0, kept);
      this.#Q.slice(0, count).entries().set(kept.entries());
    });
    this.#T.fill(0);
    for (let i = 0; i < count; i++) this.#T[i * (capacity + 1)] = values[first + i];
    this.size = count;
  }

  /** The first rows of the basis; JavaScript owns them. */
  rows(count: number): Float64Array {
    return this.#Q.slice(0, count).copy();
  }

  /** Takes off the rest its part along the first `rows` rows, and returns the coordinates of that part. */
  #orthogonalise(rows: number): Float64Array {
    const total = new Float64Array(rows);
    if (rows === 0) return total;
    this.#context.arena.run(() => {
      const [Q, part] = [this.#Q.slice(0, rows), scratch(this.#context, 1, rows)];
      // Two passes are enough (Kahan, Parlett): the basis is then orthogonal to rounding.
      for (let pass = 0; pass < 2; pass++) {
        gemv(1, Q, this.#rest, 0, part);
        gemm(-1, part, Q, 1, this.#rest);
        part.entries().forEach((value, i) => {
          total[i] += value;
        });
      }
    });
    return total;
  }
}

/** The Ritz pairs that the basis consists of, with their true residuals. */
function checked(
  basis: Basis,
  values: Float64Array,
  times: (v: Float64Array) => Float64Array,
  tolerance: number,
): TopModes {
  const { n } = basis;
  const vectors = basis.rows(values.length);
  const residuals = values.map((value, i) => {
    const v = vectors.subarray(i * n, (i + 1) * n);
    return norm(times(v.slice()).map((entry, j) => entry - value * v[j]));
  });
  const worst = residuals.reduce((top, residual) => Math.max(top, residual), 0);
  const largest = Math.abs(values[values.length - 1]);
  if (!(worst <= tolerance * largest)) {
    throw new ConvergenceError(
      `a residual of ${worst} is left beside a largest eigenvalue of ${largest}: tolerance ${tolerance} is at the rounding level of the products; ` +
        "use a larger tolerance, or leave out top",
    );
  }
  return { values, vectors, residuals };
}

function notReached({ values, residuals }: Ritz, count: number, tolerance: number, products: number): ConvergenceError {
  const size = values.length;
  const worst = residuals.subarray(-count).reduce((top, residual) => Math.max(top, residual), 0);
  return new ConvergenceError(
    `the ${count} largest eigenvalues did not reach residuals of ${tolerance} times the largest in ${products} products ` +
      `(${(worst / values[size - 1]).toPrecision(2)} is left); use a larger tolerance, another top, or leave out top where Θ fits`,
  );
}
