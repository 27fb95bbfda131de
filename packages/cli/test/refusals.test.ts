/** Everything that can be wrong: one line on the standard error with its place, an exit status, and nothing written. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FIXED, Folder, smooth } from "./command.js";

const folder = new Folder();
const good = ["a,b,y", ...Array.from({ length: 12 }, (_, i) => `${i},${i % 5},${i * i}`)];
const changed = (row: number, line: string) => [...good.slice(0, row), line, ...good.slice(row + 1)].join("\n");

beforeAll(async () => {
  folder.write("good.csv", good.join("\n"));
  folder.write("smooth.csv", smooth(20).csv);
  const fit = await folder.run(["fit", "good.csv", "--target", "y", "--save", "good.json", ...FIXED]);
  expect(fit.status).toBe(0);
});
afterAll(() => folder.remove());

/** Runs a command that fails, and looks whether it left anything behind. */
async function refused(args: readonly string[]) {
  const before = folder.names;
  const ended = await folder.run(args);
  expect(ended.out).toBe("");
  expect(folder.names).toEqual(before);
  return ended;
}

describe("tables: status 1", () => {
  test.concurrent.each([
    ["an empty cell", changed(4, "3,,9"), [], 'row 4 (line 5), column "b" is empty; fill it in, or leave the row out'],
    ["a missing target", changed(4, "3,1,NA"), [], 'row 4 (line 5), column "y" is "NA"; fill it in'],
    [
      "a cell that is no number",
      changed(3, "2,two,4"),
      [],
      'row 3 (line 4), column "b" is "two", and 11 cells of the column are numbers; mend the cell, or give --categorical "b"',
    ],
    [
      "a target that is no number",
      changed(3, "2,2,four"),
      [],
      'row 3 (line 4), column "y" is "four"; expected a number, or --classify for labels',
    ],
    [
      "a number that no double holds",
      changed(3, "2,1e999,4"),
      [],
      'row 3 (line 4), column "b" is 1e999, which is too large',
    ],
    ["a row that is too short", changed(5, "4,4"), [], "row 5 (line 6) has 2 cells; expected 3, as the header has"],
    ["a row that is too long", changed(5, "4,4,16,1"), [], "row 5 (line 6) has 4 cells; expected 3"],
    ["names twice", "a,y,a\n1,2,3\n4,5,6", [], 'columns 1 and 3 are both called "a"; rename one of them'],
    ["no header", "1,2,3\n4,5,6", [], "the first line has numbers alone; expected a header"],
    ["nothing at all", "", [], "is empty; expected a header and rows"],
    ["a header alone", "a,b,y\n", [], "has a header and no rows"],
    ["one row", "a,b,y\n1,2,3\n", [], "has 1 row; expected at least 2"],
    ["a constant target", "a,y\n1,2\n2,2\n3,2\n", [], 'the target "y" is 2 in all 3 rows; there is nothing to learn'],
    ["one class", "a,y\n1,p\n2,p\n3,p\n", ["--classify"], 'the target "y" is "p" in all rows'],
    ["a class for each row", good.join("\n"), ["--classify"], 'the target "y" has 12 classes in 12 rows'],
    ["no column beside the target", "y\n1\n2\n", [], "has no column beside the target"],
    [
      "an identifier",
      `id,y\n${good
        .slice(1)
        .map((_, i) => `row${i},${i}`)
        .join("\n")}`,
      [],
      'column "id" has 12 different texts in 12 rows, as an identifier has; give --ignore "id"',
    ],
    [
      "a column to ignore that is not there",
      good.join("\n"),
      ["--ignore", "c"],
      'has no column "c" for --ignore; did you mean "a"?',
    ],
    [
      "more missing rows than one",
      changed(4, "3,,9").replace("7,2,49", "7,,49"),
      [],
      'row 4 (line 5), column "b" is empty (and 1 more row)',
    ],
  ])("%s", async (name, text, more, message) => {
    const file = folder.write(`${name.replaceAll(" ", "-")}.csv`, text);
    const ended = await folder.run(["fit", file, "--target", "y", "--save", `${file}.json`, ...more]);
    expect(ended).toMatchObject({ status: 1, out: "", err: expect.stringContaining(message) });
    expect(ended.err.trim().split("\n").length).toBe(1);
    expect(ended.err).toMatch(/^ntk-wasm-cli: /);
    expect(folder.names).not.toContain(`${file}.json`);
  });

  test("bytes that are no UTF-8", async () => {
    folder.write("latin.csv", "");
    const { writeFileSync } = await import("node:fs");
    writeFileSync(folder.at("latin.csv"), Buffer.from("gr\xf6\xdfe,y\n1,2\n2,3\n", "latin1"));
    expect((await refused(["fit", "latin.csv", "--target", "y"])).err).toContain("latin.csv is not UTF-8 text");
  });

  test("--drop-missing leaves rows out, and says how many", async () => {
    folder.write("gaps.csv", changed(4, "3,,9"));
    const ended = await folder.run(["fit", "gaps.csv", "--target", "y", "--drop-missing", ...FIXED]);
    expect(ended.err).toContain("note: 1 row of 12 with missing cells left out");
    expect(ended.out).toContain("gaps.csv: 11 rows");
  });
});

