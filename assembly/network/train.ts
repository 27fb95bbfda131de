// Descent of a one-hidden-layer network, on all rows or on batches: see src/ops.ts for the contract.
// Rows are taken four at a time. Their features are made and used for the outputs, and their residuals go back into the
// gradient, while both are in L1. Nothing of size n×m is kept; many inputs are the exception, which make one product of
// all pre-activations.
import { lineBytes } from "../blas/blocksize";
import { FEW_INPUTS, featureRow, featuresScratchBytes, prepare } from "./features";
import { addRows, WIDE } from "./jacobian";
import { dot } from "../blas/level2";
import { LossCode } from "../../src/codes";
import { step } from "./descend";
import { entries } from "./loss";
import { Rule } from "./rule";
import { endRow, firstRow, isShared, jobRoom, Rows, shareRows, threads } from "../team/team";

// @ts-ignore: decorator
@inline const GROUP: i32 = 4;

/** Enough for one thread too: a call of a batch may have one, whatever its size. */
export function trainScratchBytes(n: i32, m: i32, d: i32): f64 {
  const shared = isLarge(n, m, d), line = <f64>lineBytes(<usize>m), parameters = <f64>m * <f64>(d + 2) + 1;
  const lines = max((d <= FEW_INPUTS ? GROUP : n) + GROUP + 1, shared ? 2 * n + 1 : 0);
  const sums = shared ? 2 * <f64>lineBytes(<usize>n) + 64 * <f64>threads() : 0.0;
  return 192 + parameters * 8 + <f64>lines * line + sums + featuresScratchBytes<f64>(n, m, d, threads());
}

/** True where threads share a step: S and G are then kept for all rows, to be summed by units. */
function isLarge(n: i32, m: i32, d: i32): bool {
  return isShared(stepTime(n, m, d));
}

/** Nanoseconds of a step. */
export function stepTime(n: i32, m: i32, d: i32): f64 {
  return STEP_TIME * <f64>n * <f64>m * <f64>(d + 3);
}

/** Nanoseconds for a unit, a point and an input in a step. */
// @ts-ignore: decorator
@inline const STEP_TIME: f64 = 0.7;

export function train(
  activation: i32, steps: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  ta: f64, tb: f64, tc: f64, td: f64, x: usize, y: usize, theta: usize, losses: usize, limit: f64, rule: usize, work: usize,
): i32 {
  const P = m * (d + 1) + (bias ? m + 1 : 0), gradient = work + 128, rest = gradient + lineBytes(<usize>P);
  const shared = isLarge(n, m, d), r = changetype<Rule>(rule), code = <i32>r.loss, until = r.until;
  const sizes = <usize>r.sizes, room = <usize>r.room;
  let order = <usize>r.order;
  for (let k = 0; k < steps; k++) {
    let rows = n, xk = x, yk = y;
    if (sizes) {
      rows = load<i32>(sizes + (<usize>k << 2));
      xk = room;
      yk = room + (<usize>rows * <usize>d << 3);
      gather(rows, d, order, x, xk);
      gather(rows, 1, order, y, yk);
      order += <usize>rows << 2;
    }
    const loss = shared
      ? sharedBackward(code, activation, rows, m, d, alpha1, beta1, alpha2, beta2, bias, ta, tb, tc, td, xk, yk, theta, gradient, rest)
      : backward(code, activation, rows, m, d, alpha1, beta1, alpha2, beta2, bias, ta, tb, tc, td, xk, yk, theta, gradient, work, rest);
    store<f64>(losses + (<usize>k << 3), loss);
    if (!(loss <= limit) || loss <= until) return k + 1;
    step(P, k, gradient, theta, r);
  }
  return 0;
}

/** Rows of X, d numbers each, in the order of `order`. */
function gather(rows: i32, d: i32, order: usize, x: usize, to: usize): void {
  const bytes = <usize>d << 3;
  for (let i = 0; i < rows; i++, to += bytes) memory.copy(to, x + <usize>load<i32>(order + (<usize>i << 2)) * bytes, bytes);
}

