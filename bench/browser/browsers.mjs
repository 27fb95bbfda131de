// The browsers: Chromium through playwright, Firefox through puppeteer-core (WebDriver BiDi), both as they are installed here. `launch`
// gives { version, page: { goto, evaluate }, close }.
import { chromium } from "playwright";
import puppeteer from "puppeteer-core";
import { CHROMIUM, CHROMIUM_FLAGS } from "../../scripts/chromium.mjs";

/** Nothing but the page: no first-run pages, updates or reports; a long script is not asked about. */
const FIREFOX_PREFERENCES = {
  "browser.shell.checkDefaultBrowser": false,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
  "dom.max_script_run_time": 0,
};

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
    path: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
    missing: "install Debian's firefox-esr, or set FIREFOX",
    async launch(executablePath) {
      const browser = await puppeteer.launch({
        browser: "firefox",
        executablePath,
        headless: true,
        extraPrefsFirefox: FIREFOX_PREFERENCES,
        protocolTimeout: 600_000,
      });
      const version = (await browser.version()).replace(/^firefox\//i, "Firefox ");
      return { version, page: await browser.newPage(), close: () => browser.close() };
    },
  },
];
