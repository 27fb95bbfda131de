/**
 * Networks that are homogeneous, f(sx) = s f(x) for s > 0: relu and the like without biases. Their kernels are
 *
 *   K(x, x') = s s' K(x/s, x'/s'),   s and s' powers of two,
 *
 * to the bit. With a layer of steps f(sx) = f(x), and the factor s s' is 1.
 *
 * So points far from 1 have angles too: ab − c² of their variances a and b would leave the doubles.
 */
import { type Matrix, matrix } from "../../matrix.js";
import { recordOf } from "../../model/activation.js";
import { isDefined } from "../../model/definedActivation.js";
import type { InfiniteNetwork } from "../../model/infinite.js";

/** Up to 2^±150 the largest coordinates leave room: products of two variances and of weights stay doubles. */
const MOST = 150;

/** Points over powers of two, and the powers. */
export interface Unscaled {
  readonly X: Matrix;
  /** Logarithms of what the points of the kernel are to be multiplied by. */
  readonly powers: Int32Array;
}

/** The degree k of f(sx) = s^k f(x), 1 or 0; undefined where f is not homogeneous. */
function degreeOf(model: InfiniteNetwork): 0 | 1 | undefined {
  const { depth, bias, biasStd, parametrization, residual } = model;
  const none = parametrization === "ntk" && [biasStd].flat().every((std) => std === 0);
  if (depth === 0 || (bias && !none)) return undefined;
  const activations = [model.activation].flat();
  const isHomogeneous = activations.every((activation) => {
    if (isDefined(activation)) return false;
    return ["relu", "identity", "step"].includes(activation as string) || recordOf(activation)[1] > 0;
  });
  if (!isHomogeneous) return undefined;
  if (!activations.includes("step")) return 1;
  // An identity beside steps keeps s.
  return residual > 0 ? undefined : 0;
}

/** Sets of points with those far from 1 brought near; undefined where there are none, or the network is not so. */
export function unscaled(model: InfiniteNetwork, sets: readonly Matrix[]): Unscaled[] | undefined {
  const all = sets.map((X) => powersOf(X));
  if (!all.some((powers) => powers.some((power) => power !== 0))) return undefined;
  const degree = degreeOf(model);
  if (degree === undefined) return undefined;
  return sets.map(({ data, rows, cols }, i) => {
    const powers = all[i];
    const X = matrix(rows, cols);
    for (let at = 0; at < data.length; at++) X.data[at] = scaledBy(data[at], -powers[Math.floor(at / cols)]);
    return { X, powers: powers.map((power) => degree * power) };
  });
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
  if (power === 0) return x;
  const half = power >> 1;
  return x * 2 ** half * 2 ** (power - half);
}
