/** Means of textbook losses, and loops of descent: on features, one weight at a time, and on a network's own. */
import type { DescentOptions, Network, Ntk } from "../../src/index.js";
import { type LossName, pointLoss } from "./losses.js";

/** Value and slopes of the loss of N rows of C outputs, means as `Loss` states them. */
export function textbookLoss(name: LossName, F: number[][], Y: number[][]): { value: number; slopes: number[][] } {
  const terms = name === "crossEntropy" ? F.length : F.length * F[0].length;
  const points = F.map((f, i) => pointLoss(name, f, Y[i]));
  return {
    value: points.reduce((sum, { value }) => sum + value / terms, 0),
    slopes: points.map(({ slopes }) => slopes.map((slope) => slope / terms)),
  };
}

/** One state of a run. */
export interface LossPoint {
  /** N×C. */
  f: number[][];
  moved: number[];
  value: number;
}

/**
 * θ ← θ − η v on L(f0 + Φ(θ − θ0)) + (κ/2)‖θ − θ0‖², at ascending times. Rows of Φ are n·C + c. `rowsAt` gives the rows
 * of a step.
 */
export function featureDescent(
  name: LossName,
  Phi: number[][],
  f0: number[][],
  Y: number[][],
  options: DescentOptions,
  times: number[],
  rowsAt: (step: number) => ArrayLike<number> = () => Y.map((_, i) => i),
): LossPoint[] {
  const [C, P] = [Y[0].length, Phi[0].length];
  const { momentum = 0, nesterov = false, weightDecay = 0, learningRate } = options;
  const moved = new Array<number>(P).fill(0);
  const velocity = new Array<number>(P).fill(0);
  const result: LossPoint[] = [];
  for (let k = 0; k <= times[times.length - 1]; k++) {
    const f = f0.map((row, i) =>
      row.map((start, c) => Phi[i * C + c].reduce((sum, value, p) => sum + value * moved[p], start)),
    );
    if (times.includes(k)) result.push({ f, moved: [...moved], value: textbookLoss(name, f, Y).value });
    const rows = Array.from(rowsAt(k));
    const { slopes } = textbookLoss(
      name,
      rows.map((i) => f[i]),
      rows.map((i) => Y[i]),
    );
    const rate = typeof learningRate === "number" ? learningRate : learningRate[k];
    for (let p = 0; p < P; p++) {
      let g = weightDecay * moved[p];
      rows.forEach((i, b) => {
        for (let c = 0; c < C; c++) g += Phi[i * C + c][p] * slopes[b][c];
      });
      velocity[p] = momentum * velocity[p] + g;
      moved[p] -= rate * (nesterov ? g + momentum * velocity[p] : velocity[p]);
    }
  }
  return result;
}

/** Plain descent of the network itself: outputs after `steps` steps, by its Jacobian at each. */
export function networkLossDescent(
  ntk: Ntk,
  net: Network,
  name: LossName,
  X: number[][],
  Y: number[][],
  rate: number,
  steps: number,
  rowsAt: (step: number) => ArrayLike<number> = () => Y.map((_, i) => i),
): { f: number[][]; value: number } {
  const C = net.outputs;
  const parameters = net.parameters.slice();
  const at: Network = { ...net, parameters };
  const outputs = (points: number[][]) => {
    const { data } = ntk.forward(at, points);
    return points.map((_, i) => Array.from(data.slice(i * C, i * C + C)));
  };
  for (let k = 0; k < steps; k++) {
    const rows = Array.from(rowsAt(k));
    const points = rows.map((i) => X[i]);
    const { slopes } = textbookLoss(
      name,
      outputs(points),
      rows.map((i) => Y[i]),
    );
    const J = ntk.jacobian(at, points);
    const flat = slopes.flat();
    for (let p = 0; p < parameters.length; p++) {
      let g = 0;
      for (let row = 0; row < flat.length; row++) g += J.data[row * J.cols + p] * flat[row];
      parameters[p] -= rate * g;
    }
  }
  const f = outputs(X);
  return { f, value: textbookLoss(name, f, Y).value };
}
