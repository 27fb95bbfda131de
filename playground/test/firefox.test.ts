// Every view in headless Firefox: that it computes, in both themes without errors of the page.

import { existsSync } from "node:fs";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIREFOX, launchFirefox } from "../../scripts/firefox.mjs";
import { patience } from "../../scripts/slowness.mjs";
import { buildSite, serve } from "./site.mjs";

/** What a view says once it has computed. */
const DONE: Record<string, [selector: string, text: RegExp]> = {
  "regression?data=wave": ["#status", /^9 points\. /],
  "features?init=ntk": ["#status", /^9 units/],
  "training?horizon=2": ["#status", /^Trained: step 100,/],
  "kernel?points=16&width=13&block=c": ["#status", /^Infinite width: /],
  speed: ["#headline", /^[\d.]+ × JavaScript here/],
};

const there = existsSync(FIREFOX);
if (!there && process.env.CI) throw new Error(`${FIREFOX} is not there`);
if (!there) console.log(`skipped: ${FIREFOX} is not there`);

describe.skipIf(!there)("Firefox", () => {
  let site: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  beforeAll(async () => {
    await buildSite();
    [site, browser] = await Promise.all([serve(), launchFirefox()]);
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  test.each(Object.keys(DONE))("%s computes", async (hash) => {
    const [selector, text] = DONE[hash];
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${site.url}#${hash}`);
    await page.waitForFunction(
      (where: string, source: string) => new RegExp(source).test(document.querySelector(where)?.textContent ?? ""),
      { timeout: patience(60_000) },
      selector,
      text.source,
    );
    // What computes is WebAssembly: no notice says otherwise.
    expect(await page.$eval("#notice", (notice) => notice.textContent)).toBe("");
    expect(errors).toEqual([]);
    await page.close();
  });
});
