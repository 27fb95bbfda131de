/** Vitest's browser provider for an installed Firefox: one page at a time, as scripts/firefox.mjs starts it. */
import { defineBrowserProvider } from "@vitest/browser";
import type { Browser, Page } from "puppeteer-core";
import type { BrowserProvider } from "vitest/node";
import { launchFirefox } from "../../scripts/firefox.mjs";

class FirefoxProvider implements BrowserProvider {
  readonly name = "firefox";
  readonly supportsParallelism = false;
  #browser: Promise<Browser> | undefined;
  readonly #pages = new Map<string, Page>();

  async openPage(sessionId: string, url: string): Promise<void> {
    this.#browser ??= launchFirefox();
    await this.#pages.get(sessionId)?.close();
    const page = await (await this.#browser).newPage();
    this.#pages.set(sessionId, page);
    await page.goto(url, { timeout: 0 });
  }

  getCommandsContext(sessionId: string): Record<string, unknown> {
    return { page: this.#pages.get(sessionId) };
  }

  async close(): Promise<void> {
    await (await this.#browser?.catch(() => undefined))?.close();
  }
}

export const firefox = () =>
  defineBrowserProvider({
    name: "firefox",
    supportedBrowser: ["firefox"],
    options: {},
    providerFactory: () => new FirefoxProvider(),
  });
