// The declarations of the package: one file for each entry, and one for what two entries need, so that a class of one
// entry is the class of the other. tsc has written a declaration for every module of src into dist/; this bundles them.
// It also writes them so that TypeScript 5.4 reads them: arrays are generic in their buffer since 5.7.
import { join } from "node:path";
import { rollup } from "rollup";
import { dts } from "rollup-plugin-dts";

/** Names of the bundles, and the modules that they are made of. scripts/build.mjs bundles the code of the same. */
export const ENTRIES = {
  "ntk-wasm": "index",
  "ntk-wasm-slim": "slim",
  "ntk-wasm-core": "coreEntry",
  "ntk-wasm-worker": "worker/index",
  "ntk-wasm-bullmq": "cluster/index",
};

/**
 * `Float64Array<ArrayBuffer>` is what `Float64Array.of` returns: of whatever kind arrays are in the TypeScript that
 * reads it. An array of any buffer is what the bare name means. A directive counts only at the top of a file.
 */
const forEveryTypeScript = {
  name: "for-every-typescript",
  renderChunk(code) {
    const directives = new Set();
    const rest = code
      .replace(/^\/\/\/ <reference .*\n/gm, (line) => {
        directives.add(line);
        return "";
      })
      .replace(/\b(\w+Array)<ArrayBufferLike>/g, "$1")
      .replace(/\b(\w+Array)<ArrayBuffer>/g, "ReturnType<typeof $1.of>");
    return [...directives, rest].join("");
  },
};

/** Bundles the declarations in a folder, beside them. */
export async function bundleTypes(folder) {
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(folder, `${path}.d.ts`)]));
  // What only one entry needs; the cluster gives estimates of the worker's type.
  const alone = (id) =>
    Object.values(input).includes(id) || /^[\\/](cluster|worker(?![\\/]types\.))[\\/]/.test(id.slice(folder.length));
  const bundle = await rollup({
    input,
    external: (id) => !/^[./]/.test(id),
    plugins: [dts(), forEveryTypeScript],
    onwarn({ code, message }) {
      // Declarations import what only their bodies needed.
      if (code !== "UNUSED_EXTERNAL_IMPORT") throw new Error(message);
    },
  });
  await bundle.write({
    dir: folder,
    entryFileNames: "[name].d.ts",
    chunkFileNames: "[name].d.ts",
    minifyInternalExports: false,
    manualChunks: (id) => (alone(id) ? undefined : "ntk-wasm-types"),
  });
  await bundle.close();
}
