/** Fits of rows that come in batches: the bits, the resumption, and what is wrong in a stream. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  BackendError,
  type Batch,
  createNetwork,
  type Ntk,
  type PrimalSums,
  StreamError,
  type StreamFit,
} from "../../src/index.js";
import { rowsOf } from "../../src/matrix.js";
import { expectNear } from "../setup/golden.js";
import { randomMatrix } from "../setup/random.js";
import { loadVariant, variants } from "../setup/variants.js";

const N = 100;
const net = createNetwork({ inputs: 2, hidden: 6, outputs: 2, biasStd: 1, activation: "tanh", seed: 4 });
const X = randomMatrix(N, 2, 1, 2);
const Y = randomMatrix(N, 2, 7, 1);
const T = randomMatrix(5, 2, 2, 2);
const options = { ridge: 0.1 };

/** Batches of so many rows. */
function batchesOf(...sizes: number[]): Batch[] {
  let row = 0;
  return sizes.map((rows) => {
    row += rows;
    return { X: rowsOf(X, row - rows, rows), Y: rowsOf(Y, row - rows, rows) };
  });
}

async function* later(batches: readonly Batch[]): AsyncGenerator<Batch, void, void> {
  for (const batch of batches) {
    await new Promise((resolve) => setTimeout(resolve));
    yield batch;
  }
}

