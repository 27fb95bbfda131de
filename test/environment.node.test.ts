/** Environments that lack something: what is not needed is not missed, and what cannot run says why. */
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { BackendError, createNetwork } from "../src/index.js";
import { loadInWorker } from "../src/worker/index.js";
import { built, child } from "./setup/child.js";
import { variants } from "./setup/variants.js";

interface Said {
  variant?: string;
  reason?: string;
  value?: number[];
  name?: string;
  message?: string;
  cause?: string;
}

const PACKAGE = JSON.stringify(built("ntk-wasm.js"));
const WORKER = JSON.stringify(built("ntk-wasm-worker.js"));
const [fastest] = variants;
/** A compiled module. */
const MODULE = `const { readFileSync } = await import("node:fs");
const module = await WebAssembly.compile(readFileSync(${JSON.stringify(join(import.meta.dirname, "../build/simd.wasm"))}));`;

/** What `load` says for each of some options, after `setting` has taken something away. */
const ask = (setting: string, options: object[], rest = {}) =>
  child<Said[]>(
    `${setting}
const { load } = await import(${PACKAGE});
const said = [];
for (const options of ${JSON.stringify(options)}) {
  try {
    const ntk = await load(options);
    const value = [...ntk.matmul([[1, 2], [3, 4]], [[5], [6]]).data];
    said.push({ variant: ntk.variant, reason: ntk.variantReason, value });
  } catch ({ name, message, cause }) {
    said.push({ name, message, cause: cause?.message });
  }
}
report(said);`,
    rest,
  );

describe("globals that are not needed", () => {
  const UTF8 = `globalThis.TextDecoder = class {
  constructor(label = "utf-8") { if (!/^utf-?8$/.test(label)) throw new RangeError("The encoding is not supported: " + label); }
  decode() { throw new Error("not asked for"); }
};`;
  const settings = {
    "no TextDecoder": "delete globalThis.TextDecoder;",
    "a TextDecoder of UTF-8 only": UTF8,
    "neither TextEncoder nor atob": "delete globalThis.TextEncoder; delete globalThis.atob; delete globalThis.Buffer;",
    "no FinalizationRegistry": "delete globalThis.FinalizationRegistry;",
    "an engine that does not instantiate at once":
      'WebAssembly.Instance = class { constructor() { throw new RangeError("WebAssembly.Instance is disallowed on the main thread"); } };',
    "one that does, without asking for Response": `const refuse = () => { throw new Error("asked"); };
const { instantiate } = WebAssembly;
WebAssembly.instantiate = (module, imports) => (imports?.env?.memory ? refuse() : instantiate(module, imports));
Object.defineProperty(globalThis, "Response", { get: refuse });`,
  };
  test.each(Object.entries(settings))("%s", async (_, setting) => {
    const said = await ask(setting, [{ backend: "js" }, { variant: "simd" }, {}]);
    const value = [17, 39];
    expect(said.slice(0, 2)).toEqual([
      { variant: "js", value },
      { variant: "simd", value },
    ]);
    expect(said[2]).toMatchObject({ variant: fastest, value });
  });

  test.each(Object.entries(settings))("%s: a module, and a worker", async (_, setting) => {
    const said = await child<string[]>(`${setting}
${MODULE}
const { load } = await import(${JSON.stringify(built("ntk-wasm-slim.js"))});
const { loadInWorker } = await import(${WORKER});
const there = await loadInWorker({ module });
report([(await load({ module })).variant, there.variant]);
there.terminate();`);
    expect(said).toEqual(["simd", "simd"]);
  });
});

