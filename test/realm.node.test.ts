/** Values of another realm (a `vm` context; frames and test runners have theirs) are what they are here. */
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { createNetwork, load, oneHot, standardize } from "../src/index.js";

/** Evaluated in a realm of its own. */
const foreign = (source: string) => runInNewContext(`(${source})`);

test("matrices, lists, options and models", async () => {
  expect(foreign("Float64Array.of(1)") instanceof Float64Array).toBe(false);
  const ntk = await load({ backend: "js" });
  const net = createNetwork({ inputs: 1, hidden: 3, biasStd: 1 });
  const X = [0, 1, 2];
  const want = ntk.kernel(net, X);
  for (const source of [
    "[0, 1, 2]",
    "[[0], [1], [2]]",
    "Float64Array.of(0, 1, 2)",
    "Uint8Array.of(0, 1, 2)",
    "[Float64Array.of(0), Float32Array.of(1), [2]]",
    "({ data: Float64Array.of(0, 1, 2), rows: 3, cols: 1 })",
    "({ data: { 0: 0, 1: 1, 2: 2 }, rows: 3, cols: 1 })",
  ]) {
    expect(ntk.kernel(net, foreign(source)), source).toEqual(want);
  }
  const model = foreign(JSON.stringify(net));
  model.parameters = foreign(`Float64Array.from([${[...net.parameters]}])`);
  expect(ntk.kernel(model, X)).toEqual(want);
  expect(createNetwork(foreign("{ inputs: 1, hidden: [3, 4], parameters: new Float32Array(27) }")).hidden).toEqual([
    3, 4,
  ]);
  const fit = ntk.fit(net, X, X, foreign("{ ridges: Float64Array.of(0.1, 1) }"));
  expect(fit.path).toHaveLength(2);
  const descent = ntk.dynamics(net, X, X, foreign("{ learningRate: Float64Array.of(0.1, 0.1) }"));
  expect(descent.at(foreign("Int32Array.of(0, 2)"))).toHaveLength(2);
  fit.update(foreign("{ remove: Int32Array.of(0) }"));
  const custom = foreign(
    "{ kernel: (A, B) => ({ data: new Float64Array(A.rows * B.rows).fill(1), rows: A.rows, cols: B.rows }) }",
  );
  expect(ntk.kernel(custom, X).data).toEqual(new Float64Array(9).fill(1));
  expect(standardize(foreign("Float64Array.of(1, 2, 3)")).mean[0]).toBe(2);
  expect(oneHot(foreign('["a", "b"]')).classes).toEqual(["a", "b"]);
  expect(() => ntk.fit(net, X, X, foreign("new Map([['ridge', 1]])"))).toThrow(
    /fit: options are a Map; expected an object like/,
  );
  expect(() => ntk.fit(net, X, X, foreign("[]"))).toThrow(/options are an Array/);
});
