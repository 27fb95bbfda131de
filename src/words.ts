/** Values of callers in words, for messages, and the errors of code of theirs that runs while a value is read. */

/** Characters of a caller's string that a message repeats. */
const MOST_SHOWN = 60;

/** Characters that write no letter, or end a line: controls, marks of direction, halves of a pair, separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Text of a caller as a message may repeat it: one line, without control characters, cut to a length that fits. */
export function shortened(text: string, most = MOST_SHOWN, write = (char: string) => char): string {
  let shown = "";
  for (const char of text.slice(0, most + 1)) {
    const code = (char.codePointAt(0) as number).toString(16).padStart(4, "0");
    const next = UNSEEN.test(char) ? (ESCAPES[char] ?? `\\u${code.length > 4 ? `{${code}}` : code}`) : write(char);
    if (shown.length + next.length > most) return `${shown}…`;
    shown += next;
  }
  return shown;
}

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A string in quotes, {@link shortened}: every message that repeats a string or a key of a caller has it from here. */
export function quoted(text: string): string {
  return `"${shortened(text, MOST_SHOWN, (char) => (char === '"' || char === "\\" ? `\\${char}` : char))}"`;
}

/** A value in words, for messages: short, whatever the value. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${quoted(value)}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object") return `an object (${className(value)})`;
  // The digits of a long integer take quadratic time.
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) return "a bigint beyond 64 bits";
  return `${typeof value} ${shortened(String(value))}`;
}

/** True for an Array of any realm; false for a proxy that was revoked. */
export function isArray(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Name of an object's class. */
export function className(value: object): string {
  try {
    if (isArray(value)) return "Array";
    const name: unknown = value.constructor?.name;
    if (typeof name === "string" && name !== "") return shortened(name);
    return name === undefined ? "no prototype" : "no name";
  } catch {
    return "it cannot be read";
  }
}

/** Errors of this library that were thrown while a value was read. */
const refusals = new WeakSet<object>();

/** The error, marked as one of this library's: {@link reading} passes it on. */
export function refusal<E extends Error>(error: E): E {
  refusals.add(error);
  return error;
}

/**
 * What `read` reads off a caller's value, whose getters and traps may throw.
 *
 * @throws TypeError that names the value, with what they threw as its cause.
 */
export function reading<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (typeof cause === "object" && cause !== null && refusals.has(cause)) throw cause;
    throw refusal(new TypeError(`${name} cannot be read: a getter or a proxy of it throws`, { cause }));
  }
}
