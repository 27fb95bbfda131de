// The machine's name, and the binaries that measure its limit (bench/lib/race.mjs times them).
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles bench/lib/peak.ts for a variant, in `folder`; the paths of binary and text. */
export function compilePeak(variant, folder) {
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const features = variant === "relaxed" ? "simd,relaxed-simd" : "simd";
  const [wasm, wat] = ["wasm", "wat"].map((ending) => join(folder, `peak-${variant}.${ending}`));
  copyFileSync(join(root, "bench/lib/peak.ts"), join(folder, "peak.ts"));
  const flags = ["-O3", "--noAssert", "--runtime", "stub", "--enable", features, "-o", wasm, "-t", wat];
  execFileSync(process.execPath, [asc, "peak.ts", ...flags], { cwd: folder });
  return { wasm, wat };
}

/** The binaries of bench/lib/peak.ts by variant. */
export function peakBinaries(variants) {
  const folder = mkdtempSync(join(tmpdir(), "ntk-peak-"));
  try {
    const wanted = variants.filter((name) => name !== "js");
    return Object.fromEntries(wanted.map((variant) => [variant, readFileSync(compilePeak(variant, folder).wasm)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function machine() {
  return {
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
  };
}
