/**
 * Activations of the JavaScript backend: each maps one row in place, S = σ(S), and G = gain ∘ σ'. The exponential is the polynomial of assembly/math.ts with a table of powers of two: faster here
 * than Math.exp, which is a call.
 */
import { ActivationCode } from "../../ops.js";

/** σ in place over h[s, s + m), gain·σ' to h[g, g + m). */
export type RowMap = (h: Float64Array, m: number, gain: number, s: number, g: number) => void;

/** 2^n for n = −1080 … 0. */
const POWER = Float64Array.from({ length: 1081 }, (_, i) => 2 ** (i - 1080));

/** e^r − 1 for |r| ≤ ln2/2; coefficients from scripts/coefficients.py. */
function expm1Reduced(r: number): number {
  const r2 = r * r;
  const r4 = r2 * r2;
  const p03 = 0.5000000000000001 + 0.16666666666666669 * r + (0.04166666666662413 + 0.008333333333330062 * r) * r2;
  const p47 = 0.0013888888917213717 + 0.00019841269863053618 * r + (2.4801521295954376e-5 + 2.7557268459997064e-6 * r) * r2;
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

function sigmoid(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const z = h[s + j];
    const e = expNegative(z < 0 ? z : -z, 0);
    const q = 1 / (1 + e);
    const eq = e * q;
    h[s + j] = z < 0 ? eq : q;
    h[g + j] = h[gain + j] * (eq * q);
  }
}

function tanh(h: Float64Array, m: number, gain: number, s: number, g: number): void {
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

function erf(h: Float64Array, m: number, gain: number, s: number, g: number): void {
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

function relu(h: Float64Array, m: number, gain: number, s: number, g: number): void {
  for (let j = 0; j < m; j++) {
    const positive = h[s + j] > 0;
    if (!positive) h[s + j] = 0;
    h[g + j] = positive ? h[gain + j] : 0;
  }
}

function identity(h: Float64Array, m: number, gain: number, _s: number, g: number): void {
  for (let j = 0; j < m; j++) h[g + j] = h[gain + j];
}

const TABLE: Record<keyof typeof ActivationCode, RowMap> = { sigmoid, tanh, erf, relu, identity };

/** Row maps by ABI code. */
export const ROW_MAPS: RowMap[] = (Object.keys(TABLE) as (keyof typeof TABLE)[]).reduce<RowMap[]>((table, name) => {
  table[ActivationCode[name]] = TABLE[name];
  return table;
}, []);
