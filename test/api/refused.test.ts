/** What always throws does not compile: each `@ts-expect-error` fails where the compiler accepts its line. */
import { beforeAll, expect, test } from "vitest";
import {
  createInfiniteNetwork,
  createNetwork,
  type FitOptions,
  type Model,
  type Ntk,
  rbfKernel,
  sumOf,
} from "../../src/index.js";
import type { AsyncNtk } from "../../src/worker/index.js";
import { loadVariant, variants } from "../setup/variants.js";

let ntk: Ntk;
beforeAll(async () => {
  ntk = await loadVariant(variants[0]);
});

const X = [0, 1, 2];
const Y = [1, 0, 1];
const net = createNetwork({ inputs: 1, hidden: 4 });
const wide = createInfiniteNetwork();

test("a ridge beside a path of ridges", () => {
  // @ts-expect-error
  expect(() => ntk.fit(net, X, Y, { ridge: 1, ridges: [1, 2] })).toThrow(/both ridge and ridges are given/);
  // @ts-expect-error
  expect(() => ntk.fitting(wide, X, Y, { ridge: 1, ridges: [1, 2] }).next()).toThrow(/both ridge and ridges are given/);
});

test("weight space and the kernel of all pairs, with a model that is no finite network", () => {
  for (const model of [wide, rbfKernel()]) {
    // @ts-expect-error
    expect(() => ntk.fit(model, X, Y, { solver: "primal" })).toThrow(RangeError);
    // @ts-expect-error
    expect(() => ntk.fit(model, X, Y, { outputs: "full", ridge: 1 })).toThrow(RangeError);
  }
});

test("an option that no fit has", () => {
  // @ts-expect-error
  expect(() => ntk.fit(net, X, Y, { lambda: 1 })).toThrow(/unknown option "lambda"/);
  // @ts-expect-error
  expect(() => ntk.fit(net, X, Y, { ridge: 1, solver: "lu" })).toThrow(/solver is "lu"/);
});

test("an infinite network whose kernel grows with a width that it has not", () => {
  // @ts-expect-error
  expect(() => createInfiniteNetwork({ parametrization: "standard" })).toThrow(/needs a width/);
  // @ts-expect-error
  expect(() => createInfiniteNetwork({ width: 4 })).toThrow(/width is 4/);
  expect(createInfiniteNetwork({ parametrization: "standard", width: 4 }).width).toBe(4);
});

test("to a worker: a kernel of one's own, and what a fit here refuses", () => {
  // Compiled, never called.
  const calls = (there: AsyncNtk) => {
    const custom = { kernel: () => [[1]] };
    // @ts-expect-error
    void there.fit(custom, X, Y);
    // @ts-expect-error
    void there.kernel(custom, X);
    // @ts-expect-error
    void there.crossValidate(custom, X, Y);
    // @ts-expect-error
    void there.crossValidate([net, { model: custom }], X, Y);
    // @ts-expect-error
    there.crossValidating([custom], X, Y);
    void there.crossValidate([net, { model: wide, ridge: 1 }], X, Y, { folds: 4 });
    // @ts-expect-error
    void there.fit(wide, X, Y, { solver: "primal" });
    for (const own of [{ ridge: 1 }, { ridges: [1, 2] }, {}]) void there.fit(wide, X, Y, own);
    for (const own of [{ ridge: 1 }, { ridges: [1, 2] }, {}]) void ntk.fitting(wide, X, Y, own);
    void there.fit(net, X, Y, { solver: "primal", ridge: 1, signal: AbortSignal.timeout(1) });
  };
  expect(calls).toBeTypeOf("function");
});

test("what may be right compiles: options and models that are known at run time only", () => {
  const options: FitOptions = { ridge: 1 };
  const models: Model[] = [net, wide, sumOf([{ model: net }])];
  for (const model of models) ntk.fit(model, X, Y, { ...options, solver: "dual" }).dispose();
  for (const model of models) ntk.fit(model, X, Y, options).dispose();
  for (const own of [{ ridge: 1 }, { ridges: [1, 2] }, {}]) ntk.fit(wide, X, Y, own).dispose();
  ntk.fit(sumOf([{ model: net }]), X, Y, { outputs: "full", ridge: 1 }).dispose();
  const maybe: FitOptions | undefined = X.length > 5 ? options : undefined;
  ntk.fit(net, X, Y, maybe).dispose();
  const byName: Record<string, number> = { ridge: 1 };
  ntk.fit(net, X, Y, byName).dispose();
});
