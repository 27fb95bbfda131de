/** Matrices as people send them: the same bits, or an error of ours that says where. docs/inputs.md has the table. */
import { beforeAll, describe, expect, test } from "vitest";
import { createNetwork, type Matrix, type MatrixLike, type Ntk } from "../../src/index.js";
import { kinds, REFUSED, ROWS, TAKEN } from "../setup/inputs.js";
import { loadVariant, variants } from "../setup/variants.js";

const net = createNetwork({ inputs: 2, hidden: 5, biasStd: 1, seed: 3 });
const two = createNetwork({ inputs: 2, hidden: 5, outputs: 2, biasStd: 1, seed: 3 });
const Y = [1, 0, 2];

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  let want: Matrix;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
    want = ntk.kernel(net, ROWS);
  });

  test.each(TAKEN)("taken: $form", ({ make }) => {
    const given = make() as MatrixLike;
    const before = JSON.stringify(given);
    expect(ntk.kernel(net, given)).toEqual(want);
    // As the targets, and as new points, too.
    const fit = ntk.fit(two, given, given, { ridge: 1 });
    expect(fit.predict(given)).toEqual(ntk.fit(two, ROWS, ROWS, { ridge: 1 }).predict(ROWS));
    expect(ntk.matmul([[1, 1, 1]], given).data).toEqual(Float64Array.of(9, 12));
    // It is the caller's, and stays as it was.
    expect(JSON.stringify(given)).toBe(before);
  });

  test.each(kinds)("a column, and a row, as %o", (Kind) => {
    const one = createNetwork({ inputs: 1, hidden: 3, seed: 1 });
    const column = Kind.from([7, 1, 2, 3, 7]).subarray(1, 4);
    expect(ntk.kernel(one, column)).toEqual(ntk.kernel(one, [1, 2, 3]));
    expect(ntk.gram([column]).data).toEqual(Float64Array.of(14));
  });

  test.each(REFUSED)("refused: $form", ({ make }) => {
    for (const call of [
      () => ntk.kernel(net, make() as MatrixLike),
      () => ntk.fit(net, make() as MatrixLike, Y, { ridge: 1 }),
    ]) {
      const error = thrownBy(call);
      expect(["TypeError", "RangeError"]).toContain(error.name);
      expect(error.message).toMatch(/^X[ .]/);
      expect(error.message).toMatch(/expected|cannot be read|ragged/);
    }
    // Nothing stays behind: the next call has the same bits.
    expect(ntk.kernel(net, ROWS)).toEqual(want);
  });

  test("an entry is named by its row and column, wherever it is wrong", () => {
    for (let at = 0; at < 6; at++) {
      const bad = ROWS.map((row, i) => row.map((x, j) => (2 * i + j === at ? "4" : x)));
      const place = new RegExp(`row ${Math.floor(at / 2)}, column ${at % 2}`);
      expect(() => ntk.kernel(net, bad as never)).toThrow(place);
      expect(() => ntk.kernel(net, { data: bad.flat(), rows: 3, cols: 2 } as never)).toThrow(place);
    }
  });
});

/** What a call throws. */
function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("it threw nothing");
}
