/** Variances and weights of points: the checks of lists, and the terms of rows that move, come and go. */
import { expect, test } from "vitest";
import { rowTerms } from "../src/linalg/rowTerms.js";
import {
  addedNoise,
  checkLength,
  checkTotals,
  movedTerms,
  pointTermsOf,
  rowWeights,
  variances,
  withTerms,
} from "../src/regression/pointNoise.js";

const list = (...values: number[]) => Float64Array.from(values);

test("variances are finite and at least 0, weights are above 0 and have all their digits", () => {
  const given = [0, 1e-320, 3];
  expect([...variances(given, "noise")]).toEqual(given);
  expect([...rowWeights([2 ** -1022, 1e308], "weights")]).toEqual([2 ** -1022, 1e308]);
  const typed = list(1, 2);
  expect(variances(typed, "noise"), "a copy").not.toBe(typed);
  for (const [check, values, words] of [
    [variances, [1, -1e-320], "n[1] is -1e-320; expected a finite number ≥ 0"],
    [variances, [Infinity], "n[0] is Infinity; expected a finite number ≥ 0"],
    [variances, list(0, Number.NaN), "n[1] is NaN; expected a finite number ≥ 0"],
    [rowWeights, [1, 0], "n[1] is 0; expected a finite number > 0"],
    [rowWeights, [-1], "n[0] is -1; expected a finite number > 0"],
    [rowWeights, [Infinity], "n[0] is Infinity; expected a finite number > 0"],
    [rowWeights, [1e-310], `n[0] is 1e-310; expected a number of at least ${2 ** -1022}`],
  ] as const)
    expect(() => check(values, "n"), words).toThrow(words);
});

test("what is added to variances: a flag, a number or a list", () => {
  expect([true, false, 0, 2.5].map((value) => addedNoise(value, "noise"))).toEqual([true, false, 0, 2.5]);
  expect(addedNoise([1, 0], "noise")).toEqual(list(1, 0));
  expect(() => addedNoise(-1, "noise")).toThrow("noise is -1; expected a finite number ≥ 0");
  expect(() => addedNoise([1, -1], "noise")).toThrow("noise[1] is -1");
  expect(() => addedNoise("yes", "noise")).toThrow("expected true or false");
});

test("lists have a number for each row", () => {
  expect(() => checkLength(undefined, "noise", 3, "X")).not.toThrow();
  expect(() => checkLength(list(1, 2, 3), "noise", 3, "X")).not.toThrow();
  expect(pointTermsOf({ noise: undefined, weights: undefined }, 3)).toBeUndefined();
  expect(pointTermsOf({ noise: undefined, weights: list(1, 4) }, 2)).toEqual({
    noise: undefined,
    weights: list(1, 4),
    roots: list(1, 2),
  });
  expect(() => pointTermsOf({ noise: list(1), weights: undefined }, 2)).toThrow(
    "noise has 1 numbers; expected 2: one for each row of X",
  );
  expect(() => pointTermsOf({ noise: list(1, 1), weights: list(1, 2, 3) }, 2, "add.")).toThrow(
    "add.weights has 3 numbers; expected 2: one for each row of add.X",
  );
  expect(() => pointTermsOf({ noise: list(1), weights: undefined }, 2, "", "Xnew")).toThrow("each row of Xnew");
});

test("a sum of ridge and noise that overflows is told with its parts", () => {
  expect(() => checkTotals(undefined, [Infinity])).not.toThrow();
  expect(() => checkTotals(rowTerms(list(1e308, 0), list(1, 1e-300)), [0, 1e8])).not.toThrow();
  expect(() => checkTotals(rowTerms(list(1e308, 0), list(1, 1e-300)), [0, 1e9])).toThrow(
    "the noise of row 1 overflows: ridge 1000000000 over weight 1e-300, plus noise 0; expected a finite sum",
  );
  expect(() => checkTotals(rowTerms(list(1.7e308), undefined), [1e308])).toThrow(
    "the noise of row 0 overflows: ridge 1e+308 over weight 1, plus noise 1.7e+308",
  );
  expect(() => checkTotals(rowTerms(undefined, list(1e-300)), [1e9])).toThrow("over weight 1e-300, plus noise 0");
});

test("rows that move take their terms along, and new ones have noise 0 and weight 1", () => {
  expect(movedTerms(undefined, [1, -1])).toBeUndefined();
  const both = rowTerms(list(0.1, 0.2, 0.3), list(4, 9, 16));
  expect(movedTerms(both, [2, -1, 0, 0])).toEqual(rowTerms(list(0.3, 0, 0.1, 0.1), list(16, 1, 4, 4)));
  expect(movedTerms(rowTerms(list(0.1), undefined), [-1, 0])).toEqual(rowTerms(list(0, 0.1), undefined));
  expect(movedTerms(rowTerms(undefined, list(4)), [])).toEqual(rowTerms(undefined, list()));
});

test("new terms at some rows: a list that was none starts as noise 0 or weight 1", () => {
  const before = rowTerms(list(0.1, 0.2, 0.3), undefined);
  expect(withTerms(before, 3, [0], undefined)).toBe(before);
  expect(withTerms(undefined, 3, [2, 0], rowTerms(list(5, 6), list(25, 36)))).toEqual(
    rowTerms(list(6, 0, 5), list(36, 1, 25)),
  );
  expect(withTerms(before, 3, [1], rowTerms(list(7), undefined))).toEqual(rowTerms(list(0.1, 7, 0.3), undefined));
  expect(withTerms(before, 3, [1], rowTerms(undefined, list(4)))).toEqual(rowTerms(list(0.1, 0.2, 0.3), list(1, 4, 1)));
  expect(before?.noise, "what was before is left alone").toEqual(list(0.1, 0.2, 0.3));
});
