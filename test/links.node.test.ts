/** Links between the Markdown pages lead to files and headings that are there; not to folders, which a site has not. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const pages = ["", "docs", "examples/data", "test/vectors"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name)),
);
/** Without its code, where brackets are no links and # is no heading. */
const read = (page: string) => readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
/** Anchors of the headings, as GitHub makes them. */
const anchors = (page: string) =>
  [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, "")
      .replaceAll(" ", "-"),
  );

test("links resolve", () => {
  const dead: string[] = [];
  let count = 0;
  for (const page of pages) {
    for (const [, link] of read(page)
      .replace(/`[^`\n]*`/g, "")
      .matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(link)) continue;
      count++;
      const [path, anchor] = link.split("#");
      const target = path ? join(dirname(page), path) : page;
      const there = existsSync(join(root, target)) && statSync(join(root, target)).isFile();
      if (!there || (anchor !== undefined && !anchors(target).includes(anchor))) dead.push(`${page}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
  expect(count).toBeGreaterThan(10);
});

test("every guide is on the site, and the README knows it", () => {
  const { projectDocuments } = JSON.parse(readFileSync(join(root, "typedoc.json"), "utf8"));
  const guides = pages.filter((page) => dirname(page) === "docs");
  expect([...projectDocuments].sort()).toEqual(guides.sort());
  for (const guide of guides) expect(read("README.md")).toContain(`](${guide})`);
});
