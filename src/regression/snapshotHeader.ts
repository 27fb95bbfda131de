/** The header of a snapshot: its fields, their kinds, and the errors for a field of another kind. */
import {
  type Check,
  choice,
  count,
  flag,
  list,
  MOST_ENTRIES,
  nonNegative,
  optional,
  outputs,
  pick,
  size,
} from "../options.js";
import { ridgeOrRidges, scaleOrFit } from "../problem.js";
import { isPlainObject } from "../scalars.js";
import { describe, refusal } from "../words.js";
import type { PathPoint } from "./ridgePath.js";

/** What errors call it. */
export const SNAPSHOT = "the snapshot";

/** An object with these fields; other fields are left alone. */
function fields<K extends Record<string, Check<unknown>>>(schema: K): Check<ReturnType<typeof pick<K>>> {
  return (value, name) => {
    if (!isPlainObject(value, name))
      throw refusal(new TypeError(`${name} of the snapshot is ${describe(value)}; expected an object`));
    const values = pick(value, name, named(schema, name));
    return values as ReturnType<typeof pick<K>>;
  };
}

/** Schema whose errors name the object that a field belongs to. */
function named(schema: Record<string, Check<unknown>>, object: string): Record<string, Check<unknown>> {
  const entries = Object.entries(schema).map(([key, check]): [string, Check<unknown>] => [
    key,
    (value) => check(value, `${object}.${key}`),
  ]);
  return Object.fromEntries(entries);
}

const word: Check<string> = (value, name) => {
  if (typeof value !== "string") throw refusal(new TypeError(`${name} is ${describe(value)}; expected a string`));
  return value;
};
const several = <T>(entry: Check<T>) => list(entry, "a list", MOST_ENTRIES, 0);
/** A number that may not exist: JSON writes such a number as null. */
const perhaps: Check<number | undefined> = (value) => (typeof value === "number" ? value : undefined);

const OUTPUT_POINT = fields({ logEvidence: perhaps, logEvidenceProfiled: perhaps, looRmse: perhaps, chosen: flag });
const POINT = fields({
  ridge: nonNegative,
  logEvidence: perhaps,
  logEvidenceProfiled: perhaps,
  degreesOfFreedom: nonNegative,
  looRmse: perhaps,
  chosen: flag,
  atBound: flag,
  perOutput: optional(several(OUTPUT_POINT)),
});
const point: Check<PathPoint> = (value, name) => {
  const { perOutput, ...rest } = POINT(value, name);
  return { ...rest, ...(perOutput && { perOutput }) };
};

/** The header as `packFit` writes it. */
export const HEADER = {
  rows: count,
  inputs: count,
  outputs: count,
  kernel: outputs,
  ridge: ((value, name) => [ridgeOrRidges(value, name)].flat()) as Check<number[]>,
  scale: scaleOrFit,
  centered: flag,
  mean: optional(choice(["constant", "linear"])),
  path: several(point),
  choice: several(word),
  state: fields({
    space: choice(["dual", "primal", "cg", "lowrank"]),
    factor: choice(["cholesky", "eigen"]),
    truncated: flag,
    resident: flag,
    backwardError: optional(nonNegative),
    method: fields({
      precision: choice(["float64", "float32"]),
      iterations: optional(size),
      fallback: optional(word),
      preconditionerRank: optional(size),
    }),
    lowRank: optional(fields({ traceError: optional(nonNegative), rank: optional(count) })),
  }),
};
