/**
 * Leave-one-out residuals: y_i minus the mean at x_i of the fit without point i. Rows with equal inputs are left out
 * together (`repeats.ts`). No fit is made again (MATH.md §3).
 */
import type { Context } from "../context.js";
import { type Factor, tileRows } from "../linalg/factor.js";
import { scratch } from "../linalg/view.js";
import type { Problem } from "../problem.js";
import { repeatsOf } from "./repeats.js";

/** From the N×N system: α_i / [(Θ + λI)⁻¹]_ii, N×C. α lies in rows. */
export function dualResiduals(
  context: Context,
  problem: Problem,
  factor: Factor,
  ridges: number,
  alphas: Float64Array,
): Float64Array {
  const { columns, size, R } = problem;
  const { groups } = repeatsOf(problem);
  const inverses = Array.from({ length: ridges }, (_, k) => factor.inverseDiagonal(k));
  const sums = groupInverses(context, factor, ridges, groups);
  const result = new Float64Array(R.length);
  for (let c = 0; c < columns; c++) {
    const k = ridges > 1 ? c : 0;
    const alpha = alphas.subarray(c * size, (c + 1) * size);
    const r = R.subarray(c * size, (c + 1) * size);
    for (let i = 0; i < size; i++) result[i * columns + c] = alpha[i] / inverses[k][i];
    groups.forEach((group, g) => {
      const mean = group.reduce((sum, i) => sum + r[i], 0) / group.length;
      const left = group.reduce((sum, i) => sum + alpha[i], 0) / sums[g * ridges + k];
      for (const i of group) result[i * columns + c] = left + (r[i] - mean);
    });
  }
  return result;
}

/** 1ᵀ[(Θ + λI)⁻¹]1 over each group of rows, groups × ridges. */
function groupInverses(
  context: Context,
  factor: Factor,
  ridges: number,
  groups: readonly (readonly number[])[],
): Float64Array {
  const { n } = factor;
  const result = new Float64Array(groups.length * ridges);
  const rows = tileRows(n, groups.length);
  for (let first = 0; first < groups.length; first += rows) {
    const tile = groups.slice(first, first + rows);
    context.arena.run(() => {
      const indicators = scratch(context, tile.length, n);
      indicators.entries().fill(0);
      tile.forEach((group, g) => {
        const row = indicators.row(g);
        for (const i of group) row[i] = 1;
      });
      result.set(factor.explained(indicators), first * ridges);
    });
  }
  return result;
}

/** From the P×P system: e_i / (1 − h_i), with the residuals e = r − Φβ and the leverages h_i = φ_iᵀ(ΦᵀΦ + λI)⁻¹φ_i. */
export function primalResiduals(problem: Problem, residual: Float64Array, leverages: Float64Array): Float64Array {
  const result = residual.slice();
  for (let i = 0; i < result.length; i++) result[i] /= 1 - leverages[i];
  // The r rows with equal inputs share φ and a leverage h, and are left out together: e_i + h Σe/(1 − rh).
  for (const group of repeatsOf(problem).groups) {
    const sum = group.reduce((total, i) => total + residual[i], 0);
    for (const i of group) {
      const h = leverages[i];
      result[i] = residual[i] + (h * sum) / (1 - group.length * h);
    }
  }
  return result;
}
