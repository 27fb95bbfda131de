/**
 * Rows of a system with a variance and a weight of their own (MATH.md §3): A = Θ + D with D_i = λ/w_i + v_i.
 *
 * No solver knows D. With S = diag(√w) the system is
 *
 *   A = S⁻¹ (S(Θ + diag v)S + λI) S⁻¹,
 *
 * so the matrix S(Θ + diag v)S with the common ridge λ is factored, as any other matrix, and decomposed once for a path
 * of ridges. {@link RowFactor} turns its factor into one of A.
 */
import type { Context } from "../context.js";
import type { Factor } from "./factor.js";
import { copyIn, type View } from "./view.js";

/** What the n rows of a system have of their own. */
export interface RowTerms {
  /** v_i ≥ 0, added to the diagonal beside the ridge; undefined where all are 0. */
  readonly noise: Float64Array | undefined;
  /** w_i > 0; undefined where all are 1. */
  readonly weights: Float64Array | undefined;
  /** √w_i; undefined where all are 1. */
  readonly roots: Float64Array | undefined;
}

/** The terms of rows with these variances and weights; undefined where no row has any. */
export function rowTerms(noise: Float64Array | undefined, weights: Float64Array | undefined): RowTerms | undefined {
  return noise || weights ? { noise, weights, roots: weights?.map(Math.sqrt) } : undefined;
}

/** D_i = λ/w_i + v_i of each row. */
export function diagonalOf({ noise, weights }: RowTerms, ridge: number): Float64Array {
  const { length } = (noise ?? weights) as Float64Array;
  const result = new Float64Array(length);
  for (let i = 0; i < length; i++) result[i] = ridge / (weights?.[i] ?? 1) + (noise?.[i] ?? 0);
  return result;
}

/** The lower triangle of A becomes that of S(A + diag v)S. A is packed, in either precision. */
export function applyTerms(A: View, { noise, roots }: RowTerms): void {
  const n = A.rows;
  const entries = A.numbers();
  if (noise) for (let i = 0; i < n; i++) entries[i * (n + 1)] += noise[i];
  if (!roots) return;
  for (let i = 0; i < n; i++) {
    const root = roots[i];
    for (let j = 0, at = i * n; j <= i; j++, at++) entries[at] *= root * roots[j];
  }
}

/**
 * New rows of the matrix A, in place: they become rows of S(A + diag v)S. Row k of B is row `places[k]` of A.
 */
export function applyToRows(B: View, places: readonly number[], { noise, roots }: RowTerms): void {
  places.forEach((i, k) => {
    const row = B.row(k);
    if (noise) row[i] += noise[i];
    if (roots) for (let j = 0; j < row.length; j++) row[j] *= roots[i] * roots[j];
  });
}

/** Rows, each as long as the terms, times S. A copy where there are weights. */
export function scaledBy({ roots }: RowTerms, rows: Float64Array, power: 1 | -1 = 1): Float64Array {
  if (!roots) return rows;
  const n = roots.length;
  return rows.map((value, at) => (power > 0 ? value * roots[at % n] : value / roots[at % n]));
}

/** (S(Θ + diag v)S) x, where `times` multiplies by Θ. */
export function termsTimes(terms: RowTerms, x: Float64Array, times: (x: Float64Array) => Float64Array): Float64Array {
  const { roots } = terms;
  return joinTerms(terms, x, times(roots ? x.map((value, i) => value * roots[i]) : x));
}

/** The same from Θ(Sx), in its place. */
export function joinTerms({ noise, weights, roots }: RowTerms, x: Float64Array, product: Float64Array): Float64Array {
  for (let i = 0; i < x.length; i++) {
    product[i] = (roots?.[i] ?? 1) * product[i] + (weights?.[i] ?? 1) * (noise?.[i] ?? 0) * x[i];
  }
  return product;
}

/** Σ log w_i. */
export function logWeights({ weights }: RowTerms): number {
  return weights?.reduce((sum, weight) => sum + Math.log(weight), 0) ?? 0;
}

/** What is asked of the inverse of A. */
export type Inverse = Pick<
  Factor,
  "n" | "half" | "explained" | "solve" | "logDeterminant" | "inverseDiagonal" | "degreesOfFreedom"
>;

/** A = Θ + D by the factor of S(Θ + diag v)S + λI. B of `half` and of `explained` is always overwritten. */
export class RowFactor implements Inverse {
  readonly n: number;
  readonly #inner: Inverse;
  readonly #terms: RowTerms;

  constructor(inner: Inverse, terms: RowTerms) {
    this.n = inner.n;
    this.#inner = inner;
    this.#terms = terms;
  }

  half(B: View, k?: number): View {
    this.#scale(B);
    return this.#inner.half(B, k);
  }

  explained(B: View): Float64Array {
    this.#scale(B);
    return this.#inner.explained(B);
  }

  solve(B: View): void {
    this.#scale(B);
    this.#inner.solve(B);
    this.#scale(B);
  }

  logDeterminant(k: number): number | undefined {
    const inner = this.#inner.logDeterminant(k);
    return inner === undefined ? undefined : inner - logWeights(this.#terms);
  }

  inverseDiagonal(k: number): Float64Array {
    const inner = this.#inner.inverseDiagonal(k);
    const { weights } = this.#terms;
    return weights ? inner.map((value, i) => weights[i] * value) : inner;
  }

  /** tr Θ A⁻¹: what the factored matrix has, less the part of diag v. */
  degreesOfFreedom(k: number): number {
    const inner = this.#inner.degreesOfFreedom(k);
    const { noise } = this.#terms;
    if (!noise) return inner;
    const lost = this.inverseDiagonal(k).reduce((sum, value, i) => sum + noise[i] * value, 0);
    return Math.max(0, inner - lost);
  }

  /** B becomes B S, in place. */
  #scale(B: View): void {
    const { roots } = this.#terms;
    if (!roots) return;
    for (let i = 0; i < B.rows; i++) {
      const row = B.row(i);
      for (let j = 0; j < row.length; j++) row[j] *= roots[j];
    }
  }
}

/** A⁻¹ times rows of n, for each ridge. Row k of what a factor solves has ridge k where there are several. */
export function applied(
  context: Context,
  inverse: Inverse,
  ridges: number,
  rows: Float64Array,
  n: number,
): Float64Array[] {
  const solve = (values: Float64Array, count: number) =>
    context.arena.run(() => {
      const B = copyIn(context, values, count, n);
      inverse.solve(B);
      return B.copy();
    });
  const count = rows.length / n;
  if (ridges === 1) return [solve(rows, count)];
  const results = Array.from({ length: ridges }, () => new Float64Array(rows.length));
  for (let i = 0; i < count; i++) {
    const copies = new Float64Array(ridges * n);
    for (let k = 0; k < ridges; k++) copies.set(rows.subarray(i * n, (i + 1) * n), k * n);
    const solved = solve(copies, ridges);
    results.forEach((result, k) => {
      result.set(solved.subarray(k * n, (k + 1) * n), i * n);
    });
  }
  return results;
}
