/** Textbook loops, written from MATH.md and the definitions, sharing nothing with the library but its data types. */
import type { Network } from "../../src/index.js";

/**
 * σ and σ' by the definitions; `erf` by its Taylor or continued-fraction series. Digits are lost in tails, not at the
 * size of 1.
 */
export function activate(name: string, z: number): [number, number] {
  switch (name) {
    case "sigmoid": {
      const e = Math.exp(-Math.abs(z));
      const q = 1 / (1 + e);
      return [z < 0 ? e * q : q, e * q * q];
    }
    case "tanh": {
      const c = Math.cosh(z);
      return [Math.tanh(z), Number.isFinite(c) ? 1 / (c * c) : 0];
    }
    case "erf":
      return [erf(z), (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z)];
    case "relu":
      return [Math.max(z, 0), z > 0 ? 1 : 0];
    case "gelu": {
      const Phi = 0.5 * (1 + erf(z / Math.SQRT2));
      return [z * Phi, Phi + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)];
    }
    case "softplus":
      return [Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), activate("sigmoid", z)[0]];
    case "silu": {
      const [s, slope] = activate("sigmoid", z);
      return [z * s, s + z * slope];
    }
    case "sin":
      return [Math.sin(z), Math.cos(z)];
    default:
      return [z, 1];
  }
}

export function erf(z: number): number {
  const a = Math.abs(z);
  if (a > 6) return Math.sign(z);
  if (a < 2.5) {
    let term = z;
    let sum = z;
    for (let k = 1; k < 120; k++) {
      term *= (-z * z) / k;
      sum += term / (2 * k + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = a;
  for (let k = 200; k >= 1; k--) fraction = a + k / 2 / fraction;
  return Math.sign(z) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * fraction));
}

/** f(x, θ) and its gradient in the order of θ, one hidden layer, one output. */
export function gradient(
  net: Network,
  x: ArrayLike<number>,
  theta: ArrayLike<number> = net.parameters,
): { f: number; row: number[] } {
  const m = net.hidden as number;
  const d = net.inputs;
  const ntk = net.parametrization === "ntk";
  const [alpha1, alpha2] = ntk ? [net.weightStd / Math.sqrt(d), net.weightStd / Math.sqrt(m)] : [1, 1];
  const beta = net.bias ? (ntk ? net.biasStd : 1) : 0;
  const at = net.bias ? 1 : 0;
  let f = net.bias ? beta * theta[0] : 0;
  const [b, c, e]: number[][] = [[], [], []];
  for (let j = 0; j < m; j++) {
    let z = net.bias ? beta * theta[at + m + m * d + j] : 0;
    for (let t = 0; t < d; t++) z += alpha1 * theta[at + m + j * d + t] * x[t];
    const [s, ds] = activate(net.activation, z);
    const w = alpha2 * theta[at + j];
    f += w * s;
    b.push(alpha2 * s);
    for (let t = 0; t < d; t++) c.push(alpha1 * w * ds * x[t]);
    e.push(beta * w * ds);
  }
  return { f, row: net.bias ? [beta, ...b, ...c, ...e] : [...b, ...c] };
}

/** Φ Φᵀ by three loops. */
export function kernelOf(rows: number[][], rows2 = rows): number[] {
  return rows.flatMap((p) => rows2.map((q) => p.reduce((sum, value, k) => sum + value * q[k], 0)));
}
