/**
 * What a value is, whichever realm made it. Arrays and modules of an iframe, a jest environment or a vm context fail
 * `instanceof`; their brand, an internal slot of the language, is the same everywhere and cannot be faked by
 * properties.
 */

const nameOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Float64Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => string | undefined;

/** `"Float64Array"` and the like; undefined for what is no typed array (a DataView neither). */
export function typedArrayName(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? nameOf.call(value) : undefined;
}

/** A Float64Array of any realm. */
export function isFloat64Array(value: unknown): value is Float64Array {
  return typedArrayName(value) === "Float64Array";
}

/** A typed array of numbers, of any realm: not of BigInts, and no DataView. */
export function isNumberArray(value: unknown): value is ArrayLike<number> & ArrayBufferView {
  const name = typedArrayName(value);
  return name !== undefined && !name.startsWith("Big");
}

/** An error of any realm, or what passes for one: an object with a name and a message. */
export function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  const { name, message } = value as Partial<Error>;
  return typeof name === "string" && typeof message === "string";
}

/** A compiled WebAssembly module of any realm. */
export function isWasmModule(value: unknown): boolean {
  try {
    WebAssembly.Module.customSections(value as WebAssembly.Module, "");
    return true;
  } catch {
    return false;
  }
}
