// The built playground in headless Chromium: what its suites share. Conditions are waited for, never times.
import type { Browser, BrowserContextOptions, Page } from "playwright";
import { afterAll, beforeAll, expect } from "vitest";
import { patience } from "../../scripts/slowness.mjs";
import { browse, buildSite, serve } from "./site.mjs";

export const DESK = { viewport: { width: 1200, height: 900 } };
export const PHONE = { viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true };
export const VIEWS = ["regression", "features", "training", "kernel", "speed"];
/** The regression view on nine points. */
export const WAVE = "regression?data=wave";

export let site: Awaited<ReturnType<typeof serve>>;
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
export async function newPage(options: BrowserContextOptions = DESK): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(patience(60_000));
  return page;
}

/** Runs `body` on a page of its own; errors of the page fail it. */
export async function onPage(hash: string, body: (page: Page) => Promise<void>, options: BrowserContextOptions = DESK) {
  const page = await newPage(options);
  const errors: string[] = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  try {
    await page.goto(`${site.url}#${hash}`);
    await page.locator("h1").waitFor({ state: "attached" });
    await body(page);
  } finally {
    await page.close();
  }
  expect(errors).toEqual([]);
}
export const says = (page: Page, text: string | RegExp, id = "status") =>
  page.locator(`#${id}`).filter({ hasText: text }).waitFor();
/** What the regression reports on this many points, without its time. */
export async function reported(page: Page, points: number): Promise<string> {
  await says(page, points === 1 ? "1 point. " : `${points} points. `);
  return ((await page.locator("#status").textContent()) ?? "").replace(/ (Fitted|Updated) in .*/, "");
}
export async function place(page: Page, x: number, y: number): Promise<[number, number]> {
  const box = await page.locator(".editable .u-over").boundingBox();
  if (!box) throw new Error("the plot is not there");
  return [box.x + x * box.width, box.y + y * box.height];
}
export const textOf = async (page: Page, selector: string) => (await page.locator(selector).textContent()) ?? "";
export const picture = (page: Page, selector = "canvas") =>
  page
    .locator(selector)
    .first()
    .evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
export const give = (page: Page, text: string, name = "a.csv") =>
  page.setInputFiles("#csv", { name, mimeType: "text/csv", buffer: Buffer.from(text) });
export const pointsOf = (page: Page) =>
  page.evaluate(() =>
    (new URLSearchParams(location.hash.split("?")[1]).get("p") ?? "")
      .split("_")
      .map((pair) => pair.split(",").map(Number)),
  );

/** A finger, where Chromium takes it for one. */
export async function finger(page: Page) {
  const session = await page.context().newCDPSession(page);
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", at?: [number, number]) =>
    session.send("Input.dispatchTouchEvent", { type, touchPoints: at ? [{ x: at[0], y: at[1] }] : [] });
  return {
    down: (at: [number, number]) => touch("touchStart", at),
    /** In ten steps. */
    async move([x, y]: [number, number], [dx, dy]: [number, number]) {
      for (let i = 1; i <= 10; i++) await touch("touchMove", [x + (dx * i) / 10, y + (dy * i) / 10]);
    },
    up: () => touch("touchEnd"),
  };
}

/** A place in the part of a plot that has the curves, in shares of its width and height. */
export async function inPlot(page: Page, x: number, y: number, selector = ".u-over"): Promise<[number, number]> {
  const over = page.locator(selector).first();
  await over.scrollIntoViewIfNeeded();
  const box = await over.boundingBox();
  if (!box) throw new Error(`${selector} is not there`);
  return [box.x + x * box.width, box.y + y * box.height];
}

/** Opens a view of a page that is open. */
export async function openView(page: Page, view: string) {
  await page.evaluate((name) => {
    location.hash = name;
  }, view);
  await page
    .locator("main:not([aria-busy]) h1")
    .filter({ hasText: new RegExp(view, "i") })
    .waitFor();
}
