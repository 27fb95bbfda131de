// The frame around the views: what loads, what does not, colours, the phone, legends, help.
import type { Page } from "playwright";
import { describe, expect, test } from "vitest";
import { unitColor } from "../src/palette";
import { largest, smallest } from "./extremes";
import { DESK, finger, inPlot, newPage, onPage, openView, PHONE, picture, says, site, textOf, VIEWS } from "./page";

describe("loading", () => {
  /** What the notice says where answers are altered on their way. */
  async function notice(alter: (page: Page) => Promise<unknown>, hash = "regression?data=wave"): Promise<string> {
    const page = await newPage();
    await alter(page);
    await page.goto(`${site.url}#${hash}`);
    await page.locator("#notice:not(.loading):not(:empty)").waitFor();
    const text = await textOf(page, "#notice");
    if (text.startsWith("Computed in JavaScript")) await says(page, "9 points. ");
    else await page.locator(".error").filter({ hasText: "The worker that computes" }).waitFor();
    await page.close();
    return text;
  }
  /** Everything with a policy: documents and workers have one each. */
  const policy = (text: string) => (page: Page) =>
    page.context().route("**/*", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, headers: { ...answer.headers(), "content-security-policy": text } });
    });

  test("a worker's script that is not there", async () => {
    const gone = (page: Page) => page.context().route("**/worker-*.js", (route) => route.fulfill({ status: 404 }));
    expect(await notice(gone)).toContain("could not be started: its script could not be fetched");
  });

  test("a policy that forbids workers", async () => {
    expect(await notice(policy("worker-src 'none'"))).toContain("content security policy forbids it (worker-src)");
  });

  test("a policy that forbids WebAssembly: JavaScript computes, and the page says why", async () => {
    expect(await notice(policy("script-src 'self'"))).toMatch(/^Computed in JavaScript, .*Content Security Policy/i);
  });

  test("a browser without WebAssembly", async () => {
    const without = (page: Page) =>
      page.context().route("**/worker-*.js", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, body: `${await answer.text()};delete globalThis.WebAssembly;` });
      });
    expect(await notice(without)).toContain("this browser has no WebAssembly");
  });

  test("the page says that it loads until it has", async () => {
    const page = await newPage();
    let go = () => {};
    const held = new Promise<void>((resolve) => {
      go = resolve;
    });
    await page.context().route("**/*.wasm", async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${site.url}#features`);
    await page.locator("#notice.loading").filter({ hasText: "Loading" }).waitFor();
    go();
    await says(page, "9 units");
    await page.locator("#notice:empty").waitFor({ state: "attached" });
    await page.close();
  });
});

describe("colours", () => {
  /** Contrast of every ink of a curve with the background, by WCAG 2.2. */
  async function contrasts(page: Page): Promise<Record<string, number>> {
    const [lightness, chroma] = await page.evaluate(() =>
      ["--unit-lightness", "--unit-chroma"].map((name) =>
        getComputedStyle(document.documentElement).getPropertyValue(name),
      ),
    );
    const units = Array.from({ length: 40 }, (_, i) => unitColor(i + 1, lightness, chroma));
    const inks = ["accent", "second", "point", "sample", "faint"].map((name) => `var(--${name})`);
    return page.evaluate(
      ([colours]) => {
        const canvas = document.createElement("canvas");
        const context = canvas.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
        const probe = document.body.appendChild(document.createElement("span"));
        const computed = (colour: string) => {
          probe.style.color = "";
          probe.style.color = colour;
          return getComputedStyle(probe).color;
        };
        const luminance = (colour: string) => {
          for (const layer of ["var(--background)", colour]) {
            context.fillStyle = computed(layer);
            context.fillRect(0, 0, 1, 1);
          }
          const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
            const c = byte / 255;
            return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const back = luminance("var(--background)");
        const ratio = (colour: string) => {
          const own = luminance(colour);
          return (Math.max(own, back) + 0.05) / (Math.min(own, back) + 0.05);
        };
        return Object.fromEntries(colours.map((colour) => [colour, ratio(colour)]));
      },
      [[...inks, ...units]],
    );
  }

  test.each(["light", "dark"] as const)("every curve has a contrast of 3 : 1 and more, %s", (colorScheme) =>
    onPage(
      "features",
      async (page) => {
        const all = await contrasts(page);
        expect(Object.keys(all)).toHaveLength(45);
        expect(Object.entries(all).filter(([, ratio]) => ratio < 3)).toEqual([]);
      },
      { ...DESK, colorScheme },
    ),
  );

  test("a change to dark recolours the plots of the regression, and keeps its points", () =>
    onPage(
      "regression?f=0,1.5,0,1&p=0,0_1,0.5",
      async (page) => {
        await says(page, "2 points. ");
        const image = await picture(page);
        await page.evaluate(() => document.querySelector("canvas")?.setAttribute("data-kept", ""));
        await page.emulateMedia({ colorScheme: "dark" });
        await page.waitForFunction(
          (before) => document.querySelector<HTMLCanvasElement>("canvas[data-kept]")?.toDataURL() !== before,
          image,
        );
        await says(page, "2 points. ");
        expect(await page.locator("canvas[data-kept]").count()).toBe(1);
      },
      { ...DESK, colorScheme: "light" },
    ));

  test("forced colours keep bars, the current tab and the curves visible", () =>
    onPage(
      "kernel?points=16",
      async (page) => {
        await says(page, "of 16 eigenvalues");
        const paint = (selector: string) =>
          page
            .locator(selector)
            .first()
            .evaluate((element) => getComputedStyle(element).backgroundColor);
        const page_ = await paint("html");
        for (const selector of [".shares .bar", "nav a[aria-current]", ".swatch.dots"])
          expect(await paint(selector)).not.toBe(page_);
        expect(smallest(Object.values(await pixels(page)))).toBeGreaterThan(1);
      },
      { ...DESK, forcedColors: "active" },
    ));

  /** How many colours the spectrum's canvas has. */
  const pixels = (page: Page) =>
    page
      .locator(".u-wrap canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(
          0,
          0,
          canvas.width,
          canvas.height,
        );
        return { colours: new Set(new Uint32Array(data.buffer)).size };
      });
});

