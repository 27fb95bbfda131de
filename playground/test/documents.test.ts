// The documentation's site and the report of `npm start`, as their readers have them: formulas, search, links, tables,
// and what axe finds. Both are made here where they are missing; CI has made the site before.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inflateSync } from "node:zlib";
import { parseHTML } from "linkedom";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patience } from "../../scripts/slowness.mjs";
import { findings } from "./axe";
import { browse } from "./site.mjs";

const root = join(import.meta.dirname, "../..");
const site = join(root, "site");
const node = (script: string) => execFileSync(process.execPath, [join(root, script)], { cwd: root, stdio: "ignore" });

let browser: Browser;
beforeAll(async () => {
  if (!existsSync(join(site, "index.html"))) node("scripts/docs.mjs");
  browser = await browse();
}, patience(180_000));
afterAll(() => browser?.close());

const pages = () =>
  readdirSync(site, { recursive: true, encoding: "utf8" }).filter(
    (path) => path.endsWith(".html") && !path.startsWith("playground"),
  );
const html = (path: string) => readFileSync(join(site, path), "utf8");

/** What axe finds serious or critical, light on a desk and dark on a phone. `theirs` are the theme's own. */
async function faults(file: string, theirs: string[] = []): Promise<string[]> {
  const found: string[] = [];
  for (const [colorScheme, width] of [
    ["light", 1200],
    ["dark", 375],
  ] as const) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    await page.goto(`file://${file}`);
    for (const finding of await findings(page, theirs)) found.push(`${colorScheme}, ${width}: ${finding}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) found.push(`${width}: the page is ${wide} pixels wider than the screen`);
    await page.close();
  }
  return found;
}

describe("the site", () => {
  test("every link within it leads to a page and a place that are there", () => {
    const parsed = new Map(pages().map((path) => [path, parseHTML(html(path)).document]));
    const dead: string[] = [];
    let count = 0;
    for (const [path, document] of parsed) {
      for (const link of document.querySelectorAll("a[href], img[src]")) {
        const href = decodeURI(link.getAttribute("href") ?? link.getAttribute("src") ?? "");
        if (/^[\w+]+:/.test(href)) continue;
        const [file, anchor] = href.split("#");
        const target = file === "" ? path : join(dirname(path), file);
        count++;
        const there = existsSync(join(site, target));
        const place = anchor ? parsed.get(target)?.getElementById(decodeURIComponent(anchor)) : undefined;
        if (!there || (anchor && parsed.has(target) && !place)) dead.push(`${path}: ${href}`);
      }
    }
    expect(dead).toEqual([]);
    expect(count).toBeGreaterThan(1000);
  });

  test("formulas are rendered, and no underscore is taken for emphasis", () => {
    const guide = html("documents/MATH.html");
    expect(guide.match(/class="katex-display"/g)?.length ?? 0).toBeGreaterThan(20);
    for (const path of pages()) {
      const { document } = parseHTML(html(path));
      // KaTeX keeps a formula's source beside what it has made of it.
      for (const formula of document.querySelectorAll(".katex")) formula.remove();
      const { textContent } = document.querySelector(".col-content") ?? document.body;
      expect(textContent?.match(/\$\$|\\(frac|sum|theta)\b/)?.[0], path).toBeUndefined();
      for (const { textContent: text } of document.querySelectorAll(".col-content em"))
        expect(text, `${path}: emphasis that begins or ends within a formula`).toMatch(
          /^[\p{L}\d“‘(][\s\S]*[\p{L}\d.”’)?!]$/u,
        );
    }
    expect(existsSync(join(site, "assets/katex/katex.min.css"))).toBe(true);
  });

  test("the search knows the text of the guides", () => {
    const [, data] = html("assets/search.js").match(/"([A-Za-z0-9+/=]{100,})"/) ?? [];
    const index = inflateSync(Buffer.from(data ?? "", "base64")).toString();
    // A word of the guide to clusters, which no docstring has.
    expect(index.includes('"poisoned"')).toBe(true);
  });

  test("every page leads to the playground, which is there", () => {
    expect(existsSync(join(site, "playground/index.html"))).toBe(true);
    for (const path of pages()) expect(html(path), path).toContain("playground/index.html");
  });

  // A summary with a link in it is TypeDoc's own.
  test.each(["index.html", "documents/MATH.html", "documents/performance.html"])("axe: %s", async (path) => {
    expect(await faults(join(site, path), ["nested-interactive"])).toEqual([]);
  });
});

test(
  "the report of npm start: axe, and a figure for each section",
  async () => {
    node("examples/motorcycle/main.mjs");
    const report = join(root, "report/index.html");
    expect(await faults(report)).toEqual([]);
    expect(readFileSync(report, "utf8").match(/<svg/g)?.length).toBeGreaterThan(12);
  },
  patience(120_000),
);
