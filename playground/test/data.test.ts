// Numbers on their way through the playground keep every bit. Only ticks and places of the pointer are rounded, and
// then as finely as it takes.
import { describe, expect, test } from "vitest";
import { decode, encode, formatCsv } from "../src/data";
import { moments, snap } from "../src/numbers";
import { tickTexts } from "../src/ticks";
import { HOURS, hourly } from "./hours.mjs";
import { parseCsv } from "./parse";

/** Numbers that any fixed count of digits would change. */
const HARD = [0.1 + 0.2, 1 / 3, -Math.PI, 2 ** 53 - 1, 1e21, 5e-324, 1.7976931348623157e308, -0, 123456.789012345];

describe("points keep every bit", () => {
  const sets: [string, number[]][] = [
    ["hourly Unix times", HOURS],
    ["hard numbers", HARD],
  ];
  test.each(sets)("%s: CSV in, address, CSV out", async (_, xs) => {
    const data = parseCsv(`when,what\n${xs.map((x, i) => `${Object.is(x, -0) ? "-0" : x},${i / 7}`).join("\n")}\n`);
    const shared = decode(new URLSearchParams(encode(data)));
    const again = parseCsv(await formatCsv(data));
    for (const { points, labels } of [data, shared ?? data, again]) {
      expect(labels).toEqual(["when", "what"]);
      // -0 and 0 are the same place.
      expect(points.map(({ x }) => x + 0)).toEqual(xs.map((x) => x + 0));
      expect(points.map(({ y }) => y)).toEqual(xs.map((_, i) => i / 7));
    }
    expect(shared?.frame).toEqual(data.frame);
    expect(again.frame).toEqual(data.frame);
  });

  test("the frame is as exact: 48 hours about their middle", () => {
    const { frame, points } = parseCsv(hourly());
    expect(frame.x).toBe(HOURS[0] + 23.5 * 3600);
    expect(frame.sx).toBeCloseTo(3600 * Math.sqrt((48 ** 2 - 1) / 12), 8);
    expect(points).toHaveLength(48);
  });

  test("an address cut short inside a number's pair is no point at 0", () => {
    for (const p of ["0,0_1,", "0,0_,1", "0,0_"])
      expect(() => decode(new URLSearchParams({ f: "0,1,0,1", p }))).toThrow(/cut short/);
  });
});

test("a column that is constant up to rounding has the scale 1", () => {
  for (const column of [[5], [0.1, 0.1, 0.1], [0.3, 0.1 + 0.2, 0.3], new Array(500).fill(1.7e9 / 3)]) {
    const [mean, std] = moments(column);
    expect(Math.abs(mean - column[0])).toBeLessThanOrEqual(Number.EPSILON * Math.abs(column[0]));
    expect(std).toBe(1);
  }
  expect(moments([1.7e9, 1.7e9 + 2e-6])[1]).toBeCloseTo(1e-6, 6);
  expect(moments([0, 0, 1e-300])[1]).toBeGreaterThan(0);
});

describe("ticks", () => {
  test.each([
    [
      [0, 0.5, 1],
      ["0", "0.5", "1"],
    ],
    [
      [-0.2, -0.1, 0, 0.1, 0.2, 0.30000000000000004],
      ["−0.2", "−0.1", "0", "0.1", "0.2", "0.3"],
    ],
    [
      [-1.3877787807814457e-17, 0.1],
      ["0", "0.1"],
    ],
    [
      [1.7e9, 1.70005e9, 1.7001e9],
      ["1.7e9", "1.70005e9", "1.7001e9"],
    ],
    [
      [100_000, 150_000, 200_000],
      ["100000", "150000", "200000"],
    ],
    [
      [1e6, 1.5e6],
      ["1e6", "1.5e6"],
    ],
    [
      [2e-7, 4e-7],
      ["2e−7", "4e−7"],
    ],
    [
      [1e-9, 1e-6, 1e-3, 1],
      ["1e−9", "1e−6", "1e−3", "1e0"],
    ],
    [[3], ["3"]],
    [[], []],
  ])("%j", (ticks, texts) => {
    expect(tickTexts(ticks)).toEqual(texts);
  });

  test("neighbours differ wherever they lie, and say where", () => {
    for (const base of [0, 1, -1, 1.7e9, 2.4e6, 1e15, -1e-5])
      for (const step of [1, 2, 5].flatMap((x) => [x * 1e-3, x * 10, x * 1e4])) {
        const ticks = Array.from({ length: 9 }, (_, i) => base + i * step).filter((x, i, all) => x !== all[i - 1]);
        const texts = tickTexts(ticks);
        expect(new Set(texts).size).toBe(ticks.length);
        for (const [i, text] of texts.entries())
          expect(Math.abs(Number(text.replaceAll("−", "-")) - ticks[i])).toBeLessThanOrEqual(step / 100);
      }
  });
});

test("the pointer's places are finer than a pixel and have few digits", () => {
  expect(snap(0.123456789, [0, 1])).toBe(0.1235);
  expect(snap(-1.23456789, [-2, 3])).toBe(-1.2346);
  expect(snap(1700086412.3456, [1.7e9, 1.7e9 + 172_800])).toBe(1700086410);
  expect(snap(3.3e-8, [0, 1e-7])).toBe(3.3e-8);
  expect(snap(1.23456e12, [0, 3e12])).toBe(1.2346e12);
});
