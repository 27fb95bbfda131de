// Pre-activations and the hidden layer: see src/ops.ts for the contract.
// Few inputs: Cᵀ is laid out once and a row of Z is d axpys that stay in L1. Many inputs: one gemm for all rows.
import { activate } from "../activation/index";
import { activateFloat32 } from "../activation/float32";
import { linesOf } from "../blas/blocksize";
import { transpose } from "../blas/level2";
import { pack } from "../blas/pack";
import { multiply, productScratchBytes } from "../blas/product";
import { multiplyAdd, splatAt } from "../simd/words";
import { endRow, firstRow, isWorth, jobRoom, Rows, shareRows, threads } from "../team/team";

/** Up to here axpys beat packing for the gemm: each costs a load and a store of Z per multiply-add. */
// @ts-ignore: decorator
@inline export const FEW_INPUTS: i32 = 4;

/** Bytes that an activation may want for the end of a row, or for widening. */
// @ts-ignore: decorator
@inline const TMP: usize = 256;

export function affine<T>(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, z: usize, ldz: i32, work: usize,
): i32 {
  const few = prepare<T>(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, z, ldz, work);
  if (isWorth(AXPY_TIME * <f64>(rowEnd - rowStart) * <f64>m * <f64>(few ? d + 1 : 1))) {
    const job = changetype<Features>(jobRoom());
    job.activation = NONE; job.few = few; job.m = m; job.d = d; job.alpha = alpha; job.x = x; job.ldx = ldx; job.ct = work;
    job.beta = beta; job.bias = bias; job.s = z; job.lds = ldz;
    shareRows(sizeof<T>() == 4 ? featuresUnit32 : featuresUnit64, job, rowStart, rowEnd, 1, 0, 0);
    return 0;
  }
  affineRows<T>(rowStart, rowEnd, few, m, d, alpha, x, ldx, work, beta, bias, z, ldz);
  return 0;
}

function affineRows<T>(
  rowStart: i32, rowEnd: i32, few: bool, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, ct: usize,
  beta: f64, bias: usize, z: usize, ldz: i32,
): void {
  for (let i = rowStart; i < rowEnd; i++) {
    const row = <usize>i * sizeof<T>();
    affineRow<T>(few, m, d, alpha, x + row * <usize>ldx, ct, beta, bias, z + row * <usize>ldz);
  }
}

/** Bytes for a team of `team` threads. */
export function featuresScratchBytes<T>(rows: i32, m: i32, d: i32, team: i32): f64 {
  const prepared = d <= FEW_INPUTS ? <f64>m * <f64>d * <f64>sizeof<T>() : productScratchBytes<T>(rows, m, d, 0, team);
  return <f64>ownBytes<T>(m) * <f64>team + prepared;
}

/** Bytes of each thread: what an activation wants, and a row of slopes that nobody reads. */
// @ts-ignore: decorator
@inline
function ownBytes<T>(m: i32): usize {
  return TMP + linesOf<T>(<usize>m);
}

/** Nanoseconds for a number of Z and an input, and for an activation's value and slope: the cheapest one. */
// @ts-ignore: decorator
@inline const AXPY_TIME: f64 = 0.3;
// @ts-ignore: decorator
@inline const ACTIVATION_TIME: f64 = 1.5;
/** In place of an activation: pre-activations are wanted. */
// @ts-ignore: decorator
@inline const NONE: i32 = -1;
/** In place of a number of inputs: pre-activations are there. */
// @ts-ignore: decorator
@inline const GIVEN: i32 = -1;

@unmanaged
class Features extends Rows {
  activation: i32;
  few: bool;
  m: i32;
  d: i32;
  alpha: f64;
  x: usize;
  ldx: i32;
  ct: usize;
  beta: f64;
  bias: usize;
  gain: usize;
  s: usize;
  lds: i32;
  g: usize;
  ldg: i32;
}

function featuresUnit<T>(address: usize, unit: i32, work: usize): void {
  const t = changetype<Features>(address), from = firstRow(t, unit), to = endRow(t, unit);
  if (t.activation == NONE) affineRows<T>(from, to, t.few, t.m, t.d, t.alpha, t.x, t.ldx, t.ct, t.beta, t.bias, t.s, t.lds);
  else {
    featureRows<T>(
      t.activation, from, to, t.few, t.m, t.d, t.alpha, t.x, t.ldx, t.ct, t.beta, t.bias, t.gain, t.s, t.lds, t.g, t.ldg, work,
    );
  }
}

function featuresUnit64(job: usize, unit: i32, work: usize): void {
  featuresUnit<f64>(job, unit, work);
}

function featuresUnit32(job: usize, unit: i32, work: usize): void {
  featuresUnit<f32>(job, unit, work);
}

export function features<T>(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  if (!activateRow<T>(activation, 0, 0, work, work, work)) return -1;
  const time = (ACTIVATION_TIME + (d <= FEW_INPUTS ? AXPY_TIME * <f64>d : 0)) * <f64>(rowEnd - rowStart) * <f64>m;
  const shared = isWorth(time), ct = work + ownBytes<T>(m) * <usize>(shared ? threads() : 1);
  const few = prepare<T>(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, s, lds, ct);
  if (shared) {
    const job = changetype<Features>(jobRoom());
    job.activation = activation; job.few = few; job.m = m; job.d = d; job.alpha = alpha; job.x = x; job.ldx = ldx; job.ct = ct;
    job.beta = beta; job.bias = bias; job.gain = gain; job.s = s; job.lds = lds; job.g = g; job.ldg = ldg;
    shareRows(sizeof<T>() == 4 ? featuresUnit32 : featuresUnit64, job, rowStart, rowEnd, 1, work, ownBytes<T>(m));
    return 0;
  }
  featureRows<T>(
    activation, rowStart, rowEnd, few, m, d, alpha, x, ldx, ct, beta, bias, gain, s, lds, g, ldg, work,
  );
  return 0;
}

