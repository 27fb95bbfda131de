/** Code in a process of its own, with the built package: for environments that would spoil the test runner's. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { patience } from "../../scripts/slowness.mjs";

/** Address of a file of dist/. */
export const built = (name: string): string => pathToFileURL(join(import.meta.dirname, "../../dist", name)).href;

/**
 * Runs a module to the end of its process, and gives back what it hands to `report`. `limit` is address space in kB,
 * `ms` the time that it may take on a quiet machine.
 */
export async function child<T>(code: string, { flags = [] as string[], limit = 0, ms = 60_000 } = {}): Promise<T> {
  const report = "const report = (value) => console.log(JSON.stringify(value));\n";
  const args = [...flags, "--input-type=module", "-e", report + code];
  const shell = ["-c", `ulimit -v ${limit} && exec "$@"`, "bash", process.execPath, ...args];
  const options = { timeout: patience(ms), killSignal: "SIGKILL" } as const;
  const { stdout } = await promisify(execFile)(limit ? "bash" : process.execPath, limit ? shell : args, options);
  return JSON.parse(stdout.trim().split("\n").at(-1) as string) as T;
}