describe("legends and help", () => {
  test("the values at the pointer stand beside their swatches", () =>
    onPage("training?horizon=2", async (page) => {
      await says(page, "Trained: step 100,");
      await page.mouse.move(...(await inPlot(page, 0.5, 0.5)));
      const first = page.locator(".keys").first();
      await first.locator(".value").filter({ hasText: /\d/ }).first().waitFor();
      expect(await first.locator("li").allTextContents()).toEqual([
        expect.stringMatching(/^network −?\d/),
        expect.stringMatching(/^first-order model −?\d/),
        "data",
      ]);
    }));

  test.each(["features", "training", "kernel"])("every control of %s has a line of help", (view) =>
    onPage(view, async (page) => {
      const lines = await page
        .locator("aside .controls :is(input, select)")
        .evaluateAll((inputs) =>
          inputs.map(
            (input) => document.getElementById(input.getAttribute("aria-describedby") ?? "")?.textContent ?? "",
          ),
        );
      expect(lines.length).toBeGreaterThan(5);
      for (const line of lines) expect(line).toMatch(/^.{5,60}$/);
    }),
  );
});

describe("phone", () => {
  test("nothing is wider than the screen, and a plot is in sight while any control moves", () =>
    onPage(
      "regression?data=wave",
      async (page) => {
        for (const view of VIEWS) {
          await openView(page, view);
          if (view === "speed") await page.locator(".times").first().waitFor();
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            view,
          ).toBeLessThanOrEqual(0);
          if (view === "speed") continue;
          await page.getByRole("button", { name: "Settings", exact: true }).click();
          const inputs = await page.locator("aside .controls input[type=range]").all();
          for (const input of [inputs[0], inputs[inputs.length - 1]]) {
            await input.press("ArrowRight");
            expect(await bestSeen(page), view).toBeGreaterThan(0.85);
          }
        }
      },
      PHONE,
    ));

  /** The largest share of a plot that is in sight, above the sheet. */
  const bestSeen = async (page: Page) =>
    largest(
      await page.evaluate(() => {
        const sheet = document.querySelector("aside")?.getBoundingClientRect().top ?? innerHeight;
        return [...document.querySelectorAll(".plot, .heat")].map((plot) => {
          const { top, bottom, height } = plot.getBoundingClientRect();
          return (Math.min(bottom, sheet) - Math.max(0, top)) / height;
        });
      }),
    );

  test("the sheet opens and closes by keyboard, and closed it hides its controls", () =>
    onPage(
      "features",
      async (page) => {
        const handle = page.getByRole("button", { name: "Settings", exact: true });
        await handle.focus();
        expect(await page.locator("#c-width").isVisible()).toBe(false);
        await page.keyboard.press("Enter");
        await page.locator("#c-width").waitFor();
        await page.locator("#c-width").focus();
        await page.keyboard.press("Escape");
        await page.locator("#c-width").waitFor({ state: "hidden" });
        expect(await handle.evaluate((button) => button === document.activeElement)).toBe(true);
      },
      PHONE,
    ));

  test("a swipe from a point scrolls the page, a hold drags the point, a tap adds one", () =>
    onPage(
      "regression?f=0,1.5,0,1&p=0,0_1,0.5",
      async (page) => {
        await says(page, "2 points. ");
        const hand = await finger(page);
        const at = () => inPlot(page, 0.5, 0.5, ".editable .u-over");
        const from = await at();
        const before = await page.evaluate(() => scrollY);
        await hand.down(from);
        await hand.move(from, [0, -120]);
        await hand.up();
        await page.waitForFunction((y) => scrollY > y + 40, before);
        expect(page.url()).toContain("p=0,0_1,0.5");
        const held = await at();
        const scrolled = await page.evaluate(() => scrollY);
        await hand.down(held);
        await page.locator(".editable.held").waitFor();
        await hand.move(held, [0, -50]);
        await hand.up();
        await page.waitForFunction(() => !location.hash.includes("p=0,0_"));
        expect(await page.evaluate(() => scrollY)).toBe(scrolled);
        await page.touchscreen.tap(...(await inPlot(page, 0.25, 0.75, ".editable .u-over")));
        await says(page, "3 points. ");
      },
      PHONE,
    ));
});
