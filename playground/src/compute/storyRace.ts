// One network and its first-order model, trained from the same start: all frames of the race at once.
import { createNetwork, type Network, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface StoryRaceRequest {
  network: Omit<NetworkOptions, "inputs">;
  X: number[];
  Y: number[];
  grid: Float64Array;
  /** The rate as a share of the largest stable one of the first-order model. */
  share: number;
  /** Steps to show, from 0 on. */
  steps: number[];
}
export interface RaceFrame {
  network: Float64Array;
  /** Undefined once the first-order model has left the range of numbers. */
  linear: Float64Array | undefined;
  loss: number;
  linearLoss: number;
  /** ‖network − linear‖/‖linear − start‖ on the grid. */
  gap: number;
  /** ‖Θ − Θ0‖/‖Θ0‖ on the points. */
  drift: number;
}
export interface StoryRace {
  /** As many frames as the network stayed within the range of numbers. */
  frames: RaceFrame[];
  /** The step at which training of the network diverged. */
  diverged: number | undefined;
}

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
const minus = (A: Float64Array, B: Float64Array) => A.map((v, i) => v - B[i]);
const isDivergence = (error: unknown) => (error as Error).name === "ConvergenceError";

export function storyRace(ntk: Ntk, { network, X, Y, grid, share, steps }: StoryRaceRequest): StoryRace {
  const net = createNetwork({ ...network, inputs: 1 });
  const probe = ntk.dynamics(net, X, Y, { learningRate: 1 });
  const learningRate = share * probe.maxLearningRate;
  probe.dispose();
  const { networks, diverged } = trained(ntk, net, X, Y, learningRate, steps);
  const path = ntk.dynamics(net, X, Y, { learningRate });
  const linearAt = (step: number) => {
    try {
      return { curve: path.at(step, grid).data, loss: path.lossAt(step) };
    } catch (error) {
      if (isDivergence(error)) return undefined;
      throw error;
    }
  };
  const [start, kernel] = [ntk.forward(net, grid).data, ntk.kernel(net, X).data];
  const frames = networks.map((at, k) => {
    const [curve, linear] = [ntk.forward(at, grid).data, linearAt(steps[k])];
    const moved = linear ? norm(minus(linear.curve, start)) : 0;
    return {
      network: curve,
      linear: linear?.curve,
      loss: ntk.forward(at, X).data.reduce((sum, f, i) => sum + (f - Y[i]) ** 2, 0) / (2 * X.length),
      linearLoss: linear?.loss ?? Number.POSITIVE_INFINITY,
      gap: linear ? (moved ? norm(minus(curve, linear.curve)) / moved : 0) : 1,
      drift: norm(minus(ntk.kernel(at, X).data, kernel)) / norm(kernel),
    };
  });
  path.dispose();
  return { frames, diverged };
}

/** The network at the steps, as far as it did not diverge. */
function trained(ntk: Ntk, net: Network, X: number[], Y: number[], learningRate: number, steps: number[]) {
  const networks: Network[] = [];
  try {
    ntk.train(net, X, Y, {
      learningRate,
      steps: steps[steps.length - 1],
      recordAt: steps,
      onRecord: ({ network }) => networks.push(network),
    });
  } catch (error) {
    if (!isDivergence(error)) throw error;
    return { networks, diverged: (error as Error & { step?: number }).step ?? steps[networks.length] };
  }
  return { networks, diverged: undefined };
}
