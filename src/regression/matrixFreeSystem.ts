/**
 * The system that conjugate gradients solve. Without terms of the rows it is (Θ + λI)α = r. With them it is
 *
 *   (Ω^½ΘΩ^½ + μI) x = Ω^½ r, α = Ω^½ x, D = μΩ⁻¹, μ = min D:
 *
 * its condition number is at most 1 + ‖Θ‖/min D, however noisy the noisiest row is.
 *
 * Where the smallest λ + w_i v_i is lost in rounding, D has no such factor. The minimum-norm answer of
 * S(Θ + diag v)S is then the one to find, as in the N×N solver.
 */
import { isLost } from "../linalg/eigen.js";
import { roundingLevel } from "../linalg/factor.js";
import { diagonalOf, joinTerms, type RowTerms, rowTerms } from "../linalg/rowTerms.js";
import { dot, maxAbs, sum } from "../linalg/vectors.js";
import { Xoshiro256 } from "../model/random.js";
import type { Problem } from "../problem.js";
import { drain } from "../slices.js";

/** A vector of the system, from one of Θ or back to it. */
type Map = (v: Float64Array) => Float64Array;

export interface MatrixFreeSystem {
  /** Added to the diagonal: λ or μ, and 0 where it is lost in rounding. */
  readonly shift: number;
  readonly lost: boolean;
  /** A lower bound of the norm of the matrix without its shift. */
  readonly norm: number;
  /** A right-hand side, and a solution. Both are the same factor, Ω^½ or S. */
  readonly scaled: Map;
  /** The diagonal of Ω^½ or S; undefined where it is I. */
  readonly roots: Float64Array | undefined;
  /** The terms of the rows that are not in the shift. */
  readonly terms: RowTerms | undefined;
  /** vᵀDw for v and w in the coordinates of α, without what is lost in rounding. */
  product(v: Float64Array, w: Float64Array): number;
}

/** Θ times a vector, in slices. */
export type SlicedTimes = (v: Float64Array) => Generator<void, Float64Array, void>;

/** The system of a problem with this ridge. The norm takes a handful of products. */
export function* makingSystem(
  { size: n, terms }: Problem,
  ridge: number,
  diagonal: Float64Array,
  theta: SlicedTimes,
): Generator<void, MatrixFreeSystem, void> {
  if (!terms) {
    const norm = Math.max(maxAbs(diagonal), yield* normingFromBelow(n, theta, sum(diagonal)));
    const lost = isLost(ridge, roundingLevel(n, norm));
    const shift = lost ? 0 : ridge;
    return {
      shift,
      lost,
      norm,
      scaled: (v) => v,
      roots: undefined,
      terms: undefined,
      product: (v, w) => shift && shift * dot(v, w),
    };
  }
  const norming = function* (of: RowTerms): Generator<void, number, void> {
    const { weights } = of;
    const own = weights ? diagonal.map((value, i) => value * weights[i]) : diagonal;
    const trace = of.noise ? Infinity : sum(own);
    const from = yield* normingFromBelow(n, (v) => termsTimes(of, v, theta), trace);
    return Math.max(maxAbs(own), from);
  };
  const bare: RowTerms = { ...terms, noise: undefined };
  const D = diagonalOf(terms, ridge);
  const least = D.reduce((low, value, i) => Math.min(low, value * (terms.weights?.[i] ?? 1)), Infinity);
  if (isLost(least, roundingLevel(n, yield* norming(bare))))
    return systemWith(terms, 0, yield* norming(terms), diagonalOf(terms, 0));
  const { shift: unit, omega } = commonShift(D);
  return systemWith(omega, unit, yield* norming(omega), D);
}

/** (S(Θ + diag v)S) x. */
function* termsTimes(terms: RowTerms, x: Float64Array, theta: SlicedTimes): Generator<void, Float64Array, void> {
  const { roots } = terms;
  const product = yield* theta(roots ? x.map((value, i) => value * roots[i]) : x);
  return joinTerms(terms, x, product);
}

/** μ = min D, and Ω = μD⁻¹ as terms of rows. */
export function commonShift(D: Float64Array): { shift: number; omega: RowTerms } {
  const shift = D.reduce((low, value) => Math.min(low, value), Infinity);
  const weights = D.map((value) => shift / value);
  return { shift, omega: rowTerms(undefined, weights) as RowTerms };
}

/** The system of S(Θ + diag v)S with a shift. */
function systemWith(terms: RowTerms, shift: number, norm: number, D: Float64Array): MatrixFreeSystem {
  const { roots } = terms;
  return {
    shift,
    lost: shift === 0,
    norm,
    roots,
    terms,
    scaled: (v) => (roots ? v.map((value, i) => value * roots[i]) : v),
    product: (v, w) => w.reduce((sum, value, i) => sum + D[i] * v[i] * value, 0),
  };
}

/** The power method is left out where A·1 has at least one in so many of the trace. */
const NEAR = 8;

/** Steps of the power method from a random start. They estimate ‖Θ‖₂ for a handful of products. */
const POWER_STEPS = 4;

/**
 * A lower bound of ‖A‖∞ for a symmetric positive semi-definite A: a convergence test against it is never too lax.
 *
 * A·1 gives ‖A‖∞ itself where no entry is negative. It may be 0 where the kernel is odd and the inputs lie
 * symmetrically about 0. Where A·1 is not near the trace, which is at least ‖A‖₂, ‖A‖₂ ≤ ‖A‖∞ is estimated too. The
 * start is one that no symmetry makes orthogonal.
 */
export function normFromBelow(n: number, times: (v: Float64Array) => Float64Array, trace = Infinity): number {
  const slicing = function* (v: Float64Array) {
    yield;
    return times(v);
  };
  return drain(normingFromBelow(n, slicing, trace));
}

/** The same, in slices of the products. */
function* normingFromBelow(n: number, times: SlicedTimes, trace: number): Generator<void, number, void> {
  const random = new Xoshiro256(0);
  let v: Float64Array = Float64Array.from({ length: n }, () => random.uniform() - 0.5);
  let norm = maxAbs(yield* times(new Float64Array(n).fill(1)));
  if (norm >= trace / NEAR) return norm;
  for (let step = 0; step < POWER_STEPS; step++) {
    const size = maxAbs(v);
    if (size === 0) break;
    v = yield* times(v.map((value) => value / size));
    // ‖A‖∞ ≥ ‖Av‖∞ where ‖v‖∞ = 1.
    norm = Math.max(norm, maxAbs(v));
  }
  return norm;
}
