// Losses of outputs and their slopes, in place: see src/ops.ts for the contract.
// Nothing is a difference of large numbers: log Σ e^f is the largest f plus log1p of what the others add, and the slope
// at a target that has the largest f is minus their share.
import { LossCode } from "../../src/codes";
import { logarithm } from "../activation/softplus";
import { expNegative } from "../simd/exp";
import { constant, hsum, one, signBit, two } from "../simd/words";

const LN2: usize = memory.data<f64>([0.6931471805599453]);

/** e^x for x ≤ 0. A call: the exponential is long. */
function exponential(x: v128): v128 {
  return expNegative(x);
}

/** log(1 + r) for 0 ≤ r ≤ 1. */
function log1pUnit(r: v128): v128 {
  const inverse = f64x2.div(one(), f64x2.add(two(), r)), s = f64x2.mul(r, inverse);
  return f64x2.mul(r, f64x2.mul(inverse, logarithm(f64x2.mul(s, s))));
}

/** log(1 + r) for r ≥ 0. */
function log1p(r: f64): f64 {
  if (r <= 1) return f64x2.extract_lane(log1pUnit(f64x2.splat(r)), 0);
  const bits = reinterpret<i64>(1 + r), k = (bits >> 52) - 1023;
  const rest = reinterpret<f64>(bits - (k << 52)) - 1;
  return <f64>k * load<f64>(LN2) + f64x2.extract_lane(log1pUnit(f64x2.splat(rest)), 0);
}

export function loss(code: i32, n: i32, C: i32, scale: f64, f: usize, y: usize, sum: usize): i32 {
  if (code < LossCode.squared || code > LossCode.crossEntropy) return -1;
  let total: f64 = 0;
  if (code != LossCode.crossEntropy) total = entries(code, n * C, scale, f, y);
  else for (let i = 0; i < n; i++) total += softmaxRow(C, scale, f + (<usize>i * <usize>C << 3), y + (<usize>i * <usize>C << 3));
  store<f64>(sum, load<f64>(sum) + total);
  return 0;
}

/** The sum of losses that each look at one output; `count` slopes in place of f. */
export function entries(code: i32, count: i32, scale: f64, f: usize, y: usize): f64 {
  const factor = f64x2.splat(scale), end = <usize>(count & ~1) << 3;
  let sums = f64x2.splat(0);
  for (let o: usize = 0; o < end; o += 16) sums = f64x2.add(sums, pair(code, factor, v128.load(f + o), v128.load(y + o), f + o));
  let total = hsum(sums);
  if (count & 1) {
    const room = f + end, a = v128.load64_zero(room), b = v128.load64_zero(y + end);
    // The second lane has no place in memory: its slope is kept out of it.
    total += f64x2.extract_lane(single(code, factor, a, b, room), 0);
  }
  return total;
}

// @ts-ignore: decorator
@inline
function pair(code: i32, factor: v128, f: v128, y: v128, to: usize): v128 {
  const slope = slopeOf(code, f, y);
  v128.store(to, f64x2.mul(factor, slope));
  return valueOf(code, f, y);
}

function single(code: i32, factor: v128, f: v128, y: v128, to: usize): v128 {
  v128.store64_lane(to, f64x2.mul(factor, slopeOf(code, f, y)), 0);
  return valueOf(code, f, y);
}

/** ∂ℓ/∂f. */
function slopeOf(code: i32, f: v128, y: v128): v128 {
  if (code == LossCode.logistic) {
    const t = f64x2.mul(y, f), e = exponential(v128.or(t, signBit())), q = f64x2.div(one(), f64x2.add(one(), e));
    return f64x2.neg(f64x2.mul(y, v128.bitselect(f64x2.mul(e, q), q, f64x2.gt(t, f64x2.splat(0)))));
  }
  const r = f64x2.sub(f, y);
  return code == LossCode.squared ? r : f64x2.pmax(f64x2.pmin(r, one()), f64x2.neg(one()));
}

/** ℓ. */
function valueOf(code: i32, f: v128, y: v128): v128 {
  if (code == LossCode.logistic) {
    const t = f64x2.mul(y, f), tail = log1pUnit(exponential(v128.or(t, signBit())));
    return f64x2.add(f64x2.pmax(f64x2.neg(t), f64x2.splat(0)), tail);
  }
  const r = f64x2.sub(f, y), square = f64x2.mul(f64x2.splat(0.5), f64x2.mul(r, r));
  if (code == LossCode.squared) return square;
  const a = f64x2.abs(r);
  return v128.bitselect(f64x2.sub(a, f64x2.splat(0.5)), square, f64x2.gt(a, one()));
}

/** −Σ y log softmax(f) of a row, whose slopes take the place of f. */
function softmaxRow(C: i32, scale: f64, f: usize, y: usize): f64 {
  let top = 0, largest = load<f64>(f), weight: f64 = 0, below: f64 = 0;
  for (let c = 1; c < C; c++) {
    const value = load<f64>(f + (<usize>c << 3));
    // Not >: a NaN goes on, and the loss shows it.
    if (!(value <= largest)) {
      largest = value;
      top = c;
    }
  }
  const end = <usize>C << 3, m = f64x2.splat(largest);
  for (let o: usize = 0; o < end; o += 8) {
    const target = load<f64>(y + o), value = load<f64>(f + o);
    weight += target;
    if (target != 0) below += target * (largest - value);
  }
  let o: usize = 0, rest: f64 = 0;
  for (; o + 16 <= end; o += 16) v128.store(f + o, exponential(f64x2.sub(v128.load(f + o), m)));
  if (o < end) store<f64>(f + o, f64x2.extract_lane(exponential(f64x2.sub(v128.load64_zero(f + o), m)), 0));
  for (let c = 0; c < C; c++) if (c != top) rest += load<f64>(f + (<usize>c << 3));
  const inverse = 1 / (1 + rest);
  for (let c = 0; c < C; c++) {
    const at = f + (<usize>c << 3), target = load<f64>(y + (<usize>c << 3));
    const slope = c == top ? (weight - target - target * rest) * inverse : weight * load<f64>(at) * inverse - target;
    store<f64>(at, scale * slope);
  }
  return below + weight * log1p(rest);
}
