// Milliseconds from an empty cache to the first fit on the page: `node playground/test/firstFit.mjs` (after a build of
// the library). The server is this machine: what a network adds is its own.
import { browse, buildSite, serve } from "./site.mjs";

const RUNS = 9;
/** A view and its status once something has been fitted. */
const VIEW = "regression";
const FITTED = /^\d+ points\. /;

await buildSite();
const site = await serve();
const browser = await browse();
/** @type {number[]} */
const times = [];
for (let run = 0; run <= RUNS; run++) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
  await page.addInitScript((source) => {
    const fitted = new RegExp(source);
    const look = () => {
      if (!fitted.test(document.getElementById("status")?.textContent ?? "")) return;
      observer.disconnect();
      Object.assign(globalThis, { fittedAt: performance.now() });
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { childList: true, subtree: true, characterData: true });
  }, FITTED.source);
  await page.goto(`${site.url}#${VIEW}`);
  const at = await page.waitForFunction(() => /** @type {{ fittedAt?: number }} */ (globalThis).fittedAt);
  // The first browser context is slower than all others.
  if (run > 0) times.push(/** @type {number} */ (await at.jsonValue()));
  await page.close();
}
await browser.close();
site.close();
times.sort((a, b) => a - b);
const at = (/** @type {number} */ share) => Math.round(times[Math.floor(share * (times.length - 1))]);
console.log(`first fit: median ${at(0.5)} ms, quartiles ${at(0.25)} and ${at(0.75)} ms, of ${RUNS} fresh pages`);
