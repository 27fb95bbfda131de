// The playground is a static site that works from any folder; it is built on the library's own bundle.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  base: "./",
  resolve: { alias: { "ntk-wasm": here("../dist/ntk-wasm.js") } },
  worker: { format: "es" },
  server: { fs: { allow: [here("..")] } },
  build: { outDir: here("dist"), emptyOutDir: true, target: "es2022", reportCompressedSize: false, manifest: true },
});
