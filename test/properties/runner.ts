/** The runner of properties, one for the ordinary suites and for long runs: so many cases, a seed, shrunk failures. */
import fc from "fast-check";
import { loadVariant, type Variant } from "../setup/variants.js";
import { encode } from "./codec.js";
import type { AnyProperty, Bench, Property } from "./property.js";
import { recorded } from "./recorder.js";

export async function benchOf(variant: Variant): Promise<Bench> {
  return {
    ntk: recorded(await loadVariant(variant)),
    single: await loadVariant(variant, "float32"),
    other: await loadVariant("js"),
  };
}

/** A case that failed, as small as it was made. */
export interface Failure {
  property: string;
  variant: string;
  /** With the path, what gives the case again. */
  seed: number;
  path: string | null;
  case: unknown;
  error: string;
}

/** How many of `cases` each property gets, at least one. */
export function sharesOf(properties: readonly AnyProperty[], cases: number): number[] {
  const all = properties.reduce((sum, { share }) => sum + share, 0);
  return properties.map(({ share }) => Math.max(1, Math.round((cases * share) / all)));
}

/** Runs cases of a property. Undefined where all of them hold; else the first failure, shrunk. */
export async function run(
  own: AnyProperty,
  bench: Bench,
  { cases, seed, limit = 60_000 }: { cases: number; seed: number; limit?: number },
): Promise<Failure | undefined> {
  const { name, arbitrary, check } = own as unknown as Property<unknown>;
  const result = await fc.check(
    fc.asyncProperty(arbitrary, async (given) => {
      await check(bench, given);
    }),
    // A failure is made smaller for so many milliseconds at most.
    { numRuns: cases, seed, interruptAfterTimeLimit: limit, markInterruptAsFailure: false },
  );
  if (!result.failed || !result.counterexample) return undefined;
  const { errorInstance } = result;
  return {
    property: name,
    variant: bench.ntk.variant,
    seed,
    path: result.counterexamplePath,
    case: result.counterexample[0],
    error: errorInstance instanceof Error ? errorInstance.message : String(errorInstance),
  };
}

/** The text of a kept case. */
export function textOf({ property, error, ...failure }: Failure): string {
  return `${encode({ property, case: failure.case, was: error.slice(0, 400) })}\n`;
}

export function describeFailure({ property, variant, seed, path, error, ...failure }: Failure): string {
  return `${property} (${variant}, seed ${seed}, path ${path}): ${error}\nthe case: ${encode(failure.case)}`;
}
