// The playground is a static site that works from any folder. It takes the library as an app that fetches its binaries
// does, file by file: ntk-wasm/core for the first views, ntk-wasm/slim for the others.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { ISOLATED } from "../scripts/isolated.mjs";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  resolve: {
    alias: [
      { find: /^ntk-wasm$/, replacement: here("../dist/index.js") },
      { find: /^ntk-wasm\/slim$/, replacement: here("../dist/slim.js") },
      { find: /^ntk-wasm\/core$/, replacement: here("../dist/coreEntry.js") },
      { find: /^ntk-wasm\/(simd|relaxed)\.wasm/, replacement: `${here("../build/")}$1.wasm` },
    ],
  },
  worker: { format: "es" },
  server: { fs: { allow: [here("..")] }, headers: ISOLATED },
  preview: { headers: ISOLATED },
  build: { outDir: here("dist"), emptyOutDir: true, target: "es2022", reportCompressedSize: false },
});
