/** Cases of properties as JSON: plain data, with the numbers that JSON has not as words. */

const WORDS: Record<string, number> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
  "-0": -0,
};

/** JSON of a case. Every number comes back with its bits. */
export function encode(value: unknown): string {
  return JSON.stringify(
    value,
    (_, inner) => {
      if (typeof inner !== "number") return inner;
      return Number.isFinite(inner) && !Object.is(inner, -0) ? inner : Object.is(inner, -0) ? "-0" : String(inner);
    },
    1,
  );
}

/** What {@link encode} was given. */
export function decode(text: string): unknown {
  return JSON.parse(text, (_, inner) => (typeof inner === "string" && inner in WORDS ? WORDS[inner] : inner));
}
