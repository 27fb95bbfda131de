/**
 * Values as bytes, for a store: JSON with its arrays of numbers beside it. Every number keeps its bits, −0 and NaN too,
 * and equal values give equal bytes, so that bytes can be addressed by their hash.
 *
 * Layout: the length of the JSON (4 bytes), the JSON, then the typed arrays, each from a multiple of 8 on, all little
 * endian. In the JSON an object with the key `$` stands for what JSON has not.
 */
import { typedArrayName } from "../brand.js";
import { isPlainObject } from "../scalars.js";
import { describe } from "../words.js";
import { NO_FUNCTIONS } from "../worker/protocol.js";

type Numbers =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;
type Special = { $: string; at?: number; length?: number };

const TYPES = {
  Float64Array,
  Float32Array,
  Int32Array,
  Uint32Array,
  Int16Array,
  Uint16Array,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
} as const;
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, "-Infinity": -Infinity };
const HEAD_BYTES = 4;

/** What the typed arrays of a value take, and where each lies. */
class Arrays {
  readonly parts: { at: number; array: Numbers }[] = [];
  bytes = 0;

  add(type: string, array: Numbers): Special {
    const at = this.bytes;
    this.parts.push({ at, array });
    this.bytes = aligned(at + array.byteLength);
    return { $: type, at, length: array.length };
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/**
 * The bytes of plain data.
 *
 * @throws TypeError for functions, and for objects of a class; RangeError for a key `$`.
 */
export function encode(value: unknown): Uint8Array {
  const arrays = new Arrays();
  const head = new TextEncoder().encode(JSON.stringify(packed(value, arrays)));
  const body = aligned(HEAD_BYTES + head.length);
  const result = new Uint8Array(body + arrays.bytes);
  new DataView(result.buffer).setUint32(0, head.length, true);
  result.set(head, HEAD_BYTES);
  for (const { at, array } of arrays.parts)
    result.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), body + at);
  return result;
}

function packed(value: unknown, arrays: Arrays): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Object.is(value, -0)) return { $: "-0" };
    return Number.isFinite(value) ? value : { $: String(value) };
  }
  if (value === undefined) return { $: "undefined" };
  if (typeof value === "function") throw new TypeError(NO_FUNCTIONS);
  if (Array.isArray(value)) return Array.from(value, (entry) => packed(entry, arrays));
  const type = typedArrayName(value);
  if (type !== undefined && Object.hasOwn(TYPES, type)) return arrays.add(type, value as Numbers);
  if (!isPlainObject(value, "a value")) {
    throw new TypeError(`${describe(value)} is no plain data; expected numbers, strings, lists and plain objects`);
  }
  if (Object.hasOwn(value, "$")) throw new RangeError('an object has the key "$"; expected another name');
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, packed(entry, arrays)]));
}

/** The value of {@link encode}'s bytes. @throws RangeError where they were cut short or altered */
export function decode(bytes: Uint8Array): unknown {
  const broken = new RangeError("the bytes are no stored value; expected what this version of ntk-wasm has written");
  if (bytes.length < HEAD_BYTES) throw broken;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const body = aligned(HEAD_BYTES + length);
  if (body > bytes.length) throw broken;
  const restore = (entry: unknown): unknown => {
    if (typeof entry !== "object" || entry === null) return entry;
    if (Array.isArray(entry)) return entry.map(restore);
    if (!Object.hasOwn(entry, "$"))
      return Object.fromEntries(Object.entries(entry).map(([key, part]) => [key, restore(part)]));
    const { $: type, at = 0, length: size = 0 } = entry as Special;
    if (type === "undefined") return undefined;
    if (type === "-0") return -0;
    if (Object.hasOwn(NUMBERS, type)) return NUMBERS[type];
    const Type = TYPES[type as keyof typeof TYPES];
    const from = body + at;
    const to = from + size * (Type?.BYTES_PER_ELEMENT ?? 0);
    if (Type === undefined || to > bytes.length) throw broken;
    // A copy: aligned, and not a view of what a file was read into.
    return new Type(Uint8Array.from(bytes.subarray(from, to)).buffer as ArrayBuffer);
  };
  return restore(JSON.parse(new TextDecoder().decode(bytes.subarray(HEAD_BYTES, HEAD_BYTES + length))));
}
