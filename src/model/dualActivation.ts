/**
 * Dual activations, one pair at a time: Gaussian expectations T = E[σ(u)σ(v)] and Ṫ = E[σ'(u)σ'(v)] for (u, v) ~ N(0,
 * [[a, c], [c, b]]) (MATH.md §6). Sources: Williams 1997 (erf), Cho & Saul 2009 (relu); sigmoid, tanh, softplus and
 * silu as double sums over the probit mixture. delta = ab − c² comes from the caller, who can know it better than a
 * rounded c tells; angles are taken to the nearer side of π/2.
 */
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "./probit.js";

/** Writes T and Ṫ to out[0] and out[1]; relu also √(T11 T22) − T12 to out[2]. */
export type DualActivation = (a: number, b: number, c: number, delta: number, out: Float64Array) => void;

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

export function relu(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  const root = Math.sqrt(a) * Math.sqrt(b);
  // A pre-activation that is exactly 0 has relu' = 0.
  if (root === 0) {
    out.fill(0);
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
  const phi = c < 0 ? t : Math.PI - t;
  out[0] = c < 0 ? (root * w) / TURN : (r + phi * c) / TURN;
  out[1] = phi / TURN;
  const gap = c < 0 ? 1 - w / Math.PI : (sine * sine) / (1 + cosine) - w / Math.PI;
  out[2] = Math.max(0, (root * gap) / 2);
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

/** e^(|c| − (a+b)/2) from (√a − √b)²/2 + delta/(√(ab) + |c|), which does not cancel. */
export function sin(a: number, b: number, c: number, delta: number, out: Float64Array): void {
  const size = Math.abs(c);
  const sum = Math.sqrt(a) * Math.sqrt(b) + size;
  const up = Math.exp(-((Math.sqrt(a) - Math.sqrt(b)) ** 2 / 2 + (sum > 0 ? delta / sum : 0)));
  const down = Math.exp(-(a + b) / 2 - size);
  out[0] = size < 0.5 ? Math.exp(-(a + b) / 2) * Math.sinh(c) : (Math.sign(c) * (up - down)) / 2;
  out[1] = (up + down) / 2;
}
