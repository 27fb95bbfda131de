/** What the commands print and draw, to people and to programs; pipes, terminals, Ctrl+C. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import {
  createInfiniteNetwork,
  createNetwork,
  linearKernel,
  load,
  type Network,
  rbfKernel,
  standardize,
} from "ntk-wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { patience } from "../../../scripts/slowness.mjs";
import { cellsOf, FIXED, Folder, program, root, smooth } from "./command.js";

const folder = new Folder();
const SCRIPT = "/usr/bin/script";

beforeAll(() => {
  folder.copy("mcycle.csv", "iris.csv", "diabetes.csv");
  folder.write("smooth.csv", smooth(60).csv);
});
afterAll(() => folder.remove());

const withoutTime = (text: string) => text.replace(/^time .*\n/m, "").replace(/^[\d.]+ m?s \(.*\n?/m, "");

describe("fit", () => {
  test("says what was chosen and how good it is", async () => {
    const { status, out, err } = await folder.run(["fit", "diabetes.csv", "--target", "target", ...FIXED]);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatch(/^time {7}\d.*(simd, 1 thread)/m);
    expect(withoutTime(out)).toBe(`diabetes.csv: 442 rows, 10 inputs; target "target"
model      infinite network, erf, 2 layers, weightStd 1, biasStd 1
ridge      0.85 for standardized targets, the best evidence of 21 from 2.69e-8
           to 269
score      leave-one-out R² 0.494, RMSE 54.8; 95.0 % in the 95 % bands
`);
  });

  test("notes on the data come first, in the words of the table; --quiet has none", async () => {
    const { err } = await folder.run(["fit", "mcycle.csv", "--target", "accel", ...FIXED]);
    expect(err).toBe(
      "note: 39 of 133 rows repeat the inputs of an earlier one (rows 12, 23, 24, 25, 26, …); 39 with other targets, whose spread no model explains: keep the ridge above 0\n",
    );
    const rows = Array.from({ length: 30 }, (_, i) => `${i},7,${i === 20 ? 1e6 : (7 * i) % 11},${Math.sin(i)}`);
    folder.write("odd.csv", `id,same,far,y\n${rows.join("\n")}\n`);
    const odd = await folder.run(["fit", "odd.csv", "--target", "y", ...FIXED]);
    expect(odd.err.split("\n")).toEqual([
      'note: column "id" counts the rows: remove it if it is an identifier',
      'note: column "same" is constant (7): remove it',
      'note: column "far" is far from its median 5 in row 21 (1000000): look for a slip or a code for a missing entry',
      "",
    ]);
    const quiet = await folder.run(["fit", "odd.csv", "--target", "y", "--quiet", ...FIXED]);
    expect([quiet.err, quiet.out]).toEqual(["", expect.stringContaining("odd.csv: 30 rows")]);
  });

  test("--json is one line, and the notes are in it", async () => {
    const { out } = await folder.run(["fit", "mcycle.csv", "--target", "accel", "--json", ...FIXED]);
    expect(out.split("\n").length).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      command: "fit",
      kind: "regression",
      rows: 133,
      inputs: [{ name: "times", kind: "number" }],
      targets: ["accel"],
      warnings: [expect.stringContaining("39 of 133 rows repeat")],
      variant: "simd",
      saved: null,
    });
  });
});

/** A picture, parsed. */
function svgOf(name: string) {
  const { document } = parseHTML(folder.read(name));
  const all = (selector: string) => [...document.querySelectorAll(selector)];
  expect(folder.read(name)).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*background:#fff/);
  expect(folder.read(name)).not.toMatch(/NaN|Infinity|undefined/);
  return { title: document.querySelector("title")?.textContent, all };
}

describe("pictures", () => {
  test("one input: a dot for each row, the curve, its band", async () => {
    await folder.run(["fit", "mcycle.csv", "--target", "accel", "--plot", "curve.svg", ...FIXED]);
    const { title, all } = svgOf("curve.svg");
    expect(title).toBe("accel over times, with the 95 % band");
    expect(all("circle").length).toBe(133);
    const points = all("path").map((path) => path.getAttribute("d")?.split("L").length ?? 0);
    expect(points.filter((count) => count === 200).length).toBe(1);
    expect(points.filter((count) => count === 399 || count === 400).length).toBe(1);
  });

  test("several inputs: a dot for each row, and the diagonal", async () => {
    await folder.run(["fit", "smooth.csv", "--target", "y", "--plot", "rows.svg", ...FIXED]);
    const { all } = svgOf("rows.svg");
    const places = all("circle").map((dot) => [dot.getAttribute("cx"), dot.getAttribute("cy")].map(Number));
    expect(places.length).toBe(60);
    // What is predicted well lies on a falling line of the picture.
    const [xs, ys] = [0, 1].map((j) => places.map((place) => place[j]));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value / list.length, 0);
    const covariance = (a: number[], b: number[]) => mean(a.map((x, i) => (x - mean(a)) * (b[i] - mean(b))));
    expect(covariance(xs, ys) / Math.sqrt(covariance(xs, xs) * covariance(ys, ys))).toBeLessThan(-0.9);
  });

  test("labels: how often each class was taken for which", async () => {
    await folder.run(["fit", "iris.csv", "--target", "class", "--classify", "--plot", "classes.svg", ...FIXED]);
    const { all } = svgOf("classes.svg");
    expect(all("rect").length).toBe(9);
    const counts = all("text")
      .map((text) => text.textContent)
      .filter((text) => /^\d+$/.test(text ?? ""));
    expect(counts.reduce((sum, count) => sum + Number(count), 0)).toBe(150);
  });
});

