// The story in the built playground. What is drawn is read from the paths, and compared with textbook formulas.
import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { createNetwork } from "../../dist/ntk-wasm.js";
import { guide } from "../src/story/links";
import { SMALL } from "../src/story/step";
import { STEPS } from "../src/story/text";
import { largest } from "./extremes";
import { says } from "./page";
import { box, changes, DESK, dOf, drawn, NUMBERS, onPage, ready } from "./storyPage";

/** Paths have tenths of a pixel. */
const PIXEL = 0.1;

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
/** The textbook network: weights a, b, c, d. */
function textbook(w: ArrayLike<number>, x: number): number {
  let f = w[0];
  for (let j = 0; j < 4; j++) f += w[1 + j] * sigmoid(w[5 + j] * x + w[9 + j]);
  return f;
}
/** Within a pixel and a half of the drawing. */
function expectDrawn({ points, pixel }: { points: [number, number][]; pixel: number }, f: (x: number) => number) {
  expect(points.length).toBeGreaterThan(80);
  const worst = points.reduce((most, [x, y]) => Math.max(most, Math.abs(y - f(x))), 0);
  // The slope of these curves is below 20, and x is rounded to PIXEL too.
  expect(worst).toBeLessThan(1.5 * pixel + 20 * PIXEL * 0.02);
}

