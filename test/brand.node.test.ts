/** Values of another realm are what they are, and what merely looks like them is not. */
import { createContext, runInContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { binary as simd } from "../src/backend/simd.generated.js";
import { isErrorLike, isFloat64Array, isNumberArray, isWasmModule, typedArrayName } from "../src/brand.js";
import { createNetwork } from "../src/index.js";
import { load } from "../src/slim.js";
import { loadVariant } from "./setup/variants.js";

const context = createContext({ bytes: Uint8Array.from(atob(simd), (c) => c.charCodeAt(0)) });
/** A value of another realm. */
const foreign = <T>(code: string): T => runInContext(code, context) as T;

test("typed arrays by their brand", () => {
  for (const name of ["Float64Array", "Float32Array", "Int8Array", "BigInt64Array"]) {
    expect(typedArrayName(foreign(`new ${name}(2)`))).toBe(name);
    expect(isFloat64Array(foreign(`new ${name}(2)`))).toBe(name === "Float64Array");
    expect(isNumberArray(foreign(`new ${name}(2)`))).toBe(!name.startsWith("Big"));
  }
  const fakes = [
    foreign("new DataView(new ArrayBuffer(8))"),
    { [Symbol.toStringTag]: "Float64Array", length: 0 },
    Object.create(Float64Array.prototype),
    new Proxy(new Float64Array(1), {}),
    [1, 2],
    null,
    "Float64Array",
  ];
  for (const fake of fakes) expect([typedArrayName(fake), isFloat64Array(fake)]).toEqual([undefined, false]);
  const dressed = Object.defineProperty(new Float32Array(1), Symbol.toStringTag, { value: "Float64Array" });
  expect(isFloat64Array(dressed)).toBe(false);
});

test("errors and modules", () => {
  expect(isErrorLike(foreign("new RangeError('far away')"))).toBe(true);
  for (const other of ["RangeError", null, undefined, {}, { name: "Error" }]) expect(isErrorLike(other)).toBe(false);
  expect(isWasmModule(foreign("new WebAssembly.Module(bytes)"))).toBe(true);
  for (const other of [{ [Symbol.toStringTag]: "WebAssembly.Module" }, new Uint8Array(8), null])
    expect(isWasmModule(other)).toBe(false);
});

test("a module of another realm loads", async () => {
  const ntk = await load({ module: foreign("new WebAssembly.Module(bytes)") });
  expect(ntk.matmul([[1, 2]], [[3], [4]]).data).toEqual(new Float64Array([11]));
});

describe("what callers give, from another realm", () => {
  const net = createNetwork({ inputs: 1, hidden: 4, seed: 1 });
  const X = [0, 1, 2];

  test("learning rates, and what a custom kernel returns", async () => {
    const ntk = await loadVariant("js");
    const rates = foreign<Float64Array>("new Float64Array([0.1, 0.1])");
    const { loss } = ntk.train(net, X, X, { learningRate: rates, steps: 2 });
    expect(loss).toEqual(ntk.train(net, X, X, { learningRate: new Float64Array([0.1, 0.1]), steps: 2 }).loss);
    const K = { data: foreign<Float64Array>("new Float64Array([1, 0, 0, 0, 1, 0, 0, 0, 1])"), rows: 3, cols: 3 };
    const diagonal = () => foreign<Float64Array>("new Float64Array([1, 1, 1])");
    const fit = ntk.fit({ kernel: () => K, diagonal }, X, X, { ridge: 1 });
    expect(Array.from(fit.predict(X).mean.data, (value) => value.toFixed(12))).toEqual(
      X.map((x) => (x / 2).toFixed(12)),
    );
  });
});
