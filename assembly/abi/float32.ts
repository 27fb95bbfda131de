// The single-precision ops: the drivers of their double twins in lanes of f32. Contract in src/ops.ts.
import { cholesky, choleskyScratchBytes } from "../lapack/cholesky";
import { featureRows, featuresScratchBytes } from "../network/features";
import { hadamard } from "../blas/level2";
import { multiply, product, productScratchBytes } from "../blas/product";
import { solveRow, triangularScratchBytes, triangularSolve } from "../blas/trsm";

export function sgemm(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<f32>(false, rowStart, rowEnd, n, k, transA, a, lda, transB, b, ldb, alpha, gamma, c, ldc, work);
  return 0;
}

export function sgemmScratchBytes(rows: i32, n: i32, k: i32): f64 {
  return productScratchBytes<f32>(rows, n, k, 0);
}

export function ssyrk(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<f32>(true, rowStart, rowEnd, rowEnd, k, trans, a, lda, trans ^ 1, a, lda, alpha, gamma, c, ldc, work);
  return 0;
}

export function sgram(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32,
  d: i32, alpha: f64, a: usize, lda: i32, beta: f64, gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<f32>(
    true, rowStart, rowEnd, rowEnd, k, 0, g, ldg, 1, g, ldg,
    d, alpha, a, lda, a, lda, beta, 1, 0, 0, gamma, delta, c, ldc, work,
  );
  return 0;
}

export function sgramCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32,
  d: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<f32>(
    false, rowStart, rowEnd, n2, k, 0, g, ldg, 1, h, ldh,
    d, alpha, a, lda, b, ldb, beta, 1, 0, 0, gamma, delta, c, ldc, work,
  );
  return 0;
}

export function sgramBlock(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<f32>(
    true, rowStart, rowEnd, rowEnd, k, 0, g, ldg, 1, g, ldg,
    0, 0, 0, 0, 0, 0, 1, repeat, f, ldf, gamma, 0, c, ldc, work,
  );
  return 0;
}

export function sgramBlockCross(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<f32>(
    false, rowStart, rowEnd, n2, k, 0, g, ldg, 1, h, ldh,
    0, 0, 0, 0, 0, 0, 1, repeat, f, ldf, gamma, 0, c, ldc, work,
  );
  return 0;
}

export function sgramScratchBytes(rows: i32, n2: i32, k: i32, d: i32): f64 {
  return productScratchBytes<f32>(rows, n2, k, d);
}

export function sfeatures(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  return featureRows<f32>(activation, rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work);
}

export function sfeaturesScratchBytes(rows: i32, m: i32, d: i32): f64 {
  return featuresScratchBytes<f32>(rows, m, d);
}

export function spotrf(n: i32, tolerance: f64, a: usize, lda: i32, work: usize): i32 {
  return cholesky<f32>(n, tolerance, a, lda, work);
}

export function spotrfScratchBytes(n: i32): f64 {
  return choleskyScratchBytes<f32>(n);
}

export function strsm(
  trans: i32, rowStart: i32, rowEnd: i32, n: i32, l: usize, ldl: i32, b: usize, ldb: i32, work: usize,
): i32 {
  triangularSolve<f32>(trans, rowStart, rowEnd, n, l, ldl, b, ldb, work);
  return 0;
}

export function strsmScratchBytes(rows: i32, n: i32): f64 {
  return triangularScratchBytes<f32>(rows, n);
}

export function strsv(trans: i32, n: i32, l: usize, ldl: i32, b: usize): i32 {
  solveRow<f32>(trans, n, l, ldl, b);
  return 0;
}

export function shadamard(
  rowStart: i32, rowEnd: i32, m: i32, alpha: f64, a: usize, lda: i32, period: i32, b: usize, ldb: i32, repeat: i32,
  c: usize, ldc: i32,
): i32 {
  hadamard<f32>(rowStart, rowEnd, m, alpha, a, lda, period, b, ldb, repeat, c, ldc);
  return 0;
}

/** Squares of this side stay in L1 on both sides of the diagonal. */
// @ts-ignore: decorator
@inline const BLOCK: i32 = 32;

export function smirror(n: i32, a: usize, lda: i32): i32 {
  const ldBytes = <usize>lda << 2;
  for (let i0 = 0; i0 < n; i0 += BLOCK) {
    for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
      for (let i = i0; i < min(n, i0 + BLOCK); i++) {
        let from = a + <usize>i * ldBytes + (<usize>j0 << 2), to = a + <usize>j0 * ldBytes + (<usize>i << 2);
        for (let j = j0; j < min(i, j0 + BLOCK); j++, from += 4, to += ldBytes) store<f32>(to, load<f32>(from));
      }
    }
  }
  return 0;
}
