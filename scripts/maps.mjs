// The source maps of the package. The sources stand in them, for the package has no other copy; but not what was
// generated: the binaries in base64, and the worker's script.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const generated = (source) => source.includes(".generated.");

/** Rewrites the maps of the bundles in a folder. */
export function tidyMaps(folder) {
  for (const name of readdirSync(folder).filter((each) => /^ntk-wasm.*\.js\.map$/.test(each))) {
    const path = join(folder, name);
    const map = JSON.parse(readFileSync(path, "utf8"));
    map.sourcesContent = map.sourcesContent.map((text, i) => (generated(map.sources[i]) ? null : text));
    writeFileSync(path, JSON.stringify(map));
  }
}
