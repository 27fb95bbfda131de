// The training view: races, their ends, and what is said of them.
import { load } from "ntk-wasm";
import { describe, expect, test } from "vitest";
import { Race } from "../src/compute/race";
import { DESK, onPage, picture, says, textOf } from "./page";

test("where training diverges the step is counted from the start, not from the frame before", async () => {
  const ntk = await load();
  const X = [-1.5, -0.5, 0.5, 1.5];
  const network = { hidden: 4, init: "ntk", activation: "relu", weightStd: 2, biasStd: 2, seed: 1 } as const;
  const request = { network, X, Y: [1, -1, 1, -1], grid: new Float64Array(X), share: 8 };
  /** The step that a race names when it is asked for these frames. */
  const named = (steps: number[]) => {
    const race = new Race(ntk, request);
    try {
      for (const step of steps) race.frame(step);
    } catch (error) {
      return (error as Error).message;
    } finally {
      race.dispose();
    }
    throw new Error("the race did not diverge");
  };
  const atOnce = named([0, 10_000]);
  expect(atOnce).toMatch(/^Training diverged at step \d+: the rate \S+ is 800 % of the largest/);
  const step = Number(/step (\d+)/.exec(atOnce)?.[1]);
  expect(named([0, step >> 2, step >> 1, 10_000])).toBe(atOnce);
});

describe("the page", () => {
  test("a race runs to its end, is scrubbed and played", () =>
    onPage("training?horizon=2", async (page) => {
      await says(page, "Trained: step 100,");
      await page.locator("#scrub").fill("0");
      await says(page, /^step 0, .*weights moved by 0 %/);
      await page.getByRole("button", { name: "Play" }).click();
      await says(page, /^step 100,/);
    }));

  test("a race is cancelled", () =>
    onPage("training?data=mcycle&width=10&horizon=4", async (page) => {
      await says(page, "step");
      await page.getByRole("button", { name: "Cancel" }).click();
      await says(page, "Cancelled: step");
      expect(await page.getByRole("button", { name: "Cancel" }).isDisabled()).toBe(true);
    }));

  test("an end by divergence is one statement: the frame shown is before the step that is named", () =>
    onPage("training?activation=relu&width=2&share=1.5&weightStd=8", async (page) => {
      await says(page, "The last frame before: step");
      const [, shown] = /step (\d+)/.exec(await textOf(page, "#status")) ?? [];
      const [, diverged] = /diverged at step (\d+)/.exec(await textOf(page, ".error")) ?? [];
      expect(Number(diverged)).toBeGreaterThan(Number(shown));
      expect(await textOf(page, ".error")).toContain("is 150 % of the largest");
    }));

  test("screen readers hear the end of a race, not its frames", () =>
    onPage("training?horizon=2", async (page) => {
      await says(page, "Trained: step 100,");
      await page.evaluate(() => {
        const said: string[] = [];
        Object.assign(globalThis, { said });
        for (const region of document.querySelectorAll("[role=status], [aria-live]"))
          new MutationObserver(() => said.push(region.textContent ?? "")).observe(region, {
            childList: true,
            characterData: true,
            subtree: true,
          });
      });
      await page.locator("#c-seed").press("ArrowRight");
      await page.waitForFunction(() => (globalThis as unknown as { said: string[] }).said.length > 0);
      const said = () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
      expect(await said()).toEqual([expect.stringMatching(/^Trained: step 100,/)]);
    }));

  test("dark colours repaint the plots and keep the race", () =>
    onPage(
      "training?horizon=2",
      async (page) => {
        await says(page, "Trained: step 100,");
        await page.locator("#scrub").fill("20");
        const [status, image] = [await textOf(page, "#status"), await picture(page)];
        await page.evaluate(() => document.getElementById("scrub")?.setAttribute("data-kept", ""));
        await page.emulateMedia({ colorScheme: "dark" });
        await page.waitForFunction((before) => document.querySelector("canvas")?.toDataURL() !== before, image);
        expect(await textOf(page, "#status")).toBe(status);
        expect(await page.locator("#scrub[data-kept]").inputValue()).toBe("20");
      },
      { ...DESK, colorScheme: "light" },
    ));
});
