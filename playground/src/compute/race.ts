// A network and its first-order model, trained from the same start. The page asks for one frame after another, so that
// it can stop at any frame. Plain gradient descent has no memory, so training may go on from the weights of the frame
// before.
import { createNetwork, type Dynamics, type Matrix, type Network, type NetworkOptions, type Ntk } from "ntk-wasm/slim";

export interface RaceRequest {
  network: Omit<NetworkOptions, "inputs">;
  X: number[];
  Y: number[];
  grid: Float64Array;
  /** The rate as a share of the largest stable one of the first-order model. */
  share: number;
}
export interface RaceStart {
  rate: number;
  /** Eigenvalues of Θ, largest first. */
  eigenvalues: number[];
  /** Share of ‖Y − f0‖² in each eigenvector. */
  power: number[];
  /** The first eigenvectors as functions on the grid, Θ(grid, X) v/λ, each with a largest absolute value of 1. */
  shapes: Float64Array[];
}
export interface Frame {
  step: number;
  network: Float64Array;
  /** Undefined once the first-order model has left the range of numbers. */
  linear: Float64Array | undefined;
  loss: number;
  linearLoss: number;
  /** ‖θ − θ0‖/‖θ0‖. */
  parameterDrift: number;
  /** ‖Θ − Θ0‖/‖Θ0‖. */
  kernelDrift: number;
}

const SHAPES = 4;
const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
const distance = (A: Float64Array, B: Float64Array) => norm(A.map((v, i) => v - B[i])) / (norm(B) || 1);

/** The network has left the range of numbers. */
class Diverged extends Error {
  override readonly name = "Diverged";
  constructor(step: number, rate: number, stable: number) {
    const share = Math.round((100 * rate) / stable);
    super(
      `Training diverged at step ${step}: the rate ${rate.toPrecision(3)} is ${share} % of the largest that is stable ` +
        "for the first-order model, and the network takes less once its features have moved. Choose a smaller share.",
    );
  }
}

export class Race {
  readonly info: RaceStart;
  readonly #start: Network;
  readonly #kernel: Matrix;
  readonly #dynamics: Dynamics;
  #network: Network;
  #step = 0;

  constructor(
    readonly ntk: Ntk,
    readonly request: RaceRequest,
  ) {
    const { network, X, Y, share } = request;
    this.#start = createNetwork({ ...network, inputs: 1 });
    this.#network = this.#start;
    this.#kernel = ntk.kernel(this.#start, X);
    const { values, vectors } = ntk.eigh(this.#kernel);
    const n = X.length;
    const rate = (share * 2 * n) / values[n - 1];
    const f0 = ntk.forward(this.#start, X).data;
    const residual = f0.map((f, i) => Y[i] - f);
    const total = norm(residual) ** 2;
    const order = Array.from(values, (_, k) => n - 1 - k);
    const along = (k: number) => residual.reduce((sum, r, i) => sum + r * vectors.data[i * n + k], 0);
    this.info = {
      rate,
      eigenvalues: order.map((k) => values[k]),
      power: order.map((k) => along(k) ** 2 / total),
      shapes: this.#shapes(order.slice(0, SHAPES).map((k) => X.map((_, i) => vectors.data[i * n + k]))),
    };
    this.#dynamics = ntk.dynamics(this.#start, X, Y, { learningRate: rate });
  }

  /** Both models after `step` steps; steps must not go back. Throws a Diverged where the network diverges. */
  frame(step: number): Frame {
    const { ntk, request } = this;
    const { X, Y, grid } = request;
    if (step > this.#step) this.#train(step);
    const linear = this.#linear(step);
    const f = ntk.forward(this.#network, X).data;
    return {
      step,
      network: ntk.forward(this.#network, grid).data,
      linear: linear?.curve,
      loss: f.reduce((sum, v, i) => sum + (v - Y[i]) ** 2, 0) / (2 * f.length),
      linearLoss: linear?.loss ?? Number.POSITIVE_INFINITY,
      parameterDrift: distance(this.#network.parameters, this.#start.parameters),
      kernelDrift: distance(ntk.kernel(this.#network, X).data, this.#kernel.data),
    };
  }

  #train(step: number): void {
    const { X, Y } = this.request;
    const { rate } = this.info;
    const steps = step - this.#step;
    try {
      this.#network = this.ntk.train(this.#network, X, Y, { learningRate: rate, steps, recordAt: [] }).network;
      this.#step = step;
    } catch (error) {
      const { name, step: within } = error as { name: string; step?: number };
      if (name !== "ConvergenceError" || within === undefined) throw error;
      // What the error counts began at the frame before.
      throw new Diverged(this.#step + within, rate, rate / this.request.share);
    }
  }

  /** Vectors on the points, carried to the grid by the kernel and scaled. */
  #shapes(vectors: number[][]): Float64Array[] {
    const { X, grid } = this.request;
    const cross = this.ntk.kernel(this.#start, grid, X);
    return vectors.map((vector) => {
      const shape = grid.map((_, g) => vector.reduce((sum, v, i) => sum + v * cross.data[g * X.length + i], 0));
      const most = shape.reduce((a, v) => (Math.abs(v) > Math.abs(a) ? v : a), 0) || 1;
      return shape.map((v) => v / most);
    });
  }

  #linear(step: number): { curve: Float64Array; loss: number } | undefined {
    try {
      return { curve: this.#dynamics.at(step, this.request.grid).data, loss: this.#dynamics.lossAt(step) };
    } catch (error) {
      if ((error as Error).name === "ConvergenceError") return undefined;
      throw error;
    }
  }

  dispose(): void {
    this.#dynamics.dispose();
  }
}
