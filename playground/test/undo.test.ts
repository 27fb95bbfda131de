// Points are not lost: history, other data sets, other views, the keyboard.
import { describe, expect, test } from "vitest";
import { History } from "../src/history";
import { give, onPage, place, pointsOf, reported, says, WAVE } from "./page";

test("a history goes back and forth, and a change ends what was undone", () => {
  const history = new History<number>();
  expect(history.undo(0)).toBeUndefined();
  history.push(0);
  history.push(1);
  expect(history.undo(2)).toBe(1);
  expect(history.undo(1)).toBe(0);
  expect([history.canUndo, history.canRedo]).toEqual([false, true]);
  expect(history.redo(0)).toBe(1);
  expect(history.redo(1)).toBe(2);
  expect(history.redo(2)).toBeUndefined();
  history.undo(2);
  history.push(1);
  expect(history.canRedo).toBe(false);
});

describe("undo", () => {
  test("by buttons and keys: a click, a drag, an import, another data set", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await page.mouse.click(...(await place(page, 0.5, 0.1)));
      await reported(page, 10);
      const limits = (await page.locator(".editable").getAttribute("data-limits")) ?? "";
      const [left, right, bottom, top] = limits.split(",").map(Number);
      const added = (await pointsOf(page))[9];
      const [x, y] = await place(page, (added[0] - left) / (right - left), (top - added[1]) / (top - bottom));
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + 40, y + 30, { steps: 5 });
      await page.mouse.up();
      await give(page, "a,b\n1,2\n3,4\n5,6\n");
      await reported(page, 3);
      await page.locator("#c-data").selectOption("iris");
      await reported(page, 150);
      await page.keyboard.press("Control+z");
      await reported(page, 3);
      expect(await page.locator("#c-data").inputValue()).toBe("mine");
      await page.keyboard.press("Control+z");
      await reported(page, 10);
      const moved = await pointsOf(page);
      await page.getByRole("button", { name: "Undo" }).click();
      await page.waitForFunction((text) => !location.hash.includes(text), moved[9].join(","));
      await reported(page, 10);
      await page.getByRole("button", { name: "Undo" }).click();
      await reported(page, 9);
      expect(await page.locator("#c-data").inputValue()).toBe("wave");
      await page.keyboard.press("Control+Shift+z");
      await reported(page, 10);
      await page.keyboard.press("Control+y");
      await page.waitForFunction((text) => location.hash.includes(text), moved[9].join(","));
      await page.getByRole("button", { name: "Redo" }).click();
      await reported(page, 3);
      await page.getByRole("button", { name: "Reset" }).click();
      await reported(page, 9);
      await page.keyboard.press("Control+z");
      await reported(page, 3);
    }));

  test("“My data” and its settings survive other data sets and other views", () =>
    onPage(`${WAVE}&width=6`, async (page) => {
      await reported(page, 9);
      await give(page, "a,b\n1,2\n3,4\n5,6\n7,7\n", "mine.csv");
      await reported(page, 4);
      const mine = await pointsOf(page);
      await page.locator("#c-data").selectOption("wine");
      await reported(page, 178);
      await page.locator("#c-data").selectOption("mine");
      await reported(page, 4);
      expect(await pointsOf(page)).toEqual(mine);
      await page.getByRole("link", { name: "Kernel" }).click();
      await says(page, "eigenvalues above rounding");
      await page.getByRole("link", { name: "Regression" }).click();
      await reported(page, 4);
      expect(await pointsOf(page)).toEqual(mine);
      expect(await page.locator("#status").textContent()).toContain("Width 64");
      expect(await page.locator("#c-data option[value=mine]").textContent()).toBe("My data (mine.csv)");
    }));
});

describe("the keyboard", () => {
  test("adds a point, and the focus stays where Tab has put it", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("x of a new point").fill("0.5");
      await page.keyboard.press("Tab");
      await page.keyboard.type("0.25");
      await page.keyboard.press("Enter");
      await reported(page, 10);
      expect((await pointsOf(page)).at(-1)).toEqual([0.5, 0.25]);
      const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label"));
      expect(await focused()).toBe("x of a new point");
      const cell = page.getByLabel("x of point 2", { exact: true });
      await cell.fill("-1.75");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash.includes("_-1.75,"));
      expect(await focused()).toBe("y of point 2");
      await page.keyboard.type("0.125");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash.includes("_-1.75,0.125_"));
      expect(await focused()).toBe("Remove point 2");
      // In a cell, text that is being typed has its own history; otherwise the points have theirs.
      await page.getByLabel("x of point 3", { exact: true }).focus();
      await page.keyboard.type("7");
      await page.keyboard.press("Control+z");
      await page.waitForFunction(() => location.hash.includes("_-1.75,0.125_"));
      await page.keyboard.press("Tab");
      await page.keyboard.press("Control+z");
      await page.waitForFunction(() => !location.hash.includes("_-1.75,0.125_"));
    }));

  test("what is no number, or too large, is refused and the cell is as it was", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      const cell = page.getByLabel("y of point 1", { exact: true });
      const before = await cell.inputValue();
      for (const [text, message] of [
        ["", "A coordinate was no number"],
        ["1e300", "Point 1 is (-2.6, 1e+300); expected numbers between"],
      ]) {
        await cell.fill(text);
        await page.keyboard.press("Tab");
        await page.locator(".error").filter({ hasText: message }).waitFor();
        expect(await cell.inputValue()).toBe(before);
      }
      await reported(page, 9);
    }));
});
