// Samples, scores and the list of equivalent mutants.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./copy.mjs";

/** Mulberry32 (Ettinger, 2017): numbers on [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `size` of the mutants in random order, each as likely as the others; all of them where there are no more. */
export function sampleOf(mutants, size, seed) {
  const next = generator(seed);
  const drawn = [...mutants];
  for (let i = drawn.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [drawn[i], drawn[j]] = [drawn[j], drawn[i]];
  }
  return drawn.slice(0, size);
}

/** Wilson's 95 % interval of a share (Wilson, 1927). */
function interval(killed, counted) {
  const z = 1.96;
  const p = killed / counted;
  const centre = p + (z * z) / (2 * counted);
  const half = z * Math.sqrt((p * (1 - p)) / counted + (z * z) / (4 * counted * counted));
  const scale = 1 + (z * z) / counted;
  return [(centre - half) / scale, (centre + half) / scale];
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** "killed 190 of 200 (95.0 %; 95 % interval 91.0 % to 97.3 %)"; a whole part has no interval. */
export function scoreText(killed, counted, sampled) {
  if (counted === 0) return "no mutant counted";
  const [low, high] = interval(killed, counted);
  const spread = sampled ? `; 95 % interval ${percent(low)} to ${percent(high)}` : "";
  return `killed ${killed} of ${counted} (${percent(killed / counted)}${spread})`;
}

/** Entries of equivalent.json: `{ file, lines, changes?, why }`. Throws where an entry names a line that is gone. */
function equivalents(folder) {
  const listed = JSON.parse(readFileSync(join(root, "scripts/mutate/equivalent.json"), "utf8"));
  for (const { file, lines } of listed) {
    const there = new Set(linesOf(folder, file));
    const gone = lines.find((line) => !there.has(line));
    if (gone !== undefined) throw new Error(`equivalent.json: ${file} has no line "${gone}"; mend or delete the entry`);
  }
  return listed;
}

const linesOf = (folder, file) =>
  readFileSync(join(folder, file), "utf8")
    .split("\n")
    .map((line) => line.trim());

/** How a mutant is written in reports and in equivalent.json. */
export const changeOf = ({ code, by }) => [code, by].map((text) => text.replace(/\s+/g, " ")).join(" → ");

/** Tells whether a mutant of the files in `folder` is listed as equivalent. */
export function equivalence(folder = root) {
  const listed = equivalents(folder);
  return (mutant) => {
    const line = linesOf(folder, mutant.file)[mutant.line - 1];
    return listed.some(
      ({ file, lines, changes }) =>
        file === mutant.file && lines.includes(line) && (changes?.includes(changeOf(mutant)) ?? true),
    );
  };
}
