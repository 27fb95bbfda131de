/** The system of sums over rows, (ΦᵀΦ + λI)β = Φᵀr, its solution, and the residual that the sums still tell. */
import { checkResult } from "../check.js";
import type { Factor } from "../linalg/factor.js";
import { factorSystem, type System } from "../linalg/system.js";
import { dot, transposed } from "../linalg/vectors.js";
import { copyIn } from "../linalg/view.js";
import { matrix } from "../matrix.js";
import { nonNegative, or, type Schema } from "../options.js";
import { scaleOrFit } from "../problem.js";
import type { FeatureMap } from "./featureMap.js";
import type { PrimalSums } from "./primalSums.js";
import { primalMemory } from "./primalSystem.js";

export interface SumsFitOptions {
  /** λ ≥ 0, absolute: added to the diagonal of Θ. Default 0: the least squares of minimum norm. */
  ridge?: number;
  /** Multiplies variances: 1 (default), or `"fit"` for ŝ = rᵀα/N, as in {@link FitOptions.scale}. */
  scale?: 1 | "fit";
}

export const SUMS_FIT = { ridge: or(nonNegative, 0), scale: or(scaleOrFit, 1) } satisfies Schema<SumsFitOptions>;

/** @throws RangeError where the sums are of other features. */
export function checkSumsOf(
  { count, block, outputs, inputs, network }: FeatureMap,
  sums: PrimalSums,
  name: string,
): void {
  const { moment, squares } = sums;
  const d = inputs ?? sums.inputs;
  const C = outputs ?? squares.length;
  if (d === sums.inputs && moment.rows === count && moment.cols === C / block && squares.length === C) return;
  throw new RangeError(
    `${name} are of ${sums.inputs} inputs, ${moment.rows} features, ${moment.cols} right-hand sides and ${squares.length} outputs; ` +
      `expected ${d}, ${count}, ${C / block} and ${C}, those of this ${network ? "network" : "model"}`,
  );
}

/** The parts of a fit from sums. */
export interface SolvedSums {
  readonly map: FeatureMap;
  readonly system: System;
  readonly sums: PrimalSums;
  readonly factor: Factor;
  /** β, right-hand sides in rows. */
  readonly beta: Float64Array;
  readonly ridge: number;
  readonly scale: 1 | "fit";
  readonly notes: readonly string[];
}

/** Factors the system of the sums and solves it. @throws MemoryLimitError, RangeError */
export function solveSums(
  map: FeatureMap,
  sums: PrimalSums,
  { ridge, scale }: Required<SumsFitOptions>,
  notes: readonly string[],
): SolvedSums {
  const { context, count: P } = map;
  context.arena.require(primalMemory(P));
  const fill: System["fill"] = (A) => A.entries().set(sums.gram.data);
  const system: System = { context, n: P, ridges: Float64Array.of(ridge), fill };
  const factor = factorSystem(system);
  try {
    const beta = context.arena.run(() => {
      const B = copyIn(context, rightHandSides(sums), sums.moment.cols, P);
      factor.solve(B);
      return B.copy();
    });
    checkResult(matrix(sums.moment.cols, P, beta), "β");
    const solved = { map, system, sums, factor, beta, ridge, scale, notes };
    if (scale === "fit" && residualSquares(solved).some(({ lost }) => lost))
      throw new RangeError(
        'scale is "fit", but the residual is lost in the rounding of the sums, and the scale with it; ' +
          "expected scale 1, or fit() with the rows themselves",
      );
    return solved;
  } catch (error) {
    factor.free();
    throw error;
  }
}

/** True where λ is 0 or lost in rounding: the answer is that of minimum norm. */
export function isMinimumNorm({ ridge, factor }: Pick<SolvedSums, "ridge" | "factor">): boolean {
  return ridge === 0 || factor.findings.truncated;
}

/** ‖r − Φβ‖² + λ‖β‖² of a right-hand side. */
interface ResidualSquares {
  readonly value: number;
  /** Decimal digits that the sums have left of it. */
  readonly digits: number;
  /** True where none is left, and it counts. */
  readonly lost: boolean;
}

/**
 * rᵀr − 2βᵀΦᵀr + βᵀ(ΦᵀΦ + λI)β. An error of β enters squared. The sums are right to nε, so nε rᵀr of the result is
 * rounding. At minimum norm nothing is made of it.
 */
export function residualSquares(solved: Omit<SolvedSums, "notes" | "scale">): ResidualSquares[] {
  const { map, sums, beta, ridge } = solved;
  const P = map.count;
  const minimum = isMinimumNorm(solved);
  const moments = rightHandSides(sums);
  const columns = sums.moment.cols;
  const all = sums.squares.reduce((total, square) => total + square, 0);
  return Array.from({ length: columns }, (_, k) => {
    const own = beta.subarray(k * P, (k + 1) * P);
    const total = columns === 1 ? all : sums.squares[k];
    let rest = total - 2 * dot(own, moments.subarray(k * P, (k + 1) * P));
    for (let i = 0; i < P; i++) {
      rest += own[i] * (dot(own, sums.gram.data.subarray(i * P, (i + 1) * P)) + ridge * own[i]);
    }
    const rounding = sums.rows * map.block * Number.EPSILON * total;
    const digits = total === 0 || minimum ? Infinity : Math.log10(Math.max(rest, 0) / rounding);
    return { value: Math.max(rest, 0), digits, lost: !(digits > 0) };
  });
}

/** Φᵀr, right-hand sides in rows. */
export function rightHandSides({ moment: { data, rows, cols } }: PrimalSums): Float64Array {
  return transposed(data, rows, cols);
}
