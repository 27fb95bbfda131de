// The playground is a static site that works from any folder. It takes the library as an app that fetches its binaries
// does: from ntk-wasm/slim, file by file, so that what a view needs is cut out of it (playground/src/core.ts).
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

/** Browsers share memory among threads in pages with these. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  resolve: {
    alias: [
      { find: /^ntk-wasm$/, replacement: here("../dist/index.js") },
      { find: /^ntk-wasm\/slim$/, replacement: here("../dist/slim.js") },
      // Of the library's own imports: see playground/src/cut.ts.
      { find: /^\.\/(lowRank|matrixFree)\.js$/, replacement: here("src/cut.ts") },
      { find: /^ntk-wasm\/(simd|relaxed)\.wasm/, replacement: `${here("../build/")}$1.wasm` },
    ],
  },
  worker: { format: "es" },
  server: { fs: { allow: [here("..")] }, headers },
  preview: { headers },
  build: { outDir: here("dist"), emptyOutDir: true, target: "es2022", reportCompressedSize: false },
});
