// SVG strings of Observable Plot as files of the guides. They have a white ground, so that dark pages show them too,
// and rounded coordinates, so that every machine writes the same bytes.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Width and type of all pictures: their letters can still be read on a phone. */
export const FRAME = { width: 560, style: { fontSize: "14px" } };

/** A file that GitHub, the site and an `img` show. */
function picture(svg, title) {
  return svg
    .replace(/ {2}height: intrinsic;\n/g, "")
    .replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    .replace(/^(<svg [^>]*?style=")/, "$1background:#fff;color:#333;")
    .replace(/^(<svg [^>]*>)/, `$1<title>${title}</title>`)
    .replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
}

/** Panels of one size, in rows of `columns`, as one SVG string. */
export function panels(figures, { columns, width, height }) {
  const cells = figures.map((figure, i) => {
    const [x, y] = [(i % columns) * width, Math.floor(i / columns) * height];
    return figure.replace("<svg ", `<g transform="translate(${x},${y})" `).replace("</svg>", "</g>");
  });
  const [w, h] = [columns * width, Math.ceil(figures.length / columns) * height];
  return `<svg viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" style="font-family:system-ui,sans-serif">${cells.join("")}</svg>`;
}

/** Writes a picture; `at` is a path, or an address beside a script. */
export function save(at, svg, title) {
  const path = at instanceof URL ? fileURLToPath(at) : at;
  const text = picture(svg, title);
  writeFileSync(path, `${text}\n`);
  console.log(`wrote ${path}, ${text.length} bytes`);
}
