// A child process whose output is shown and kept. While it says nothing for long, a line says that it still runs.
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Between two lines of progress. */
export const EVERY_MS = 20_000;

export const seconds = (/** @type {number} */ start) => `${Math.round((performance.now() - start) / 1000)} s`;

/**
 * Runs in the project's folder. Gives what it printed and the exit status: 1 where a signal ended it, or where it did
 * not start.
 */
export function run(/** @type {string} */ name, /** @type {string} */ command, /** @type {string[]} */ args) {
  return new Promise((resolve) => {
    const start = performance.now();
    const child = spawn(command, args, { cwd: root, stdio: ["inherit", "pipe", "pipe"] });
    let output = "";
    let heard = start;
    const show = (stream, to) =>
      stream.setEncoding("utf8").on("data", (text) => {
        heard = performance.now();
        output += text;
        to.write(text);
      });
    show(child.stdout, process.stdout);
    show(child.stderr, process.stderr);
    const timer = setInterval(() => {
      // Twice, for the child may print its own progress.
      if (performance.now() - heard > 2 * EVERY_MS) console.log(`${name}: running for ${seconds(start)}`);
    }, EVERY_MS);
    child.on("error", (error) => {
      clearInterval(timer);
      console.log(error.message);
      resolve({ status: 1, output });
    });
    child.on("close", (status) => {
      clearInterval(timer);
      resolve({ status: status ?? 1, output });
    });
  });
}

/**
 * The counts of a closing line `N passed, N failed`; a failure where there is none, or where the exit status says more.
 */
export function counts({ status, output }) {
  const [, passed, failed] = output.trimEnd().match(/(?:^|\n)(\d+) passed, (\d+) failed$/) ?? [0, 0, 1];
  return { passed: Number(passed), failed: Math.max(Number(failed), status === 0 ? 0 : 1) };
}