/** What a rejected stream was rejected with. */
async function failure(stream: Promise<StreamFit>): Promise<StreamError> {
  const error = await stream.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StreamError);
  return error as StreamError;
}

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  test("is the fit of all rows, and its bits are those of the batches", async () => {
    const parts = batchesOf(30, 1, 69);
    using streamed = await ntk.fitStream(net, later(parts), options);
    using again = await ntk.fitStream(net, parts, options);
    using whole = ntk.fit(net, X, Y, { ...options, solver: "primal" });
    const [got, want] = [streamed.predict(T), whole.predict(T)];
    const allowed = 16 * N * Number.EPSILON * (whole.report.conditionNumber as number);
    expectNear(got.mean.data, want.mean.data, allowed, "mean: Nεκ");
    expectNear(got.variance.data, want.variance.data, allowed, "variance: Nεκ");
    expect(again.predict(T)).toEqual(got);
    expect(again.sums()).toEqual(streamed.sums());
    expect(streamed.report.rows).toBe(N);
    using one = ntk.fitSums(net, ntk.primalSums(net, X, Y), options);
    using single = await ntk.fitStream(net, [{ X, Y }], options);
    expect(single.predict(T), "one batch is primalSums").toEqual(one.predict(T));
  });

  test("a batch of more rows than memory takes at a time is cut", async () => {
    const many = randomMatrix(600_000, 2, 5, 1);
    const few = createNetwork({ inputs: 2, hidden: 1, biasStd: 1 });
    const sums = ntk.primalSums(
      few,
      many,
      many.data.filter((_, i) => i % 2 === 0),
    );
    const parts = [0, 1, 2].map((k) => {
      const part = rowsOf(many, k * 200_000, 200_000);
      return ntk.primalSums(
        few,
        part,
        part.data.filter((_, i) => i % 2 === 0),
      ).gram.data;
    });
    const want = parts[0].map((_, i) => parts.reduce((sum, part) => sum + part[i], 0));
    expectNear(sums.gram.data, want, 1e-12 * 600_000, "sums of parts: the order of addition alone");
  });

  test("goes on from its state, to the bit", async () => {
    const parts = batchesOf(30, 20, 50);
    using whole = await ntk.fitStream(net, parts, options);
    const seen: object[] = [];
    const controller = new AbortController();
    const { state, batch, row, cause, message } = await failure(
      ntk.fitStream(net, later(parts), {
        ...options,
        signal: controller.signal,
        onProgress(progress) {
          seen.push(progress);
          if (seen.length === 2) controller.abort("enough");
        },
      }),
    );
    expect(seen).toEqual([
      { batches: 1, rows: 30 },
      { batches: 2, rows: 50 },
    ]);
    expect({ batch, row, cause }).toEqual({ batch: 2, row: undefined, cause: "enough" });
    expect(message).toBe("batch 2: the signal was given; the 50 rows before this batch are in error.state");
    const stored = JSON.parse(JSON.stringify(state)) as PrimalSums;
    using resumed = await ntk.fitStream(net, parts.slice(2), { ...options, state: stored });
    expect(resumed.sums()).toEqual(whole.sums());
    expect(resumed.predict(T, { covariance: true })).toEqual(whole.predict(T, { covariance: true }));
    await expect(
      ntk.fitStream(net, [], { ...options, state: stored }).then((fit) => fit.report.rows),
      "no more rows",
    ).resolves.toBe(50);
  });

  test.each<[string, unknown, number | undefined, string]>([
    [
      "NaN in X",
      {
        X: [
          [0, 1],
          [0, Number.NaN],
        ],
        Y: [
          [0, 0],
          [0, 0],
        ],
      },
      1,
      "X has NaN at row 1, column 1",
    ],
    [
      "NaN in a typed array",
      {
        X: { data: Float64Array.of(0, 1, Infinity, 2), rows: 2, cols: 2 },
        Y: [
          [0, 0],
          [0, 0],
        ],
      },
      1,
      "X has Infinity at row 1, column 0",
    ],
    [
      "NaN in Y",
      {
        X: [
          [0, 1],
          [0, 0],
        ],
        Y: [
          [Number.NaN, 0],
          [0, 0],
        ],
      },
      0,
      "Y has NaN at row 0, column 0",
    ],
    [
      "a ragged row",
      {
        X: [[0, 1], [0, 0], [1]],
        Y: [
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      },
      2,
      "X",
    ],
    [
      "text",
      {
        X: [
          [0, 1],
          ["0", 0],
        ],
        Y: [
          [0, 0],
          [0, 0],
        ],
      },
      1,
      "expected a number",
    ],
    ["a wrong width", { X: [[0, 1, 2]], Y: [[0, 0]] }, 0, "X has 3 columns; expected 2"],
    [
      "rows without targets",
      {
        X: [
          [0, 1],
          [2, 3],
        ],
        Y: [[0, 0]],
      },
      undefined,
      "Y has 1 rows; expected 2",
    ],
    ["an unknown key", { X: [[0, 1]], y: [[0, 0]] }, undefined, '"y"'],
    ["no object", 7, undefined, "batch 1"],
  ])("a bad batch names itself and its row, and nothing is lost: %s", async (_, bad, row, words) => {
    const [first, last] = batchesOf(60, 40);
    const error = await failure(ntk.fitStream(net, [first, bad as Batch, last], options));
    expect(error).toMatchObject({ batch: 1, row });
    expect(error.message).toContain(row === undefined ? "batch 1: " : `batch 1, row ${row}: `);
    expect(error.message).toContain(words);
    expect(error.message).toContain("the 60 rows before this batch are in error.state");
    using resumed = await ntk.fitStream(net, [last], { ...options, state: error.state as PrimalSums });
    using whole = await ntk.fitStream(net, [first, last], options);
    expect(resumed.predict(T)).toEqual(whole.predict(T));
  });

  test("a source that fails, and one that is told to stop", async () => {
    async function* failing() {
      yield batchesOf(10)[0];
      throw new Error("the line is down");
    }
    const error = await failure(ntk.fitStream(net, failing(), options));
    expect(error).toMatchObject({ batch: 1, state: { rows: 10 }, cause: { message: "the line is down" } });
    let closed = false;
    function* closing() {
      try {
        yield batchesOf(10)[0];
        yield { X: [[1]], Y: [[1]] };
      } finally {
        closed = true;
      }
    }
    await failure(ntk.fitStream(net, closing(), options));
    expect(closed, "the source is closed, as by a loop").toBe(true);
    const none = await failure(ntk.fitStream(net, [{ X: [[1]], Y: [[1]] }], options));
    expect(none).toMatchObject({ batch: 0, state: undefined });
  });

  test("memory is given back, whatever the end", async () => {
    const own = await loadVariant(variant);
    await failure(own.fitStream(net, [{ X: [[1]], Y: [[1]] }], options));
    const fit = await own.fitStream(net, batchesOf(50), options);
    fit.dispose();
    expect(() => fit.predict(T)).toThrow(BackendError);
    async function* disposing() {
      yield* batchesOf(10);
      own.dispose();
      yield* batchesOf(10);
    }
    await expect(own.fitStream(net, disposing(), options)).rejects.toThrow(BackendError);
  });

  test("what is wrong with the call", async () => {
    const parts = batchesOf(50);
    await expect(ntk.fitStream(net, [], options)).rejects.toThrow("batches has no batch");
    await expect(ntk.fitStream(net, 3 as never, options)).rejects.toThrow(/batches is number 3; expected an iterable/);
    await expect(ntk.fitStream(net, parts, { ridge: -1 })).rejects.toThrow("ridge");
    const state = ntk.primalSums(net, X, Y, { centered: true });
    await expect(ntk.fitStream(net, parts, { state, centered: false })).rejects.toThrow(/centered is false, and true/);
    const other = createNetwork({ inputs: 2, hidden: 5, outputs: 2 });
    await expect(ntk.fitStream(other, parts, { state })).rejects.toThrow(/state are of 2 inputs, 32 features/);
  });
});
