// The tools of the regression view, opened, for everybody: axe, and widths of a phone.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { DESK, give, onPage, PHONE, reported, WAVE } from "./page";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

test.each(["light", "dark"] as const)("axe finds nothing serious in import, table and menu, %s", (colorScheme) =>
  onPage(
    WAVE,
    async (page) => {
      await page.evaluate(AXE);
      await give(page, "date;price;who\n2024-02-28;1,5;Ann\n2024-02-29;2,5;Ann\n2024-03-01;NA;Bob\n");
      await reported(page, 2);
      await page.locator("summary").click();
      await page.getByRole("button", { name: "Share" }).click();
      const run = () => (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run();
      const { violations } = await page.evaluate(run);
      const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(bad.map(({ id, nodes }) => `${id}: ${nodes[0].html}`)).toEqual([]);
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
