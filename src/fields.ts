/**
 * Objects whose class computes fields when they are read. `JSON.stringify`, a spread and a console see only the fields
 * that an object holds itself; what is here shows them the others.
 */
import { isArray } from "./words.js";

/** The console of Node, of Deno and of Bun asks an object for this method. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** What the class of an object defines, after what the classes define that it extends. */
export function classMembers(object: object): [string, PropertyDescriptor][] {
  const type: object | null = Object.getPrototypeOf(object);
  // The last one, `Object` itself, may be another realm's.
  if (type === null || Object.getPrototypeOf(type) === null) return [];
  return [...classMembers(type), ...Object.entries(Object.getOwnPropertyDescriptors(type))];
}

/** The fields of an object: those it holds, then those its class computes. */
export function fieldNames(object: object): string[] {
  const computed = classMembers(object);
  return [...Object.keys(object), ...computed.filter(([, { get }]) => get).map(([name]) => name)];
}

/**
 * All fields as `JSON.stringify` may have them: typed arrays as arrays, matrices as `{ data, rows, cols }`. A field
 * that overflows is left out, as is a field that does not exist.
 */
export function fieldsAsJson(object: object): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const name of fieldNames(object)) {
    try {
      fields[name] = asJson((object as Record<string, unknown>)[name]);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return fields;
}

function asJson(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array);
  if (isArray(value)) return value.map(asJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asJson(field)]));
}

type Print = (value: unknown, options: object) => string;

/** What a console shows of the objects of a class: its name, and the fields that `shown` gives. */
export function showAs<T extends object>(
  type: abstract new (...args: never[]) => T,
  shown: (object: T) => object,
): void {
  Object.defineProperty(type.prototype, INSPECT, {
    configurable: true,
    value(this: T, _depth: number, options: object, print: Print) {
      return `${type.name} ${print(shown(this), options)}`;
    },
  });
}
