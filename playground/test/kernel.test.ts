// The kernel view: the parts of the infinite kernel against Cho and Saul's closed form, axes and marker, convergence.
import { createNetwork, load } from "ntk-wasm";
import { describe, expect, test } from "vitest";
import { kernel } from "../src/compute/kernel";
import { largest } from "./extremes";
import { inPlot, onPage, PHONE, picture, says, textOf } from "./page";

const grid = Float64Array.from({ length: 13 }, (_, i) => -3 + i / 2);
const asked = { weightStd: 2, biasStd: 1.5, seed: 3, grid, init: "ntk", activation: "relu" } as const;

/** The block's part of the infinite kernel of relu, f = βa + (α/√m) Σ bσ(αcx + βd) (Cho and Saul 2009). */
function part(block: string, x: number, y: number): number {
  const [alpha, beta] = [asked.weightStd, asked.biasStd];
  const q = (s: number, t: number) => alpha ** 2 * s * t + beta ** 2;
  const [product, root] = [q(x, y), Math.sqrt(q(x, x) * q(y, y))];
  const angle = Math.acos(Math.min(1, Math.max(-1, product / root)));
  const values = (root * (Math.sin(angle) + (Math.PI - angle) * Math.cos(angle))) / (2 * Math.PI);
  const slopes = (Math.PI - angle) / (2 * Math.PI);
  const parts: Record<string, number> = {
    a: beta ** 2,
    b: alpha ** 2 * values,
    c: alpha ** 2 * alpha ** 2 * slopes * x * y,
    d: alpha ** 2 * beta ** 2 * slopes,
  };
  return block === "all" ? Object.values(parts).reduce((sum, one) => sum + one) : parts[block];
}

describe("numbers", async () => {
  const ntk = await load();

  test.each(["all", "a", "b", "c", "d"])("the map of %s with infinite width shows it and nothing else", (block) => {
    const { data, shares } = kernel(ntk, { ...asked, width: 0, block });
    const expected = Float64Array.from({ length: grid.length ** 2 }, (_, at) =>
      part(block, grid[Math.floor(at / grid.length)], grid[at % grid.length]),
    );
    const size = largest(expected.map(Math.abs));
    for (const [at, value] of data.entries()) expect(Math.abs(value - expected[at])).toBeLessThan(1e-7 * size);
    const trace = (name: string) => grid.reduce((sum, x) => sum + part(name, x, x), 0);
    for (const [name, share] of Object.entries(shares)) expect(share).toBeCloseTo(trace(name) / trace("all"), 7);
  });

  test("parts of a finite kernel add up to it, and so do the shares", () => {
    const of = (block: string) => kernel(ntk, { ...asked, width: 6, block }).data;
    const [whole, ...parts] = ["all", "a", "b", "c", "d"].map(of);
    const K = ntk.kernel(createNetwork({ ...network(), inputs: 1 }), grid).data;
    for (const [at, value] of whole.entries()) {
      expect(value).toBe(K[at]);
      expect(Math.abs(parts.reduce((sum, one) => sum + one[at], 0) - value)).toBeLessThan(1e-12 * K[0]);
    }
    const { shares } = kernel(ntk, { ...asked, width: 6, block: "all" });
    expect(Object.values(shares).reduce((sum, one) => sum + one)).toBeCloseTo(1, 12);
  });
});

function network() {
  const { weightStd, biasStd, seed, init, activation } = asked;
  return { weightStd, biasStd, seed, init, activation, hidden: 6 };
}

describe("the page", () => {
  test("values of the heat map are read by keyboard, and a marker is where they are", () =>
    onPage("kernel?points=16", async (page) => {
      await says(page, "of 16 eigenvalues above rounding");
      const [value, marker] = [() => textOf(page, ".reading"), () => page.locator(".marker").boundingBox()];
      const [before, from] = [await value(), await marker()];
      await page.getByLabel("x (down)").press("Home");
      expect(await value()).toMatch(/^Θ\(−3, /);
      expect(await value()).not.toBe(before);
      const [to, cells] = [await marker(), await page.locator(".heat").boundingBox()];
      expect(to?.y).toBeLessThan(from?.y ?? 0);
      // The middle of the first of 16 rows.
      expect((to?.y ?? 0) + (to?.height ?? 0) / 2 - (cells?.y ?? 0)).toBeCloseTo((cells?.height ?? 0) / 32, 0);
      expect(await page.getByLabel("x (down)").getAttribute("aria-valuetext")).toContain("= ");
    }));

  test("the axes count from −3 to 3, down and to the right", () =>
    onPage("kernel?points=16", async (page) => {
      await says(page, "of 16 eigenvalues");
      for (const side of ["down", "right"]) {
        const texts = await page.locator(`.heatmap .${side} span`).allTextContents();
        expect(texts).toEqual(["−3", "−2", "−1", "0", "1", "2", "3"]);
      }
    }));

  test("the map of c with infinite width is not the map of the whole", () =>
    onPage("kernel?points=16&width=13&activation=erf", async (page) => {
      await says(page, "Infinite width: ");
      const whole = await picture(page, ".heat");
      await page.locator("#c-block").selectOption("c");
      await page.locator("h2").filter({ hasText: "Heat map: the part of c" }).waitFor();
      expect(await picture(page, ".heat")).not.toBe(whole);
      // Products x x′ vanish where x does.
      expect(await textOf(page, ".reading")).toMatch(/^Θ_c\(/);
      expect(await page.locator(".shares .bar").count()).toBe(4);
    }));

  test("a tap reads a cell", () =>
    onPage(
      "kernel?points=16",
      async (page) => {
        await says(page, "of 16 eigenvalues");
        await page.touchscreen.tap(...(await inPlot(page, 0.01, 0.99, ".heat")));
        await page.locator(".reading").filter({ hasText: "Θ(3, −3) =" }).waitFor();
      },
      PHONE,
    ));

  test("finite kernels come near the infinite one as m^(−½)", () =>
    onPage("kernel?activation=erf", async (page) => {
      await says(page, "eigenvalues above rounding");
      await page.getByRole("button", { name: "Draw networks" }).click();
      await says(page, "One network of width 2048", "convergence");
      const [, single, mean] =
        /is ([\d.]+) % from the limit, the mean of 24 is ([\d.]+) %/.exec(await textOf(page, "#convergence")) ?? [];
      // A relative deviation of a few times m^(−½) = 2.2 %; the mean of 24 networks is nearer by about √24.
      expect(Number(single)).toBeLessThan(10);
      expect(Number(mean)).toBeLessThan(Number(single) / 2);
      await says(page, "One network of width 2048", "announcer");
    }));

  test("drawing networks is cancelled", () =>
    onPage("kernel", async (page) => {
      await page.getByRole("button", { name: "Draw networks" }).waitFor();
      // Both clicks in one task of the page: all networks may be drawn before a second one from here.
      await page.evaluate(() => {
        const press = (text: string) =>
          [...document.querySelectorAll("button")].find((button) => button.textContent === text)?.click();
        press("Draw networks");
        press("Cancel");
      });
      await says(page, "Cancelled", "convergence");
    }));
});
