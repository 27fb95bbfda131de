// What leaves the page: links, frames, pictures, and code that runs.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Page } from "playwright";
import { expect, test } from "vitest";
import { patience } from "../../scripts/slowness.mjs";
import { largest } from "./extremes";
import { give, onPage, place, reported, says, site, WAVE } from "./page";

/** Presses a button of the menu, and gives what is in the clipboard then. */
async function copied(page: Page, name: string): Promise<string> {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  if (!(await page.locator(".share .menu").isVisible())) await page.getByRole("button", { name: "Share" }).click();
  await page.getByRole("button", { name }).click();
  await says(page, "is in the clipboard", "shared");
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Runs a module beside the package, which finds it by its name, and gives what it prints. */
async function run(code: string): Promise<string> {
  const folder = await mkdtemp(fileURLToPath(new URL("../dist/copied-", import.meta.url)));
  try {
    const file = join(folder, "main.mjs");
    await writeFile(file, code);
    return (await promisify(execFile)(process.execPath, [file])).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The fit on display, of one network, as it is downloaded. */
async function shown(page: Page): Promise<number[][]> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("Fit as CSV").click()]);
  const rows = readFileSync(await file.path(), "utf8")
    .trim()
    .split("\n")
    .slice(1);
  return rows.map((row) => row.split(",").map(Number));
}

test.each([
  ["finite", `${WAVE}&model=finite&width=6&seed=3`],
  ["infinite", "regression?data=mcycle&model=infinite&activation=relu&ridge=-1"],
  ["infinite", "regression?f=2,1.5,7,3&p=1,7_2.5,8&model=infinite"],
])("the copied code of the %s network makes the fit on display: %s", (name, hash) =>
  onPage(hash, async (page) => {
    await page.locator(".editable[data-fits]").waitFor();
    const code = await copied(page, "Copy as code");
    const printed = (await run(code)).trim().split("\n");
    const rows = await shown(page);
    expect(printed).toHaveLength(13);
    printed.forEach((line, k) => {
      const [model, ...values] = line.split(" ");
      expect(model).toBe(name);
      // Every fifteenth of 181 inputs; another variant, another order of sums.
      const size = largest(rows.flatMap(([, , low, high]) => [Math.abs(low), Math.abs(high)]));
      for (const [i, value] of values.entries())
        expect(Math.abs(Number(value) - rows[15 * k][i])).toBeLessThan(1e-7 * size);
    });
  }),
);

test("the copied link shows the same points", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await give(page, "dose,answer\n0.1,1\n0.2,3\n0.3,2\n", "doses.csv");
    const text = await reported(page, 3);
    const link = await copied(page, "Copy link");
    await page.goto("about:blank");
    await page.goto(link);
    expect(await reported(page, 3)).toBe(text);
    await page.locator(".marks").filter({ hasText: "points of doses.csv" }).waitFor();
  }));

test("the copied frame shows the plot alone, as wide and high as it is", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    await page.mouse.click(...(await place(page, 0.5, 0.15)));
    await reported(page, 10);
    const markup = await copied(page, "Copy as an embedded frame");
    expect(markup).toMatch(/^<iframe src="http[^"]*\?embed=#regression\?[^"]*" title="[^"]*" .*<\/iframe>$/);
    await page.evaluate((html) => {
      document.body.innerHTML = html;
    }, markup);
    const frame = page.frameLocator("iframe");
    await frame.locator(".editable[data-fits] canvas").waitFor();
    for (const hidden of ["header", "footer", "aside", "h1", ".tools", "summary"])
      expect(await frame.locator(hidden).isVisible()).toBe(false);
    const size = () =>
      frame.locator("canvas").evaluate((canvas) => {
        const { width, height } = canvas.getBoundingClientRect();
        const { scrollWidth, scrollHeight } = document.documentElement;
        return { width, height, over: Math.max(scrollWidth - innerWidth, scrollHeight - innerHeight) };
      });
    const before = await size();
    expect(before.over).toBeLessThanOrEqual(0);
    await page.locator("iframe").evaluate((element: HTMLIFrameElement) => {
      element.width = "500";
      element.height = "640";
    });
    await expect
      .poll(async () => (await size()).height - before.height, { timeout: patience(30_000) })
      .toBeGreaterThan(150);
    const after = await size();
    expect(after.width).toBeLessThan(500);
    expect(after.over).toBeLessThanOrEqual(0);
  }));

test("embed=1 among the settings does the same, and stays there", () =>
  onPage(`${WAVE}&embed=1`, async (page) => {
    await page.locator(".editable[data-fits]").waitFor();
    expect(await page.locator("header").isVisible()).toBe(false);
    expect(page.url()).toContain("embed=1");
    const href = await page.getByText("Open in the ntk-wasm playground").evaluate((link: HTMLAnchorElement) => {
      // By the keyboard, without a pointer.
      link.focus();
      return link.href;
    });
    expect(href).toBe(`${site.url}#${WAVE}`);
  }));

test("without a clipboard the text is there to copy; a long link says so", () =>
  onPage(WAVE, async (page) => {
    await reported(page, 9);
    const rows = Array.from({ length: 900 }, (_, i) => `${i / 7},${Math.sin(i / 30)}`);
    await give(page, `x,y\n${rows.join("\n")}\n`);
    await reported(page, 900);
    expect(await copied(page, "Copy link")).toHaveLength(page.url().length);
    await says(page, /It has \d{5} characters, all points among them/, "shared");
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error("no"));
    });
    await page.getByRole("button", { name: "Copy as code" }).click();
    await says(page, "This browser gives no access to the clipboard", "shared");
    const text = await page.getByLabel("To copy").inputValue();
    expect(text).toContain('from "ntk-wasm"');
    expect(text.split("\n").filter((line) => line.startsWith("  [")).length).toBe(900);
  }));

test("PNG and SVG of the plot", () =>
  onPage(`${WAVE}&samples=1`, async (page) => {
    await reported(page, 9);
    await page.getByRole("button", { name: "Share" }).click();
    const saved = async (name: string) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return readFileSync(await file.path());
    };
    const png = await saved("Save picture");
    expect([...png.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
    const text = (await saved("Save drawing")).toString();
    const found = await page.evaluate((svg) => {
      const root = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
      const count = (selector: string) => root.querySelectorAll(selector).length;
      return {
        name: root.nodeName,
        circles: count("circle"),
        paths: count("path"),
        texts: count("text"),
        images: count("image"),
      };
    }, text);
    expect(found).toMatchObject({ name: "svg", circles: 9, images: 0 });
    // A band, eight samples, two means; ticks and labels of two axes.
    expect(found.paths).toBeGreaterThanOrEqual(11);
    expect(found.texts).toBeGreaterThan(8);
  }));
