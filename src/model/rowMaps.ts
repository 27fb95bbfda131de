/**
 * Activations in JavaScript. Each maps one row in place, S = σ(S), and G = gain ∘ σ'. The loop is inside: a call for
 * each number would cost more than most of them. The exponential is the polynomial of assembly/simd/exp.ts with a table
 * of powers of two, because Math.exp is a call.
 */
import { productError } from "./errorFree.js";

export { sin } from "./trig.js";

/** σ in place over h[s, s + m), gain·σ' to h[g, g + m). `record`: that of src/ops.ts, empty without parameters. */
export type RowMap = (h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array) => void;

/** 2^n for n = −1080 … 0. */
const POWER = Float64Array.from({ length: 1081 }, (_, i) => 2 ** (i - 1080));

/** e^r − 1 for |r| ≤ ln2/2; coefficients from scripts/coefficients.py. */
function expm1Reduced(r: number): number {
  const r2 = r * r;
  const r4 = r2 * r2;
  const p03 = 0.5000000000000001 + 0.16666666666666669 * r + (0.04166666666662413 + 0.008333333333330062 * r) * r2;
  const p47 =
    0.0013888888917213717 + 0.00019841269863053618 * r + (2.4801521295954376e-5 + 2.7557268459997064e-6 * r) * r2;
  const p89 = 2.7620088445409746e-7 + 2.510038549551032e-8 * r;
  return (p03 + (p47 + p89 * r4) * r4) * r2 + r;
}

/** n with x = n ln2 + r, for −746 ≤ x ≤ 0. */
function exponentOf(x: number): number {
  return (x * Math.LOG2E - 0.5) | 0;
}

function remainder(x: number, n: number): number {
  return x - n * 0.6931471803691238 - n * 1.9082149292705877e-10;
}

/** e^(x + tail) for x ≤ 0 and |tail| ≪ 1. */
function expNegative(x: number, tail: number): number {
  const clamped = Math.max(x, -746);
  const n = exponentOf(clamped);
  return (1 + expm1Reduced(remainder(clamped, n) + tail)) * POWER[n + 1080];
}

export function sigmoid(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const e = expNegative(z < 0 ? z : -z, 0);
    const q = 1 / (1 + e);
    const eq = e * q;
    h[s + j] = z < 0 ? eq : q;
    h[g + j] = h[gain + j] * (eq * q);
  }
}

export function tanh(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const x = Math.max(-2 * Math.abs(z), -746);
    const n = exponentOf(x);
    const p = expm1Reduced(remainder(x, n));
    const power = POWER[n + 1080];
    // expm1(x) without cancellation; e^x = power (1 + p) keeps its digits in the tail.
    const below = power * p + (power - 1);
    const q = 1 / (2 + below);
    const value = -below / (2 + below);
    h[s + j] = z < 0 ? -value : z === 0 ? z : value;
    h[g + j] = h[gain + j] * (4 * ((1 + p) * power) * q * q);
  }
}

/** Coefficients of assembly/activation/erf.ts, from scripts/coefficients.py. */
const SMALL = [
  1.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792, 0.0052239776248180145,
  -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-5, 1.6461000484121368e-6, -1.6350312701054695e-7,
  1.4659775274047436e-8, -1.1372848856791674e-9, 5.957176147748911e-11,
];
const LARGE = [
  0.25539567631050575, -0.4271858474139579, 0.24165819424246987, -0.07897858101585253, 0.00373289240349224,
  0.006997461747753573, -0.0008471431980760424, -0.0009819773208131022, 4.3554202452705896e-5, 0.00017436697232946864,
  2.754312818566672e-5, -2.7647305443610053e-5, -1.4067532694582058e-5, 1.820143195975009e-6, 3.917059299925389e-6,
];

function horner(coefficients: number[], x: number): number {
  let sum = coefficients[coefficients.length - 1];
  for (let i = coefficients.length - 2; i >= 0; i--) sum = sum * x + coefficients[i];
  return sum;
}

export function erf(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const a = Math.min(Math.abs(z), 30);
    // a² = head² − tail exactly enough: Veltkamp's split keeps 26 bits in head.
    const t = 134217729 * a;
    const head = t - (t - a);
    const e = expNegative(-head * head, (head - a) * (a + head));
    const x = Math.min(a, 6);
    const value = a < 1 ? a * horner(SMALL, a * a) : 1 - e * horner(LARGE, (x - 2) / (x + 2));
    h[s + j] = z < 0 ? -value : z === 0 ? z : value;
    h[g + j] = h[gain + j] * (1.1283791670955126 * e);
  }
}

export function relu(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const positive = z > 0;
    // What is no number stays none.
    if (z <= 0) h[s + j] = 0;
    h[g + j] = positive ? h[gain + j] : 0;
  }
}

export function identity(h: Float64Array, m: number, gain: number, _s: number, g: number): void {
  for (let j = 0; j < m; j++) h[g + j] = h[gain + j];
}

