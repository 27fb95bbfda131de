// The three ways to a dual activation, for one row and four columns: closed form, series, double sum.
// T, Ṫ and abRelu's gap of the first two columns lie at out, out + 16 and out + 32; of the other two 48 bytes on.
import { ActivationCode } from "../../src/codes";
import { Activation } from "../activation/activation";
import { madd, sqrtProduct } from "../simd/words";
import { pairWeights, siluSums, siluWeights, twoSums } from "./probitSeries";

// @ts-ignore: decorator
@unmanaged
export abstract class Way {
  /** Once for each row: weights at w from the row's moments p. */
  abstract prepare(terms: i32, p: usize, w: usize): void;
  /** a: the row's variance; b, c, d: four columns' variances, covariances and deltas; q: the columns' moments. */
  abstract group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void;
}

// @ts-ignore: decorator
@final @unmanaged
export class Closed<A extends Activation> extends Way {
  // @ts-ignore: decorator
  @inline
  prepare(terms: i32, p: usize, w: usize): void {}
  // @ts-ignore: decorator
  @inline
  group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    const act = changetype<A>(<usize>activation);
    act.pair(nodes, a, v128.load(b), v128.load(c), v128.load(d), out);
    act.pair(nodes, a, v128.load(b, 16), v128.load(c, 16), v128.load(d, 16), out + 48);
  }
}

/** ρ² = c²/(ab), 0 where a variance is. */
// @ts-ignore: decorator
@inline
function squareOf(a: v128, b: v128, c: v128): v128 {
  const root = sqrtProduct(a, b), rho = f64x2.div(c, root);
  return v128.and(f64x2.mul(rho, rho), f64x2.gt(root, f64x2.splat(0)));
}

/** T = shift + scale c Σ_1, Ṫ = scale Σ_0: sigmoid 1 and ¼, tanh 16 and 0. */
// @ts-ignore: decorator
@inline
function storeLogistic(scale: f64, shift: f64, c: v128, sums: usize, out: usize): void {
  const slope = v128.load(sums), value = v128.load(sums, 16), s = f64x2.splat(scale);
  v128.store(out, madd(f64x2.mul(s, c), value, f64x2.splat(shift)));
  v128.store(out, f64x2.mul(s, slope), 16);
}

// @ts-ignore: decorator
@final @unmanaged
export class LogisticSeries extends Way {
  // @ts-ignore: decorator
  @inline
  prepare(terms: i32, p: usize, w: usize): void {
    pairWeights(false, terms, p, w);
  }
  // @ts-ignore: decorator
  @inline
  group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    const c0 = v128.load(c), c1 = v128.load(c, 16), sums = out + 96;
    twoSums(terms, w, q, squareOf(a, v128.load(b), c0), squareOf(a, v128.load(b, 16), c1), sums);
    const scale: f64 = activation == ActivationCode.tanh ? 16 : 1, shift: f64 = activation == ActivationCode.tanh ? 0 : 0.25;
    storeLogistic(scale, shift, c0, sums, out);
    storeLogistic(scale, shift, c1, sums + 32, out + 48);
  }
}

/** T = e(a) e(b) + c/4 + c² Σ_0, Ṫ = T_σ = ¼ + c Σ_1. */
// @ts-ignore: decorator
@inline
function storeSoftplus(mean: f64, means: v128, c: v128, sums: usize, out: usize): void {
  const quarter = f64x2.splat(0.25), linear = madd(c, v128.load(sums), quarter);
  v128.store(out, madd(c, linear, f64x2.mul(f64x2.splat(mean), means)));
  v128.store(out, madd(c, v128.load(sums, 16), quarter), 16);
}

// @ts-ignore: decorator
@final @unmanaged
export class SoftplusSeries extends Way {
  // @ts-ignore: decorator
  @inline
  prepare(terms: i32, p: usize, w: usize): void {
    pairWeights(true, terms, p, w);
  }
  // @ts-ignore: decorator
  @inline
  group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    const c0 = v128.load(c), c1 = v128.load(c, 16), sums = out + 96, means = q + (<usize>(held + 1) << 5);
    twoSums(terms, w, q, squareOf(a, v128.load(b), c0), squareOf(a, v128.load(b, 16), c1), sums);
    storeSoftplus(mean, v128.load(means), c0, sums, out);
    storeSoftplus(mean, v128.load(means, 16), c1, sums + 32, out + 48);
  }
}

/** T = c T_σ + (ab + c²) Ṫ_σ − c² Σ_3, Ṫ = T_σ + c (3 Ṫ_σ + (1 + ρ²) Σ_2 − Σ_4): the derivative in c, term by term. */
// @ts-ignore: decorator
@inline
function silu(terms: i32, w: usize, a: v128, b: v128, c: v128, q: usize, sums: usize, out: usize): void {
  const z = squareOf(a, b, c), square = f64x2.mul(c, c);
  siluSums(terms, w, q, z, sums);
  const slope = v128.load(sums), value = madd(c, v128.load(sums, 16), f64x2.splat(0.25));
  const quadratic = f64x2.sub(f64x2.mul(madd(a, b, square), slope), f64x2.mul(square, v128.load(sums, 48)));
  v128.store(out, madd(c, value, quadratic));
  const bend = f64x2.sub(f64x2.mul(f64x2.add(f64x2.splat(1), z), v128.load(sums, 32)), v128.load(sums, 64));
  v128.store(out, madd(c, madd(f64x2.splat(3), slope, bend), value), 16);
}

// @ts-ignore: decorator
@final @unmanaged
export class SiluSeries extends Way {
  // @ts-ignore: decorator
  @inline
  prepare(terms: i32, p: usize, w: usize): void {
    siluWeights(terms, p, w);
  }
  // @ts-ignore: decorator
  @inline
  group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    silu(terms, w, a, v128.load(b), v128.load(c), q, out + 96, out);
    silu(terms, w, a, v128.load(b, 16), v128.load(c, 16), q + 16, out + 96, out + 48);
  }
}