describe("files: status 1", () => {
  test.each([
    [["fit", "absent.csv", "--target", "y"], "absent.csv: there is no such file"],
    [["fit", ".", "--target", "y"], ". is a folder; expected a file"],
    [["fit", "good.csv", "--target", "yy"], 'good.csv has no column "yy" for --target; did you mean "y"?'],
    [
      ["fit", "good.csv", "--target", "y", "--save", "good.json"],
      "good.json is there already; give --force to replace it",
    ],
    [["fit", "good.csv", "--target", "y", "--save", "no/where.json"], "no/where.json: there is no folder no"],
    [["fit", "good.csv", "--target", "y", "--plot", "good.csv"], "good.csv is there already"],
    [["fit", "good.csv", "--target", "y", "--save", ".", "--force"], "is no file that can be replaced"],
    [["compare", "good.csv", "--target", "y", "--plot", "good.csv"], "good.csv is there already"],
    [["predict", "absent.json", "good.csv"], "absent.json: there is no such file"],
    [["predict", "good.csv", "good.csv"], "good.csv is no JSON; expected what fit --save wrote"],
    [["predict", "good.json", "absent.csv"], "absent.csv: there is no such file"],
    [["predict", "good.json", "smooth.csv"], 'smooth.csv has no column "a" for the model'],
  ])("%j", async (args, message) => {
    const { status, err } = await refused(args);
    expect([status, err.trim().split("\n").length]).toEqual([1, 1]);
    expect(err).toContain(message);
  });

  test("a saved model that was altered", async () => {
    const saved = JSON.parse(folder.read("good.json"));
    const write = (name: string, change: object) => folder.write(name, JSON.stringify({ ...saved, ...change }));
    const cases: [string, string][] = [
      [
        write("newer.json", { format: "ntk-wasm-cli/model/2" }),
        "has layout 2, and this program reads layout 1; update ntk-wasm-cli",
      ],
      [write("other.json", { format: "something" }), "is no saved model"],
      [folder.write("null.json", "null"), "is no saved model"],
      [write("columns.json", { columns: saved.columns.slice(1) }), "was altered or cut short"],
      [write("task.json", { task: { ...saved.task, kind: "other" } }), "was altered or cut short"],
      [
        write("fit.json", { task: { ...saved.task, fit: { ...saved.task.fit, rows: -1 } } }),
        "holds no fit that can be restored",
      ],
    ];
    for (const [file, message] of cases) {
      const { status, err } = await refused(["predict", file, "good.csv"]);
      expect([file, status, err.includes(message)], err).toEqual([file, 1, true]);
    }
  });

  test("--keep and a column that is called as the prediction", async () => {
    folder.write("mean.csv", "a,b,mean\n1,2,3\n");
    const { status, err } = await refused(["predict", "good.json", "mean.csv", "--keep"]);
    expect([status, err]).toEqual([1, expect.stringContaining('mean.csv has a column "mean", as the prediction has')]);
  });

  test("--force replaces both files, and leaves no part behind", async () => {
    folder.write("old.json", "old");
    folder.write("old.svg", "old");
    const args = ["fit", "good.csv", "--target", "y", "--save", "old.json", "--plot", "old.svg", "--force", ...FIXED];
    expect((await folder.run(args)).status).toBe(0);
    expect(JSON.parse(folder.read("old.json")).format).toBe("ntk-wasm-cli/model/1");
    expect(folder.read("old.svg")).toContain("<svg");
    expect(folder.names.filter((name) => name.includes(".part"))).toEqual([]);
  });
});

