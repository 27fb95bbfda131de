/**
 * A network and inputs with the same kernel, where products of the inputs overflow and the kernel need not:
 *
 *   x → x/s,  W_1 → s W_1,  b → s b,  rates of what lies between → rate/s²,   s a power of two
 *
 * Pre-activations and features stay as they are, and gradients are s times as large. So the term of W_1, which has
 * x·x', stays too, and the rates take s² out of the others. Nothing is rounded.
 */
import { areFinite } from "../../check.js";
import { maxAbs } from "../../linalg/vectors.js";
import { type Matrix, matrix } from "../../matrix.js";
import { blockOf, type Network, widths, withParameters } from "../../model/network.js";
import { blockNames, ratesAt } from "../../model/perLayer.js";

/** Logarithm of the largest sum of squares of a point, with room for a last doubling or two. */
const SQUARES = 1020;
/** Inputs below this have no squares, nor sums of them over 10⁸ columns, that overflow. */
const SMALL = 1e150;
/** Largest log s: rates, and the squares of other scales with them, stay normal numbers. */
const MOST = 480;

interface Rescaled {
  net: Network;
  X: Matrix;
  X2: Matrix | undefined;
}

/**
 * What `compute` gives; where that is not finite, what it gives for the rescaled network, if there is one. The inputs
 * are looked at first: they are fewer than the results.
 */
export function unlessOverflows<T>(
  net: Network,
  X: Matrix,
  X2: Matrix | undefined,
  compute: (net: Network, X: Matrix, X2: Matrix | undefined) => T,
  numbers: (result: T) => readonly Float64Array[],
): T {
  const result = compute(net, X, X2);
  const largest = Math.max(maxAbs(X.data), X2 ? maxAbs(X2.data) : 0);
  if (largest < SMALL || numbers(result).every(areFinite)) return result;
  const other = rescaled(net, X, X2, largest);
  return other ? compute(other.net, other.X, other.X2) : result;
}

/** @param largest the largest size of an input. */
function rescaled(net: Network, X: Matrix, X2: Matrix | undefined, largest: number): Rescaled | undefined {
  const power = Math.ceil(Math.log2(largest) + Math.log2(net.inputs) / 2) - SQUARES / 2;
  if (!(power > 0 && power <= MOST)) return undefined;
  const s = 2 ** power;
  const depth = widths(net).length;
  const parameters = net.parameters.slice();
  const own = { ...net, parameters };
  for (const l of [0, depth]) {
    const weights = blockOf(own, blockNames(depth, l).weights);
    for (let at = 0; at < weights.length; at++) weights[at] *= s;
  }
  if (!areFinite(parameters)) return undefined;
  const by = ({ data, rows, cols }: Matrix) =>
    matrix(
      rows,
      cols,
      data.map((x) => x / s),
    );
  return { net: { ...withParameters(net, parameters), rates: slowed(net, depth, s) }, X: by(X), X2: X2 && by(X2) };
}

/** Rates over s², but those of the readout and of the first layer's weights. */
function slowed(net: Network, depth: number, s: number): Record<string, number> {
  const rates: Record<string, number> = {};
  for (let l = 0; l <= depth; l++) {
    const [names, given] = [blockNames(depth, l), ratesAt(net.rates, depth, l)];
    rates[names.weights] = l === 0 || l === depth ? given.weights : given.weights / s / s;
    if (net.bias) rates[names.bias] = l === depth ? given.bias : given.bias / s / s;
  }
  return rates;
}
