/** `compare`: the usual models side by side on rows that their fits have not seen. */
import type { Candidate, CrossValidated, Metric, Network, PairedDifference } from "ntk-wasm";
import { createNetwork } from "ntk-wasm";
import type { SentModel } from "ntk-wasm/worker";
import { type Method, methodOf } from "./classification.js";
import { type Data, type DataOptions, readData } from "./data.js";
import { Misuse } from "./errors.js";
import { checkPlace, writeWhole } from "./files.js";
import { type ModelOptions, modelOf, searchOf } from "./models.js";
import { comparePicture } from "./plots/svg.js";
import { FIT, ridgesFor } from "./regression.js";
import { scalingOf } from "./scaling.js";
import type { CommonOptions, Session } from "./session.js";
import { duration, percent, short, table, withError, wrapped } from "./text.js";

export interface CompareOptions extends CommonOptions, DataOptions, Omit<ModelOptions, "model"> {
  tune?: boolean;
  method?: Method;
  folds: number;
  repeats: number;
  steps: number;
  plot?: string | false;
  force?: boolean;
}

/** A note on repeated rows, which was made before for all rows. */
const TOLD = /repeats? the inputs of an earlier one/;

/** Names of the models, and their kinds. */
const MODELS = [
  ["infinite network", "infinite"],
  ["finite network", "network"],
  ["rbf kernel", "rbf"],
  ["ridge regression", "linear"],
] as const;

/** How a network is really trained. More steps follow the noise of a small table. */
const TRAINING = { optimizer: "adam", learningRate: 1e-3 } as const;

export async function compareCommand(path: string, options: CompareOptions, session: Session): Promise<void> {
  const { classify, folds, plot, force = false } = options;
  if (options.depth?.includes(0)) throw new Misuse("--depth 0 has no layers; ridge regression is compared anyway");
  modelOf({ ...options, model: "network" }, 1);
  methodOf(options);
  if (plot) await checkPlace(plot, force);
  const data = await readData(path, options);
  if (folds > data.X.rows) throw new Misuse(`--folds ${folds} is more than the ${data.X.rows} rows`);
  session.notes(data.warnings);
  const compared = await crossValidated(data, options, session);
  const criterion = classify ? "logLoss" : "rmse";
  if (plot) {
    const label = classify ? "log loss" : "RMSE";
    await writeWhole([{ path: plot, text: await comparePicture(compared.models, criterion, label) }], force);
  }
  if (options.json) {
    const { best, differences } = compared;
    const models = compared.models.map(({ predictions: _, ...rest }) => rest);
    const { variant, threads } = await session.ntk();
    const { milliseconds } = session;
    const about = { file: data.table.name, rows: data.X.rows, targets: data.targets, warnings: data.warnings };
    const found = { criterion, folds, models, best: best === undefined ? null : models[best].name, differences };
    session.say(JSON.stringify({ command: "compare", ...about, ...found, variant, threads, milliseconds }));
    return;
  }
  session.say(
    `${data.table.name}: ${data.X.rows} rows, ${folds} folds${options.repeats > 1 ? ` × ${options.repeats}` : ""}; target "${data.targets.join('", "')}"\n`,
  );
  session.say(`${tableOf(compared)}\n`);
  if (session.drawing && plot !== false) session.say(`${barsOf(compared, criterion)}\n`);
  for (const sentence of verdict(compared)) session.say(wrapped(sentence).join("\n"));
  session.notes(
    compared.models.flatMap(({ name, notes }) =>
      notes.filter((note) => !TOLD.test(note)).map((note) => `${name}, ${note}`),
    ),
  );
  session.say(`\n${duration(session.milliseconds)} (${await session.engine()})`);
  if (plot) session.say(`wrote ${plot}`);
}

