// The float32 ops: the same drivers with lanes of f32. The contract is in src/ops.ts.
import { gemm, gemmScratchBytes, syrk } from "../blas/gemm";
import { gram, gramBlock, gramBlockCross, gramCross, gramScratchBytes } from "../blas/gram";
import { hadamard, mirror } from "../blas/level2";
import { trsm, trsmScratchBytes, trsv } from "../blas/trsm";
import { potrf, potrfScratchBytes } from "../lapack/cholesky";
import { activateRows, affine, features, featuresScratchBytes } from "../network/features";
import { ntk, ntkScratchBytes } from "../network/ntk";
import { threads } from "../team/team";

export function sgemm(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gemm<f32>(transA, transB, rowStart, rowEnd, n, k, alpha, a, lda, b, ldb, gamma, c, ldc, work);
}

export function sgemmScratchBytes(rows: i32, n: i32, k: i32): f64 {
  return gemmScratchBytes<f32>(rows, n, k);
}

export function ssyrk(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return syrk<f32>(trans, rowStart, rowEnd, k, alpha, a, lda, gamma, c, ldc, work);
}

export function sgram(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32,
  d: i32, alpha: f64, a: usize, lda: i32, beta: f64, gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gram<f32>(rowStart, rowEnd, k, g, ldg, d, alpha, a, lda, beta, gamma, delta, c, ldc, work);
}

export function sgramCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32,
  d: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramCross<f32>(
    rowStart, rowEnd, n2, k, g, ldg, h, ldh, d, alpha, a, lda, b, ldb, beta, gamma, delta, c, ldc, work,
  );
}

export function sgramBlock(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramBlock<f32>(rowStart, rowEnd, k, g, ldg, repeat, f, ldf, gamma, c, ldc, work);
}

export function sgramBlockCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramBlockCross<f32>(rowStart, rowEnd, n2, k, g, ldg, h, ldh, repeat, f, ldf, gamma, c, ldc, work);
}

export function sgramScratchBytes(rows: i32, n2: i32, k: i32, d: i32): f64 {
  return gramScratchBytes<f32>(rows, n2, k, d);
}

export function sntk(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, w: usize, ldw: i32,
  zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return ntk<f32>(
    true, activation, rowStart, rowEnd, rowEnd, m, d, zAlpha, x, ldx, x, ldx, w, ldw, zBeta, bias, gain, sigma, alpha,
    beta, gamma, delta, c, ldc, work,
  );
}

export function sntkCross(
  activation: i32, rowStart: i32, rowEnd: i32, n2: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, y: usize, ldy: i32,
  w: usize, ldw: i32, zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return ntk<f32>(
    false, activation, rowStart, rowEnd, n2, m, d, zAlpha, x, ldx, y, ldy, w, ldw, zBeta, bias, gain, sigma, alpha,
    beta, gamma, delta, c, ldc, work,
  );
}

export function sntkScratchBytes(rows: i32, n2: i32, m: i32, d: i32): f64 {
  return ntkScratchBytes<f32>(rows, n2, m, d);
}

export function spotrf(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  return potrf<f32>(n, tolerance, a, lda, work);
}

export function spotrfScratchBytes(n: i32): f64 {
  return potrfScratchBytes<f32>(n);
}

export function strsm(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): i32 {
  return trsm<f32>(trans, rowStart, rowEnd, n, l, ldl, b, ldb, work);
}

export function strsmScratchBytes(rows: i32, n: i32): f64 {
  return trsmScratchBytes<f32>(rows, n);
}

export function strsv(trans: i32, n: i32, l: usize, ldl: i32, b: usize): i32 {
  return trsv<f32>(trans, n, l, ldl, b);
}

export function sfeatures(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  return features<f32>(
    activation, rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work,
  );
}

export function saffine(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, z: usize, ldz: i32, work: usize,
): i32 {
  return affine<f32>(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, beta, bias, z, ldz, work);
}

export function sactivate(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  return activateRows<f32>(activation, rowStart, rowEnd, m, gain, s, lds, g, ldg, work);
}

export function sfeaturesScratchBytes(rows: i32, m: i32, d: i32): f64 {
  return featuresScratchBytes<f32>(rows, m, d, threads());
}

export function shadamard(
  rowStart: i32, rowEnd: i32, m: i32, alpha: f64, a: usize, lda: i32, period: i32, b: usize, ldb: i32, repeat: i32,
  c: usize, ldc: i32,
): i32 {
  return hadamard<f32>(rowStart, rowEnd, m, alpha, a, lda, period, b, ldb, repeat, c, ldc);
}

export function smirror(n: i32, a: usize, lda: i32): i32 {
  return mirror<f32>(n, a, lda);
}
