// The kinds of units: what the threads of a team can be given. A job lies in memory; its owner writes it before the
// region opens, and nobody while it is open.
import { blockUnit, packUnit } from "../blas/product";
import { trsmUnit } from "../blas/trsm";
import { featureUnit, kernelUnit } from "../network/ntk";

// @ts-ignore: decorator
@inline export const PACK: i32 = 0;
// @ts-ignore: decorator
@inline export const BLOCK: i32 = 2;
// @ts-ignore: decorator
@inline export const TRSM: i32 = 4;
// @ts-ignore: decorator
@inline export const NTK_FEATURES: i32 = 6;
// @ts-ignore: decorator
@inline export const NTK_BLOCK: i32 = 8;

/** A kind for numbers of type T: the next one is for singles. */
// @ts-ignore: decorator
@inline
export function kindOf<T>(kind: i32): i32 {
  return sizeof<T>() == 4 ? kind + 1 : kind;
}

export function runUnit(kind: i32, job: usize, unit: i32, work: usize): void {
  switch (kind) {
    case PACK: packUnit<f64>(job, unit); return;
    case PACK + 1: packUnit<f32>(job, unit); return;
    case BLOCK: blockUnit<f64>(job, unit, work); return;
    case BLOCK + 1: blockUnit<f32>(job, unit, work); return;
    case TRSM: trsmUnit<f64>(job, unit, work); return;
    case TRSM + 1: trsmUnit<f32>(job, unit, work); return;
    case NTK_FEATURES: featureUnit<f64>(job, unit, work); return;
    case NTK_FEATURES + 1: featureUnit<f32>(job, unit, work); return;
    case NTK_BLOCK: kernelUnit<f64>(job, unit, work); return;
    case NTK_BLOCK + 1: kernelUnit<f32>(job, unit, work); return;
    default: unreachable();
  }
}
