/** From a kernel and classes to a trained posterior, by any method, with a given scale or the one of best evidence. */
import type { Context } from "../context.js";
import type { KernelSource } from "../kernel/kernel.js";
import type { Classified } from "../labels.js";
import type { View } from "../linalg/view.js";
import type { Matrix } from "../matrix.js";
import { DirichletPosterior, solveDirichlet } from "./dirichlet.js";
import { BinaryPosterior, solveBinary } from "./laplaceBinary.js";
import { SoftmaxPosterior, solveSoftmax } from "./laplaceSoftmax.js";
import { LatentKernel, type TrainingInputs, type TrainingKernel } from "./latentKernel.js";
import { logistic, softmax } from "./likelihood.js";
import { RidgePosterior, solveRidge } from "./oneHotRidge.js";
import type { Posterior, Solved } from "./posterior.js";
import { maximiseScale } from "./scaleSearch.js";

export interface Task {
  readonly context: Context;
  readonly method: "laplace" | "dirichlet" | "ridge";
  readonly source: KernelSource;
  readonly X: Matrix;
  readonly labels: Classified;
  readonly ridge: number;
  readonly concentration: number;
}

/** A trained method; `free` gives back what it holds beside the block. */
export interface Trained extends Solved {
  readonly scale: number;
  posterior(inputs: TrainingInputs): Posterior;
  free(): void;
}

/** N×N matrices in the held block of a method. */
export function heldMatrices({ method, labels: { classes } }: Task): number {
  const C = classes.length;
  if (method === "ridge") return 0;
  return method === "dirichlet" ? C : C === 2 ? 1 : C + 1;
}

/** Doubles that training and its predictions hold, and the scratch of training. */
export function trainingMemory(task: Task): number {
  const n = task.X.rows;
  return (heldMatrices(task) + 3) * n * n + task.source.scratch(n);
}

/** Trains with one scale. `start`: where a neighbouring scale ended. */
export function trainAt(task: Task, theta: TrainingKernel, scale: number, block: View, start?: Float64Array): Trained {
  const { context, method, labels, ridge, concentration } = task;
  const { classes, index } = labels;
  const C = classes.length;
  const kernel = new LatentKernel(theta, scale, ridge);
  const free = () => {};
  if (method === "ridge") {
    const solved = solveRidge(context, kernel, index, C);
    const { means, alpha, factor } = solved;
    return {
      ...solved,
      scale,
      posterior: (inputs) => new RidgePosterior(C, context, inputs, means, alpha, factor),
      free: () => factor.free(),
    };
  }
  if (method === "dirichlet") {
    const solved = solveDirichlet(kernel, index, C, concentration, block);
    const { means, alpha } = solved;
    return { ...solved, scale, free, posterior: (inputs) => new DirichletPosterior(C, inputs, means, alpha, block) };
  }
  if (C === 2) {
    const solved = solveBinary(kernel, logistic(index), block, start);
    const { a, roots } = solved;
    return { ...solved, scale, free, posterior: (inputs) => new BinaryPosterior(inputs, a, roots, block) };
  }
  const solved = solveSoftmax(kernel, softmax(index, C), block, start);
  const { a, factor } = solved;
  return { ...solved, scale, free, posterior: (inputs) => new SoftmaxPosterior(C, inputs, a, factor) };
}

/** Decades below and above a kernel of mean variance 1 in which a scale is searched. */
const [BELOW, ABOVE] = [1e-4, 1e8];

/** What a search over scales found: the training at the best one, and the work of all. */
export interface Fitted {
  readonly trained: Trained;
  readonly atBound: boolean;
  readonly iterations: number;
  readonly factorisations: number;
  readonly products: number;
}

/**
 * Trains with the scale of the largest evidence.
 *
 * @throws RangeError where no scale has an evidence.
 */
export function trainBest(task: Task, theta: TrainingKernel, block: View, given?: readonly [number, number]): Fitted {
  const { diagonal } = theta;
  const mean = diagonal.reduce((sum, value) => sum + value / diagonal.length, 0) || 1;
  const [low, high] = given ?? [BELOW / mean, ABOVE / mean];
  const work = { iterations: 0, factorisations: 0, products: 0 };
  let last: Trained | undefined;
  const at = (logScale: number): Trained => {
    const scale = logScale >= Math.log(high) ? high : logScale <= Math.log(low) ? low : Math.exp(logScale);
    if (last?.scale === scale) return last;
    // The start keeps f: a = K⁻¹f is smaller where K is larger.
    const ratio = (last?.scale ?? 1) / scale;
    const start = task.method === "laplace" && last ? last.a.map((value) => ratio * value) : undefined;
    last?.free();
    last = undefined;
    last = trainAt(task, theta, scale, block, start);
    work.iterations += last.iterations;
    work.factorisations += last.factorisations;
    work.products += last.products;
    return last;
  };
  try {
    const evidence = (x: number) => at(x).logEvidence ?? -Infinity;
    const { x, value } = maximiseScale(evidence, -Math.log(mean), [Math.log(low), Math.log(high)]);
    if (value === -Infinity)
      throw new RangeError(
        'scale "fit" needs an evidence, which a singular kernel without a ridge does not have; expected a ridge > 0',
      );
    const trained = at(x);
    return { trained, ...work, atBound: low < high && (trained.scale <= 1.01 * low || trained.scale >= high / 1.01) };
  } catch (error) {
    last?.free();
    throw error;
  }
}
