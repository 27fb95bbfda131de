/** Numbers and tables as text. */

/** Three significant digits, and no exponent where there need be none. */
export function short(x: number | undefined): string {
  if (x === undefined) return "–";
  const rounded = Number(x.toPrecision(3));
  return Math.abs(rounded) >= 1e6 || (rounded !== 0 && Math.abs(rounded) < 1e-4)
    ? rounded.toExponential()
    : String(rounded);
}

/** A mean and its error, to the digits that the error leaves: "53.9 ± 2.4". */
export function withError(mean: number | undefined, error: number | undefined): string {
  if (mean === undefined) return "–";
  if (error === undefined || !(error > 0)) return short(mean);
  const digits = Math.min(8, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;
}

export function percent(part: number | undefined): string {
  return part === undefined ? "–" : `${(100 * part).toFixed(1)} %`;
}

/** "1.2 s", "350 ms". */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** "35 kB". */
export function size(bytes: number): string {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Columns side by side. The first stands on the left, the others on the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, j) => rows.reduce((most, row) => Math.max(most, [...row[j]].length), 0));
  const cell = (text: string, j: number) => (j === 0 ? text.padEnd(widths[j]) : text.padStart(widths[j]));
  return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
}

/** A text in lines of at most so many characters. */
export function wrapped(text: string, width = 78): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of text.split(" ")) {
    if (line !== "" && line.length + part.length + 1 > width) {
      lines.push(line);
      line = part;
    } else line = line === "" ? part : `${line} ${part}`;
  }
  return [...lines, line];
}

/** A word, its explanation beside it. */
export function entry(word: string, text: string): string {
  return wrapped(text, 69)
    .map((line, i) => `${(i === 0 ? word : "").padEnd(10)} ${line}`)
    .join("\n");
}
