// The machine's limit and its name: the register peak per kind of multiply-add, and what ran.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const ITERATIONS = 1_000_000;
const FLOPS = 48 * ITERATIONS;

/** { simd(), relaxed() } → GFLOP/s of one run, for the kinds that this engine has. */
export function peaks(variants) {
  const folder = mkdtempSync(join(tmpdir(), "ntk-peak-"));
  const source = join(folder, "peak.ts");
  const result = {};
  try {
    execFileSync("cp", [join(root, "bench/peak.ts"), source]);
    for (const variant of variants.filter((name) => name !== "js")) {
      const features = variant === "relaxed" ? "simd,relaxed-simd" : "simd";
      const out = join(folder, `${variant}.wasm`);
      const flags = ["-O3", "--noAssert", "--runtime", "stub", "--enable", features];
      execFileSync(
        process.execPath,
        [join(root, "node_modules/assemblyscript/bin/asc.js"), "peak.ts", ...flags, "-o", out],
        { cwd: folder },
      );
      const { peak } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(out)), { env: { abort() {} } })
        .exports;
      peak(ITERATIONS, 0.5, 1);
      result[variant] = () => {
        const start = performance.now();
        if (!(peak(ITERATIONS, 0.5, 1) > 0)) throw new Error("peak: unreachable");
        return FLOPS / (performance.now() - start) / 1e6;
      };
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return result;
}

export function machine() {
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
  };
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
};

/** Seeded uniform numbers on (−1, 1). */
export function random(length, seed = 1) {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
