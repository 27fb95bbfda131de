// The public signatures of all entries, in the file of etc/, by API Extractor. `npm run check` runs this: it fails
// where the signatures are not those in that file. `npm run api` writes the file anew, for a commit that means the
// change. Both need a build. Every signature stands once; an entry is a namespace of the names that it exports.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { root } from "./child.mjs";
import { ENTRIES } from "./types.mjs";

const update = process.argv.includes("--update");
const folder = join(root, "build/api");
const file = "ntk-wasm.api.md";
const entry = join(folder, "entries.d.ts");

mkdirSync(folder, { recursive: true });
mkdirSync(join(root, "etc"), { recursive: true });
const namespaces = Object.keys(ENTRIES).map(
  (name) => `export * as ${name.replaceAll("-", "_")} from "../../dist/${name}.js";\n`,
);
writeFileSync(entry, namespaces.join(""));

const compilerOptions = { target: "es2022", module: "nodenext", lib: ["es2022"], types: [], skipLibCheck: true };
const none = { default: { logLevel: "none" } };
const config = ExtractorConfig.prepare({
  configObject: {
    projectFolder: root,
    mainEntryPointFilePath: entry,
    newlineKind: "lf",
    compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
    apiReport: {
      enabled: true,
      reportFolder: join(root, "etc"),
      reportTempFolder: folder,
      reportFileName: file,
      // What a signature names, be it exported or not.
      includeForgottenExports: true,
    },
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: "error" } },
      // Docstrings are TypeDoc's, which has its own rules.
      extractorMessageReporting: none,
      tsdocMessageReporting: none,
    },
  },
  configObjectFullPath: undefined,
  packageJsonFullPath: join(root, "package.json"),
});
const { apiReportChanged, errorCount } = Extractor.invoke(config, {
  localBuild: update,
  messageCallback(message) {
    message.handled = message.logLevel !== ExtractorLogLevel.Error;
  },
});
if (errorCount > 0) throw new Error(`API Extractor found ${errorCount} errors`);
if (apiReportChanged && !update) {
  const files = [join("etc", file), join("build/api", file)];
  console.log(spawnSync("git", ["diff", "--no-index", ...files], { cwd: root, encoding: "utf8" }).stdout);
  console.log(
    `public signatures are not those of etc/${file}; if that is meant: npm run api, and a line in CHANGELOG.md`,
  );
  process.exit(1);
}
console.log(`etc/${file} ${apiReportChanged ? "is written anew" : "has the signatures that are here"}`);
