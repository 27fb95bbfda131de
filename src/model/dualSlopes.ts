/**
 * Derivatives of dual activations, one pair at a time (MATH.md §6). For (u, v) ~ N(0, [[a, c], [c, b]]), T =
 * E[σ(u)σ(v)] and Ṫ = E[σ'(u)σ'(v)], with Price's theorem (1958)
 *
 *   ∂T/∂c = E[σ'σ'],   ∂T/∂a = ½ E[σ''(u)σ(v)],   ∂Ṫ/∂c = E[σ''σ''],   ∂Ṫ/∂a = ½ E[σ'''(u)σ'(v)].
 *
 * Where σ has a kink, points of one direction have a cusp in their kernel: there the terms that have no limit count
 * as 0, which makes the derivative the mean of both sides.
 */
import { type BuiltIn, nameOf, recordOf, rowOf } from "./activation.js";
import { type ActivationName, RELU, SIN } from "./activationParameters.js";
import type { DualActivation } from "./dualActivation.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "./probit.js";
import { erfOf } from "./quadratureDuals.js";

/** Ṫ, ∂T/∂c, ∂T/∂a, ∂Ṫ/∂c and ∂Ṫ/∂a of a pair, in this order. delta = ab − c² as for the dual activation. */
export type DualSlopes = (a: number, b: number, c: number, delta: number, out: Float64Array) => void;

type Family = (record: Float64Array, dual: DualActivation) => DualSlopes;

const TURN = 2 * Math.PI;
const part = new Float64Array(5);
const terms = new Float64Array(5);

/** Adds `weight` times the pair of σ(z) = Φ(sz) and Φ(tz), less their means: atan2(st c, √R)/2π. */
function addArc(weight: number, s: number, t: number, a: number, b: number, c: number, delta: number): void {
  const g = s * t;
  const wide = 1 + t * t * b;
  const R = 1 + s * s * a + t * t * b + g * g * delta;
  const root = Math.sqrt(R);
  const slope = (weight * g) / (TURN * root);
  part[0] += slope;
  part[2] -= (slope * s * s * c) / (2 * (1 + s * s * a));
  part[3] += (slope * g * g * c) / R;
  part[4] -= (slope * s * s * wide) / (2 * R);
}

/** The derivatives of `value` times the function that addArc added up, with variances times `scale`. */
function takeArcs(scale: number, value: number, out: Float64Array): void {
  out[0] = out[1] = value * scale * part[0];
  out[2] = value * scale * part[2];
  out[3] = value * scale * scale * part[3];
  out[4] = value * scale * scale * part[4];
}

/** A mixture of probits whose variances are multiplied by `scale`, times √value. */
function logistic(scale: number, value: number): DualSlopes {
  return (a, b, c, delta, out) => {
    part.fill(0);
    for (let i = 0; i < PROBIT_SCALES.length; i++) {
      for (let j = 0; j < PROBIT_SCALES.length; j++) {
        const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
        const [s, t] = [PROBIT_SCALES[i], PROBIT_SCALES[j]];
        addArc(weight, s, t, scale * a, scale * b, scale * c, scale * scale * delta);
      }
    }
    takeArcs(scale, value, out);
  };
}

const sigmoid = logistic(1, 1);

const erf: DualSlopes = (a, b, c, delta, out) => {
  part.fill(0);
  addArc(4, Math.SQRT2, Math.SQRT2, a, b, c, delta);
  takeArcs(1, 1, out);
};

/** mz + h|z|, with m², h²·2/π: E|u||v| = (2/π)(√δ + c asin ρ). */
function halfLines(square: number, bend: number): DualSlopes {
  return (a, b, c, delta, out) => {
    const root = Math.sqrt(delta);
    const angle = a > 0 && b > 0 ? Math.atan2(c, root) : 0;
    out[0] = out[1] = square + bend * angle;
    out[2] = a > 0 ? (bend * root) / (2 * a) : 0;
    out[3] = root > 0 ? bend / root : 0;
    out[4] = root > 0 && a > 0 ? (-bend * c) / (2 * a * root) : 0;
  };
}

const abRelu: Family = (record) => halfLines(record[6], record[8]);
// The record of relu is that of its half-lines.
const relu = abRelu(RELU, () => {});

const gelu: DualSlopes = (a, b, c, delta, out) => {
  const D = 1 + a + b + delta;
  const r = Math.sqrt(D);
  const [Pa, P] = [1 + b, (1 + a) * (1 + b)];
  const N = c * c + a * b * D;
  const ra = Pa / (2 * r);
  // The angle of (−c, r), and its derivative in a.
  const phi = Math.PI / 2 + Math.atan2(c, r);
  const phiA = (-c * ra) / P;
  const E = 1 / D + (2 + a + b) / P;
  out[0] = out[1] = (phi + (c / r) * E) / TURN;
  out[2] = (c * phiA + (b * D + a * b * Pa) / (P * r) - (N * (Pa * r + P * ra)) / (P * r) ** 2) / TURN;
  out[3] = (1 / r + (1 / r + (c * c) / (r * D)) * E + (c / r) * ((2 * c) / (D * D))) / TURN;
  const Ea = -Pa / (D * D) + 1 / P - ((2 + a + b) * Pa) / (P * P);
  out[4] = (phiA - ((c * ra) / D) * E + (c / r) * Ea) / TURN;
};

