/**
 * What a call may give: numbers that are finite or stand in the table of documented exceptions, or a typed error that
 * names a cause.
 */
import { numbersOf, type Place } from "./walk.js";

/** The only results that are not finite, each as its documentation says. */
const EXCEPTIONS: readonly { of: RegExp; at: RegExp; value?: number; why: string }[] = [
  { of: /^kernel/, at: /data\[|^\[/, why: "an entry that truly overflows" },
  { of: /^expectedKernel/, at: /data\[/, why: "an entry that truly overflows" },
  { of: /^sampleKernel, one draw/, at: /^standardError/, why: "one draw has no spread" },
  { of: /^spectrum/, at: /learningTimes\[/, why: "null modes never move" },
  { of: /^(train|compare|sweep)/, at: /[dD]rift/, why: "a ratio to the start beyond a double" },
  { of: /^(train|compare|sweep)/, at: /testLoss/, why: "the outputs on the test points overflow" },
  { of: /^(compare|sweep)/, at: /linear(Test)?Loss/i, why: "the first-order model has overflowed" },
  {
    of: /^(maxLearningRate|dynamics|ensemble|compare|sweep)/,
    at: /^$|rate$/i,
    why: "a rate for a kernel that is zero, or nearly",
  },
  {
    of: /^checkKernel/,
    at: /asymmetry|smallestEigenvalue/,
    value: Number.NaN,
    why: "the kernel is no matrix of numbers",
  },
];

/** What a refusal says: the cause, or what to change. */
const CAUSE =
  /overflow|rescale|rounding|singular|positive definite|ridge|rate|scale|underflow|double|finite|expected|converge|diverged|change|cannot|needs/;

const TYPED = [
  "TypeError",
  "RangeError",
  "NotPositiveDefiniteError",
  "SingularMatrixError",
  "ConvergenceError",
  "MemoryLimitError",
];

/** What is wrong with what a call gave or threw. `refused` gets the classes of all errors. */
export function complaints(of: string, call: () => unknown, refused: string[]): string[] {
  let value: unknown;
  try {
    value = call();
  } catch (error) {
    refused.push(`${of}: ${(error as Error).name}`);
    return refusal(of, error);
  }
  const found = placesIn(value);
  for (const { path, value } of found)
    if (value instanceof Refused) refused.push(`${of} ${path}: ${(value.error as Error).name}`);
  return found.flatMap((place) => wrongAt(of, place));
}

/** What is wrong with what a call gave. */
export function wrongIn(of: string, value: unknown): string[] {
  return placesIn(value).flatMap((place) => wrongAt(of, place));
}

function placesIn(value: unknown): Place[] {
  return numbersOf(value, (thunk) => {
    try {
      return thunk();
    } catch (error) {
      return new Refused(error);
    }
  });
}

/** An error in place of a value. */
class Refused {
  constructor(readonly error: unknown) {}
}

function wrongAt(of: string, { path, value }: Place): string[] {
  if (value instanceof Refused) return refusal(`${of} ${path}`, value.error);
  const allowed = EXCEPTIONS.some(
    (one) => one.of.test(of) && one.at.test(path) && Object.is(Math.abs(value as number), one.value ?? Infinity),
  );
  return allowed ? [] : [`${of}: ${path} is ${value}`];
}

export function refusal(of: string, error: unknown): string[] {
  if (!(error instanceof Error) || !TYPED.includes(error.name)) return [`${of} threw ${error}`];
  if (error.message.length > 500) return [`${of}: the message has ${error.message.length} characters`];
  // "overflows float64 at row 1, column 1 (NaN)" and "kernel(X, X) has NaN at row 1": the number that is wrong.
  const words = error.message.replace(
    / \(-?(NaN|Infinity)\)| has -?(NaN|Infinity) at| (is|variance) -?(NaN|Infinity);/,
    "",
  );
  const bad = /NaN|undefined|not a function|internal/.test(words) || !CAUSE.test(words);
  return bad ? [`${of}: ${error}`] : [];
}
