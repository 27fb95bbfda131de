// TypeDoc plugin. The title of a page is its first heading, so that the Markdown needs no front matter. The front page
// stands below the project's name, and loses its own heading.
import { Converter } from "typedoc";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join("");
    const title = text.match(/^# (.+)$/m)?.[1];
    if (!title) app.logger.error(`${document.name}: a document needs a heading`);
    else document.name = title;
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const [first] = project.readme ?? [];
    if (first) first.text = first.text.replace(/^# .+\n/, "");
  });
}