/** Σ w · relu's T at (a + s_i⁻², c, b + s_j⁻²); Ṫ is the sigmoid's T, and has the derivatives of that. */
const softplus: Family = (record, dual) => (a, b, c, delta, out) => {
  let sum = 0;
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const x = 1 / PROBIT_SCALES[i] ** 2;
    for (let j = 0; j < PROBIT_SCALES.length; j++) {
      const y = 1 / PROBIT_SCALES[j] ** 2;
      const root = Math.sqrt(delta + a * y + b * x + x * y);
      sum += (PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j] * root) / (2 * TURN * (a + x));
    }
  }
  dual(a, b, c, delta, terms, record);
  sigmoid(a, b, c, delta, out);
  [out[3], out[4]] = [out[0], out[2]];
  out[0] = out[1] = terms[1];
  out[2] = sum;
};

/** silu = Σ p_i gelu(s_i x)/s_i. */
const silu: DualSlopes = (a, b, c, delta, out) => {
  out.fill(0, 0, 5);
  for (let i = 0; i < PROBIT_SCALES.length; i++) {
    const s = PROBIT_SCALES[i];
    for (let j = 0; j < PROBIT_SCALES.length; j++) {
      const t = PROBIT_SCALES[j];
      const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
      gelu(s * s * a, t * t * b, s * t * c, (s * t) ** 2 * delta, terms);
      out[0] += weight * terms[0];
      out[2] += ((weight * s) / t) * terms[2];
      out[3] += weight * s * t * terms[3];
      out[4] += weight * s * s * terms[4];
    }
  }
  out[1] = out[0];
};

/** sin(wz + γ) and its cosine: ∂/∂a is a factor, and ∂/∂c swaps the odd and the even part. */
const wave: Family = (given, dual) => {
  const record = given.length === 0 ? SIN : given;
  const w2 = record[5];
  return (a, b, c, delta, out) => {
    dual(a, b, c, delta, terms, record);
    const [value, slope] = terms;
    out[0] = out[1] = slope;
    out[2] = (-w2 / 2) * value;
    out[3] = w2 * w2 * value;
    out[4] = (-w2 / 2) * slope;
  };
};

const gaussian: Family = (record) => (a, b, c, delta, out) => {
  const [two, four] = [record[4], record[5]];
  const D = 1 + two * (a + b) + four * delta;
  const Da = two + four * b;
  const cube = 1 / (D * Math.sqrt(D));
  out[0] = out[1] = four * c * cube;
  out[2] = (-cube * Da) / 2;
  out[3] = four * cube * (1 + (3 * four * c * c) / D);
  out[4] = (-1.5 * out[0] * Da) / D;
};

const exp: DualSlopes = (a, b, c, _delta, out) => {
  out[0] = out[1] = out[3] = Math.exp((a + b) / 2 + c);
  out[2] = out[4] = out[0] / 2;
};

const step: DualSlopes = (a, b, c, delta, out) => {
  out.fill(0, 0, 5);
  const root = Math.sqrt(delta);
  if (!(root > 0 && a > 0 && b > 0)) return;
  out[1] = 1 / (TURN * root);
  out[2] = -c / (2 * TURN * a * root);
};

const identity: DualSlopes = (_a, _b, _c, _delta, out) => {
  out.fill(0, 0, 5);
  out[0] = out[1] = 1;
};

/** G_k(a) = E[σ⁽ᵏ⁾(√a z)], and G_k' = G_(k+2)/2: T = Σ c^k/k! G_k(a) G_k(b). */
const polynomial: Family = (record) => {
  const n = record[2];
  const factorial = [1, 1, 2, 6, 24, 120, 720, 5040, 40320];
  const mean = (k: number, a: number): number => {
    if (k > n) return 0;
    const row = 12 + 5 * k;
    let i = (n - k) >> 1;
    let sum = record[row + i];
    while (i > 0) sum = sum * a + record[row + --i];
    return sum * Math.sqrt(factorial[k]);
  };
  return (a, b, c, _delta, out) => {
    out.fill(0, 0, 5);
    for (let k = n; k >= 0; k--) {
      const power = c ** k / factorial[k];
      out[0] += power * mean(k + 1, a) * mean(k + 1, b);
      out[2] += (power / 2) * mean(k + 2, a) * mean(k, b);
      out[3] += power * mean(k + 2, a) * mean(k + 2, b);
      out[4] += (power / 2) * mean(k + 3, a) * mean(k + 1, b);
    }
    out[1] = out[0];
  };
};

