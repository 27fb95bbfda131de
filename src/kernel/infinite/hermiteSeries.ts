/**
 * Gaussian expectations of an activation of one's own, by its Hermite coefficients (MATH.md §6). With the normalised
 * Hermite polynomials h_k of a standard normal z,
 *
 *   α_k(a) = E[σ(√a z) h_k(z)],   T(a, b, c) = Σ_k α_k(a) α_k(b) ρ^k,   ρ = c/√(ab)   (Mehler 1866),
 *
 * and Ṫ is the same sum for σ'. A coefficient is an integral over one variable, which the trapezoid rule takes to
 * rounding. What the terms after K leave out is at most √(R(a) R(b)) with R(a) = E[σ(√a z)²] − Σ_{k<K} α_k(a)²: it is
 * known, so the number of terms follows from it.
 */
import { type Matrix, matrix } from "../../matrix.js";
import { applyDefined, type DefinedActivation } from "../../model/definedActivation.js";
import { quoted } from "../../words.js";

/** Coefficients of the points of a layer, n×K each. */
export interface Series {
  readonly values: Matrix;
  readonly slopes: Matrix;
}

/** Half the length of the interval: e^(−R²/4) is 1e-18, and √(e^(−R²/2)) h_k is at most 1. */
const RANGE = 13;
/** Numbers of terms that are tried. */
const TERMS = [32, 64, 128, 256, 512, 1024, 2048];
/** A remainder below this part of E[σ²] is rounding. */
const ENOUGH = 1e-14;
/** The largest remainder, as a part of E[σ²]: an activation that leaves more is refused. */
const MOST_LEFT = 1e-9;

/** Nodes to a unit: two for each oscillation of h_k² up to k = terms, whose frequency is 2√terms, and 16 at least. */
function resolution(terms: number): number {
  return Math.max(16, Math.ceil((2 * Math.sqrt(terms)) / Math.PI) * 2);
}

/**
 * The series of an activation at some variances.
 *
 * @throws RangeError where 2048 terms leave more than 1e-9 of E[σ²] or E[σ'²].
 */
export function hermiteSeries(activation: DefinedActivation, variances: Float64Array): Series {
  let [values, slopes] = [matrix(variances.length, 0), matrix(variances.length, 0)];
  let worst = { left: 0, variance: 0 };
  for (const terms of TERMS) {
    const rule = ruleFor(terms);
    worst = { left: 0, variance: 0 };
    [values, slopes] = [matrix(variances.length, terms), matrix(variances.length, terms)];
    variances.forEach((variance, i) => {
      const at = (nodes: Float64Array) =>
        applyDefined(
          activation,
          nodes.map((z) => Math.sqrt(variance) * z),
          true,
        );
      const [applied, between] = [at(rule.nodes), at(rule.between)];
      for (const [f, g, into] of [
        [applied.values, between.values, values],
        [applied.slopes as Float64Array, between.slopes as Float64Array, slopes],
      ] as const) {
        const left = rule.coefficients(f, g, into.data.subarray(i * terms, (i + 1) * terms));
        // What is no number is no remainder that is known.
        if (!(left <= worst.left)) worst = { left: Number.isNaN(left) ? Infinity : left, variance };
      }
    });
    if (worst.left <= ENOUGH) break;
  }
  if (worst.left <= MOST_LEFT) return { values, slopes };
  throw new RangeError(
    `the activation ${quoted(activation.name)} is too rough for an infinite network at variance ${worst.variance}: ` +
      `${TERMS.at(-1)} terms of its Hermite series leave ${worst.left.toExponential(1)} of its size; expected one ` +
      "without kinks, or a smaller weightStd and biasStd",
  );
}

/**
 * Where the nodes of a second rule lie, in steps from those of the first. A function that is too fast for the nodes
 * looks smooth on either, but not the same on both.
 */
const SHIFT = (3 - Math.sqrt(5)) / 2;

/** The trapezoid rule with the values of h_k, k < terms, at its nodes times the weights. */
class Rule {
  readonly nodes: Float64Array;
  /** Nodes of the second rule, for squares alone. */
  readonly between: Float64Array;
  readonly #weights: Float64Array;
  readonly #weightsBetween: Float64Array;
  /** w_i h_k(z_i), terms×nodes. */
  readonly #weighted: Float64Array;
  readonly #terms: number;

