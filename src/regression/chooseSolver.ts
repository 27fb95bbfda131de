/** Which solver a fit takes, and the memory that the solver needs. */
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import type { RowTerms } from "../linalg/rowTerms.js";
import { type Network, widths } from "../model/network.js";
import type { Data, Problem } from "../problem.js";
import { solveDual } from "./dual.js";
import { dualMemory } from "./dualSystem.js";
import type { CheckedFitOptions, FitProgress } from "./fitOptions.js";
import { float32Memory, solveFloat32 } from "./float32.js";
import type { Iterative } from "./iterative.js";
import { solvePrimal } from "./primal.js";
import { isPrimalSound, primalMemory } from "./primalSystem.js";
import { pathMemory } from "./ridgePath.js";
import { DIRECT, type Method, type Solution } from "./solution.js";

/** The ways to solve a fit. */
type Solver = "path" | "cg" | "lowrank" | "auto" | "primal" | "dual" | "float32" | "few rows";

/** Rows from which a float32 factor saves more than its conjugate gradients cost (measured: 200 1.1, 500 0.88). */
const FLOAT32_ROWS = 400;
/** Rows from which `auto` looks for a low rank: below, all rows are solved as fast. */
const LOW_RANK_ROWS = 2000;
const NO_LOW_RANK = `from ${LOW_RANK_ROWS} rows on, auto looks for a low rank; ntk-wasm/core cannot, and solved with all rows; load() of ntk-wasm/slim can`;
const FEW_ROWS: Method = { ...DIRECT, fallback: `fewer than ${FLOAT32_ROWS} rows, for which float64 is as fast` };

/** @throws RangeError where the model has no weights and the solver needs them, and where the solver is not here. */
export function chooseSolver(
  context: Context,
  iterative: Iterative | undefined,
  source: KernelSource,
  N: number,
  { solver, ridge = 0, ridges, mean }: CheckedFitOptions,
  terms: RowTerms | undefined,
): Solver {
  if (!source.weights && solver === "primal") {
    throw new RangeError(
      `solver "primal" needs ${source.network ? 'outputs "full": the averaged kernel is that of no weights' : "the weights of a network"}; ` +
        `expected solver "dual"${iterative ? ', "cg"' : ""} or "auto"`,
    );
  }
  if (ridges !== undefined) return "path";
  if (mean !== "zero") return "dual";
  if (solver === "cg" || solver === "lowrank") {
    if (!iterative) throw notHere(solver);
    if (typeof ridge !== "number" && ridge.length > 1)
      throw new RangeError(
        `solver "${solver}" has one ridge for all outputs, and ${ridge.length} are given; expected one, or solver "dual"`,
      );
    return solver;
  }
  if (solver === "primal") return solver;
  const sound = typeof ridge !== "number" || isPrimalSound(terms, ridge);
  if (solver === "auto" && sound && source.weights && isPrimalCheaper(source.weights, N)) return "primal";
  if (context.precision === "float64") return solver === "auto" && typeof ridge === "number" ? "auto" : "dual";
  return solver === "auto" && N * source.block < FLOAT32_ROWS ? "few rows" : "float32";
}

/** A solution, and notes on how it came about. */
export interface SolvedProblem {
  solution: Solution;
  notes: readonly string[];
}

/** `ntk-wasm/core` is without the iterative solvers. */
function notHere(solver: "cg" | "lowrank"): RangeError {
  return new RangeError(
    `ntk-wasm/core has no solver "${solver}"; expected solver "dual", "primal" or "auto", or load() of ntk-wasm/slim`,
  );
}

/** A ridge path is solved by its own factor. `cg` and `lowrank` yield; the others take one slice. */
export function* solving(
  context: Context,
  iterative: Iterative | undefined,
  solver: Exclude<Solver, "path">,
  problem: Problem,
  ridges: Float64Array,
  { traceError, rank, signal }: Pick<CheckedFitOptions, "traceError" | "rank" | "signal">,
): Generator<FitProgress, SolvedProblem, void> {
  const net = problem.source.weights as Network;
  if (solver === "cg" || solver === "lowrank") {
    // Refused without them, by chooseSolver.
    const { solvingMatrixFree, solvingLowRank } = iterative as Iterative;
    if (solver === "cg") return yield* solvingMatrixFree(context, problem, ridges[0], signal);
    return plain(yield* solvingLowRank(context, problem, ridges[0], { traceError, rank }));
  }
  if (solver === "primal") return plain(solvePrimal(context, problem, net, ridges));
  if (solver === "float32") return plain(solveFloat32(context, problem, ridges));
  const looks = solver === "auto" && problem.X.rows >= LOW_RANK_ROWS;
  const small = looks && iterative ? yield* iterative.tryingLowRank(context, problem, ridges[0]) : undefined;
  if (small) return plain(small);
  const solution = solveDual(context, problem, ridges, undefined, solver === "few rows" ? FEW_ROWS : DIRECT);
  return { solution, notes: looks && !iterative ? [NO_LOW_RANK] : [] };
}

function plain(solution: Solution): SolvedProblem {
  return { solution, notes: [] };
}

/** Doubles that a solver needs. */
export function memoryOf(context: Context, solver: Solver, { source, X }: Data, ridges: Float64Array): number {
  if (solver === "cg" || solver === "lowrank") return 0;
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
