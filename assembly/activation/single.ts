// Activations in single precision, four lanes: the double ones' formulas with polynomials cut to float's digits (scripts/coefficients.py).
// sigmoid, tanh, erf, relu and identity are native. gelu, softplus, silu and sin go through the double ones and
// are rounded once.
import { multiplyAdd, multiplySubtract } from "../simd/words";
import { Activation } from "./activation";
import { activate } from "./index";

/** S = σ(S) in place and G = gain ∘ σ' for one row of m singles; false for an unknown code. `tmp`: 256 bytes. */
export function activateSingle(code: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  switch (code) {
    case 0: mapSingles<Sigmoid4>(m, gain, s, g, tmp); return true;
    case 1: mapSingles<Tanh4>(m, gain, s, g, tmp); return true;
    case 2: mapSingles<Erf4>(m, gain, s, g, tmp); return true;
    case 3: mapSingles<Relu4>(m, gain, s, g, tmp); return true;
    case 4: mapSingles<Identity4>(m, gain, s, g, tmp); return true;
    default:
      if (!activate(code, 0, 0, s, g, tmp)) return false;
      mapWidened(code, m, gain, s, g, tmp);
      return true;
  }
}

/** What a missing gain points to: as many as a step reads. */
const ONES: usize = memory.data<f32>([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);

function mapSingles<A extends Activation>(m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const act = changetype<A>(0), step: usize = gain ? 32 : 0;
  const end = s + (<usize>m << 2), end8 = s + (<usize>(m & ~7) << 2);
  if (!gain) gain = ONES;
  while (s < end8) {
    const z0 = v128.load(s), z1 = v128.load(s, 16);
    act.apply(z0, v128.load(gain), s, g);
    act.apply(z1, v128.load(gain, 16), s + 16, g + 16);
    s += 32;
    g += 32;
    gain += step;
  }
  if (m & 4) {
    act.apply(v128.load(s), v128.load(gain), s, g);
    s += 16;
    g += 16;
    gain += step >> 1;
  }
  while (s < end) {
    act.apply(v128.load32_splat(s), v128.load32_splat(gain), tmp, tmp + 16);
    store<f32>(s, load<f32>(tmp));
    store<f32>(g, load<f32>(tmp, 16));
    s += 4;
    g += 4;
    gain += step >> 3;
  }
}

/** Eight at a time through the double activation, in 256 bytes of `tmp`. */
function mapWidened(code: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const value = tmp, slope = tmp + 64, weight = tmp + 128, rest = tmp + 192;
  for (let j = 0; j < m; j += 8) {
    const live = min(8, m - j), o = <usize>j << 2;
    widen(live, s + o, value);
    if (gain) widen(live, gain + o, weight);
    activate(code, live, gain ? weight : 0, value, slope, rest);
    narrow(live, value, s + o);
    narrow(live, slope, g + o);
  }
}

function widen(count: i32, from: usize, to: usize): void {
  for (; count > 1; count -= 2, from += 8, to += 16) v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(from)));
  if (count) store<f64>(to, <f64>load<f32>(from));
}

function narrow(count: i32, from: usize, to: usize): void {
  for (; count > 1; count -= 2, from += 16, to += 8) v128.store64_lane(to, f32x4.demote_f64x2_zero(v128.load(from)), 0);
  if (count) store<f32>(to, <f32>load<f64>(from));
}

/** log2(e); 1.5·2^23, whose sum with n holds n in its low bits; ln2 in two parts, the first of 15 bits: n times it is exact. */
const REDUCTION: usize = memory.data<f32>([1.4426950216293335, 12582912.0, 0.693145751953125, 0.000001428606765330187]);
/** e^r = 1 + r + r² q(r) for |r| ≤ ln2/2, error 1.1e-8: from q's r⁰ up. */
const Q: usize = memory.data<f32>([0.5, 0.16666576266288757, 0.041666556149721146, 0.008363178931176662, 0.0013926184037700295]);
/** Where e^x is 0; where expm1(x) is −1; 2^−64. */
const BOUNDS: usize = memory.data<f32>([-105.0, -40.0, 5.421010862427522e-20]);
const NUMBERS: usize = memory.data<f32>([1.0, 2.0, 4.0, -0.0, -2.0]);

// @ts-ignore: decorator
@inline
function constant4(table: usize, i: usize): v128 {
  return v128.load32_splat(table + (i << 2));
}

/** x log2(e), rounded to an integer n in the low bits. */
// @ts-ignore: decorator
@inline
function shift(x: v128): v128 {
  return f32x4.add(f32x4.mul(x, constant4(REDUCTION, 0)), constant4(REDUCTION, 1));
}

/** e^(r + tail) − 1 for the remainder r = x − n ln2. */
// @ts-ignore: decorator
@inline
function expm1Reduced4(x: v128, t: v128, tail: v128): v128 {
  const n = f32x4.sub(t, constant4(REDUCTION, 1));
  const r = f32x4.add(multiplySubtract<f32>(n, constant4(REDUCTION, 3), multiplySubtract<f32>(n, constant4(REDUCTION, 2), x)), tail);
  let q = multiplyAdd<f32>(constant4(Q, 4), r, constant4(Q, 3));
  q = multiplyAdd<f32>(q, r, constant4(Q, 2));
  q = multiplyAdd<f32>(q, r, constant4(Q, 1));
  q = multiplyAdd<f32>(q, r, constant4(Q, 0));
  return multiplyAdd<f32>(q, f32x4.mul(r, r), r);
}

