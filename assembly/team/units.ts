// The kinds of units: what the threads of a team can be given. A job lies in memory; its owner writes it before the
// region opens, and nobody while it is open.
import { hadamardUnit, mirrorUnit, rowdotUnit } from "../blas/level2";
import { blockUnit, packUnit } from "../blas/product";
import { trsmUnit } from "../blas/trsm";
import { covarianceUnit } from "../infinite/covariance";
import { dualActivationUnit } from "../infinite/layer";
import { secularUnit, vectorsUnit, weightsUnit } from "../lapack/eigen/divide";
import { columnUnit } from "../lapack/eigen/tridiagonal";
import { featuresUnit } from "../network/features";
import { khatriraoUnit, vjpUnit } from "../network/jacobian";
import { featureUnit, kernelUnit } from "../network/ntk";
import { trainRowsUnit, trainUnitsUnit } from "../network/train";

// A kind with numbers of type T; the next number is the kind with singles.
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
// @ts-ignore: decorator
@inline export const FEATURES: i32 = 10;
// @ts-ignore: decorator
@inline export const HADAMARD: i32 = 12;
// @ts-ignore: decorator
@inline export const MIRROR: i32 = 14;
// Kinds with doubles only.
// @ts-ignore: decorator
@inline export const ROWDOT: i32 = 16;
// @ts-ignore: decorator
@inline export const KHATRIRAO: i32 = 17;
// @ts-ignore: decorator
@inline export const VJP: i32 = 18;
// @ts-ignore: decorator
@inline export const COVARIANCE: i32 = 19;
// @ts-ignore: decorator
@inline export const DUAL: i32 = 20;
// @ts-ignore: decorator
@inline export const TRAIN_ROWS: i32 = 21;
// @ts-ignore: decorator
@inline export const TRAIN_UNITS: i32 = 22;

// @ts-ignore: decorator
@inline export const COLUMN: i32 = 23;
// @ts-ignore: decorator
@inline export const SECULAR: i32 = 24;
// @ts-ignore: decorator
@inline export const WEIGHTS: i32 = 25;
// @ts-ignore: decorator
@inline export const VECTORS: i32 = 26;

/** A kind for numbers of type T. */
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
    case FEATURES: featuresUnit<f64>(job, unit, work); return;
    case FEATURES + 1: featuresUnit<f32>(job, unit, work); return;
    case HADAMARD: hadamardUnit<f64>(job, unit); return;
    case HADAMARD + 1: hadamardUnit<f32>(job, unit); return;
    case MIRROR: mirrorUnit<f64>(job, unit); return;
    case MIRROR + 1: mirrorUnit<f32>(job, unit); return;
    case ROWDOT: rowdotUnit(job, unit); return;
    case KHATRIRAO: khatriraoUnit(job, unit); return;
    case VJP: vjpUnit(job, unit); return;
    case COVARIANCE: covarianceUnit(job, unit); return;
    case DUAL: dualActivationUnit(job, unit, work); return;
    case TRAIN_ROWS: trainRowsUnit(job, unit, work); return;
    case TRAIN_UNITS: trainUnitsUnit(job, unit); return;
    case COLUMN: columnUnit(job, unit); return;
    case SECULAR: secularUnit(job, unit, work); return;
    case WEIGHTS: weightsUnit(job, unit); return;
    case VECTORS: vectorsUnit(job, unit, work); return;
    default: unreachable();
  }
}
