// A reporter of Stryker's that says which mutants survive as soon as they do: a run takes half an hour.
import { declareFactoryPlugin, PluginKind } from "@stryker-mutator/api/plugin";
import { plain } from "./checker.mjs";
import { fromZero } from "./copy.mjs";
import { changeOf } from "./score.mjs";

const create = () => ({
  onMutantTested({ status, ...result }) {
    if (status !== "Survived" && status !== "NoCoverage") return;
    const mutant = plain({ ...result, location: fromZero(result.location) }, process.cwd());
    console.log(`  ${status}: ${mutant.file}:${mutant.line}, ${mutant.kind}: ${changeOf(mutant).slice(0, 200)}`);
  },
});
create.inject = [];
export const strykerPlugins = [declareFactoryPlugin(PluginKind.Reporter, "survivors", create)];
