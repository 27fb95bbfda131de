/**
 * Dual activations, one pair at a time: Gaussian expectations T = E[σ(u)σ(v)] and Ṫ = E[σ'(u)σ'(v)] for (u, v) ~ N(0,
 * [[a, c], [c, b]]) (MATH.md §6). Sources: Williams 1997 (erf), Cho & Saul 2009 (relu); sigmoid, tanh, softplus and
 * silu as double sums over the probit mixture. delta = ab − c² comes from the caller, who can know it better than a
 * rounded c tells; angles are taken to the nearer side of π/2.
 */
import { RELU, SIN } from "./activationParameters.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "./probit.js";

/** Writes T and Ṫ to out[0] and out[1]; abRelu also √(T11 T22) − T12 to out[2]. `record`: as of a row map. */
export type DualActivation = (
  a: number,
  b: number,
  c: number,
  delta: number,
  out: Float64Array,
  record: Float64Array,
) => void;

const TURN = 2 * Math.PI;
const part = new Float64Array(3);

/** The angle of (−c, r), from the nearer side. */
function wideAngle(r: number, c: number): number {
  const t = Math.atan2(r, Math.abs(c));
  return c < 0 ? t : Math.PI - t;
}

/** σ(x) (`half` = ¼), or σ(x) − ½ (0): Σ w φ/2π or Σ w asin/2π, and Σ w s t/√(A B − g²)/2π. */
function logistic(a: number, b: number, c: number, delta: number, half: boolean, out: Float64Array): void {
  let [value, slope] = [0, 0];
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const s = PROBIT_SCALES[i];
    for (let j = 0; j < PROBIT_SCALES.length; j++) {
      const t = PROBIT_SCALES[j];
      const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
      const root = Math.sqrt(1 + s * s * a + t * t * b + (s * t) ** 2 * delta);
      value += weight * (half ? wideAngle(root, s * t * c) : Math.atan2(s * t * c, root));
      slope += (weight * s * t) / root;
    }
  }
  out[0] = value / TURN;
  out[1] = slope / TURN;
}

/** Half-lines of slopes α and β: assembly/activation/abRelu.ts has the formulas. */
export function abRelu(a: number, b: number, c: number, delta: number, out: Float64Array, record: Float64Array): void {
  const root = Math.sqrt(a) * Math.sqrt(b);
  // A pre-activation that is exactly 0 has the slope α.
  if (root === 0) {
    out[0] = 0;
    out[1] = a + b > 0 ? record[9] : record[10];
    out[2] = 0;
    return;
  }
  const r = Math.sqrt(delta);
  const t = Math.atan2(r, Math.abs(c));
  const [sine, cosine] = [r / root, Math.abs(c) / root];
  const u = t * t;
  // sin t − t cos t, by its series where that would cancel.
  const w =
    t < 0.5
      ? u *
        t *
        (1 / 3 -
          u * (1 / 30 - u * (1 / 840 - u * (1 / 45360 - u * (1 / 3991680 - u * (1 / 518918400 - u / 93405312000))))))
      : sine - t * cosine;
  const far = c < 0;
  // Indices, not a pattern: taking a typed array apart is a loop over its iterator.
  const s = record[5];
  const k = far ? record[4] : s;
  const bend = record[8];
  out[0] = k * c + root * bend * w;
  out[1] = far ? k + bend * t : k - bend * t;
  const less = (sine * sine) / (1 + cosine);
  const gap = (far ? record[6] * (1 + cosine) + record[7] * less : s * less) - bend * w;
  out[2] = Math.max(0, root * gap);
}

export function relu(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  abRelu(a, b, c, delta, out, RELU);
}

export function gelu(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  const D = 1 + a + b + delta;
  const r = Math.sqrt(D);
  const phi = wideAngle(r, c);
  const product = (1 + a) * (1 + b);
  out[0] = (c * phi + (c * c + a * b * D) / (product * r)) / TURN;
  out[1] = (phi + (c / r) * (1 / D + (2 + a + b) / product)) / TURN;
}

export function sigmoid(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  logistic(a, b, c, delta, true, out);
}

/** tanh x = 2σ(2x) − 1. */
export function tanh(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  logistic(4 * a, 4 * b, 4 * c, 16 * delta, false, out);
  out[0] *= 4;
  out[1] *= 16;
}

