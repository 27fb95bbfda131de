/**
 * Edits of a Cholesky factor on the JavaScript backend, four rows at a time as in assembly/: contract in src/ops.ts.
 */
import type { Ops } from "../../ops.js";
import { dot } from "./level2.js";
import type { Memory } from "./memory.js";
import { forward } from "./trsm.js";

type CholeskyEditOps = Pick<Ops, "dch1up" | "dch1upScratchBytes" | "dch1dn" | "dchdex">;

/** Rows that run together: one alone waits for its own chain of products. */
const ROWS = 4;

/**
 * The rotation that turns (a, x), a > 0, into (result, 0), scaled against over- and underflow; cosine and sine go to
 * `to`.
 */
function fix(h: Float64Array, a: number, x: number, to: number): number {
  const scale = Math.max(a, Math.abs(x));
  const [p, q] = [a / scale, x / scale];
  const length = Math.sqrt(p * p + q * q);
  h[to] = p / length;
  h[to + 1] = q / length;
  return scale * length;
}

/** Rotations [start, end) on a row and its entry of x: (l, x) ← (c l + s x, c x − s l). */
function rotate(h: Float64Array, start: number, end: number, from: number, to: number, at: number, rotations: number): void {
  let x = h[at];
  for (let k = start; k < end; k++) {
    const c = h[rotations + 2 * k], s = h[rotations + 2 * k + 1];
    const a = h[from + k];
    h[to + k] = c * a + s * x;
    x = c * x - s * a;
  }
  h[at] = x;
}

/** {@link rotate} by rotations [0, count) on four rows. */
function rotateFour(h: Float64Array, count: number, from: number, to: number, ld: number, at: number, rotations: number): void {
  let x0 = h[at], x1 = h[at + 1], x2 = h[at + 2], x3 = h[at + 3];
  const shift = from - to;
  let r0 = from, r1 = r0 + ld, r2 = r1 + ld, r3 = r2 + ld;
  for (let o = rotations; o < rotations + 2 * count; o += 2, r0++, r1++, r2++, r3++) {
    const c = h[o], s = h[o + 1];
    const a0 = h[r0], a1 = h[r1], a2 = h[r2], a3 = h[r3];
    h[r0 - shift] = c * a0 + s * x0;
    x0 = c * x0 - s * a0;
    h[r1 - shift] = c * a1 + s * x1;
    x1 = c * x1 - s * a1;
    h[r2 - shift] = c * a2 + s * x2;
    x2 = c * x2 - s * a2;
    h[r3 - shift] = c * a3 + s * x3;
    x3 = c * x3 - s * a3;
  }
  h[at] = x0;
  h[at + 1] = x1;
  h[at + 2] = x2;
  h[at + 3] = x3;
}

/**
 * L' L'ᵀ = L Lᵀ + x xᵀ for L at `from`, L' at `to`: the same place, or `to` one row up and one column left. Destroys x.
 */
function turn(h: Float64Array, n: number, from: number, to: number, ld: number, x: number, rotations: number): void {
  for (let r = 0; r < n; r += ROWS) {
    const live = Math.min(ROWS, n - r);
    const at = r * ld;
    if (live === ROWS) rotateFour(h, r, from + at, to + at, ld, x + r, rotations);
    for (let i = r; i < r + live; i++) {
      rotate(h, live === ROWS ? r : 0, i, from + i * ld, to + i * ld, x + i, rotations);
      h[to + i * ld + i] = fix(h, h[from + i * ld + i], h[x + i], rotations + 2 * i);
    }
  }
}

/** Columns from the diagonal to the first: (l, z) ← (c l − s z, c z + s l) from z = 0. */
function turnBack(h: Float64Array, i: number, row: number, rotations: number): void {
  let z = 0;
  for (let k = i; k >= 0; k--) {
    const c = h[rotations + 2 * k], s = h[rotations + 2 * k + 1];
    const a = h[row + k];
    h[row + k] = c * a - s * z;
    z = c * z + s * a;
  }
}

export function choleskyEditOps(memory: Memory): CholeskyEditOps {
  return {
    dch1up(n, l, ldl, x, work) {
      turn(memory.f64, n, l >>> 3, l >>> 3, ldl, x >>> 3, work >>> 3);
      return 0;
    },
    dchdex(n, j, l, ldl, work) {
      const h = memory.f64;
      const row = (l >>> 3) + j * ldl;
      const x = work >>> 3;
      for (let i = 0, below = row + ldl; i < n - 1 - j; i++, below += ldl) {
        h[x + i] = h[below + j];
        h.copyWithin(below - ldl, below, below + j);
      }
      turn(h, n - 1 - j, row + ldl + j + 1, row + j, ldl, x, x + n);
      return 0;
    },
    dch1dn(n, tolerance, l, ldl, x, work) {
      const h = memory.f64;
      const p = x >>> 3;
      forward(h, n, l >>> 3, ldl, p);
      const rest = 1 - dot(h, n, p, p);
      if (!(rest > tolerance)) return 1;
      let alpha = Math.sqrt(rest);
      for (let k = n - 1; k >= 0; k--) alpha = fix(h, alpha, h[p + k], (work >>> 3) + 2 * k);
      for (let i = 0; i < n; i++) turnBack(h, i, (l >>> 3) + i * ldl, work >>> 3);
      return 0;
    },
    dch1upScratchBytes: (n) => 24 * n,
  };
}
