/**
 * Kernels of infinitely wide networks by the recursion of MATH.md §6. Every Gaussian expectation is taken by the
 * trapezoid rule on a plane, which converges exponentially for smooth activations. It is independent of closed forms,
 * mixtures and series.
 */
import type { Activation, InfiniteNetworkOptions } from "../../src/index.js";
import { activate } from "./activations.js";

const STEP = 0.125;
const NODES = Array.from({ length: 177 }, (_, i) => (i - 88) * STEP);
const WEIGHTS = NODES.map((x) => (STEP * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));

/** E[σ(u)σ(v)] and E[σ'(u)σ'(v)] for variances a, b and covariance c. */
function dualActivation(activation: Activation, a: number, b: number, c: number): [number, number] {
  const p = Math.sqrt(a);
  const along = p > 0 ? c / p : 0;
  const across = Math.sqrt(Math.max(0, b - along * along));
  let [value, slope] = [0, 0];
  NODES.forEach((x, i) => {
    const [f, df] = activate(activation, p * x);
    NODES.forEach((y, j) => {
      const [g, dg] = activate(activation, along * x + across * y);
      const weight = WEIGHTS[i] * WEIGHTS[j];
      value += weight * f * g;
      slope += weight * df * dg;
    });
  });
  return [value, slope];
}

/** NTK and NNGP of two inputs. */
export function infinitePair(
  {
    depth = 1,
    activation = "sigmoid",
    weightStd = 1,
    biasStd = 1,
    bias = true,
    parametrization = "ntk",
    width = 0,
  }: InfiniteNetworkOptions,
  x: number[],
  y: number[],
): { ntk: number; nngp: number } {
  const [w, b] = [weightStd ** 2, bias ? biasStd ** 2 : 0];
  const dot = (p: number[], q: number[]) => p.reduce((sum, value, t) => sum + value * q[t], 0);
  const first = (p: number[], q: number[]) => (w * dot(p, q)) / x.length + b;
  let [xx, yy, xy] = [first(x, x), first(y, y), first(x, y)];
  const standard = parametrization === "standard";
  const shift = bias ? 1 : 0;
  let theta = standard ? dot(x, y) + shift : xy;
  for (let l = 0; l < depth; l++) {
    const [value, slope] = dualActivation(activation, xx, yy, xy);
    [xx, yy, xy] = [
      w * dualActivation(activation, xx, xx, xx)[0] + b,
      w * dualActivation(activation, yy, yy, yy)[0] + b,
      w * value + b,
    ];
    theta = w * theta * slope + (standard ? width * value + shift : xy);
  }
  return { ntk: theta, nngp: xy };
}
