/**
 * Class probabilities of Gaussian latent functions: E[σ(f)] by quadrature, E[softmax(f)] by quasi-random draws
 * (MATH.md §9).
 */

import { zeros } from "../memory.js";
import { normalQuantile } from "../model/normal.js";
import { MILLS } from "../model/quadrature.js";
import { Xoshiro256 } from "../model/random.js";
import { sigmoid } from "./likelihood.js";
import type { Draws, Latents } from "./posterior.js";

/** Nodes of the trapezoid rule reach so many standard deviations. e^(−9.5²/2) is below 1e-19. */
const REACH = 9.5;
/** Steps: the logistic function is analytic up to ±πi, and a Gaussian needs 0.7 of its deviation. */
const [STEP, GAUSSIAN_STEP] = [0.45, 0.7];
/** Beyond, σ(f) = e^f and σ'(f) = e^−|f| to the last digit. */
const TAIL = 37;
/** e^−745 is the last double above 0. */
const UNDERFLOW = 745;

/** [1 − p, p] for p = E[σ(f)], f normal, to some 1e-13 of the smaller one. */
export function logisticGaussian(mean: number, variance: number): [number, number] {
  const small = lowerTail(-Math.abs(mean), variance);
  return mean < 0 ? [1 - small, small] : [small, 1 - small];
}

/** E[σ(f)] for a mean ≤ 0. */
function lowerTail(mean: number, variance: number): number {
  const deviation = Math.sqrt(variance);
  // Tilted by e^f, all mass is where σ(f) = e^f.
  if (mean + variance + REACH * deviation < -TAIL) return Math.exp(mean + variance / 2);
  return deviation < 1 ? overGaussian(mean, deviation) : overLogistic(mean, deviation);
}

/** ∫ σ(f) N(f; mean, deviation²) df on nodes of the Gaussian. */
function overGaussian(mean: number, deviation: number): number {
  const step = Math.min(GAUSSIAN_STEP, STEP / deviation);
  const last = Math.ceil(REACH / step);
  let [sum, weights] = [0, 0];
  for (let k = -last; k <= last; k++) {
    const t = k * step;
    const weight = Math.exp(-0.5 * t * t);
    weights += weight;
    sum += weight * sigmoid(mean + deviation * t);
  }
  return sum / weights;
}

/**
 * ∫ σ'(x) Φ((mean − x)/deviation) dx, which is P(x < f) for a logistic x. The number of nodes does not grow with the
 * deviation.
 */
function overLogistic(mean: number, deviation: number): number {
  // p is about e^−size or more, and what lies below `first` is e^first. The rule errs by the residues of σ' at ±πi: by
  // e^(−2π²/STEP) = e^−43 of Φ(mean/deviation), which is no larger than p.
  const size = Math.min(-mean, 3 + (mean / deviation) ** 2 / 2, UNDERFLOW);
  const first = -Math.ceil((TAIL + size) / STEP);
  const last = Math.ceil(TAIL / STEP);
  let sum = 0;
  for (let k = first; k <= last; k++) {
    const x = k * STEP;
    sum += sigmoid(x) * sigmoid(-x) * normalBelow((mean - x) / deviation);
  }
  return STEP * sum;
}

/** Φ(z), with all its digits in the lower tail, by Mills' ratio. */
function normalBelow(z: number): number {
  const x = Math.abs(z);
  const t = (x - 6) / (x + 6);
  let ratio = 0;
  for (const coefficient of MILLS) ratio = ratio * t + coefficient;
  const tail = (Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)) * (ratio / (x + 6));
  return z < 0 ? tail : 1 - tail;
}

/**
 * E[softmax(f)] at T points, T×C, by draws of f on a Kronecker sequence with the roots of primes (Richtmyer 1951),
 * shifted by the seed and folded (the baker's transform): the same draws for every point. Two classes, which are
 * independent, need no draws: p is E[σ(f_2 − f_1)].
 */
export function softmaxGaussian(latents: Latents, C: number, { draws, seed }: Draws): Float64Array {
  const { mean, variance, covariance } = latents;
  const T = mean.length / C;
  const result = new Float64Array(T * C);
  if (C === 2) {
    for (let t = 0; t < T; t++) {
      const spread = variance[2 * t] + variance[2 * t + 1];
      result.set(logisticGaussian(mean[2 * t + 1] - mean[2 * t], spread), 2 * t);
    }
    return result;
  }
  const normals = quasiNormals(C, draws, seed);
  const root = new Float64Array(C * C);
  for (let t = 0; t < T; t++) {
    const own = result.subarray(t * C, (t + 1) * C);
    if (covariance) choleskyOf(covariance.subarray(t * C * C, (t + 1) * C * C), C, root);
    else for (let c = 0; c < C; c++) root[c * (C + 1)] = Math.sqrt(variance[t * C + c]);
    averageSoftmax(mean.subarray(t * C, (t + 1) * C), root, covariance !== undefined, normals, own);
  }
  return result;
}

/** The mean of softmax(mean + root z) over the rows z of normals. */
function averageSoftmax(
  mean: Float64Array,
  root: Float64Array,
  correlated: boolean,
  normals: Float64Array,
  out: Float64Array,
): void {
  const C = mean.length;
  const f = new Float64Array(C);
  for (let at = 0; at < normals.length; at += C) {
    let top = -Infinity;
    for (let c = 0; c < C; c++) {
      let value = mean[c];
      for (let j = correlated ? 0 : c; j <= c; j++) value += root[c * C + j] * normals[at + j];
      f[c] = value;
      if (value > top) top = value;
    }
    let sum = 0;
    for (let c = 0; c < C; c++) {
      f[c] = Math.exp(f[c] - top);
      sum += f[c];
    }
    for (let c = 0; c < C; c++) out[c] += f[c] / sum;
  }
  let total = 0;
  for (const value of out) total += value;
  for (let c = 0; c < C; c++) out[c] /= total;
}

/** Draws in rows of C standard normals. */
function quasiNormals(C: number, draws: number, seed: number): Float64Array {
  const random = new Xoshiro256(seed);
  const steps = primes(C).map((prime) => Math.sqrt(prime) % 1);
  const shifts = steps.map(() => random.uniform());
  const normals = zeros(draws * C);
  for (let k = 0; k < draws; k++) {
    for (let c = 0; c < C; c++) {
      const place = (shifts[c] + (k + 1) * steps[c]) % 1;
      // Never 0 or 1, whose quantiles are infinite.
      const folded = Math.min(1 - 2 ** -53, Math.max(2 ** -53, 1 - Math.abs(2 * place - 1)));
      normals[k * C + c] = normalQuantile(folded);
    }
  }
  return normals;
}

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

/** Lower L with LLᵀ = A for a positive semi-definite A of order C; directions without variance are left out. */
function choleskyOf(A: Float64Array, C: number, L: Float64Array): void {
  for (let j = 0; j < C; j++) {
    let rest = A[j * (C + 1)];
    for (let k = 0; k < j; k++) rest -= L[j * C + k] ** 2;
    const pivot = rest > C * Number.EPSILON * A[j * (C + 1)] ? Math.sqrt(rest) : 0;
    L[j * (C + 1)] = pivot;
    for (let i = j + 1; i < C; i++) {
      let entry = A[i * C + j];
      for (let k = 0; k < j; k++) entry -= L[i * C + k] * L[j * C + k];
      L[i * C + j] = pivot > 0 ? entry / pivot : 0;
    }
  }
}