describe("a worker of Node that dies", () => {
  const script = fileURLToPath(built("ntk-wasm-worker-script.js"));
  const endings: Record<string, (worker: Worker) => unknown> = {
    "ended from outside": (worker) => worker.terminate(),
    "by process.exit()": (worker) => worker.postMessage("exit"),
    "of an error": (worker) => worker.postMessage("throw"),
  };
  const END = `require("node:worker_threads").parentPort.on("message", (message) => {
  if (message === "exit") process.exit(3);
  if (message === "throw") throw new Error("out of luck");
});
require(${JSON.stringify(script)});`;

  test.each(Object.entries(endings))(
    "%s: what is pending rejects at once, and so does what comes later",
    async (_, end) => {
      let worker: Worker | undefined;
      const ntk = await loadInWorker({
        backend: "js",
        worker: () => {
          worker = new Worker(END, { eval: true, execArgv: [] });
          return worker;
        },
      });
      const net = createNetwork({ inputs: 1, hidden: 8, seed: 1 });
      const running = ntk.train(net, [0, 1], [0, 1], { learningRate: 0.01, steps: 1e9, recordAt: [] });
      const slices = ntk.training(net, [0, 1], [0, 1], { learningRate: 0.01, steps: 1e9, recordAt: [] }).next();
      const disposed = ntk.fit(net, [0, 1], [0, 1]);
      end(worker as Worker);
      for (const asked of [running, slices, disposed, ntk.forward(net, [0])])
        await expect(asked).rejects.toThrow(BackendError);
      await expect(ntk.forward(net, [0])).rejects.toThrow(/the worker does not run: (it ended with code|out of luck)/);
      await ntk.dispose();
    },
  );

  test("a script that is not there, and one that says nothing", async () => {
    const url = pathToFileURL(join(import.meta.dirname, "nowhere.js"));
    await expect(loadInWorker({ url })).rejects.toThrow(BackendError);
    await expect(loadInWorker({ url: url.href })).rejects.toThrow(/the worker does not run: .*nowhere\.js/);
    const worker = () => new Worker("setInterval(() => {}, 1000)", { eval: true, execArgv: [] });
    await expect(loadInWorker({ worker, timeout: 50 })).rejects.toThrow(/has said nothing for 50 ms/);
  });
});