  constructor(terms: number) {
    const steps = resolution(terms);
    const count = 2 * RANGE * steps + 1;
    this.#terms = terms;
    this.nodes = Float64Array.from({ length: count }, (_, i) => (i - RANGE * steps) / steps);
    this.between = this.nodes.map((z) => z + SHIFT / steps);
    const weight = (z: number) => Math.exp((-z * z) / 2) / (Math.sqrt(2 * Math.PI) * steps);
    this.#weights = this.nodes.map(weight);
    this.#weightsBetween = this.between.map(weight);
    this.#weighted = new Float64Array(terms * count);
    this.nodes.forEach((z, i) => {
      // From e^(−z²/4) on: h_k alone overflows where its weight is 0. h_(k+1) = (z h_k − √k h_(k−1))/√(k+1).
      const tail = Math.exp((-z * z) / 4) / (Math.sqrt(2 * Math.PI) * steps);
      let [before, h] = [0, Math.exp((-z * z) / 4)];
      for (let k = 0; k < terms; k++) {
        this.#weighted[k * count + i] = tail * h;
        [before, h] = [h, (z * h - Math.sqrt(k) * before) / Math.sqrt(k + 1)];
      }
    });
  }

  /** Coefficients of a function given at both sets of nodes, and the part of its square that they leave out. */
  coefficients(f: Float64Array, between: Float64Array, into: Float64Array): number {
    const n = this.nodes.length;
    let [square, other] = [0, 0];
    for (let i = 0; i < n; i++) square += this.#weights[i] * f[i] * f[i];
    for (let i = 0; i < n; i++) other += this.#weightsBetween[i] * between[i] * between[i];
    let sum = 0;
    for (let k = 0; k < this.#terms; k++) {
      const row = this.#weighted.subarray(k * n, (k + 1) * n);
      let coefficient = 0;
      for (let i = 0; i < n; i++) coefficient += row[i] * f[i];
      into[k] = coefficient;
      sum += coefficient * coefficient;
    }
    if (square === 0 && other === 0) return 0;
    const apart = Math.abs(square - other) / Math.max(square, other);
    return Math.max(apart > ENOUGH ? apart : 0, (square - sum) / square);
  }
}

const rules = new Map<number, Rule>();

function ruleFor(terms: number): Rule {
  const known = rules.get(terms) ?? new Rule(terms);
  // The larger ones are some tens of megabytes: they are made again.
  if (terms <= 256) rules.set(terms, known);
  return known;
}

/** T(a, a) of each point: the sum that {@link pairInto} gives for a point and its twin, to the bit. */
export function squares({ values: { data, rows, cols } }: Series): Float64Array {
  const result = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    for (let k = i * cols; k < (i + 1) * cols; k++) result[i] += data[k] * data[k];
  }
  return result;
}

/** What {@link pairInto} writes: T, Ṫ, √(T₁₁T₂₂) − T and √(T₁₁T₂₂) + T. */
export type Pair = Float64Array;

/**
 * A pair of points: row i of one series and row j of another of as many terms. `square` and `square2` are their
 * {@link squares}. The covariance has the sign of `rho`; `apart` is 1 − |ρ|.
 *
 * With α̂ = α/√T₁₁, β̂ = ±^k β/√T₂₂ and q_k = 1 − |ρ|^k, which has no cancellation,
 *
 *   1 ∓ κ = ½ Σ (α̂_k ∓ β̂_k)² ± Σ α̂_k β̂_k q_k,   κ = T/√(T₁₁T₂₂).
 */
export function pairInto(
  A: Series,
  i: number,
  square: number,
  B: Series,
  j: number,
  square2: number,
  rho: number,
  apart: number,
  out: Pair,
): void {
  const K = A.values.cols;
  const [a, b, da, db] = [A.values.data, B.values.data, A.slopes.data, B.slopes.data];
  const [from, from2] = [i * K, j * K];
  const size = Math.sqrt(square) * Math.sqrt(square2);
  const [u, v] = size > 0 ? [1 / Math.sqrt(square), 1 / Math.sqrt(square2)] : [0, 0];
  const step = Math.abs(rho);
  const sign = rho < 0 ? -1 : 1;
  let [value, slope, power, missing, flip] = [0, 0, 1, 0, 1];
  let [minus, plus, rest] = [0, 0, 0];
  for (let k = 0; k < K; k++) {
    const [x, y] = [a[from + k], flip * b[from2 + k]];
    const [p, q] = [u * x, v * y];
    value += x * y * power;
    slope += da[from + k] * flip * db[from2 + k] * power;
    minus += (p - q) * (p - q);
    plus += (p + q) * (p + q);
    rest += p * q * missing;
    missing += power * apart;
    power *= step;
    flip *= sign;
  }
  out[0] = value;
  out[1] = slope;
  out[2] = size * Math.max(0, minus / 2 + rest);
  out[3] = size * Math.max(0, plus / 2 - rest);
}
