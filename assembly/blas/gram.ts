// Gram accumulation, the factored kernel of MATH.md §2: see src/ops.ts for the contract.
import { product, productScratchBytes } from "./product";
import { threads } from "../team/team";

export function gram<T>(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32,
  d: i32, alpha: f64, a: usize, lda: i32, beta: f64, gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<T>(
    true, rowStart, rowEnd, rowEnd, k, 0, g, ldg, 1, g, ldg,
    d, alpha, a, lda, a, lda, beta, 1, 0, 0, gamma, delta, c, ldc, work,
  );
  return 0;
}

export function gramCross<T>(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32,
  d: i32, alpha: f64, a: usize, lda: i32, b: usize, ldb: i32, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<T>(
    false, rowStart, rowEnd, n2, k, 0, g, ldg, 1, h, ldh,
    d, alpha, a, lda, b, ldb, beta, 1, 0, 0, gamma, delta, c, ldc, work,
  );
  return 0;
}

export function gramBlock<T>(
  rowStart: i32, rowEnd: i32, k: i32, g: usize, ldg: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<T>(
    true, rowStart, rowEnd, rowEnd, k, 0, g, ldg, 1, g, ldg,
    0, 0, 0, 0, 0, 0, 1, repeat, f, ldf, gamma, 0, c, ldc, work,
  );
  return 0;
}

export function gramBlockCross<T>(
  rowStart: i32, rowEnd: i32, n2: i32, k: i32, g: usize, ldg: i32, h: usize, ldh: i32, repeat: i32, f: usize, ldf: i32,
  gamma: f64, c: usize, ldc: i32, work: usize,
): i32 {
  product<T>(
    false, rowStart, rowEnd, n2, k, 0, g, ldg, 1, h, ldh,
    0, 0, 0, 0, 0, 0, 1, repeat, f, ldf, gamma, 0, c, ldc, work,
  );
  return 0;
}

export function gramScratchBytes<T>(rows: i32, n2: i32, k: i32, d: i32): f64 {
  return productScratchBytes<T>(rows, n2, k, d, threads());
}
