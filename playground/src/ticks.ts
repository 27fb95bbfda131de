// Texts of an axis. A time is seconds since 1970 in UTC, as uPlot has it.

/** Texts of an axis: the fewest digits that show each tick to a thousandth of their distance, in one style for all. */
export function tickTexts(ticks: readonly number[]): string[] {
  const apart = ticks.slice(1).map((tick, i) => Math.abs(tick - ticks[i]));
  const step = apart.length > 0 ? apart.reduce((least, gap) => Math.min(least, gap)) : Math.abs(ticks[0] ?? 0) || 1;
  let digits = 1;
  const rounded = () => ticks.map((tick) => Number(tick.toPrecision(digits)));
  // Noise of the ticks' own arithmetic beside 0 is 0.
  const near = (x: number, tick: number) => Math.abs(x - tick) <= 1e-3 * step;
  while (digits < 17 && !rounded().every((x, i) => near(x, ticks[i]))) digits++;
  const values = rounded().map((x) => (near(x, 0) ? 0 : x));
  const plain = values.map(String);
  const scientific = values.map((x) => (x === 0 ? "0" : x.toExponential().replace("e+", "e")));
  const longest = (texts: string[]) => texts.reduce((top, { length }) => Math.max(top, length), 0);
  const texts = longest(plain) <= 6 || longest(plain) <= longest(scientific) ? plain : scientific;
  return texts.map((text) => text.replaceAll("-", "−"));
}

/** Characters that the ticks of a range take, about. */
export function tickWidth(low: number, high: number): number {
  const size = Math.max(Math.abs(low), Math.abs(high));
  return Math.max(5, Math.ceil(Math.log10((8 * size) / (high - low))) + 5);
}

const DAY = 86_400;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const two = (value: number) => String(value).padStart(2, "0");

/** Texts of a time axis: years, months, days or the clock; the second line has what the first leaves open. */
export function timeTexts(ticks: readonly number[]): string[] {
  const step = ticks.slice(1).reduce((least, tick, i) => Math.min(least, tick - ticks[i]), Infinity);
  let above = "";
  return ticks.map((tick) => {
    const date = new Date(1000 * tick);
    if (Number.isNaN(date.getTime())) return "";
    const [year, month] = [String(date.getUTCFullYear()), MONTHS[date.getUTCMonth()]];
    if (step > 360 * DAY) return year;
    const day = `${date.getUTCDate()} ${month}`;
    const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
    const seconds = step >= 60 ? "" : `:${two(date.getUTCSeconds())}`;
    const [first, rest] =
      step > 27 * DAY ? [month, year] : step >= DAY ? [day, year] : [clock + seconds, `${day} ${year}`];
    // Thousandths of a second have no other place.
    const text = step < 1 ? `${first}.${String(date.getUTCMilliseconds()).padStart(3, "0")}` : first;
    if (rest === above) return text;
    above = rest;
    return `${text}\n${rest}`;
  });
}

/** A time for people: as much of ISO 8601 as it has. */
export function timeText(seconds: number): string {
  const date = new Date(1000 * seconds);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return date
    .toISOString()
    .replace(/\.000Z$/, "Z")
    .replace(/(T00:00)?:00Z$/, (_, midnight) => (midnight ? "" : "Z"))
    .replace("T", " ")
    .replace("Z", "");
}
