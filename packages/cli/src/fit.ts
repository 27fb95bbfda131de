/** `fit`: a model of a table, its score without each row, and a file to predict from. */
import { type Classification, classify, type Method, methodOf } from "./classification.js";
import { counted } from "./csv.js";
import { type Data, type DataOptions, readData } from "./data.js";
import { Misuse } from "./errors.js";
import { checkApart, checkPlace, writeWhole } from "./files.js";
import { checkModelOptions, type ModelOptions, modelInWords, modelOf, searchOf } from "./models.js";
import { curveOf } from "./plots/curve.js";
import { classesPicture, fitPicture } from "./plots/svg.js";
import { fitText } from "./plots/terminal.js";
import { type Regression, regress } from "./regression.js";
import { type Saved, savedText } from "./saved.js";
import type { CommonOptions, Session } from "./session.js";
import { duration, entry, percent, short, size, table, withError } from "./text.js";

export interface FitOptions extends CommonOptions, DataOptions, ModelOptions {
  tune?: boolean;
  method?: Method;
  ridge?: number;
  folds: number;
  save?: string;
  force?: boolean;
  plot?: string | false;
}

/** Output paths that a command was given. */
export function placesOf({ save, plot }: Pick<FitOptions, "save" | "plot">): string[] {
  return [save, plot || undefined].filter((path) => path !== undefined);
}

export async function fitCommand(path: string, options: FitOptions, session: Session): Promise<void> {
  if (options.classify && options.ridge !== undefined)
    throw new Misuse("--ridge is given with --classify, which has a scale and no ridge; leave --ridge out");
  checkModelOptions(options, options.tune ?? false);
  modelOf(options, 1);
  const method = methodOf(options);
  checkApart(placesOf(options));
  for (const place of placesOf(options)) await checkPlace(place, options.force ?? false);
  const data = await readData(path, options);
  if (options.classify && options.folds > data.X.rows)
    throw new Misuse(`--folds ${options.folds} is more than the ${data.X.rows} rows`);
  session.notes(data.warnings);
  const model = modelOf(options, data.X.cols);
  const search = searchOf(options, options.tune ?? false, data.X.cols);
  await (data.Y
    ? fitTargets(data, options, session, (Y) =>
        regress(session, model, { ...data, Y }, { search, ridge: options.ridge }),
      )
    : fitLabels(data, options, session, await classify(session, model, data, { ...options, method, search })));
}

async function fitTargets(
  data: Data,
  options: FitOptions,
  session: Session,
  fitted: (Y: NonNullable<Data["Y"]>) => Promise<Regression>,
): Promise<void> {
  const Y = data.Y as NonNullable<Data["Y"]>;
  const found = await fitted(Y);
  const { fit, inputs, scaling, scores } = found;
  const curve = await curveOf(session, data, found);
  const drawn = { data, Y, leftOut: found.leftOut, curve };
  const task: Saved["task"] = { kind: "regression", scaling, fit: await session.run(fit.toJSON()) };
  const files = await filesOf(options, session, data, inputs, task, () => fitPicture(drawn));
  const milliseconds = session.milliseconds;
  if (options.json) {
    const { model, ridges, notes } = found;
    const json = {
      command: "fit",
      kind: "regression",
      ...about(data),
      model,
      ridges,
      leaveOneOut: scores ?? null,
      notes,
    };
    session.say(JSON.stringify({ ...json, ...(await ending(session, options, milliseconds)) }));
    return;
  }
  if (session.drawing && options.plot !== false) session.say(`${fitText(drawn)}\n`);
  session.say(head(data));
  session.say(entry("model", modelInWords(found.model)));
  session.say(entry("ridge", `${found.ridges.map(short).join(", ")} for standardized targets, ${found.how}`));
  if (!scores) session.say(entry("score", "none: leave-one-out needs a ridge that counts beside rounding"));
  for (const { target, r2, rmse, coverage } of scores ?? []) {
    const bands = coverage === undefined ? "bands not checked: rows repeat" : `${percent(coverage)} in the 95 % bands`;
    const of = data.targets.length > 1 ? `${target}: ` : "";
    session.say(entry("score", `${of}leave-one-out R² ${short(r2)}, RMSE ${short(rmse)}; ${bands}`));
  }
  await closing(session, found.notes, files, milliseconds);
}

