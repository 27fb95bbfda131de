// How the tests and the benches start headless Chromium: as root in a container, and without a word to the network.

/** @type {string[]} */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where it is installed. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
