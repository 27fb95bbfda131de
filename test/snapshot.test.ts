/** Fits as bytes and as JSON: the layout of the bytes, the checks of a header, and what `restore` makes of both. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Fit, type Model, type Ntk, productOf, rbfKernel, sumOf } from "../src/index.js";
import { pick } from "../src/options.js";
import { checkFormat, formatName, fromBytes, type Packed, toBytes } from "../src/regression/snapshot.js";
import { HEADER, SNAPSHOT } from "../src/regression/snapshotHeader.js";
import { loadVariant, variants } from "./setup/variants.js";

/** CRC-32 of zlib, bit by bit. */
function crc32(bytes: Iterable<number>): number {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  }
  return ~rest >>> 0;
}

/** Bytes with the checksum that belongs to them. */
function sealed(bytes: Uint8Array): Uint8Array {
  const own = bytes.slice();
  new DataView(own.buffer).setUint32(12, crc32([...own.subarray(0, 12), ...own.subarray(16)]), true);
  return own;
}

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
const textOf = (bytes: Uint8Array) => String.fromCharCode(...bytes);

describe("bytes", () => {
  const packed: Packed = {
    header: { format: formatName(false), name: "Θ\u007f~ \ud83d\ude00" },
    arrays: { X: Float64Array.of(1, -0.5, 1e-300), empty: new Float64Array(), Y: Float64Array.of(Math.PI) },
  };

  test("the layout: mark, version, length of the header, checksum, header, arrays", () => {
    expect(crc32(Array.from("123456789", (char) => char.charCodeAt(0))), "the check value of CRC-32").toBe(0xcbf43926);
    const bytes = toBytes(packed);
    const view = new DataView(bytes.buffer);
    expect(textOf(bytes.subarray(0, 4))).toBe("NTKF");
    expect(view.getUint32(4, true)).toBe(1);
    const length = view.getUint32(8, true);
    expect(bytes).toHaveLength(16 + length + 8 * 4);
    expect(view.getUint32(12, true)).toBe(crc32([...bytes.subarray(0, 12), ...bytes.subarray(16)]));
    const header = bytes.subarray(16, 16 + length);
    expect(header.every((byte) => byte < 0x7f)).toBe(true);
    expect(textOf(header)).toContain('"Θ\u007f~ 😀"'.replace(/[\u007f-\uffff]/g, escaped));
    expect(JSON.parse(textOf(header))).toEqual({ ...packed.header, arrays: { X: 3, empty: 0, Y: 1 } });
    const numbers = [0, 1, 2, 3].map((i) => view.getFloat64(16 + length + 8 * i, true));
    expect(numbers).toEqual([1, -0.5, 1e-300, Math.PI]);
  });

  test("what was written is read, from the middle of a buffer too", () => {
    const bytes = toBytes(packed);
    expect(fromBytes(bytes)).toEqual(packed);
    const room = new Uint8Array(bytes.length + 5);
    room.set(bytes, 3);
    expect(fromBytes(room.subarray(3, 3 + bytes.length))).toEqual(packed);
  });

  test("noise or weights of points make version 2, in bytes and in the format of JSON", () => {
    const version = (arrays: Packed["arrays"]) => toBytes({ header: {}, arrays })[4];
    const list = Float64Array.of(1);
    const some: Packed["arrays"][] = [{}, { X: list }, { noise: list }, { weights: list }];
    expect(some.map(version)).toEqual([1, 1, 2, 2]);
    expect([false, true].map(formatName)).toEqual(["ntk-wasm/fit/1", "ntk-wasm/fit/2"]);
  });

  test("lengths that are wrong in spite of a right checksum are told with the bytes that they need", () => {
    const bytes = toBytes(packed);
    const short = bytes.slice(0, 15);
    expect(() => fromBytes(short)).toThrow("it has 15 bytes; expected at least 16");
    expect(() => fromBytes(bytes.slice(0, 3))).toThrow(/these 3 bytes are no snapshot of a fit/);
    const long = bytes.slice();
    new DataView(long.buffer).setUint32(8, 1000, true);
    expect(() => fromBytes(long)).toThrow(`it has ${bytes.length} bytes; expected at least 1016`);
    // One that lacks its last number, with a checksum of its own.
    const cut = sealed(bytes.slice(0, -8));
    expect(() => fromBytes(cut)).toThrow(`it has ${cut.length} bytes; expected at least ${bytes.length}`);
    const header = 16 + new DataView(bytes.buffer).getUint32(8, true);
    const none = sealed(bytes.slice(0, header));
    expect(() => fromBytes(none)).toThrow(`it has ${header} bytes; expected at least ${header + 24}`);
  });

  test("formats: those of versions up to 2", () => {
    for (const format of ["ntk-wasm/fit/1", "ntk-wasm/fit/2"]) expect(() => checkFormat(format)).not.toThrow();
    expect(() => checkFormat("ntk-wasm/fit/3")).toThrow("has version 3, and this ntk-wasm reads versions 1 to 2");
    for (const format of [
      undefined,
      1,
      "",
      "ntk-wasm/fit/x",
      "ntk-wasm/fit/1.5",
      "ntk-wasm/fit/",
      "ntk-wasm/fit/-5",
      "other/fit/1",
    ])
      expect(() => checkFormat(format), String(format)).toThrow(/^format is .*; expected "ntk-wasm\/fit\/1"/);
  });
});

