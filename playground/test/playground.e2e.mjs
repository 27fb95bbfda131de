// The built playground in headless Chromium, from a sub-path. Conditions are waited for, never times. Ends with `N passed, N failed`.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { browse, serve } from "./serve.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["regression", "features", "training", "kernel", "speed"];
const site = await serve();
const browser = await browse();
const check = (condition, message) => {
  if (!condition) throw new Error(message);
};

/** A page on a view, whose errors fail the test. */
async function open(address, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  page.setDefaultTimeout(45_000);
  const errors = [];
  page.on("pageerror", ({ message }) => errors.push(message));
  await page.goto(address.startsWith("http") ? address : `${site.url}#${address}`);
  await page.waitForSelector("h1");
  return { page, errors };
}
/** Waits until the regression has reported on this many points; gives the report. */
async function reported(page, points) {
  const status = page.locator("#status");
  await status.filter({ hasText: `${points} points. ` }).waitFor();
  return (await status.textContent()).replace(/ (fitted|updated|predicted) in .*/, "");
}
const center = async (page, x, y) => {
  const box = await page.locator(".editable .u-over").boundingBox();
  return [box.x + x * box.width, box.y + y * box.height];
};

const TESTS = {
  async "a click adds a point and the curve changes"() {
    const { page, errors } = await open("regression?data=wave");
    const before = await reported(page, 9);
    await page.mouse.click(...(await center(page, 0.5, 0.15)));
    check((await reported(page, 10)).slice(10) !== before.slice(9), "the report is as before");
    return { page, errors };
  },
  async "a drag refits while it lasts, and the address follows"() {
    const { page, errors } = await open("regression?data=wave");
    await reported(page, 9);
    const fits = () => page.locator(".editable").evaluate((box) => Number(box.dataset.fits));
    const before = await fits();
    await page.mouse.move(...(await center(page, 0.4, 0.1)));
    await page.mouse.down();
    for (let i = 0; i < 10; i++) await page.mouse.move(...(await center(page, 0.4 + i / 100, 0.1 + i / 30)));
    await page.waitForFunction((n) => Number(document.querySelector(".editable").dataset.fits) > n + 1, before);
    await page.mouse.up();
    await page.waitForFunction(() => location.hash.includes("p="));
    return { page, errors };
  },
  async "a shared address gives the same view"() {
    const { page, errors } = await open("regression?data=wave&width=6");
    await reported(page, 9);
    await page.mouse.click(...(await center(page, 0.3, 0.2)));
    const text = await reported(page, 10);
    await page.waitForFunction(() => location.hash.includes("p="));
    const second = await open(page.url());
    check((await reported(second.page, 10)) === text, "the reports differ");
    await second.page.close();
    return { page, errors };
  },
  async "a CSV file is loaded, a bad one is refused by row and column"() {
    const { page, errors } = await open("regression?data=wave");
    await reported(page, 9);
    const give = (text) =>
      page.setInputFiles("#csv", { name: "a.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
    await give("x,y\n0,1\n1,2\n2,0\n");
    await reported(page, 3);
    await give("x,y\n0,1\n1,two\n");
    await page.locator(".error").filter({ hasText: "Row 3, column 2 (y) is “two”" }).waitFor();
    return { page, errors };
  },
  async "a race runs to its end, and can be scrubbed and played"() {
    const { page, errors } = await open("training?horizon=2");
    const status = page.locator("#status");
    await status.filter({ hasText: "Trained: step 100," }).waitFor();
    await page.locator("#scrub").fill("0");
    await status.filter({ hasText: /^step 0, .*weights moved by 0 %/ }).waitFor();
    await page.getByRole("button", { name: "Play" }).click();
    await status.filter({ hasText: /^step 100,/ }).waitFor();
    return { page, errors };
  },
  async "a race is cancelled"() {
    const { page, errors } = await open("training?data=mcycle&width=10&horizon=4");
    const cancel = page.getByRole("button", { name: "Cancel" });
    await page.locator("#status").filter({ hasText: /step/ }).waitFor();
    await cancel.click();
    await page.locator("#status").filter({ hasText: "Cancelled: step" }).waitFor();
    check(await cancel.isDisabled(), "Cancel is still there");
    return { page, errors };
  },
  async "measurements give a table and can be cancelled"() {
    const { page, errors } = await open("speed");
    await page.getByRole("button", { name: "Measure" }).click();
    await page.locator("table.speed tbody tr").first().waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.locator("#status").filter({ hasText: "Cancelled after" }).waitFor();
    return { page, errors };
  },
  async "every view fits a phone"() {
    const { page, errors } = await open("regression", { viewport: { width: 375, height: 740 } });
    for (const view of VIEWS) {
      await page.goto(`${site.url}#${view}`);
      await page.locator(`a[aria-current][href="#${view}"]`).waitFor();
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(over <= 0, `${view} is ${over} pixels too wide`);
    }
    return { page, errors };
  },
};
for (const colorScheme of ["light", "dark"]) {
  TESTS[`axe finds nothing serious in any view, ${colorScheme}`] = async () => {
    const { page, errors } = await open("regression", { colorScheme, reducedMotion: "reduce" });
    await page.evaluate(AXE);
    for (const view of VIEWS) {
      await page.evaluate((name) => {
        location.hash = name;
      }, view);
      await page
        .locator("h1")
        .filter({ hasText: new RegExp(view, "i") })
        .waitFor();
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      const text = bad.map(({ id, nodes }) => `${id}: ${nodes[0].html}`).join("; ");
      check(bad.length === 0, `${view}: ${text}`);
    }
    return { page, errors };
  };
}

let [passed, failed] = [0, 0];
for (const [name, test] of Object.entries(TESTS)) {
  const began = Date.now();
  try {
    const { page, errors } = await test();
    await page.close();
    check(errors.length === 0, `page errors: ${errors.join("; ")}`);
    passed++;
    console.log(`ok      ${name} (${Date.now() - began} ms)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${error.message}`);
  }
}
await browser.close();
site.close();
if (process.env.PLAYGROUND_REPORT)
  writeFileSync(process.env.PLAYGROUND_REPORT, JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