describe("the command line: status 2", () => {
  test.concurrent.each([
    [[], "Usage: ntk-wasm-cli"],
    [["fly"], "unknown command 'fly'"],
    [["fitt"], "Did you mean fit?"],
    [["fit"], "required option '--target <column>' not specified"],
    [["fit", "--target", "y"], "missing required argument 'data.csv'"],
    [["fit", "good.csv", "--target", "y", "--fast"], "unknown option '--fast'"],
    [["fit", "good.csv", "more.csv", "--target", "y"], "too many arguments"],
    [["fit", "good.csv", "--target", "y", "--folds", "1"], "Expected a whole number from 2"],
    [["fit", "good.csv", "--target", "y", "--seed", "x"], "Expected a whole number from 0"],
    [["fit", "good.csv", "--target", "y", "--ridge", "-1"], "Expected a number > 0"],
    [["fit", "good.csv", "--target", "y", "--threads", "0"], "Expected a whole number from 1"],
    [["fit", "good.csv", "--target", "y", "--variant", "fast"], "Allowed choices are relaxed, simd, js"],
    [["fit", "good.csv", "--target", "y", "--model", "tree"], "Allowed choices are infinite, network, rbf, linear"],
    [["fit", "good.csv", "--target", "y", "--activation", "relo"], "relo"],
    [
      ["fit", "good.csv", "--target", "y", "--model", "rbf", "--depth", "2"],
      "--depth is given with --model rbf, which has no layers",
    ],
    [["fit", "good.csv", "--target", "y", "--model", "linear", "--tune"], "--tune is given with --model linear"],
    [["fit", "good.csv", "--target", "y", "--model", "network", "--depth", "0"], "--depth 0"],
    [["fit", "good.csv", "--target", "y", "--method", "laplace"], "--method is given without --classify"],
    [["fit", "good.csv", "--target", "y", "--classify", "--ridge", "1"], "--ridge is given with --classify"],
    [
      ["fit", "good.csv", "--target", "y", "--classify", "--tune", "--method", "dirichlet"],
      "leave --method dirichlet out",
    ],
    [["fit", "good.csv", "--target", "y", "--target", "y"], '--target "y" is given twice'],
    [["fit", "good.csv", "--target", "y", "--target", "a", "--classify"], "--classify takes one --target; got 2"],
    [["fit", "good.csv", "--target", "y", "--ignore", "y"], "is both --target and --ignore"],
    [["compare", "good.csv", "--target", "y", "--folds", "13"], "--folds 13 is more than the 12 rows"],
    [["compare", "good.csv", "--target", "y", "--depth", "0"], "--depth 0 has no layers"],
    [["predict", "good.json"], "missing required argument 'new.csv'"],
    [["predict", "good.json", "good.csv", "--level", "90"], "Expected a number between 0 and 1"],
    [["bench", "--fast"], "unknown option '--fast'"],
  ])("%j", async (args, message) => {
    const { status, out, err } = await folder.run(args);
    expect([status, out]).toEqual([2, ""]);
    expect(err).toContain(message);
  });
});
