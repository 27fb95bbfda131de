/**
 * A fit as plain data, in two forms with the same content: JSON (readable, longer), and bytes (compact, with a
 * checksum). `packFit` in `restore.ts` collects the content; this file writes and reads it.
 *
 * Bytes, little-endian, in this order:
 *
 * - "NTKF";
 * - version, u32;
 * - length of the header, u32;
 * - CRC-32 of all other bytes, u32;
 * - header (JSON, ASCII), which names the arrays and their lengths;
 * - float64 arrays, one after the other.
 */
import { describe, refusal } from "../words.js";

/** Settings and scalars in the header, as JSON has them, and the arrays beside them. */
export interface Packed {
  header: Record<string, unknown>;
  arrays: Record<string, Float64Array>;
}

/**
 * Version of JSON and of bytes: a reader refuses a newer one. Version 2 has noise and weights of points. A fit without
 * them is written as version 1, which older readers take.
 */
const VERSION = 2;
const FORMAT = "ntk-wasm/fit/";
const MAGIC = "NTKF";
const PREFIX_BYTES = 16;

/** The format line of JSON, for a fit whose points have noise or weights of their own or not. */
export function formatName(own: boolean): string {
  return `${FORMAT}${own ? 2 : 1}`;
}

export function toBytes({ header, arrays }: Packed): Uint8Array {
  const lengths = Object.fromEntries(Object.entries(arrays).map(([name, { length }]) => [name, length]));
  const text = asciiOf(JSON.stringify({ ...header, arrays: lengths }));
  const total = Object.values(lengths).reduce((sum, length) => sum + length, 0);
  const bytes = new Uint8Array(PREFIX_BYTES + text.length + 8 * total);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  view.setUint32(4, arrays.noise || arrays.weights ? 2 : 1, true);
  view.setUint32(8, text.length, true);
  bytes.set(text, PREFIX_BYTES);
  let at = PREFIX_BYTES + text.length;
  for (const array of Object.values(arrays)) {
    for (let i = 0; i < array.length; i++, at += 8) view.setFloat64(at, array[i], true);
  }
  view.setUint32(12, checksum(bytes), true);
  return bytes;
}

/** @throws RangeError for bytes that are no snapshot, cut short, altered, or of a newer version. */
export function fromBytes(bytes: Uint8Array): Packed {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = textOf(bytes.subarray(0, MAGIC.length));
  if (magic !== MAGIC) {
    throw new RangeError(
      `these ${bytes.length} bytes are no snapshot of a fit: they do not start with "${MAGIC}"; expected what fit.snapshot() gave`,
    );
  }
  if (bytes.length < PREFIX_BYTES) throw cutShort(bytes.length, PREFIX_BYTES);
  checkVersion(view.getUint32(4, true));
  const headerBytes = view.getUint32(8, true);
  const start = PREFIX_BYTES + headerBytes;
  if (bytes.length < start) throw cutShort(bytes.length, start);
  if (view.getUint32(12, true) !== checksum(bytes)) {
    throw new RangeError(
      "the snapshot was altered or cut short: its checksum does not match; expected the bytes of fit.snapshot()",
    );
  }
  const { arrays: lengths, ...header } = JSON.parse(textOf(bytes.subarray(PREFIX_BYTES, start)));
  const arrays: Packed["arrays"] = {};
  let at = start;
  for (const [name, length] of Object.entries(lengths as Record<string, number>)) {
    if (bytes.length < at + 8 * length) throw cutShort(bytes.length, at + 8 * length);
    const array = new Float64Array(length);
    for (let i = 0; i < length; i++, at += 8) array[i] = view.getFloat64(at, true);
    arrays[name] = array;
  }
  return { header, arrays };
}

function cutShort(got: number, expected: number): RangeError {
  return new RangeError(`the snapshot is cut short: it has ${got} bytes; expected at least ${expected}`);
}

/** Checks the format line of JSON. @throws RangeError */
export function checkFormat(format: unknown): void {
  const version = typeof format === "string" && format.startsWith(FORMAT) ? format.slice(FORMAT.length) : "";
  if (!/^[1-9]\d*$/.test(version)) {
    throw refusal(
      new RangeError(`format is ${describe(format)}; expected "${formatName(false)}", as in the JSON of a fit`),
    );
  }
  checkVersion(Number(version));
}

function checkVersion(version: number): void {
  if (version > 0 && version <= VERSION) return;
  throw refusal(
    new RangeError(
      `the snapshot has version ${version}, and this ntk-wasm reads versions 1 to ${VERSION}; update ntk-wasm, or fit again`,
    ),
  );
}

/** Made when it is first needed, so that nothing runs at import. */
let table: Uint32Array | undefined;

/** CRC-32, as in zlib, of all bytes except the checksum itself. */
function checksum(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    if (i < 12 || i >= PREFIX_BYTES) c = table[(c ^ bytes[i]) & 0xff] ^ (c >>> 8);
  }
  return (c ^ 0xffffffff) >>> 0;
}

/** JSON text as ASCII. Other characters are escaped, so no encoder is needed. */
function asciiOf(json: string): Uint8Array {
  const ascii = json.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return Uint8Array.from(ascii, (char) => char.charCodeAt(0));
}

function textOf(bytes: Uint8Array): string {
  let result = "";
  for (const byte of bytes) result += String.fromCharCode(byte);
  return result;
}
