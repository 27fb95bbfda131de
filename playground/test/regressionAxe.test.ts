// The tools of the regression view, opened, for everybody: axe, and widths of a phone.
import { expect, test } from "vitest";
import { findings } from "./axe";
import { DESK, give, onPage, PHONE, reported, WAVE } from "./page";

test.each(["light", "dark"] as const)("axe finds nothing serious in import, table and menu, %s", (colorScheme) =>
  onPage(
    WAVE,
    async (page) => {
      await give(page, "date;price;who\n2024-02-28;1,5;Ann\n2024-02-29;2,5;Ann\n2024-03-01;NA;Bob\n");
      await reported(page, 2);
      await page.locator("summary").click();
      await page.getByRole("button", { name: "Share" }).click();
      expect(await findings(page)).toEqual([]);
    },
    { ...DESK, colorScheme, reducedMotion: "reduce" },
  ),
);

test("nothing is wider than a phone while import and menu are open", () =>
  onPage(
    WAVE,
    async (page) => {
      const names = Array.from({ length: 12 }, (_, i) => `a rather long name of column ${i}`);
      await give(
        page,
        `${names.join(",")}\n${names.map((_, i) => i).join(",")}\n${names.map((_, i) => i * i).join(",")}\n`,
      );
      await reported(page, 2);
      await page.getByRole("button", { name: "Share" }).click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    },
    PHONE,
  ));