export function erf(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  const root = Math.sqrt(1 + 2 * a + 2 * b + 4 * delta);
  out[0] = (2 / Math.PI) * Math.atan2(2 * c, root);
  out[1] = 4 / (Math.PI * root);
}

export function identity(_a: number, _b: number, c: number, _delta: number, out: Float64Array): void {
  out[0] = c;
  out[1] = 1;
}

/** Σ w · relu's T at (a + s_i⁻², c, b + s_j⁻²); the slope is the sigmoid's dual activation. */
export function softplus(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  let value = 0;
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const x = 1 / PROBIT_SCALES[i] ** 2;
    for (let j = 0; j < PROBIT_SCALES.length; j++) {
      const y = 1 / PROBIT_SCALES[j] ** 2;
      relu(a + x, b + y, c, delta + a * y + b * x + x * y, part);
      value += PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j] * part[0];
    }
  }
  logistic(a, b, c, delta, true, out);
  out[1] = out[0];
  out[0] = value;
}

/** silu = Σ p_i gelu(s_i x)/s_i. */
export function silu(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  let [value, slope] = [0, 0];
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const s = PROBIT_SCALES[i];
    for (let j = 0; j < PROBIT_SCALES.length; j++) {
      const t = PROBIT_SCALES[j];
      const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
      gelu(s * s * a, t * t * b, s * t * c, (s * t) ** 2 * delta, part);
      value += (weight / (s * t)) * part[0];
      slope += weight * part[1];
    }
  }
  out[0] = value;
  out[1] = slope;
}

/**
 * sin(wz + γ) and its cosine: assembly/activation/sin.ts has the formulas. e^(|c| − (a+b)/2) comes from (√a − √b)²/2 +
 * delta/(√(ab) + |c|), which does not cancel.
 */
export function wave(a: number, b: number, c: number, delta: number, out: Float64Array, record: Float64Array): void {
  const parameters = record.length === 0 ? SIN : record;
  const w2 = parameters[5];
  const cosine = parameters[6];
  const sine = parameters[7];
  const x = w2 * c;
  const mean = (w2 * (a + b)) / 2;
  const sum = Math.sqrt(a) * Math.sqrt(b) + Math.abs(c);
  const up = Math.exp(-w2 * ((Math.sqrt(a) - Math.sqrt(b)) ** 2 / 2 + (sum > 0 ? delta / sum : 0)));
  const down = Math.exp(-mean - Math.abs(x));
  const odd = Math.abs(x) < 0.5 ? Math.exp(-mean) * Math.sinh(x) : (Math.sign(c) * (up - down)) / 2;
  const even = (up + down) / 2;
  out[0] = cosine * odd + sine * even;
  out[1] = w2 * (cosine * even + sine * odd);
}

export function gaussian(
  a: number,
  b: number,
  c: number,
  delta: number,
  out: Float64Array,
  record: Float64Array,
): void {
  const four = record[5];
  const D = 1 + record[4] * (a + b) + four * delta;
  out[0] = 1 / Math.sqrt(D);
  out[1] = (out[0] / D) * (four * c);
}

export function exp(a: number, b: number, c: number, _delta: number, out: Float64Array): void {
  out[0] = Math.exp((a + b) / 2 + c);
  out[1] = out[0];
}

export function step(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  out[0] = a > 0 && b > 0 ? wideAngle(Math.sqrt(delta), c) / TURN : 0;
  out[1] = 0;
}

/** G_k(a)/√k! of a polynomial's record: assembly/activation/polynomial.ts. */
function meanDerivative(record: Float64Array, n: number, k: number, a: number): number {
  const row = 12 + 5 * k;
  let i = (n - k) >> 1;
  let sum = record[row + i];
  while (i > 0) sum = sum * a + record[row + --i];
  return sum;
}

export function polynomial(
  a: number,
  b: number,
  c: number,
  _delta: number,
  out: Float64Array,
  record: Float64Array,
): void {
  const n = record[2];
  let [value, slope] = [0, 0];
  for (let k = n; k >= 0; k--) {
    slope = slope * c + value;
    value = value * c + meanDerivative(record, n, k, a) * meanDerivative(record, n, k, b);
  }
  out[0] = value;
  out[1] = slope;
}