/** The cumulative normal distribution. */
const normal = (z: number) => (1 + erfOf(z * Math.SQRT1_2)) / 2;

const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(TURN);

/**
 * σ'' is δ(z + 1) − δ(z − 1): expectations of v given u = 1, a normal of mean c/a and variance δ/a, and the
 * densities of the corners. Next to one direction what the corners and the edge have without a limit is the same,
 * and left out.
 */
const hardTanh: Family = (record, dual) => (a, b, c, delta, out) => {
  dual(a, b, c, delta, terms, record);
  out.fill(0, 0, 5);
  out[0] = out[1] = terms[1];
  if (!(a > 0 && b > 0)) return;
  const edge = density(1 / Math.sqrt(a)) / Math.sqrt(a);
  const mean = c / a;
  const spread = Math.sqrt(delta / a);
  const over = (x: number) => (spread > 0 ? x / spread : x === 0 ? 0 : x * Infinity);
  const [low, high] = [over(-1 - mean), over(1 - mean)];
  const within = normal(high) - normal(low);
  const [pLow, pHigh] = [density(low), density(high)];
  const value = mean * within + spread * (pLow - pHigh) + normal(-high) - normal(low);
  out[2] = -edge * value;
  out[4] = (-edge * within) / a;
  if (!(spread > 0)) return;
  out[4] += (edge * mean * (pLow - pHigh)) / spread;
  const size = Math.sqrt(a) * Math.sqrt(b);
  // a + b ∓ 2c, the one that nearly vanishes without cancellation.
  const far = (Math.sqrt(a) - Math.sqrt(b)) ** 2 + (2 * delta) / (size + Math.abs(c));
  const wide = a + b + 2 * Math.abs(c);
  const corners = Math.exp(-far / (2 * delta)) - Math.exp(-wide / (2 * delta));
  out[3] = (Math.sign(c) * 2 * corners) / (TURN * Math.sqrt(delta));
};

/** Central differences of order eight: weights of f(x + kh) − f(x − kh), over h. */
const DIFFERENCES = [4 / 5, -1 / 5, 4 / 105, -1 / 280];
/** The step in log a, and the largest in the angle. */
const STEP = 0.04;

/**
 * Where no closed form is known: differences along the variance at a fixed angle, and along the angle, in which T
 * and Ṫ are smooth. With ∂θ/∂a at fixed c they give all the others; their error is about 1e-11.
 */
const byDifferences: Family = (record, dual) => {
  const at = (a: number, b: number, angle: number) => {
    const root = Math.sqrt(a) * Math.sqrt(b);
    dual(a, b, root * Math.cos(angle), (root * Math.sin(angle)) ** 2, terms, record);
  };
  return (a, b, c, delta, out) => {
    dual(a, b, c, delta, terms, record);
    out.fill(0, 0, 5);
    out[0] = out[1] = terms[1];
    if (!(a > 0 && b > 0)) return;
    const angle = Math.atan2(Math.sqrt(delta), c);
    const h = Math.min(STEP, angle / 5, (Math.PI - angle) / 5);
    let [value, slope, turn] = [0, 0, 0];
    DIFFERENCES.forEach((weight, k) => {
      for (const sign of [1, -1]) {
        at(a * Math.exp(sign * (k + 1) * STEP), b, angle);
        value += sign * weight * terms[0];
        slope += sign * weight * terms[1];
        if (h === 0) continue;
        at(a, b, angle + sign * (k + 1) * h);
        turn += sign * weight * terms[1];
      }
    });
    out[2] = value / (STEP * a) - (out[1] * c) / (2 * a);
    const along = h > 0 ? -turn / h / Math.sqrt(delta) : 0;
    out[3] = along;
    out[4] = slope / (STEP * a) - (along * c) / (2 * a);
  };
};

const FAMILIES: Record<ActivationName, Family> = {
  sigmoid: () => sigmoid,
  tanh: () => logistic(4, 4),
  erf: () => erf,
  relu: () => relu,
  identity: () => identity,
  gelu: () => gelu,
  softplus,
  silu: () => silu,
  sin: wave,
  cos: wave,
  leakyRelu: abRelu,
  abRelu,
  abs: abRelu,
  gaussian,
  exp: () => exp,
  step: () => step,
  monomial: polynomial,
  hermite: polynomial,
  hardTanh,
  elu: byDifferences,
  selu: byDifferences,
};

/** The derivatives of a built-in activation's dual. */
export function dualSlopesOf(activation: BuiltIn): DualSlopes {
  return FAMILIES[nameOf(activation)](recordOf(activation), rowOf(activation).dualActivation);
}
