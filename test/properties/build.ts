/** Models of cases. */
import type { Activation, CustomKernel, Matrix, Model, Network, NetworkOptions } from "../../src/index.js";
import { EXAMPLE } from "../oracle/activations.js";
import type { ModelCase, NetCase } from "./arbitraries.js";
import { api } from "./recorder.js";

const OWN: Record<string, Activation> = {
  "own bump": api.defineActivation({
    name: "bump",
    value: (z) => z * Math.exp((-z * z) / 4),
    slope: (z) => (1 - (z * z) / 2) * Math.exp((-z * z) / 4),
  }),
  "own sine": api.defineActivation({ name: "sine", value: Math.sin, slope: Math.cos }),
};

const activationOf = (name: string): Activation => OWN[name] ?? EXAMPLE[name] ?? (name as Activation);
const activationsOf = (names: string | string[]) =>
  Array.isArray(names) ? names.map(activationOf) : activationOf(names);

/** True where an activation of a case is one of one's own, which no JSON has. */
export const hasOwn = (model: ModelCase): boolean => JSON.stringify(model).includes('"own ');

export function optionsOf({ activation, options }: NetCase): NetworkOptions {
  return { ...options, activation: activationsOf(activation) } as unknown as NetworkOptions;
}

export function buildNet(given: NetCase): Network {
  const net = api.createNetwork(optionsOf(given));
  if (given.weights === 1) return net;
  const parameters = net.parameters.map((x) => x * given.weights);
  return parameters.every(Number.isFinite) ? { ...net, parameters } : net;
}

const table = (X: Matrix, X2: Matrix, k: (x: Float64Array, y: Float64Array) => number): number[][] =>
  Array.from({ length: X.rows }, (_, i) =>
    Array.from({ length: X2.rows }, (_, j) =>
      k(X.data.subarray(i * X.cols, (i + 1) * X.cols), X2.data.subarray(j * X2.cols, (j + 1) * X2.cols)),
    ),
  );
const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, k) => sum + value * y[k], 0);

/** Kernels of one's own; most of them are not what they say. */
const CUSTOM: Record<string, (s: number) => CustomKernel> = {
  brownian: (s) => ({
    kernel: (X, X2) =>
      table(X, X2, ([x], [y]) => s * (Math.sign(x) * Math.sign(y) > 0 ? Math.min(Math.abs(x), Math.abs(y)) : 0)),
  }),
  polynomial: (s) => ({
    kernel: (X, X2) => table(X, X2, (x, y) => s * (1 + dot(x, y)) ** 2),
    diagonal: (X) => table(X, X, (x, y) => s * (1 + dot(x, y)) ** 2).map((row, i) => row[i]),
  }),
  asymmetric: (s) => ({ kernel: (X, X2) => table(X, X2, (x, y) => s * (1 + x[0] - y[0])) }),
  NaN: (s) => ({ kernel: (X, X2) => table(X, X2, ([x], [y]) => (x === y ? Number.NaN : s)) }),
  short: (s) => ({ kernel: (X, X2) => table(X, X2, () => s).slice(1) }),
  wide: (s) => ({ kernel: (X, X2) => table(X, X2, () => s).map((row) => [...row, s]) }),
  indefinite: (s) => ({ kernel: (X, X2) => table(X, X2, ([x], [y]) => -s * (1 + Math.abs(x - y))) }),
  throws: () => ({
    kernel: () => {
      throw new RangeError("expected another kernel");
    },
  }),
  text: () => ({ kernel: () => "a kernel" as unknown as Matrix }),
  diagonal: (s) => ({
    kernel: (X, X2) => table(X, X2, (x, y) => s * Math.exp(-Math.abs(x[0] - y[0]))),
    diagonal: (X) => Array.from({ length: X.rows }, () => -s),
  }),
  mean: (s) => ({
    kernel: (X, X2) => table(X, X2, (x, y) => s * Math.exp(-Math.abs(x[0] - y[0]))),
    mean: (X) => Array.from({ length: X.rows + 1 }, () => s),
  }),
};

export function customOf(of: string, s: number): CustomKernel {
  return CUSTOM[of](s);
}

/** The model of a case. @throws what its constructor throws. */
export function build(given: ModelCase): Model {
  switch (given.kind) {
    case "net":
      return buildNet(given);
    case "infinite":
      return api.createInfiniteNetwork({ ...given.options, activation: activationsOf(given.activation) });
    case "rbf":
      return api.rbfKernel(given.options);
    case "matern":
      return api.maternKernel(given.options);
    case "periodic":
      return api.periodicKernel(given.options);
    case "linear":
      return api.linearKernel(given.options);
    case "custom":
      return customOf(given.of, given.s);
    case "scaled":
      return api.scaled(build(given.model), given.s);
    case "inputScaled":
      return api.inputScaled(build(given.model), given.scales);
    case "sum":
      return api.sumOf(given.terms.map(({ model, weight }) => ({ model: build(model), weight })));
    case "product":
      return api.productOf(given.factors.map(build));
  }
}
