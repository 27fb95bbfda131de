// What the speed view shows of its measurements: one headline, bars with quartiles, a table, and doubts.

import { CALM, isCalm, type Spread } from "../compute/spread";
import { BUILDS, type Build, TASKS, type Threads } from "../compute/tasks";
import { h } from "../dom";
import { format } from "../numbers";

/** Milliseconds of each round. */
export type Rounds = Map<Build, number[]>;
export type Times = Map<string, Map<Build, Spread>>;
/** What is timed, with names for people: threads only where there are more than one. */
export type Names = [Build, string][];

/** The task of the headline: all that a user waits for. */
const WHOLE = "fit";

export function namesOf({ threads }: Threads): Names {
  const names = { threads: `${threads} threads`, relaxed: "WASM relaxed", simd: "WASM SIMD", js: "JavaScript" };
  return BUILDS.filter((build) => build !== "threads" || threads > 1).map((build) => [build, names[build]]);
}

/** The fastest of what was timed. */
function fastest(row: Map<Build, Spread>): [Build, Spread] | undefined {
  return [...row].reduce<[Build, Spread] | undefined>(
    (best, one) => (best && best[1].median <= one[1].median ? best : one),
    undefined,
  );
}

/** "4.1 × JavaScript here", of the whole fit; empty until JavaScript has been timed on it. */
export function headline(times: Times, names: Names): (string | Node)[] {
  const row = times.get(WHOLE);
  const [js, best] = [row?.get("js"), row && fastest(row)];
  if (!js || !best) return [];
  const [build, { median }] = best;
  const name = new Map(names).get(build) ?? build;
  const small = `${TASKS[WHOLE].title}: ${median.toFixed(1)} ms with ${name}, ${js.median.toFixed(1)} ms in JavaScript.`;
  return [`${format(js.median / median, 2)} × JavaScript here`, h("small", { class: "legend" }, small)];
}

/** Reasons for which the numbers deserve less trust. */
export function disturbed(times: Times, names: Names, hidden: boolean): string[] {
  const wild = [...times].flatMap(([task, row]) =>
    names.flatMap(([build, name]) => {
      const spread = row.get(build);
      return spread && !isCalm(spread) ? [`${TASKS[task].short} (${name})`] : [];
    }),
  );
  const reasons = hidden ? ["Disturbed: the page was hidden meanwhile, and browsers slow hidden pages down."] : [];
  if (wild.length > 0) {
    const whose = wild.length > 3 ? `${wild.slice(0, 3).join(", ")} and ${wild.length - 3} more` : wild.join(", ");
    reasons.push(
      `Disturbed: the middle half of the rounds is spread over more than ${100 * CALM} % of the median in ${whose}. ` +
        "Something else runs on this machine; measure again when it rests.",
    );
  }
  return reasons;
}

/** Header and rows of the table, as text. */
export function rowsOf(times: Times, names: Names): string[][] {
  const [[first, name]] = names;
  const threads = first === "threads";
  const ratios = threads ? [`one thread / ${name}`, "JS / fastest"] : ["JS / fastest"];
  const head = ["call (median ms)", ...names.map(([, each]) => each), ...ratios, "best GFLOP/s"];
  const rows = [...times].map(([task, row]) => {
    const { title, flops } = TASKS[task];
    const ms = (build: Build) => row.get(build)?.median;
    const best = fastest(row)?.[1].median;
    const over = (slow: number | undefined, fast: number | undefined) =>
      slow && fast ? `${format(slow / fast, 2)}×` : "";
    const cells = names.map(([build]) => ms(build)?.toFixed(1) ?? "–");
    // What threads run is the fastest WebAssembly.
    const shared = threads ? [over(ms("relaxed") ?? ms("simd"), ms("threads"))] : [];
    return [title, ...cells, ...shared, over(ms("js"), best), flops && best ? (flops / best / 1e6).toFixed(1) : "–"];
  });
  return [head, ...rows];
}

export function table(times: Times, names: Names): HTMLElement {
  const [head, ...rows] = rowsOf(times, names);
  const header = head.map((text) => h("th", { scope: "col" }, text));
  const body = rows.map(([first, ...rest]) => {
    const cells = rest.map((text) => h("td", {}, text));
    return h("tr", {}, h("th", { scope: "row" }, first), cells);
  });
  return h("table", { class: "speed" }, h("thead", {}, h("tr", {}, header)), h("tbody", {}, body));
}

export function bars(times: Times, names: Names): HTMLElement[] {
  return [...times].map(([task, row]) => {
    const most = [...row.values()].reduce((top, { high }) => Math.max(top, high), 0);
    const lines = names.flatMap(([build, text]) => {
      const spread = row.get(build);
      return spread ? line(text, spread, most, TASKS[task].flops) : [];
    });
    return h("section", {}, h("h2", {}, TASKS[task].title), h("dl", { class: "times" }, lines));
  });
}

function line(name: string, { low, median, high }: Spread, most: number, flops: number | undefined): HTMLElement[] {
  const share = (ms: number) => `${(100 * ms) / most}%`;
  const bar = h("span", { class: "bar" });
  bar.style.width = share(median);
  const quartiles = h("span", { class: "quartiles" });
  quartiles.style.left = share(low);
  quartiles.style.width = share(high - low);
  const rate = flops ? `, ${(flops / median / 1e6).toFixed(1)} GFLOP/s` : "";
  const text = `${median.toFixed(1)} ms (${low.toFixed(1)}–${high.toFixed(1)})${rate}`;
  return [h("dt", {}, name), h("dd", {}, text), h("dd", { class: "track", "aria-hidden": "true" }, bar, quartiles)];
}
