/**
 * Every number of a result that is not finite: in fields, getters, lists, typed arrays and records of functions that
 * give more.
 */

export interface Place {
  path: string;
  value: unknown;
}

/**
 * The numbers that are not finite, with where they stand, and what `call` gave in place of what a function or a getter
 * threw. A record of functions is called, one by one.
 */
export function numbersOf(value: unknown, call: (thunk: () => unknown) => unknown): Place[] {
  const found: Place[] = [];
  const seen = new Set<object>();
  const visit = (path: string, value: unknown): void => {
    if (typeof value === "number") {
      if (!Number.isFinite(value)) found.push({ path, value });
      return;
    }
    // What JSON makes of a number that is not finite.
    if (value === null) found.push({ path, value });
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (ArrayBuffer.isView(value)) {
      const at = (value as Float64Array).findIndex((x) => !Number.isFinite(x));
      if (at >= 0) found.push({ path: `${path}[${at}]`, value: (value as Float64Array)[at] });
      return;
    }
    if (value.constructor?.name === "Refused") {
      found.push({ path, value });
      return;
    }
    for (const key of keysOf(value)) {
      const next = call(() => (value as Record<string, unknown>)[key]);
      const inner = path === "" ? key : `${path}.${key}`;
      if (typeof next !== "function") visit(inner, next);
      else if (Object.getPrototypeOf(value) === Object.prototype && next.length === 0)
        visit(
          inner,
          call(() => next()),
        );
    }
  };
  visit("", value);
  return found;
}

/** Fields of an object, and getters of its classes. */
function keysOf(value: object): string[] {
  const keys = Object.keys(value);
  for (let own = Object.getPrototypeOf(value); own && own !== Object.prototype; own = Object.getPrototypeOf(own)) {
    if (Array.isArray(own)) break;
    for (const [key, { get }] of Object.entries(Object.getOwnPropertyDescriptors(own)))
      if (get && key !== "__proto__") keys.push(key);
  }
  return keys;
}
