/**
 * Codes of the ABI for the ops whose calls a batch makes side by side. The names are those of the ops. Both compilers
 * read this file: asc for `assembly/network/batch.ts`, and tsc for the JavaScript backend and the callers. So it holds
 * an enum and nothing else.
 */
export enum BatchCode {
  dntk = 0,
  dntkCross = 1,
  dtrain = 2,
}
