/** A regression: which ridge, how good without each row, and what is plotted of it. */
import type { FitOptions, Tuned, TuneOptions } from "ntk-wasm";
import type { AsyncFit, AsyncNtk, SentModel } from "ntk-wasm/worker";
import type { Numbers } from "./columns.js";
import { evaluationsOf } from "./models.js";
import { type Scaling, scale, scalingOf, unscale } from "./scaling.js";
import type { Session } from "./session.js";
import { short } from "./text.js";

/** Ridges of a path beside the mean of the kernel's diagonal: two for each power of ten. */
const RIDGES = Array.from({ length: 21 }, (_, i) => 10 ** (-8 + i / 2));
/** The 97.5 % quantile of a normal. */
export const HALF_BAND = 1.959963984540054;

/** How good the fits without each row predict that row, in the units of the target. */
export interface LeftOutScore {
  target: string;
  r2: number | undefined;
  rmse: number;
  /** The part of the rows inside their 95 % bands; undefined where the bands are not known. */
  coverage: number | undefined;
}

export interface Regression {
  fit: AsyncFit;
  model: SentModel;
  /** How the ridge was come by, in words. */
  how: string;
  /** One, or one for each target. */
  ridges: number[];
  notes: string[];
  inputs: Scaling;
  scaling: Scaling;
  scores: LeftOutScore[] | undefined;
  /** What the fits without each row say there, in the units of the targets. */
  leftOut: Numbers | undefined;
}

/** Options of a fit whose rows and targets are standardised. */
export const FIT = { scale: "fit", outputs: "average", centered: true } as const;

/** Ridges of a path for a model: its kernel may be of any size. */
export async function ridgesFor(ntk: AsyncNtk, model: SentModel, X: Numbers): Promise<number[]> {
  const diagonal = await ntk.kernelDiagonal(model, X);
  const mean = diagonal.reduce((sum, value) => sum + value / diagonal.length, 0);
  return RIDGES.map((ridge) => Number((ridge * mean).toPrecision(3)));
}

/** Searches what is to be searched. @throws Interrupted */
export async function tuned(
  session: Session,
  model: SentModel,
  X: Numbers,
  Y: Numbers | string[],
  search: TuneOptions,
): Promise<Tuned<SentModel>> {
  const ntk = await session.ntk();
  const progress = session.progress("tuning", evaluationsOf(search));
  let done = 0;
  try {
    const found = await session.run(
      ntk.tune(model, X, Y as Numbers, {
        ...search,
        signal: session.signal,
        onProgress: () => progress.update(++done, Math.max(done, evaluationsOf(search))),
      }),
    );
    session.check();
    return found;
  } finally {
    progress.stop();
  }
}

/** Fits targets. */
export async function regress(
  session: Session,
  start: SentModel,
  raw: { X: Numbers; Y: Numbers; targets: string[] },
  { search, ridge }: { search: TuneOptions | undefined; ridge: number | undefined },
): Promise<Regression> {
  const ntk = await session.ntk();
  const { scaled: X, scaling: inputs } = scalingOf(raw.X);
  const { scaled: Y, scaling } = scalingOf(raw.Y);
  let model = start;
  const notes: string[] = [];
  let options: FitOptions;
  let how = "as given";
  if (search) {
    const fixed = ridge === undefined ? {} : { ridge: [ridge, ridge] as const };
    const { centered, outputs } = FIT;
    const found = await tuned(session, model, X, Y, { ...search, ...fixed, centered, outputs });
    ({ model } = found);
    notes.push(...found.notes);
    options = { ridge: found.ridge };
    how = `the best evidence of ${found.trace.length} kernels`;
  } else if (ridge !== undefined) options = { ridge };
  else {
    const ridges = await session.run(ridgesFor(ntk, model, X));
    options = { ridges, ...(Y.cols > 1 ? { perOutput: true } : {}) };
    how = `the best evidence of ${ridges.length} from ${short(ridges[0])} to ${short(ridges.at(-1))}`;
  }
  const fit = await session.run(ntk.fit(model, X, Y, { ...FIT, ...options, signal: session.signal }));
  const report = await session.run(fit.report(["notes", "perOutput", "ridge"]));
  const ridges = report.perOutput.length > 0 ? report.perOutput.map((each) => each.ridge) : [report.ridge];
  const known = { fit, model, how, ridges: [...new Set(ridges)], notes: [...notes, ...report.notes], inputs, scaling };
  return { ...known, ...(await leaveOut(session, fit, Y, raw, scaling)) };
}

/**
 * Every row beside the fit of the others, from the one fit: the residual is α_i/[A⁻¹]_ii, and the variance of an
 * observation there ŝ/[A⁻¹]_ii (docs/MATH.md §3). Rows that repeat are left out together, and their bands are not
 * known.
 */
async function leaveOut(
  session: Session,
  fit: AsyncFit,
  Y: Numbers,
  raw: { Y: Numbers; targets: string[] },
  scaling: Scaling,
): Promise<Pick<Regression, "scores" | "leftOut">> {
  const { looResiduals, scales, repeatedRows } = await session.run(
    fit.report(["looResiduals", "scales", "repeatedRows"]),
  );
  if (!looResiduals) return { scores: undefined, leftOut: undefined };
  const { data: residuals } = looResiduals;
  const alpha = await session.run(fit.dualWeights());
  const { rows, cols } = Y;
  const leftOut = unscale({ data: Y.data.map((y, at) => y - residuals[at]), rows, cols }, scaling);
  const scores = raw.targets.map((target, c): LeftOutScore => {
    const column = (data: ArrayLike<number>) => Float64Array.from({ length: rows }, (_, i) => data[i * cols + c]);
    const [y, m, r, a] = [raw.Y.data, leftOut.data, residuals, alpha.data].map(column);
    const inside = r.filter(
      (value, i) => value === 0 || Math.abs(value) <= HALF_BAND * Math.sqrt((scales[c] * value) / a[i]),
    );
    return { target, ...errorsOf(y, m), coverage: repeatedRows > 0 ? undefined : inside.length / rows };
  });
  return { scores, leftOut };
}

/** R² and RMSE of predictions. */
export function errorsOf(y: Float64Array, m: Float64Array): { r2: number | undefined; rmse: number } {
  const middle = y.reduce((sum, value) => sum + value / y.length, 0);
  const squares = (of: (i: number) => number) => y.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  const [left, all] = [squares((i) => y[i] - m[i]), squares((i) => y[i] - middle)];
  return { r2: all > 0 ? 1 - left / all : undefined, rmse: Math.sqrt(left / y.length) };
}

/** Means and deviations of observations at rows, in the units of the targets. */
export async function predictTargets(
  session: Session,
  fit: AsyncFit,
  raw: Numbers,
  { inputs, scaling }: { inputs: Scaling; scaling: Scaling },
): Promise<{ mean: Numbers; sd: Numbers }> {
  const { mean, variance } = await session.run(fit.predict(scale(raw, inputs), { noise: true }));
  const { rows, cols } = mean;
  const sd = variance.data.map((value, at) => Math.sqrt(value) * scaling.std[at % cols]);
  return { mean: unscale(mean, scaling), sd: { data: sd, rows, cols } };
}
