// Screenshots of every view into the folder that is given: light, dark, forced colours and phone.
// `npm run playground:shots -- FOLDER`
import { patience } from "../../scripts/slowness.mjs";
import { browse, buildSite, serve } from "./site.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("usage: npm run playground:shots -- FOLDER");
await buildSite();
const site = await serve();
const browser = await browse();
/** @type {Record<string, import("playwright").BrowserContextOptions>} */
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1200, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  forced: { forcedColors: "active", colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  phone: { colorScheme: "light", viewport: { width: 375, height: 740 }, hasTouch: true, isMobile: true },
};
for (const [name, options] of Object.entries(LOOKS)) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(patience(60_000));
  page.on("pageerror", (error) => console.log(`${name}: ${error.message}`));
  page.on("console", (message) => message.type() === "error" && console.log(`${name}: ${message.text()}`));
  /** @param {string} view */
  const shot = (view) => page.screenshot({ path: `${folder}/${view}-${name}.png`, fullPage: true });
  for (const step of [1, 2, 3, 4, 5]) {
    await page.goto(`${site.url}#story/${step}`);
    await page.locator(`.step-${step}.ready`).waitFor();
    await page.waitForTimeout(1000);
    await page.screenshot({ path: `${folder}/story${step}-${name}.png` });
  }
  for (const view of ["regression", "features"]) {
    await page.goto(`${site.url}#${view}`);
    await page.waitForTimeout(1000);
    await shot(view);
  }
  await page.goto(`${site.url}#training`);
  await page.locator("#status").filter({ hasText: "Trained" }).waitFor();
  await shot("training");
  await page.goto(`${site.url}#kernel`);
  await page.getByRole("button", { name: "Draw networks" }).click();
  await page.locator("#convergence").filter({ hasText: "One network" }).waitFor();
  await shot("kernel");
  await page.goto(`${site.url}#speed`);
  await page
    .locator("#status")
    .filter({ hasText: "Done" })
    .waitFor({ timeout: patience(120_000) });
  await shot("speed");
  if (name === "phone") {
    // The sheet of settings, as a hand sees it.
    for (const view of ["regression", "features", "training", "kernel"]) {
      await page.goto(`${site.url}#${view}`);
      await page.getByRole("button", { name: "Settings" }).click();
      await page.locator("#c-width").press("ArrowRight");
      await page.waitForTimeout(1000);
      await page.screenshot({ path: `${folder}/${view}-sheet.png` });
    }
  }
  await page.close();
}
await browser.close();
site.close();
