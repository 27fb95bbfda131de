/** The built command as a process of its own, in a folder of its own. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { patience } from "../../../scripts/slowness.mjs";

export const root = join(import.meta.dirname, "../../..");
export const program = join(root, "packages/cli/dist/ntk-wasm-cli.js");

export interface Ended {
  status: number | string | null | undefined;
  out: string;
  err: string;
}

/** One variant and one thread: the same bits on every machine. */
export const FIXED = ["--variant", "simd", "--threads", "1"];

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), "ntk-wasm-cli-"));

  /** Tables of examples/data. */
  copy(...names: string[]): void {
    for (const name of names) copyFileSync(join(root, "examples/data", name), this.at(name));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.at(name), text);
    return name;
  }

  read(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  get names(): string[] {
    return readdirSync(this.path).sort();
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  /** Runs a program of Node here; `input` is its standard input. */
  run(args: readonly string[], { input, script = program }: { input?: string; script?: string } = {}): Promise<Ended> {
    return new Promise((resolve) => {
      const options = { cwd: this.path, timeout: patience(120_000), maxBuffer: 1e8 };
      const child = execFile(process.execPath, [script, ...args], options, (error, out, err) =>
        resolve({ status: error ? error.code : 0, out, err }),
      );
      child.stdin?.end(input);
    });
  }
}

/** Rows of a CSV without quotes. */
export function cellsOf(text: string): string[][] {
  return text
    .trim()
    .split("\n")
    .map((line) => line.split(","));
}

/** A small table with a smooth target: x, z, y. */
export function smooth(rows: number): { X: number[][]; Y: number[]; csv: string } {
  const X = Array.from({ length: rows }, (_, i) => [Math.sin(3 * i), 100 + 20 * Math.cos(5 * i)]);
  const Y = X.map(([x, z], i) => 3 * Math.sin(2 * x) + z / 30 + 0.2 * Math.sin(97 * i));
  return { X, Y, csv: `x,z,y\n${X.map(([x, z], i) => `${x},${z},${Y[i]}`).join("\n")}\n` };
}
