// Refits per second and the time of a frame while a point is dragged: `npm run playground:drag`. A frame is the time
// between two animation frames; 16.7 ms is a screen's.

import { patience } from "../../scripts/slowness.mjs";
import { browse, buildSite, serve } from "./site.mjs";

const SECONDS = 3;
/** @type {[name: string, points: number, settings: string][]} */
const CASES = [
  ["erf, both", 133, ""],
  ["sigmoid, both", 300, "&activation=sigmoid"],
  ["sigmoid, finite", 300, "&activation=sigmoid&model=finite"],
  ["erf, both", 600, ""],
  ["sigmoid, finite", 1000, "&activation=sigmoid&model=finite"],
  ["erf, both", 1000, ""],
];

/** A noisy wave, the same in every run. @param {number} count */
function wave(count) {
  const points = Array.from({ length: count }, (_, i) => {
    const x = (5 * i) / count - 2.5;
    return `${x},${Math.sin(2 * x) + 0.3 * Math.sin(97 * i)}`;
  });
  // One in an empty corner, to take hold of.
  points[Math.floor(count / 2)] = "0,-2.5";
  return points.join("_");
}

await buildSite();
const site = await serve();
const browser = await browse();
for (const [name, count, settings] of CASES) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  page.setDefaultTimeout(patience(120_000));
  await page.goto(`${site.url}#regression?f=0,1.5,0,1&p=${wave(count)}${settings}`);
  try {
    await page
      .locator("#status")
      .filter({ hasText: `${count} points. ` })
      .waitFor({ timeout: patience(30_000) });
  } catch {
    console.log(`${name}, N = ${count}: ${await page.locator(".error").first().textContent()}`);
    await page.close();
    continue;
  }
  const over = await page.locator(".editable .u-over").boundingBox();
  const at = await page.locator(".editable").evaluate((box) => box.dataset.limits);
  const [low, high, bottom, top] = (at ?? "-2.784,2.784,-2.828,1.928").split(",").map(Number);
  if (!over) throw new Error("the plot is not there");
  const x = over.x + ((0 - low) / (high - low)) * over.width;
  const y = over.y + ((top + 2.5) / (top - bottom)) * over.height;
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.evaluate(() => {
    const times = [performance.now()];
    Object.assign(globalThis, { times });
    const tick = () => {
      times.push(performance.now());
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const fits = () => page.locator(".editable").evaluate((box) => Number(box.dataset.fits));
  const [before, start] = [await fits(), performance.now()];
  for (let i = 0; performance.now() - start < 1000 * SECONDS; i++)
    await page.mouse.move(x + 150 * Math.sin(i / 40), y - 60 - 60 * Math.cos(i / 40));
  const rate = ((await fits()) - before) / ((performance.now() - start) / 1000);
  const gaps = await page.evaluate(() => {
    const { times } = /** @type {{ times: number[] }} */ (/** @type {unknown} */ (globalThis));
    return times.slice(1).map((time, i) => time - times[i]);
  });
  await page.mouse.up();
  gaps.sort((a, b) => a - b);
  const moved = (await page.locator(".editable").evaluate(() => location.hash)).includes("_0,-2.5_")
    ? "NOT MOVED, "
    : "";
  const p95 = gaps[Math.floor(0.95 * gaps.length)].toFixed(1);
  console.log(
    `${name}, N = ${count}: ${moved}${rate.toFixed(1)} refits/s, frames: median ${gaps[gaps.length >> 1].toFixed(1)} ms, p95 ${p95} ms`,
  );
  await page.close();
}
await browser.close();
site.close();
