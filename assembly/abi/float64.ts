// The double-precision ops. Each calls its driver with lanes of f64; the contract is in src/ops.ts.
import { gemm, gemmScratchBytes, syrk } from "../blas/gemm";
import { gram, gramBlock, gramBlockCross, gramCross, gramScratchBytes } from "../blas/gram";
import { asymmetry, gemv, hadamard, mirror, rowdot, transpose } from "../blas/level2";
import { trsm, trsmScratchBytes, trsv } from "../blas/trsm";
import { covariance, unit } from "../infinite/covariance";
import { dualActivation, dualActivationScratchBytes } from "../infinite/layer";
import { moments } from "../infinite/probitSeries";
import { potrf, potrfScratchBytes } from "../lapack/cholesky";
import { ch1dn, ch1up, ch1upScratchBytes, chdex } from "../lapack/choleskyEdits";
import { eigh, eighScratchBytes } from "../lapack/eigen/index";
import { getrf, getrfScratchBytes } from "../lapack/lu";
import { batch } from "../network/batch";
import { activateRows, affine, features, featuresScratchBytes } from "../network/features";
import { khatrirao, vjp } from "../network/jacobian";
import { descend } from "../network/descend";
import { loss } from "../network/loss";
import { ntk, ntkScratchBytes } from "../network/ntk";
import { normals, normalsScratchBytes } from "../random/normals";
import { jump } from "../random/xoshiro";
import { threads } from "../team/team";
import { train, trainScratchBytes } from "../network/train";

export function dgemm(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gemm<f64>(transA, transB, rowStart, rowEnd, n, k, alpha, a, lda, b, ldb, gamma, c, ldc, work);
}

export function dgemmScratchBytes(rows: i32, n: i32, k: i32): f64 {
  return gemmScratchBytes<f64>(rows, n, k);
}

export function dsyrk(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return syrk<f64>(trans, rowStart, rowEnd, k, alpha, a, lda, gamma, c, ldc, work);
}

export function dgram(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32,
  d: i32, alpha: f64, a: usize, lda: i32, beta: f64, gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gram<f64>(rowStart, rowEnd, k, g, ldg, d, alpha, a, lda, beta, gamma, delta, c, ldc, work);
}

export function dgramCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32,
  d: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramCross<f64>(
    rowStart, rowEnd, n2, k, g, ldg, h, ldh, d, alpha, a, lda, b, ldb, beta, gamma, delta, c, ldc, work,
  );
}

export function dgramBlock(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramBlock<f64>(rowStart, rowEnd, k, g, ldg, repeat, f, ldf, gamma, c, ldc, work);
}

export function dgramBlockCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return gramBlockCross<f64>(rowStart, rowEnd, n2, k, g, ldg, h, ldh, repeat, f, ldf, gamma, c, ldc, work);
}

export function dgramScratchBytes(rows: i32, n2: i32, k: i32, d: i32): f64 {
  return gramScratchBytes<f64>(rows, n2, k, d);
}

export function dntk(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, w: usize, ldw: i32,
  zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return ntk<f64>(
    true, activation, rowStart, rowEnd, rowEnd, m, d, zAlpha, x, ldx, x, ldx, w, ldw, zBeta, bias, gain, sigma, alpha,
    beta, gamma, delta, c, ldc, work,
  );
}

export function dntkCross(
  activation: i32, rowStart: i32, rowEnd: i32, n2: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, y: usize, ldy: i32,
  w: usize, ldw: i32, zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  return ntk<f64>(
    false, activation, rowStart, rowEnd, n2, m, d, zAlpha, x, ldx, y, ldy, w, ldw, zBeta, bias, gain, sigma, alpha,
    beta, gamma, delta, c, ldc, work,
  );
}

export function dntkScratchBytes(rows: i32, n2: i32, m: i32, d: i32): f64 {
  return ntkScratchBytes<f64>(rows, n2, m, d);
}

export function dpotrf(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  return potrf<f64>(n, tolerance, a, lda, work);
}

export function dpotrfScratchBytes(n: i32): f64 {
  return potrfScratchBytes<f64>(n);
}

export function dgetrf(n: i32, tolerance: f64, a: usize, lda: i32, pivots: usize, work: usize): i32 {
  return getrf(n, tolerance, a, lda, pivots, work);
}

export function dgetrfScratchBytes(n: i32): f64 {
  return getrfScratchBytes(n);
}

export function dtrsm(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): i32 {
  return trsm<f64>(trans, rowStart, rowEnd, n, l, ldl, b, ldb, work);
}

export function dtrsmScratchBytes(rows: i32, n: i32): f64 {
  return trsmScratchBytes<f64>(rows, n);
}

export function dtrsv(trans: i32, n: i32, l: usize, ldl: i32, b: usize): i32 {
  return trsv<f64>(trans, n, l, ldl, b);
}

export function dch1up(n: i32, l: usize, ldl: i32, x: usize, work: usize): i32 {
  return ch1up(n, l, ldl, x, work);
}

export function dch1dn(n: i32, tolerance: f64, l: usize, ldl: i32, x: usize, work: usize): i32 {
  return ch1dn(n, tolerance, l, ldl, x, work);
}

export function dchdex(n: i32, j: i32, l: usize, ldl: i32, work: usize): i32 {
  return chdex(n, j, l, ldl, work);
}

export function dch1upScratchBytes(n: i32): f64 {
  return ch1upScratchBytes(n);
}

export function deigh(vectors: i32, n: i32, a: usize, lda: i32, w: usize, work: usize): i32 {
  return eigh(vectors, n, a, lda, w, work);
}

