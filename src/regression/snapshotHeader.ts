/** The header of a snapshot: its fields, their kinds, and the errors for a field of another kind. */
import {
  choice,
  count,
  flag,
  type Kind,
  list,
  MOST_ENTRIES,
  nonNegative,
  optional,
  outputs,
  pick,
  size,
} from "../options.js";
import { ridgeOrRidges, scaleKind } from "../problem.js";
import { isRecord } from "../scalars.js";
import { describe, refusal } from "../words.js";
import type { PathPoint } from "./ridgePath.js";

/** What errors call it. */
export const SNAPSHOT = "the snapshot";

/** An object with these fields; other fields are left alone. */
function record<K extends Record<string, Kind<unknown>>>(kinds: K): Kind<ReturnType<typeof pick<K>>> {
  return (value, name) => {
    if (!isRecord(value, name))
      throw refusal(new TypeError(`${name} of the snapshot is ${describe(value)}; expected an object`));
    const values = pick(value, name, named(kinds, name));
    return values as ReturnType<typeof pick<K>>;
  };
}

/** Kinds whose errors name the object that a field belongs to. */
function named(kinds: Record<string, Kind<unknown>>, object: string): Record<string, Kind<unknown>> {
  const entries = Object.entries(kinds).map(([key, kind]): [string, Kind<unknown>] => [
    key,
    (value) => kind(value, `${object}.${key}`),
  ]);
  return Object.fromEntries(entries);
}

const word: Kind<string> = (value, name) => {
  if (typeof value !== "string") throw refusal(new TypeError(`${name} is ${describe(value)}; expected a string`));
  return value;
};
const several = <T>(entry: Kind<T>) => list(entry, "a list", MOST_ENTRIES, 0);
/** A number that may not exist: JSON writes such a number as null. */
const perhaps: Kind<number | undefined> = (value) => (typeof value === "number" ? value : undefined);

const OUTPUT_POINT = record({ logEvidence: perhaps, logEvidenceProfiled: perhaps, looRmse: perhaps, chosen: flag });
const POINT = record({
  ridge: nonNegative,
  logEvidence: perhaps,
  logEvidenceProfiled: perhaps,
  degreesOfFreedom: nonNegative,
  looRmse: perhaps,
  chosen: flag,
  atBound: flag,
  perOutput: optional(several(OUTPUT_POINT)),
});
const point: Kind<PathPoint> = (value, name) => {
  const { perOutput, ...rest } = POINT(value, name);
  return { ...rest, ...(perOutput && { perOutput }) };
};

/** The header as `packFit` writes it. */
export const HEADER = {
  rows: count,
  inputs: count,
  outputs: count,
  kernel: outputs,
  ridge: ((value, name) => [ridgeOrRidges(value, name)].flat()) as Kind<number[]>,
  scale: scaleKind,
  centered: flag,
  path: several(point),
  choice: several(word),
  state: record({
    space: choice(["dual", "primal", "cg"]),
    factor: choice(["cholesky", "eigen"]),
    truncated: flag,
    resident: flag,
    backwardError: optional(nonNegative),
    method: record({
      precision: choice(["float64", "float32"]),
      iterations: optional(size),
      fallback: optional(word),
    }),
  }),
};
