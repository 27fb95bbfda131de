/**
 * Activation codes of the ABI. Both compilers read this file: asc for `assembly/activation/index.ts`, and tsc for the
 * table in `model/activation.ts`. So it holds an enum and nothing else. A new activation takes the next number.
 */
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
