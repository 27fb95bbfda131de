/** Networks of PyTorch: f, Jacobian and Θ against its autograd, whose numbers test/vectors/pytorch_layers.py wrote. */
import { beforeAll, describe, expect, test } from "vitest";
import { type Activation, createNetwork, type Network, type Ntk, networkFromLayers } from "../../src/index.js";
import { loadInWorker } from "../../src/worker/index.js";
import { jacobianOf } from "../oracle/autodiff.js";
import { expectRelative, maxDifference } from "../setup/golden.js";
import { loadVariant, variants } from "../setup/variants.js";
import golden from "../vectors/pytorch_layers.json" with { type: "json" };

interface Case {
  name: string;
  activation: Activation[];
  state: Record<string, number[] | number[][]>;
  X: number[][];
  f: number[][];
  jacobian: Record<string, number[][]>;
  theta: number[][];
}
const cases = golden.cases as unknown as Case[];

/** Names of the layers, in forward order. */
const layerNames = ({ state }: Case) => [...new Set(Object.keys(state).map((key) => key.replace(/\.\w+$/, "")))];
const layersOf = (model: Case) =>
  layerNames(model).map((name) => ({
    weights: model.state[`${name}.weight`] as number[][],
    bias: model.state[`${name}.bias`] as number[] | undefined,
  }));
const optionsOf = ({ activation, name }: Case) => ({ activation, residual: name.endsWith("residual") ? 1 : 0 });
const netOf = (model: Case) => networkFromLayers(layersOf(model), optionsOf(model));
const transposed = (rows: number[][]) => rows[0].map((_, j) => rows.map((row) => row[j]));

/** The Jacobian of autograd in the order of the network's blocks; zeros for the biases that the model has not. */
function jacobianRows(model: Case, net: Network): number[] {
  const names = layerNames(model);
  return model.theta.flatMap((_, row) =>
    net.blocks.flatMap(({ name, length }) => {
      const key = `${names[levelOf(net, name)]}.${isBias(name) ? "bias" : "weight"}`;
      return model.jacobian[key]?.[row] ?? new Array<number>(length).fill(0);
    }),
  );
}

const WHY = "autograd in float64: a few hundred roundings of either";

test("the vectors have models with, without and with some biases", () => {
  const biases = cases.map((model) => layersOf(model).map(({ bias }) => bias !== undefined));
  expect(biases).toEqual([
    [true, true, true],
    [false, false],
    [false, true, false],
    [true, true, true],
  ]);
});

