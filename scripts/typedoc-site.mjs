// TypeDoc plugin: what the site has beyond TypeDoc.
// - The title of a page is its first heading, so that the Markdown needs no front matter. The front page stands below
//   the project's name, and loses its own heading.
// - The address of a guide is the name of its file: documents/fits.html.
// - Formulas between dollar signs are rendered by KaTeX now. The site brings KaTeX's style and fonts.
// - Tables and formulas that are wider than the screen scroll, also by keyboard.
// - Every page links to the playground, which scripts/docs.mjs puts beside it.
import { cpSync, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import katex from "@vscode/markdown-it-katex";
import { Application, Converter, JSX, KindRouter, RendererEvent } from "typedoc";

const KATEX = dirname(createRequire(import.meta.url).resolve("katex/dist/katex.min.css"));
/** Names of the files of the guides, which their titles replace. */
const files = new Map();

class FileRouter extends KindRouter {
  getIdealBaseName(reflection) {
    const file = files.get(reflection);
    return file === undefined ? super.getIdealBaseName(reflection) : `documents/${file}`;
  }
}

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.renderer.defineRouter("files", FileRouter);
  app.on(Application.EVENT_BOOTSTRAP_END, () => {
    app.options.setValue("markdownItLoader", (parser) => {
      // A formula that KaTeX cannot read ends the build.
      parser.use(katex.default ?? katex, { throwOnError: true, strict: "error" });
      const formula = parser.renderer.rules.math_block;
      parser.renderer.rules.math_block = (...given) =>
        formula(...given).replace('<p class="katex-block">', '<p class="katex-block" tabindex="0">');
      parser.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>';
      parser.renderer.rules.table_close = () => "</table></div>";
    });
  });
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join("");
    const title = text.match(/^# (.+)$/m)?.[1];
    files.set(document, document.name);
    if (!title) app.logger.error(`${document.name}: a document needs a heading`);
    else document.name = title;
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const [first] = project.readme ?? [];
    if (first) first.text = first.text.replace(/^# .+\n/, "");
  });
  app.renderer.hooks.on("head.end", (context) =>
    JSX.createElement("link", { rel: "stylesheet", href: context.relativeURL("assets/katex/katex.min.css") }),
  );
  app.renderer.hooks.on("sidebar.begin", (context) =>
    JSX.createElement(
      "a",
      { class: "playground", href: context.relativeURL("playground/index.html") },
      "Playground: see it live",
    ),
  );
  app.renderer.on(RendererEvent.END, ({ outputDirectory }) => {
    const to = join(outputDirectory, "assets/katex");
    mkdirSync(join(to, "fonts"), { recursive: true });
    cpSync(join(KATEX, "katex.min.css"), join(to, "katex.min.css"));
    for (const font of readdirSync(join(KATEX, "fonts")).filter((name) => name.endsWith(".woff2")))
      cpSync(join(KATEX, "fonts", font), join(to, "fonts", font));
  });
}
