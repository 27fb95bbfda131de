// The files that npm would pack.
import { execFileSync } from "node:child_process";

/**
 * Paths in the tarball, sorted, of the package in a folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function packedFiles(folder) {
  const args = ["pack", "--dry-run", "--ignore-scripts", "--json"];
  const packed = JSON.parse(
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
  );
  const { files } = Array.isArray(packed) ? packed[0] : Object.values(packed)[0];
  return files.map(({ path }) => path).sort();
}
