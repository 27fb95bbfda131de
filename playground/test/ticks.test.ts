// Texts of time axes.
import { describe, expect, test } from "vitest";
import { timeText, timeTexts } from "../src/ticks";

const at = (...parts: [number, number, number?, number?, number?, number?]) =>
  Date.UTC(parts[0], parts[1] - 1, parts[2] ?? 1, parts[3] ?? 0, parts[4] ?? 0, parts[5] ?? 0) / 1000;

describe("ticks of times", () => {
  test.each([
    ["years", [at(2000, 1), at(2010, 1), at(2020, 1)], ["2000", "2010", "2020"]],
    ["months", [at(2023, 11), at(2023, 12), at(2024, 1)], ["Nov\n2023", "Dec", "Jan\n2024"]],
    ["days", [at(2023, 12, 30), at(2023, 12, 31), at(2024, 1, 1)], ["30 Dec\n2023", "31 Dec", "1 Jan\n2024"]],
    [
      "hours",
      [at(2024, 2, 28, 18), at(2024, 2, 29, 0), at(2024, 2, 29, 6)],
      ["18:00\n28 Feb 2024", "00:00\n29 Feb 2024", "06:00"],
    ],
    ["seconds", [at(2024, 2, 28, 18, 0, 0), at(2024, 2, 28, 18, 0, 30)], ["18:00:00\n28 Feb 2024", "18:00:30"]],
    ["parts of seconds", [1.5, 1.75], ["00:00:01.500\n1 Jan 1970", "00:00:01.750"]],
    ["beyond the calendar", [1e20], [""]],
    ["none", [], []],
  ])("%s", (_, ticks, texts) => {
    expect(timeTexts(ticks)).toEqual(texts);
  });

  test("a time has as much of ISO 8601 as it needs", () => {
    expect([at(2024, 2, 29), at(2024, 2, 29, 6, 30), at(2024, 2, 29, 6, 30, 5), 0.25].map(timeText)).toEqual([
      "2024-02-29",
      "2024-02-29 06:30",
      "2024-02-29 06:30:05",
      "1970-01-01 00:00:00.250",
    ]);
  });
});