/** Coefficients of assembly/activation/gelu.ts and softplus.ts, from scripts/coefficients.py. */
const TAIL = [
  0.09441064130196894, -0.07598708024648651, 0.04839217509277682, -0.02331523224495718, 0.007549571861367212,
  -0.0009425236208399227, -0.00043496154592661423, 0.00020385230718371832, 1.6668039069901737e-5, -2.888686676633008e-5,
  -2.385323715988697e-7, 4.393085083844453e-6, 8.958326740388073e-8, -7.400195201843135e-7, -7.871121047616247e-8,
  1.276900626613634e-7, 3.39726243543125e-8, -1.9365891548591587e-8, -1.067123919167826e-8, 1.6576365412524875e-9,
  2.448465930555771e-9, 2.39711908168769e-10, -3.1392161608677077e-10, -9.034593650438061e-11,
];
const LOGARITHM = [
  2.0, 0.6666666666668257, 0.399999999952876, 0.2857142911165716, 0.22222190861346283, 0.1818285980047391,
  0.15363676248891633, 0.13591305485579894, 0.09880789048764786, 0.17780763826113302,
];

/** 2^(n + 128) for n = −1100 … 0: raised as in assembly, products with e^x round once, in the subnormals too. */
const RAISED = Float64Array.from({ length: 1101 }, (_, i) => 2 ** (i - 972));
const LOWER = 2 ** -128;

/** 2^128 e^(x + tail) for −770 ≤ x ≤ 0. */
function expRaised(x: number, tail: number): number {
  const n = exponentOf(x);
  return (1 + expm1Reduced(remainder(x, n) + tail)) * RAISED[n + 1100];
}

export function gelu(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const a = Math.min(Math.abs(z), 39);
    const t = 134217729 * a;
    const head = t - (t - a);
    const e = expRaised(-0.5 * (head * head), 0.5 * ((head - a) * (a + head)));
    const inverse = 1 / (a + 4);
    const raised = e * (8 * inverse * horner(TAIL, (a - 4) * inverse));
    const below = a * raised * LOWER;
    const slope = (raised - a * e * 0.3989422804014327) * LOWER;
    h[s + j] = z < 0 ? -below : z - below;
    h[g + j] = h[gain + j] * (z < 0 ? slope : 1 - slope);
  }
}

export function softplus(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const e = expNegative(z < 0 ? z : -z, 0);
    const inverse = 1 / (2 + e);
    const r = e * inverse;
    h[s + j] = Math.max(z, 0) + e * (inverse * horner(LOGARITHM, r * r));
    const q = 1 / (1 + e);
    h[g + j] = h[gain + j] * (z < 0 ? e * q : q);
  }
}

export function silu(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const low = Math.max(z < 0 ? z : -z, -760);
    const raised = expRaised(low, 0);
    const q = 1 / (1 + raised * LOWER);
    const small = raised * q;
    h[s + j] = z < 0 ? low * small * LOWER : z * q;
    h[g + j] = h[gain + j] * (z < 0 ? small * (1 + low * q) * LOWER : q * (1 - low * small * LOWER));
  }
}

export function abRelu(h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array): void {
  const [, , alpha, beta] = record;
  for (let j = 0; j < m; j++) {
    const slope = h[s + j] > 0 ? beta : alpha;
    h[s + j] *= slope;
    h[g + j] = h[gain + j] * slope;
  }
}

export function gaussian(h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array): void {
  const [, , beta, end, twice] = record;
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const a = Math.min(Math.abs(z), end);
    const square = a * a;
    const x = beta * square;
    const tail = beta * productError(a, a, square) + productError(beta, square, x);
    const raised = a >= end ? 0 : expRaised(-x, -tail);
    h[s + j] = raised * LOWER;
    h[g + j] = h[gain + j] * (twice * (z < 0 ? a : -a) * raised * LOWER);
  }
}

/** 2^n for n = 0 … 1023. */
const UP = Float64Array.from({ length: 1024 }, (_, n) => 2 ** n);

export function exp(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = Math.min(h[s + j], 710);
    let value = expNegative(Math.min(z, 0), 0);
    if (z > 0) {
      const n = (z * Math.LOG2E + 0.5) | 0;
      // 2^n is two factors: 2^1024 is Infinity before the product is.
      value = (1 + expm1Reduced(remainder(z, n))) * UP[n >> 1] * UP[n - (n >> 1)];
    }
    h[s + j] = value;
    h[g + j] = h[gain + j] * value;
  }
}

export function step(h: Float64Array, m: number, _gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    if (z > 0) h[s + j] = 1;
    else if (z <= 0) h[s + j] = 0;
    h[g + j] = 0;
  }
}

export function polynomial(h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array): void {
  const n = record[2];
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    let value = record[3 + n];
    let slope = 0;
    for (let k = n - 1; k >= 0; k--) {
      // An infinite z times the first slope, 0, would be NaN.
      slope = k === n - 1 ? value : slope * z + value;
      value = value * z + record[3 + k];
    }
    h[s + j] = value;
    h[g + j] = h[gain + j] * slope;
  }
}

export function hardTanh(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    h[s + j] = Math.max(-1, Math.min(1, z));
    h[g + j] = z > -1 && z < 1 ? h[gain + j] : 0;
  }
}

export function elu(h: Float64Array, m: number, gain: number, s: number, g: number, record: Float64Array): void {
  const [, , alpha, beta] = record;
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    if (z > 0) {
      h[s + j] = beta * z;
      h[g + j] = h[gain + j] * beta;
      continue;
    }
    const x = Math.max(z, -746);
    const n = exponentOf(x);
    const p = expm1Reduced(remainder(x, n));
    const power = POWER[n + 1080];
    h[s + j] = alpha * (power * p + (power - 1));
    h[g + j] = h[gain + j] * (alpha * ((1 + p) * RAISED[n + 1100]) * LOWER);
  }
}
