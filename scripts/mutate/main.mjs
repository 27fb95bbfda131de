// npm run mutate -- --part js,wasm --sample 200 --seed 7 --file product: mutation testing, part by part.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./copy.mjs";
import { opMutants, runOpMutants } from "./ops.mjs";
import { changeOf, equivalence, sampleOf, scoreText } from "./score.mjs";
import { PARTS, runStryker } from "./stryker.mjs";

const OPS = { js: "src/backend/js", wasm: "assembly" };
const { values } = parseArgs({
  options: {
    part: { type: "string", default: [...Object.keys(OPS), ...Object.keys(PARTS)].join(",") },
    sample: { type: "string", default: "Infinity" },
    seed: { type: "string", default: "1" },
    file: { type: "string", default: "" },
  },
});
const parts = values.part.split(",");
for (const part of parts)
  if (!(part in OPS) && !(part in PARTS))
    throw new Error(`no part "${part}"; expected ${[...Object.keys(OPS), ...Object.keys(PARTS)].join(", ")}`);
const sample = Number(values.sample);
const seed = Number(values.seed);
if (!(sample > 0 && Number.isInteger(seed)))
  throw new Error(`--sample ${values.sample} --seed ${values.seed}: expected a count and an integer`);
const report = join(root, "report/mutation");
mkdirSync(report, { recursive: true });
const isEquivalent = equivalence();

const total = { killed: 0, counted: 0 };

function say({ status, file, line, kind, test, ...change }, done, all) {
  const by = test ? `, by ${test}` : "";
  console.log(
    `${done}/${all} ${status}: ${file}:${line}, ${kind}, ${changeOf(change).slice(0, 100)}${by.slice(0, 100)}`,
  );
}

/** Mutants of a part that count. */
async function run(part) {
  if (!(part in OPS)) return await runStryker(part, { file: values.file, sample, seed });
  const all = opMutants(OPS[part]).filter(({ file }) => file.includes(values.file));
  const drawn = sampleOf(all, sample, seed).filter((mutant) => !isEquivalent(mutant));
  let done = 0;
  await runOpMutants(drawn, (mutant) => say(mutant, ++done, drawn.length));
  return drawn.filter(({ status }) => status !== "invalid");
}

for (const part of parts) {
  const start = performance.now();
  const counted = await run(part);
  const survivors = counted.filter(({ status }) => status === "survived");
  const killed = counted.length - survivors.length;
  total.killed += killed;
  total.counted += counted.length;
  writeFileSync(join(report, `${part}.json`), JSON.stringify(counted, undefined, 1));
  const minutes = ((performance.now() - start) / 60_000).toFixed(1);
  console.log(`${part}: ${scoreText(killed, counted.length, sample < Infinity)} in ${minutes} min`);
  for (const mutant of survivors) console.log(`  ${mutant.file}:${mutant.line}, ${mutant.kind}: ${changeOf(mutant)}`);
}
console.log(`all mutants that were run: ${scoreText(total.killed, total.counted, sample < Infinity)}`);
process.exit();