describe("addresses", () => {
  test("every step has one that opens at it; an empty one shows the beginning", async () => {
    for (const step of NUMBERS) {
      await onPage(`story/${step}`, async (page) => {
        await ready(page, step);
        await page
          .locator(`.progress [aria-current="step"]`)
          .filter({ hasText: String(step) })
          .waitFor();
        await page.waitForFunction((at) => {
          const top = document.querySelector(`.step-${at} h2`)?.getBoundingClientRect().top ?? -1;
          return top > 0 && top < 260;
        }, step);
      });
    }
    await onPage("", async (page) => {
      await page.locator('nav [aria-current="page"][href="#story"]').waitFor();
      await page.locator('.progress [aria-current="step"][href="#story/1"]').waitFor();
      await page.locator(".step-1 .curve.sum").first().waitFor();
      expect(await page.evaluate(() => location.hash)).toBe("");
    });
  });

  test("links to steps scroll, take the focus and change the address; the figures stay", () =>
    onPage("story/1", async (page) => {
      await drawn(page, ".step-1 .figure .curve.sum");
      await page.getByLabel("Steepness c").fill("2");
      await page.getByRole("link", { name: "Next step" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => location.hash.startsWith("#story/2"));
      await page.waitForFunction(() => document.activeElement?.id === "step-2-title");
      await page.goBack();
      await page.waitForFunction(() => location.hash.startsWith("#story/1?w="));
      expect(await page.getByLabel("Steepness c").inputValue()).toBe("2");
    }));

  test("a reader who scrolls without wheel and keys is followed, and not pulled back", () =>
    onPage("story/2", async (page) => {
      await ready(page, 2);
      // The page lets go of the step once its figures are there: the reader scrolls until then.
      await page.waitForFunction(() => {
        const top = document.querySelector(".step-4")?.getBoundingClientRect().top ?? 0;
        scrollBy({ top: top - 80, behavior: "instant" });
        return !document.querySelector(".story.pinned");
      });
      await ready(page, 4);
      await says(page, "After 300 steps", "values4");
      await page.waitForFunction(() => location.hash === "#story/4");
      await page.locator('.progress [aria-current="step"]').filter({ hasText: "4" }).waitFor();
    }));

  test("later figures, and the plots of other views, are loaded when they are needed", () =>
    onPage("", async (page) => {
      await ready(page, 1);
      const loaded = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
      expect((await loaded()).filter((name) => /step[345]-|uPlot/.test(name))).toEqual([]);
      await page.locator(".step-5").scrollIntoViewIfNeeded();
      await ready(page, 5);
      expect((await loaded()).filter((name) => /step5-/.test(name))).toHaveLength(1);
    }));

  test("guides that the story points to have these names and headings", () => {
    const pages = new Map(
      ["MATH", "models", "training", "what-the-ntk-tells-you"].map((name) => {
        const text = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8");
        const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading);
        return [`${name}.html`, headings.map(slug)];
      }),
    );
    const links = STEPS.flatMap(({ links: all }) => all.map(([, address]) => address));
    const guides = links.filter((address) => !address.startsWith("#"));
    expect(guides).toHaveLength(STEPS.length);
    for (const address of [...guides, guide("training")]) {
      const [, file, heading] = /^\.\.\/documents\/([^#]+)#?(.*)$/.exec(address) ?? [];
      expect([...pages.keys()]).toContain(file);
      if (heading) expect(pages.get(file)).toContain(heading);
    }
    // The other links are addresses of views.
    for (const address of links.filter((one) => one.startsWith("#")))
      expect(address).toMatch(/^#(features|regression|training)\?/);
  });
});
/** The anchor of a heading. */
const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");

describe("step 1", () => {
  const SUM = ".step-1 .figure .curve.sum";
  const weightsIn = (page: Page) =>
    page.evaluate(() => (new URLSearchParams(location.hash.split("?")[1]).get("w") ?? "").split(",").map(Number));

  test("a ring that is dragged changes its unit and the sum, as the formula says", () =>
    onPage("story/1", async (page) => {
      await drawn(page, SUM);
      const before = await dOf(page, SUM);
      const ring = await box(page, '.step-1 [aria-label^="Unit 3: its"]');
      await page.mouse.move(ring.x, ring.y);
      await page.mouse.down();
      await page.mouse.move(ring.x + 40, ring.y - 60, { steps: 5 });
      await page.mouse.up();
      await changes(page, SUM, before);
      await page.waitForFunction(() => location.hash.includes("w="));
      const weights = await weightsIn(page);
      const start = createNetwork({ ...SMALL, inputs: 1 }).parameters;
      expect(weights[3]).toBeGreaterThan(start[3] + 0.5);
      expect(weights[11]).not.toBeCloseTo(start[11], 1);
      expect(weights[2]).toBeCloseTo(start[2], 1);
      await page.locator(".step-1 h3").filter({ hasText: "Unit 3" }).waitFor();
      await expect
        .poll(async () => largest((await drawn(page, SUM)).points.map(([x, y]) => Math.abs(y - textbook(weights, x)))))
        .toBeLessThan(0.1);
      expectDrawn(await drawn(page, SUM), (x) => textbook(weights, x));
    }));

  test("arrow keys and sliders do the same; a shared address shows the same curve", () =>
    onPage("story/1", async (page) => {
      await drawn(page, SUM);
      const before = await dOf(page, SUM);
      await page.locator('.step-1 [aria-label^="Unit 1: its"]').focus();
      await page.keyboard.press("ArrowUp");
      await page.keyboard.press("Shift+ArrowUp");
      await changes(page, SUM, before);
      await page.getByLabel("Constant a").fill("0.5");
      await page.getByRole("button", { name: "Unit 4" }).first().focus();
      await page.keyboard.press("Enter");
      await page.getByLabel("Output weight b").fill("2");
      await page.waitForFunction(() => location.hash.includes("w=0.5,"));
      const weights = await weightsIn(page);
      const start = createNetwork({ ...SMALL, inputs: 1 }).parameters;
      expect(weights[1]).toBeCloseTo(start[1] + 1.2, 1);
      expect([weights[0], weights[4]]).toEqual([0.5, 2]);
      await page.reload();
      await ready(page, 1);
      expectDrawn(await drawn(page, SUM), (x) => textbook(weights, x));
    }));

  test("values are read under the pointer and by keys", () =>
    onPage("story/1", async (page) => {
      await drawn(page, SUM);
      await page.locator('.step-1 [aria-label^="Place to read"]').focus();
      await says(page, /^x = 0\.00: −1\.37 \+ \(.*\) = −/, "values1");
      await page.keyboard.press("ArrowRight");
      await says(page, "x = 0.05:", "values1");
      await page.locator(".step-1 .figure").hover({ position: { x: 60, y: 60 } });
      await says(page, "x = −2", "values1");
    }));
});

describe("step 2", () => {
  const start = createNetwork({ ...SMALL, inputs: 1 }).parameters;
  /** The derivative by a weight: a central difference. */
  const feature = (p: number, x: number) => {
    const at = (by: number) =>
      textbook(
        start.map((w: number, i: number) => (i === p ? w + by : w)),
        x,
      );
    return (at(1e-5) - at(-1e-5)) / 2e-5;
  };
  const PANELS = [[0], [1, 2, 3, 4], [9, 10, 11, 12], [5, 6, 7, 8]];

  test("all four families are drawn, each curve a derivative by its weight", () =>
    onPage("story/2", async (page) => {
      await drawn(page, ".step-2 .keep .curve.linear");
      for (const [i, weights] of PANELS.entries()) {
        for (const [j, p] of weights.entries()) {
          const curve = await drawn(page, `.step-2 .four > :nth-child(${i + 1}) g[clip-path] path:nth-child(${j + 1})`);
          expectDrawn(curve, (x) => feature(p, x));
        }
      }
      await page.locator('.step-2 .four [role="slider"]').nth(2).focus();
      const bells = PANELS[2].map((p) => feature(p, 0).toFixed(2).replace("-", "−").replace("−0.00", "0.00"));
      await page
        .locator(".step-2 .stage .values")
        .filter({ hasText: `Bells at x = 0.00: ${bells.join(", ")}` })
        .waitFor();
    }));

  test("the sliders' changes add up", () =>
    onPage("story/2?a=0.3&b2=-0.5&d4=0.4", async (page) => {
      const sum = (changes: [number, number][]) => (x: number) =>
        changes.reduce((f, [p, by]) => f + by * feature(p, x), textbook(start, x));
      const given: [number, number][] = [
        [0, 0.3],
        [2, -0.5],
        [12, 0.4],
      ];
      expectDrawn(await drawn(page, ".step-2 .keep .curve.linear"), sum(given));
      const before = await dOf(page, ".step-2 .keep .curve.linear");
      await page.getByLabel("Change of c").fill("0.25");
      await changes(page, ".step-2 .keep .curve.linear", before);
      expectDrawn(await drawn(page, ".step-2 .keep .curve.linear"), sum([...given, [6, 0.25]]));
      const moved = start.slice();
      for (const [p, by] of [...given, [6, 0.25]]) moved[p] += by;
      expectDrawn(await drawn(page, ".step-2 .keep .curve.network"), (x) => textbook(moved, x));
      await says(page, "4 of 13 weights changed", "values2");
      await page.waitForFunction(() => location.hash.includes("c2=0.25"));
    }));
});

describe("step 3", () => {
  const FIT = ".step-3 .curve.linear";
  const NOW = ".step-3 .curve.network";

  test("the regression follows a point that is moved", () =>
    onPage("story/3?ridge=-3", async (page) => {
      await drawn(page, FIT);
      const before = await dOf(page, FIT);
      const ring = await box(page, '.step-3 [aria-label="Point 5"]');
      await page.mouse.move(ring.x, ring.y);
      await page.mouse.down();
      await page.mouse.move(ring.x, ring.y - 120, { steps: 6 });
      await page.mouse.up();
      await page.waitForFunction(() => location.hash.includes("p="));
      await changes(page, FIT, before);
      const [x, y] = await page.evaluate(() =>
        (new URLSearchParams(location.hash.split("?")[1]).get("p") ?? "").split("_")[4].split(",").map(Number),
      );
      expect(y).toBeGreaterThan(1);
      await expect
        .poll(async () => {
          const { points } = await drawn(page, FIT);
          return Math.abs(points.reduce((near, p) => (Math.abs(p[0] - x) < Math.abs(near[0] - x) ? p : near))[1] - y);
        })
        .toBeLessThan(0.4);
    }));

  test("training begins at the network and ends in the regression; the ridge smooths", () =>
    onPage("story/3", async (page) => {
      await says(page, "Training has arrived at the regression", "values3");
      const end = await drawn(page, NOW);
      const fit = await drawn(page, FIT);
      const apart = end.points.map(([, y], i) => Math.abs(y - fit.points[i][1]));
      expect(largest(apart)).toBeLessThan(2 * fit.pixel);
      await page.getByLabel("Steps of training").fill("0");
      await says(page, "Training has 100 % of its way to go", "values3");
      expect(await dOf(page, NOW)).toBe(await dOf(page, ".step-3 .curve.faint"));
      const free = async () =>
        Number(/leaves ([\d.]+)/.exec((await page.locator("#values3").textContent()) ?? "")?.[1]);
      const few = await free();
      await page.getByLabel("Ridge λ").fill("1");
      await page.waitForFunction(
        (old) => !document.querySelector("#values3")?.textContent?.includes(`leaves ${old} `),
        few,
      );
      expect(await free()).toBeLessThan(few);
    }));
});

describe("step 4", () => {
  const facts = (page: Page) => page.locator(".racer .facts").allTextContents();

  test("the gap falls with the width, in both rows", () =>
    onPage("story/4", async (page) => {
      await says(page, "After 300 steps at 50 % of the largest stable rate", "values4");
      const gaps = (await facts(page)).map((text) => Number(/gap ([\d.]+)/.exec(text)?.[1]));
      expect(gaps).toHaveLength(6);
      for (const row of [gaps.slice(0, 3), gaps.slice(3)]) {
        expect(row[1]).toBeLessThan(row[0]);
        expect(row[2]).toBeLessThan(row[1]);
      }
      await page.getByLabel("Step of training").fill("0");
      for (const text of await facts(page)) expect(text).toMatch(/^gap 0\s% · kernel moved 0\s%$/);
    }));

  test("past the bound the story says what diverges and what settles, and the curves do so", () =>
    onPage("story/4", async (page) => {
      await says(page, "After 300 steps", "values4");
      await page.getByLabel("Rate, of the largest stable one").fill("1.5");
      await says(page, "This is past the bound: every first-order model diverges.", "values4");
      await page.waitForFunction(() => location.hash.includes("share=1.5"));
      const told = (await page.locator("#values4").textContent()) ?? "";
      const texts = await facts(page);
      const names = ["LeCun 4", "LeCun 32", "LeCun 512", "“ntk” 4", "“ntk” 32", "“ntk” 512"];
      const [settled = "", diverged = ""] = [/nevertheless: ([^.]*)\./, /diverge too: ([^.]*)\./].map(
        (pattern) => pattern.exec(told)?.[1] ?? "",
      );
      for (const [i, name] of names.entries()) {
        const gone = /network diverged at step \d+/.test(texts[i]);
        if (!gone) expect(texts[i]).toContain("gap without bound");
        expect(diverged.split(", ").includes(name)).toBe(gone);
      }
      const neither = /neither within 300 steps: ([^.]*)\./.exec(told)?.[1] ?? "";
      const all = [settled, neither, diverged].flatMap((list) => (list ? list.split(", ") : []));
      expect(all.sort()).toEqual([...names].sort());
      expect(settled.split(", ")).toEqual(expect.arrayContaining(["LeCun 32", "LeCun 512"]));
      expect(diverged.split(", ")).toContain("“ntk” 512");
      // A network that settles is still drawn, near the data.
      const { points } = await drawn(page, '[data-racer="lecun-512"] .curve.network');
      expect(largest(points.map(([, y]) => Math.abs(y)))).toBeLessThan(4);
    }));

  test("the race plays to its end by itself, unless little motion is wanted", async () => {
    await onPage("story/4", (page) => page.getByRole("button", { name: "To the start" }).last().waitFor());
    await onPage(
      "story/4",
      async (page) => {
        const step = page.locator('.step-4 output[for="story-step"]');
        await page.locator(".step-4").getByRole("button", { name: "Pause" }).click();
        expect(Number(await step.textContent())).toBeLessThan(300);
        await page.locator(".step-4").getByRole("button", { name: "Play" }).click();
        await step.filter({ hasText: "300" }).waitFor();
      },
      { ...DESK, reducedMotion: "no-preference" },
    );
  });
});

test("step 5: the winners are those that the words name, for ten seeds too", () =>
  onPage("story/5", async (page) => {
    await page.locator('[data-rivals="edge"][data-winner="network"]').waitFor();
    await page.locator('[data-rivals="plane"][data-winner="kernel"]').waitFor();
    // On the right both are about equally good at their lowest points.
    const [, a, b] =
      /Lowest.* network ([\d.]+), kernel ([\d.]+)\./.exec(
        (await page.locator('[data-rivals="plane"] .facts').first().textContent()) ?? "",
      ) ?? [];
    expect(Math.abs(Number(a) / Number(b) - 1)).toBeLessThan(0.1);
    const before = await dOf(page, '[data-rivals="edge"] .curve.network');
    await page.getByLabel("Seed of data and start").fill("7");
    await changes(page, '[data-rivals="edge"] .curve.network', before);
    await page.locator(".rivals .facts").filter({ hasText: "Seed 7, step 1000" }).first().waitFor();
    await page.getByRole("button", { name: "Try seeds 1 to 10" }).click();
    await says(page, "10 seeds tried.", "values5");
    const tallies = await page.locator(".rivals .strip").allTextContents();
    expect(tallies).toEqual([
      "Of 10 seeds the network wins 10, the kernel 0.",
      "Of 10 seeds the network wins 0, the kernel 10.",
    ]);
  }));
