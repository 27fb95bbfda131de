/**
 * Codes of the ABI for losses. Both compilers read this file: asc for `assembly/network/loss.ts`, and tsc for the table
 * in `training/loss.ts` and the JavaScript backend. So it holds an enum and nothing else.
 */
export enum LossCode {
  squared = 0,
  logistic = 1,
  huber = 2,
  crossEntropy = 3,
}
