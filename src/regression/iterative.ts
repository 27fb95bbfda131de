/**
 * The solvers `cg` and `lowrank`. `Ntk` hands them to its fits. `Core` has none (core.ts), so that an app which fetches
 * `ntk-wasm/core` does not fetch them.
 */
import { restoreLowRank, solvingLowRank, tryingLowRank } from "./lowRank.js";
import { restoreMatrixFree, solvingMatrixFree } from "./matrixFree.js";

export const ITERATIVE = { restoreLowRank, restoreMatrixFree, solvingLowRank, solvingMatrixFree, tryingLowRank };

export type Iterative = typeof ITERATIVE;