async function fitLabels(data: Data, options: FitOptions, session: Session, found: Classification): Promise<void> {
  const { classes } = data;
  const { model, method, scale, inputs, labels, judged } = found;
  const [{ mean, standardError, predictions }] = judged.models;
  const confusion = confusionOf(predictions, labels, classes.length);
  const task: Saved["task"] = { kind: "classification", classes, model, method, scale, X: Array.from(found.X), labels };
  const files = await filesOf(options, session, data, inputs, task, () => classesPicture(data, confusion));
  const milliseconds = session.milliseconds;
  if (options.json) {
    const json = { command: "fit", kind: "classification", ...about(data), classes, model, method, scale };
    const crossValidated = { folds: options.folds, mean, standardError, confusion };
    session.say(
      JSON.stringify({
        ...json,
        crossValidated,
        notes: found.notes,
        ...(await ending(session, options, milliseconds)),
      }),
    );
    return;
  }
  session.say(head(data));
  session.say(entry("model", modelInWords(model)));
  session.say(entry("scale", `${short(scale)} of the kernel, by the evidence; method ${method}`));
  session.say(
    entry(
      "score",
      `in ${options.folds} folds ${withError(percentage(mean.accuracy), percentage(standardError.accuracy))} % of rows right, log loss ${withError(mean.logLoss, standardError.logLoss)}`,
    ),
  );
  if (session.drawing && options.plot !== false && classes.length <= 8)
    session.say(`\n${confusionText(classes, confusion)}\n`);
  await closing(session, found.notes, files, milliseconds);
}

const percentage = (part: number | undefined) => (part === undefined ? undefined : 100 * part);

/** How often rows of a class (down) were given each class (across). */
function confusionOf(
  { data, cols }: { data: Float64Array; cols: number },
  labels: readonly number[],
  C: number,
): number[][] {
  const counts = Array.from({ length: C }, () => new Array<number>(C).fill(0));
  labels.forEach((label, i) => {
    let best = 0;
    for (let c = 1; c < cols; c++) if (data[i * cols + c] > data[i * cols + best]) best = c;
    counts[label][best]++;
  });
  return counts;
}

function confusionText(classes: readonly string[], counts: readonly (readonly number[])[]): string {
  const rows = counts.map((line, c) => [classes[c], ...line.map(String)]);
  return table([["is \\ said", ...classes], ...rows]);
}

function head({ table: { name }, X, columns, targets, classes }: Data): string {
  const what = targets.map((target) => `"${target}"`).join(", ");
  const kinds = classes.length > 0 ? `, ${classes.length} classes` : "";
  const wide = X.cols === columns.length ? "" : ` (${X.cols} columns with categories)`;
  return `${name}: ${X.rows} rows, ${counted(columns.length, "input")}${wide}; target ${what}${kinds}`;
}

function about({ table: { name }, X, columns, targets, warnings }: Data) {
  return { file: name, rows: X.rows, inputs: columns, targets, warnings };
}

async function ending(session: Session, { save, plot }: FitOptions, milliseconds: number) {
  const { variant, threads } = await session.ntk();
  return { variant, threads, milliseconds, saved: save ?? null, plot: plot || null };
}

/** Writes the model and the picture, both or none. */
async function filesOf(
  { save, plot, force }: FitOptions,
  session: Session,
  { columns, targets, X }: Data,
  inputs: Saved["inputs"],
  task: Saved["task"],
  picture: () => Promise<string>,
): Promise<{ path: string; text: string }[]> {
  const { variant } = await session.ntk();
  const files: { path: string; text: string }[] = [];
  if (save) files.push({ path: save, text: savedText({ variant, rows: X.rows, columns, targets, inputs, task }) });
  if (plot) files.push({ path: plot, text: await picture() });
  session.check();
  if (files.length > 0) await writeWhole(files, force ?? false);
  return files;
}

async function closing(
  session: Session,
  notes: readonly string[],
  files: readonly { path: string; text: string }[],
  milliseconds: number,
): Promise<void> {
  for (const note of notes) session.say(entry("note", note));
  session.say(entry("time", `${duration(milliseconds)} (${await session.engine()})`));
  for (const { path, text } of files) session.say(entry("wrote", `${path}, ${size(text.length)}`));
}