describe("the header", () => {
  const point = {
    ridge: 0.1,
    logEvidence: null,
    logEvidenceProfiled: -3,
    degreesOfFreedom: 2,
    looRmse: 0.5,
    chosen: true,
    atBound: false,
  };
  const output = { logEvidence: -1, logEvidenceProfiled: null, looRmse: 1, chosen: true };
  const state = {
    space: "dual",
    factor: "cholesky",
    truncated: false,
    resident: false,
    method: { precision: "float64" },
  };
  const good = {
    rows: 3,
    inputs: 2,
    outputs: 1,
    kernel: "average",
    ridge: 0.1,
    scale: 1,
    centered: false,
    path: [point],
    choice: ["a note"],
    state,
  };
  const read = (change: object) => pick({ ...good, ...change }, SNAPSHOT, HEADER);

  test("null stands for a number that does not exist, and what need not be there may be left out", () => {
    const { path, state: found, ridge, mean } = read({});
    expect(path).toEqual([{ ...point, logEvidence: undefined }]);
    expect(path[0]).not.toHaveProperty("perOutput");
    expect(ridge).toEqual([0.1]);
    expect(mean).toBeUndefined();
    expect(found).toMatchObject({ ...state, backwardError: undefined, lowRank: undefined });
    expect(read({ ridge: [0.1, 0] }).ridge).toEqual([0.1, 0]);
    expect(read({ path: [], choice: [] })).toMatchObject({ path: [], choice: [] });
    const { perOutput } = read({ path: [{ ...point, perOutput: [output] }] }).path[0];
    expect(perOutput).toEqual([{ ...output, logEvidenceProfiled: undefined }]);
    const lowRank = { traceError: 0, rank: 1 };
    const method = { precision: "float32", iterations: 0, preconditionerRank: 0, fallback: "a word" };
    expect(read({ state: { ...state, backwardError: 0, lowRank, method } }).state).toMatchObject({
      backwardError: 0,
      lowRank,
      method,
    });
  });

  test.each<[string, object]>([
    ["choice[1] is number 5; expected a string", { choice: ["a note", 5] }],
    ["choice is null; expected a list", { choice: null }],
    ["rows is 0; expected an integer ≥ 1", { rows: 0 }],
    ["inputs is 1.5; expected an integer ≥ 1", { inputs: 1.5 }],
    ["outputs is 0; expected an integer ≥ 1", { outputs: 0 }],
    ['kernel is "both"; expected one of full, average', { kernel: "both" }],
    ["ridge[1] is -1; expected", { ridge: [0.1, -1] }],
    ["centered is number 1; expected true or false", { centered: 1 }],
    ['mean is "cubic"; expected one of constant, linear', { mean: "cubic" }],
    ["path[0] of the snapshot is number 7; expected an object", { path: [7] }],
    ["path[0].ridge is -1; expected a finite number ≥ 0", { path: [{ ...point, ridge: -1 }] }],
    ["path[0].degreesOfFreedom is null; expected a number", { path: [{ ...point, degreesOfFreedom: null }] }],
    ["path[0].atBound is undefined; expected true or false", { path: [{ ...point, atBound: undefined }] }],
    [
      "path[0].perOutput[1].chosen is number 0; expected true or false",
      { path: [{ ...point, perOutput: [output, { ...output, chosen: 0 }] }] },
    ],
    ["state of the snapshot is undefined; expected an object", { state: undefined }],
    ['state.space is "gp"; expected one of dual, primal, cg, lowrank', { state: { ...state, space: "gp" } }],
    ['state.factor is "qr"; expected one of cholesky, eigen', { state: { ...state, factor: "qr" } }],
    ["state.truncated is null; expected true or false", { state: { ...state, truncated: null } }],
    ["state.resident is null; expected true or false", { state: { ...state, resident: null } }],
    ["state.backwardError is -1; expected", { state: { ...state, backwardError: -1 } }],
    ["state.method of the snapshot is an object (Array); expected an object", { state: { ...state, method: [] } }],
    [
      'state.method.precision is "half"; expected one of float64, float32',
      { state: { ...state, method: { precision: "half" } } },
    ],
    [
      "state.method.iterations is -1; expected an integer ≥ 0",
      { state: { ...state, method: { precision: "float64", iterations: -1 } } },
    ],
    [
      "state.method.preconditionerRank is 0.5; expected an integer ≥ 0",
      { state: { ...state, method: { precision: "float64", preconditionerRank: 0.5 } } },
    ],
    [
      "state.method.fallback is number 1; expected a string",
      { state: { ...state, method: { precision: "float64", fallback: 1 } } },
    ],
    ["state.lowRank.rank is 0; expected an integer ≥ 1", { state: { ...state, lowRank: { rank: 0 } } }],
    ["state.lowRank.traceError is -1; expected", { state: { ...state, lowRank: { traceError: -1 } } }],
  ])("%s", (words, change) => {
    expect(() => read(change)).toThrow(words);
  });
});

