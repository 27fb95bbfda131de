/**
 * The precision of a computation. Results are float64 in either. What float32 cannot hold is an error, never ±Infinity.
 * A small computation is made in float64, which is as fast.
 */

export type Precision = "float64" | "float32";

/** ε of float32. */
export const EPSILON32 = 2 ** -23;

/** Bytes of an entry. */
export function bytesOf(precision: Precision): 8 | 4 {
  return precision === "float64" ? 8 : 4;
}

/**
 * Bytes of an entry for so much work in multiply-adds: float64 where float32 is no faster, for float32 has conversions
 * and checks of its own.
 */
export function bytesFor(precision: Precision, work: number, least: number): 8 | 4 {
  return work < least ? 8 : bytesOf(precision);
}
