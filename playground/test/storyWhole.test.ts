// The story as a whole: for everybody, on a phone, and in Firefox.
import { existsSync } from "node:fs";
import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { FIREFOX, launchFirefox } from "../../scripts/firefox.mjs";
import { patience } from "../../scripts/slowness.mjs";
import { findings } from "./axe";
import { finger, site } from "./page";
import { box, DESK, drawn, NUMBERS, onPage, PHONE, ready } from "./storyPage";

/** Every figure, one after the other. */
async function readAll(page: Page): Promise<void> {
  for (const step of NUMBERS) {
    await page.evaluate((at) => {
      location.hash = `story/${at}`;
    }, step);
    await ready(page, step);
  }
  await page.locator('[data-rivals="plane"][data-winner]').waitFor();
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`axe finds nothing serious, and curves stand out, ${colorScheme}`, () =>
    onPage(
      "",
      async (page) => {
        await readAll(page);
        expect(await findings(page)).toEqual([]);
        const colours = await page.evaluate(() => {
          const strokes = [...document.querySelectorAll(".curve, .ring, .edge")].map(
            (one) => getComputedStyle(one).stroke,
          );
          return {
            strokes: [...new Set(strokes)],
            background: getComputedStyle(document.documentElement).backgroundColor,
          };
        });
        expect(colours.strokes.length).toBeGreaterThan(6);
        for (const stroke of colours.strokes)
          expect([stroke, contrast(stroke, colours.background) >= 3]).toEqual([stroke, true]);
      },
      { ...DESK, colorScheme },
    ));
}
/** The contrast ratio of WCAG 2. */
function contrast(one: string, two: string): number {
  const [a, b] = [one, two].map((color) => {
    const [red, green, blue] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  });
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

describe("phone", () => {
  test("nothing is wider than the screen, and the figure stays in sight of its sliders", () =>
    onPage(
      "",
      async (page) => {
        await readAll(page);
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
        for (const [step, slider] of [
          [1, "Constant a"],
          [2, "Change of c"],
          [3, "Ridge λ"],
          [4, "Seed of the starts"],
        ] as const) {
          await page.getByLabel(slider).scrollIntoViewIfNeeded();
          const keep = page.locator(`.step-${step} .keep`);
          const seen = await keep.evaluate((element) => {
            const { top, bottom, height } = element.getBoundingClientRect();
            return (Math.min(bottom, innerHeight) - Math.max(top, 0)) / height;
          });
          expect([step, seen > 0.95]).toEqual([step, true]);
        }
      },
      PHONE,
    ));

  test("a swipe over a figure scrolls the page, a finger on a ring drags the ring", () =>
    onPage(
      "story/3",
      async (page) => {
        await drawn(page, ".step-3 .curve.linear");
        const { down, move, up } = await finger(page);
        const swipe = async ({ x, y }: { x: number; y: number }) => {
          await down([x, y]);
          await move([x, y], [0, -60]);
          await up();
        };
        // The step above has come, and its figure has its height.
        await drawn(page, ".step-2 .keep .curve.linear");
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        await page.keyboard.press("Shift");
        const ring = '.step-3 [aria-label="Point 5"]';
        await page.locator(ring).scrollIntoViewIfNeeded();
        const at = await page.evaluate(() => scrollY);
        await swipe(await box(page, ring));
        await page.waitForFunction(() => location.hash.includes("p="));
        expect(await page.evaluate(() => scrollY)).toBe(at);
        const hash = await page.evaluate(() => location.hash);
        const figure = await page.locator(".step-3 .keep svg").boundingBox();
        if (!figure) throw new Error("the figure is not there");
        await swipe({ x: figure.x + 0.75 * figure.width, y: figure.y + 0.12 * figure.height });
        await page.waitForFunction((old) => scrollY > old + 30, at);
        expect(await page.evaluate(() => location.hash)).toBe(hash);
      },
      PHONE,
    ));
});

const firefoxIsMissing = !existsSync(FIREFOX) && !process.env.CI;
test.skipIf(firefoxIsMissing)("Firefox draws every figure, and its ring moves by keys and pointer", async () => {
  const firefox = await launchFirefox();
  try {
    const page = await firefox.newPage();
    page.setDefaultTimeout(patience(60_000));
    await page.setViewport({ width: 1200, height: 900 });
    const errors: unknown[] = [];
    page.on("pageerror", (error) => errors.push(error));
    await page.goto(`${site.url}#story/1`);
    const sum = () => page.$eval(".step-1 .figure .curve.sum", (path) => path.getAttribute("d"));
    const differs = (old: string | null) =>
      page.waitForFunction(
        (before) => document.querySelector(".step-1 .figure .curve.sum")?.getAttribute("d") !== before,
        {},
        old,
      );
    await page.waitForSelector('.step-1.ready .figure .curve.sum[d^="M"]');
    const first = await sum();
    await page.$eval('.step-1 [aria-label^="Unit 1: its"]', (ring) => (ring as SVGGElement).focus());
    await page.keyboard.press("ArrowUp");
    await differs(first);
    const second = await sum();
    const ring = await page.$eval('.step-1 [aria-label^="Unit 3: its"] .ring', (circle) => {
      const { x, y, width } = circle.getBoundingClientRect();
      return { x: x + width / 2, y: y + width / 2 };
    });
    await page.mouse.move(ring.x, ring.y);
    await page.mouse.down();
    await page.mouse.move(ring.x, ring.y - 50, { steps: 4 });
    await page.mouse.up();
    await differs(second);
    for (const step of NUMBERS.slice(1)) {
      await page.evaluate((at) => {
        location.hash = `story/${at}`;
      }, step);
      await page.waitForSelector(`.step-${step}.ready .curve[d^="M"]`);
    }
    expect(errors).toEqual([]);
  } finally {
    await firefox.close();
  }
});
