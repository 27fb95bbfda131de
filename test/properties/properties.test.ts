/**
 * Properties of every public call on cases that nobody wrote: an answer that is finite and right to rounding, or a
 * typed error that names its cause. The seed is fixed; `npm run test:long` takes a fresh one.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { variants } from "../setup/variants.js";
import { PROPERTIES } from "./index.js";
import type { Bench } from "./property.js";
import { answered, functions, offered } from "./recorder.js";
import { benchOf, describeFailure, run, sharesOf } from "./runner.js";

const CASES = Number(import.meta.env.NTK_CASES ?? 2000);
const SEED = Number(import.meta.env.NTK_SEED ?? 1);

describe.each(variants)("%s", (variant) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await benchOf(variant);
  });
  afterAll(() => {
    for (const one of Object.values(bench)) one.dispose();
  });
  const shares = sharesOf(PROPERTIES, CASES);
  test.each(PROPERTIES.map((own, i) => ({ name: own.name, own, cases: shares[i] })))(
    "$name",
    async ({ own, cases }) => {
      const failure = await run(own, bench, { cases, seed: SEED });
      expect(failure && describeFailure(failure)).toBeUndefined();
    },
  );
});

/** Public calls that no property makes, and why. */
const LEFT_OUT: Record<string, string> = {
  load: "the runner calls it: test/setup/variants.ts",
  "Core.dispose": "the suites call it at their end",
};

test("every public call has answered in a property", async () => {
  const methods = [...offered].filter((name) => !/\.(#|_|\[)/.test(name));
  const called = [...functions, ...methods].filter((name) => !answered.has(name) && !(name in LEFT_OUT));
  expect(called).toEqual([]);
  // The lists are not empty: methods of Ntk, and of what it gives, are among them.
  expect(methods).toEqual(
    expect.arrayContaining(["Core.kernel", "Ntk.train", "Fit.predict", "Dynamics.at", "Classifier.predict"]),
  );
});
