// Mutants of the ops: one change in the copy, compiled where it is AssemblyScript, then the suites of test/ops until a
// test fails. The suites that killed a file's other mutants come first.
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { patience } from "../slowness.mjs";
import { copyTree, root } from "./copy.mjs";
import { mutantsOf, mutated } from "./mutations.mjs";
import { suitesFor } from "./suites.mjs";

const RUNNER = fileURLToPath(new URL("runner.mjs", import.meta.url));
/** A mutant that asks for more ends with an error. */
const MEMORY_KB = 4_000_000;
/** Compiling takes 3 s, the first time 8 s. */
const COMPILE_MS = patience(120_000);
/** A suite that takes so much longer than without a mutant hangs. */
const limitOf = (ms) => patience(15_000) + 5 * ms;

/** A runner process; `ask` answers undefined where it hung or died, and the next question goes to a new one. */
class Runner {
  #child;
  #folder;
  #env;
  #atExit = () => this.#end();

  constructor(folder, env) {
    this.#folder = folder;
    this.#env = env;
    process.on("exit", this.#atExit);
  }

  async #start() {
    const command = 'ulimit -d "$0" 2>/dev/null; exec "$@"';
    this.#child = spawn("sh", ["-c", command, String(MEMORY_KB), process.execPath, RUNNER, this.#folder], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...this.#env },
      detached: true,
    });
    const { suites } = await this.#answer(COMPILE_MS);
    return suites;
  }

  #answer(limit) {
    const child = this.#child;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#end(), limit);
      const finish = (message) => {
        clearTimeout(timer);
        child.off("message", finish);
        child.off("exit", lost);
        resolve(message);
      };
      const lost = () => {
        this.#child = undefined;
        finish(undefined);
      };
      child.once("message", finish);
      child.once("exit", lost);
    });
  }

  #end() {
    try {
      if (this.#child) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async ask(question, limit) {
    if (!this.#child) await this.#start();
    this.#child.send(question);
    return this.#answer(limit);
  }

  suites() {
    return this.#start();
  }

  stop() {
    process.off("exit", this.#atExit);
    this.#end();
  }
}

export function opMutants(folder) {
  const files = execFileSync("git", ["ls-files", folder], { cwd: root, encoding: "utf8" }).trim().split("\n");
  return files
    .filter((file) => file.endsWith(".ts") && !file.startsWith("assembly/team/"))
    .flatMap((file) => mutantsOf(file, readFileSync(join(root, file), "utf8")));
}

/** Suites in the order in which they are likely to kill: what killed other mutants of `file` first, then the quick. */
function ordered(suites, times, kills, file) {
  const rank = (suite) => 1000 * (kills.get(`${file} ${suite}`) ?? 0) - times.get(suite);
  return [...(suitesFor(file) ?? suites)].sort((a, b) => rank(b) - rank(a));
}

/**
 * Sets `status` ("killed", "survived" or "invalid") and `by` which test on each mutant; `onDone` hears of each. Throws
 * where the tests fail without a mutant.
 */
export async function runOpMutants(mutants, onDone) {
  const copy = copyTree();
  const compiled = mutants.some(({ file }) => file.startsWith("assembly/"));
  const env = { NTK_VARIANT: compiled ? "simd" : "js" };
  const runner = new Runner(copy, env);
  const suites = await runner.suites();
  if (compiled) await runner.ask({ compile: true }, COMPILE_MS);
  const times = new Map();
  const needed = new Set(mutants.flatMap(({ file }) => suitesFor(file) ?? suites));
  for (const suite of needed) {
    const start = performance.now();
    const { failed } = (await runner.ask({ suites: [suite] }, COMPILE_MS)) ?? { failed: "hung" };
    if (failed) throw new Error(`without any mutant: ${failed}`);
    times.set(suite, performance.now() - start);
  }
  const kills = new Map();
  for (const mutant of mutants) {
    const path = join(copy, mutant.file);
    const source = readFileSync(path, "utf8");
    await write(path, mutated(source, mutant));
    Object.assign(mutant, await outcome(mutant));
    await write(path, source);
    onDone(mutant);
  }
  runner.stop();

  async function write(path, text) {
    writeFileSync(path, text);
    await runner.ask({ changed: path }, COMPILE_MS);
  }

  async function outcome(mutant) {
    if (compiled) {
      const answer = await runner.ask({ compile: true }, COMPILE_MS);
      if (!answer?.compiled) return { status: "invalid" };
    }
    const wanted = ordered(suites, times, kills, mutant.file);
    const test = (await killer(runner, wanted)) ?? (compiled ? await killerOfThreads(wanted) : undefined);
    if (test === undefined) return { status: "survived" };
    const key = `${mutant.file} ${test.split(":")[0]}`;
    kills.set(key, (kills.get(key) ?? 0) + 1);
    return { status: "killed", test };
  }

  /** The test that kills. */
  async function killer(by, wanted) {
    for (const suite of wanted) {
      const answer = await by.ask({ suites: [suite] }, limitOf(times.get(suite)));
      if (!answer || answer.failed) return answer?.failed ?? `${suite}: hung`;
    }
    return undefined;
  }

  /** The same at two threads, which share everything: units of work are code of their own. */
  async function killerOfThreads(wanted) {
    const sharing = new Runner(copy, { ...env, NTK_THREADS: "2" });
    const test = await killer(sharing, wanted);
    sharing.stop();
    return test;
  }
}
