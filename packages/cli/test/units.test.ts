/** The parts that need no process: cells, columns, numbers in words, the normal quantile. */
import { describe, expect, test } from "vitest";
import { columnOf, encode, encodedNames, planColumns } from "../src/columns.js";
import { verdict } from "../src/compare.js";
import { parseTable } from "../src/csv.js";
import { normalQuantile } from "../src/normal.js";
import { short, table, withError, wrapped } from "../src/text.js";

const none = { ignore: [], categorical: [] };

test("the normal quantile has the digits of the tables", () => {
  // scipy.stats.norm.ppf
  const known: [number, number][] = [
    [0.5, 0],
    [0.6, 0.2533471031357997],
    [0.95, 1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.999, 3.090232306167813],
    [1 - 1e-9, 5.997807019601637],
    [1e-12, -7.034483825301131],
    [1e-300, -37.0470962993612],
  ];
  for (const [p, z] of known) {
    // A p near 1 is off by half an ulp, which a density of 6e-9 turns into so much.
    const slack = p > 0.999 ? 2e-8 : 2e-15 * Math.abs(z) + 1e-15;
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThanOrEqual(slack);
  }
});

describe("tables", () => {
  test("separators, quotes, blanks, empty lines", () => {
    const text = 'a; b ;"d\ne"\r\n1,5; x ;3\r\n\r\n2;"y;z";4\r\n';
    const { header, rows, decimalComma } = parseTable(text, "t.csv");
    expect(header).toEqual(["a", "b", "d\ne"]);
    expect(rows).toEqual([
      ["1,5", "x", "3"],
      ["2", "y;z", "4"],
    ]);
    expect(decimalComma).toBe(true);
    expect(parseTable("a\tb\n1\t2\n", "t").rows).toEqual([["1", "2"]]);
  });

  test("lines are those of an editor, also after a cell with a line break", () => {
    const { lines } = parseTable('a,b\n1,"x\ny"\n\n2,z\n', "t");
    expect(lines).toEqual([2, 5]);
  });

  test("numbers and categories; a decimal comma where the comma does not separate", () => {
    const numbers = parseTable("a;b\n1,5;red\n-2;blue\n1e3;red\n", "t");
    const columns = planColumns(numbers, [], none);
    expect(columns).toEqual([
      { name: "a", kind: "number" },
      { name: "b", kind: "category", levels: ["blue", "red"] },
    ]);
    expect(encodedNames(columns)).toEqual(["a", "b=blue", "b=red"]);
    expect(Array.from(encode(numbers, columns).data)).toEqual([1.5, 0, 1, -2, 1, 0, 1000, 0, 1]);
  });

  test("--categorical makes categories of numbers, in their order", () => {
    const numbers = parseTable("a,y\n10,1\n9,2\n10,3\n", "t");
    expect(planColumns(numbers, ["y"], { ignore: [], categorical: ["a"] })).toEqual([
      { name: "a", kind: "category", levels: ["9", "10"] },
    ]);
  });

  test("a name that is not there: the nearest one, or all", () => {
    const t = parseTable("alpha,beta\n1,2\n", "t.csv");
    expect(() => columnOf(t, "alhpa", "--target")).toThrow(
      't.csv has no column "alhpa" for --target; did you mean "alpha"?',
    );
    expect(() => columnOf(t, "gamma_ray", "--target")).toThrow('it has "alpha", "beta"');
  });
});

test("numbers in words", () => {
  expect([0, 1234.5, 0.00001234, 1e9, -2.34567, undefined].map(short)).toEqual([
    "0",
    "1230",
    "1.23e-5",
    "1e+9",
    "-2.35",
    "–",
  ]);
  expect([
    withError(53.912, 2.41),
    withError(0.123456, 0.00789),
    withError(5, undefined),
    withError(undefined, 1),
  ]).toEqual(["53.9 ± 2.4", "0.1235 ± 0.0079", "5", "–"]);
  expect(
    table([
      ["", "ab"],
      ["row", "1"],
    ]),
  ).toBe("     ab\nrow   1");
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
});

test("a verdict: what is clearly worse, what is not, and whether a straight line does", () => {
  const model = (name: string) => ({ name, folds: new Array(5).fill({}), mean: {}, standardError: {} });
  const models = ["infinite network", "finite network", "ridge regression"].map(model);
  const of = (mean: number, standardError: number | undefined, name: string) => ({ name, mean, standardError });
  const said = (differences: object[], best?: number) =>
    verdict({ models, best, differences, criterion: "rmse", aborted: false } as never).join(" ");
  expect(said([of(1, 0.3, "finite network"), of(1, 0.6, "ridge regression")], 0)).toBe(
    "Best: infinite network, by the smallest error on rows that the fits have not seen. Clearly worse, by more than two standard errors: finite network. As good as the best, as far as 5 folds tell: ridge regression. A straight line will do here: ridge regression is the simplest of them.",
  );
  expect(said([of(1, undefined, "finite network"), of(9, 1, "ridge regression")], 0)).not.toContain("straight");
  expect(said([])).toContain("No model has a score");
});
