/** Textbook loops, written from MATH.md and the definitions, sharing nothing with the library but its data types. */
import type { Activation, Network } from "../../src/index.js";
import { activate } from "./activations.js";

/** f(x, θ) and its gradient in the order of θ, one hidden layer, one output. */
export function gradient(
  net: Network,
  x: ArrayLike<number>,
  theta: ArrayLike<number> = net.parameters,
): { f: number; row: number[] } {
  const m = net.hidden as number;
  const d = net.inputs;
  const ntk = net.parametrization === "ntk";
  const [weightStd, biasStd] = [net.weightStd as number, net.biasStd as number];
  const [alpha1, alpha2] = ntk ? [weightStd / Math.sqrt(d), weightStd / Math.sqrt(m)] : [1, 1];
  const beta = net.bias ? (ntk ? biasStd : 1) : 0;
  const at = net.bias ? 1 : 0;
  let f = net.bias ? beta * theta[0] : 0;
  const [b, c, e]: number[][] = [[], [], []];
  for (let j = 0; j < m; j++) {
    let z = net.bias ? beta * theta[at + m + m * d + j] : 0;
    for (let t = 0; t < d; t++) z += alpha1 * theta[at + m + j * d + t] * x[t];
    const [s, ds] = activate(net.activation as Activation, z);
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
