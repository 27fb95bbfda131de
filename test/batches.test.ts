/** Where batches come from: sources are asked in order, and told where no more are wanted. */
import { expect, test } from "vitest";
import { type Batch, type Batches, badRow, pullOf } from "../src/regression/batchSource.js";

const batch: Batch = { X: [[1]], Y: [[2]] };

/** A source of so many batches that counts what it is told; after them it ends or throws. */
function source(count: number, fails = false) {
  const told = { asked: 0, closed: 0 };
  const iterator: Iterator<Batch> = {
    next() {
      told.asked++;
      if (told.asked <= count) return { done: false, value: batch };
      if (fails) throw new Error("no more");
      return { done: true, value: undefined };
    },
    return() {
      told.closed++;
      return { done: true, value: undefined };
    },
  };
  return { told, batches: { [Symbol.iterator]: () => iterator } };
}

test("a source that has not ended is closed, also before the first batch", async () => {
  for (const pulled of [0, 1, 2]) {
    const { told, batches } = source(2);
    const pull = pullOf(batches);
    for (let k = 0; k < pulled; k++) expect(await pull()).toEqual({ done: false, value: batch });
    await pull.close();
    expect(told).toEqual({ asked: pulled, closed: 1 });
  }
});

test("a source that has ended or failed is left alone", async () => {
  const { told, batches } = source(0);
  const pull = pullOf(batches);
  expect((await pull()).done).toBe(true);
  await pull.close();
  expect(told).toEqual({ asked: 1, closed: 0 });
  const failing = source(1, true);
  const second = pullOf(failing.batches);
  await second();
  await expect(second()).rejects.toThrow("no more");
  await second.close();
  expect(failing.told).toEqual({ asked: 2, closed: 0 });
  // A source need not be able to end.
  const endless: Batches = { [Symbol.iterator]: () => ({ next: () => ({ done: false, value: batch }) }) };
  await expect(pullOf(endless).close()).resolves.toBeUndefined();
});

test("an async iterator is taken before another one, and what has neither is refused", async () => {
  async function* later() {
    yield batch;
  }
  const both = { [Symbol.asyncIterator]: later, [Symbol.iterator]: () => [][Symbol.iterator]() };
  expect(await pullOf(both)()).toEqual({ done: false, value: batch });
  for (const none of [null, undefined, 5, {}, { [Symbol.iterator]: () => ({}) }, { [Symbol.iterator]: 5 }])
    expect(() => pullOf(none as unknown as Batches)).toThrow(/expected an iterable or async iterable of \{ X, Y \}/);
});

test("the first row that is none, of X or of Y", () => {
  const good = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const bad = (rows: unknown[], at: number, row: unknown) => rows.map((own, i) => (i === at ? row : own));
  expect(badRow([good, [1, 2, 3]], [2, 1])).toBeUndefined();
  expect(badRow([bad(good, 1, [3, Number.NaN]), [1, 2, 3]], [2, 1])).toBe(1);
  expect(badRow([bad(good, 2, [5]), [1, 2, 3]], [2, 1])).toBe(2);
  expect(badRow([bad(good, 2, [5]), [1, Infinity, 3]], [2, 1]), "the first of both").toBe(1);
  expect(badRow([bad(good, 0, [5]), [1, Infinity, 3]], [2, 1])).toBe(0);
  expect(badRow([bad(good, 0, [5]), [1]], [undefined, 1]), "a row of any length").toBeUndefined();
  const flat = { data: Float64Array.of(1, 2, 3, 4, 5, Number.NaN), rows: 3, cols: 2 };
  expect(badRow([flat, [1]], [2, 1])).toBe(2);
  expect(badRow([{ ...flat, data: flat.data.map(() => 1) }, 7], [2, 1])).toBeUndefined();
});
