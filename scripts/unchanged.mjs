// Whether a build would make what is there: the hash of what it reads and of what it wrote stands beside the binaries.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a build reads: files, and folders with all that is below. */
const INPUTS = [
  "assembly",
  "src",
  "scripts/build.mjs",
  "scripts/maps.mjs",
  "scripts/types.mjs",
  "scripts/unchanged.mjs",
  "asconfig.json",
  "tsconfig.json",
  "tsconfig.node.json",
  "package.json",
  "package-lock.json",
  "packages/cli/src",
  "packages/cli/package.json",
];
const OUTPUTS = [
  "dist",
  "build/simd.wasm",
  "build/relaxed.wasm",
  "packages/cli/dist",
  "packages/cli/node_modules/ntk-wasm/package.json",
];
const STAMP = "build/stamp.json";

function filesOf(root, path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  try {
    return readdirSync(full, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    return [full];
  }
}

/** The hash of files: their names and what they hold. */
function hashOf(root, paths, keep) {
  const hash = createHash("sha256");
  for (const file of paths.flatMap((path) => filesOf(root, path)).filter(keep)) {
    hash.update(`${file.slice(root.length)}\0`);
    hash.update(createHash("sha256").update(readFileSync(file)).digest());
  }
  return hash.digest("hex");
}

const isGenerated = (file) => file.endsWith(".generated.ts");

function stampOf(root) {
  const inputs = hashOf(root, INPUTS, (file) => !isGenerated(file));
  const outputs = hashOf(root, [...OUTPUTS, "src"], (file) => !file.startsWith(join(root, "src")) || isGenerated(file));
  return { node: process.version, inputs, outputs };
}

/** True where the last build read and wrote what is there now. */
export function isUnchanged(root) {
  const path = join(root, STAMP);
  if (!existsSync(path)) return false;
  const [now, then] = [stampOf(root), JSON.parse(readFileSync(path, "utf8"))];
  return Object.keys(now).every((key) => now[key] === then[key]);
}

/** Notes what a build has read and written. */
export function writeStamp(root) {
  writeFileSync(join(root, STAMP), JSON.stringify(stampOf(root)));
}
