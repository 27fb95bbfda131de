/**
 * The public API, with a record of which calls gave an answer: functions of the entry, methods of `Ntk`, and methods of
 * the objects that they give.
 */
import * as entry from "../../src/index.js";

/** Names of calls that gave an answer, `matmul` or `Fit.predict` say. */
export const answered = new Set<string>();
/** Names of all methods of the classes of objects that were given. */
export const offered = new Set<string>();

type AnyFunction = (...args: unknown[]) => unknown;

function noted(name: string, value: unknown): unknown {
  answered.add(name);
  watch(value);
  return value;
}

function recording(name: string, call: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const value = call.apply(this, args);
    return value instanceof Promise ? value.then((answer) => noted(name, answer)) : noted(name, value);
  };
}

const watched = new Set<object>();

/** Records the methods of the class of a value. */
function watch(value: unknown): void {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return;
  watchClass(Object.getPrototypeOf(value));
}

/** Records the methods of a class, and of the classes that it extends, once. */
function watchClass(own: object | null): void {
  if (own === null || own === Object.prototype || watched.has(own)) return;
  watched.add(own);
  watchClass(Object.getPrototypeOf(own));
  const name = own.constructor?.name;
  // Generators and the like are the language's own.
  if (!name || name in globalThis || name === "GeneratorFunction" || Symbol.toStringTag in own) return;
  for (const [key, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
    if (key === "constructor" || typeof descriptor.value !== "function") continue;
    offered.add(`${name}.${key}`);
    Object.defineProperty(own, key, { ...descriptor, value: recording(`${name}.${key}`, descriptor.value) });
  }
}

/** Records the methods of an `Ntk`, and of all that it gives. */
export function recorded<T extends object>(ntk: T): T {
  watch(ntk);
  return ntk;
}

/** The functions of the entry. Classes stay as they are. */
export const api = Object.fromEntries(
  Object.entries(entry).map(([name, value]) => [
    name,
    typeof value === "function" && !/^class/.test(String(value)) ? recording(name, value as AnyFunction) : value,
  ]),
) as unknown as typeof entry;

/** Names of the functions of the entry. */
export const functions = Object.entries(entry)
  .filter(([, value]) => typeof value === "function" && !/^class/.test(String(value)))
  .map(([name]) => name);
