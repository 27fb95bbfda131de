/**
 * Networks that are homogeneous, f(sx) = s f(x) for s > 0: relu and the like whose biases start at 0. Their kernels are
 *
 *   K(x, x') = s s' K(x/s, x'/s'),   s and s' powers of two,
 *
 * to the bit. With a layer of steps f(sx) = f(x), and the factor s s' is 1. Weights of a layer over u divide f by u.
 * A kernel of `standard` has a term of biases that are trained from 0. The term has the degree 0.
 *
 * So points and weights far from 1 have angles too: ab − c² of their variances a and b would leave the doubles.
 */
import { type Matrix, matrix } from "../../matrix.js";
import { recordOf } from "../../model/activation.js";
import { isDefined } from "../../model/definedActivation.js";
import type { InfiniteNetwork } from "../../model/infinite.js";
import { blockNames, ratesAt, valueAt } from "../../model/perLayer.js";

/** Up to 2^±150 the largest coordinates leave room: products of two variances and of weights stay doubles. */
const MOST = 150;
/** Up to 2^±100 the weights of all layers leave room. */
const MOST_WEIGHTS = 100;
/** Rates are divided by the square of a layer's power: up to 2^±400 the quotients are doubles. */
const MOST_LAYER = 400;

/** A term of a kernel: that of a model on points near 1, times powers of two. */
export interface Term {
  readonly model: InfiniteNetwork;
  readonly sets: readonly Matrix[];
  /** Logarithms of what the points of each set are to be multiplied by; undefined where all are 1. */
  readonly powers: readonly Int32Array[] | undefined;
  /** Only entries of pairs with a far point count, or only those without one; undefined where all do. */
  readonly part: Part | undefined;
}

export interface Part {
  readonly far: boolean;
  /** What is not 0 belongs to a far point. */
  readonly powers: readonly Int32Array[];
}

/** The degree k of f(sx) = s^k f(x), 1 or 0; undefined where f is not homogeneous. */
function degreeOf({ depth, bias, biasStd, activation, residual }: InfiniteNetwork): 0 | 1 | undefined {
  if (depth === 0 || (bias && [biasStd].flat().some((std) => std !== 0))) return undefined;
  const activations = [activation].flat();
  const isHomogeneous = activations.every((own) => {
    if (isDefined(own)) return false;
    return ["relu", "identity", "step"].includes(own as string) || recordOf(own)[1] > 0;
  });
  if (!isHomogeneous) return undefined;
  if (!activations.includes("step")) return 1;
  // An identity beside steps keeps s.
  return residual > 0 ? undefined : 0;
}

/** The terms of a kernel. It is its own only term where points and weights are near 1, or f is not homogeneous. */
export function termsOf(model: InfiniteNetwork, sets: readonly Matrix[]): Term[] {
  const all = sets.map((X) => powersOf(X));
  const layers = layerPowers(model);
  const isFar = layers || all.some((powers) => powers.some((power) => power !== 0));
  const degree = isFar ? degreeOf(model) : undefined;
  if (degree === undefined) return [{ model, sets, powers: undefined, part: undefined }];
  const near = sets.map((X, i) => over(X, all[i]));
  const isSplit = model.bias && model.parametrization === "standard" && model.kernel === "ntk";
  const lifted = layers ? lightened(model, layers) : model;
  const own = layers ? lastPowers(model, layers) : 0;
  const powers = all.map((set) => set.map((power) => degree * power + own));
  if (!isSplit) return [{ model: lifted, sets: near, powers, part: undefined }];
  // Entries of points near 1 are the same bits in any company: they are no sum of two terms.
  const far = layers ? undefined : { far: true, powers: all };
  const weights = withRates(lifted, (rates) => ({ ...rates, bias: 0 }));
  // Weights far from 1 make the bias of the readout all of the other term.
  const biases = withRates(model, (rates) => ({ ...rates, weights: 0 }));
  const terms: Term[] = [
    { model: weights, sets: near, powers, part: far },
    { model: biases, sets: near, powers: undefined, part: far },
  ];
  if (!far) return terms;
  return [{ model, sets: near, powers: undefined, part: { ...far, far: false } }, ...terms];
}

/** Logarithms of the sizes of weights, a number a layer; undefined where all layers together are near 1. */
function layerPowers(model: InfiniteNetwork): number[] | undefined {
  const { depth, residual, parametrization, kernel } = model;
  // A joined layer has the weights of one way of two.
  if (residual > 0) return undefined;
  const powers = Array.from({ length: depth + 1 }, (_, l) => {
    const std = valueAt(model.weightStd, l);
    return std > 0 ? Math.floor(Math.log2(std)) : 0;
  });
  const total = powers.reduce((sum, power) => sum + Math.abs(power), 0);
  const most = powers.reduce((top, power) => Math.max(top, Math.abs(power)), 0);
  const isDivided = parametrization === "standard" && kernel === "ntk";
  return total > MOST_WEIGHTS && (!isDivided || most <= MOST_LAYER) ? powers : undefined;
}

/** A model with the weights of each layer over a power of two. In `standard` the rates of weights have no variance. */
function lightened(model: InfiniteNetwork, powers: readonly number[]): InfiniteNetwork {
  const weightStd = powers.map((power, l) => scaledBy(valueAt(model.weightStd, l), -power));
  const lighter = { ...model, weightStd };
  if (model.parametrization === "ntk" || model.kernel === "nngp") return lighter;
  return withRates(lighter, ({ weights, bias }, l) => ({ weights: scaledBy(weights, -2 * powers[l]), bias }));
}

/** The logarithm of what {@link lightened} divides f by: layers below the last step do not count. */
function lastPowers({ depth, activation }: InfiniteNetwork, powers: readonly number[]): number {
  let sum = 0;
  for (let l = 0; l <= depth; l++) {
    sum += powers[l];
    if (l < depth && valueAt(activation, l) === "step") sum = 0;
  }
  return sum;
}

type LayerRates = ReturnType<typeof ratesAt>;

/** A model with other rates in each layer. */
function withRates(model: InfiniteNetwork, change: (rates: LayerRates, l: number) => LayerRates): InfiniteNetwork {
  const { depth } = model;
  const rates = Array.from({ length: depth + 1 }, (_, l) => {
    const names = blockNames(depth, l);
    const own = change(ratesAt(model.rates, depth, l), l);
    return [
      [names.weights, own.weights],
      [names.bias, own.bias],
    ];
  }).flat();
  return { ...model, rates: Object.fromEntries(rates) };
}

/** Points over powers of two. */
function over({ data, rows, cols }: Matrix, powers: Int32Array): Matrix {
  const X = matrix(rows, cols);
  for (let at = 0; at < data.length; at++) X.data[at] = scaledBy(data[at], -powers[Math.floor(at / cols)]);
  return X;
}

/** Logarithms of the largest coordinates that are far from 1; else 0. */
function powersOf({ data, rows, cols }: Matrix): Int32Array {
  return Int32Array.from({ length: rows }, (_, i) => {
    let top = 0;
    for (let at = i * cols; at < (i + 1) * cols; at++) top = Math.max(top, Math.abs(data[at]));
    const power = top > 0 ? Math.floor(Math.log2(top)) : 0;
    return Math.abs(power) > MOST ? power : 0;
  });
}

/** x·2^power: two steps, because the power alone may leave the doubles. */
export function scaledBy(x: number, power: number): number {
  if (power === 0 || x === 0) return x;
  const half = power >> 1;
  return x * 2 ** half * 2 ** (power - half);
}
