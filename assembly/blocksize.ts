// Tile and block sizes of the product driver. They depend on nothing but the variant and the type, so results do not either.
import { FUSED } from "./simd";

/**
 * Rows of the register tile; its columns are two vectors ({@link tileColumns}). Of the 16 SIMD registers V8 keeps one for itself. A fused
 * multiply-add needs MR·2 accumulators + 2 of B + 1 of A: 6 rows fit. Multiply and add need one more for the product: with 6 rows an
 * accumulator is spilled in every step, its reload in the chain of additions. Share of the register peak (`npm run bench:tiles`, AMD EPYC):
 * simd Node 20 5×2 94, 3×3 97, 6×2 61 %; Node 24 105, 98, 70 %; relaxed Node 24 6×2 99, 5×2 96, 3×3 91 %.
 */
// @ts-ignore: decorator
@inline export const MR: i32 = FUSED ? 6 : 5;
/** Columns of the register tile. */
// @ts-ignore: decorator
@inline
export function tileColumns<T>(): i32 {
  return 32 / sizeof<T>();
}
/** Depth of one pass: a B sliver (KC·NR doubles = 8 KiB) and an A sliver (12 KiB) share a 32 KiB L1. */
// @ts-ignore: decorator
@inline export const KC: i32 = 256;
/** Depth packed at a time: bounds the scratch, and how often a factor block is recomputed. */
// @ts-ignore: decorator
@inline export const KB: i32 = 1024;
/** Rows and columns of a cache block: an A block of IB·KC doubles is 192 KiB and stays in L2. */
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
