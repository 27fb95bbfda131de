/**
 * Codes of the ABI for optimizers. Both compilers read this file: asc for `assembly/network/descend.ts`, and tsc for
 * `training/optimizer.ts` and the JavaScript backend. So it holds an enum and nothing else.
 */
export enum OptimizerCode {
  descent = 0,
  adam = 1,
  adamW = 2,
}
