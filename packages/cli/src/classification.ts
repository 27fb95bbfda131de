/** A classification: which scale, and how good on rows that a fit has not seen. */
import type { CrossValidated, TuneOptions } from "ntk-wasm";
import type { SentModel } from "ntk-wasm/worker";
import type { Data } from "./data.js";
import { Misuse } from "./errors.js";
import { tuned } from "./regression.js";
import { type Scaling, scalingOf } from "./scaling.js";
import type { Session } from "./session.js";

/** How labels are classified: see docs/classification.md. */
export type Method = "dirichlet" | "laplace";

/**
 * The method that was asked for, or the usual one: the probabilities of Dirichlet are the better calibrated ones, and
 * `tune` rates by the evidence of Laplace.
 *
 * @throws Misuse
 */
export function methodOf({ method, tune, classify, activation, depth }: MethodOptions): Method {
  if (method && !classify) throw new Misuse("--method is given without --classify");
  const searched = tune || (activation?.length ?? 0) > 1 || (depth?.length ?? 0) > 1;
  if (searched && method === "dirichlet")
    throw new Misuse("a search of models for labels goes by Laplace's evidence; leave --method dirichlet out");
  return method ?? (searched ? "laplace" : "dirichlet");
}

interface MethodOptions {
  method?: Method;
  tune?: boolean;
  classify?: boolean;
  activation?: string[] | undefined;
  depth?: number[] | undefined;
}

export interface Classification {
  model: SentModel;
  /** What multiplies the kernel. */
  scale: number;
  method: Method;
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
  start: SentModel,
  { X: raw, labels, classes }: Data,
  { search, method, folds, seed }: { search: TuneOptions | undefined; method: Method; folds: number; seed: number },
): Promise<Classification> {
  const ntk = await session.ntk();
  const { scaled: X, scaling: inputs } = scalingOf(raw);
  let model = start;
  let scale: number;

  const notes: string[] = [];
  if (search) {
    const found = await tuned(session, model, X, labels, { ...search, criterion: "laplace" });
    ({ model } = found);
    scale = found.scale as number;
    notes.push(...found.notes);
  } else {
    const classifier = await session.run(
      ntk.classify(model, X, labels, { method, scale: "fit", classes, signal: session.signal }),
    );
    scale = classifier.report.scale;
    notes.push(...classifier.report.notes);
    classifier.dispose();
  }
  const progress = session.progress("cross-validating", folds);
  try {
    const judged = await session.run(
      ntk.crossValidate([model], raw, labels, {
        classify: { method, scale, classes },
        standardize: "inputs",
        folds,
        seed,
        signal: session.signal,
        onProgress: ({ done, total }) => progress.update(done, total),
      }),
    );
    session.check();
    const places = labels.map((label) => classes.indexOf(label));
    return { model, scale, method, notes, inputs, X: X.data, labels: places, judged };
  } finally {
    progress.stop();
  }
}
