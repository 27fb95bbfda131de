/** Which solver a fit takes, and the memory that the solver needs. */
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import { type Network, widths } from "../model/network.js";
import type { Data, Problem } from "../problem.js";
import { solveDual } from "./dual.js";
import { dualMemory } from "./dualSystem.js";
import type { CheckedFitOptions } from "./fitOptions.js";
import { float32Memory, solveFloat32 } from "./float32.js";
import { solveMatrixFree } from "./matrixFree.js";
import { solvePrimal } from "./primal.js";
import { isPrimalSound, primalMemory } from "./primalSystem.js";
import { pathMemory } from "./ridgePath.js";
import { DIRECT, type Method, type Solution } from "./solution.js";

/** The ways to solve a fit. */
type Solver = "path" | "cg" | "primal" | "dual" | "float32" | "few rows";

/** Rows from which a float32 factor saves more than its conjugate gradients cost (measured: 200 1.1, 500 0.88). */
const FLOAT32_ROWS = 400;
const FEW_ROWS: Method = { ...DIRECT, fallback: `fewer than ${FLOAT32_ROWS} rows, for which float64 is as fast` };

/** @throws RangeError where the model has no weights and the solver needs them. */
export function chooseSolver(
  context: Context,
  source: KernelSource,
  N: number,
  { solver, ridge = 0, ridges }: CheckedFitOptions,
  terms: RowTerms | undefined,
): Solver {
  if (!source.weights && (solver === "primal" || solver === "cg")) {
    throw new RangeError(
      `solver "${solver}" needs ${source.network ? 'outputs "full": the averaged kernel is that of no weights' : "the weights of a network"}; ` +
        'expected solver "dual" or "auto"',
    );
  }
  if (ridges !== undefined) return "path";
  if (solver === "cg" || solver === "primal") return solver;
  const sound = typeof ridge !== "number" || isPrimalSound(terms, ridge);
  if (solver === "auto" && sound && source.weights && isPrimalCheaper(source.weights, N)) return "primal";
  if (context.precision === "float64") return "dual";
  return solver === "auto" && N * source.block < FLOAT32_ROWS ? "few rows" : "float32";
}

/** A ridge path is solved by its own factor. */
export function solve(
  context: Context,
  solver: Exclude<Solver, "path">,
  problem: Problem,
  ridges: Float64Array,
): Solution {
  const net = problem.source.weights as Network;
  if (solver === "cg") return solveMatrixFree(context, problem, net, ridges[0]);
  if (solver === "primal") return solvePrimal(context, problem, net, ridges);
  if (solver === "float32") return solveFloat32(context, problem, ridges);
  return solveDual(context, problem, ridges, undefined, solver === "few rows" ? FEW_ROWS : DIRECT);
}

/** Doubles that a solver needs. */
export function memoryOf(context: Context, solver: Solver, { source, X }: Data, ridges: Float64Array): number {
  if (solver === "cg") return 0;
  if (solver === "primal") return primalMemory(source.weights?.parameters.length ?? 0);
  if (solver === "path" || ridges.length > 1) return pathMemory(context, source, X.rows);
  if (solver === "float32" && ridges[0] > 0) return float32Memory({ source, X, size: X.rows * source.block });
  return dualMemory(source, X.rows);
}

/**
 * True where the P×P system takes fewer flops than the N×N one (MATH.md §3). Never true with more parameters than rows:
 * ΦᵀΦ is singular there. `npm run bench:scale` has the measured times, which agree. Its residual gives evidences and
 * leave-one-out, which would lose ‖r‖ε/λ.
 */
function isPrimalCheaper(net: Network, N: number): boolean {
  const P = net.parameters.length;
  const n = N * net.outputs;
  // Multiply-adds of Θ: two products for each hidden layer, each halved by symmetry.
  const units = widths(net).reduce((sum, m) => sum + m, 0);
  return P < n && n * P ** 2 + P ** 3 / 3 < n ** 2 * units + n ** 3 / 3;
}