describe.each(variants)("%s", (variant) => {
  const X = [[0, 1], [1, 2], [2, 0], [3, 1]]; // biome-ignore format: one line
  const Y = [1, 2, 3, 1];
  const rbf = rbfKernel();
  const custom: Model = { kernel: () => [[1]] };
  let ntk: Ntk;
  let plain: Record<string, unknown>;
  const jsonOf = (fit: Fit) => JSON.parse(JSON.stringify(fit)) as Record<string, unknown>;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    plain = jsonOf(ntk.fit(rbf, X, Y, { ridge: 0.1 }));
  });

  test("a fit of weights needs a model that has some", () => {
    const state = { ...(plain.state as object), space: "primal" };
    expect(() => ntk.restore({ ...plain, dualWeights: [], state })).toThrow(
      'the snapshot was solved by "primal", which needs the weights of a network: it was altered',
    );
  });

  test("the order of the rows of a factor is a permutation", () => {
    const fit = ntk.fit(rbf, X, Y, { ridge: 0.1 });
    fit.update({ remove: 1, add: { X: [[4, 4]], Y: [2] } });
    const json = jsonOf(fit);
    const order = json.order as number[];
    expect([...order].sort()).toEqual([0, 1, 2, 3]);
    const again = ntk.restore(json);
    expect(again.predict(X)).toEqual(fit.predict(X));
    const twice = order.map((place) => (place === 2 ? 3 : place));
    expect(() => ntk.restore({ ...json, order: twice })).toThrow("order of the snapshot lacks 2: it was altered");
    expect(() => ntk.restore({ ...json, order: order.slice(1) })).toThrow(
      "the snapshot has 3 numbers in order; expected 4: it was altered",
    );
    expect(() => ntk.restore({ ...json, factor: [1] })).toThrow("1 numbers in factor; expected 10: it was altered");
  });

  test("numbers in JSON: each list has its length, and each number is finite", () => {
    const noise = Y.map(() => 0.1);
    const own = jsonOf(ntk.fit(rbf, X, Y, { ridge: 0.1, noise, weights: [1, 2, 1, 1] }));
    for (const key of ["noise", "weights"]) {
      expect(() => ntk.restore({ ...own, [key]: [1, 1, 1] })).toThrow(`3 numbers in ${key}; expected 4`);
      expect(() => ntk.restore({ ...own, [key]: [1, 1, 1, -1] })).toThrow(`${key} of the snapshot[3] is -1`);
    }
    expect(() => ntk.restore({ ...plain, X: [0, 1, 1, Infinity, 2, 0, 3, 1] })).toThrow(
      "X of the snapshot has Infinity at 3; expected finite numbers: it was altered",
    );
    expect(() => ntk.restore({ ...plain, dualWeights: undefined })).toThrow("0 numbers in dualWeights; expected 4");
    expect(() => ntk.restore({ ...plain, ridge: [0.1, 0.2] })).toThrow("2 numbers in ridge; expected 1");
    const two = jsonOf(ntk.fit(rbf, X, Y.map((y) => [y, 1]), { ridge: 0.1 })); // biome-ignore format: one line
    expect(() => ntk.restore({ ...two, dualWeights: [1, 2, 3] })).toThrow("3 numbers in dualWeights; expected 2");
    const line = jsonOf(ntk.fit(rbf, X, Y, { ridge: 0.1, mean: "constant" }));
    expect(() => ntk.restore({ ...line, trend: [1, 2] })).toThrow("2 numbers in trend; expected 1");
    expect(() => ntk.restore({ ...line, trend: undefined })).toThrow("no numbers in trend; expected 1");
    const net = createNetwork({ inputs: 2, hidden: 3 });
    const weights = jsonOf(ntk.fit(net, X, Y, { ridge: 0.1, solver: "dual" }));
    expect(() => ntk.restore({ ...weights, displacement: undefined })).toThrow(/no numbers in displacement; expected/);
  });

  test("a kernel without a place in the snapshot: what may take its place", () => {
    const none = { ...plain, model: "custom" };
    const words = "expected restore(snapshot, { model }) with it";
    expect(() => ntk.restore(none)).toThrow(words);
    // The snapshot of such a kernel would have held it.
    expect(() => ntk.restore(none, { model: rbf })).toThrow(words);
    expect(() => ntk.restore(none, { model: createNetwork({ inputs: 2, hidden: 3 }) })).toThrow(words);
    // Snapshots of older versions hold no composed kernels.
    for (const model of [sumOf([{ model: rbf }]), productOf([rbf])])
      expect(ntk.restore(none, { model }).predict(X).mean.rows).toBe(4);
    expect(() => ntk.restore(none, { model: custom })).not.toThrow();
    expect(() => ntk.restore(plain, { model: rbf })).toThrow("model is given, but the snapshot has its own");
  });
});
