// Stands for the library's solvers `cg` and `lowrank` in this page (vite.config.ts), which no view asks for: 8 kB of a
// first load, gzipped. `auto` solves in the dual instead, whose answers are the same.
const absent = (solver: string) => (): never => {
  throw new RangeError(`solver "${solver}" is not in the playground; expected solver "dual", "primal" or "auto"`);
};

export const solvingMatrixFree = absent("cg");
export const restoreMatrixFree = absent("cg");
export const solvingLowRank = absent("lowrank");
export const restoreLowRank = absent("lowrank");

/** A low rank is never found, so `auto` goes on. */
// biome-ignore lint/correctness/useYield: the caller takes a generator.
export function* tryingLowRank(): Generator<never, undefined, void> {
  return undefined;
}
