/**
 * The commands in the README of this package and in the pages of the library run as they stand, in one folder for each
 * page. A block of text after a block of commands is what the last command that prints has printed, but for its times.
 */
import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { patience } from "../../../scripts/slowness.mjs";
import { Folder, program, root } from "./command.js";

const PAGES = ["packages/cli/README.md", "README.md", "docs/which-model.md"];

interface Step {
  commands: string[];
  printed: string | undefined;
}

/** Commands of ntk-wasm in the blocks of a page; an installation is none. */
function stepsOf(page: string): Step[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```$)?/gm)].flatMap(
    ([, block, printed]) => {
      const commands = block
        .split("\n")
        .filter((line) => /(^|\| )(npx )?ntk-wasm(-cli)? (fit|predict|compare|bench)/.test(line));
      return commands.length > 0 ? [{ commands, printed }] : [];
    },
  );
}

/** A folder with the tables, and with the commands on its path. */
function workshop(): { folder: Folder; env: NodeJS.ProcessEnv } {
  const folder = new Folder();
  folder.copy("diabetes.csv", "iris.csv", "mcycle.csv");
  folder.write("new.csv", folder.read("diabetes.csv").split("\n").slice(0, 6).join("\n"));
  mkdirSync(folder.at("bin"));
  const call = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
  const files = { "ntk-wasm": call, "ntk-wasm-cli": call, npx: '#!/bin/sh\nexec "$@"\n' };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(folder.at(`bin/${name}`), text);
    chmodSync(folder.at(`bin/${name}`), 0o755);
  }
  return { folder, env: { ...process.env, PATH: `${folder.at("bin")}${delimiter}${process.env.PATH}` } };
}

const untimed = (text: string) =>
  text
    .split("\n")
    .filter((line) => !/^time |^[\d.]+ m?s \(/.test(line))
    .join("\n");

describe.each(PAGES)("%s", (page) => {
  test("its commands run, and print what it shows", async () => {
    const steps = stepsOf(page);
    expect(steps.length).toBeGreaterThan(0);
    const { folder, env } = workshop();
    for (const { commands, printed } of steps) {
      const outputs: string[] = [];
      for (const command of commands) {
        const options = { cwd: folder.path, env, timeout: patience(120_000) };
        const { error, out, err } = await new Promise<{ error: unknown; out: string; err: string }>((resolve) => {
          execFile("/bin/sh", ["-c", command], options, (failed, out, err) => resolve({ error: failed, out, err }));
        });
        expect(error, `${command}\n${err}`).toBeNull();
        if (out !== "") outputs.push(out);
      }
      if (printed !== undefined) expect(untimed(outputs.at(-1) ?? "").trim()).toBe(untimed(printed).trim());
    }
    for (const { commands } of steps)
      for (const [, file] of commands.join("\n").matchAll(/(?:--save|--plot|>) (\S+)/g))
        expect([file, existsSync(folder.at(file))]).toEqual([file, true]);
    folder.remove();
  });
});
