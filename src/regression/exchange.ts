/** Points that come and go: what changed, and the Cholesky factor and the features that follow the change. */
import type { Context } from "../context.js";
import type { ResidentFeatures } from "../kernel/finite/trainingFeatures.js";
import type { CholeskyFactor } from "../linalg/cholesky.js";
import { applyToRows } from "../linalg/rowTerms.js";
import { scratch } from "../linalg/view.js";
import { type Matrix, pickRows } from "../matrix.js";
import type { Problem } from "../problem.js";

/** Data that have changed in some rows. */
export interface Change {
  /** The regression after the change. */
  problem: Problem;
  /** For each input after the change, its row before; -1 for a new input. A row that appears nowhere is gone. */
  from: Int32Array;
}

/** Rows that have come, with their inputs, and rows that have gone. Both lists ascend. */
export function exchanged({ from, problem }: Change, before: Matrix): { come: number[]; X: Matrix; gone: number[] } {
  const come = [...from.keys()].filter((i) => from[i] < 0);
  const left = new Set(from);
  const gone = Array.from({ length: before.rows }, (_, i) => i).filter((i) => !left.has(i));
  return { come, X: pickRows(problem.X, come), gone };
}

/**
 * Moves factor and features from one set of points to the other. X are the new points; their kernel is `cross`, or
 * comes from the features. Everything that can fail comes before the first lasting change.
 */
export function exchangePoints(
  context: Context,
  factor: CholeskyFactor,
  features: ResidentFeatures | undefined,
  cross: Matrix | undefined,
  X: Matrix,
  { problem, from }: Change,
): void {
  const { ops, arena } = context;
  const { source, size, columns, terms } = problem;
  const { block } = source;
  const rows = scratch(context, X.rows * block, size);
  const tile = X.rows > 0 ? features?.load(X) : undefined;
  if (tile) features?.kernelInto(tile, from, rows);
  if (cross) rows.entries().set(cross.data);
  // Memory never shrinks: the scratch that α needs is there from here on.
  arena.run(() => arena.allocBytes(problem.R.length * 8 + ops.dtrsmScratchBytes(columns, size)));
  const systemRows = Int32Array.from({ length: size }, (_, at) => {
    const old = from[Math.floor(at / block)];
    return old < 0 ? -1 : old * block + (at % block);
  });
  if (terms) {
    const places = [...systemRows.keys()].filter((at) => systemRows[at] < 0);
    applyToRows(rows, places, terms);
  }
  factor.exchange(systemRows, rows);
  features?.exchange(tile, from);
}