/** 2^n y, raised by 2^64 on the way: gradual underflow. */
// @ts-ignore: decorator
@inline
function scale(y: v128, t: v128): v128 {
  return f32x4.mul(i32x4.add(y, i32x4.shl(i32x4.add(t, i32x4.splat(64)), 23)), constant4(BOUNDS, 2));
}

/** e^(x + tail) for x ≤ 0 and |tail| ≪ 1. */
// @ts-ignore: decorator
@inline
function exp4(x: v128, tail: v128): v128 {
  x = f32x4.pmax(x, constant4(BOUNDS, 0));
  const t = shift(x);
  return scale(f32x4.add(expm1Reduced4(x, t, tail), constant4(NUMBERS, 0)), t);
}

/** e = exp(−|z|), q = 1/(1 + e); σ = q or e q, σ' = e q². */
// @ts-ignore: decorator
@final @unmanaged
class Sigmoid4 extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), zero = f32x4.splat(0);
    const e = exp4(v128.or(z, constant4(NUMBERS, 3)), zero);
    const q = f32x4.div(one, f32x4.add(one, e)), eq = f32x4.mul(e, q);
    v128.store(s, v128.bitselect(eq, q, f32x4.lt(z, zero)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(eq, q)));
  }
}

/** h = expm1(−2|z|): tanh = −sign(z) h/(2 + h), tanh' = 4e/(2 + h)². */
// @ts-ignore: decorator
@final @unmanaged
class Tanh4 extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), two = constant4(NUMBERS, 1);
    const x = f32x4.pmax(f32x4.mul(f32x4.abs(z), constant4(NUMBERS, 4)), constant4(BOUNDS, 0));
    const t = shift(x), p = expm1Reduced4(x, t, f32x4.splat(0)), e = scale(f32x4.add(p, one), t);
    // Far out the power stays away from the subnormals: h is −1 to the last bit long before.
    const power = i32x4.add(one, i32x4.shl(shift(f32x4.pmax(x, constant4(BOUNDS, 1))), 23));
    const h = multiplyAdd<f32>(power, p, f32x4.sub(power, one)), q = f32x4.div(one, f32x4.add(two, h));
    v128.store(s, v128.bitselect(z, f32x4.mul(f32x4.neg(h), q), constant4(NUMBERS, 3)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(f32x4.mul(f32x4.mul(constant4(NUMBERS, 2), e), q), q)));
  }
}

/** erf z = z P(z²) for |z| ≤ 1, error 5.5e-8. */
const SMALL: usize = memory.data<f32>([
  1.1283791065216064, -0.37612342834472656, 0.11280316859483719, -0.026715055108070374, 0.004921761807054281, -0.0005648059886880219,
]);
/** erfc z = e^(−z²) R(t), t = (z − 2)/(z + 2), for 1 ≤ z ≤ 4, error 1.5e-8 beside erf z. */
const LARGE: usize = memory.data<f32>([
  0.25539565086364746, -0.42718589305877686, 0.24166402220726013, -0.07897195219993591, 0.003592670662328601, 0.0068373666144907475,
]);
/** Where a² is beyond any exponent; where erfc is below ε/8; 2/√π. */
const OTHERS: usize = memory.data<f32>([12.0, 4.0, 1.1283791670955126]);

/** Both polynomials of erf have six terms. */
// @ts-ignore: decorator
@inline
function sixTerms(table: usize, x: v128): v128 {
  let p = multiplyAdd<f32>(constant4(table, 5), x, constant4(table, 4));
  p = multiplyAdd<f32>(p, x, constant4(table, 3));
  p = multiplyAdd<f32>(p, x, constant4(table, 2));
  p = multiplyAdd<f32>(p, x, constant4(table, 1));
  return multiplyAdd<f32>(p, x, constant4(table, 0));
}

// @ts-ignore: decorator
@final @unmanaged
class Erf4 extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const one = constant4(NUMBERS, 0), two = constant4(NUMBERS, 1);
    const a = f32x4.pmin(f32x4.abs(z), constant4(OTHERS, 0));
    const head = v128.and(a, i32x4.splat(-4096)); // 12 leading bits: head² is exact
    const e = exp4(f32x4.neg(f32x4.mul(head, head)), f32x4.mul(f32x4.sub(head, a), f32x4.add(a, head)));
    const x = f32x4.pmin(a, constant4(OTHERS, 1)), t = f32x4.div(f32x4.sub(x, two), f32x4.add(x, two));
    const outer = f32x4.sub(one, f32x4.mul(e, sixTerms(LARGE, t))), inner = f32x4.mul(a, sixTerms(SMALL, f32x4.mul(a, a)));
    v128.store(s, v128.bitselect(z, v128.bitselect(inner, outer, f32x4.lt(a, one)), constant4(NUMBERS, 3)));
    v128.store(g, f32x4.mul(gain, f32x4.mul(constant4(OTHERS, 2), e)));
  }
}

// @ts-ignore: decorator
@final @unmanaged
class Relu4 extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    const positive = f32x4.gt(z, f32x4.splat(0));
    v128.store(s, v128.and(z, positive));
    v128.store(g, v128.and(gain, positive));
  }
}

// @ts-ignore: decorator
@final @unmanaged
class Identity4 extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    v128.store(s, z);
    v128.store(g, gain);
  }
}
