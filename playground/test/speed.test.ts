// The speed view: quartiles and headline, and a measurement that begins by itself.
import { describe, expect, test } from "vitest";
import { isCalm, spreadOf } from "../src/compute/spread";
import { newPage, onPage, says, textOf } from "./page";
import { serve } from "./site.mjs";

test("quartiles are those of the textbook", () => {
  expect(spreadOf([5])).toEqual({ low: 5, median: 5, high: 5 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ low: 1.75, median: 2.5, high: 3.25 });
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ low: 3, median: 5, high: 7 });
  expect(isCalm(spreadOf([10, 10, 10, 10, 99]))).toBe(true);
  expect(isCalm(spreadOf([10, 10, 15, 15, 15]))).toBe(false);
});

describe("the page", () => {
  test("measures by itself, has one headline and quartiles, is cancelled and copied", () =>
    onPage("speed", async (page) => {
      const cores = await page.evaluate(() => navigator.hardwareConcurrency);
      await says(page, cores > 1 ? `${Math.min(8, cores)} threads share each call` : "One thread:", "threads");
      await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
      await says(page, /^\d[\d.]* × JavaScript here/, "headline");
      await page.getByRole("button", { name: "Cancel" }).click();
      await says(page, "Cancelled");
      const rows = await page.locator(".times").first().locator("dd:not(.track)").allTextContents();
      for (const row of rows) expect(row).toMatch(/^\d+\.\d ms \(\d+\.\d–\d+\.\d\), \d+\.\d GFLOP\/s$/);
      expect(await page.locator(".times").first().locator(".quartiles").count()).toBe(rows.length);
      await page.getByRole("button", { name: "Copy" }).click();
      await says(page, "in the clipboard");
      const table = await page.evaluate(() => navigator.clipboard.readText());
      expect(table).toMatch(/Fit and 200 predictions/);
      // The headline is the ratio of two cells of the table.
      const [, ratio] = /^([\d.]+) ×/.exec(await textOf(page, "#headline")) ?? [];
      expect(table).toContain(`${ratio}×`);
    }));

  test("without the two headers it says why there is one thread", async () => {
    const plain = await serve({ isolated: false });
    const page = await newPage();
    await page.goto(`${plain.url}#speed`);
    await says(page, "One thread: the page is not cross-origin isolated", "threads");
    await page.locator("th").first().waitFor();
    expect(await page.locator("th").allTextContents()).not.toContainEqual(expect.stringContaining("threads"));
    await page.close();
    plain.close();
  });

  test("a page that was hidden meanwhile says that it was disturbed", () =>
    onPage("speed", async (page) => {
      await says(page, "round", "status");
      await page.evaluate(() => {
        Object.defineProperty(document, "hidden", { get: () => true, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      });
      await says(page, /^Done\. Disturbed: the page was hidden/);
      await says(page, "× JavaScript here", "announcer");
    }));
});
