// The regression view on few points, on extreme ones, and on odd addresses.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { smallest } from "./extremes";
import { give, onPage, place, reported, says, WAVE } from "./page";

/** The axes, and the fit that is downloaded: x, mean, low, high. */
async function shown(page: Parameters<typeof reported>[0]) {
  const limits = await page.locator(".editable").getAttribute("data-limits");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Fit as CSV").click()]);
  const rows = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return { limits: (limits ?? "").split(",").map(Number), rows: rows.map((row) => row.split(",").map(Number)) };
}

test("without points the prior is shown, its band within the axes; one and two points keep its scale", () =>
  onPage("regression?data=empty", async (page) => {
    await says(page, "No points yet");
    await page.locator(".marks").filter({ hasText: "samples of the prior" }).waitFor();
    for (const count of [0, 1, 2]) {
      if (count > 0) {
        await page.mouse.click(...(await place(page, 0.2 + 0.2 * count, 0.45)));
        await reported(page, count);
        await says(page, "The scale of the band is the prior's, 1");
      }
      const { limits, rows } = await shown(page);
      for (const [x, mean, low, high] of rows) {
        expect(high - low).toBeGreaterThan(2);
        expect([x, mean, low, high].every(Number.isFinite)).toBe(true);
        expect(x).toBeGreaterThanOrEqual(limits[0]);
        expect(low).toBeGreaterThanOrEqual(limits[2]);
        expect(high).toBeLessThanOrEqual(limits[3]);
      }
    }
    expect(await page.locator("#status").textContent()).toContain("leave-one-out");
  }));

test("one point tells no leave-one-out error", () =>
  onPage("regression?f=0,1.5,0,1&p=0.5,0", async (page) => {
    expect(await reported(page, 1)).not.toContain("leave-one-out");
    const { rows } = await shown(page);
    expect(smallest(rows.map(([, , low, high]) => high - low))).toBeGreaterThan(1);
  }));

test("1e300 is refused in words, and the points stay", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "x,y\n1,2\n2,1e300\n");
    await page.locator(".error").filter({ hasText: "Point 2 is (2, 1e+300); expected numbers between" }).waitFor();
    await reported(page, 9);
    await give(page, "x,y\n1,1e29\n2,3e29\n3,2e29\n");
    await reported(page, 3);
    expect((await shown(page)).rows.flat().every(Number.isFinite)).toBe(true);
    await give(page, "x,y\n1,1e-140\n2,3e-140\n");
    await page.locator(".error").filter({ hasText: "The values of y differ by less than 10⁻³⁰" }).waitFor();
    await reported(page, 3);
  }));

test("1e300 in the address is an error in words", () =>
  onPage(`${WAVE}&f=0,1.5,0,1&p=0,1e300`, async (page) => {
    await page.locator(".error").filter({ hasText: "Point 1 is (0, 1e+300)" }).waitFor();
    await reported(page, 9);
  }));

test("a setting between the slider's steps is the nearest step", () =>
  onPage(`${WAVE}&width=3.7&weightStd=2.9&ridge=-0.6`, async (page) => {
    await reported(page, 9);
    expect(await page.locator("#status").textContent()).toContain("Width 16:");
    const value = (id: string) => page.locator(id).inputValue();
    expect([await value("#c-width"), await value("#c-weightStd"), await value("#c-ridge")]).toEqual(["4", "3", "-0.5"]);
  }));

test("the fit as JSON is of the points on display", () =>
  onPage(WAVE, async (page) => {
    const json = async () => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Fit as JSON").click()]);
      return JSON.parse(readFileSync(await file.path(), "utf8"));
    };
    const count = async () => (await json()).standardized.x.mean;
    await reported(page, 9);
    expect(await count()).toBe(0);
    await give(page, "x,y\n10,1\n20,3\n30,2\n");
    // At once, before its fit.
    await page.waitForFunction(() => location.hash.includes("p=10,1_"));
    expect(await count()).toBe(20);
  }));
