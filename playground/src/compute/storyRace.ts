// One network and its first-order model, trained from the same start: all frames of the race at once.
import {
  createNetwork,
  type Dynamics,
  type Network,
  type NetworkOptions,
  type Ntk,
  type Recorded,
} from "ntk-wasm/slim";

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
  const { records, diverged } = trained(ntk, net, X, Y, learningRate, steps);
  const path = ntk.dynamics(net, X, Y, { learningRate });
  const linear = linearAt(path, steps, grid);
  const [start, kernel] = [ntk.forward(net, grid).data, ntk.kernel(net, X).data];
  const frames = records.map(({ network: at, outputs }, k) => {
    const [curve, straight] = [ntk.forward(at, grid).data, linear[k]];
    const moved = straight ? norm(minus(straight, start)) : 0;
    return {
      network: curve,
      linear: straight,
      loss: outputs.data.reduce((sum, f, i) => sum + (f - Y[i]) ** 2, 0) / (2 * X.length),
      linearLoss: straight ? path.lossAt(steps[k]) : Number.POSITIVE_INFINITY,
      gap: straight ? (moved ? norm(minus(curve, straight)) / moved : 0) : 1,
      drift: norm(minus(ntk.kernel(at, X).data, kernel)) / norm(kernel),
    };
  });
  path.dispose();
  return { frames, diverged };
}

/** The first-order model at the steps, as far as it is within the range of numbers: what overflows stays so. */
function linearAt(path: Dynamics, steps: number[], grid: Float64Array): Float64Array[] {
  const first = (count: number) => {
    try {
      return path.at(steps.slice(0, count), grid).map(({ data }) => data);
    } catch (error) {
      if (isDivergence(error)) return undefined;
      throw error;
    }
  };
  const all = first(steps.length);
  if (all) return all;
  let [good, bad] = [0, steps.length];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (first(middle)) good = middle;
    else bad = middle;
  }
  return good > 0 ? (first(good) ?? []) : [];
}

/** The network at the steps, as far as it did not diverge. */
function trained(ntk: Ntk, net: Network, X: number[], Y: number[], learningRate: number, steps: number[]) {
  const records: Recorded[] = [];
  try {
    ntk.train(net, X, Y, {
      learningRate,
      steps: steps[steps.length - 1],
      recordAt: steps,
      onRecord: (record) => records.push(record),
    });
  } catch (error) {
    if (!isDivergence(error)) throw error;
    return { records, diverged: (error as Error & { step?: number }).step ?? steps[records.length] };
  }
  return { records, diverged: undefined };
}
