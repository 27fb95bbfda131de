// The report: one self-contained page, no script and no network.
import { mkdirSync, writeFileSync } from "node:fs";

const escapeHtml = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

export function table(head, rows) {
  const cells = (tag, values) => values.map((value) => `<${tag}>${escapeHtml(value)}</${tag}>`).join("");
  return `<table><thead><tr>${cells("th", head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells("td", row)}</tr>`).join("")}</tbody></table>`;
}

const STYLE = `
:root { color-scheme: light dark; --fg: #1d1f23; --bg: #fff; --soft: #667; --line: #dde; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e7ea; --bg: #15171b; --soft: #99a; --line: #334; } }
body { margin: 0 auto; max-width: 760px; padding: 1rem 1rem 4rem; font: 16px/1.55 system-ui, sans-serif; color: var(--fg); background: var(--bg); }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { margin-top: 2.4rem; font-size: 1.2rem; }
.soft, figcaption { color: var(--soft); font-size: .92rem; }
figure { margin: 1rem 0; } svg { max-width: 100%; height: auto; color: var(--fg); background: transparent !important; overflow: visible; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: .5rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
.key { display: inline-block; width: .8em; height: .8em; border-radius: 50%; vertical-align: -.05em; margin-left: .8em; }
`;

/** Groups of a drawing have labels that only an element with a role may have. Tables scroll by keyboard too. */
function readable(html) {
  return html
    .replace(/(<g\b[^>]*?) aria-label="[^"]*"/g, "$1")
    .replaceAll('<div class="scroll">', '<div class="scroll" tabindex="0">');
}

/** Writes `sections` ({ title, html }) to report/index.html and returns its path. */
export function writePage({ title, lead, sections, foot }) {
  const body = sections
    .map(({ title: heading, html }) => `<section><h2>${escapeHtml(heading)}</h2>${readable(html)}</section>`)
    .join("\n");
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escapeHtml(title)}</h1><p>${lead}</p>
${body}
<p class="soft">${escapeHtml(foot)}</p></main></body></html>
`;
  const folder = new URL("../../report/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  writeFileSync(new URL("index.html", folder), html);
  return "report/index.html";
}
