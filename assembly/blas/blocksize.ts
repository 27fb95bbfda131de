// Tile and block sizes of the product driver. They depend on nothing but the variant and the type, so results do not
// either.
import { FUSED } from "../simd/words";

/**
 * Rows of the register tile; its columns are two vectors ({@link tileColumns}). Of the 16 SIMD registers V8 keeps one
 * for itself. A fused multiply-add needs MR·2 accumulators + 2 of B + 1 of A: 6 rows fit. Multiply and add need one
 * more for the product: with 6 rows an accumulator is spilled in every step, its reload in the chain of additions.
 * Share of the register peak (`npm run bench:tiles`, AMD EPYC): simd Node 20 5×2 98, 3×3 97, 4×2 94, 6×2 61 %; Node 24
 * 107, 98, 104, 62 %; relaxed Node 24 6×2 99, 5×2 96, 3×3 91 %.
 */
// @ts-ignore: decorator
@inline export const MR: i32 = FUSED ? 6 : 5;
/** Columns of the register tile. */
// @ts-ignore: decorator
@inline
export function tileColumns<T>(): i32 {
  return 32 / sizeof<T>();
}
/**
 * Depth of one pass: a B sliver (KC·NR doubles = 8 KiB) and an A sliver (12 KiB) share a 32 KiB L1. Gram accumulation N
 * = m = 1000, simd on Node 20,  ms: 128 93.9, 256 92.3, 336 92.6, 384 93.0, 512 95.9.
 */
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
/** Depth packed at a time: bounds the scratch, and how often a factor block is recomputed. */
// @ts-ignore: decorator
@inline export const KB: i32 = 1024;
/**
 * Rows and columns of a cache block: A of IB·KC doubles (240 or 288 KiB) and the block's tiles (120 or 144) stay in L2.
 * IB·JB of 16·MR × 384 or 192,  24·MR × 512, 48·MR × 128 were as fast within 1 %.
 */
// @ts-ignore: decorator
@inline export const IB: i32 = 24 * MR;
// @ts-ignore: decorator
@inline export const JB: i32 = 128;

/** x rounded up to a multiple of `unit`. */
// @ts-ignore: decorator
@inline
export function roundUp(x: i32, unit: i32): i32 {
  return ((x + unit - 1) / unit) * unit;
}

/** Bytes of `count` doubles, rounded up to a cache line. */
// @ts-ignore: decorator
@inline
export function lineBytes(count: usize): usize {
  return linesOf<f64>(count);
}

/** Bytes of `count` numbers of type T, rounded up to a cache line. */
// @ts-ignore: decorator
@inline
export function linesOf<T>(count: usize): usize {
  return (count * sizeof<T>() + 63) & ~63;
}