/**
 * The direction of the mean loss, laid out like theta; returns the loss. `small` has room for twelve doubles. Squares
 * are taken where f is made; other losses turn f into its slope, row by row.
 */
function backward(
  code: i32, activation: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  ta: f64, tb: f64, tc: f64, td: f64, x: usize, y: usize, theta: usize, gradient: usize, small: usize, work: usize,
): f64 {
  const mBytes = <usize>m << 3, dBytes = <usize>d << 3, line = lineBytes(<usize>m), first: usize = bias ? 8 : 0;
  const b = theta + first, c = b + mBytes, bd = bias ? c + mBytes * <usize>d : 0;
  const gb = gradient + first, gc = gb + mBytes, gd = gc + mBytes * <usize>d;
  const tmp = small, v = small + 64, gain = work, g = gain + line, s = g + line * GROUP;
  const prepared = s + line * <usize>(d <= FEW_INPUTS ? GROUP : n), ld = <i32>(line >> 3);
  for (let o: usize = 0; o < mBytes; o += 8) store<f64>(gain + o, alpha2 * load<f64>(b + o));
  memory.fill(gradient, 0, first + mBytes * <usize>(d + 1) + (bias ? mBytes : 0));
  const few = prepare<f64>(0, n, m, d, alpha1, x, d, c, d, s, ld, prepared);
  const squared = code == LossCode.squared;
  // Sums of losses, and of slopes: for squares n times as large, and twice that.
  let value: f64 = 0, total: f64 = 0;
  for (let i = 0; i < n; i += GROUP) {
    const live = min(GROUP, n - i), rows = few ? s : s + <usize>i * line;
    for (let r = 0; r < live; r++) {
      const row = rows + <usize>r * line, at = <usize>(i + r);
      featureRow(activation, few, m, d, alpha1, x + at * dBytes, prepared, beta1, bd, gain, row, g + <usize>r * line, tmp);
      const f = (bias ? beta2 * load<f64>(theta) : 0) + dot(m, row, gain), slope = v + (<usize>r << 3);
      if (squared) {
        const difference = f - load<f64>(y + (at << 3));
        value += difference * difference;
        total += difference;
        store<f64>(slope, difference / <f64>n);
      } else {
        store<f64>(slope, f);
        value += entries(code, 1, 1 / <f64>n, slope, y + (at << 3));
        total += load<f64>(slope);
      }
    }
    addRows(m, live, tb, v, 0, 0, rows, line, gb, 1);
    if (bias) addRows(m, live, td, v, 0, 0, g, line, gd, 1);
    const xi = x + <usize>i * dBytes;
    for (let t = 0; t < d; t++) addRows(m, live, tc, v, xi + (<usize>t << 3), dBytes, g, line, gc + (<usize>t << 3), d);
  }
  return mean(squared, n, value, total, ta, bias, gradient);
}

/** The mean loss from its sum; the entry of the output's bias from the sum of slopes. */
function mean(squared: bool, n: i32, value: f64, total: f64, ta: f64, bias: i32, gradient: usize): f64 {
  if (bias) store<f64>(gradient, squared ? ta * total / <f64>n : ta * total);
  return value / (squared ? 2 * <f64>n : <f64>n);
}

/** A step that threads share: rows make features and residuals, then units sum their gradient, in the order of rows. */
@unmanaged
class Step extends Rows {
  code: i32;
  activation: i32;
  few: bool;
  n: i32;
  m: i32;
  d: i32;
  bias: bool;
  alpha1: f64;
  beta1: f64;
  tb: f64;
  tc: f64;
  td: f64;
  /** beta2 a. */
  start: f64;
  x: usize;
  y: usize;
  prepared: usize;
  /** Biases of the hidden layer. */
  shift: usize;
  gain: usize;
  s: usize;
  g: usize;
  ld: i32;
  /** f − y for squares, and else the losses; slopes over n. */
  differences: usize;
  v: usize;
  gb: usize;
  gc: usize;
  gd: usize;
}

