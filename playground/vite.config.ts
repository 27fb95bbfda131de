// The playground is a static site that works from any folder. It takes the library as an app that fetches its binaries
// does: from ntk-wasm/slim.
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
      { find: /^ntk-wasm$/, replacement: here("../dist/ntk-wasm.js") },
      { find: /^ntk-wasm\/slim$/, replacement: here("../dist/ntk-wasm-slim.js") },
      { find: /^ntk-wasm\/(simd|relaxed)\.wasm/, replacement: `${here("../build/")}$1.wasm` },
    ],
  },
  worker: { format: "es" },
  server: { fs: { allow: [here("..")] }, headers },
  preview: { headers },
  build: { outDir: here("dist"), emptyOutDir: true, target: "es2022", reportCompressedSize: false },
});
