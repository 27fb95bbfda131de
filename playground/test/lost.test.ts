// Nothing is lost on the way between points, address and memory: bursts of changes, drags that are interrupted, other
// views and reloads, addresses that make no sense.
import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { cleanLabel, framed, unplottable } from "../src/data";
import { DESK, give, newPage, onPage, place, pointsOf, reported, says, site, WAVE } from "./page";

const FOUR = "regression?f=0,1.5,0,1&p=0,0_1,0.5_2,-0.5_-1,0.2";
const hashOf = (page: Page) => page.evaluate(() => location.hash);

/** Changes a slider many times, a turn of the event loop apart, and gives its last value. */
const shake = (page: Page, id: string) =>
  page.evaluate(async (name) => {
    const input = document.getElementById(name) as HTMLInputElement;
    for (let k = 0; k < 300; k++) {
      input.value = String(Number(input.min) + Number(input.step) * (k % 20));
      input.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((done) => setTimeout(done));
    }
    return input.value;
  }, id);

test("a browser that forbids more than 100 changes of the address in 30 seconds has them all", async () => {
  const page = await newPage(DESK);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.addInitScript(() => {
    const replace = history.replaceState.bind(history);
    const times: number[] = [];
    history.replaceState = (...given) => {
      const now = performance.now();
      times.push(now);
      if (times.filter((time) => now - time < 30_000).length > 100)
        throw new DOMException("too often", "SecurityError");
      replace(...given);
    };
  });
  await page.goto(`${site.url}#${WAVE}`);
  await reported(page, 9);
  const spread = await shake(page, "c-weightStd");
  await page.waitForFunction((value) => location.hash.includes(`weightStd=${value}`), spread);
  // Whoever goes on at once leaves the last value behind.
  const bias = await shake(page, "c-biasStd");
  await page.getByRole("link", { name: "Kernel" }).click();
  await says(page, "eigenvalues above rounding");
  await page.goBack();
  await page.waitForFunction((value) => location.hash.includes(`biasStd=${value}`), bias);
  await page.evaluate(() => {
    location.hash = "story/3";
  });
  await page.locator(".step-3.ready").waitFor();
  const ridge = await shake(page, "story-ridge");
  await page.waitForFunction((value) => location.hash.includes(`ridge=${value}`), ridge);
  await page.close();
  expect(errors).toEqual([]);
});

describe("a drag", () => {
  test("leaves the history as it is, whatever keys are pressed in it", () =>
    onPage(FOUR, async (page) => {
      await reported(page, 4);
      const start = await pointsOf(page);
      await page.mouse.click(...(await place(page, 0.8, 0.2)));
      await reported(page, 5);
      await page.mouse.move(...(await place(page, 0.3, 0.2)));
      await page.mouse.down();
      await page.mouse.move(...(await place(page, 0.35, 0.3)), { steps: 3 });
      await page.keyboard.press("Control+z");
      await page.keyboard.press("Control+z");
      await page.mouse.up();
      await reported(page, 6);
      await page.keyboard.press("Control+z");
      await reported(page, 5);
      await page.keyboard.press("Control+z");
      await reported(page, 4);
      expect(await pointsOf(page)).toEqual(start);
    }));

  test("that ends in another view has moved its point", () =>
    onPage(FOUR, async (page) => {
      await reported(page, 4);
      await page.mouse.move(...(await place(page, 0.3, 0.2)));
      await page.mouse.down();
      await page.mouse.move(...(await place(page, 0.35, 0.3)), { steps: 3 });
      await page.evaluate(() => {
        location.hash = "kernel";
      });
      await says(page, "eigenvalues above rounding");
      await page.mouse.up();
      expect(await hashOf(page)).toBe("#kernel");
      await page.getByRole("link", { name: "Regression" }).click();
      await reported(page, 5);
    }));
});

