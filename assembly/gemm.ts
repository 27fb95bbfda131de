// gemm and syrk: see src/ops.ts for the contract.
import { product, productScratchBytes } from "./product";

export function dgemm(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product(
    false, rowStart, rowEnd, n, k, transA, a, lda, transB, b, ldb,
    0, 0, 0, 0, 0, 0, alpha, gamma, 0, c, ldc, work,
  );
  return 0;
}

export function dgemmScratchBytes(rows: i32, n: i32, k: i32): f64 {
  return productScratchBytes(rows, n, k, 0);
}

export function dsyrk(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product(
    true, rowStart, rowEnd, rowEnd, k, trans, a, lda, trans ^ 1, a, lda,
    0, 0, 0, 0, 0, 0, alpha, gamma, 0, c, ldc, work,
  );
  return 0;
}
