// The feature view: its numbers against the formula, and its curves under mouse, finger and keyboard.
import { createNetwork, load } from "ntk-wasm";
import { describe, expect, test } from "vitest";
import { features } from "../src/compute/features";
import { ACTIVATIONS, INITS, looks } from "../src/views/shared";
import { largest, smallest } from "./extremes";
import { finger, inPlot, onPage, PHONE, picture, says, textOf } from "./page";

const grid = Float64Array.from({ length: 25 }, (_, i) => -3 + i / 4);
const SIGMA: Record<string, [value: (z: number) => number, slope: (z: number) => number]> = {
  sigmoid: [(z) => 1 / (1 + Math.exp(-z)), (z) => 1 / (2 + Math.exp(z) + Math.exp(-z))],
  relu: [(z) => Math.max(0, z), (z) => Number(z > 0)],
  identity: [(z) => z, () => 1],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
};
const distance = (a: Float64Array, b: Float64Array) => a.reduce((top, v, i) => Math.max(top, Math.abs(v - b[i])), 0);

describe("numbers", async () => {
  const ntk = await load();
  const network = { hidden: 7, weightStd: 3, biasStd: 2, seed: 5 };

  test.each(Object.keys(INITS))("curves are σ(z), bσ′(z) and xbσ′(z) of the weights that are named, %s", (init) => {
    for (const [activation, [value, slope]] of Object.entries(SIGMA)) {
      const asked = { ...network, init, activation } as Parameters<typeof features>[1]["network"];
      const { families, units } = features(ntk, { network: asked, grid });
      for (const [j, { b, c, d }] of units.entries()) {
        const z = grid.map((x) => c * x + d);
        expect(distance(families.b[j], z.map(value))).toBeLessThan(1e-13 * (1 + largest(z.map(Math.abs))));
        const slopes = z.map((one) => b * slope(one));
        expect(distance(families.d[j], slopes)).toBeLessThan(1e-13 * (1 + Math.abs(b)));
        expect(
          distance(
            families.c[j],
            grid.map((x, i) => x * slopes[i]),
          ),
        ).toBeLessThan(1e-12 * (1 + Math.abs(b)));
      }
      // f = a + Σ b σ(c x + d), whatever the parametrisation.
      const f = ntk.forward(createNetwork({ ...asked, inputs: 1 }), grid).data;
      const sums = grid.map((x) => units.reduce((sum, { b, c, d }) => sum + b * value(c * x + d), 0));
      const rest = f.map((v, i) => v - sums[i]);
      expect(largest(rest) - smallest(rest)).toBeLessThan(1e-11);
    }
  });

  test("under NTK the scales make the kernel of the curves, and σ stays below 1", () => {
    const asked = { ...network, init: "ntk", activation: "sigmoid" } as const;
    const { families, scales, scaled } = features(ntk, { network: asked, grid });
    expect(scaled).toBe(true);
    expect(largest(families.b.flatMap((curve) => [...curve]))).toBeLessThanOrEqual(1);
    const K = ntk.kernelDiagonal(createNetwork({ ...asked, inputs: 1 }), grid);
    const sum = grid.map((_, i) =>
      (["b", "c", "d"] as const).reduce(
        (all, name) => all + families[name].reduce((part, curve) => part + (scales[name] * curve[i]) ** 2, 0),
        asked.biasStd ** 2,
      ),
    );
    expect(distance(sum, K)).toBeLessThan(1e-11 * largest(K));
  });

  test("each activation says what its features look like", () => {
    for (const name of Object.keys(ACTIVATIONS))
      for (const text of Object.values(looks(name))) expect(text).not.toBe("");
    expect(looks("relu")).toMatchObject({ b: "Ramps", d: "Steps" });
  });
});

describe("the page", () => {
  test("a unit's three features come forward together", () =>
    onPage("features", async (page) => {
      await says(page, "9 units, 28 features");
      const image = await picture(page);
      await page.getByLabel("Unit 4", { exact: true }).focus();
      await says(page, "Unit 4: b =");
      expect(await picture(page)).not.toBe(image);
      await says(page, "Unit 4: b =", "announcer");
    }));

  test("titles follow the activation; NTK says its scales, and a centre that is −d/c", () =>
    onPage("features?activation=relu&init=ntk&unit=2", async (page) => {
      await says(page, "Unit 2: b =");
      expect(await page.locator("section h2").allTextContents()).toEqual([
        "Ramps, ∂f/∂b",
        "Steps, ∂f/∂d",
        "Lines that begin with a jump, ∂f/∂c",
      ]);
      await says(page, "∂f/∂b times 1.33", "scales");
      const numbers = (await textOf(page, "#status")).replaceAll("−", "-").match(/-?\d+(\.\d+)?(e-?\d+)?/g) ?? [];
      const [c, d, centre] = numbers.slice(2).map(Number);
      expect(centre).toBeCloseTo(-d / c, 1);
      await page.locator("#c-init").selectOption("lecun");
      await page.locator("#scales:empty").waitFor({ state: "attached" });
    }));

  test("the nearest curve counts in both directions: beside a steep flank too", () =>
    onPage("features?width=1&weightStd=12&seed=11", async (page) => {
      await says(page, "1 units");
      const [, c, d] = await steep(page);
      const box = await page.locator(".u-over").first().boundingBox();
      // Half-way up the flank, ten pixels beside it: the curve is far above or below.
      const beside = (-d / c + 3) / 6 + 10 / (box?.width ?? 1);
      await page.mouse.move(...(await inPlot(page, beside, 0.5)));
      await says(page, /^Unit 1: b = .* At x = \S+: σ\(z\) = \d/);
      await page.mouse.move(...(await inPlot(page, beside + 0.3, 0.5)));
      await says(page, "1 units");
    }));

  test("a tap selects and lets go, a swipe scrolls and does neither", () =>
    onPage(
      "features?width=1&weightStd=12&seed=11",
      async (page) => {
        await says(page, "1 units");
        const [, c, d] = await steep(page);
        const flank = await inPlot(page, (-d / c + 3) / 6, 0.5);
        await page.touchscreen.tap(...flank);
        await says(page, "Unit 1: b =");
        await page.waitForFunction(() => location.hash.includes("unit=1"));
        await page.touchscreen.tap(...(await inPlot(page, (-d / c + 3) / 6, 0.5)));
        await says(page, "1 units");
        const from = await inPlot(page, (-d / c + 3) / 6, 0.5);
        const [before, hand] = [await page.evaluate(() => scrollY), await finger(page)];
        await hand.down(from);
        await hand.move(from, [0, -120]);
        await hand.up();
        await page.waitForFunction((y) => scrollY > y + 40, before);
        expect(await textOf(page, "#status")).toMatch(/^1 units/);
      },
      PHONE,
    ));
});

/** b, c and d of the only unit, whose centre is in the plot. */
async function steep(page: Parameters<typeof textOf>[0]): Promise<[number, number, number]> {
  await page.getByLabel("Unit 1", { exact: true }).focus();
  await says(page, "Unit 1: b =");
  const numbers = (await textOf(page, "#status")).replaceAll("−", "-").match(/-?\d+(\.\d+)?/g) ?? [];
  await page.getByLabel("Unit 1", { exact: true }).blur();
  const [b, c, d] = numbers.slice(1).map(Number);
  expect(Math.abs(c)).toBeGreaterThan(8);
  expect(Math.abs(d / c)).toBeLessThan(1.5);
  return [b, c, d];
}
