/** What `checkKernel` finds, entry by entry: which one it names, and how much it lets pass. */
import { expect, test } from "vitest";
import { checkKernel, type Matrix } from "../../src/index.js";

/** A kernel of stored numbers: an input is the index of its row. */
const stored = (rows: number[][]) => ({
  kernel: (A: Matrix, B: Matrix) => Array.from(A.data, (i) => Array.from(B.data, (j) => rows[i][j])),
});
const points = (n: number) => Array.from({ length: n }, (_, i) => i);

test("the two entries that are furthest apart are named", () => {
  const K = [
    [9, 1, 2, 3],
    [1.5, 9, 6, 3],
    [2, 5, 9, 3],
    [3, 3, 3.75, 9],
  ];
  const { ok, problems, asymmetry } = checkKernel(stored(K), points(4));
  expect([ok, asymmetry]).toEqual([false, 1]);
  expect(problems).toEqual(["kernel(X, X) is not symmetric: entry (2, 1) is 5, entry (1, 2) is 6"]);
});

test("of entries equally far apart the first is named", () => {
  const K = [
    [9, 1, 2],
    [2, 9, 3],
    [2, 4, 9],
  ];
  expect(checkKernel(stored(K), points(3)).problems[0]).toContain("entry (1, 0) is 2, entry (0, 1) is 1");
});

test("differences of rounding beside the largest entry pass, and are reported", () => {
  const K = (apart: number) => [
    [100, 1 + apart],
    [1, 100],
  ];
  const few = checkKernel(stored(K(0.9e-8)), points(2));
  expect(few.problems).toEqual([]);
  expect(few.asymmetry).toBeCloseTo(0.9e-8, 14);
  expect(checkKernel(stored(K(1.1e-8)), points(2)).problems).toHaveLength(1);
});

test.each([
  [
    [
      [2, 1],
      [1, 2],
    ],
    1,
  ],
  [
    [
      [1, 2],
      [2, 1],
    ],
    -1,
  ],
  [
    [
      [3, 0, 0],
      [0, -0.25, 0],
      [0, 0, 1],
    ],
    -0.25,
  ],
  [[[5]], 5],
  [[[-3]], -3],
])("the smallest eigenvalue of %j is %f", (K, smallest) => {
  const { ok, problems, smallestEigenvalue } = checkKernel(stored(K), points(K.length));
  expect(smallestEigenvalue).toBeCloseTo(smallest, 12);
  expect(ok).toBe(smallest > 0);
  if (smallest > 0) return;
  const [problem] = problems;
  expect(problems).toHaveLength(1);
  const named = /its smallest eigenvalue is (\S+); no ridge below (\S+) makes it so$/.exec(problem);
  expect(Number(named?.[1])).toBeCloseTo(smallest, 12);
  expect(Number(named?.[2])).toBeCloseTo(-smallest, 12);
});

test("a negative eigenvalue of rounding passes", () => {
  const K = (least: number) => [
    [1, 0],
    [0, least],
  ];
  expect(checkKernel(stored(K(-1e-10)), points(2)).problems).toEqual([]);
  expect(checkKernel(stored(K(-4e-10)), points(2)).problems).toHaveLength(1);
});

test("what is no matrix of numbers: where, or which shape", () => {
  const of = (kernel: (A: Matrix, B: Matrix) => number[][]) => checkKernel({ kernel }, points(4));
  const filled = (rows: number, cols: number) => Array.from({ length: rows }, () => new Array<number>(cols).fill(1));
  const one = filled(4, 4);
  one[2][1] = Number.POSITIVE_INFINITY;
  expect(of(() => one)).toEqual({
    ok: false,
    problems: ["kernel(X, X) gave Infinity at row 2, column 1"],
    asymmetry: Number.NaN,
    smallestEigenvalue: Number.NaN,
  });
  expect(of(() => filled(4, 3)).problems).toEqual(["kernel(X, X) gave 4×3 numbers; expected 4×4"]);
  expect(of(() => filled(3, 4)).problems).toEqual(["kernel(X, X) gave 3×4 numbers; expected 4×4"]);
});

