/**
 * The precision of a computation. Results are float64 in either. What float32 cannot hold is an error, never ±Infinity.
 */

export type Precision = "float64" | "float32";

/** ε of float32. */
export const EPSILON32 = 2 ** -23;

/** Bytes of an entry. */
export function bytesOf(precision: Precision): 8 | 4 {
  return precision === "float64" ? 8 : 4;
}
