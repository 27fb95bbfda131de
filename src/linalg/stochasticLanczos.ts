/**
 * log |A| of a positive definite A that is known by its products, by stochastic Lanczos quadrature with a
 * preconditioner P whose determinant is known:
 *
 *   log |A| = log |P| + tr log(P^−½ A P^−½),
 *
 * and n eᵀ log(T) e estimates the trace, T the tridiagonal matrix of Lanczos from a random direction. T comes from the
 * coefficients of preconditioned conjugate gradients, so no square root of P is made. The direction is uniform on the
 * sphere: a multiple of the identity then has no variance. Probes run side by side, with a fixed seed.
 *
 * Sources: Ubaru, Chen & Saad 2017; Gardner, Pleiss, Bindel, Weinberger & Wilson 2018 for the coefficients.
 */
import type { Context } from "../context.js";
import { Xoshiro256 } from "../model/random.js";
import { together } from "./conjugateGradients.js";
import { tridiagonalModes } from "./lanczos.js";
import type { LowRankFactor } from "./lowRankFactor.js";
import { dot } from "./vectors.js";

/** An estimate, and its standard error over the probes. */
export interface Estimate {
  value: number;
  standardError: number;
  /** Probes whose quadrature had not settled after the most steps that a probe takes. */
  unsettled: number;
}

/** Random directions. Their spread gives the standard error to 1/√(2·15): 18 %. */
export const PROBES = 16;
/** Lanczos steps of a probe, at most. */
export const MOST_STEPS = 150;
/** The quadrature has converged where five more steps change it by less than this times n. */
const ACCURACY = 1e-5;

/** @param times returns A times each vector, new vectors. */
export function logDeterminantEstimate(
  context: Context,
  P: LowRankFactor,
  times: (vectors: Float64Array[]) => Float64Array[],
): Estimate {
  const { n, rank, shift } = P;
  const random = new Xoshiro256(0);
  const normals = (length: number) => Float64Array.from({ length }, () => random.normal());
  const runs = Array.from({ length: PROBES }, () => quadrature(context, P, P.coloured(normals(rank), normals(n))));
  const known = P.logDeterminant() - n * Math.log(shift);
  const found = together(runs, times);
  const values = found.map(({ mean }) => known + n * mean);
  const mean = values.reduce((sum, value) => sum + value / PROBES, 0);
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const unsettled = found.filter(({ settled }) => !settled).length;
  return { value: mean, standardError: Math.sqrt(square / (PROBES - 1) / PROBES), unsettled };
}

/** eᵀ log(T) e, and whether more steps would have changed it. */
interface Quadrature {
  mean: number;
  settled: boolean;
}

/** eᵀ log(T) e of μP^−½ A P^−½ from P^−½ z. */
function* quadrature(
  context: Context,
  P: LowRankFactor,
  z: Float64Array,
): Generator<{ v: Float64Array }, Quadrature, Float64Array> {
  const settled = (mean: number): Quadrature => ({ mean, settled: true });
  const r = z;
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let p: Float64Array | undefined;
  let [rz, alpha, beta, latest] = [0, 0, 0, Number.NaN];
  for (let k = 0; ; k++) {
    const w = P.scaledInverse(r);
    const next = dot(r, w);
    if (k > 0) {
      beta = next / rz;
      // The Krylov space is exhausted, up to rounding.
      if (!(beta > Number.EPSILON ** 2)) return settled(logarithm(context, diagonal, offDiagonal));
      offDiagonal.push(Math.sqrt(beta) / alpha);
    }
    const from = p;
    p = from ? w.map((value, i) => value + beta * from[i]) : w;
    rz = next;
    const q = yield { v: p };
    const before = alpha;
    alpha = rz / dot(p, q);
    if (k === 0 && !(alpha > 0 && alpha < Infinity)) return settled(Number.NaN);
    if (!(alpha > 0 && alpha < Infinity)) return settled(logarithm(context, diagonal, offDiagonal));
    diagonal.push(1 / alpha + (k > 0 ? beta / before : 0));
    for (let i = 0; i < r.length; i++) r[i] -= alpha * q[i];
    if (k % 5 !== 4 && k + 1 < MOST_STEPS) continue;
    const value = logarithm(context, diagonal, offDiagonal);
    if (Math.abs(value - latest) <= ACCURACY * (1 + Math.abs(value))) return settled(value);
    if (k + 1 >= MOST_STEPS) return { mean: value, settled: false };
    latest = value;
  }
}

/** eᵀ log(T) e of a tridiagonal T, e the first unit vector. */
function logarithm(context: Context, diagonal: number[], offDiagonal: number[]): number {
  const k = diagonal.length;
  return context.arena.run(() => {
    const { values, vectors } = tridiagonalModes(context, diagonal, offDiagonal);
    return values.reduce((sum, value, i) => {
      const weight = vectors[i * k] ** 2;
      return weight === 0 ? sum : sum + weight * Math.log(Math.max(value, Number.MIN_VALUE));
    }, 0);
  });
}
