/** Lists of all activations and of all initialisations in the documents are those of the tables. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ACTIVATIONS } from "../src/model/activation.js";
import { INITS } from "../src/model/initSchemes.js";

const root = join(import.meta.dirname, "..");
const PAGES = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);

/** Code spans of bare words, three or more, of which most are among the names: each is meant as the whole list. */
function listsOf(text: string, names: readonly string[]): string[][] {
  const spans = [...text.matchAll(/`([A-Za-z]+(?:\s+[A-Za-z]+){2,})`/g)].map(([, span]) => span.split(/\s+/));
  return spans.filter((words) => words.filter((word) => names.includes(word)).length > words.length / 2);
}

test("a list is found by its names, one that is short too", () => {
  const text = "Either `relu tanh new` or\n`relu\ntanh erf`, not `npm run test` nor `relu`.";
  expect(listsOf(text, ["relu", "tanh", "erf"])).toEqual([
    ["relu", "tanh", "new"],
    ["relu", "tanh", "erf"],
  ]);
});

describe.each([
  ["activations", Object.keys(ACTIVATIONS)],
  ["initialisations", INITS.filter((init) => !init.endsWith("Uniform"))],
])("%s", (what, names) => {
  const lists = PAGES.flatMap((page) =>
    listsOf(readFileSync(join(root, page), "utf8"), names).map((list) => ({ page, list })),
  );

  test(`some page lists the ${what}`, () => {
    expect(lists.map(({ page }) => page)).not.toEqual([]);
  });

  test.each(lists)("$page: all of them, and no others", ({ page, list }) => {
    expect(list.toSorted(), `the list of ${what} in ${page}`).toEqual(names.toSorted());
  });
});
