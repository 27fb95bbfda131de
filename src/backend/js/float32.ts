/**
 * The float32 ops of the JavaScript backend: contract in src/ops.ts. Plain JavaScript has no float32
 * arithmetic, so these widen what they read, compute as their double twins do, and round what they write: half the
 * memory, the same time. Products widen while they pack; the others in `work`.
 */
import type { Ops } from "../../ops.js";
import type { Memory } from "./memory.js";
import { type Operand, product, productScratchBytes } from "./product.js";

type Doubles = Pick<Ops, "daffine" | "dactivate" | "dfeatures" | "dfeaturesScratchBytes" | "dpotrf" | "dpotrfScratchBytes" | "dtrsm" | "dtrsmScratchBytes">;
/** All but those that `ntk.ts` puts together. */
type Float32Ops = Pick<Ops, Exclude<Extract<keyof Ops, `s${string}`>, `sntk${string}`>>;

/** Rows of features at a time: the weights are packed anew for each. */
const TILE_ROWS = 64;

function operand(address: number, ld: number, trans: boolean): Operand {
  return { at: address >>> 2, ld, trans };
}

/**
 * rows×cols floats at `from` to packed doubles at `to`, or (`back`) the other way; only up to the diagonal where
 * `lower`.
 */
function convert(
  memory: Memory, rows: number, cols: number, narrow: number, ld: number, wide: number, back: boolean, lower = false,
): void {
  const { f64: h, f32: f } = memory;
  for (let i = 0; i < rows; i++) {
    const [x, y] = [(narrow >>> 2) + i * ld, (wide >>> 3) + i * cols];
    const end = lower ? i + 1 : cols;
    if (back) for (let j = 0; j < end; j++) f[x + j] = h[y + j];
    else for (let j = 0; j < end; j++) h[y + j] = f[x + j];
  }
}

export function float32Ops(memory: Memory, doubles: Doubles): Float32Ops {
  return { ...productOps(memory), ...triangularOps(memory, doubles), ...rowOps(memory, doubles) };
}

type ProductOps = Pick<
  Ops,
  "sgemm" | "sgemmScratchBytes" | "ssyrk" | "sgram" | "sgramBlock" | "sgramBlockCross" | "sgramCross" | "sgramScratchBytes"
>;

function productOps(memory: Memory): ProductOps {
  return {
    sgemm(transA, transB, r0, r1, n, k, alpha, a, lda, b, ldb, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n, scale: alpha, gamma, delta: 0, c: c >>> 2, ldc };
      const [A, B] = [operand(a, lda, transA === 1), operand(b, ldb, transB === 0)];
      product(memory.f64, k, A, B, target, work, undefined, memory.f32);
      return 0;
    },
    sgemmScratchBytes: (rows, n, k) => productScratchBytes(rows, n, k, 0),
    ssyrk(trans, r0, r1, k, alpha, a, lda, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: alpha, gamma, delta: 0, c: c >>> 2, ldc };
      const rows = operand(a, lda, trans === 1);
      product(memory.f64, k, rows, rows, target, work, undefined, memory.f32);
      return 0;
    },
    sgram(r0, r1, k, g, ldg, d, alpha, a, lda, beta, gamma, delta, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: beta, gamma, delta, c: c >>> 2, ldc };
      const [G, A] = [operand(g, ldg, false), operand(a, lda, false)];
      product(memory.f64, k, G, G, target, work, { d, alpha, p: A, q: A }, memory.f32);
      return 0;
    },
    sgramCross(r0, r1, n2, k, g, ldg, h, ldh, d, alpha, a, lda, b, ldb, beta, gamma, delta, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: beta, gamma, delta, c: c >>> 2, ldc };
      const factor = { d, alpha, p: operand(a, lda, false), q: operand(b, ldb, false) };
      const [G, H] = [operand(g, ldg, false), operand(h, ldh, false)];
      product(memory.f64, k, G, H, target, work, factor, memory.f32);
      return 0;
    },
    sgramBlock(r0, r1, k, g, ldg, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: true, r0, r1, n: r1, scale: 1, gamma, delta: 0, c: c >>> 2, ldc };
      const G = operand(g, ldg, false);
      product(memory.f64, k, G, G, target, work, { repeat, f: f >>> 2, ldf }, memory.f32);
      return 0;
    },
    sgramBlockCross(r0, r1, n2, k, g, ldg, h, ldh, repeat, f, ldf, gamma, c, ldc, work) {
      const target = { lower: false, r0, r1, n: n2, scale: 1, gamma, delta: 0, c: c >>> 2, ldc };
      const [G, H] = [operand(g, ldg, false), operand(h, ldh, false)];
      product(memory.f64, k, G, H, target, work, { repeat, f: f >>> 2, ldf }, memory.f32);
      return 0;
    },
    sgramScratchBytes: (rows, n2, k, d) => productScratchBytes(rows, n2, k, d),
  };
}

