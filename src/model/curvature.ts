/**
 * σ'' of every activation, one number at a time: what the derivative of a tangent feature in its input asks for. At
 * a kink σ'' counts as 0, the mean of both sides. For an activation of one's own it is a difference of its slope,
 * to 1e-10 of its size.
 */
import { type Activation, type BuiltIn, nameOf, recordOf } from "./activation.js";
import { type ActivationName, SIN } from "./activationParameters.js";
import { isDefined } from "./definedActivation.js";

type Curvature = (record: Float64Array) => (z: number) => number;

const none: Curvature = () => () => 0;

export const logistic = (z: number) => 1 / (1 + Math.exp(-z));

/** s' of s = logistic z, without cancellation on either side. */
export function bump(z: number): number {
  const e = Math.exp(-Math.abs(z));
  return e / (1 + e) ** 2;
}

/** frequency, phase, and quarters of a turn. */
const wave: Curvature = (record) => {
  const [, , frequency, phase, quarter] = record.length === 0 ? SIN : record;
  const shift = phase + (quarter * Math.PI) / 2;
  return (z) => -frequency * frequency * Math.sin(frequency * z + shift);
};

/** Degree, and coefficients of the powers of z. */
const polynomial: Curvature = (record) => (z) => {
  let sum = 0;
  for (let k = record[2]; k >= 2; k--) sum = sum * z + k * (k - 1) * record[3 + k];
  return sum;
};

/** α, and what multiplies z > 0. */
const elu: Curvature = (record) => (z) => (z < 0 ? record[2] * Math.exp(z) : 0);

const CURVATURES: Record<ActivationName, Curvature> = {
  sigmoid: () => (z) => bump(z) * (1 - 2 * logistic(z)),
  tanh: () => (z) => -8 * Math.tanh(z) * bump(2 * z),
  erf: () => (z) => (-4 / Math.sqrt(Math.PI)) * z * Math.exp(-z * z),
  relu: none,
  identity: none,
  gelu: () => (z) => ((2 - z * z) * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
  softplus: () => bump,
  silu: () => (z) => bump(z) * (2 + z * (1 - 2 * logistic(z))),
  sin: wave,
  cos: wave,
  leakyRelu: none,
  abRelu: none,
  abs: none,
  gaussian: (record) => (z) => (4 * record[2] ** 2 * z * z - 2 * record[2]) * Math.exp(-record[2] * z * z),
  exp: () => Math.exp,
  step: none,
  monomial: polynomial,
  hermite: polynomial,
  hardTanh: none,
  elu,
  selu: elu,
};

/** The derivative of f at z by differences of order four. */
export function difference(f: (z: number) => number, z: number, h: number): number {
  return (8 * (f(z + h) - f(z - h)) - (f(z + 2 * h) - f(z - 2 * h))) / (12 * h);
}

/** The step of the difference, beside the size of z: its error h⁴ and its rounding ε/h are both near 1e-12. */
const STEP = 2 ** -10;

/** σ'' of a checked activation. */
export function curvatureOf(activation: Activation): (z: number) => number {
  if (!isDefined(activation)) return CURVATURES[nameOf(activation as BuiltIn)](recordOf(activation as BuiltIn));
  const { slope } = activation;
  return (z) => difference(slope, z, STEP * Math.max(1, Math.abs(z)));
}
