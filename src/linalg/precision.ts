/**
 * One record that binds the level-3 ops to a precision, so that kernels and dense algebra are written once: names without their letter,
 * memory in entries instead of bytes. Results are float64 whatever the precision; what float32 cannot hold is an error, never ±Infinity.
 */

import { areFinite } from "../check.js";
import type { Context } from "../context.js";
import { type Matrix, matrix } from "../matrix.js";
import type { Ops } from "../ops.js";

export type Precision = "float64" | "float32";

/** ε of float32. */
export const EPSILON32 = 2 ** -23;

/** The ops of one precision. Contracts: those of the double ops in ops.ts. */
export interface Real {
  readonly precision: Precision;
  /** Bytes of an entry. */
  readonly bytes: 8 | 4;
  readonly features: Ops["dfeatures"];
  readonly featuresScratchBytes: Ops["dfeaturesScratchBytes"];
  readonly gram: Ops["dgram"];
  readonly gramCross: Ops["dgramCross"];
  readonly gramBlock: Ops["dgramBlock"];
  readonly gramBlockCross: Ops["dgramBlockCross"];
  readonly gramScratchBytes: Ops["dgramScratchBytes"];
  readonly ntk: Ops["dntk"];
  readonly ntkCross: Ops["dntkCross"];
  readonly ntkScratchBytes: Ops["dntkScratchBytes"];
  readonly gemm: Ops["dgemm"];
  readonly gemmScratchBytes: Ops["dgemmScratchBytes"];
  readonly syrk: Ops["dsyrk"];
  readonly potrf: Ops["dpotrf"];
  readonly potrfScratchBytes: Ops["dpotrfScratchBytes"];
  readonly hadamard: Ops["dhadamard"];
  readonly mirror: Ops["dmirror"];
  /** Address of scratch for so many entries. */
  alloc(entries: number): number;
  /** The entries at `address`, to use at once. */
  view(address: number, entries: number): Float64Array | Float32Array;
  /**
   * Copies data into scratch; `what` names it in the error.
   *
   * @throws RangeError where an entry is beyond float32.
   */
  copyIn(data: Float64Array, what: string): number;
  /**
   * A rows×cols result that JavaScript owns.
   *
   * @throws RangeError where it has left float32.
   */
  copyOut(address: number, rows: number, cols: number, what: string): Matrix;
}

export function realOf(context: Context, precision: Precision): Real {
  return precision === "float64" ? doubles(context) : singles(context);
}

/** Double precision. */
export function doubles({ ops, arena }: Context): Real {
  return {
    precision: "float64",
    bytes: 8,
    features: ops.dfeatures,
    featuresScratchBytes: ops.dfeaturesScratchBytes,
    gram: ops.dgram,
    gramCross: ops.dgramCross,
    gramBlock: ops.dgramBlock,
    gramBlockCross: ops.dgramBlockCross,
    gramScratchBytes: ops.dgramScratchBytes,
    ntk: ops.dntk,
    ntkCross: ops.dntkCross,
    ntkScratchBytes: ops.dntkScratchBytes,
    gemm: ops.dgemm,
    gemmScratchBytes: ops.dgemmScratchBytes,
    syrk: ops.dsyrk,
    potrf: ops.dpotrf,
    potrfScratchBytes: ops.dpotrfScratchBytes,
    hadamard: ops.dhadamard,
    mirror: ops.dmirror,
    alloc: (entries) => arena.alloc(entries),
    view: (address, entries) => arena.view(address, entries),
    copyIn: (data) => arena.copyIn(data),
    copyOut: (address, rows, cols) => matrix(rows, cols, arena.copyOut(address, rows * cols)),
  };
}

/** Single precision. */
export function singles({ ops, arena }: Context): Real {
  return {
    precision: "float32",
    bytes: 4,
    features: ops.sfeatures,
    featuresScratchBytes: ops.sfeaturesScratchBytes,
    gram: ops.sgram,
    gramCross: ops.sgramCross,
    gramBlock: ops.sgramBlock,
    gramBlockCross: ops.sgramBlockCross,
    gramScratchBytes: ops.sgramScratchBytes,
    ntk: ops.sntk,
    ntkCross: ops.sntkCross,
    ntkScratchBytes: ops.sntkScratchBytes,
    gemm: ops.sgemm,
    gemmScratchBytes: ops.sgemmScratchBytes,
    syrk: ops.ssyrk,
    potrf: ops.spotrf,
    potrfScratchBytes: ops.spotrfScratchBytes,
    hadamard: ops.shadamard,
    mirror: ops.smirror,
    alloc: (entries) => arena.allocBytes(entries * 4),
    view: (address, entries) => arena.singles(address, entries),
    copyIn(data, what) {
      const address = arena.allocBytes(data.length * 4);
      const view = arena.singles(address, data.length);
      // The typed array converts faster than an op and its copy would (10⁶ entries: 0.8 ms).
      view.set(data);
      const at = firstNotFinite(view);
      if (at >= 0) throw beyond(what, data[at], at, 1);
      return address;
    },
    copyOut(address, rows, cols, what) {
      const view = arena.singles(address, rows * cols);
      const at = firstNotFinite(view);
      if (at >= 0) throw beyond(what, view[at], at, cols);
      return matrix(rows, cols, new Float64Array(view));
    },
  };
}

function firstNotFinite(data: Float64Array | Float32Array): number {
  return areFinite(data) ? -1 : data.findIndex((x: number) => !Number.isFinite(x));
}

function beyond(what: string, value: number, at: number, cols: number): RangeError {
  const where = cols === 1 ? `entry ${at}` : `row ${Math.floor(at / cols)}, column ${at % cols}`;
  return new RangeError(
    `${what} leaves float32 (largest 3.4e38) at ${where} (${value}); rescale it, or use load({ precision: "float64" })`,
  );
}