describe.each(variants)("%s", (variant) => {
  let ntk: Ntk;
  beforeAll(async () => {
    ntk = await loadVariant(variant);
  });

  describe.each(cases)("$name", (model) => {
    const net = netOf(model);

    test("f, Jacobian and Θ are PyTorch's", () => {
      expectRelative(ntk.forward(net, model.X).data, model.f.flat(), 1e-12, `f: ${WHY}`);
      const theta = model.theta.flat();
      expectRelative(ntk.kernel(net, model.X, model.X, { outputs: "full" }).data, theta, 1e-12, `Θ: ${WHY}`);
      const J = ntk.jacobian(net, model.X);
      const want = jacobianRows(model, net);
      const has = net.blocks.map(({ name }) => layersOf(model)[levelOf(net, name)].bias || !isBias(name));
      // Biases that the model has not are frozen: they have columns, which Θ leaves out.
      const kept = Array.from(J.data).filter((_, at) => has[blockAt(net, at % J.cols)]);
      const wanted = want.filter((_, at) => has[blockAt(net, at % J.cols)]);
      expect(kept.length).toBe(theta.length ** 0.5 * Object.values(model.state).flat(2).length);
      expectRelative(kept, wanted, 1e-12, `Jacobian: ${WHY}`);
      expectRelative(J.data, jacobianOf(net, model.X).flat(), 1e-12, "Jacobian: forward-mode differentiation");
    });

    test("Keras's layout: the transposed weights are the same network", () => {
      const layers = layersOf(model).map(({ weights, bias }) => ({ weights: transposed(weights), bias }));
      expect(networkFromLayers(layers, { ...optionsOf(model), layout: "inOut" })).toEqual(net);
    });

    test("trained further: frozen biases stay, and the loss falls", () => {
      const Y = model.f.map((row) => row.map((value, c) => value + Math.sin(c + value)));
      const { maxLearningRate } = ntk.dynamics(net, model.X, Y, { learningRate: 1 });
      const { network, loss } = ntk.train(net, model.X, Y, { learningRate: maxLearningRate / 4, steps: 50 });
      expect(loss[loss.length - 1]).toBeLessThan(loss[0] / 2);
      expect(network.rates).toEqual(net.rates);
      let frozen = 0;
      for (const { name, offset, length } of net.blocks) {
        const [before, after] = [net, network].map((each) => each.parameters.subarray(offset, offset + length));
        const absent = isBias(name) && !layersOf(model)[levelOf(net, name)].bias;
        if (absent) {
          frozen++;
          expect([...after]).toEqual(new Array(length).fill(0));
        } else expect(maxDifference(before, after), name).toBeGreaterThan(0);
      }
      expect(frozen).toBe(model.activation[0] === "gelu" ? 2 : 0);
    });
  });

  test("f is fitted around the trained weights: without data that say otherwise it stays", () => {
    const [model] = cases;
    const net = netOf(model);
    const fit = ntk.fit(net, model.X, model.f, { ridge: 0.1 });
    expectRelative(fit.predict(model.X).mean.data, model.f.flat(), 1e-12, "targets are the outputs: nothing moves");
    fit.dispose();
  });

  test("float32 weights are widened, and f is the function of these weights", () => {
    const [model] = cases;
    const rounded = layersOf(model).map(({ weights, bias }) => ({
      weights: weights.map((row) => Float32Array.from(row)),
      bias: Float32Array.from(bias as number[]),
    }));
    const wide = rounded.map(({ weights, bias }) => ({
      weights: weights.map((row) => Array.from(row)),
      bias: Array.from(bias),
    }));
    const net = networkFromLayers(rounded, optionsOf(model));
    expect(net).toEqual(networkFromLayers(wide, optionsOf(model)));
    const [f, exact] = [ntk.forward(net, model.X).data, model.f.flat()];
    expectRelative(f, exact, 1e-6, "a rounding of 6e-8 in each weight");
    expect(maxDifference(f, exact)).toBeGreaterThan(1e-10);
  });

  test("outputScale multiplies f, and rates weigh Θ", () => {
    const [model] = cases;
    const net = networkFromLayers(layersOf(model), { ...optionsOf(model), outputScale: 3, rates: [0, 0, 1] });
    expectRelative(
      ntk.forward(net, model.X).data,
      model.f.flat().map((value) => 3 * value),
      1e-12,
      WHY,
    );
    const readout = Object.entries(model.jacobian).filter(([key]) => key.startsWith("4."));
    const size = model.theta.length;
    const theta = Array.from({ length: size ** 2 }, (_, at) =>
      readout.reduce((sum, [, J]) => {
        const [p, q] = [J[Math.floor(at / size)], J[at % size]];
        return sum + 9 * p.reduce((dot, value, k) => dot + value * q[k], 0);
      }, 0),
    );
    expectRelative(ntk.kernel(net, model.X, model.X, { outputs: "full" }).data, theta, 1e-12, WHY);
  });

  test("plain data: a worker, a clone, JSON and createNetwork have the same network", async () => {
    const there = await loadInWorker({ variant });
    try {
      for (const model of cases) {
        const net = netOf(model);
        expect(structuredClone(net)).toEqual(net);
        expect(createNetwork(net)).toEqual(net);
        expect(createNetwork(JSON.parse(JSON.stringify(net)))).toEqual(net);
        expect(await there.forward(net, model.X)).toEqual(ntk.forward(net, model.X));
        expect(await there.kernel(net, model.X)).toEqual(ntk.kernel(net, model.X));
        const run = { learningRate: 0.01, steps: 3 };
        const trained = await there.train(net, model.X, model.f, run);
        expect(trained.network).toEqual(ntk.train(net, model.X, model.f, run).network);
      }
    } finally {
      there.terminate();
    }
  });
});

function isBias(name: string): boolean {
  return name === "a" || name.startsWith("d");
}

/** The layer of a block, from the input up. */
function levelOf(net: Network, name: string): number {
  const depth = typeof net.hidden === "number" ? 1 : net.hidden.length;
  return name === "a" || name === "b" ? depth : Number(name.slice(1) || 1) - 1;
}

/** The block of parameter p. */
function blockAt(net: Network, p: number): number {
  return net.blocks.findIndex(({ offset, length }) => p >= offset && p < offset + length);
}
