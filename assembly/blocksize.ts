// Tile and block sizes of the product driver. They depend on nothing but the variant, so results do not either.

/** Rows and columns of the register tile: 12 accumulators + 2 B vectors + 1 splat = 15 of the 16 SIMD registers.
 *  Measured (share of the register peak, multiply+add / fused): 6×4 100 / 95 %, 4×4 98 / 81 %, 3×6 99 / 86 %. */
// @ts-ignore: decorator
@inline export const MR: i32 = 6;
// @ts-ignore: decorator
@inline export const NR: i32 = 4;
/** Depth of one pass: a B sliver (KC·NR doubles = 8 KiB) and an A sliver (12 KiB) share a 32 KiB L1. */
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
/** Depth packed at a time: bounds the scratch, and how often a factor block is recomputed. */
// @ts-ignore: decorator
@inline export const KB: i32 = 1024;
/** Rows and columns of a cache block: an A block of IB·KC doubles is 192 KiB and stays in L2. */
// @ts-ignore: decorator
@inline export const IB: i32 = 96;
// @ts-ignore: decorator
@inline export const JB: i32 = 384;

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
  return ((count << 3) + 63) & ~63;
}
