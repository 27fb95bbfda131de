// The export list is the ABI: exactly the ops of src/ops.ts.
export { dgemm, dgemmScratchBytes, dsyrk } from "./blas/gemm";
export { dgram, dgramBlock, dgramBlockCross, dgramCross, dgramScratchBytes } from "./blas/gram";
export { dntk, dntkCross, dntkScratchBytes, sntk, sntkCross, sntkScratchBytes } from "./network/ntk";
export { dpotrf, dpotrfScratchBytes } from "./lapack/cholesky";
export { dch1dn, dch1up, dch1upScratchBytes, dchdex } from "./lapack/choleskyEdits";
export { dtrsm, dtrsmScratchBytes, dtrsv } from "./blas/trsm";
export { daffine, dfeatures, dfeaturesScratchBytes } from "./network/features";
export { dkhatrirao, dvjp } from "./network/jacobian";
export { ddescend, dtrain, dtrainScratchBytes } from "./network/train";
export { dcovariance, ddual, ddualScratchBytes, dmoments, dunit } from "./infinite/layer";
export { deigh, deighScratchBytes } from "./lapack/eigen/index";
export { dgemv, dhadamard, dmirror, drowdot, dtranspose } from "./blas/level2";
export {
  sfeatures, sfeaturesScratchBytes, sgemm, sgemmScratchBytes, sgram, sgramBlock, sgramBlockCross, sgramCross, sgramScratchBytes,
  shadamard, smirror, spotrf, spotrfScratchBytes, ssyrk, strsm, strsmScratchBytes, strsv,
} from "./abi/float32";

/** First byte that is not the module's own. */
export function heapBase(): usize {
  return __heap_base;
}
