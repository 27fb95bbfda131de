/** Descriptions of tables: of any table, in range, and the same in any order of the rows. */
import fc from "fast-check";
import type { ColumnDescription, DataDescription } from "../../src/index.js";
import { entry, scale } from "./arbitraries.js";
import { type AnyProperty, demand, EPS, property, sameBits } from "./property.js";
import { api } from "./recorder.js";

type Table = (number | null | undefined)[][];

const missing = [null, undefined, Number.NaN, Infinity, -Infinity];
const cell = (by: number) =>
  fc.oneof(
    { weight: 8, arbitrary: entry.map((x) => x * by) },
    { weight: 3, arbitrary: fc.constantFrom(0, by, -by, 2 * by) },
    { weight: 1, arbitrary: fc.constantFrom(Number.MAX_VALUE, -Number.MAX_VALUE, 5e-324, 1e-323) },
    { weight: 2, arbitrary: fc.constantFrom(...missing) },
  );
const table = (rows: number, cols: number): fc.Arbitrary<Table> =>
  fc
    .array(scale, { minLength: cols, maxLength: cols })
    .chain((by) => fc.array(fc.tuple(...by.map((s) => cell(s))), { minLength: rows, maxLength: rows }));

interface Case {
  X: Table;
  Y: Table;
  order: number[];
}

const isMissing = (x: number | null | undefined) => !Number.isFinite(x ?? Number.NaN);

function checkColumn(name: string, own: ColumnDescription, values: Table[number]): void {
  const present = values.filter((x) => !isMissing(x)) as number[];
  const [least, most] = [Math.min(...present), Math.max(...present)];
  demand(own.missing === values.length - present.length, () => `${name}: ${own.missing} entries are missing`);
  demand(own.distinct === new Set(present).size, () => `${name}: ${own.distinct} distinct entries`);
  if (present.length === 0) {
    demand(Number.isNaN(own.mean) && Number.isNaN(own.std), () => `${name} is empty, its mean ${own.mean}`);
    return;
  }
  demand(own.min === least && own.max === most, () => `${name} is from ${own.min} to ${own.max}`);
  for (const of of ["mean", "median"] as const)
    demand(own[of] >= least && own[of] <= most, () => `${name}: the ${of} is ${own[of]}, outside ${least} to ${most}`);
  const width = most / 2 - least / 2;
  demand(
    own.std >= 0 && own.std / 2 <= width / 2 + 64 * EPS * width + 5e-324,
    () => `${name}: the deviation is ${own.std}`,
  );
  demand(
    own.std > 0 === own.distinct > 1 || (width < 1e-300 && own.std === 0),
    () => `${name}: ${own.distinct} entries have the deviation ${own.std}`,
  );
}

function checkRows(what: string, rows: readonly number[], count: number): void {
  demand(
    rows.every((row, i) => row >= 0 && row < count && Number.isInteger(row) && (i === 0 || row > rows[i - 1])),
    () => `${what} are ${rows}; expected them ascending, below ${count}`,
  );
}

const numbersOf = ({ columns, targets }: DataDescription) =>
  [...columns, ...targets].flatMap((own) => Object.values(own));

const described = property(
  "any table is described, in range, and the same in any order of its rows",
  fc
    .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 }))
    .chain(([N, d, C]) =>
      fc.record({
        X: table(N, d),
        Y: table(N, C),
        order: fc.shuffledSubarray(
          Array.from({ length: N }, (_, i) => i),
          { minLength: N, maxLength: N },
        ),
      }),
    ) as fc.Arbitrary<Case>,
  (_, { X, Y, order }: Case) => {
    const hasTargets = Y[0].length > 0;
    const found = api.describeData(X, hasTargets ? Y : undefined);
    const column = (T: Table, j: number) => T.map((row) => row[j]);
    for (const [j, own] of found.columns.entries()) checkColumn(`column ${j} of X`, own, column(X, j));
    for (const [j, own] of found.targets.entries()) checkColumn(`column ${j} of Y`, own, column(Y, j));
    for (const what of ["missingRows", "repeatedRows", "outlierRows"] as const) checkRows(what, found[what], X.length);
    for (const note of found.notes)
      demand(/\w/.test(note) && !/NaN|undefined|Infinity|\b0 whole/.test(note), () => `a note says: ${note}`);
    const again = api.describeData(
      order.map((i) => X[i]),
      hasTargets ? order.map((i) => Y[i]) : undefined,
    );
    sameBits("columns in another order", numbersOf(again), numbersOf(found));
    for (const what of ["missingRows", "outlierRows"] as const)
      sameBits(
        `${what} in another order`,
        again[what].map((i) => order[i]).sort((a, b) => a - b),
        found[what],
      );
    demand(again.repeatedRows.length === found.repeatedRows.length, () => "another number of rows repeats");
  },
);

export const TABLES: AnyProperty[] = [described];