function sharedBackward(
  code: i32, activation: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  ta: f64, tb: f64, tc: f64, td: f64, x: usize, y: usize, theta: usize, gradient: usize, work: usize,
): f64 {
  const mBytes = <usize>m << 3, line = lineBytes(<usize>m), first: usize = bias ? 8 : 0, t = changetype<Step>(jobRoom());
  const b = theta + first, c = b + mBytes, gb = gradient + first, gc = gb + mBytes, column = lineBytes(<usize>n);
  const gain = work, g = gain + line, s = g + line * <usize>n, differences = s + line * <usize>n, v = differences + column;
  const own = v + column, prepared = own + 64 * <usize>threads();
  for (let o: usize = 0; o < mBytes; o += 8) store<f64>(gain + o, alpha2 * load<f64>(b + o));
  memory.fill(gradient, 0, first + mBytes * <usize>(d + 1) + (bias ? mBytes : 0));
  const few = prepare<f64>(0, n, m, d, alpha1, x, d, c, d, s, <i32>(line >> 3), prepared);
  t.code = code; t.activation = activation; t.few = few; t.n = n; t.m = m; t.d = d; t.bias = bias != 0; t.alpha1 = alpha1; t.beta1 = beta1; t.tb = tb; t.tc = tc; t.td = td;
  t.start = bias ? beta2 * load<f64>(theta) : 0; t.x = x; t.y = y; t.prepared = prepared;
  t.shift = bias ? c + mBytes * <usize>d : 0; t.gain = gain; t.s = s; t.g = g; t.ld = <i32>(line >> 3);
  t.differences = differences; t.v = v; t.gb = gb; t.gc = gc; t.gd = gc + mBytes * <usize>d;
  shareRows(trainRowsUnit, t, 0, n, 1, own, 64);
  const squared = code == LossCode.squared;
  let value: f64 = 0, total: f64 = 0;
  for (let i = 0; i < n; i++) {
    const difference = load<f64>(differences + (<usize>i << 3));
    value += squared ? difference * difference : difference;
    total += squared ? difference : load<f64>(v + (<usize>i << 3));
  }
  shareRows(trainUnitsUnit, t, 0, m, WIDE, 0, 0);
  return mean(squared, n, value, total, ta, bias, gradient);
}

function trainRowsUnit(address: usize, unit: i32, tmp: usize): void {
  const t = changetype<Step>(address), line = <usize>t.ld << 3, n = t.n, m = t.m, d = t.d, gain = t.gain;
  for (let i = firstRow(t, unit), end = endRow(t, unit); i < end; i++) {
    const at = <usize>i, row = t.s + at * line, x = t.x + (at * <usize>d << 3);
    featureRow(t.activation, t.few, m, d, t.alpha1, x, t.prepared, t.beta1, t.shift, gain, row, t.g + at * line, tmp);
    const f = t.start + dot(m, row, gain), y = t.y + (at << 3), slope = t.v + (at << 3);
    let difference = f - load<f64>(y);
    if (t.code == LossCode.squared) store<f64>(slope, difference / <f64>n);
    else {
      store<f64>(slope, f);
      difference = entries(t.code, 1, 1 / <f64>n, slope, y);
    }
    store<f64>(t.differences + (at << 3), difference);
  }
}

function trainUnitsUnit(address: usize, unit: i32, _work: usize): void {
  const t = changetype<Step>(address), line = <usize>t.ld << 3, d = t.d, dBytes = <usize>d << 3;
  const from = firstRow(t, unit), units = endRow(t, unit) - from, o = <usize>from << 3;
  for (let i = 0, n = t.n; i < n; i += GROUP) {
    const live = min(GROUP, n - i), at = <usize>i, v = t.v + (at << 3), s = t.s + at * line + o, g = t.g + at * line + o;
    addRows(units, live, t.tb, v, 0, 0, s, line, t.gb + o, 1);
    if (t.bias) addRows(units, live, t.td, v, 0, 0, g, line, t.gd + o, 1);
    const xi = t.x + at * dBytes, gc = t.gc + o * <usize>d;
    for (let q = 0; q < d; q++) addRows(units, live, t.tc, v, xi + (<usize>q << 3), dBytes, g, line, gc + (<usize>q << 3), d);
  }
}
