/** `predict`: a saved fit at the rows of another table, as CSV on the standard output. */
import type { AsyncFit } from "ntk-wasm/worker";
import { encode, type Numbers } from "./columns.js";
import { csvText, readTable, type Table } from "./csv.js";
import { Misuse, oneLine, Refusal } from "./errors.js";
import { normalQuantile } from "./normal.js";
import { predictTargets } from "./regression.js";
import { readSaved, type Saved, type Task } from "./saved.js";
import { scale, unscale } from "./scaling.js";
import type { CommonOptions, Session } from "./session.js";

export interface PredictOptions extends CommonOptions {
  level: number;
  keep?: boolean;
  jackknife?: boolean;
  unknown: "error" | "zeros";
  seed: number;
}

/** Columns of the answer: numbers, or texts. */
type Columns = [name: string, values: ArrayLike<number | string>][];

export async function predictCommand(
  modelPath: string,
  dataPath: string,
  options: PredictOptions,
  session: Session,
): Promise<void> {
  const saved = await readSaved(modelPath);
  if (options.jackknife && saved.task.kind === "classification")
    throw new Misuse("--jackknife is given with a model of labels, which has probabilities and no intervals");
  const table = await readTable(dataPath);
  const unseen = options.unknown === "zeros" ? (message: string) => session.warn(`note: ${message}`) : undefined;
  const raw = encode(table, saved.columns, unseen);
  const { variant } = await session.ntk();
  if (variant !== saved.variant)
    session.warn(`note: the model was fitted by ${saved.variant}, and ${variant} runs here: they agree to rounding`);
  const columns = await (saved.task.kind === "regression"
    ? targetsAt(saved, saved.task, modelPath, raw, options, session)
    : labelsAt(saved, saved.task, raw, options, session));
  const kept = options.keep ? keptColumns(table, columns) : [];
  const all: Columns = [...kept, ...columns];
  if (options.json) {
    const rows = table.rows.map((_, i) => Object.fromEntries(all.map(([name, values]) => [name, values[i]])));
    session.say(JSON.stringify({ command: "predict", kind: saved.task.kind, rows }));
    return;
  }
  const lines = table.rows.map((_, i) => all.map(([, values]) => String(values[i])));
  process.stdout.write(csvText([all.map(([name]) => name), ...lines]));
}

/** The columns of the table. @throws Refusal where two columns would have one name */
function keptColumns({ name, header, rows }: Table, own: Columns): Columns {
  const twice = header.find((column) => own.some(([other]) => other === column));
  if (twice !== undefined)
    throw new Refusal(`${name} has a column "${twice}", as the prediction has; rename it, or leave --keep out`);
  return header.map((column, j) => [column, rows.map((cells) => cells[j])]);
}

async function targetsAt(
  { targets, inputs, variant }: Saved,
  { scaling, fit: stored }: Task & { kind: "regression" },
  path: string,
  raw: Numbers,
  { level, jackknife }: PredictOptions,
  session: Session,
): Promise<Columns> {
  const ntk = await session.ntk();
  let fit: AsyncFit;
  try {
    fit = await session.run(ntk.restore(stored as Parameters<typeof ntk.restore>[0]));
  } catch (error) {
    session.check();
    throw new Refusal(`${path} holds no fit that can be restored (saved by ${variant}): ${oneLine(error)}`);
  }
  const { mean, sd } = await predictTargets(session, fit, raw, { inputs, scaling });
  const z = normalQuantile((1 + level) / 2);
  const end = (sign: number): Numbers => ({ ...mean, data: mean.data.map((m, at) => m + sign * z * sd.data[at]) });
  let [lower, upper] = [end(-1), end(1)];
  if (jackknife) {
    const { interval } = await session.run(fit.predict(scale(raw, inputs), { interval: { level } }));
    [lower, upper] = [unscale(interval.lower, scaling), unscale(interval.upper, scaling)];
  }
  return targets.flatMap((target, c): Columns => {
    const named = (word: string) => (targets.length > 1 ? `${word}_${target}` : word);
    const column = ({ data, rows, cols }: Numbers) => Float64Array.from({ length: rows }, (_, i) => data[i * cols + c]);
    return Object.entries({ mean, sd, lower, upper }).map(([word, values]) => [named(word), column(values)]);
  });
}

/** The classifier is trained again, by the model and scale that were chosen: the same bits. */
async function labelsAt(
  { columns: _, inputs, rows }: Saved,
  { classes, model, method, scale: multiplier, X, labels }: Task & { kind: "classification" },
  raw: Numbers,
  { seed }: PredictOptions,
  session: Session,
): Promise<Columns> {
  const ntk = await session.ntk();
  const { signal } = session;
  const training = { data: Float64Array.from(X), rows, cols: X.length / rows };
  const named = labels.map((place) => classes[place]);
  const classifier = await session.run(
    ntk.classify(model, training, named, { method, scale: multiplier, classes, signal }),
  );
  const found = await session.run(classifier.predict(scale(raw, inputs), { seed }));
  const { data, cols } = found.probabilities;
  const parts = classes.map((label, c): Columns[number] => [
    `p_${label}`,
    Float64Array.from({ length: raw.rows }, (_, i) => data[i * cols + c]),
  ]);
  return [["label", found.labels], ...parts];
}
