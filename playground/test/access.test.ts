// For everybody: what axe finds in the views and in the tools of the regression, and widths of a phone.

import type { BrowserContextOptions } from "playwright";
import { expect, test } from "vitest";
import { findings } from "./axe";
import { DESK, give, onPage, openView, PHONE, reported, VIEWS, WAVE } from "./page";

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

test("every column of the table is in sight on a phone", () =>
  onPage(
    "regression?f=1709164800,86400,0,1&p=1709078400,1_1709164800.125,2_1709337600,3",
    async (page) => {
      await reported(page, 3);
      await page.locator("summary").click();
      const box = await page.getByLabel("Remove point 2").boundingBox();
      expect(box && box.x + box.width).toBeLessThanOrEqual(PHONE.viewport.width);
    },
    PHONE,
  ));

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

const LOOKS: Record<string, BrowserContextOptions> = {
  light: { ...DESK, colorScheme: "light" },
  dark: { ...DESK, colorScheme: "dark" },
  phone: { ...PHONE, colorScheme: "light" },
};
test.each(Object.keys(LOOKS))("axe finds nothing serious in any view, %s", (look) =>
  onPage(
    "regression?data=wave",
    async (page) => {
      for (const view of VIEWS) {
        await openView(page, view);
        const handle = page.getByRole("button", { name: "Settings", exact: true });
        if (await handle.isVisible()) await handle.click();
        // The times are drawn, so that they are looked at too.
        if (view === "speed") await page.locator(".times").first().waitFor();
        expect([view, await findings(page)]).toEqual([view, []]);
      }
    },
    { ...LOOKS[look], reducedMotion: "reduce" },
  ),
);
