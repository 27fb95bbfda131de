// The built playground in headless Chromium. Conditions are waited for, never times.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patience } from "../../scripts/slowness.mjs";
import { HOURS, hourly } from "./hours.mjs";
import { browse, buildSite, serve } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["regression", "features", "training", "kernel", "speed"];
const DESK = { viewport: { width: 1200, height: 900 } };
const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };
const WAVE = "regression?data=wave";

let site: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
beforeAll(async () => {
  await buildSite();
  [site, browser] = await Promise.all([serve(), browse()]);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

/** A page that waits for conditions as long as a slow machine needs. */
async function newPage(options: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(patience(60_000));
  return page;
}

/** Runs `body` on a page of its own; errors of the page fail it. */
async function onPage(hash: string, body: (page: Page) => Promise<void>, options: BrowserContextOptions = DESK) {
  const page = await newPage(options);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  try {
    await page.goto(`${site.url}#${hash}`);
    await page.locator("h1").waitFor();
    await body(page);
  } finally {
    await page.close();
  }
  expect(errors).toEqual([]);
}
const says = (page: Page, text: string | RegExp, id = "status") =>
  page.locator(`#${id}`).filter({ hasText: text }).waitFor();
/** What the regression reports on this many points, without its time. */
async function reported(page: Page, points: number): Promise<string> {
  await says(page, `${points} points. `);
  return ((await page.locator("#status").textContent()) ?? "").replace(/ (Fitted|Updated) in .*/, "");
}
async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = await page.locator(".editable .u-over").boundingBox();
  if (!box) throw new Error("the plot is not there");
  return [box.x + x * box.width, box.y + y * box.height];
}
const picture = (page: Page) =>
  page
    .locator("canvas")
    .first()
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
const give = (page: Page, text: string) =>
  page.setInputFiles("#csv", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
const pointsOf = (page: Page) =>
  page.evaluate(() =>
    (new URLSearchParams(location.hash.split("?")[1]).get("p") ?? "")
      .split("_")
      .map((pair) => pair.split(",").map(Number)),
  );

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

  test("a bad CSV file is refused by row and column, and nothing is lost", () =>
    onPage(WAVE, async (page) => {
      const text = await reported(page, 9);
      for (const [csv, message] of [
        ["x,y\n1,2\n3,four\n", "a.csv: Row 3, column 2 (y) is “four”; expected a number."],
        ["1,2\n3\n", "Row 2, column 2 (y) is missing"],
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
      await says(page, "1 points. ");
    }));
});

test("a unit's three features come forward together", () =>
  onPage("features", async (page) => {
    await says(page, "9 units, 28 features");
    const image = await picture(page);
    await page.getByLabel("Unit 4", { exact: true }).focus();
    await says(page, "Unit 4: b =");
    expect(await picture(page)).not.toBe(image);
  }));

describe("training", () => {
  test("a race runs to its end, is scrubbed and played", () =>
    onPage("training?horizon=2", async (page) => {
      await says(page, "Trained: step 100,");
      await page.locator("#scrub").fill("0");
      await says(page, /^step 0, .*weights moved by 0 %/);
      await page.getByRole("button", { name: "Play" }).click();
      await says(page, /^step 100,/);
    }));

  test("a race is cancelled", () =>
    onPage("training?data=mcycle&width=10&horizon=4", async (page) => {
      await says(page, "step");
      await page.getByRole("button", { name: "Cancel" }).click();
      await says(page, "Cancelled: step");
      expect(await page.getByRole("button", { name: "Cancel" }).isDisabled()).toBe(true);
    }));

  test("narrow and fast breaks the picture: the first-order model diverges above the largest stable rate", () =>
    onPage("training?width=2&share=1.5&horizon=3", async (page) => {
      await page
        .locator("#status, .error")
        .filter({ hasText: /first-order (\d(\.\d+)?e\d+|beyond)|diverge/ })
        .first()
        .waitFor();
    }));
});

describe("kernel", () => {
  test("values of the heat map are read by keyboard", () =>
    onPage("kernel?points=16", async (page) => {
      await says(page, "of 16 eigenvalues above rounding");
      const value = () => page.locator(".probe output").textContent();
      const before = await value();
      await page.getByLabel("x (down)").press("Home");
      expect(await value()).toMatch(/^Θ\(−3, /);
      expect(await value()).not.toBe(before);
    }));

  test("finite kernels come near the infinite one as m^(−½)", () =>
    onPage("kernel?activation=erf", async (page) => {
      await page.getByRole("button", { name: "Draw networks" }).click();
      await says(page, "One network of width 2048", "convergence");
      const [, single, mean] =
        /is ([\d.]+) % from the limit, the mean of 24 is ([\d.]+) %/.exec(
          (await page.locator("#convergence").textContent()) ?? "",
        ) ?? [];
      // A relative deviation of a few times m^(−½) = 2.2 %; the mean of 24 networks is nearer by about √24.
      expect(Number(single)).toBeLessThan(10);
      expect(Number(mean)).toBeLessThan(Number(single) / 2);
    }));

  test("drawing networks is cancelled", () =>
    onPage("kernel", async (page) => {
      await page.getByRole("button", { name: "Draw networks" }).waitFor();
      // Both clicks in one task of the page: all networks may be drawn before a second one from here.
      await page.evaluate(() => {
        const press = (text: string) =>
          [...document.querySelectorAll("button")].find((button) => button.textContent === text)?.click();
        press("Draw networks");
        press("Cancel");
      });
      await says(page, "Cancelled", "convergence");
    }));
});

test("the speed of each variant is measured, cancelled and copied", () =>
  onPage("speed", async (page) => {
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    await says(page, cores > 1 ? `${Math.min(8, cores)} threads share each call` : "One thread:", "threads");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Measure" }).click();
    await says(page, "Jacobian rows");
    await page.getByRole("button", { name: "Cancel" }).click();
    await says(page, "Cancelled after");
    await page.getByRole("button", { name: "Copy" }).click();
    await says(page, "in the clipboard");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/Sigmoid features, 500 × 1000/);
  }));

test("without the two headers the speed page says why there is one thread", async () => {
  const plain = await serve({ isolated: false });
  const page = await newPage(DESK);
  await page.goto(`${plain.url}#speed`);
  await says(page, "One thread: the page is not cross-origin isolated", "threads");
  await page.getByRole("button", { name: "Measure" }).click();
  await says(page, "Jacobian rows");
  expect(await page.locator("th").allTextContents()).not.toContainEqual(expect.stringContaining("threads"));
  await page.close();
  plain.close();
});

describe("phone", () => {
  test("nothing is wider than the screen", () =>
    onPage(
      WAVE,
      async (page) => {
        for (const view of VIEWS) {
          await page.goto(`${site.url}#${view}`);
          await page.locator(`a[aria-current][href="#${view}"]`).waitFor();
          expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        }
      },
      PHONE,
    ));

  test("a finger on a point drags it, a tap adds one, a swipe beside the points scrolls and adds none", () =>
    onPage(
      "regression?f=0,1.5,0,1&p=0,0_1,0.5",
      async (page) => {
        await reported(page, 2);
        const fingers = await page.context().newCDPSession(page);
        const touch = (type: "touchStart" | "touchMove" | "touchEnd", at?: [number, number]) =>
          fingers.send("Input.dispatchTouchEvent", { type, touchPoints: at ? [{ x: at[0], y: at[1] }] : [] });
        const swipe = async (from: [number, number]) => {
          await touch("touchStart", from);
          for (let i = 1; i <= 10; i++) await touch("touchMove", [from[0], from[1] - 5 * i]);
          await touch("touchEnd");
        };
        await swipe(await place(page, 0.5, 0.5));
        await page.waitForFunction(() => !location.hash.includes("p=0,0_"));
        expect((await pointsOf(page))[0][1]).toBeGreaterThan(0.3);
        expect(await page.evaluate(() => scrollY)).toBe(0);
        await page.touchscreen.tap(...(await place(page, 0.25, 0.75)));
        await reported(page, 3);
        await swipe(await place(page, 0.9, 0.95));
        await page.waitForFunction(() => scrollY > 30);
        expect(await pointsOf(page)).toHaveLength(3);
      },
      PHONE,
    ));
});

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious in any view, ${colorScheme}`, () =>
    onPage(
      WAVE,
      async (page) => {
        await page.evaluate(AXE);
        for (const view of VIEWS) {
          await page.evaluate((name) => {
            location.hash = name;
          }, view);
          await page
            .locator("h1")
            .filter({ hasText: new RegExp(view, "i") })
            .waitFor();
          if (view === "regression") await page.locator("summary").click();
          const run = () => (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run();
          const { violations } = await page.evaluate(run);
          const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          expect(bad.map(({ id, nodes }) => `${view}: ${id}: ${nodes[0].html}`)).toEqual([]);
        }
      },
      { ...DESK, colorScheme, reducedMotion: "reduce" },
    ));
}

test("the first load is below 205 kB gzipped, binary and worker included", async () => {
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
  expect(total).toBeLessThan(205_000);
});