test("halves: the first entry that is not that of the whole, by the rows of X", () => {
  const K = [0, 1, 2, 3, 4].map((i) => [0, 1, 2, 3, 4].map((j) => (i === j ? 5 : 1)));
  const halves = (change: (i: number, j: number) => number) => ({
    kernel: (A: Matrix, B: Matrix) =>
      Array.from(A.data, (i) => Array.from(B.data, (j) => K[i][j] + (A.rows === B.rows ? 0 : change(i, j)))),
  });
  const name = "kernel(X, X2) of rows 0 to 2 with the others";
  expect(
    checkKernel(
      halves((i, j) => (i === 1 && j === 4 ? 0.5 : 0)),
      points(5),
    ).problems,
  ).toEqual([`${name} gave 1.5 for rows 1 and 4, where kernel(X, X) gave 1`]);
  expect(
    checkKernel(
      halves(() => 2),
      points(5),
    ).problems,
  ).toEqual([`${name} gave 3 for rows 0 and 3, where kernel(X, X) gave 1`]);
  expect(
    checkKernel(
      halves(() => 4e-10),
      points(5),
    ).problems,
  ).toEqual([]);
  const asked: number[][] = [];
  const seen = (kernel: (A: Matrix, B: Matrix) => number[][]) => ({
    kernel(A: Matrix, B: Matrix) {
      asked.push([A.rows, B.rows]);
      return kernel(A, B);
    },
  });
  checkKernel(seen(stored(K).kernel), points(5));
  expect(asked).toEqual([
    [5, 5],
    [3, 2],
  ]);
  asked.length = 0;
  checkKernel(seen(stored(K).kernel), points(1));
  expect(asked, "a single row has no halves").toEqual([[1, 1]]);
});

test("a diagonal of another size or with another entry: the row is named", () => {
  const K = [
    [3, 0, 0],
    [0, 4, 0],
    [0, 0, 5],
  ];
  const of = (values: number[]) => checkKernel({ ...stored(K), diagonal: () => values }, points(3)).problems;
  expect(of([3, 4, 5])).toEqual([]);
  expect(of([3, 4 + 4e-10, 5])).toEqual([]);
  expect(of([3, 4.5, 6])).toEqual(["diagonal(X) gave 4.5 for row 1, where kernel(X, X) gave 4"]);
  expect(of([3, 4])).toEqual(["diagonal(X) gave 2×1 numbers; expected 3×1"]);
});

test("a mean has any number of columns, and as many rows as X", () => {
  const of = (mean: (A: Matrix) => number[][]) =>
    checkKernel(
      {
        ...stored([
          [1, 0],
          [0, 1],
        ]),
        mean,
      },
      points(2),
    ).problems;
  expect(
    of(() => [
      [1, 2, 3],
      [4, 5, 6],
    ]),
  ).toEqual([]);
  expect(of(() => [[1, 2, 3]])).toEqual(["mean(X) gave 1×3 numbers; expected 2×C"]);
});

test("what is no kernel of one's own", () => {
  for (const wrong of [null, undefined, 3, "kernel", {}, { kernel: 3 }])
    expect(() => checkKernel(wrong as never, points(2))).toThrow(
      /^the kernel is .*; expected an object with a function/,
    );
});

test("what a function throws is repeated, up to 300 characters", () => {
  const of = (thrown: unknown) =>
    checkKernel(
      {
        kernel: () => {
          throw thrown;
        },
      },
      points(2),
    ).problems;
  expect(of("no error at all")).toEqual(["kernel(X, X) threw: no error at all"]);
  const [long] = of(new Error("x".repeat(5000)));
  expect(long).toMatch(/^kernel\(X, X\) threw: x{250}/);
  expect(long.length).toBeLessThan(350);
});