export function activateRows<T>(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  if (!activateRow<T>(activation, 0, 0, work, work, work)) return -1;
  if (isWorth(ACTIVATION_TIME * <f64>(rowEnd - rowStart) * <f64>m)) {
    const job = changetype<Features>(jobRoom());
    job.activation = activation; job.few = false; job.m = m; job.d = GIVEN; job.x = 0; job.ldx = 0; job.ct = 0; job.bias = 0;
    job.gain = gain; job.s = s; job.lds = lds; job.g = g; job.ldg = ldg;
    shareRows(sizeof<T>() == 4 ? featuresUnit32 : featuresUnit64, job, rowStart, rowEnd, 1, work, ownBytes<T>(m));
    return 0;
  }
  featureRows<T>(activation, rowStart, rowEnd, false, m, GIVEN, 0, 0, 0, 0, 0, 0, gain, s, lds, g, ldg, work);
  return 0;
}

function featureRows<T>(
  activation: i32, rowStart: i32, rowEnd: i32, few: bool, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, ct: usize,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): void {
  const tmp = work, dummy = tmp + TMP;
  for (let i = rowStart; i < rowEnd; i++) {
    const to = s + <usize>i * <usize>lds * sizeof<T>(), slope = g ? g + <usize>i * <usize>ldg * sizeof<T>() : dummy;
    if (d != GIVEN) affineRow<T>(few, m, d, alpha, x + <usize>i * <usize>ldx * sizeof<T>(), ct, beta, bias, to);
    activateRow<T>(activation, m, gain, to, slope, tmp);
  }
}

// @ts-ignore: decorator
@inline
function activateRow<T>(code: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  return sizeof<T>() == 4 ? activateFloat32(code, m, gain, s, g, tmp) : activate(code, m, gain, s, g, tmp);
}

/**
 * One row after {@link prepare}: z in s (or made from ct), then s = σ(z), g = gain σ'(z). `tmp` has room for two
 * vectors.
 */
// @ts-ignore: decorator
@inline
export function featureRow(
  activation: i32, few: bool, m: i32, d: i32, alpha: f64, x: usize, ct: usize, beta: f64, bias: usize, gain: usize,
  s: usize, g: usize, tmp: usize,
): void {
  affineRow<f64>(few, m, d, alpha, x, ct, beta, bias, s);
  activate(activation, m, gain, s, g, tmp);
}

/** Few inputs: Cᵀ into work, returns true. Many: Z = alpha X Cᵀ, all rows. */
export function prepare<T>(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  z: usize, ldz: i32, work: usize,
): bool {
  if (d <= FEW_INPUTS) {
    if (sizeof<T>() == 8) transpose(m, d, c, ldc, work, m);
    else pack<T>(0, 0, m, 0, d, m, c, ldc, work);
    return true;
  }
  multiply<T>(false, rowStart, rowEnd, m, d, 0, x, ldx, 1, c, ldc, alpha, 0, z, ldz, work);
  return false;
}

/** z = beta bias + (few ? alpha Σ_t x_t ct_t : z). */
function affineRow<T>(few: bool, m: i32, d: i32, alpha: f64, x: usize, ct: usize, beta: f64, bias: usize, z: usize): void {
  const mBytes = <usize>m * sizeof<T>();
  if (!few) {
    if (bias) axpyRow<T>(mBytes, <T>beta, bias, z, z);
    return;
  }
  let from: usize = 0;
  if (bias) {
    const b = v128.splat<T>(<T>beta);
    let o: usize = 0;
    if (d > 0) {
      // The first input together with the bias: for d = 1 the row is written once.
      const a = v128.splat<T>(<T>(<T>alpha * load<T>(x)));
      for (; o + 16 <= mBytes; o += 16) v128.store(z + o, multiplyAdd<T>(a, v128.load(ct + o), v128.mul<T>(b, v128.load(bias + o))));
      for (; o < mBytes; o += sizeof<T>()) {
        const last = multiplyAdd<T>(a, splatAt<T>(ct + o), v128.mul<T>(b, splatAt<T>(bias + o)));
        store<T>(z + o, v128.extract_lane<T>(last, 0));
      }
      from = 1;
    } else {
      for (; o < mBytes; o += sizeof<T>()) store<T>(z + o, <T>(<T>beta * load<T>(bias + o)));
    }
  } else {
    memory.fill(z, 0, mBytes);
  }
  for (let t = from; t < <usize>d; t++) axpyRow<T>(mBytes, <T>(<T>alpha * load<T>(x + t * sizeof<T>())), ct + t * mBytes, z, z);
}

/** z = a x + y for one row. */
function axpyRow<T>(bytes: usize, a: T, x: usize, y: usize, z: usize): void {
  const va = v128.splat<T>(a);
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(z + o, multiplyAdd<T>(va, v128.load(x + o), v128.load(y + o)));
  for (; o < bytes; o += sizeof<T>()) {
    const last = multiplyAdd<T>(va, splatAt<T>(x + o), splatAt<T>(y + o));
    store<T>(z + o, v128.extract_lane<T>(last, 0));
  }
}
