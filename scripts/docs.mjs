// `npm run docs`: the site in site/, from the sources and the guides, with the playground in site/playground/.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./child.mjs";

const bin = (name, ...args) => [name, join(root, "node_modules/.bin", name), args];
for (const step of [bin("typedoc"), bin("vite", "build", "playground", "--logLevel", "warn")]) {
  const { status } = await run(...step);
  if (status !== 0) process.exit(1);
}
cpSync(join(root, "playground/dist"), join(root, "site/playground"), { recursive: true });
console.log("the site is site/index.html; the playground needs a server, such as `npx serve site`");
