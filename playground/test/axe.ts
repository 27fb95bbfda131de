// What axe finds on a page that is open.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is serious or critical, but for the rules `theirs`: each rule with the first element that breaks it. */
export async function findings(page: Page, theirs: readonly string[] = []): Promise<string[]> {
  await page.evaluate(AXE);
  const run = () => (globalThis as unknown as { axe: typeof import("axe-core") }).axe.run();
  const { violations } = await page.evaluate(run);
  return violations
    .filter(({ impact, id }) => (impact === "serious" || impact === "critical") && !theirs.includes(id))
    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 100)}`);
}
