// The export list is the ABI: exactly the ops of src/ops.ts.
export { dgemm, dgemmScratchBytes, dsyrk } from "./gemm";
export { dgram, dgramBlock, dgramBlockCross, dgramCross, dgramScratchBytes } from "./gram";
export { dntk, dntkCross, dntkScratchBytes, sntk, sntkCross, sntkScratchBytes } from "./ntk";
export { dpotrf, dpotrfScratchBytes } from "./cholesky";
export { dch1dn, dch1up, dch1upScratchBytes, dchdex } from "./update";
export { dtrsm, dtrsmScratchBytes, dtrsv } from "./trsm";
export { daffine, dfeatures, dfeaturesScratchBytes } from "./features";
export { dkhatrirao, dvjp } from "./jacobian";
export { ddescend, dtrain, dtrainScratchBytes } from "./train";
export { dcovariance, ddual, ddualScratchBytes, dmoments, dunit } from "./dual/index";
export { deigh, deighScratchBytes } from "./eigen/index";
export { dgemv, dhadamard, dmirror, drowdot, dtranspose } from "./level2";
export {
  sfeatures, sfeaturesScratchBytes, sgemm, sgemmScratchBytes, sgram, sgramBlock, sgramBlockCross, sgramCross, sgramScratchBytes,
  shadamard, smirror, spotrf, spotrfScratchBytes, ssyrk, strsm, strsmScratchBytes, strsv,
} from "./single";

/** First byte that is not the module's own. */
export function heapBase(): usize {
  return __heap_base;
}
