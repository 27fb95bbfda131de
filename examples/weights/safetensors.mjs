/**
 * A reader of safetensors files, for browsers and Node: copy it. A file is the length of its header in 8 bytes, little
 * end first, the header in JSON, then the numbers. Every number of these four types is a double, so nothing is rounded.
 *
 * Format: https://github.com/huggingface/safetensors#format
 */

const TYPES = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => fromHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => fromBrain(view.getUint16(at, true)) },
};

/**
 * The tensors of a file by their names: `{ dtype, shape, data: Float64Array }`, row-major.
 *
 * @param {ArrayBuffer | Uint8Array} file what `response.arrayBuffer()` or `readFile()` gives
 * @param {readonly string[]} [names] those to read; default all
 * @throws TypeError for what is no file's bytes; RangeError for a file that is cut or wrong, a name that it does not
 *   have, and a type that is none of F64, F32, F16 and BF16.
 */
export function readSafetensors(file, names) {
  const view = viewOf(file);
  const { header, start } = headerOf(view);
  const wanted = names ?? Object.keys(header).filter((name) => name !== "__metadata__");
  return Object.fromEntries(wanted.map((name) => [name, tensorOf(view, header, start, name)]));
}

function viewOf(file) {
  // By the name of the class: bytes of a worker or of a frame count too.
  if (Object.prototype.toString.call(file) === "[object ArrayBuffer]") return new DataView(file);
  if (Object.prototype.toString.call(file) === "[object Uint8Array]")
    return new DataView(file.buffer, file.byteOffset, file.byteLength);
  throw new TypeError(`the file is of type ${typeof file}; expected its bytes, an ArrayBuffer or a Uint8Array`);
}

function headerOf(view) {
  if (view.byteLength < 8) throw new RangeError(`the file has ${view.byteLength} bytes; expected at least 8`);
  const size = Number(view.getBigUint64(0, true));
  const start = 8 + size;
  if (start > view.byteLength)
    throw new RangeError(`the file has ${view.byteLength} bytes; expected ${start}, its header alone (is it cut?)`);
  const bytes = new Uint8Array(view.buffer, view.byteOffset + 8, size);
  let header;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RangeError("the file's header is no JSON; expected a safetensors file", { cause });
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new RangeError("the file's header is no object; expected a safetensors file");
  return { header, start };
}

function tensorOf(view, header, start, name) {
  if (!Object.hasOwn(header, name) || name === "__metadata__")
    throw new RangeError(`the file has no tensor ${JSON.stringify(name)}; it has ${Object.keys(header).join(", ")}`);
  const { dtype, shape, data_offsets: offsets } = header[name] ?? {};
  const said = `the tensor ${JSON.stringify(name)}`;
  if (typeof dtype !== "string" || !Object.hasOwn(TYPES, dtype))
    throw new RangeError(`${said} has the type ${dtype}; expected one of ${Object.keys(TYPES).join(", ")}`);
  if (!isSizes(shape) || !isSizes(offsets) || offsets.length !== 2)
    throw new RangeError(`${said} has no shape or no data_offsets; expected lists of integers`);
  const { bytes, read } = TYPES[dtype];
  const count = shape.reduce((product, size) => product * size, 1);
  const [from, to] = offsets;
  if (to - from !== count * bytes)
    throw new RangeError(`${said} has ${to - from} bytes; expected ${count * bytes} for ${count} numbers of ${dtype}`);
  if (start + to > view.byteLength)
    throw new RangeError(
      `${said} ends at byte ${start + to} of ${view.byteLength}; expected a whole file (is it cut?)`,
    );
  const data = Float64Array.from({ length: count }, (_, i) => read(view, start + from + i * bytes));
  return { dtype, shape, data };
}

function isSizes(list) {
  return Array.isArray(list) && list.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** IEEE 754 half precision: a sign, 5 bits of exponent, 10 of fraction. `DataView.getFloat16` is not everywhere. */
function fromHalf(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of a float32. */
function fromBrain(bits) {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
