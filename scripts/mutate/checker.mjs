// A checker of Stryker's that drops mutants before they are run: those outside the sample, and those that are listed as
// equivalent. Stryker reports both as compile errors, which count for nothing. And a reporter of survivors.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { originals } from "./copy.mjs";
import { equivalence, sampleOf } from "./score.mjs";

const REASONS = { left: "not in the sample", equivalent: "listed as equivalent" };

/** Stryker's mutant as those of mutations.mjs. The copy in `folder` has Stryker's text, its originals have ours. */
export function plain({ fileName, location: { start, end }, mutatorName, replacement }, folder) {
  const file = relative(folder, fileName);
  const lines = readFileSync(join(originals(folder), file), "utf8").split("\n");
  const inside = lines.slice(start.line, end.line + 1);
  inside[inside.length - 1] = inside.at(-1).slice(0, end.column);
  inside[0] = inside[0].slice(start.column);
  return { file, line: start.line + 1, kind: mutatorName, code: inside.join("\n"), by: replacement };
}

class Sample {
  #drawn;
  #isEquivalent = equivalence(originals(process.cwd()));

  async init() {}

  /** Is handed all mutants at once, in an order that does not depend on the run. */
  async group(mutants) {
    const { size, seed } = JSON.parse(process.env.NTK_SAMPLE);
    this.#drawn = new Set(sampleOf(mutants, size ?? Infinity, seed).map(({ id }) => id));
    return [mutants.map(({ id }) => id)];
  }

  async check(mutants) {
    const verdict = (mutant) => {
      if (!this.#drawn.has(mutant.id)) return { status: "compileError", reason: REASONS.left };
      if (this.#isEquivalent(plain(mutant, process.cwd())))
        return { status: "compileError", reason: REASONS.equivalent };
      return { status: "passed" };
    };
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, verdict(mutant)]));
  }
}

/** Prints survivors as they are found: a run may take an hour. */
class Survivors {
  onMutantTested({ status, fileName, location, replacement }) {
    if (status !== "Survived" && status !== "NoCoverage") return;
    console.log(`${status}: ${relative(process.cwd(), fileName)}:${location.start.line}, ${replacement.slice(0, 100)}`);
  }
}

const create = () => new Sample();
create.inject = [];
const createReporter = () => new Survivors();
createReporter.inject = [];
export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.Checker, "sample", create),
  declareFactoryPlugin(PluginKind.Reporter, "survivors", createReporter),
];
