// Training as a regression: the first-order model from its start to its end, which is a ridge regression.
import { createNetwork, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface StoryFitRequest {
  network: Omit<NetworkOptions, "inputs">;
  X: number[];
  Y: number[];
  ridge: number;
  /** Steps of training, at half the largest stable rate; Infinity is the end. */
  time: number;
  grid: Float64Array;
}
export interface StoryFitResult {
  /** The network as it was drawn, the first-order model at `time`, and the ridge regression. */
  start: Float64Array;
  now: Float64Array;
  fit: Float64Array;
  /** Two standard deviations of a new observation around the regression. */
  half: Float64Array;
  features: number;
  degreesOfFreedom: number;
  milliseconds: number;
}

export function storyFit(ntk: Ntk, { network, X, Y, ridge, time, grid }: StoryFitRequest): StoryFitResult {
  const began = performance.now();
  const net = createNetwork({ ...network, inputs: 1 });
  // The penalty on the weights of a mean over N points is the ridge divided by N.
  const weightDecay = ridge / X.length;
  const fit = ntk.fit(net, X, Y, { ridge, scale: "fit", solver: "dual" });
  const probe = ntk.dynamics(net, X, Y, { learningRate: 1, weightDecay });
  const learningRate = probe.maxLearningRate / 2;
  const path = ntk.dynamics(net, X, Y, { learningRate, weightDecay });
  try {
    const { mean, variance } = fit.predict(grid, { noise: true });
    return {
      start: ntk.forward(net, grid).data,
      now: path.at(time, grid).data,
      fit: mean.data,
      half: (variance?.data ?? mean.data).map((value) => 2 * Math.sqrt(Math.max(0, value))),
      features: net.parameters.length,
      degreesOfFreedom: fit.report.degreesOfFreedom ?? Number.NaN,
      milliseconds: performance.now() - began,
    };
  } finally {
    for (const held of [fit, probe, path]) held.dispose();
  }
}
