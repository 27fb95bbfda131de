/** What a table is said to be like: each thing that goes wrong is found, and a table without it is not blamed. */
import { describe, expect, test } from "vitest";
import { describeData } from "../src/index.js";
import { generator } from "./setup/random.js";

const next = generator(3);
/** About normal, with mean 0 and deviation 1. */
const normal = () => Math.sqrt(12 / 7) * Array.from({ length: 7 }, next).reduce((sum, x) => sum + x - 0, 0);
const N = 60;
const centred = (column: number[]) => {
  const mean = column.reduce((sum, x) => sum + x / column.length, 0);
  const std = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2 / column.length, 0));
  return column.map((x) => (x - mean) / std);
};
const columns = [0, 1, 2].map(() => centred(Array.from({ length: N }, normal)));
const clean = columns[0].map((_, i) => columns.map((column) => column[i]));
const target = centred(clean.map(([a, b]) => Math.sin(a) + b));
/** The clean table with one column more, or another one. */
const withColumn = (column: readonly (number | null)[], j = 3) =>
  clean.map((row, i) => [...row.slice(0, j), column[i], ...row.slice(j + 1)]);

test("a clean table has no note", () => {
  const { notes, rows, columns: described, targets, ...lists } = describeData(clean, target);
  expect(notes).toEqual([]);
  expect([rows, described.length, targets.length]).toEqual([N, 3, 1]);
  expect(lists).toEqual({ missingRows: [], repeatedRows: [], outlierRows: [] });
  expect(describeData(clean).targets).toEqual([]);
});

test("columns in numbers, by their definitions", () => {
  const { columns: described } = describeData([[1], [4], [4], [7], [Number.NaN], [0]]);
  expect(described).toEqual([
    { missing: 1, distinct: 4, min: 0, max: 7, mean: 3.2, std: expect.closeTo(Math.sqrt(6.16), 14), median: 4 },
  ]);
  expect(describeData([3, 1, 2, 10]).columns[0].median).toBe(2.5);
  const far = describeData([-1.7e308, 1.7e308]).columns[0];
  expect([far.mean, far.std, far.median]).toEqual([0, 1.7e308, 0]);
});

describe("what goes wrong is told", () => {
  const spread = (factor: number, offset = 0) => columns[1].map((x) => factor * x + offset);
  const cases: [string, () => ReturnType<typeof describeData>, RegExp][] = [
    [
      "missing entries",
      () =>
        describeData(
          withColumn(
            columns[1].map((x, i) => (i === 7 ? null : i === 9 ? Infinity : x)),
            0,
          ),
          target,
        ),
      /^2 of 60 rows lack an entry \(rows 7, 9\): remove the rows, or fill in the median/,
    ],
    [
      "a missing target",
      () =>
        describeData(
          clean,
          target.map((y, i) => (i === 3 ? undefined : y)),
        ),
      /^1 of 60 rows lacks an entry \(row 3\)/,
    ],
    ["an empty column", () => describeData(withColumn(columns[0].map(() => null))), /column 3 of X has no entry/],
    [
      "a constant column",
      () => describeData(withColumn(columns[0].map(() => 5))),
      /column 3 of X is constant \(5\): remove/,
    ],
    [
      "a column that is nearly constant",
      () => describeData(withColumn(columns[0].map((_, i) => Number(i === 4)))),
      /column 3 of X is nearly constant: 0 in 59 of 60 rows/,
    ],
    [
      "an identifier",
      () => describeData(withColumn(columns[0].map((_, i) => 100 + i))),
      /column 3 of X counts the rows/,
    ],
    [
      "unlike units",
      () => describeData(withColumn(spread(1000), 1)),
      /deviations of the columns of X differ from 1 \(column \d\) to 1000 \(column 1\): standardize\(X\)/,
    ],
    [
      "years",
      () => describeData(withColumn(spread(3, 1990), 1)),
      /column 1 of X is 1990 ± 3, as years and coordinates are: standardize\(X\)/,
    ],
    [
      "units far from 1",
      () => describeData(clean.map((row) => row.map((x) => x / 1000))),
      /columns of X have deviations near 0.001, and kernels expect about 1/,
    ],
    [
      "two columns that say the same",
      () => describeData(withColumn(spread(-1.8, 0.5))),
      /column 1 and column 3 of X say the same up to scale and offset/,
    ],
    [
      "rows that repeat",
      () => describeData([...clean, clean[0], clean[1]], [...target, target[0], target[1] + 1]),
      /^2 of 62 rows repeat the inputs of an earlier one \(rows 60, 61\); 1 with its targets.*; 1 with other targets, whose spread/,
    ],
    [
      "a slip",
      () =>
        describeData(
          withColumn(
            columns[2].map((x, i) => (i === 11 ? -99 : x)),
            2,
          ),
        ),
      /column 2 of X is far from its median \S+ in row 11 \(-99\): look for a slip/,
    ],
    [
      "a slip in the targets",
      () =>
        describeData(
          clean,
          target.map((y, i) => (i === 2 ? 40 : y)),
        ),
      /column 0 of Y is far from its median/,
    ],
    [
      "a constant target",
      () =>
        describeData(
          clean,
          target.map(() => 1),
        ),
      /column 0 of Y is constant/,
    ],
    [
      "labels",
      () =>
        describeData(
          clean,
          target.map((y) => (y > 0 ? 2 : y > -1 ? 1 : 0)),
        ),
      /column 0 of Y has 3 whole numbers: if they are classes, use classify/,
    ],
    [
      "a target for logarithms",
      () =>
        describeData(
          clean,
          target.map((y) => Math.exp(3 * y)),
        ),
      /spans .*: fit its logarithm/,
    ],
    [
      "a target of large units",
      () =>
        describeData(
          clean,
          target.map((y) => 1e5 * y),
        ),
      /column 0 of Y has deviation 100000: fit with scale/,
    ],
  ];
  test.each(cases)("%s", (_, call, note) => {
    expect(call().notes.filter((sentence) => note.test(sentence)).length).toBe(1);
  });

  test("and nothing else", () => {
    const found = cases.map(([name, call]) => [name, call().notes.length] as const);
    expect(found.filter(([, notes]) => notes !== 1)).toEqual([]);
  });
});

test("the rows are listed, whatever the kind of table", () => {
  const X = { data: Float64Array.of(1, 2, 3, 2, 1, 2), rows: 3, cols: 2 };
  expect(describeData(X).repeatedRows).toEqual([2]);
  expect(describeData([Float32Array.of(1, Number.NaN), Float32Array.of(2, 3)]).missingRows).toEqual([0]);
  const sparse = [1, 2, 3];
  delete sparse[1];
  expect(describeData(sparse).missingRows).toEqual([1]);
  const [a, b] = [describeData(X), describeData(X)];
  expect(a).toEqual(b);
});

test("what is no table is refused", () => {
  expect(() => describeData([[1, "2"]] as never)).toThrow(TypeError);
  expect(() => describeData([[1, 2], [3]])).toThrow(/ragged: row 1 has 1 columns/);
  expect(() => describeData(clean, [1])).toThrow(/Y has 1 rows; expected 60/);
});
