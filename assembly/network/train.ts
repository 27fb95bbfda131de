// Full-batch gradient descent of a one-hidden-layer network: see src/ops.ts for the contract.
// Rows are taken four at a time. Their features are made and used for the outputs, and their residuals go back into the
// gradient, while both are in L1. Nothing of size n×m is kept; many inputs are the exception, which make one product of
// all pre-activations.
import { lineBytes } from "../blas/blocksize";
import { FEW_INPUTS, featureRow, featuresScratchBytes, prepare } from "./features";
import { addRows } from "./jacobian";
import { dot } from "../blas/level2";
import { threads } from "../team/team";
import { madd, nmadd } from "../simd/words";

// @ts-ignore: decorator
@inline const GROUP: i32 = 4;

export function trainScratchBytes(n: i32, m: i32, d: i32): f64 {
  const rows = d <= FEW_INPUTS ? GROUP : n, parameters = <f64>m * <f64>(d + 2) + 1;
  return 192 + parameters * 8 + <f64>(rows + GROUP + 1) * <f64>lineBytes(<usize>m) + featuresScratchBytes<f64>(n, m, d, threads());
}

export function train(
  activation: i32, steps: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  x: usize, y: usize, rates: usize, momentum: f64, nesterov: i32, decay: f64,
  theta: usize, theta0: usize, velocity: usize, losses: usize, limit: f64, work: usize,
): i32 {
  const P = m * (d + 1) + (bias ? m + 1 : 0), gradient = work + 128, rest = gradient + lineBytes(<usize>P);
  for (let k = 0; k < steps; k++) {
    const loss = backward(activation, n, m, d, alpha1, beta1, alpha2, beta2, bias, x, y, theta, gradient, work, rest);
    store<f64>(losses + (<usize>k << 3), loss);
    if (!(loss <= limit)) return k + 1;
    const rate = load<f64>(rates + (<usize>k << 3));
    descend(P, rate, momentum, nesterov, decay, gradient, theta, theta0, velocity);
  }
  return 0;
}

export function descend(
  P: i32, rate: f64, momentum: f64, nesterov: i32, decay: f64, gradient: usize, theta: usize, theta0: usize, velocity: usize,
): i32 {
  if (momentum != 0) momentumStep(P, rate, momentum, nesterov, decay, gradient, theta, theta0, velocity);
  else plainStep(P, rate, decay, gradient, theta, theta0);
  return 0;
}

/**
 * The gradient of the loss Σ (f − y)²/2n, laid out like theta; returns the loss. `small` has room for twelve doubles.
 */
function backward(
  activation: i32, n: i32, m: i32, d: i32, alpha1: f64, beta1: f64, alpha2: f64, beta2: f64, bias: i32,
  x: usize, y: usize, theta: usize, gradient: usize, small: usize, work: usize,
): f64 {
  const mBytes = <usize>m << 3, dBytes = <usize>d << 3, line = lineBytes(<usize>m), first: usize = bias ? 8 : 0;
  const b = theta + first, c = b + mBytes, bd = bias ? c + mBytes * <usize>d : 0;
  const gb = gradient + first, gc = gb + mBytes, gd = gc + mBytes * <usize>d;
  const tmp = small, v = small + 64, gain = work, g = gain + line, s = g + line * GROUP;
  const prepared = s + line * <usize>(d <= FEW_INPUTS ? GROUP : n), ld = <i32>(line >> 3);
  for (let o: usize = 0; o < mBytes; o += 8) store<f64>(gain + o, alpha2 * load<f64>(b + o));
  memory.fill(gradient, 0, first + mBytes * <usize>(d + 1) + (bias ? mBytes : 0));
  const few = prepare<f64>(0, n, m, d, alpha1, x, d, c, d, s, ld, prepared);
  let squares: f64 = 0, total: f64 = 0;
  for (let i = 0; i < n; i += GROUP) {
    const live = min(GROUP, n - i), rows = few ? s : s + <usize>i * line;
    for (let r = 0; r < live; r++) {
      const row = rows + <usize>r * line, at = <usize>(i + r);
      featureRow(activation, few, m, d, alpha1, x + at * dBytes, prepared, beta1, bd, gain, row, g + <usize>r * line, tmp);
      const difference = (bias ? beta2 * load<f64>(theta) : 0) + dot(m, row, gain) - load<f64>(y + (at << 3));
      squares += difference * difference;
      total += difference;
      store<f64>(v + (<usize>r << 3), difference / <f64>n);
    }
    addRows(m, live, alpha2, v, 0, 0, rows, line, gb, 1);
    if (bias) addRows(m, live, beta1, v, 0, 0, g, line, gd, 1);
    const xi = x + <usize>i * dBytes;
    for (let t = 0; t < d; t++) addRows(m, live, alpha1, v, xi + (<usize>t << 3), dBytes, g, line, gc + (<usize>t << 3), d);
  }
  if (bias) store<f64>(gradient, beta2 * total / <f64>n);
  return squares / (2 * <f64>n);
}

/** theta −= rate (g + decay (theta − theta0)). */
function plainStep(P: i32, rate: f64, decay: f64, g: usize, theta: usize, theta0: usize): void {
  const vr = f64x2.splat(rate), vd = f64x2.splat(decay), bytes = <usize>P << 3;
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) {
    const x = v128.load(theta + o), slope = madd(vd, f64x2.sub(x, v128.load(theta0 + o)), v128.load(g + o));
    v128.store(theta + o, nmadd(vr, slope, x));
  }
  if (o < bytes) {
    const x = load<f64>(theta + o);
    store<f64>(theta + o, x - rate * (load<f64>(g + o) + decay * (x - load<f64>(theta0 + o))));
  }
}

/** The same with v ← momentum v + g, and v, or (nesterov) g + momentum v, for g. */
function momentumStep(
  P: i32, rate: f64, momentum: f64, nesterov: i32, decay: f64, g: usize, theta: usize, theta0: usize, velocity: usize,
): void {
  for (let o: usize = 0, bytes = <usize>P << 3; o < bytes; o += 8) {
    const x = load<f64>(theta + o), slope = load<f64>(g + o) + decay * (x - load<f64>(theta0 + o));
    const v = momentum * load<f64>(velocity + o) + slope;
    store<f64>(velocity + o, v);
    store<f64>(theta + o, x - rate * (nesterov ? slope + momentum * v : v));
  }
}