async function crossValidated(data: Data, options: CompareOptions, session: Session): Promise<CrossValidated> {
  const ntk = await session.ntk();
  const { scaled } = scalingOf(data.X);
  const candidates: Candidate<SentModel>[] = [];
  for (const [name, kind] of MODELS) {
    const model = modelOf({ ...options, model: kind }, data.X.cols);
    const tune = searchOf({ ...options, model: kind }, options.tune ?? false, data.X.cols);
    if (tune) candidates.push({ name, model, tune });
    else if (options.classify) candidates.push({ name, model });
    else candidates.push({ name, model, ridges: await session.run(ridgesFor(ntk, model, scaled)) });
  }
  // The kernel of a network, and the network itself: how much is in its features?
  if (!options.classify) {
    const { blocks: _, parameters: __, ...shape } = modelOf({ ...options, model: "network" }, data.X.cols) as Network;
    const network = createNetwork({ ...shape, outputs: data.targets.length });
    candidates.push({ name: "trained network", model: network, train: { ...TRAINING, steps: options.steps } });
  }
  const { folds, repeats, seed } = options;
  const progress = session.progress("comparing", folds * repeats * candidates.length);
  const common = options.classify
    ? { classify: { method: methodOf(options), scale: "fit" as const, classes: data.classes } }
    : FIT;
  try {
    const compared = await session.run(
      ntk.crossValidate(candidates, data.X, data.Y ?? data.labels, {
        ...common,
        standardize: options.classify ? "inputs" : "both",
        folds,
        repeats,
        seed,
        signal: session.signal,
        onProgress: ({ done, total }) => progress.update(done, total),
      }),
    );
    session.check();
    return compared;
  } finally {
    progress.stop();
  }
}

/** Columns of the table: what they are called, and how they are written. */
const COLUMNS: [Metric, string][] = [
  ["accuracy", "% right"],
  ["logLoss", "log loss"],
  ["rmse", "RMSE"],
  ["r2", "R²"],
  ["nlpd", "NLPD"],
  ["coverage", "in band"],
];

function tableOf({ models, best, differences, criterion }: CrossValidated): string {
  const shown = COLUMNS.filter(([metric]) => metric in models[0].mean);
  const head = ["", ...shown.map(([, name]) => name), "to the best"];
  const rows = models.map(({ name, mean, standardError }, i) => {
    const cells = shown.map(([metric]) => {
      const [value, error] = [mean[metric], standardError[metric]];
      if (metric === "coverage") return percent(value);
      if (metric === "nlpd") return short(value);
      const times = metric === "accuracy" && value !== undefined ? 100 : 1;
      return withError(value === undefined ? value : times * value, error === undefined ? error : times * error);
    });
    const own = differences.find((difference) => difference.name === name);
    const beside = i === best ? "best" : own ? `+${withError(own.mean, own.standardError)}` : "–";
    return [name, ...cells, beside];
  });
  const by = criterion === "rmse" ? "RMSE" : "log loss";
  return `${table([head, ...rows])}\n\n± standard errors; the last column is the difference in ${by}, fold by fold`;
}

/** Bars of the criterion, the longest as wide as the terminal. */
function barsOf({ models }: CrossValidated, criterion: "rmse" | "logLoss"): string {
  const width = Math.min(60, (process.stdout.columns ?? 80) - 30);
  const most = Math.max(...models.map(({ mean }) => mean[criterion] ?? 0));
  return models
    .map(({ name, mean }) => {
      const value = mean[criterion] ?? 0;
      return `${name.padEnd(17)} ${"█".repeat(Math.round((width * value) / most))} ${short(value)}`;
    })
    .join("\n");
}

/** Twice its standard error: below it a difference says little. */
const CLEAR = 2;

/** What the comparison says, in words. */
export function verdict({ models, best, differences, criterion }: CrossValidated): string[] {
  if (best === undefined) return ["No model has a score: there are too few rows in a fold."];
  const clear = ({ mean = 0, standardError }: PairedDifference) =>
    standardError !== undefined && mean > CLEAR * standardError;
  const names = (list: readonly PairedDifference[]) => list.map(({ name }) => name).join(", ");
  const [worse, alike] = [differences.filter(clear), differences.filter((each) => !clear(each))];
  const what = criterion === "rmse" ? "error" : "log loss";
  const sentences = [`Best: ${models[best].name}, by the smallest ${what} on rows that the fits have not seen.`];
  if (worse.length > 0) sentences.push(`Clearly worse, by more than two standard errors: ${names(worse)}.`);
  if (alike.length > 0)
    sentences.push(`As good as the best, as far as ${models[best].folds.length} folds tell: ${names(alike)}.`);
  const linear = alike.find(({ name }) => name === "ridge regression");
  if (linear && best !== models.findIndex(({ name }) => name === linear.name))
    sentences.push("A straight line will do here: ridge regression is the simplest of them.");
  return sentences;
}
