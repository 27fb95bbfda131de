/** ntk-wasm-cli: `run` is the whole program. */
import { createRequire } from "node:module";
import { CommanderError } from "commander";
import { oneLine, Refusal } from "./errors.js";
import { programOf } from "./program.js";

/**
 * Runs a command line, and resolves with its exit status: 0, or 1 where what was given cannot be used, 2 where the
 * command line is wrong, 130 after Ctrl+C.
 */
export async function run(args: readonly string[], name = "ntk-wasm-cli"): Promise<number> {
  // A reader that has seen enough, as head has.
  process.stdout.on("error", (error: Error & { code?: string }) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  try {
    await programOf(name, version).parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    // Help and version end so too, and have printed what they say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`${name}: ${oneLine(error)}\n`);
    return error instanceof Refusal ? error.status : 1;
  }
}
