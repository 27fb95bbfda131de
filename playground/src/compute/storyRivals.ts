// A trained network against its kernel on two data sets of six inputs, drawn from a seed. Errors are those against the
// function behind the data, without noise.
import { randomLcg, randomNormal } from "d3-random";
import { createNetwork, type Ntk } from "ntk-wasm/slim";
import { RIVALS, type RivalData } from "../story/rivalsSpec";

export interface RivalsRequest {
  data: RivalData;
  seed: number;
}
export interface Rivals {
  steps: number[];
  /** Root mean square errors on test points along training: of the network, and of its first-order model. */
  network: number[];
  kernel: number[];
}

/** The functions behind the data, of size about 1, and the standard deviation of the noise of the training targets. */
const TARGETS: Record<RivalData, { of: (x: number[]) => number; noise: number }> = {
  edge: { of: (x) => Math.tanh(4 * x[0]), noise: 0 },
  plane: { of: (x) => x.reduce((sum, v) => sum + v, 0) / Math.sqrt(x.length), noise: 1 },
};

export function rivals(ntk: Ntk, { data, seed }: RivalsRequest): Rivals {
  const { inputs, points, testPoints, network, rule, share, steps } = RIVALS;
  const { of, noise } = TARGETS[data];
  const normal = randomNormal.source(randomLcg(seed))();
  const draw = (count: number) => Array.from({ length: count }, () => Array.from({ length: inputs }, normal));
  const [X, Xtest] = [draw(points), draw(testPoints)];
  const Y = X.map((x) => of(x) + noise * normal());
  const net = createNetwork({ ...network, inputs, seed });
  const probe = ntk.dynamics(net, X, Y, { ...rule, learningRate: 1 });
  const learningRate = share * probe.maxLearningRate;
  probe.dispose();
  const { testLoss, linearTestLoss } = ntk.compare(net, X, Y, {
    ...rule,
    learningRate,
    steps: steps[steps.length - 1],
    recordAt: steps,
    Xtest,
    Ytest: Xtest.map(of),
  });
  // The loss is half the mean square.
  const errors = (losses: Float64Array | undefined) => Array.from(losses ?? [], (loss) => Math.sqrt(2 * loss));
  return { steps, network: errors(testLoss), kernel: errors(linearTestLoss) };
}
