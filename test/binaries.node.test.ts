/** Reads the binaries: the ABI's promises are facts about their sections. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createJsBackend } from "../src/backend/js/index.js";

const read = (variant: string) => readFileSync(join(import.meta.dirname, `../build/${variant}.wasm`));
const START_SECTION = 8;
const DATA_SECTION = 11;

/** Sizes of the sections of a module by id. */
function sections(bytes: Buffer): Map<number, number> {
  const sizes = new Map<number, number>();
  let at = 8;
  while (at < bytes.length) {
    const id = bytes[at++];
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    sizes.set(id, size);
    at += size;
  }
  return sizes;
}

describe.each(["simd", "relaxed"])("%s.wasm", (variant) => {
  test("has no start function, and for data a few constants: tables, and the indices of what threads compute", () => {
    const sizes = sections(read(variant));
    expect(sizes.has(10)).toBe(true);
    expect(sizes.has(START_SECTION)).toBe(false);
    // Written again by every instance, always the same bytes: instances may share a memory.
    expect(sizes.get(DATA_SECTION)).toBeLessThan(2400);
  });
});

test("imports exactly env.memory and exports exactly the ops, and what threads need", () => {
  const module = new WebAssembly.Module(new Uint8Array(read("simd")));
  expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  const functions = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => name);
  expect(functions.sort()).toEqual(
    [...Object.keys(createJsBackend().ops), "heapBase", "lead", "serve", "teamBytes"].sort(),
  );
});

test("only the relaxed binary fuses", () => {
  // 0xfd 0x87 0x02 is f64x2.relaxed_madd.
  const fused = Buffer.from([0xfd, 0x87, 0x02]);
  expect(read("relaxed").includes(fused)).toBe(true);
  expect(read("simd").includes(fused)).toBe(false);
});

test("both together stay under 80 kB gzipped", () => {
  expect(gzipSync(Buffer.concat([read("simd"), read("relaxed")]), { level: 9 }).length).toBeLessThan(80_000);
});
