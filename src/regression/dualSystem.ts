/** The N×N system of a regression, with what its rows have of their own. */
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import { applyTerms } from "../linalg/rowTerms.js";
import { type System, spectrumOf } from "../linalg/system.js";
import type { View } from "../linalg/view.js";
import type { Problem } from "../problem.js";

/** (Θ + λI) α = r, or where rows have terms of their own the system that is factored for them. */
export function dualSystem(context: Context, problem: Problem, ridges: Float64Array): System {
  return { context, n: problem.size, ridges, fill: (out) => fillSystem(problem, out) };
}

/** Θ into the lower triangle, with the terms of the rows. */
export function fillSystem({ source, X, terms }: Problem, out: View): void {
  source.fill(X, out);
  if (terms) applyTerms(out, terms);
}

/** Doubles that the N×N solver needs. */
export function dualMemory(source: KernelSource, n: number): number {
  return (n * source.block) ** 2 + source.scratch(n);
}

/** Eigenvalues of Θ, or of W^½ΘW^½, without the variances of the rows. */
export function bareSpectrum(context: Context, problem: Problem): Float64Array {
  const { terms } = problem;
  const bare = terms ? { ...problem, terms: { ...terms, noise: undefined } } : problem;
  return spectrumOf(dualSystem(context, bare, new Float64Array(1)));
}
