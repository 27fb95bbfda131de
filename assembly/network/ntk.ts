// The tangent kernel of one hidden layer from its inputs: see src/ops.ts for the contract.
// Units are taken KB at a time. Features are made for a few rows and KC units, and packed into the panels of both
// products while they are in cache: neither S nor G is ever a matrix in memory.
// A block of C then gets its factor once, the product of S and the product of G.
import { IB, JB, KB, KC, linesOf, MR, roundUp, tileColumns } from "../blas/blocksize";
import { FEW_INPUTS, features, featuresScratchBytes } from "./features";
import { pack } from "../blas/pack";
import { factorBlock, passes, tilesBytes } from "../blas/product";

/**
 * Rows whose features are made together: whole slivers of A and of B; with a product of inputs, whose C is packed each
 * time, more.
 */
function group<T>(d: i32): i32 {
  return MR * tileColumns<T>() * (d > FEW_INPUTS ? 4 : 1);
}

export function ntkScratchBytes<T>(rows: i32, n2: i32, m: i32, d: i32): f64 {
  const points = <f64>(rows + MR) + <f64>(n2 + tileColumns<T>()), kc = min(m, KC), together = group<T>(d);
  const entries = points * (2 * <f64>min(m, KB) + <f64>d) + <f64>(IB * JB) + 2 * <f64>together * <f64>kc;
  return entries * <f64>sizeof<T>() + <f64>tilesBytes<T>(min(m, KB)) + featuresScratchBytes<T>(together, kc, d) + 12 * 64;
}

export function ntk<T>(
  lower: bool, activation: i32, r0: i32, r1: i32, n: i32, m: i32, d: i32, zAlpha: f64, x: usize, ldx: i32, y: usize, ldy: i32,
  w: usize, ldw: i32, zBeta: f64, bias: usize, gain: usize, sigma: f64, alpha: f64, beta: f64,
  gamma: f64, delta: f64, c: usize, ldc: i32, work: usize,
): i32 {
  if (lower) n = r1;
  const rows = r1 - r0, NR = tileColumns<T>(), size = sizeof<T>();
  if (rows <= 0 || n <= 0) return 0;
  const mPad = roundUp(rows, MR), nPad = roundUp(n, NR), depth = min(m, KB), fd = alpha == 0 ? 0 : d, G = group<T>(d);
  const aBytes = linesOf<T>(<usize>mPad * <usize>depth), bBytes = linesOf<T>(<usize>nPad * <usize>depth);
  const tiles = work, as = tiles + tilesBytes<T>(depth), ag = as + aBytes, bs = ag + aBytes, bg = bs + bBytes;
  const p = bg + bBytes, q = p + linesOf<T>(<usize>mPad * <usize>fd), factor = q + linesOf<T>(<usize>nPad * <usize>fd);
  const s = factor + linesOf<T>(<usize>(IB * JB)), g = s + linesOf<T>(<usize>G * <usize>min(m, KC));
  const rest = g + linesOf<T>(<usize>G * <usize>min(m, KC)), xStart = x + <usize>r0 * <usize>ldx * size;
  if (fd > 0) {
    pack<T>(0, r0, rows, 0, d, MR, x, ldx, p);
    pack<T>(0, 0, n, 0, d, NR, y, ldy, q);
  }
  for (let k0 = 0; k0 == 0 || k0 < m; k0 += KB) {
    const kb = min(m - k0, KB);
    for (let pc = 0; pc < kb; pc += KC) {
      const kc = min(kb - pc, KC), unit = <usize>(k0 + pc), toA = <usize>mPad * <usize>pc * size, toB = <usize>nPad * <usize>pc * size;
      const wk = w + unit * <usize>ldw * size, bk = bias ? bias + unit * size : 0, gk = gain ? gain + unit * size : 0;
      // One set of rows serves both operands where they start with the same one.
      const both = lower && r0 == 0;
      for (let i = 0; i < n; i += G) {
        const live = min(G, n - i), from = y + <usize>i * <usize>ldy * size;
        if (features<T>(activation, 0, live, kc, d, zAlpha, from, ldy, wk, ldw, zBeta, bk, gk, s, kc, g, kc, rest)) return -1;
        packBoth<T>(i, live, kc, NR, s, g, bs + toB, bg + toB);
        if (both) packBoth<T>(i, live, kc, MR, s, g, as + toA, ag + toA);
      }
      for (let i = 0; i < rows && !both; i += G) {
        const live = min(G, rows - i), from = xStart + <usize>i * <usize>ldx * size;
        features<T>(activation, 0, live, kc, d, zAlpha, from, ldx, wk, ldw, zBeta, bk, gk, s, kc, g, kc, rest);
        packBoth<T>(i, live, kc, MR, s, g, as + toA, ag + toA);
      }
    }
    for (let j0 = 0; j0 < n; j0 += JB) {
      const jEnd = min(n, j0 + JB);
      for (let i0 = 0; i0 < rows; i0 += IB) {
        const iEnd = min(rows, i0 + IB);
        if (lower && r0 + iEnd - 1 < j0) continue;
        if (fd > 0) factorBlock<T>(lower, r0, i0, iEnd, j0, jEnd, d, alpha, beta, p, q, factor);
        const first = k0 == 0;
        passes<T>(
          lower, r0, i0, iEnd, j0, jEnd, kb, mPad, nPad, as, bs, tiles, 0, sigma, first ? gamma : 1, first ? delta : 0, c, ldc,
        );
        passes<T>(lower, r0, i0, iEnd, j0, jEnd, kb, mPad, nPad, ag, bg, tiles, fd > 0 ? factor : 0, beta, 1, 0, c, ldc);
      }
    }
  }
  return 0;
}

/** Rows [i, i + live) of S and G, i whole slivers, into their panels. */
function packBoth<T>(i: i32, live: i32, kc: i32, width: i32, s: usize, g: usize, panelS: usize, panelG: usize): void {
  const at = <usize>i * <usize>kc * sizeof<T>();
  pack<T>(0, 0, live, 0, kc, width, s, kc, panelS + at);
  pack<T>(0, 0, live, 0, kc, width, g, kc, panelG + at);
}

