/**
 * Codes of the ABI. Both compilers read this file: asc for `assembly/`, and tsc for the JavaScript backend and the
 * tables of names. So it holds enums and nothing else.
 */

/** Activations. A new one takes the next number. */
export enum ActivationCode {
  sigmoid = 0,
  tanh = 1,
  erf = 2,
  relu = 3,
  identity = 4,
  gelu = 5,
  softplus = 6,
  silu = 7,
  sin = 8,
  leakyRelu = 9,
  abRelu = 10,
  abs = 11,
  cos = 12,
  gaussian = 13,
  exp = 14,
  step = 15,
  monomial = 16,
  hermite = 17,
  hardTanh = 18,
  elu = 19,
  selu = 20,
}

/** Ops whose calls a batch makes side by side, by their names. */
export enum BatchCode {
  dntk = 0,
  dntkCross = 1,
  dtrain = 2,
}

/** Losses of training. */
export enum LossCode {
  squared = 0,
  logistic = 1,
  huber = 2,
  crossEntropy = 3,
}

/** Rules by which weights move. */
export enum OptimizerCode {
  descent = 0,
  adam = 1,
  adamW = 2,
}
