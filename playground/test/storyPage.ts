// The story's page: what its suites share.
import type { BrowserContextOptions, Page } from "playwright";
import { STEPS } from "../src/story/text";
import { DESK as ON_DESK, PHONE as ON_PHONE, onPage as onAnyPage } from "./page";

export const DESK = { ...ON_DESK, reducedMotion: "reduce" } as const;
export const PHONE = { ...ON_PHONE, reducedMotion: "reduce" } as const;
export const NUMBERS = STEPS.map((_, i) => i + 1);

/** A page whose figures stand still. */
export const onPage = (hash: string, body: (page: Page) => Promise<void>, options: BrowserContextOptions = DESK) =>
  onAnyPage(hash, body, options);

/** What a curve shows: its points in the units of the axes, and what a pixel is in units of y. */
export async function drawn(page: Page, selector: string): Promise<{ points: [number, number][]; pixel: number }> {
  await page.waitForFunction((at) => (document.querySelector(at)?.getAttribute("d") ?? "").length > 0, selector);
  return page.evaluate((at) => {
    const path = document.querySelector(at) as SVGPathElement;
    const data = (path.closest("svg") as SVGSVGElement).dataset;
    const [x0, x1, left, right] = (data.x ?? "").split(",").map(Number);
    const [y0, y1, bottom, top] = (data.y ?? "").split(",").map(Number);
    const numbers = (path.getAttribute("d") ?? "").match(/-?[\d.]+/g)?.map(Number) ?? [];
    const points = Array.from({ length: numbers.length / 2 }, (_, i): [number, number] => [
      x0 + ((numbers[2 * i] - left) / (right - left)) * (x1 - x0),
      y0 + ((bottom - numbers[2 * i + 1]) / (bottom - top)) * (y1 - y0),
    ]);
    return { points, pixel: (y1 - y0) / (bottom - top) };
  }, selector);
}
export const dOf = (page: Page, selector: string) => page.locator(selector).getAttribute("d");
export const changes = (page: Page, selector: string, old: string | null) =>
  page.waitForFunction(([at, before]) => document.querySelector(at ?? "")?.getAttribute("d") !== before, [
    selector,
    old,
  ] as const);
export const ready = (page: Page, step: number) => page.locator(`.step-${step}.ready`).waitFor();
export const box = async (page: Page, selector: string) => {
  const found = await page.locator(selector).boundingBox();
  if (!found) throw new Error(`${selector} is not there`);
  return { x: found.x + found.width / 2, y: found.y + found.height / 2 };
};
