// What pages and worker both know of the longer works, without the library.
/** Builds on one thread, and the fastest of them on all threads. */
export const BUILDS = ["threads", "relaxed", "simd", "js"] as const;
export type Build = (typeof BUILDS)[number];
/** How many threads "auto" gives, and why not more. */
export interface Threads {
  threads: number;
  reason: string | undefined;
}
interface Task {
  title: string;
  /** Its name within a sentence. */
  short: string;
  /**
   * Multiplications and additions of the textbook algorithm in one call; undefined where transcendental functions take
   * the time.
   */
  flops?: number;
}

/** Points, hidden units, and new points of the fit. */
export const SIZE = { N: 500, M: 1000, NEW: 200 };
const { N, M, NEW } = SIZE;
const KERNEL = 2 * N * N * M;
const CHOLESKY = N ** 3 / 3;

/** The whole fit, and the four hot loops. */
export const TASKS: Record<string, Task> = {
  fit: {
    title: `Fit and ${NEW} predictions, N = ${N}, m = ${M}`,
    short: "fit",
    // The cross kernel has two products, the variance one triangular solve.
    flops: KERNEL + CHOLESKY + 4 * NEW * N * M + NEW * N * N,
  },
  sigmoid: { title: `Sigmoid features, ${N} × ${M} (forward)`, short: "forward" },
  jacobian: { title: `Jacobian rows, ${N} × ${3 * M + 1} (jacobian)`, short: "jacobian" },
  gram: { title: `Gram matrix, N = ${N}, m = ${M} (kernel)`, short: "kernel", flops: KERNEL },
  cholesky: { title: `Cholesky, n = ${N} (cholesky)`, short: "cholesky", flops: CHOLESKY },
};

/** Networks of each width that the kernel view draws. */
export const DRAWS = 24;
