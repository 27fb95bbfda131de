// gemm and syrk: see src/ops.ts for the contract.
import { multiply, productScratchBytes } from "./product";

export function dgemm(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<f64>(
    false, rowStart, rowEnd, n, k, transA, a, lda, transB, b, ldb, alpha, gamma, c, ldc, work,
  );
  return 0;
}

export function dgemmScratchBytes(rows: i32, n: i32, k: i32): f64 {
  return productScratchBytes<f64>(rows, n, k, 0);
}

export function dsyrk(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<f64>(
    true, rowStart, rowEnd, rowEnd, k, trans, a, lda, trans ^ 1, a, lda, alpha, gamma, c, ldc, work,
  );
  return 0;
}
