/**
 * Leave-one-out residuals: y_i minus the mean at x_i of the fit without point i. Rows with equal inputs are left out
 * together (`repeats.ts`). No fit is made again (MATH.md §3).
 */
import type { Context } from "../context.js";
import { tileRows } from "../linalg/factor.js";
import type { Inverse } from "../linalg/rowTerms.js";
import { scratch } from "../linalg/view.js";
import type { Problem } from "../problem.js";
import { meanOfGroup, repeatsOf } from "./repeats.js";

/** What leave-one-out asks of A⁻¹. */
export type LeftOutInverse = Pick<Inverse, "n" | "explained" | "inverseDiagonal">;

/** From the N×N system: α_i / [A⁻¹]_ii, N×C. α lies in rows. */
export function dualResiduals(
  context: Context,
  problem: Problem,
  factor: LeftOutInverse,
  lambdas: Float64Array,
  alphas: Float64Array,
): Float64Array {
  const { columns, size, R } = problem;
  const { groups } = repeatsOf(problem);
  const ridges = lambdas.length;
  const inverses = Array.from({ length: ridges }, (_, k) => factor.inverseDiagonal(k));
  const sums = groupInverses(context, factor, ridges, groups);
  const result = new Float64Array(R.length);
  for (let c = 0; c < columns; c++) {
    const k = ridges > 1 ? c : 0;
    const alpha = alphas.subarray(c * size, (c + 1) * size);
    const r = R.subarray(c * size, (c + 1) * size);
    for (let i = 0; i < size; i++) result[i * columns + c] = alpha[i] / inverses[k][i];
    groups.forEach((group, g) => {
      const mean = meanOfGroup(problem, group, r, lambdas[k]);
      const left = group.reduce((sum, i) => sum + alpha[i], 0) / sums[g * ridges + k];
      for (const i of group) result[i * columns + c] = left + (r[i] - mean);
    });
  }
  return result;
}

/** α_i / [A⁻¹]_ii with each row left out alone, N×C as α is. */
export function leftOutResiduals(
  inverse: LeftOutInverse,
  ridges: number,
  alpha: Float64Array,
  columns: number,
): Float64Array {
  const inverses = Array.from({ length: ridges }, (_, k) => inverse.inverseDiagonal(k));
  return alpha.map((value, at) => value / inverses[ridges > 1 ? at % columns : 0][Math.floor(at / columns)]);
}

/** 1ᵀA⁻¹1 over each group of rows, groups × ridges. */
function groupInverses(
  context: Context,
  factor: LeftOutInverse,
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

/**
 * From the P×P system: e_i / (1 − ω_i h_i), with the residuals e = r − Φβ and h_i = φ_iᵀ(ΦᵀΩΦ + μI)⁻¹φ_i. Without
 * `omega` every ω_i is 1.
 */
export function primalResiduals(
  problem: Problem,
  residual: Float64Array,
  leverages: Float64Array,
  omega: Float64Array | undefined,
): Float64Array {
  const result = residual.slice();
  for (let i = 0; i < result.length; i++) result[i] /= 1 - (omega ? omega[i] * leverages[i] : leverages[i]);
  // Rows with equal inputs share φ and h, and are left out together: e_i + h Σωe/(1 − h Σω).
  for (const group of repeatsOf(problem).groups) {
    const sum = group.reduce((total, i) => total + (omega ? omega[i] * residual[i] : residual[i]), 0);
    const weight = omega ? group.reduce((total, i) => total + omega[i], 0) : group.length;
    for (const i of group) {
      const h = leverages[i];
      result[i] = residual[i] + (h * sum) / (1 - weight * h);
    }
  }
  return result;
}
