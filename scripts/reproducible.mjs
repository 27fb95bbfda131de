// `npm run reproducible`: builds a copy of the sources in another folder, with another name of another length, and
// compares every file of the packages with the build that is here. Run `npm run build` before. Ends with an error that
// names the files that differ.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./child.mjs";
import { packedFiles } from "./packed.mjs";

const copy = mkdtempSync(join(tmpdir(), "ntk-wasm-built-elsewhere-"));
const hash = (folder, path) =>
  createHash("sha256")
    .update(readFileSync(join(folder, path)))
    .digest("hex");
try {
  const sources = execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean);
  for (const path of sources.filter((each) => !/^(bench|playground|test)\//.test(each)))
    cpSync(join(root, path), join(copy, path));
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  execFileSync(process.execPath, [join(copy, "scripts/build.mjs")], { cwd: copy, stdio: "ignore" });
  const packed = (folder) => [
    ...packedFiles(folder),
    ...packedFiles(join(folder, "packages/cli")).map((path) => join("packages/cli", path)),
  ];
  const files = packed(root);
  const there = packed(copy);
  const differing = [...new Set([...files, ...there])].filter(
    (path) => !files.includes(path) || !there.includes(path) || hash(root, path) !== hash(copy, path),
  );
  if (differing.length > 0) throw new Error(`two builds differ in ${differing.join(", ")}`);
  console.log(`${files.length} files, equal to the bit in two builds`);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
