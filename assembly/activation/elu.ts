// Exponential linear unit: βz for z > 0, α(e^z − 1) for z ≤ 0, where its slope is αe^z. selu is a case.
// Parameters: α, β, a rule on [0, 1], and the polynomials of M and J: src/model/quadrature.ts.
//
// In polar coordinates the kink is a ray. In a sector of the plane that lies between two of them the radial integral is
// closed (MATH.md §6), and what is left of T and Ṫ is smooth in the angle, at any variance and correlation.
import { expm1Reduced, expRemainder, expShift, expZero, lower, scaleRaised } from "../simd/exp";
import { cosReduced, INVERSE_TURN, sinReduced, wideAngle } from "../simd/trig";
import { madd, nmadd, one } from "../simd/words";
import { AbRelu, RELU } from "./abRelu";
import { Activation, parameter } from "./activation";

// @ts-ignore: decorator
@final @unmanaged
export class Elu extends Activation {
  // @ts-ignore: decorator
  @inline
  apply(z: v128, gain: v128, s: usize, g: usize): void {
    storeElu(changetype<usize>(this), z, gain, s, g);
  }

  // @ts-ignore: decorator
  @inline
  pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
    eluDual(changetype<usize>(this), a, b, c, delta, out);
  }
}

/** Terms of the polynomials of M and J. */
// @ts-ignore: decorator
@inline const TERMS: usize = 27;

/** 1/(x + 6). */
// @ts-ignore: decorator
@inline
function inverse(x: v128): v128 {
  return f64x2.div(one(), f64x2.add(x, f64x2.splat(6)));
}

/** t = (x − 6)/(x + 6). */
// @ts-ignore: decorator
@inline
function argument(x: v128, over: v128): v128 {
  return f64x2.mul(over, f64x2.sub(x, f64x2.splat(6)));
}

/** sin x for 0 ≤ x ≤ π. */
function sine(x: v128): v128 {
  const zero = f64x2.splat(0), y = f64x2.pmin(x, f64x2.sub(f64x2.splat(3.141592653589793), x));
  const small = sinReduced(y, zero), steep = cosReduced(f64x2.sub(f64x2.splat(1.5707963267948966), y), zero);
  return v128.bitselect(small, steep, f64x2.lt(y, f64x2.splat(0.7853981633974483)));
}

/** M(x) = e^(x²/2) ∫_x^∞ e^(−t²/2) dt, by its polynomial at `table`. */
function mills(table: usize, x: v128): v128 {
  const over = inverse(x), t = argument(x, over);
  let p = parameter(table, 0);
  for (let i: usize = 1; i < TERMS; i++) p = madd(p, t, parameter(table, i));
  return f64x2.mul(over, p);
}

/**
 * One node of the sector between two rays in which both units are below 0: at out, P(M(P) − M(P+Q)) + Q(M(Q) − M(P+Q)),
 * which is ∫ r e^(−r²/2) (e^(−rP) − 1)(e^(−rQ) − 1) dr, and J(P+Q). Four polynomials at a time hide their latency.
 */
function bothBelow(table: usize, P: v128, Q: v128, out: usize): void {
  const S = f64x2.add(P, Q), overP = inverse(P), overQ = inverse(Q), overS = inverse(S);
  const tp = argument(P, overP), tq = argument(Q, overQ), ts = argument(S, overS);
  let mp = parameter(table, 0), mq = mp, ms = mp, js = parameter(table, TERMS);
  for (let i: usize = 1; i < TERMS; i++) {
    const m = parameter(table, i);
    mp = madd(mp, tp, m);
    mq = madd(mq, tq, m);
    ms = madd(ms, ts, m);
    js = madd(js, ts, parameter(table, TERMS + i));
  }
  const last = f64x2.mul(overS, ms), p = f64x2.sub(f64x2.mul(overP, mp), last), q = f64x2.sub(f64x2.mul(overQ, mq), last);
  v128.store(out, madd(P, p, f64x2.mul(Q, q)));
  v128.store(out, f64x2.mul(f64x2.mul(overS, overS), js), 16);
}

/**
 * One node of both sectors in which one unit is below 0 and one above, at −rP and rQ or at −rQ and rP: with
 * K(x) = ∫ r² e^(−r²/2 − rx) dr = M − xJ, at out Q(K(P) − K(0)) + P(K(Q) − K(0)), and J(P) + J(Q).
 */
