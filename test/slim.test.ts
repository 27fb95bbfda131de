/** The entry without inlined binaries. */
import { describe, expect, test } from "vitest";
import { binary as relaxed } from "../src/backend/relaxed.generated.js";
import { binary as simd } from "../src/backend/simd.generated.js";
import { hardwareThreads, whyNotShared } from "../src/backend/threads/choose.js";
import { BackendError, createNetwork } from "../src/index.js";
import { load, sharedBytes, supports } from "../src/slim.js";
import { loadInWorker } from "../src/worker/index.js";
import { randomMatrix } from "./setup/random.js";
import { loadVariant, variants } from "./setup/variants.js";

const net = createNetwork({ inputs: 1, hidden: 16, seed: 1 });
const bytesOf = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const compile = (text: string) => WebAssembly.compile(bytesOf(text));
const BINARIES = { simd, relaxed };

describe.each(variants.filter((variant) => variant !== "js"))("%s", (variant) => {
  test("a module says which variant it is, and computes as the inlined one", async () => {
    const module = await compile(BINARIES[variant]);
    const ntk = await load({ module });
    expect([ntk.backend, ntk.variant, ntk.precision]).toEqual(["wasm", variant, "float64"]);
    const K = (await loadVariant(variant)).kernel(net, [0, 1, 2]);
    expect(ntk.kernel(net, [0, 1, 2])).toEqual(K);
    expect((await load({ module, precision: "float32" })).precision).toBe("float32");
    const there = await loadInWorker({ module });
    expect(there.variant).toBe(variant);
    expect(await there.kernel(net, [0, 1, 2])).toEqual(K);
    there.terminate();
  });

  test.skipIf(whyNotShared() !== undefined)("threads, on a module of sharedBytes", async () => {
    const module = await WebAssembly.compile(sharedBytes(bytesOf(BINARIES[variant])));
    const A = randomMatrix(300, 300);
    const want = (await loadVariant(variant)).gram(A);
    for (const threads of [1, 2]) {
      using ntk = await load({ module, threads });
      expect(ntk).toMatchObject({ variant, threads, threadsReason: undefined });
      expect(ntk.gram(A)).toEqual(want);
      const there = await loadInWorker({ module, threads });
      expect(there).toMatchObject({ variant, threads, threadsReason: undefined });
      expect(await there.gram(A)).toEqual(want);
      there.terminate();
    }
  });

  test.skipIf(whyNotShared() !== undefined)("threads, on a module that cannot share its memory", async () => {
    const module = await compile(BINARIES[variant]);
    const what = /this module cannot share its memory between threads; compile sharedBytes\(bytes\)/;
    for (const start of [load, loadInWorker]) {
      const error = await start({ module, threads: 2 }).catch((reason) => reason);
      expect(error).toBeInstanceOf(BackendError);
      expect(error).toMatchObject({ message: expect.stringMatching(what), cause: { name: "LinkError" } });
    }
    using ntk = await load({ module, threads: "auto" });
    const there = await loadInWorker({ module, threads: "auto" });
    if (hardwareThreads() > 1)
      for (const made of [ntk, there])
        expect(made).toMatchObject({ threads: 1, threadsReason: expect.stringMatching(what) });
    expect(await there.gram([[2]])).toEqual(ntk.gram([[2]]));
    there.terminate();
  });
});

test("sharedBytes of what is no module", () => {
  for (const bytes of [new Uint8Array(), new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), new Uint8Array(100).fill(255)])
    expect(() => sharedBytes(bytes)).toThrow(BackendError);
});

test("wrong modules", async () => {
  const empty = await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  await expect(load({ module: empty })).rejects.toThrow(BackendError);
  await expect(load({ module: empty })).rejects.toThrow(/not one of ntk-wasm's/);
  // The same binary, marked by another build: the last byte is the last of the build's name.
  const bytes = Uint8Array.from(atob(simd), (c) => c.charCodeAt(0));
  bytes[bytes.length - 1] = 0x7a;
  await expect(load({ module: await WebAssembly.compile(bytes) })).rejects.toThrow(/of another version of ntk-wasm/);
  await expect(load({ module: bytes as never })).rejects.toThrow(TypeError);
  await expect(load({} as never)).rejects.toThrow(/no WebAssembly.Module; expected simd.wasm or relaxed.wasm/);
  await expect(load({ module: empty, variant: "simd" } as never)).rejects.toThrow(/unknown option "variant"/);
  for (const options of [undefined, null, 5, "simd"])
    await expect(load(options as never)).rejects.toThrow(/load: options are .*; expected an object/);
  for (const module of [undefined, null, 5, { [Symbol.toStringTag]: "WebAssembly.Module" }])
    await expect(load({ module } as never)).rejects.toThrow(TypeError);
  expect(() => supports("js" as never)).toThrow(/variant is "js"; expected one of relaxed, simd/);
  expect(() => supports(undefined as never)).toThrow(TypeError);
});
