/**
 * Values that are wrong nearly everywhere, each made anew: values from JSON, other forms, other realms, or a slip of
 * the hand.
 */

const throwing = () => {
  throw new Error("a trap of the caller's");
};
const traps = {
  get: throwing,
  has: throwing,
  ownKeys: throwing,
  getOwnPropertyDescriptor: throwing,
  getPrototypeOf: throwing,
};

/** An Array without entries of this length. */
function sparse(length: number): unknown[] {
  const list: unknown[] = [];
  list.length = length;
  return list;
}

/** An Array whose length and entries differ at each look. */
function restless(): unknown {
  let looks = 0;
  return new Proxy([1, 2, 3], {
    get(list, key) {
      looks++;
      if (key === "length") return looks < 4 ? 3 : 1e6;
      return looks % 2 === 0 ? undefined : Reflect.get(list, key);
    },
  });
}

/** A Float64Array whose memory has gone elsewhere. */
export function detached(length: number): Float64Array {
  const data = new Float64Array(length);
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}

/** A length that is not what it says. */
export function lying(length: number, said: number): Float64Array {
  return Object.defineProperty(new Float64Array(length).fill(1), "length", { value: said });
}

/** What no message may repeat as it is: long, with characters that end a line, turn it around or drive a terminal. */
const NASTY = '\u0000\u001b[31m\n\r\u2028\u202e\u007f\u0085\ud800"\\x'.repeat(1e5);

const WRONG: Record<string, () => unknown> = {
  null: () => null,
  NaN: () => Number.NaN,
  "-1": () => -1,
  "1.5": () => 1.5,
  Infinity: () => Infinity,
  "1e300": () => 1e300,
  "2^53": () => 2 ** 53,
  '"1"': () => "1",
  '"x"': () => "x",
  "a long string": () => NASTY,
  "a long symbol": () => Symbol(NASTY),
  "a long key": () => ({ [NASTY]: 1 }),
  "a list of long strings": () => [NASTY, NASTY],
  "a Matrix of long strings": () => ({ data: [NASTY], rows: 1, cols: 1 }),
  "a class with a long name": () => Object.create({ constructor: { name: NASTY } }),
  true: () => true,
  "1n": () => 1n,
  "a long bigint": () => 10n ** 5000n,
  "a symbol": () => Symbol("s"),
  "{}": () => ({}),
  "[]": () => [],
  "[null]": () => [null],
  '["1"]': () => ["1"],
  "[NaN]": () => [Number.NaN],
  "[1n]": () => [1n],
  "[[]]": () => [[]],
  "[-1]": () => [-1],
  "nested lists": () => [[[1]]],
  "a Map": () => new Map([["ridge", 1]]),
  "a Set": () => new Set([1]),
  "a Date": () => new Date(1),
  "a RegExp": () => /1/,
  "a Promise": () => Promise.resolve(1),
  "a function": () => () => 1,
  "a throwing proxy": () => new Proxy({}, traps),
  "a throwing array": () => new Proxy([1], { ...traps, getPrototypeOf: () => Array.prototype }),
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  },
  "a throwing getter": () => Object.defineProperty({}, "data", { get: throwing, enumerable: true }),
  "a restless array": restless,
  "{ length: 1e9 }": () => ({ length: 1e9 }),
  "{ length: -1 }": () => ({ length: -1 }),
  '{ length: "3" }': () => ({ length: "3" }),
  "{ 0: 1, length: 1 }": () => ({ 0: 1, length: 1 }),
  "a sparse array": () => sparse(3),
  "a very sparse array": () => sparse(2 ** 32 - 1),
  "a very long proxy": () => new Proxy([1], { get: (list, key) => (key === "length" ? 4e9 : Reflect.get(list, key)) }),
  "a Uint8Array": () => Uint8Array.of(1, 2),
  "a Float32Array of NaN": () => Float32Array.of(Number.NaN),
  "a BigInt64Array": () => BigInt64Array.of(1n),
  "a DataView": () => new DataView(new ArrayBuffer(8)),
  "an ArrayBuffer": () => new ArrayBuffer(8),
  "a detached array": () => detached(3),
  "a lying array": () => lying(1, 1e6),
  "a lying Matrix": () => ({ data: new Float64Array(1), rows: 1e5, cols: 1e5 }),
  "a Matrix of strings": () => ({ data: ["1"], rows: 1, cols: 1 }),
  "a Matrix of length": () => ({ data: { length: 1e9 }, rows: 1e9, cols: 1 }),
  "no prototype": () => Object.create(null),
};

/** Name and maker of each. */
export const wrongs: [string, () => unknown][] = Object.entries(WRONG);

/** Words of an engine, or of an argument that was never looked at. */
const FOREIGN =
  /Cannot |is not a |is not iterable|undefined \(reading|BigInt value|Invalid|Maximum call stack|allocation|constructor|internal|trap|detached|Reduce of|not defined|out of bounds|unreachable|object null|offset|revoked|can't |too much recursion/;

const REFUSALS = ["TypeError", "RangeError", "MemoryLimitError"];
const OUTCOMES = ["ConvergenceError", "NotPositiveDefiniteError"];

/** What is wrong with an error; undefined where it is one of ours and names the argument. */
export function complaint(error: unknown, names: readonly string[]): string | undefined {
  const { name, message } = error as Error;
  if (![...REFUSALS, ...OUTCOMES].includes(name)) return `${name}: ${message}`;
  if (FOREIGN.test(message)) return `words of the engine: ${message}`;
  if (message.length > 500) return `${message.length} characters: ${message.slice(0, 200)}`;
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(message))
    return `characters that are not seen: ${JSON.stringify(message)}`;
  // A number that is legal and too large: the work was begun.
  if (OUTCOMES.includes(name) || message.includes("overflows float64")) return undefined;
  if (!names.some((known) => message.includes(known))) return `does not name ${names[0]}: ${message}`;
  return undefined;
}
