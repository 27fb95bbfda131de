/** What a value is by its internal slots, whichever realm it comes from: `instanceof` fails across iframes, `vm` contexts and test runners. */
const tagOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get;

/** `"Float64Array"` and the like; undefined for all but typed arrays. */
export function typedArrayName(value: unknown): string | undefined {
  return tagOf?.call(value);
}

/** True for a Float64Array of any realm. */
export function isFloat64Array(value: unknown): value is Float64Array {
  return typedArrayName(value) === "Float64Array";
}
