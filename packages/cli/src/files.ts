/** Files are written whole or not at all, and never in place of another one without --force. */
import { link, lstat, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Refusal } from "./errors.js";

/** Refuses a place for a file before any work is done. @throws Refusal */
export async function checkPlace(path: string, force: boolean): Promise<void> {
  const folder = await stat(dirname(path)).catch(() => undefined);
  if (!folder?.isDirectory()) throw new Refusal(`${path}: there is no folder ${dirname(path)}`);
  const there = await lstat(path).catch(() => undefined);
  if (!there) return;
  if (!there.isFile()) throw new Refusal(`${path} is there and is no file that can be replaced`);
  if (!force) throw new Refusal(`${path} is there already; give --force to replace it, or another name`);
}

/**
 * Writes texts beside their places first, and moves them there when all of them are on the disk.
 *
 * @throws Refusal; nothing is left behind then.
 */
export async function writeWhole(files: readonly { path: string; text: string }[], force: boolean): Promise<void> {
  const parts = files.map(({ path, text }) => ({
    path,
    text,
    part: join(dirname(path), `.${basename(path)}.${process.pid}.part`),
  }));
  const moved: string[] = [];
  try {
    for (const { part, text } of parts) await writeFile(part, text, { flag: "wx" });
    for (const { part, path } of parts) {
      await (force ? rename(part, path) : moveTo(part, path));
      moved.push(path);
    }
  } catch (error) {
    for (const path of moved) await rm(path, { force: true });
    throw new Refusal(`nothing was saved: ${(error as Error).message}`);
  } finally {
    for (const { part } of parts) await rm(part, { force: true });
  }
}

/** @throws Refusal where two files are to have one place */
export function checkApart(paths: readonly (string | undefined | false)[]): void {
  const places = paths.filter((path) => typeof path === "string").map((path) => resolve(path));
  if (new Set(places).size < places.length)
    throw new Refusal("--save and --plot name the same file; expected two names");
}

/** Moves a file to a place that is free: a link fails where another program was faster. */
async function moveTo(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as { code?: string }).code === "EEXIST") throw error;
    // Some file systems have no links.
    await rename(from, to);
  }
}