function triangularOps(
  memory: Memory, doubles: Doubles,
): Pick<Ops, "spotrf" | "spotrfScratchBytes" | "strsm" | "strsmScratchBytes" | "strsv"> {
  return {
    spotrf(n, tolerance, a, lda, work) {
      const end = work + n * n * 8;
      convert(memory, n, n, a, lda, work, false, true);
      const info = doubles.dpotrf(n, tolerance, work, n, end);
      if (info === 0) convert(memory, n, n, a, lda, work, true, true);
      return info;
    },
    spotrfScratchBytes: (n) => n * n * 8 + doubles.dpotrfScratchBytes(n),
    strsm(trans, r0, r1, n, l, ldl, b, ldb, work) {
      const rows = r1 - r0;
      const at = b + r0 * ldb * 4;
      const [wide, end] = [work + n * n * 8, work + n * (n + rows) * 8];
      convert(memory, n, n, l, ldl, work, false, true);
      convert(memory, rows, n, at, ldb, wide, false);
      doubles.dtrsm(trans, 0, rows, n, work, n, wide, n, end);
      convert(memory, rows, n, at, ldb, wide, true);
      return 0;
    },
    strsmScratchBytes: (rows, n) => n * (n + rows) * 8 + doubles.dtrsmScratchBytes(rows, n),
    strsv(trans, n, l, ldl, b) {
      const f = memory.f32;
      const x = b >>> 2;
      if (trans) {
        for (let i = 0, row = l >>> 2; i < n; i++, row += ldl) {
          let sum = f[x + i];
          for (let j = 0; j < i; j++) sum -= f[row + j] * f[x + j];
          f[x + i] = sum / f[row + i];
        }
        return 0;
      }
      for (let i = n - 1, row = (l >>> 2) + i * ldl; i >= 0; i--, row -= ldl) {
        const value = f[x + i] / f[row + i];
        f[x + i] = value;
        for (let j = 0; j < i; j++) f[x + j] -= value * f[row + j];
      }
      return 0;
    },
  };
}

function rowOps(
  memory: Memory, doubles: Doubles,
): Pick<Ops, "saffine" | "sactivate" | "sfeatures" | "sfeaturesScratchBytes" | "shadamard" | "smirror"> {
  return {
    saffine(r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, z, ldz, work) {
      const C = work;
      const B = C + m * d * 8;
      const X = B + m * 8;
      const Z = X + TILE_ROWS * d * 8;
      const end = Z + TILE_ROWS * m * 8;
      convert(memory, m, d, c, ldc, C, false);
      if (bias) convert(memory, 1, m, bias, m, B, false);
      for (let row = r0; row < r1; row += TILE_ROWS) {
        const rows = Math.min(TILE_ROWS, r1 - row);
        convert(memory, rows, d, x + row * ldx * 4, ldx, X, false);
        doubles.daffine(0, rows, m, d, alpha, X, d, C, d, beta, bias && B, Z, m, end);
        convert(memory, rows, m, z + row * ldz * 4, ldz, Z, true);
      }
      return 0;
    },
    sactivate(activation, r0, r1, m, gain, s, lds, g, ldg, work) {
      const [S, G, slopes, end] = [work, work + m * 8, work + 2 * m * 8, work + 3 * m * 8];
      if (gain) convert(memory, 1, m, gain, m, G, false);
      for (let i = r0; i < r1; i++) {
        convert(memory, 1, m, s + i * lds * 4, lds, S, false);
        if (doubles.dactivate(activation, 0, 1, m, gain && G, S, m, g && slopes, m, end) !== 0) return -1;
        convert(memory, 1, m, s + i * lds * 4, lds, S, true);
        if (g) convert(memory, 1, m, g + i * ldg * 4, ldg, slopes, true);
      }
      return doubles.dactivate(activation, 0, 0, 0, 0, 0, 0, 0, 0, end);
    },
    sfeatures(activation, r0, r1, m, d, alpha, x, ldx, c, ldc, beta, bias, gain, s, lds, g, ldg, work) {
      const C = work;
      const B = C + m * d * 8;
      const G = B + m * 8;
      const X = G + m * 8;
      const S = X + TILE_ROWS * d * 8;
      const slopes = S + TILE_ROWS * m * 8;
      const end = slopes + TILE_ROWS * m * 8;
      convert(memory, m, d, c, ldc, C, false);
      if (bias) convert(memory, 1, m, bias, m, B, false);
      if (gain) convert(memory, 1, m, gain, m, G, false);
      let row = r0;
      do {
        const rows = Math.max(0, Math.min(TILE_ROWS, r1 - row));
        convert(memory, rows, d, x + row * ldx * 4, ldx, X, false);
        const [b, w, slope] = [bias && B, gain && G, g && slopes];
        const info = doubles.dfeatures(activation, 0, rows, m, d, alpha, X, d, C, d, beta, b, w, S, m, slope, m, end);
        if (info !== 0) return info;
        convert(memory, rows, m, s + row * lds * 4, lds, S, true);
        if (g) convert(memory, rows, m, g + row * ldg * 4, ldg, slopes, true);
        row += TILE_ROWS;
      } while (row < r1);
      return 0;
    },
    sfeaturesScratchBytes: (_, m, d) =>
      (m * (d + 2) + TILE_ROWS * (d + 2 * m)) * 8 + doubles.dfeaturesScratchBytes(TILE_ROWS, m, d),
    shadamard(r0, r1, m, alpha, a, lda, period, b, ldb, repeat, c, ldc) {
      const f = memory.f32;
      for (let i = r0; i < r1; i++) {
        const x = (a >>> 2) + (period ? i % period : i) * lda;
        const y = (b >>> 2) + Math.floor(i / repeat) * ldb;
        const to = (c >>> 2) + i * ldc;
        for (let j = 0; j < m; j++) f[to + j] = alpha * f[x + j] * f[y + j];
      }
      return 0;
    },
    smirror(n, a, lda) {
      const f = memory.f32;
      for (let i = 1; i < n; i++) {
        const row = (a >>> 2) + i * lda;
        for (let j = 0, up = (a >>> 2) + i; j < i; j++, up += lda) f[up] = f[row + j];
      }
      return 0;
    },
  };
}
