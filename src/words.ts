/** Values of callers in words, for messages, and the errors of code of theirs that runs while a value is read. */

/** Characters of a caller's string that a message repeats. */
const MOST_SHOWN = 60;

/** A string as JSON, cut to a length that fits a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text);
}

/** A value in words, for messages: short, whatever the value. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return `the string ${quoted(value)}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object") return `an object (${className(value)})`;
  // The digits of a long integer take quadratic time.
  if (typeof value === "bigint" && BigInt.asIntN(64, value) !== value) return "a bigint beyond 64 bits";
  const text = String(value);
  return `${typeof value} ${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}`;
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
    if (typeof name === "string" && name !== "") return name.slice(0, MOST_SHOWN);
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
