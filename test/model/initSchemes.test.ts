/** The table of initialisations: names, defaults, and the std of each row for one uneven layer. */
import { expect, test } from "vitest";
import {
  defaultBiasStd,
  INITS,
  initialBiasStd,
  initialWeightStd,
  isNtkInit,
  isUniform,
} from "../../src/model/initSchemes.js";
import { NAMES, SCHEMES } from "../oracle/initSchemes.js";

test("every scheme and its uniform twin, once", () => {
  expect([...INITS].sort()).toEqual(NAMES.flatMap((name) => [name, `${name}Uniform`]).sort());
  expect(INITS.filter(isUniform)).toEqual(NAMES.map((name) => `${name}Uniform`));
  expect(INITS.filter(isNtkInit)).toEqual(["ntk", "ntkUniform"]);
});

test("biases start at 0, except for unit and ntk", () => {
  for (const name of NAMES) {
    for (const init of [name, `${name}Uniform`] as const) {
      expect(defaultBiasStd(init), init).toBe(SCHEMES[name].biasStd);
      expect(initialBiasStd(init, 0.3), init).toBe(name === "ntk" ? 1 : 0.3);
    }
  }
});

test.each(NAMES)("%s: weight std of an uneven layer", (name) => {
  for (const init of [name, `${name}Uniform`] as const) {
    for (const output of [false, true]) {
      const want = Math.sqrt(SCHEMES[name].variance(0.5, 8, 24, output));
      expect(initialWeightStd(init, 0.5, { fanIn: 8, fanOut: 24, output }), init).toBeCloseTo(want, 15);
    }
  }
});
