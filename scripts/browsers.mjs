// The browsers, as they are installed here: Chromium through playwright, Firefox through puppeteer-core (WebDriver
// BiDi). `launch` gives { version, page: { goto, evaluate }, close }.
import { chromium } from "playwright";
import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.mjs";
import { FIREFOX, launchFirefox } from "./firefox.mjs";
import { patience } from "./slowness.mjs";

const LIMIT_MS = patience(60_000);

/** A page that waits as long as a slow machine needs. */
async function newPage(browser) {
  const page = await browser.newPage();
  page.setDefaultTimeout(LIMIT_MS);
  return page;
}

export const BROWSERS = [
  {
    name: "chromium",
    path: CHROMIUM,
    missing: "install Debian's chromium, or set CHROMIUM",
    async launch(executablePath) {
      const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS, timeout: LIMIT_MS });
      return { version: `Chromium ${browser.version()}`, page: await newPage(browser), close: () => browser.close() };
    },
  },
  {
    name: "firefox",
    path: FIREFOX,
    missing: "install Debian's firefox-esr, or set FIREFOX",
    async launch(executablePath) {
      const browser = await launchFirefox(executablePath);
      const version = (await browser.version()).replace(/^firefox\//i, "Firefox ");
      return { version, page: await newPage(browser), close: () => browser.close() };
    },
  },
];
