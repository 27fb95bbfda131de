// Files, dropped files and pasted cells become points, and the page says what it has read.
import type { Page } from "playwright";
import { expect, test } from "vitest";
import { patience } from "../../scripts/slowness.mjs";
import { give, onPage, pointsOf, reported, WAVE } from "./page";

/** A paste of text, or a drop of a file, as the browser tells the page of it. */
const paste = (page: Page, text: string) =>
  page.evaluate((cells) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", cells);
    document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
const drop = (page: Page, text: string, name: string) =>
  page.evaluate(
    ([content, called]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([content], called, { type: "text/csv" }));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    },
    [text, name],
  );
const panel = (page: Page, text: string) => page.locator(".import").filter({ hasText: text }).waitFor();

test("one point is one point", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "x,y\n3,4\n");
    await page
      .locator(".notices li")
      .first()
      .filter({ hasText: /^1 point\.$/ })
      .waitFor();
  }));

test("what was detected is shown, and can be changed", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "Zeit;Wert;Rest\n0,5;1,5;3\n1,5;NA;4\n2,5;2,5;6\n3,5;4,5;1\n", "Messung.csv");
    await reported(page, 3);
    await panel(page, "Imported from Messung.csv");
    await panel(page, "Row 3 skipped: “NA” in Wert.");
    const value = (id: string) => page.locator(`#import-${id}`).inputValue();
    expect([await value("separator"), await value("decimal"), await value("x"), await value("y")]).toEqual([
      ";",
      ",",
      "0",
      "1",
    ]);
    await page.locator("#import-y").selectOption("2");
    await reported(page, 4);
    expect((await pointsOf(page)).map(([, y]) => y)).toEqual([3, 4, 6, 1]);
    await page.locator("#import-x").selectOption("-1");
    await page.waitForFunction(() => location.hash.includes("p=1,3_"));
    await panel(page, "x is the number of the row.");
    // A separator that gives no numbers is told in words, and the points stay.
    await page.locator("#import-separator").selectOption("|");
    await panel(page, "No column has numbers");
    await reported(page, 4);
    await page.getByRole("button", { name: "Close" }).click();
    expect(await page.locator(".import").count()).toBe(0);
  }));

test("decimal commas among commas", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "x,y\n1,5,2,5\n2,5,3,5\n");
    await reported(page, 2);
    expect(await pointsOf(page)).toEqual([
      [1.5, 2.5],
      [2.5, 3.5],
    ]);
  }));

test("cells of a spreadsheet are pasted, a file is dropped", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await paste(page, "dose\tanswer\n1\t2\n3\t4\n5\t6\n");
    await reported(page, 3);
    await panel(page, "Imported from pasted cells");
    await drop(page, ",x,y\n0,1.5,2\n1,2.5,3\n", "frame.csv");
    await reported(page, 2);
    await panel(page, "Imported from frame.csv");
    expect(await pointsOf(page)).toEqual([
      [1.5, 2],
      [2.5, 3],
    ]);
    await page.locator(".marks").filter({ hasText: "points of frame.csv" }).waitFor();
  }));

test("text pasted into a cell stays text of the cell", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await page.locator("summary").click();
    await page.getByLabel("x of a new point").evaluate((input) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData("text/plain", "1,2\n3,4");
      input.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
    });
    expect(await page.locator(".import").count()).toBe(0);
    await reported(page, 9);
  }));

test("more rows than the most are thinned, and the page says how", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    const rows = Array.from({ length: 3000 }, (_, i) => `${i},${Math.sin(i / 200)}`);
    await give(page, `t,v\n${rows.join("\n")}\n`, "long.csv");
    await reported(page, 1000);
    await panel(page, "3000 rows: 1000 of them are used, evenly spaced in the file.");
  }));

test("dates are days on the axis and at the pointer, and survive the address", () =>
  onPage(WAVE, async (page) => {
    await page.addInitScript(() => {
      const texts: string[] = [];
      Object.assign(globalThis, { texts });
      const plain = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        texts.push(text);
        return plain.call(this, text, ...rest);
      };
    });
    await page.reload();
    await reported(page, 9);
    await give(page, "date,price\n2024-02-28,1\n2024-02-29,2\n2024-03-01,1.5\n2024-03-02,3\n");
    const drawn = () => page.evaluate(() => (globalThis as unknown as { texts: string[] }).texts);
    const check = async () => {
      await reported(page, 4);
      await expect.poll(async () => (await drawn()).includes("date (UTC)"), { timeout: patience(30_000) }).toBe(true);
      expect((await drawn()).filter((text) => /^(29 Feb|1 Mar)$/.test(text)).length).toBeGreaterThan(0);
    };
    await check();
    const box = await page.locator(".u-over").boundingBox();
    if (!box) throw new Error("no plot");
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page
      .locator(".marks .at")
      .filter({ hasText: /date = 2024-0[23]-\d\d/ })
      .waitFor();
    await page.reload();
    await check();
  }));
