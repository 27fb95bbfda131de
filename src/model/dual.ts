/**
 * Dual activations: Gaussian expectations T = E[σ(u)σ(v)] and Ṫ = E[σ'(u)σ'(v)] for (u, v) ~ N(0, [[a, c], [c, b]]), in closed form
 * (MATH.md §6). Sources: Williams 1997 (erf), Cho & Saul 2009 (ReLU); sigmoid, tanh, softplus and silu through the probit mixture.
 * delta = ab − c² comes from the caller, who can know it better than a rounded c tells.
 */
import type { Activation } from "./activation.js";
import { PROBIT_SCALES, PROBIT_WEIGHTS } from "./probit.js";

/** [T, Ṫ]. */
export type Dual = (a: number, b: number, c: number, delta: number) => [number, number];

/** Σ w atan2(g, √(A_iB_j − g²)) and Σ w s_i s_j / √(A_iB_j − g²), both over 2π, A_i = 1 + s_i²a, g = s_i s_j c. */
function mixture(a: number, b: number, c: number, delta: number): [number, number] {
  let angle = 0;
  let slope = 0;
  PROBIT_SCALES.forEach((s, i) => {
    PROBIT_SCALES.forEach((t, j) => {
      const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
      const root = Math.sqrt(1 + s * s * a + t * t * b + (s * t) ** 2 * delta);
      angle += weight * Math.atan2(s * t * c, root);
      slope += (weight * s * t) / root;
    });
  });
  return [angle / (2 * Math.PI), slope / (2 * Math.PI)];
}

function gelu(a: number, b: number, c: number, delta: number): [number, number] {
  const D = 1 + a + b + delta;
  const r = Math.sqrt(D);
  const angle = Math.atan2(c, r);
  const product = 1 + a + b + a * b;
  const value = c / 4 + (c * angle + (c * c + a * b * D) / (product * r)) / (2 * Math.PI);
  const slope = 1 / 4 + angle / (2 * Math.PI) + (c / (2 * Math.PI * r)) * (1 / D + (1 - a * b) / product + 1);
  return [value, slope];
}

/** One row for each activation. */
export const DUALS: Record<Activation, Dual> = {
  sigmoid(a, b, c, delta) {
    const [angle, slope] = mixture(a, b, c, delta);
    return [0.25 + angle, slope];
  },
  // tanh x = 2σ(2x) − 1
  tanh(a, b, c, delta) {
    const [angle, slope] = mixture(4 * a, 4 * b, 4 * c, 16 * delta);
    return [4 * angle, 16 * slope];
  },
  erf(a, b, c, delta) {
    const root = Math.sqrt(1 + 2 * a + 2 * b + 4 * delta);
    return [(2 / Math.PI) * Math.atan2(2 * c, root), 4 / (Math.PI * root)];
  },
  relu(a, b, c, delta) {
    // A pre-activation that is exactly 0 has relu' = 0.
    if (a === 0 || b === 0) return [0, 0];
    const root = Math.sqrt(delta);
    const slope = 0.5 - Math.atan2(root, c) / (2 * Math.PI);
    return [root / (2 * Math.PI) + c * slope, slope];
  },
  identity: (_a, _b, c) => [c, 1],
  gelu,
  softplus(a, b, c, delta) {
    // Σ w · ReLU dual at (a + s_i⁻², c, b + s_j⁻²); its slope is the sigmoid's dual.
    let value = 0;
    PROBIT_SCALES.forEach((s, i) => {
      PROBIT_SCALES.forEach((t, j) => {
        const [x, y] = [1 / (s * s), 1 / (t * t)];
        value += PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j] * DUALS.relu(a + x, b + y, c, delta + a * y + b * x + x * y)[0];
      });
    });
    return [value, DUALS.sigmoid(a, b, c, delta)[0]];
  },
  silu(a, b, c, delta) {
    let [value, slope] = [0, 0];
    PROBIT_SCALES.forEach((s, i) => {
      PROBIT_SCALES.forEach((t, j) => {
        const weight = PROBIT_WEIGHTS[i] * PROBIT_WEIGHTS[j];
        const [T, dT] = gelu(s * s * a, t * t * b, s * t * c, (s * t) ** 2 * delta);
        value += (weight / (s * t)) * T;
        slope += weight * dT;
      });
    });
    return [value, slope];
  },
  sin(a, b, c) {
    // e^(−(a+b)/2) sinh c and cosh c, without overflow.
    const [up, down] = [Math.exp(c - (a + b) / 2), Math.exp(-c - (a + b) / 2)];
    return [Math.abs(c) < 1 ? Math.exp(-(a + b) / 2) * Math.sinh(c) : (up - down) / 2, (up + down) / 2];
  },
};