test("points and “My data” outlive a reload in another view", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "a,b\n1,2\n3,4\n5,7\n", "mine.csv");
    await reported(page, 3);
    await page.locator("#c-data").selectOption("iris");
    await reported(page, 150);
    await page.locator("#c-width").fill("5");
    await says(page, "Width 32");
    await page.getByRole("link", { name: "Kernel" }).click();
    await says(page, "eigenvalues above rounding");
    await page.reload();
    await says(page, "eigenvalues above rounding");
    await page.getByRole("link", { name: "Regression" }).click();
    await reported(page, 150);
    await says(page, "Width 32");
    await page.locator("#c-data").selectOption("mine");
    await reported(page, 3);
    expect(await pointsOf(page)).toEqual([
      [1, 2],
      [3, 4],
      [5, 7],
    ]);
  }));

test("a shared link that is followed leaves edits one undo away", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await page.mouse.click(...(await place(page, 0.5, 0.1)));
    await reported(page, 10);
    const edited = await pointsOf(page);
    await page.evaluate((hash) => {
      location.hash = hash;
    }, FOUR);
    await reported(page, 4);
    await page.keyboard.press("Control+z");
    await reported(page, 10);
    expect(await pointsOf(page)).toEqual(edited);
  }));

describe("addresses that make no sense", () => {
  test.each([
    ["f=0,1e308,0,1&p=0,0_1,1", "The frame of the points is (0, 1e+308, 0, 1); expected numbers"],
    ["f=1e300,1,0,1&p=0,0_1,1", "The frame of the points is (1e+300, 1, 0, 1); expected numbers"],
    ["f=1,1e-18,0,1&p=1,0", "The values of x differ in their last digits alone"],
    ["f=0,1,0,1&p=0,0_x,1", "The points in this address make no sense"],
    ["p=0,0_1,1", "The points in this address make no sense"],
  ])("say so and show the data set: %s", (query, message) =>
    onPage(`${WAVE}&${query}`, async (page) => {
      await page.locator(".error").filter({ hasText: message }).waitFor();
      await reported(page, 9);
      // Work goes on, and the message is gone.
      await page.locator("#c-width").fill("5");
      await says(page, "Width 32");
      expect(await page.locator("section[aria-label=Plot] > .error").textContent()).toBe("");
    }),
  );

  test.each(["constructor", "__proto__", "story/9", "nowhere/at?all=1", "%E0%A4%A"])("show the story: %s", (hash) =>
    onPage(hash, async (page) => {
      await page.locator(".step-1.ready").waitFor();
      await page.locator('nav [aria-current="page"][href="#story"]').waitFor();
    }),
  );

  test("settings that are no numbers are the defaults", () =>
    onPage(`${WAVE}&width=NaN&ridge=Infinity&activation=constructor&model=toString`, async (page) => {
      await reported(page, 9);
      await says(page, "Width 256");
      await page.waitForFunction(() => location.hash === "#regression?data=wave");
    }));
});

test("a name of a column is not cut within a letter", () => {
  const label = cleanLabel(`${"a".repeat(39)}😀 and more`, "x");
  expect(label).toBe(`${"a".repeat(39)}😀`);
  expect(encodeURIComponent(label)).toContain("%F0%9F%98%80");
});

test("an axis has ticks down to its last digits", () => {
  for (const base of [1, 1.9, -1, 1e9]) {
    const rows = [0, 8, 16].map((k): [number, number] => [base * (1 + k * Number.EPSILON), k]);
    expect(unplottable(framed(rows, ["x", "y"]))).toBeUndefined();
    const { points, labels, frame } = framed(rows.slice(0, 1), ["x", "y"]);
    expect(unplottable({ points, labels, frame: { ...frame, sx: 1e-17 * Math.abs(base) } })).toContain("last digits");
  }
});

test("the report is heard once, when it rests", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await page.evaluate(() => {
      const heard: string[] = [];
      Object.assign(globalThis, { heard });
      // What a screen reader takes for spoken: changes of live regions.
      new MutationObserver((changes) => {
        const live = changes.map(({ target }) =>
          (target instanceof Element ? target : target.parentElement)?.closest("[aria-live], [role=status]"),
        );
        for (const region of new Set(live)) if (region?.textContent) heard.push(region.textContent);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await shake(page, "c-biasStd");
    await page.locator("#announcer").filter({ hasText: "9 points." }).waitFor({ state: "attached" });
    const heard = await page.evaluate(() => (globalThis as unknown as { heard: string[] }).heard);
    expect(heard).toHaveLength(1);
  }));
