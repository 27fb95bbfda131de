/**
 * The reader of safetensors files that the guide has its readers copy, on files of the Python package, and the Python
 * that the guide shows.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { networkFromLayers } from "../src/index.js";
import golden from "./vectors/pytorch_layers.json" with { type: "json" };

interface Read {
  dtype: string;
  shape: number[];
  data: Float64Array;
}
const root = join(import.meta.dirname, "..");
const { readSafetensors } = (await import(join(root, "examples/weights/safetensors.mjs"))) as {
  readSafetensors(file: unknown, names?: readonly string[]): Record<string, Read>;
};
const DTYPES = ["F64", "F32", "F16", "BF16"] as const;
const file = readFileSync(join(root, "test/vectors/tensors.safetensors"));
const copyOf = (bytes: Uint8Array) => Uint8Array.from(bytes).buffer;

/** A file with this header and so many bytes of zeros. */
function made(header: unknown, bytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const result = new Uint8Array(8 + text.length + bytes);
  new DataView(result.buffer).setBigUint64(0, BigInt(text.length), true);
  result.set(text, 8);
  return result;
}

test.each(DTYPES)("%s: the numbers that PyTorch wrote, to the bit", (dtype) => {
  const { [dtype]: read } = readSafetensors(file, [dtype]);
  expect(read).toEqual({ dtype, shape: [2, 4], data: Float64Array.from(golden.tensors[dtype]) });
});

test("every half: sign, exponent and fraction by the formula of IEEE 754", () => {
  const bytes = made({ h: { dtype: "F16", shape: [65536], data_offsets: [0, 131072] } }, 131072);
  const view = new DataView(bytes.buffer, bytes.length - 131072);
  for (let bits = 0; bits < 65536; bits++) view.setUint16(2 * bits, bits, true);
  const { data } = readSafetensors(bytes).h;
  const wrong: number[] = [];
  for (let bits = 0; bits < 65536; bits++) {
    const [sign, exponent, fraction] = /^(.)(.{5})(.{10})$/.exec(bits.toString(2).padStart(16, "0"))?.slice(1) ?? [];
    const e = Number.parseInt(exponent, 2);
    const f = Number.parseInt(fraction, 2) / 1024;
    const special = f === 0 ? Infinity : Number.NaN;
    const size = e === 31 ? special : e === 0 ? f * 2 ** -14 : (1 + f) * 2 ** (e - 15);
    if (!Object.is(data[bits], sign === "1" ? -size : size)) wrong.push(bits);
  }
  expect(wrong).toEqual([]);
});

test("bytes of any kind and place", () => {
  const want = readSafetensors(file, DTYPES);
  expect(readSafetensors(copyOf(file), DTYPES)).toEqual(want);
  // At an odd address, and of another realm.
  const shifted = new Uint8Array(file.length + 3);
  shifted.set(file, 3);
  expect(readSafetensors(shifted.subarray(3), DTYPES)).toEqual(want);
  const foreign = runInNewContext("Uint8Array.from(bytes)", { bytes: Array.from(file) });
  expect(readSafetensors(foreign, DTYPES)).toEqual(want);
  expect(readSafetensors(made({ t: { dtype: "F32", shape: [0, 3], data_offsets: [0, 0] } })).t.data).toHaveLength(0);
});

describe("refusals", () => {
  const tensor = (fields: object, bytes = 8) =>
    made({ t: { dtype: "F64", shape: [1], data_offsets: [0, 8], ...fields } }, bytes);
  test.each<[string, unknown, string]>([
    ["no bytes", "model.safetensors", "the file is of type string; expected its bytes"],
    ["nothing", null, "the file is of type object; expected its bytes"],
    ["a short file", new Uint8Array(7), "the file has 7 bytes; expected at least 8"],
    ["a cut header", file.subarray(0, 100), "the file has 100 bytes; expected 336, its header alone (is it cut?)"],
    [
      "cut numbers",
      file.subarray(0, -1),
      'the tensor "F16" ends at byte 472 of 471; expected a whole file (is it cut?)',
    ],
    ["a header that is no JSON", made("{t"), "the file's header is no JSON"],
    ["a header that is a list", made([]), "the file's header is no object"],
    ["a header of null", made(null), "the file's header is no object"],
    [
      "an integer type",
      tensor({ dtype: "I64" }),
      'the tensor "t" has the type I64; expected one of F64, F32, F16, BF16',
    ],
    ["a type of Object's", tensor({ dtype: "toString" }), 'the tensor "t" has the type toString'],
    ["no entry", made({ t: null }), 'the tensor "t" has the type undefined'],
    ["no shape", tensor({ shape: undefined }), 'the tensor "t" has no shape or no data_offsets'],
    ["negative sizes", tensor({ shape: [-1] }), 'the tensor "t" has no shape or no data_offsets'],
    ["another shape", tensor({ shape: [2] }), 'the tensor "t" has 8 bytes; expected 16 for 2 numbers of F64'],
    ["offsets the wrong way", tensor({ data_offsets: [8, 0] }), 'the tensor "t" has -8 bytes; expected 8'],
    ["offsets beyond the end", tensor({ data_offsets: [8, 16] }), 'the tensor "t" ends at byte '],
  ])("%s", (_, bytes, message) => {
    const run = () =>
      readSafetensors(bytes, bytes instanceof Uint8Array && bytes.buffer === file.buffer ? DTYPES : undefined);
    expect(run).toThrow(message.startsWith("the file is of") ? TypeError : RangeError);
    expect(run).toThrow(message);
  });

  test("names: one that is not there, and a type that is skipped unless asked for", () => {
    expect(() => readSafetensors(file, ["fc1.weight"])).toThrow('the file has no tensor "fc1.weight"; it has ');
    expect(() => readSafetensors(file, ["toString"])).toThrow("the file has no tensor");
    expect(() => readSafetensors(file, ["__metadata__"])).toThrow("the file has no tensor");
    expect(() => readSafetensors(file)).toThrow('the tensor "I64" has the type I64');
  });
});

describe("the guide", () => {
  const guide = readFileSync(join(root, "docs/weights-from-elsewhere.md"), "utf8");
  const scripts = ["from_pytorch.py", "from_keras.py"].map((name) =>
    readFileSync(join(root, "examples/weights", name), "utf8"),
  );

  test("its Python is of the scripts that wrote its files", () => {
    const blocks = [...guide.matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
    expect(blocks).toHaveLength(3);
    for (const block of blocks) expect(scripts.some((script) => script.includes(block))).toBe(true);
  });

  test("JSON and safetensors are the same weights", () => {
    const { layers } = JSON.parse(readFileSync(join(root, "examples/weights/pytorch.json"), "utf8"));
    const tensors = readSafetensors(readFileSync(join(root, "examples/weights/pytorch.safetensors")));
    const same = ["0", "2", "4"].map((name) => ({ weights: tensors[`${name}.weight`], bias: tensors[`${name}.bias`] }));
    const net = networkFromLayers(layers, { activation: "tanh" });
    expect(networkFromLayers(same, { activation: "tanh" })).toEqual(net);
    expect(net.hidden).toEqual([16, 16]);
  });
});
