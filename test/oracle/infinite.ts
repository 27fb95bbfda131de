/**
 * Kernels of infinitely wide networks by the recursion of MATH.md §6. Every Gaussian expectation is taken by the
 * trapezoid rule on a plane, which converges exponentially for smooth activations. It is independent of closed forms,
 * mixtures and series.
 */
import type { Activation, InfiniteNetworkOptions } from "../../src/index.js";
import { definitionOf } from "./activations.js";

const STEP = 0.125;
const NODES = Array.from({ length: 177 }, (_, i) => (i - 88) * STEP);
const WEIGHTS = NODES.map((x) => (STEP * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI));

/** Expectations that were asked for: pairs with a point in common ask for those of the point. */
const expectations = new Map<string, [number, number]>();

/** E[σ(u)σ(v)] and E[σ'(u)σ'(v)] for variances a, b and covariance c. */
function dualActivation(activation: Activation, a: number, b: number, c: number): [number, number] {
  const key = JSON.stringify([activation, a, b, c]);
  const known = expectations.get(key) ?? onThePlane(activation, a, b, c);
  expectations.set(key, known);
  return known;
}

function onThePlane(activation: Activation, a: number, b: number, c: number): [number, number] {
  const p = Math.sqrt(a);
  const along = p > 0 ? c / p : 0;
  const across = Math.sqrt(Math.max(0, b - along * along));
  const define = definitionOf(activation);
  let [value, slope] = [0, 0];
  NODES.forEach((x, i) => {
    const [f, df] = define(p * x);
    NODES.forEach((y, j) => {
      const [g, dg] = define(along * x + across * y);
      const weight = WEIGHTS[i] * WEIGHTS[j];
      value += weight * f * g;
      slope += weight * df * dg;
    });
  });
  return [value, slope];
}

/** The value of layer l. */
const at = <T>(values: T | readonly T[], l: number): T => (Array.isArray(values) ? values[l] : values) as T;

/** Pairs that were asked for: variants, and both kernels, ask for the same ones. */
const known = new Map<string, { ntk: number; nngp: number }>();

/** NTK and NNGP of two inputs. */
export function infinitePair(options: InfiniteNetworkOptions, x: number[], y: number[]): { ntk: number; nngp: number } {
  const key = JSON.stringify([options, x, y]);
  const pair = known.get(key) ?? pairOf(options, x, y);
  known.set(key, pair);
  return pair;
}

function pairOf(
  {
    depth = 1,
    activation = "sigmoid",
    weightStd = 1,
    biasStd = 1,
    bias = true,
    parametrization = "ntk",
    width = 0,
    rates = 1,
    outputScale = 1,
    residual: k = 0,
  }: InfiniteNetworkOptions,
  x: number[],
  y: number[],
): { ntk: number; nngp: number } {
  const standard = parametrization === "standard";
  /** Variances of weights and biases of a layer, and their rates. */
  const layer = (l: number) => {
    const suffix = depth > 1 ? l + 1 : "";
    const [c, d] = l === depth ? ["b", "a"] : [`c${suffix}`, `d${suffix}`];
    const rate = (name: string) =>
      typeof rates === "object" && !Array.isArray(rates)
        ? ((rates as Record<string, number>)[name] ?? 1)
        : at(rates as number | number[], l);
    return { w: at(weightStd, l) ** 2, b: bias ? at(biasStd, l) ** 2 : 0, rw: rate(c), rb: rate(d) };
  };
  const dot = (p: number[], q: number[]) => p.reduce((sum, value, t) => sum + value * q[t], 0);
  const { w, b, rw, rb } = layer(0);
  const first = (p: number[], q: number[]) => (w * dot(p, q)) / x.length + b;
  const shift = bias ? 1 : 0;
  let theta = standard ? rw * dot(x, y) + rb * shift : (rw * w * dot(x, y)) / x.length + rb * b;
  let [xx, yy, xy] = [first(x, x), first(y, y), first(x, y)];
  let joined = [xx, yy, xy, theta];
  for (let l = 0; l < depth; l++) {
    const name = at(activation, l);
    const { w, b, rw, rb } = layer(l + 1);
    const [value, slope] = dualActivation(name, xx, yy, xy);
    [xx, yy] = [w * dualActivation(name, xx, xx, xx)[0] + b, w * dualActivation(name, yy, yy, yy)[0] + b];
    xy = w * value + b;
    theta = w * theta * slope + (standard ? rw * at(width, l) * value + rb * shift : rw * w * value + rb * b);
    // Hidden layers 1, 1 + k, 1 + 2k, … are joined: counted from 0, the multiples of k.
    if (k > 0 && l + 1 < depth && (l + 1) % k === 0) {
      [xx, yy, xy, theta] = [xx, yy, xy, theta].map((v, i) => v + joined[i]);
      joined = [xx, yy, xy, theta];
    }
  }
  return { ntk: outputScale ** 2 * theta, nngp: outputScale ** 2 * xy };
}
