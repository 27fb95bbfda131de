/** dloss: values and slopes against textbook formulas, in the tails, and in place. */
import { describe, expect, test } from "vitest";
import { LossCode } from "../../src/ops.js";
import { pointLoss } from "../oracle/losses.js";
import { generator } from "../setup/random.js";
import { loadContext, variants } from "../setup/variants.js";
import { EPS, expectDone, expectEntries, onBed } from "./harness.js";

const LOSSES = ["squared", "logistic", "huber", "crossEntropy"] as const;

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  /** One call: slopes, and what was added to a sum of 3. */
  function loss(code: LossCode, n: number, C: number, scale: number, f: readonly number[], y: readonly number[]) {
    return onBed(context, (bed) => {
      const F = bed.matrix("F", 1, n * C, (_, i) => f[i], n * C);
      const Y = bed.matrix("Y", 1, n * C, (_, i) => y[i], n * C);
      const sum = bed.matrix("sum", 1, 1, () => 3);
      const info = bed.call(() => bed.ops.dloss(code, n, C, scale, F.address, Y.address, sum.address), [F], [sum]);
      return { info, slopes: bed.read(F), sum: bed.read(sum)[0] };
    });
  }

  test.each(LOSSES.flatMap((name) => [1, 2, 3, 4, 7, 10].map((C) => [name, C] as const)))(
    "%s of %i outputs",
    (name, C) => {
      const code = LossCode[name];
      const next = generator(C);
      for (const n of [1, 2, 3, 5]) {
        const f = Array.from({ length: n * C }, () => 6 * next());
        const y = f.map((_, i) => {
          if (name === "logistic") return next() > 0 ? 1 : -1;
          if (name === "crossEntropy") return i % C === (Math.floor(i / C) * 7) % C ? 0.75 : 0.25 / C;
          return 3 * next();
        });
        const rows = Array.from({ length: n }, (_, i) =>
          pointLoss(name, f.slice(i * C, i * C + C), y.slice(i * C, i * C + C)),
        );
        const { info, slopes, sum } = loss(code, n, C, 0.3, f, y);
        expectDone(info, name);
        const value = rows.reduce((total, row) => total + row.value, 0);
        // Sums of n C numbers below 25.
        expect(Math.abs(sum - 3 - value)).toBeLessThan(4 * n * C * EPS * (25 + value));
        const expected = rows.flatMap((row) => row.slopes);
        expectEntries(slopes, 1, n * C, (_, i) => ({ value: 0.3 * expected[i], bound: 16 * C * EPS }), "slopes");
      }
    },
  );

  test("the slopes are finite differences of the values", () => {
    const h = 1e-5;
    for (const name of LOSSES) {
      const [C, code] = [3, LossCode[name]];
      const f = [0.4, -1.7, 2.2];
      const y = name === "squared" || name === "huber" ? [0.1, 0.5, 0.9] : name === "logistic" ? [1, -1, 1] : [0, 1, 0];
      const { slopes } = loss(code, 1, C, 1, f, y);
      for (let c = 0; c < C; c++) {
        const [up, down] = [h, -h].map(
          (step) =>
            loss(
              code,
              1,
              C,
              1,
              f.map((x, i) => (i === c ? x + step : x)),
              y,
            ).sum,
        );
        expect(Math.abs((up - down) / (2 * h) - slopes[c]), name).toBeLessThan(1e-9);
      }
    }
  });

  test("keep their digits in the tails", () => {
    const near = (got: number, want: number) => expect(Math.abs(got / want - 1)).toBeLessThan(8 * EPS);
    const right = loss(LossCode.logistic, 1, 1, 1, [40], [1]);
    near(right.slopes[0], -Math.exp(-40) / (1 + Math.exp(-40)));
    const sure = loss(LossCode.crossEntropy, 1, 3, 1, [50, 10, 9], [1, 0, 0]);
    const rest = Math.exp(-40) + Math.exp(-41);
    near(sure.slopes[0], -rest / (1 + rest));
    near(sure.slopes[1], Math.exp(-40) / (1 + rest));
    // A loss below the rounding of 1 is there: the sum before was 3, so it is asked alone.
    onBed(context, (bed) => {
      for (const [code, f, y, want] of [
        [LossCode.logistic, [40], [1], Math.log1p(Math.exp(-40))],
        [LossCode.crossEntropy, [50, 10, 9], [1, 0, 0], Math.log1p(rest)],
      ] as const) {
        const F = bed.matrix("F", 1, f.length, (_, i) => f[i], f.length);
        const Y = bed.matrix("Y", 1, f.length, (_, i) => y[i], f.length);
        const sum = bed.matrix("sum", 1, 1, () => 0);
        bed.ops.dloss(code, 1, f.length, 1, F.address, Y.address, sum.address);
        near(bed.read(sum)[0], want);
      }
    });
  });

  test("no overflow before the loss itself overflows", () => {
    const wrong = loss(LossCode.logistic, 1, 1, 1, [1e308], [-1]);
    expect([wrong.sum, wrong.slopes[0]]).toEqual([1e308, 1]);
    const right = loss(LossCode.logistic, 1, 1, 1, [-1e308], [-1]);
    expect([right.sum, right.slopes[0] === 0]).toEqual([3, true]);
    const sure = loss(LossCode.crossEntropy, 1, 3, 1, [1e308, -1e308, 0], [1, 0, 0]);
    expect([sure.sum, ...sure.slopes.map(Math.abs)]).toEqual([3, 0, 0, 0]);
    const beside = loss(LossCode.crossEntropy, 1, 3, 1, [1e308, -1e308, 0], [0, 0, 1]);
    expect([beside.sum, ...beside.slopes]).toEqual([1e308, 1, 0, -1]);
    const tie = loss(LossCode.crossEntropy, 1, 2, 1, [1e308, 1e308], [1, 0]);
    expect(tie.sum).toBeCloseTo(3 + Math.LN2, 14);
    expect([...tie.slopes]).toEqual([-0.5, 0.5]);
    const huge = loss(LossCode.huber, 1, 1, 1, [1e308], [-1e307]);
    expect([huge.sum, huge.slopes[0]]).toEqual([1e308 + 1e307, 1]);
  });

  test("the largest output is taken away wherever it stands", () => {
    // Of the second list no other output may take its place: e^1700 is beyond a double.
    const turns = [
      [900, 850, -900, 0],
      [1800, 100, -900, 0],
    ].flatMap((f) => [0, 1, 2, 3].map((turn) => f.map((_, c) => f[(c + turn) % 4])));
    for (const row of turns) {
      const { sum, slopes } = loss(LossCode.crossEntropy, 2, 4, 1, [...row, ...row], [0, 0, 0, 1, 1, 0, 0, 0]);
      const top = Math.max(...row);
      expect(sum).toBe(3 + (top - row[3]) + (top - row[0]));
      const share = row.map((x) => Math.exp(x - top));
      const want = [...share.map((p, c) => p - (c === 3 ? 1 : 0)), ...share.map((p, c) => p - (c === 0 ? 1 : 0))];
      expectEntries(slopes, 1, 8, (_, i) => ({ value: want[i], bound: 4 * EPS }), "slopes");
    }
  });

  test("a NaN shows in the loss, and an unknown loss is refused", () => {
    for (const name of LOSSES)
      expect(loss(LossCode[name], 1, 3, 1, [0, Number.NaN, 1], [1, 1, -1]).sum, name).toBeNaN();
    onBed(context, (bed) => {
      const F = bed.matrix("F", 1, 1, () => 1);
      for (const code of [-1, 4])
        expect(bed.call(() => bed.ops.dloss(code, 1, 1, 1, F.address, F.address, F.address))).toBe(-1);
    });
  });
});
