// TypeDoc plugin: a guide is called what its first heading says, so that the Markdown needs no front matter.
import { Converter } from "typedoc";

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join("");
    const title = text.match(/^# (.+)$/m)?.[1];
    if (!title) app.logger.error(`${document.name}: a document needs a heading`);
    else document.name = title;
  });
}
