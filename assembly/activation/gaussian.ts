// Bell e^(−βz²), with slope −2βz e^(−βz²). βz² is a number and its rounding error, or the error of the value would grow
// like βz² ε. What is small stays raised by 2^128 until it is stored. Parameters: β, where e^(−βz²) is 0, 2β, 4β².
import { expRaised, lower } from "../simd/exp";
import { madd, one, productError, signBit } from "../simd/words";
import { Activation, parameter } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Gaussian extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    storeGaussian(changetype<usize>(this), z, gain, s, g);
  }

  /** With D = 1 + 2β(a + b) + 4β² delta: T = 1/√D, Ṫ = 4β² c/D^(3/2). */
  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    const record = changetype<usize>(this), four = parameter(record, 3);
    const D = madd(four, delta, madd(parameter(record, 2), f64x2.add(a, b), one()));
    const value = f64x2.div(one(), f64x2.sqrt(D));
    v128.store(out, value);
    v128.store(out, f64x2.mul(f64x2.div(value, D), f64x2.mul(four, c)), 16);
  }
}

function storeGaussian(record: usize, z: v128, gain: v128, s: usize, g: usize): void {
  const beta = parameter(record, 0), end = parameter(record, 1);
  const a = f64x2.pmin(f64x2.abs(z), end), square = f64x2.mul(a, a), x = f64x2.mul(beta, square);
  const tail = madd(beta, productError(a, a, square), productError(beta, square, x));
  const raised = v128.andnot(expRaised(f64x2.neg(x), f64x2.neg(tail)), f64x2.ge(a, end));
  v128.store(s, f64x2.mul(raised, lower()));
  // −z, and no infinite one.
  const turned = v128.xor(a, v128.andnot(signBit(), z)), slope = f64x2.mul(f64x2.mul(parameter(record, 2), turned), raised);
  v128.store(g, f64x2.mul(gain, f64x2.mul(slope, lower())));
}
