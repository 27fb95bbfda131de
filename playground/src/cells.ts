// What a cell of a table says: a number in one of two habits, a time in ISO 8601, nothing, or something else.

export type Decimal = "." | ",";

/** What programs write where there is no value. */
const MISSING = new Set(["", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "–", "—", ".", "?"]);

export const isMissing = (cell: string) => MISSING.has(cell.toLowerCase());

const GROUPED = {
  ".": /^[-+]?\d{1,3}([,' \u00a0\u202f\u2009’]\d{3})+(\.\d+)?(e[-+]?\d+)?$/i,
  ",": /^[-+]?\d{1,3}([.' \u00a0\u202f\u2009’]\d{3})+(,\d+)?(e[-+]?\d+)?$/i,
};
const PLAIN = {
  ".": /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i,
  ",": /^[-+]?(\d+,?\d*|,\d+)(e[-+]?\d+)?$/i,
};

/** Whether a cell has groups of thousands that leave no doubt of the decimal sign. */
export const looksGrouped = (cell: string, decimal: Decimal) =>
  decimal === "."
    ? /^[-+−]?\d{1,3}(,\d{3})+\.\d+$|^[-+−]?\d{1,3}(,\d{3}){2,}$/.test(cell)
    : /^[-+−]?\d{1,3}(\.\d{3})+,\d+$|^[-+−]?\d{1,3}(\.\d{3}){2,}$/.test(cell);

/** A finite number with this decimal sign, thousands in groups or not; undefined for anything else. */
export function parseNumber(cell: string, decimal: Decimal): number | undefined {
  let text = cell.trim().replace(/^[−–]/, "-");
  if (!PLAIN[decimal].test(text)) {
    if (!GROUPED[decimal].test(text)) return undefined;
    text = text.replace(decimal === "." ? /[,' \u00a0\u202f\u2009’]/g : /[.' \u00a0\u202f\u2009’]/g, "");
  }
  const value = Number(decimal === "," ? text.replace(",", ".") : text);
  return Number.isFinite(value) ? value : undefined;
}

const ISO =
  /^(\d{4})-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?)?$/;

export const looksDated = (cell: string) => ISO.test(cell.trim());

/** Seconds since 1970 of a date or a time in ISO 8601, in UTC where it has no offset; undefined for anything else. */
export function parseTime(cell: string): number | undefined {
  const found = ISO.exec(cell.trim());
  if (!found) return undefined;
  const [, year, month, day = "01", hour = "00", minute = "00", second = "00", part = "0", zone = "Z"] = found;
  const days = Date.UTC(Number(year), Number(month) - 1, Number(day)) / 1000;
  const date = new Date(1000 * days);
  // A 31st of April is no date, and Date would take it for the first of May.
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60) return undefined;
  const offset =
    zone === "Z" ? 0 : (zone[0] === "-" ? -1 : 1) * (60 * Number(zone.slice(1, 3)) + Number(zone.slice(-2)));
  return days + 3600 * Number(hour) + 60 * (Number(minute) - offset) + Number(second) + Number(`0.${part}`);
}

/** Times as cells in ISO 8601. Where it has not all digits of some time, the seconds as numbers. */
export function timeCells(values: readonly number[]): string[] {
  const cells = values.map((seconds) => {
    const date = new Date(1000 * seconds);
    return Number.isNaN(date.getTime()) ? "" : date.toISOString();
  });
  return cells.every((cell, i) => parseTime(cell) === values[i]) ? cells : values.map(String);
}
