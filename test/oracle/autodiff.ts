/**
 * Forward-mode differentiation of a network of any depth, one parameter at a time: numbers carry their derivative. It
 * knows the forward pass and the order of θ (MATH.md §1). It knows nothing of gradients, layers' factors or the
 * library.
 */
import type { Network } from "../../src/index.js";
import { activate } from "./activations.js";

/** The value of layer l. */
const at = <T>(values: T | T[], l: number): T => (Array.isArray(values) ? values[l] : values);

/** A value and its derivative along one direction. */
type DualNumber = [value: number, slope: number];

const times = ([a, da]: DualNumber, [b, db]: DualNumber): DualNumber => [a * b, da * b + a * db];
const plus = ([a, da]: DualNumber, [b, db]: DualNumber): DualNumber => [a + b, da + db];

/** f(x, θ), C dual numbers, for θ given as dual numbers. */
function outputs(net: Network, x: ArrayLike<number>, theta: DualNumber[]): DualNumber[] {
  const twice = net.centeredStart ? 2 : 1;
  const hidden = (typeof net.hidden === "number" ? [net.hidden] : net.hidden).map((m) => twice * m);
  const sizes = [net.inputs, ...hidden, net.outputs];
  const ntk = net.parametrization === "ntk";
  // Layers lie in θ from the top down: biases before weights in the readout, behind them below.
  let from = 0;
  const take = (count: number) => {
    from += count;
    return theta.slice(from - count, from);
  };
  const layers = [];
  for (let l = sizes.length - 1; l > 0; l--) {
    const [fanIn, fanOut] = [sizes[l - 1], sizes[l]];
    const top = l === sizes.length - 1;
    let bias: DualNumber[] = [];
    if (top && net.bias) bias = take(fanOut);
    const weights = take(fanIn * fanOut);
    if (!top && net.bias) bias = take(fanOut);
    layers.unshift({ fanIn, fanOut, weights, bias });
  }
  let h: DualNumber[] = Array.from(x, (value): DualNumber => [value, 0]);
  const before: DualNumber[][] = [];
  layers.forEach(({ fanIn, fanOut, weights, bias }, l) => {
    const top = l === layers.length - 1;
    const scale = top ? net.outputScale : 1;
    // The width without twins: the difference of two networks of that width, over √2.
    const width = top ? fanIn / twice : fanIn;
    const mean = top && net.parametrization === "meanField" ? 1 / width : 1;
    const twins = top && twice === 2 ? Math.SQRT1_2 : 1;
    const alpha: DualNumber = [(ntk ? at(net.weightStd, l) / Math.sqrt(width) : mean) * twins * scale, 0];
    const beta: DualNumber = [(ntk ? at(net.biasStd, l) : 1) * scale, 0];
    let z = Array.from({ length: fanOut }, (_, j) => {
      let sum: DualNumber = [0, 0];
      for (let t = 0; t < fanIn; t++) sum = plus(sum, times(weights[j * fanIn + t], h[t]));
      sum = times(alpha, sum);
      return net.bias ? plus(sum, times(beta, bias[j])) : sum;
    });
    // Hidden layers 1, 1 + k, 1 + 2k, … are joined.
    const k = net.residual;
    const joined = k > 0 && !top && l > 0 && l % k === 0;
    if (joined) z = z.map((value, j) => plus(value, before[l - k][j]));
    before.push(z);
    if (top) h = z;
    else
      h = z.map(([value, slope]): DualNumber => {
        const [s, ds] = activate(at(net.activation, l), value);
        return [s, ds * slope];
      });
  });
  return h;
}

/** f(x, θ), C numbers, and its Jacobian, C rows of length P. */
export function autodiff(
  net: Network,
  x: ArrayLike<number>,
  theta: ArrayLike<number> = net.parameters,
): { f: number[]; rows: number[][] } {
  const start = Array.from(theta, (value): DualNumber => [value, 0]);
  const f = outputs(net, x, start).map(([value]) => value);
  const rows = f.map(() => new Array<number>(start.length));
  for (let p = 0; p < start.length; p++) {
    start[p][1] = 1;
    outputs(net, x, start).forEach(([, slope], c) => {
      rows[c][p] = slope;
    });
    start[p][1] = 0;
  }
  return { f, rows };
}

/** Jacobian rows of all inputs, row n·C + c. */
export function jacobianOf(net: Network, X: ArrayLike<number>[], theta?: ArrayLike<number>): number[][] {
  return X.flatMap((x) => autodiff(net, x, theta).rows);
}

/** The learning rate of each entry of θ. */
export function ratesOf(net: Network): number[] {
  const depth = typeof net.hidden === "number" ? 1 : net.hidden.length;
  return net.blocks.flatMap(({ name, length }) => {
    const level = name === "a" || name === "b" ? depth : Number(name.slice(1) || 1) - 1;
    const { rates } = net;
    const own = typeof rates === "number" ? rates : Array.isArray(rates) ? rates[level] : (rates[name] ?? 1);
    const mean = net.parametrization === "meanField" && name !== "a" ? (net.hidden as number) : 1;
    return new Array<number>(length).fill(own * mean);
  });
}
