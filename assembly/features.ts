// Pre-activations and the hidden layer: see src/ops.ts for the contract.
// Few inputs: Cᵀ is laid out once and a row of Z is d axpys that stay in L1. Many inputs: one gemm for all rows.
import { activate } from "./activation/index";
import { lineBytes } from "./blocksize";
import { dtranspose } from "./level2";
import { multiply, productScratchBytes } from "./product";
import { madd } from "./simd";

/** Up to here axpys beat packing for the gemm: each costs a load and a store of Z per multiply-add. */
// @ts-ignore: decorator
@inline export const FEW_INPUTS: i32 = 4;

export function dfeaturesScratchBytes(rows: i32, m: i32, d: i32): f64 {
  const row = <f64>m * 8 + 128;
  return row + (d <= FEW_INPUTS ? <f64>m * <f64>d * 8 : productScratchBytes<f64>(rows, m, d, 0));
}

export function daffine(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, z: usize, ldz: i32, work: usize,
): i32 {
  const few = prepare(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, z, ldz, work);
  for (let i = rowStart; i < rowEnd; i++) {
    affineRow(few, m, d, alpha, x + (<usize>i * <usize>ldx << 3), work, beta, bias, z + (<usize>i * <usize>ldz << 3));
  }
  return 0;
}

export function dfeatures(
  activation: i32, rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  beta: f64, bias: usize, gain: usize, s: usize, lds: i32, g: usize, ldg: i32, work: usize,
): i32 {
  const tmp = work, dummy = tmp + 64, rest = dummy + lineBytes(<usize>m);
  if (!activate(activation, 0, 0, tmp, tmp, tmp)) return -1;
  const few = prepare(rowStart, rowEnd, m, d, alpha, x, ldx, c, ldc, s, lds, rest);
  for (let i = rowStart; i < rowEnd; i++) {
    const to = s + (<usize>i * <usize>lds << 3), slope = g ? g + (<usize>i * <usize>ldg << 3) : dummy;
    featureRow(activation, few, m, d, alpha, x + (<usize>i * <usize>ldx << 3), rest, beta, bias, gain, to, slope, tmp);
  }
  return 0;
}

/** One row after {@link prepare}: z in s (or made from ct), then s = σ(z), g = gain σ'(z). `tmp` has room for two vectors. */
// @ts-ignore: decorator
@inline
export function featureRow(
  activation: i32, few: bool, m: i32, d: i32, alpha: f64, x: usize, ct: usize, beta: f64, bias: usize, gain: usize,
  s: usize, g: usize, tmp: usize,
): void {
  affineRow(few, m, d, alpha, x, ct, beta, bias, s);
  activate(activation, m, gain, s, g, tmp);
}

/** Few inputs: Cᵀ into work, returns true. Many: Z = alpha X Cᵀ, all rows. */
export function prepare(
  rowStart: i32, rowEnd: i32, m: i32, d: i32, alpha: f64, x: usize, ldx: i32, c: usize, ldc: i32,
  z: usize, ldz: i32, work: usize,
): bool {
  if (d <= FEW_INPUTS) {
    dtranspose(m, d, c, ldc, work, m);
    return true;
  }
  multiply<f64>(false, rowStart, rowEnd, m, d, 0, x, ldx, 1, c, ldc, alpha, 0, z, ldz, work);
  return false;
}

/** z = beta bias + (few ? alpha Σ_t x_t ct_t : z). */
function affineRow(few: bool, m: i32, d: i32, alpha: f64, x: usize, ct: usize, beta: f64, bias: usize, z: usize): void {
  const mBytes = <usize>m << 3;
  if (!few) {
    if (bias) axpyRow(mBytes, beta, bias, z, z);
    return;
  }
  let from: usize = 0;
  if (bias) {
    const b = f64x2.splat(beta);
    let o: usize = 0;
    if (d > 0) {
      // The first input together with the bias: for d = 1 the row is written once.
      const a = f64x2.splat(alpha * load<f64>(x));
      for (; o + 16 <= mBytes; o += 16) v128.store(z + o, madd(a, v128.load(ct + o), f64x2.mul(b, v128.load(bias + o))));
      if (o < mBytes) {
        const last = madd(a, v128.load64_splat(ct + o), f64x2.mul(b, v128.load64_splat(bias + o)));
        store<f64>(z + o, f64x2.extract_lane(last, 0));
      }
      from = 1;
    } else {
      for (; o < mBytes; o += 8) store<f64>(z + o, beta * load<f64>(bias + o));
    }
  } else {
    memory.fill(z, 0, mBytes);
  }
  for (let t = from; t < <usize>d; t++) axpyRow(mBytes, alpha * load<f64>(x + (t << 3)), ct + t * mBytes, z, z);
}

/** z = a x + y for one row. */
function axpyRow(bytes: usize, a: f64, x: usize, y: usize, z: usize): void {
  const va = f64x2.splat(a);
  let o: usize = 0;
  for (; o + 16 <= bytes; o += 16) v128.store(z + o, madd(va, v128.load(x + o), v128.load(y + o)));
  if (o < bytes) {
    const last = madd(va, v128.load64_splat(x + o), v128.load64_splat(y + o));
    store<f64>(z + o, f64x2.extract_lane(last, 0));
  }
}
