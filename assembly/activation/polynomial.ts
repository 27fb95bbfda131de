// Polynomials of degree n ≤ 8, monomials and sums of Hermite polynomials alike: σ = Σ c_j z^j by Horner's rule.
// Parameters: n, c_0 … c_8, and for the dual activation nine rows of five numbers, row k for the coefficients of
// G_k(a)/√k!, G_k(a) = E[σ^(k)(√a x)] = Σ_i c_(k+2i) (k + 2i)!/(i! 2^i) a^i.
import { madd } from "../simd/words";
import { Activation, parameter } from "./activation";

/** G_k(a)/√k!. */
// @ts-ignore: decorator
@inline
function meanDerivative(record: usize, n: i32, k: i32, a: v128): v128 {
  const row = <usize>(10 + 5 * k);
  let i = <usize>((n - k) >> 1), p = parameter(record, row + i);
  while (i > 0) p = madd(p, a, parameter(record, row + --i));
  return p;
}

// @ts-ignore: decorator
@final @unmanaged
export class Polynomial extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const record = changetype<usize>(this);
    let j = <usize>load<f64>(record, 16), value = parameter(record, 1 + j), slope = f64x2.splat(0);
    // The first step alone: an infinite z times the slope's 0 would be NaN.
    if (j > 0) {
      slope = value;
      value = madd(value, z, parameter(record, j--));
    }
    while (j > 0) {
      slope = madd(slope, z, value);
      value = madd(value, z, parameter(record, j--));
    }
    v128.store(s, value);
    v128.store(g, f64x2.mul(gain, slope));
  }

  /** T = Σ_k G_k(a) G_k(b) c^k/k!, and Ṫ its derivative in c (MATH.md §6). */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const record = changetype<usize>(this), n = <i32>load<f64>(record, 16);
    let value = f64x2.splat(0), slope = f64x2.splat(0);
    for (let k = n; k >= 0; k--) {
      slope = madd(slope, c, value);
      value = madd(value, c, f64x2.mul(meanDerivative(record, n, k, a), meanDerivative(record, n, k, b)));
    }
    v128.store(out, value);
    v128.store(out, slope, 16);
  }
}