describe("compare", () => {
  test("has what crossValidate says, and a picture with a dot for each model", async () => {
    const args = ["compare", "smooth.csv", "--target", "y", "--plot", "compare.svg", "--seed", "3", "--folds", "4"];
    const { status, out, err } = await folder.run([...args, "--width", "16", "--steps", "20", "--json", ...FIXED]);
    expect(status, err).toBe(0);
    const said = JSON.parse(out);
    const { X, Y } = smooth(60);
    const ntk = await load({ variant: "simd" });
    const models = [
      createInfiniteNetwork({ activation: "erf", depth: 2 }),
      createNetwork({ inputs: 2, hidden: [16, 16], activation: "erf", parametrization: "ntk", biasStd: 1, seed: 3 }),
      rbfKernel({ lengthScale: Math.SQRT2 }),
      linearKernel({ biasStd: 1 }),
    ];
    const { X: Z } = standardize(X);
    const candidates = models.map((model) => {
      const diagonal = ntk.kernelDiagonal(model, Z);
      const size = diagonal.reduce((sum, value) => sum + value / diagonal.length, 0);
      return {
        model,
        ridges: Array.from({ length: 21 }, (_, i) => Number((10 ** (-8 + i / 2) * size).toPrecision(3))),
      };
    });
    const common = { scale: "fit", outputs: "average", centered: true, standardize: "both" } as const;
    const train = { optimizer: "adam", learningRate: 1e-3, steps: 20 } as const;
    const all = [...candidates, { model: models[1] as Network, train }];
    const compared = ntk.crossValidate(all, X, Y, { ...common, folds: 4, seed: 3 });
    expect(said.models.map(({ mean }: { mean: object }) => mean)).toEqual(compared.models.map(({ mean }) => mean));
    expect(said.models.map(({ name }: { name: string }) => name)).toEqual([
      "infinite network",
      "finite network",
      "rbf kernel",
      "ridge regression",
      "trained network",
    ]);
    expect(said.best).toBe(said.models[compared.best as number].name);
    expect(svgOf("compare.svg").all("circle").length).toBe(5);
  });

  test("a table, and a verdict in words", async () => {
    const { out } = await folder.run(["compare", "mcycle.csv", "--target", "accel", ...FIXED]);
    const lines = out.split("\n");
    expect(lines[0]).toBe('mcycle.csv: 133 rows, 5 folds; target "accel"');
    const table = lines.slice(2, 8);
    expect(table[0]).toMatch(/^ +RMSE +R² +NLPD +in band +to the best$/);
    expect(table.slice(1).filter((line) => line.endsWith(" best")).length).toBe(1);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(80);
    expect(out).toMatch(/\nBest: (infinite|finite) network, /);
    expect(out).toMatch(/Clearly worse, by more than two standard errors: [^.]*ridge\s+regression,/);
  });

  test("labels", async () => {
    const { out } = await folder.run(["compare", "iris.csv", "--target", "class", "--classify", ...FIXED]);
    expect(out).toMatch(/% right +log loss +to the best\n/);
    const [, right] = /infinite network +([\d.]+) ±/.exec(out) ?? [];
    expect(Number(right)).toBeGreaterThan(90);
  });
});

test("bench measures products, factors and fits", async () => {
  const { out } = await folder.run(["bench", "--json", ...FIXED]);
  const { rows, threads } = JSON.parse(out);
  expect(threads).toBe(1);
  expect(rows.map(({ what }: { what: string }) => what)).toEqual(
    ["gemm", "potrf", "fit"].flatMap((what) => [what, what, what]),
  );
  for (const { what, n, milliseconds, gflops } of rows) {
    expect(milliseconds).toBeGreaterThan(0);
    const flops = { gemm: 2 * n ** 3, potrf: n ** 3 / 3 }[what as "gemm" | "potrf"];
    if (flops) expect(Math.abs(gflops / (flops / milliseconds / 1e6) - 1)).toBeLessThan(1e-12);
  }
});

