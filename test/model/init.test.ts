/** The table of initialisations: names, defaults, and the std of each row for one uneven layer. */
import { expect, test } from "vitest";
import {
  defaultBiasStd,
  INITS,
  type Init,
  initialBiasStd,
  initialWeightStd,
  isNtkInit,
  isUniform,
} from "../../src/model/initSchemes.js";

test("every scheme and its uniform twin, once", () => {
  const schemes = ["lecun", "he", "glorot", "ntk", "unit", "meanField"];
  expect([...INITS].sort()).toEqual(schemes.flatMap((name) => [name, `${name}Uniform`]).sort());
  expect(INITS.filter(isUniform)).toEqual(schemes.map((name) => `${name}Uniform`));
  expect(INITS.filter(isNtkInit)).toEqual(["ntk", "ntkUniform"]);
});

test("biases start at 0, except for unit and ntk", () => {
  const ones = INITS.filter((init) => defaultBiasStd(init) === 1);
  expect(ones).toEqual(["ntk", "ntkUniform", "unit", "unitUniform"]);
  expect(INITS.filter((init) => defaultBiasStd(init) === 0)).toHaveLength(INITS.length - ones.length);
  for (const init of INITS) expect(initialBiasStd(init, 0.3)).toBe(isNtkInit(init) ? 1 : 0.3);
});

// fanIn 8, fanOut 24, weightStd ½: hidden std, output std.
test.each<[Init, number, number]>([
  ["lecun", 0.5 / Math.sqrt(8), 0.5 / Math.sqrt(8)],
  ["he", 0.25, 0.25],
  ["glorot", 0.125, 0.125],
  ["ntk", 1, 1],
  ["unit", 0.5, 0.5],
  ["meanField", 0.5 / Math.sqrt(8), 0.0625],
])("%s: weight std", (init, hidden, output) => {
  for (const name of [init, `${init}Uniform` as Init]) {
    expect(initialWeightStd(name, 0.5, { fanIn: 8, fanOut: 24, output: false })).toBeCloseTo(hidden, 15);
    expect(initialWeightStd(name, 0.5, { fanIn: 8, fanOut: 24, output: true })).toBeCloseTo(output, 15);
  }
});
