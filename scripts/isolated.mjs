/** Browsers share memory among threads in pages with these headers, and let them have a fine clock. */
export const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