describe("where it runs", () => {
  test("elsewhere than in a terminal progress is plain lines, and there is no plot", async () => {
    const { out, err } = await folder.run(["compare", "smooth.csv", "--target", "y", ...FIXED]);
    expect(err).toBe([7, 13, 19, 25].map((done) => `comparing: ${done} of 25\n`).join(""));
    expect(out + err).not.toContain("█");
    expect(out + err).not.toContain("\u001b");
  });

  test.skipIf(!existsSync(SCRIPT))("in a terminal there is a bar, which goes, and a plot", () => {
    const inTerminal = (args: string) =>
      spawnSync(
        SCRIPT,
        ["-qec", `stty cols 80; ${process.execPath} ${program} ${args} ${FIXED.join(" ")}`, "/dev/null"],
        {
          cwd: folder.path,
          encoding: "utf8",
        },
      ).stdout.replaceAll("\r\n", "\n");
    const compared = inTerminal("compare smooth.csv --target y");
    expect(compared).toMatch(/comparing \[=+-+\] \d+ % {2}\d+\/25/);
    expect(compared).toContain("\u001b[2K");
    expect(compared).toMatch(/\ninfinite network +█+ \d/);
    const fitted = inTerminal("fit mcycle.csv --target accel");
    expect(fitted).toContain("accel over times: rows ·, fit ─\n");
    expect(fitted).toMatch(/┏━+/);
    for (const line of fitted.split("\n").filter((each) => !each.startsWith("note:")))
      expect([...line].length).toBeLessThanOrEqual(80);
    expect(inTerminal("fit mcycle.csv --target accel --no-plot")).not.toContain("┏");
    expect(inTerminal("fit mcycle.csv --target accel --json --quiet")).toMatch(/^\{.*\}\n$/);
  });

  test("a reader that has seen enough ends it quietly", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `${i / 1000},${Math.sin(i / 1000)}`);
    folder.write("long.csv", `times,z\n${rows.join("\n")}\n`);
    await folder.run(["fit", "mcycle.csv", "--target", "accel", "--save", "m.json", ...FIXED]);
    const child = spawn(process.execPath, [program, "predict", "m.json", "long.csv", ...FIXED], { cwd: folder.path });
    let err = "";
    child.stderr.on("data", (text) => {
      err += text;
    });
    child.stdout.once("data", () => child.stdout.destroy());
    const status = await new Promise((resolve) => child.on("close", resolve));
    expect([status, err]).toEqual([0, ""]);
  });

  test("Ctrl+C ends the work at once with status 130, and nothing is written", async () => {
    const args = ["compare", "diabetes.csv", "--target", "target", "--tune", "--repeats", "50", "--plot", "never.svg"];
    const child = spawn(process.execPath, [program, ...args, ...FIXED], { cwd: folder.path });
    let err = "";
    child.stderr.on("data", (text) => {
      err += text;
    });
    const closed = new Promise((resolve) => child.on("close", resolve));
    // The command listens before it reads its table.
    await new Promise((resolve) => setTimeout(resolve, patience(1500)));
    child.kill("SIGINT");
    const status = await closed;
    expect([status, err]).toEqual([130, "ntk-wasm-cli: interrupted; nothing was written\n"]);
    expect(folder.names).not.toContain("never.svg");
  });
});

describe("the command of the library", () => {
  const script = join(root, "dist/ntk-wasm-cli.js");

  test("hands its commands over where the package is there", async () => {
    mkdirSync(folder.at("node_modules"));
    symlinkSync(join(root, "packages/cli"), folder.at("node_modules/ntk-wasm-cli"), "junction");
    const args = ["fit", "smooth.csv", "--target", "y", ...FIXED];
    const [own, forwarded] = [await folder.run(args), await folder.run(args, { script })];
    expect(withoutTime(forwarded.out)).toBe(withoutTime(own.out));
    expect(forwarded.status).toBe(0);
    const wrong = await folder.run(["fit", "smooth.csv", "--target", "q"], { script });
    expect([wrong.status, wrong.err]).toEqual([1, expect.stringMatching(/^ntk-wasm: smooth\.csv has no column "q"/)]);
    expect((await folder.run(["fit"], { script })).status).toBe(2);
  });

  test("says which package they are in where it is not; its help names all", async () => {
    const empty = new Folder();
    const absent = await empty.run(["fit", "x.csv", "--target", "y"], { script });
    expect([absent.status, absent.out]).toEqual([2, ""]);
    expect(absent.err).toMatch(/^ntk-wasm: fit is in the package ntk-wasm-cli: npm install ntk-wasm-cli, or npx /);
    const { status, out } = await empty.run(["--help"], { script });
    expect(status).toBe(0);
    for (const command of ["fit", "predict", "compare", "bench", "worker"])
      expect(out).toMatch(new RegExp(`^  (ntk-wasm )?${command} `, "m"));
    empty.remove();
  });
});

test("every command has a help of at most 80 columns", async () => {
  for (const command of [[], ["fit"], ["predict"], ["compare"], ["bench"]]) {
    const { status, out, err } = await folder.run([...command, "--help"]);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toMatch(/^Usage: ntk-wasm-cli/);
    for (const line of out.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
  }
  expect(cellsOf((await folder.run(["--version"])).out)[0][0]).toMatch(/^\d+\.\d+\.\d+$/);
});
