/**
 * The Cholesky factor as a `Factor`: A + ridge I = L Lᵀ, in the held block that A came in.
 */
import type { Context } from "../arena.js";
import type { Factor } from "./factor.js";

/** A pivot that stopped the factorisation. */
export interface FailedPivot {
  failedPivot: number;
}

/**
 * Factors the lower triangle at `a` (n×n, held) in place. A pivot that cancels to `tolerance` of its diagonal entry is a
 * failure, and leaves the block in ruins: its owner refills or frees it.
 */
export function factorCholesky(
  context: Context,
  n: number,
  a: number,
  ridge: number,
  tolerance: number,
): Factor | FailedPivot {
  const { ops, arena } = context;
  if (ridge > 0) for (let i = 0; i < n; i++) arena.view(a + i * (n + 1) * 8, 1)[0] += ridge;
  const info = arena.run(() => ops.dpotrf(n, tolerance, a, n, arena.allocBytes(ops.dpotrfScratchBytes(n))));
  return info > 0 ? { failedPivot: info - 1 } : new CholeskyFactor(context, n, a, ridge);
}

/** From here on packing for the blocked solve pays (measured at n = 1000); below, each row reads L once. */
const BLOCKED_ROWS = 4;

class CholeskyFactor implements Factor {
  readonly kind = "cholesky";
  readonly truncated = false;
  readonly modes = undefined;
  readonly #context: Context;
  readonly #l: number;

  constructor(
    context: Context,
    readonly n: number,
    l: number,
    readonly ridge: number,
  ) {
    this.#context = context;
    this.#l = l;
  }

  get rank(): number {
    return this.n;
  }

  get halfWidth(): number {
    return this.n;
  }

  half(b: number, rows: number): number {
    substitute(this.#context, 1, this.n, this.#l, b, rows);
    return b;
  }

  solve(b: number, rows: number): void {
    substitute(this.#context, 1, this.n, this.#l, b, rows);
    substitute(this.#context, 0, this.n, this.#l, b, rows);
  }

  project(): void {}

  logDeterminant(): number {
    let sum = 0;
    const { arena } = this.#context;
    for (let i = 0; i < this.n; i++) sum += Math.log(arena.view(this.#l + i * (this.n + 1) * 8, 1)[0]);
    return 2 * sum;
  }

  /** Squared column norms of L⁻¹. Row i of L⁻ᵀ starts at column i, so a block of rows needs the trailing triangle only. */
  inverseDiagonal(): Float64Array {
    const { ops, arena } = this.#context;
    const { n } = this;
    const result = new Float64Array(n);
    const block = 128;
    for (let i = 0; i < n; i += block) {
      arena.run(() => {
        const rows = Math.min(block, n - i);
        const width = n - i;
        const b = arena.alloc(rows * width);
        const out = arena.alloc(rows);
        const identity = arena.view(b, rows * width).fill(0);
        for (let r = 0; r < rows; r++) identity[r * width + r] = 1;
        const work = arena.allocBytes(ops.dtrsmScratchBytes(rows, width));
        ops.dtrsm(1, 0, rows, width, this.#l + i * (n + 1) * 8, n, b, width, work);
        ops.drowdot(0, rows, width, 1, b, width, b, width, 0, out);
        result.set(arena.view(out, rows), i);
      });
    }
    return result;
  }

  free(): void {
    this.#context.arena.free(this.#l);
  }
}

/** Rows of B times L⁻ᵀ (`trans = 1`) or L⁻¹ (0), in place. */
export function substitute({ ops, arena }: Context, trans: 0 | 1, n: number, l: number, b: number, rows: number): void {
  if (rows < BLOCKED_ROWS) {
    for (let i = 0; i < rows; i++) ops.dtrsv(trans, n, l, n, b + i * n * 8);
    return;
  }
  arena.run(() => ops.dtrsm(trans, 0, rows, n, l, n, b, n, arena.allocBytes(ops.dtrsmScratchBytes(rows, n))));
}
