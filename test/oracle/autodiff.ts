/**
 * Forward-mode differentiation of a network of any depth, one parameter at a time: numbers carry their derivative. It
 * knows the forward pass and the order of θ (MATH.md §1). It knows nothing of gradients, layers' factors or the
 * library.
 */
import type { Network } from "../../src/index.js";
import { activate } from "./activations.js";

/** A value and its derivative along one direction. */
type DualNumber = [value: number, slope: number];

const times = ([a, da]: DualNumber, [b, db]: DualNumber): DualNumber => [a * b, da * b + a * db];
const plus = ([a, da]: DualNumber, [b, db]: DualNumber): DualNumber => [a + b, da + db];

/** f(x, θ), C dual numbers, for θ given as dual numbers. */
function outputs(net: Network, x: ArrayLike<number>, theta: DualNumber[]): DualNumber[] {
  const hidden = typeof net.hidden === "number" ? [net.hidden] : net.hidden;
  const sizes = [net.inputs, ...hidden, net.outputs];
  const ntk = net.parametrization === "ntk";
  // Layers lie in θ from the top down: biases before weights in the readout, behind them below.
  let at = 0;
  const take = (count: number) => {
    at += count;
    return theta.slice(at - count, at);
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
  layers.forEach(({ fanIn, fanOut, weights, bias }, l) => {
    const alpha: DualNumber = [ntk ? net.weightStd / Math.sqrt(fanIn) : 1, 0];
    const beta: DualNumber = [ntk ? net.biasStd : 1, 0];
    const z = Array.from({ length: fanOut }, (_, j) => {
      let sum: DualNumber = [0, 0];
      for (let t = 0; t < fanIn; t++) sum = plus(sum, times(weights[j * fanIn + t], h[t]));
      sum = times(alpha, sum);
      return net.bias ? plus(sum, times(beta, bias[j])) : sum;
    });
    if (l === layers.length - 1) h = z;
    else
      h = z.map(([value, slope]): DualNumber => {
        const [s, ds] = activate(net.activation, value);
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
  const at = Array.from(theta, (value): DualNumber => [value, 0]);
  const f = outputs(net, x, at).map(([value]) => value);
  const rows = f.map(() => new Array<number>(at.length));
  for (let p = 0; p < at.length; p++) {
    at[p][1] = 1;
    outputs(net, x, at).forEach(([, slope], c) => {
      rows[c][p] = slope;
    });
    at[p][1] = 0;
  }
  return { f, rows };
}

/** Jacobian rows of all inputs, row n·C + c. */
export function jacobianOf(net: Network, X: ArrayLike<number>[], theta?: ArrayLike<number>): number[][] {
  return X.flatMap((x) => autodiff(net, x, theta).rows);
}
