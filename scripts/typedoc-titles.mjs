// TypeDoc plugin: pages are called what their first heading says, so that the Markdown needs no front matter. The front page has the
// project's name above it already, and loses its own.
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
