// How the tests, the smoke rows and the benches start headless Firefox: over WebDriver BiDi, and without a word to the
// network. (Playwright drives only a Firefox of its own.)
import puppeteer from "puppeteer-core";
import { patience } from "./slowness.mjs";

/** Nothing but the page: no first-run pages, updates or reports; a long script is not asked about. */
const PREFERENCES = {
  "browser.shell.checkDefaultBrowser": false,
  "app.update.enabled": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
  "dom.max_script_run_time": 0,
};

/** Where it is installed. */
export const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";

export function launchFirefox(executablePath = FIREFOX) {
  return puppeteer.launch({
    browser: "firefox",
    executablePath,
    headless: true,
    extraPrefsFirefox: PREFERENCES,
    timeout: patience(60_000),
    protocolTimeout: patience(600_000),
  });
}
