/** Textbook loops of gradient descent: on the linear model, and on the network itself. */
import type { DescentOptions, Network } from "../../src/index.js";
import { gradient } from "./network.js";

interface Point {
  f: number[];
  moved: number[];
}

const rateAt = ({ learningRate }: DescentOptions, k: number) =>
  typeof learningRate === "number" ? learningRate : learningRate[k];

/** θ ← θ − η v on ½ mean (f0 + Φ(θ − θ0) − y)² + (κ/2)‖θ − θ0‖²; outputs and displacement at the (ascending) times. */
export function linearDescent(
  Phi: number[][],
  f0: ArrayLike<number>,
  y: ArrayLike<number>,
  options: DescentOptions,
  times: number[],
): Point[] {
  const N = Phi.length;
  const P = Phi[0].length;
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const moved = new Array<number>(P).fill(0);
  const velocity = new Array<number>(P).fill(0);
  const result: Point[] = [];
  for (let k = 0; k <= times[times.length - 1]; k++) {
    const f = Phi.map((row, i) => row.reduce((sum, value, p) => sum + value * moved[p], f0[i]));
    if (times.includes(k)) result.push({ f, moved: [...moved] });
    const rate = rateAt(options, k);
    for (let p = 0; p < P; p++) {
      const g = Phi.reduce((sum, row, i) => sum + (row[p] * (f[i] - y[i])) / N, 0) + weightDecay * moved[p];
      velocity[p] = momentum * velocity[p] + g;
      moved[p] -= rate * (nesterov ? g + momentum * velocity[p] : velocity[p]);
    }
  }
  return result;
}

/** The same for the network itself: θ and the loss before each update. */
export function networkDescent(
  net: Network,
  X: number[][],
  y: ArrayLike<number>,
  options: DescentOptions,
  steps: number,
) {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const theta = Array.from(net.parameters);
  const velocity = theta.map(() => 0);
  const losses: number[] = [];
  for (let k = 0; k <= steps; k++) {
    const points = X.map((x) => gradient(net, x, theta));
    losses.push(points.reduce((sum, { f }, i) => sum + (f - y[i]) ** 2, 0) / (2 * X.length));
    if (k === steps) break;
    const rate = rateAt(options, k);
    const slope = theta.map(
      (value, p) =>
        points.reduce((sum, { f, row }, i) => sum + (row[p] * (f - y[i])) / X.length, 0) +
        weightDecay * (value - net.parameters[p]),
    );
    slope.forEach((g, p) => {
      velocity[p] = momentum * velocity[p] + g;
      theta[p] -= rate * (nesterov ? g + momentum * velocity[p] : velocity[p]);
    });
  }
  return { theta, losses };
}
