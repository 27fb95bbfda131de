/** A classification: which scale, and how good on rows that a fit has not seen. */
import type { CrossValidated, Model, TuneOptions } from "ntk-wasm";
import type { Data } from "./data.js";
import { tuned } from "./regression.js";
import { type Scaling, scalingOf } from "./scaling.js";
import type { Session } from "./session.js";

export interface Classification {
  model: Model;
  /** What multiplies the kernel. */
  scale: number;
  how: string;
  notes: string[];
  inputs: Scaling;
  /** Standardised inputs. */
  X: Float64Array;
  /** Places of the labels among the classes. */
  labels: number[];
  /** Scores of the model and scale on folds. */
  judged: CrossValidated;
}

/** Fits labels, and cross-validates the fit. */
export async function classify(
  session: Session,
  start: Model,
  { X: raw, labels, classes }: Data,
  { search, folds, seed }: { search: TuneOptions | undefined; folds: number; seed: number },
): Promise<Classification> {
  const ntk = await session.ntk();
  const { scaled: X, scaling: inputs } = scalingOf(raw);
  let model = start;
  let scale: number;
  let how = "by the evidence";
  const notes: string[] = [];
  if (search) {
    const found = await tuned(session, model, X, labels, { ...search, criterion: "laplace" });
    ({ model } = found);
    scale = found.scale as number;
    notes.push(...found.notes);
    how = `by the evidence of ${found.trace.length} kernels`;
  } else {
    const classifier = await session.run(
      ntk.classify(model, X, labels, { scale: "fit", classes, signal: session.signal }),
    );
    scale = classifier.report.scale;
    notes.push(...classifier.report.notes);
    classifier.dispose();
  }
  const progress = session.progress("cross-validating", folds);
  try {
    const judged = await session.run(
      ntk.crossValidate([model], raw, labels, {
        classify: { scale, classes },
        standardize: "inputs",
        folds,
        seed,
        signal: session.signal,
        onProgress: ({ done, total }) => progress.update(done, total),
      }),
    );
    session.check();
    const places = labels.map((label) => classes.indexOf(label));
    return { model, scale, how, notes, inputs, X: X.data, labels: places, judged };
  } finally {
    progress.stop();
  }
}
