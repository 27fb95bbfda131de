// The browsers: Chromium through playwright, Firefox through puppeteer-core (WebDriver BiDi), both as they are installed here. `launch`
// gives { version, page: { goto, evaluate }, close }.
import { chromium } from "playwright";
import { CHROMIUM, CHROMIUM_FLAGS } from "../../scripts/chromium.mjs";
import { FIREFOX, launchFirefox } from "../../scripts/firefox.mjs";

export const BROWSERS = [
  {
    name: "chromium",
    path: CHROMIUM,
    missing: "install Debian's chromium, or set CHROMIUM",
    async launch(executablePath) {
      const browser = await chromium.launch({ executablePath, headless: true, args: CHROMIUM_FLAGS });
      return { version: `Chromium ${browser.version()}`, page: await browser.newPage(), close: () => browser.close() };
    },
  },
  {
    name: "firefox",
    path: FIREFOX,
    missing: "install Debian's firefox-esr, or set FIREFOX",
    async launch(executablePath) {
      const browser = await launchFirefox(executablePath);
      const version = (await browser.version()).replace(/^firefox\//i, "Firefox ");
      return { version, page: await browser.newPage(), close: () => browser.close() };
    },
  },
];