function oneBelow(table: usize, P: v128, Q: v128, out: usize): void {
  const overP = inverse(P), overQ = inverse(Q), tp = argument(P, overP), tq = argument(Q, overQ);
  let mp = parameter(table, 0), mq = mp, jp = parameter(table, TERMS), jq = jp;
  for (let i: usize = 1; i < TERMS; i++) {
    const m = parameter(table, i), j = parameter(table, TERMS + i);
    mp = madd(mp, tp, m);
    mq = madd(mq, tq, m);
    jp = madd(jp, tp, j);
    jq = madd(jq, tq, j);
  }
  jp = f64x2.mul(f64x2.mul(overP, overP), jp);
  jq = f64x2.mul(f64x2.mul(overQ, overQ), jq);
  const first = f64x2.splat(1.2533141373155003);
  const kp = f64x2.sub(nmadd(P, jp, f64x2.mul(overP, mp)), first), kq = f64x2.sub(nmadd(Q, jq, f64x2.mul(overQ, mq)), first);
  v128.store(out, madd(Q, kp, f64x2.mul(P, kq)));
  v128.store(out, f64x2.add(jp, jq), 16);
}

function eluDual(record: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  const zero = f64x2.splat(0), p = f64x2.sqrt(a), q = f64x2.sqrt(b), r = f64x2.sqrt(delta);
  const within = wideAngle(r, f64x2.neg(c)), beside = wideAngle(r, c);
  const n = <usize>load<f64>(record, 32), table = record + 24 + (n << 4);
  let both = zero, bothSlope = zero, mixed = zero, mixedSlope = zero;
  for (let k: usize = 3; k < n + 3; k++) {
    const node = parameter(record, k), back = parameter(record, n + 5 - k), weight = parameter(record, n + k);
    bothBelow(table, f64x2.mul(p, sine(f64x2.mul(beside, node))), f64x2.mul(q, sine(f64x2.mul(beside, back))), out);
    both = madd(weight, v128.load(out), both);
    bothSlope = madd(weight, v128.load(out, 16), bothSlope);
    oneBelow(table, f64x2.mul(p, sine(f64x2.mul(within, node))), f64x2.mul(q, sine(f64x2.mul(within, back))), out);
    mixed = madd(weight, v128.load(out), mixed);
    mixedSlope = madd(weight, v128.load(out, 16), mixedSlope);
  }
  changetype<AbRelu>(RELU).pair(0, a, b, c, delta, out);
  const alpha = parameter(record, 0), beta = parameter(record, 1), turn = f64x2.splat(INVERSE_TURN);
  const square = f64x2.mul(beta, beta), cross = f64x2.mul(f64x2.mul(alpha, beta), f64x2.mul(turn, within));
  const curved = f64x2.mul(f64x2.mul(alpha, alpha), f64x2.mul(turn, beside));
  const value = madd(square, v128.load(out), madd(cross, mixed, f64x2.mul(curved, both)));
  const slope = madd(square, v128.load(out, 16), madd(cross, mixedSlope, f64x2.mul(curved, bothSlope)));
  // A unit that is 0 has the slope α.
  const other = f64x2.sqrt(f64x2.add(a, b)), average = f64x2.mul(f64x2.splat(0.3989422804014327), mills(table, other));
  const still = v128.bitselect(madd(f64x2.splat(0.5), beta, f64x2.mul(alpha, average)), alpha, f64x2.gt(other, zero));
  const live = f64x2.gt(f64x2.mul(p, q), zero);
  v128.store(out, v128.and(value, live));
  v128.store(out, v128.bitselect(slope, f64x2.mul(alpha, still), live), 16);
}

function storeElu(record: usize, z: v128, gain: v128, s: usize, g: usize): void {
  const alpha = parameter(record, 0), beta = parameter(record, 1), zero = f64x2.splat(0);
  const x = f64x2.pmax(f64x2.pmin(z, zero), expZero()), t = expShift(x), p = expm1Reduced(expRemainder(x, t));
  const scale = f64x2.mul(scaleRaised(one(), t), lower()), below = madd(scale, p, f64x2.sub(scale, one()));
  const slope = f64x2.mul(f64x2.mul(alpha, scaleRaised(f64x2.add(one(), p), t)), lower()), positive = f64x2.gt(z, zero);
  v128.store(s, v128.bitselect(f64x2.mul(beta, z), f64x2.mul(alpha, below), positive));
  v128.store(g, f64x2.mul(gain, v128.bitselect(beta, slope, positive)));
}
