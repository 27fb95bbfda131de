// The built playground in headless Chromium. Conditions are waited for, never times.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { HOURS, hourly } from "./hours.mjs";
import { DESK, give, newPage, onPage, picture, place, pointsOf, reported, says, site, WAVE } from "./page";

describe("regression", () => {
  test("a click adds a point: the fit is updated and the curve changes", () =>
    onPage(WAVE, async (page) => {
      const [text, image] = [await reported(page, 9), await picture(page)];
      await page.mouse.click(...(await place(page, 0.5, 0.15)));
      expect((await reported(page, 10)).slice(10)).not.toBe(text.slice(9));
      expect(await picture(page)).not.toBe(image);
      await says(page, "Updated in");
    }));

  test("a drag refits while it lasts, and moves the point in the address", () =>
    onPage("regression?f=0,1.5,0,1&p=0,0_1,0.5_2,-0.5_-1,0.2", async (page) => {
      await reported(page, 4);
      const fits = await page.locator(".editable").evaluate((box) => Number(box.dataset.fits));
      await page.mouse.move(...(await place(page, 0.5, 0.5)));
      await page.mouse.down();
      for (let i = 0; i <= 10; i++) await page.mouse.move(...(await place(page, 0.5 + i / 100, 0.5 - i / 30)));
      await page.waitForFunction(
        (n) => Number(document.querySelector<HTMLElement>(".editable")?.dataset.fits) > n + 1,
        fits,
      );
      await page.mouse.up();
      await page.waitForFunction(() => !location.hash.includes("p=0,0_"));
      const [moved, ...others] = await pointsOf(page);
      expect(moved[0]).toBeGreaterThan(0.1);
      expect(moved[1]).toBeGreaterThan(0.1);
      expect(others).toEqual([
        [1, 0.5],
        [2, -0.5],
        [-1, 0.2],
      ]);
    }));

  test("a point is removed by Alt and a click", () =>
    onPage("regression?f=0,1.5,0,1&p=0,0_1,0.5", async (page) => {
      await reported(page, 2);
      await page.keyboard.down("Alt");
      await page.mouse.click(...(await place(page, 0.5, 0.5)));
      await reported(page, 1);
    }));

  test("points are edited and removed by the keyboard", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Remove point 3").focus();
      await page.keyboard.press("Enter");
      await reported(page, 8);
      await page.getByLabel("y of point 1", { exact: true }).fill("0.75");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash.includes(",0.75_"));
    }));

  test("a shared address gives the same view", () =>
    onPage(`${WAVE}&width=6&ridge=-2`, async (page) => {
      await reported(page, 9);
      await page.mouse.click(...(await place(page, 0.3, 0.2)));
      const text = await reported(page, 10);
      await page.waitForFunction(() => location.hash.includes("p="));
      await page.reload();
      expect(await reported(page, 10)).toBe(text);
    }));

  test("an address cut short says so, and shows its data set", () =>
    onPage(`${WAVE}&f=0,1.5,0,1&p=0,0_1`, async (page) => {
      await page.locator(".error").filter({ hasText: "The points in this address make no sense" }).waitFor();
      await reported(page, 9);
    }));

  test("every bundled data set is fitted", () =>
    onPage(WAVE, async (page) => {
      for (const [name, count] of [
        ["iris", 150],
        ["wine", 178],
        ["mcycle", 133],
        ["diabetes", 442],
      ] as const) {
        await page.locator("#c-data").selectOption(name);
        await reported(page, count);
      }
    }));

  test("a CSV file is loaded, its fit downloaded", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await give(page, "dose,answer\n0,1\n1,2\n2,2.5\n3,5\n");
      await reported(page, 4);
      await page.waitForFunction(() => location.hash.includes("dose_answer"));
      for (const [button, start] of [
        ["Fit as JSON", '{"format":"ntk-wasm/fit/1"'],
        ["Fit as CSV", "x,mean,low,high\n"],
      ]) {
        const [file] = await Promise.all([page.waitForEvent("download"), page.getByText(button).click()]);
        expect(readFileSync(await file.path(), "utf8").startsWith(start)).toBe(true);
      }
    }));

  test("48 hourly Unix times keep every bit: CSV in, table, address, CSV out", () =>
    onPage(WAVE, async (page) => {
      await reported(page, 9);
      await give(page, hourly());
      await reported(page, 48);
      const check = async () => {
        const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Points as CSV").click()]);
        expect(readFileSync(await file.path(), "utf8")).toBe(hourly());
        expect((await pointsOf(page)).map(([x]) => x)).toEqual(HOURS);
      };
      await check();
      await page.locator("summary").focus();
      await page.keyboard.press("Enter");
      const cells = await page
        .getByLabel(/^time of point/)
        .evaluateAll((inputs) => inputs.map((one) => (one as HTMLInputElement).value));
      expect(cells).toEqual(HOURS.map(String));
      // An edit of a neighbour changes nothing else.
      await page.getByLabel("load of point 1", { exact: true }).fill("0.25");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => location.hash.includes(",0.25_"));
      expect((await pointsOf(page)).map(([x]) => x)).toEqual(HOURS);
      await page.getByLabel("load of point 1", { exact: true }).fill("0");
      await page.keyboard.press("Tab");
      await page.waitForFunction(() => !location.hash.includes(",0.25_"));
      await page.reload();
      await reported(page, 48);
      await check();
    }));

  test("a bad CSV file is refused in words, and nothing is lost", () =>
    onPage(WAVE, async (page) => {
      const text = await reported(page, 9);
      for (const [csv, message] of [
        ["x,y\na,b\n3,four\n", "a.csv: No column has numbers: “x”, “y” have none."],
        ["x,y\n1,1e300\n2,3\n", "a.csv: Point 1 is (1, 1e+300); expected numbers between"],
        ["x,y\n", "a header and no rows"],
        ["", "The file is empty"],
      ]) {
        await give(page, csv);
        await page.locator(".error").filter({ hasText: message }).waitFor();
      }
      expect(await reported(page, 9)).toBe(text);
    }));

  test("no points, then one", () =>
    onPage("regression?data=empty", async (page) => {
      await says(page, "No points yet");
      await page.mouse.click(...(await place(page, 0.5, 0.4)));
      await says(page, "1 point. ");
    }));
});

test("the first load is below 160 kB gzipped, binary and worker included", async () => {
  const page = await newPage(DESK);
  const sizes = new Map<string, Promise<number>>();
  page.on("response", (answer) => {
    if (answer.url().startsWith(site.url))
      sizes.set(
        answer.url(),
        answer.body().then((body) => gzipSync(body, { level: 9 }).length),
      );
  });
  // A worker's own requests are not the page's: they are the context's.
  await page.context().route("**/*", (route) => route.continue());
  await page.goto(site.url);
  await page.locator(".step-1 .figure .curve.sum").waitFor();
  const all = await Promise.all(
    [...sizes].map(async ([url, size]) => [url.slice(site.url.length), await size] as const),
  );
  await page.close();
  expect(all.map(([name]) => name).filter((name) => name.endsWith(".wasm"))).toHaveLength(1);
  const total = all.reduce((sum, [, size]) => sum + size, 0);
  console.log(`first load: ${(total / 1000).toFixed(1)} kB gzipped in ${all.length} files`);
  expect(total).toBeLessThan(160_000);
});
