/**
 * The code in the documentation: every `@example` of src/, and every block marked `js` or `ts` of the README and the
 * guides. A block that begins with `import` begins a program, and the blocks after it on its page go on with that
 * program. An `@example` has the names of {@link PREAMBLE}.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Example {
  /** File and line. */
  label: string;
  code: string;
}

/** What the examples of docstrings may use without saying where it comes from. */
export const PREAMBLE = `
import * as library from "ntk-wasm";
const { checkKernel, createInfiniteNetwork, createNetwork, defineActivation, describeData, get, initialization, linearKernel, toArray } = library;
const { load, maternKernel, networkFromLayers, noiseAt, oneHot, periodicKernel, precomputed, productOf, rbfKernel } = library;
const { addSums, inputScaled, randomFeatures, scaled, standardize, sumOf } = library;
const ntk = await load();
const net = createNetwork({ inputs: 1, hidden: 32, biasStd: 1, seed: 1 });
const X = Array.from({ length: 8 }, (_, i) => [i / 4 - 1]);
const Y = X.map(([x]) => [Math.sin(3 * x)]);
const Xnew = [[-0.3], [0.7]];
const V = X.map((_, i) => [i]);
const fit = ntk.fit(net, X, Y, { ridge: 1e-3 });
const classifier = ntk.classify(net, X, ["a", "a", "a", "b", "b", "b", "a", "b"], { scale: 10 });
`;

const root = join(import.meta.dirname, "../..");

/** Paths of the files in a folder, relative to the project. */
function files(folder: string, extension: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(extension))
    .map((name) => `${folder}/${name}`)
    .sort();
}

/** `@example` to the next tag or the end of the comment; what it imports takes the place of the preamble's names. */
export function docstringExamples(): Example[] {
  return files("src", ".ts").flatMap((path) => {
    const source = readFileSync(join(root, path), "utf8");
    return [...source.matchAll(/^ *\* @example *\n((?: *\*(?!\/| @).*\n)+)/gm)].map(({ 1: body, index }) => {
      const code = body
        .replace(/^ *\* ?/gm, "")
        .replace(/^import (\{.*\}) from (".*");$/gm, "const $1 = await import($2);");
      const label = `${path}:${source.slice(0, index).split("\n").length}`;
      return { label, code: `${PREAMBLE}{\n${code}}\n` };
    });
  });
}

/** Programs of the README and the guides. */
export function pageExamples(): Example[] {
  return ["README.md", ...files("docs", ".md")].flatMap((path) => {
    const page = readFileSync(join(root, path), "utf8");
    const programs: Example[] = [];
    for (const { 1: code, index } of page.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)) {
      const label = `${path}:${page.slice(0, index).split("\n").length}`;
      const last = programs[programs.length - 1];
      if (code.startsWith("import ")) programs.push({ label, code });
      else if (last) last.code += code;
      else throw new Error(`${label}: the first block of a page begins with import`);
    }
    return programs;
  });
}
