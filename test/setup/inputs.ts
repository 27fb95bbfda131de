/**
 * Matrices as people send them: the form in words, a maker, and whether they are taken. Every one that is taken is the
 * same 3×2 matrix. `test/api/inputs.test.ts` holds each variant to this list, and `test/inputs.node.test.ts` the table
 * of docs/inputs.md.
 */

/** Entries that every kind of number holds, those of one byte too. */
export const ROWS = [
  [1, 2],
  [3, 4],
  [5, 6],
];
const FLAT = ROWS.flat();

/** Kinds of typed arrays; Float16Array where the engine has it. */
const KINDS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
];
const Half = (globalThis as { Float16Array?: typeof Float32Array }).Float16Array;
export const kinds = Half ? [...KINDS, Half] : KINDS;

export interface Form {
  /** What it is, as the table of the docs says it. */
  form: string;
  make: () => unknown;
}

const matrixOf = (data: unknown) => ({ data, rows: 3, cols: 2 });
const doubles = () => Float64Array.from(FLAT);
const frozen = <T extends object>(value: T): T => {
  for (const part of Object.values(value))
    if (typeof part === "object" && part !== null && !ArrayBuffer.isView(part)) frozen(part);
  return Object.freeze(value);
};
/** A view in the middle of a longer memory. */
function inside<T extends ArrayBufferLike>(buffer: T): Float64Array<T> {
  const view = new Float64Array(buffer, 16, FLAT.length);
  view.set(FLAT);
  return view;
}
class Table {
  #rows = ROWS;
  get data(): number[] {
    return this.#rows.flat();
  }
  get rows(): number {
    return this.#rows.length;
  }
  get cols(): number {
    return this.#rows[0].length;
  }
}

export const TAKEN: Form[] = [
  { form: "`[[1, 2], …]`, rows in Arrays", make: () => ROWS },
  { form: "the same after JSON", make: () => JSON.parse(JSON.stringify(ROWS)) },
  { form: "rows in typed arrays, each of another kind", make: () => ROWS.map((row, i) => kinds[i + 6].from(row)) },
  { form: "rows that are views with an offset", make: () => ROWS.map((_, i) => doubles().subarray(2 * i, 2 * i + 2)) },
  { form: "frozen rows", make: () => frozen(structuredClone(ROWS)) },
  { form: "a Proxy of rows", make: () => new Proxy(ROWS, {}) },
  { form: "`{ data, rows, cols }`, data an Array", make: () => matrixOf(FLAT) },
  {
    form: "the same with more fields, or with no prototype",
    make: () => Object.assign(Object.create(null), { ...matrixOf(FLAT), name: "X" }),
  },
  {
    form: "`{ data, rows, cols }` after JSON, data a Float64Array before",
    make: () => JSON.parse(JSON.stringify(matrixOf(doubles()))),
  },
  {
    form: "`{ data, rows, cols }`, data a view with an offset (`subarray`)",
    make: () => matrixOf(inside(new ArrayBuffer(80))),
  },
  {
    form: "`{ data, rows, cols }`, data on a SharedArrayBuffer",
    make: () => matrixOf(inside(new SharedArrayBuffer(80))),
  },
  { form: "frozen, data of any kind", make: () => Object.freeze(matrixOf(doubles())) },
  { form: "an object of a class with getters", make: () => new Table() },
  { form: "a Proxy of `{ data, rows, cols }`", make: () => new Proxy(matrixOf(doubles()), {}) },
  ...KINDS.map(({ name }, i) => ({
    form: `\`{ data, rows, cols }\`, data ${/^[IU8]/.test(name) ? "an" : "a"} ${name}`.replace(/an U/, "a U"),
    make: () => matrixOf(KINDS[i].from(FLAT)),
  })),
];

/** An Array with a hole at an index. */
function holed<T>(list: readonly T[], at: number): T[] {
  const copy = [...list];
  delete copy[at];
  return copy;
}
const withEntry = (entry: unknown) => [
  [1, 2],
  [3, entry],
  [5, 6],
];
const throwing = () => {
  throw new Error("a getter of the caller's");
};
/** An array whose memory was transferred. */
function detached(): Float64Array {
  const data = doubles();
  structuredClone(data.buffer, { transfer: [data.buffer] });
  return data;
}

export const REFUSED: Form[] = [
  { form: "a numeric string as an entry", make: () => withEntry("4") },
  { form: "`null` as an entry", make: () => withEntry(null) },
  { form: "`undefined` as an entry", make: () => withEntry(undefined) },
  { form: "a hole in a row", make: () => [[1, 2], holed([3, 4], 1), [5, 6]] },
  { form: "a bigint as an entry", make: () => withEntry(4n) },
  { form: "a boolean as an entry", make: () => withEntry(true) },
  { form: "a Date as an entry", make: () => withEntry(new Date(4)) },
  { form: "a number in an object (`new Number(4)`)", make: () => withEntry(Object(4)) },
  { form: "`NaN` as an entry", make: () => withEntry(Number.NaN) },
  { form: "`Infinity` in a typed array", make: () => matrixOf(Float64Array.of(1, 2, 3, Infinity, 5, 6)) },
  { form: "a string in `data`", make: () => matrixOf([1, 2, 3, "4", 5, 6]) },
  { form: "`data` too short", make: () => matrixOf([1, 2, 3]) },
  { form: "`rows` a string", make: () => ({ ...matrixOf(FLAT), rows: "3" }) },
  { form: "`cols` not whole", make: () => ({ ...matrixOf(FLAT), cols: 1.5 }) },
  { form: "ragged rows", make: () => [[1, 2], [3], [5, 6]] },
  { form: "a row that is missing", make: () => holed(ROWS, 1) },
  { form: "a row that is `null`", make: () => [[1, 2], null, [5, 6]] },
  { form: "lists of lists of lists", make: () => ROWS.map((row) => row.map((x) => [x])) },
  { form: "a BigInt64Array", make: () => matrixOf(BigInt64Array.from(FLAT.map(BigInt))) },
  { form: "an array whose buffer was transferred", make: () => matrixOf(detached()) },
  { form: "a DataView", make: () => new DataView(new ArrayBuffer(8)) },
  { form: "an ArrayBuffer", make: () => new ArrayBuffer(48) },
  { form: "a string", make: () => "[[1, 2], [3, 4], [5, 6]]" },
  { form: "a number", make: () => 1 },
  { form: "`null`", make: () => null },
  { form: "a Date", make: () => new Date(0) },
  { form: "a Map", make: () => new Map([[0, [1, 2]]]) },
  { form: "a Set", make: () => new Set(ROWS) },
  { form: "a generator", make: () => ROWS.values() },
  { form: "a Promise", make: () => Promise.resolve(ROWS) },
  { form: "`{ 0: …, length: 3 }`", make: () => ({ ...ROWS, length: 3 }) },
  { form: "a getter that throws", make: () => Object.defineProperty({ rows: 3, cols: 2 }, "data", { get: throwing }) },
  { form: "a Proxy that throws", make: () => new Proxy(ROWS, { get: throwing }) },
  {
    form: "a Proxy that was revoked",
    make: () => {
      const { proxy, revoke } = Proxy.revocable(ROWS, {});
      revoke();
      return proxy;
    },
  },
];
