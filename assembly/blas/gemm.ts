// gemm and syrk: see src/ops.ts for the contract.
import { multiply, productScratchBytes } from "./product";
import { threads } from "../team/team";

export function gemm<T>(
  transA: i32, transB: i32, rowStart: i32, rowEnd: i32, n: i32, k: i32,
  alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<T>(
    false, rowStart, rowEnd, n, k, transA, a, lda, transB, b, ldb, alpha, gamma, c, ldc, work,
  );
  return 0;
}

export function gemmScratchBytes<T>(rows: i32, n: i32, k: i32): f64 {
  return productScratchBytes<T>(rows, n, k, 0, threads());
}

export function syrk<T>(
  trans: i32, rowStart: i32, rowEnd: i32, k: i32,
  alpha: f64, a: usize, lda: i32, gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  multiply<T>(
    true, rowStart, rowEnd, rowEnd, k, trans, a, lda, trans ^ 1, a, lda, alpha, gamma, c, ldc, work,
  );
  return 0;
}