describe("WebAssembly that does not run", () => {
  const POLICY =
    "WebAssembly.compile = async () => { throw new WebAssembly.CompileError(\"violates the policy directive: script-src 'self'\"); };";
  const MEMORY =
    'WebAssembly.Memory = class { constructor() { throw new RangeError("WebAssembly.Memory(): could not allocate memory"); } };';

  test.each([
    ["a policy", POLICY, /^WebAssembly does not run here: violates the policy.*'wasm-unsafe-eval'/],
    ["no memory", MEMORY, /^WebAssembly does not run here: .*could not allocate.*--disable-wasm-trap-handler/],
  ])("%s: load() falls back and says why, what is asked for by name is an error", async (_, setting, words) => {
    const [open, js, wasm, named] = await ask(setting, [
      {},
      { backend: "js" },
      { backend: "wasm" },
      { variant: "simd" },
    ]);
    expect(open).toMatchObject({ variant: "js", value: [17, 39] });
    expect(open.reason?.replace(/^this engine lacks relaxed SIMD [^;]*; /, "")).toMatch(words);
    // Once, though two variants failed of it.
    expect(open.reason?.match(/does not run here/g)).toHaveLength(1);
    expect(js).toEqual({ variant: "js", value: [17, 39] });
    for (const error of [wasm, named]) {
      expect(error).toMatchObject({ name: "BackendError", cause: expect.stringMatching(/policy|allocate/) });
      expect(error.message).toMatch(/use load\(\) for what runs here, or load\(\{ backend: "js" \}\)$/);
    }
  });

  test("no WebAssembly at all", async () => {
    const [open, named] = await ask("delete globalThis.WebAssembly;", [{}, { variant: "simd" }]);
    expect(open).toMatchObject({ variant: "js", reason: expect.stringContaining("lacks WebAssembly SIMD") });
    expect(named).toMatchObject({
      name: "BackendError",
      message: expect.stringMatching(/lacks WebAssembly SIMD; use load/),
    });
  });

  test("only relaxed SIMD is missing: the reason says so", async () => {
    // Of the two probes only the one of relaxed SIMD is longer than 50 bytes.
    const [open, wasm] = await ask(
      "const { validate } = WebAssembly; WebAssembly.validate = (bytes) => bytes.length < 60 && validate(bytes);",
      [{}, { backend: "wasm" }],
    );
    expect(open).toMatchObject({ variant: "simd", reason: expect.stringMatching(/^this engine lacks relaxed SIMD/) });
    expect(wasm).toEqual(open);
  });

  test("a compilation that was rejected is tried again", async () => {
    const said = await child<string[]>(`const { compile } = WebAssembly;
${POLICY}
const { load } = await import(${PACKAGE});
const first = await load();
WebAssembly.compile = compile;
report([first.variant, (await load()).variant, (await load({ variant: "simd" })).variant]);`);
    expect(said).toEqual(["js", fastest, "simd"]);
  });

  test("limited address space", async () => {
    const [open, js] = await ask("", [{}, { backend: "js" }], { limit: 8_000_000 });
    expect(js.variant).toBe("js");
    expect(open.value).toEqual([17, 39]);
    // Newer engines reserve less.
    if (open.variant === "js") expect(open.reason).toMatch(/WebAssembly.Memory\(\): .*--disable-wasm-trap-handler/);
    else expect(open.variant).toBe(fastest);
    const flags = ["--disable-wasm-trap-handler"];
    expect(await ask("", [{ variant: "simd" }], { limit: 8_000_000, flags })).toMatchObject([{ variant: "simd" }]);
  });

  test("slim has no JavaScript to fall back on", async () => {
    const said = await child<Said>(`${MODULE}
${MEMORY}
const { load } = await import(${JSON.stringify(built("ntk-wasm-slim.js"))});
await load({ module }).catch(({ name, message, cause }) => report({ name, message, cause: cause.message }));`);
    expect(said).toEqual({
      name: "BackendError",
      message: expect.stringMatching(/^WebAssembly does not run here: .*--disable-wasm-trap-handler/),
      cause: "WebAssembly.Memory(): could not allocate memory",
    });
  });

  test("a worker that cannot instantiate", async () => {
    const [open, named, given] = await child<Said[]>(`
const { Worker } = await import("node:worker_threads");
const { loadInWorker } = await import(${WORKER});
const code = ${JSON.stringify(`${MEMORY}import(${JSON.stringify(built("ntk-wasm-worker-script.js"))});`)};
const worker = () => new Worker(code, { eval: true });
${MODULE}
const said = [];
for (const options of [{}, { variant: "simd" }, { module }]) {
  try {
    const ntk = await loadInWorker({ worker, ...options });
    said.push({ variant: ntk.variant, reason: ntk.variantReason, value: [...(await ntk.matmul([[1, 2], [3, 4]], [[5], [6]])).data] });
    await ntk.dispose();
  } catch ({ name, message, cause }) {
    said.push({ name, message, cause: cause?.message });
  }
}
report(said);`);
    expect(open).toMatchObject({
      variant: "js",
      value: [17, 39],
      reason: expect.stringContaining("could not allocate"),
    });
    for (const error of [named, given])
      expect(error).toMatchObject({ name: "BackendError", cause: "WebAssembly.Memory(): could not allocate memory" });
    expect(named.message).toMatch(/use loadInWorker\(\) for what runs here, or loadInWorker\(\{ backend: "js" \}\)$/);
  });

  test("a policy that forbids it to the page: the worker computes in JavaScript", async () => {
    const said = await child<Said>(`${POLICY}
const { loadInWorker } = await import(${WORKER});
const ntk = await loadInWorker();
report({ variant: ntk.variant, reason: ntk.variantReason });
ntk.terminate();`);
    expect(said).toMatchObject({ variant: "js", reason: expect.stringContaining("'wasm-unsafe-eval'") });
  });
});