export function deighScratchBytes(vectors: i32, n: i32): f64 {
  return eighScratchBytes(vectors, n);
}

export function dfeatures(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  return features<f64>(
    activation, rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work,
  );
}

export function dfeaturesScratchBytes(rows: i32, m: i32, d: i32): f64 {
  return featuresScratchBytes<f64>(rows, m, d, threads());
}

export function daffine(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, z: usize, ldz: i32, work: usize,
): i32 {
  return affine<f64>(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, beta, bias, z, ldz, work);
}

export function dactivate(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  return activateRows<f64>(activation, rowStart, rowEnd, m, gain, s, lds, g, ldg, work);
}

export function dkhatrirao(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, scale: f64, g: usize, ldg: i32, x: usize, ldx: i32, repeat: i32,
  j: usize, ldj: i32,
): i32 {
  return khatrirao(rowStart, rowEnd, m, d, scale, g, ldg, x, ldx, repeat, j, ldj);
}

export function dvjp(
  unitStart: i32, unitEnd: i32, n: i32, d: i32, bScale: f64, cScale: f64, dScale: f64,
  v: usize, x: usize, ldx: i32, s: usize, lds: i32, g: usize, ldg: i32, ub: usize, uc: usize, ud: usize,
): i32 {
  return vjp(unitStart, unitEnd, n, d, bScale, cScale, dScale, v, x, ldx, s, lds, g, ldg, ub, uc, ud);
}

export function dtrain(
  activation: i32, steps: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  ta: f64, tb: f64, tc: f64, td: f64, x: usize, y: usize, theta: usize, losses: usize, limit: f64, rule: usize, work: usize,
): i32 {
  return train(
    activation, steps, n, m, d, alpha1, beta1, alpha2, beta2, bias, ta, tb, tc, td, x, y, theta, losses, limit, rule, work,
  );
}

export function dtrainScratchBytes(n: i32, m: i32, d: i32): f64 {
  return trainScratchBytes(n, m, d);
}

export function dbatch(op: i32, count: i32, calls: usize): i32 {
  return batch(op, count, calls);
}

export function ddescend(P: i32, k: i32, gradient: usize, theta: usize, rule: usize): i32 {
  return descend(P, k, gradient, theta, rule);
}

export function dloss(code: i32, n: i32, C: i32, scale: f64, f: usize, y: usize, sum: usize): i32 {
  return loss(code, n, C, scale, f, y, sum);
}

export function dunit(n: i32, d: i32, alpha: f64, beta: f64, x: usize, ldx: i32, a: usize, u: usize, ldu: i32): i32 {
  return unit(n, d, alpha, beta, x, ldx, a, u, ldu);
}

export function dcovariance(
  rowStart: i32, rowEnd: i32, cols: i32, d: i32, a: usize, u: usize, ldu: i32, b: usize, v: usize, ldv: i32, vt: usize, ldvt: i32,
  c: usize, ldc: i32, delta: usize, ldd: i32,
): i32 {
  return covariance(rowStart, rowEnd, cols, d, a, u, ldu, b, v, ldv, vt, ldvt, c, ldc, delta, ldd);
}

export function dmoments(n: i32, a: usize, scale: f64, nodes: usize, terms: i32, m: usize): i32 {
  return moments(n, a, scale, nodes, terms, m);
}

export function ddual(
  activation: i32, rowStart: i32, rowEnd: i32, cols: i32, diagonal: i32, nodes: usize, terms: i32, held: i32,
  a: usize, ma: usize, b: usize, mb: usize, nextA: usize, nextB: usize, c: usize, ldc: i32, delta: usize, ldd: i32,
  theta: usize, ldt: i32, weight: f64, bias: f64, scale: f64, shift: f64, work: usize,
): i32 {
  return dualActivation(
    activation, rowStart, rowEnd, cols, diagonal, nodes, terms, held, a, ma, b, mb, nextA, nextB, c, ldc, delta, ldd,
    theta, ldt, weight, bias, scale, shift, work,
  );
}

export function ddualScratchBytes(terms: i32): f64 {
  return dualActivationScratchBytes(terms);
}

export function dgemv(
  rowStart: i32, rowEnd: i32, n: i32, alpha: f64, a: usize, lda: i32, x: usize, gamma: f64, y: usize,
): i32 {
  return gemv(rowStart, rowEnd, n, alpha, a, lda, x, gamma, y);
}

export function drowdot(
  rowStart: i32, rowEnd: i32, n: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, out: usize,
): i32 {
  return rowdot(rowStart, rowEnd, n, alpha, a, lda, b, ldb, gamma, out);
}

export function dhadamard(
  rowStart: i32, rowEnd: i32, m: i32, alpha: f64, a: usize, lda: i32, period: i32, b: usize, ldb: i32, repeat: i32,
  c: usize, ldc: i32,
): i32 {
  return hadamard<f64>(rowStart, rowEnd, m, alpha, a, lda, period, b, ldb, repeat, c, ldc);
}

export function dmirror(n: i32, a: usize, lda: i32): i32 {
  return mirror<f64>(n, a, lda);
}

export function dasymmetry(n: i32, a: usize, lda: i32): f64 {
  return asymmetry(n, a, lda);
}

export function dtranspose(rows: i32, cols: i32, a: usize, lda: i32, b: usize, ldb: i32): i32 {
  return transpose(rows, cols, a, lda, b, ldb);
}

export function dnormals(n: i32, scale: f64, table: usize, state: usize, out: usize, work: usize): i32 {
  return normals(n, scale, table, state, out, work);
}

export function dnormalsScratchBytes(): f64 {
  return normalsScratchBytes();
}

export function djump(state: usize): i32 {
  return jump(state);
}
