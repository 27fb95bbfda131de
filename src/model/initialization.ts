/**
 * Initialisations as objects: what a scheme draws, and the kernel, the share of the hidden layer and the largest stable
 * rate that it leads to on average. For Gaussian weights the expected kernel of one hidden layer is exact at every
 * width (MATH.md §5):
 *
 *   E[Θ(x, x')] = β2² + α2² m T + (α1² x·x' + β1²) α2² m E[b²] Ṫ,   (u, v) = pre-activations at x and x'
 *
 * with the rate of a block as a factor of its term.
 */
import { checkNumbers, checkResult, toMatrix } from "../check.js";
import { type Matrix, type MatrixLike, matrix } from "../matrix.js";
import { type BuiltIn, recordOf, rowOf } from "./activation.js";
import { isDefined } from "./definedActivation.js";
import { isUniform } from "./initSchemes.js";
import { blockStd, type NetworkOptions, type NetworkShape, networkShape, ownShape, scales, widths } from "./network.js";
import { valueAt } from "./perLayer.js";
import { largestEigenvalue } from "./spectrum.js";

/** An initialisation of a given shape. Everything is computed in plain JavaScript, O(N²). */
export interface Initialization {
  /** The checked options, defaults filled in. */
  readonly network: NetworkShape;
  /** Variance with which each block of θ is drawn (under `ntk` the forward pass scales on top of it). */
  readonly variances: Record<string, number>;
  /**
   * E[Θ(X, X2)] over the draws (averaged over outputs, as `ntk.kernel`), N×N2, exact at this width.
   *
   * @throws RangeError for uniform twins and for more than one hidden layer: there is no closed form. RangeError where
   * an entry overflows to NaN.
   */
  expectedKernel(X: MatrixLike, X2?: MatrixLike): Matrix;
  /**
   * tr E[Θ of the hidden layer's weights and biases] / tr E[Θ] on X: what moves the features. 0 where E[Θ] is zero.
   *
   * @throws RangeError as `expectedKernel`, and where an entry of E[Θ] is not finite.
   */
  hiddenShare(X: MatrixLike): number;
  /**
   * 2NC / λ_max(E[Θ(X, X)]), N points and C outputs: the largest stable rate of gradient descent for the expected
   * kernel, accurate to rounding. A network's own rate, `ntk.dynamics(net, …).maxLearningRate`, comes near it with
   * growing width. Infinity where E[Θ] is zero, so that no rate moves anything, and where the rate is beyond a double.
   *
   * @throws RangeError as `expectedKernel`, and where an entry of E[Θ] is not finite.
   */
  maxLearningRate(X: MatrixLike): number;
}

/**
 * The initialisation that `createNetwork(options)` draws from.
 *
 * @throws TypeError, RangeError as `createNetwork`, and where a variance overflows.
 * @example
 * const lecun = initialization({ inputs: 1, hidden: 64, biasStd: 1 });
 * lecun.variances.b;              // 1/64
 * lecun.hiddenShare([-1, 0, 1]);  // below 0.01: nearly a random-feature model
 */
export function initialization(options: NetworkOptions): Initialization {
  const { network, blocks } = networkShape(options);
  const stdOf = blockStd(network);
  const variances = Object.fromEntries(blocks.map(({ name }) => [name, varianceOf(name, stdOf(name))]));
  // What is handed out may be written to: what is computed with is not it.
  const [shape, own] = [structuredShape(network), { ...variances }];
  const expected = (Xlike: MatrixLike, X2like: MatrixLike | undefined) => {
    checkClosedForm(shape);
    const X = toMatrix(Xlike, "X", { cols: shape.inputs });
    const X2 = X2like === undefined ? X : toMatrix(X2like, "X2", { cols: shape.inputs });
    return expectedParts(shape, own, X, X2);
  };
  const expectedKernel = (X: MatrixLike, X2: MatrixLike | undefined) => {
    const { output, hidden } = expected(X, X2);
    for (let at = 0; at < output.data.length; at++) output.data[at] += hidden.data[at];
    return checkResult(output, "E[Θ]", { infinite: true });
  };
  return {
    network,
    variances,
    expectedKernel,
    hiddenShare(X) {
      const { output, hidden } = expected(X, undefined);
      for (const part of [output, hidden]) checkResult(part, "E[Θ]");
      // Shares of the largest entry: a sum of squares may be beyond a double.
      const largest = Math.max(largestOf(hidden), largestOf(output));
      const bottom = trace(hidden, largest);
      return bottom > 0 ? bottom / (trace(output, largest) + bottom) : 0;
    },
    maxLearningRate(X) {
      const kernel = checkResult(expectedKernel(X, undefined), "E[Θ]");
      return (2 * kernel.rows * network.outputs) / largestEigenvalue(kernel);
    },
  };
}

function varianceOf(name: string, std: number): number {
  return checkNumbers(std ** 2, `the variance of block ${name}`);
}

function structuredShape(network: NetworkShape): NetworkShape {
  return ownShape(network);
}

function checkClosedForm(network: NetworkShape): void {
  if (isUniform(network.init)) {
    throw new RangeError(`the expected kernel of init "${network.init}" has no closed form; expected Gaussian weights`);
  }
  if (isDefined(valueAt(network.activation, 0))) {
    throw new RangeError(
      "the expected kernel has a closed form for built-in activations; this one is your own: use sampleKernel for its mean",
    );
  }
  const depth = widths(network).length;
  if (depth > 1) {
    throw new RangeError(
      `the expected kernel has a closed form for one hidden layer; this network has ${depth}: use createInfiniteNetwork for its ` +
        "limit, or sampleKernel for its mean",
    );
  }
}

/** The parts of E[Θ] that belong to the output layer (a, b) and to the hidden layer (c, d). */
function expectedParts(
  network: NetworkShape,
  variances: Record<string, number>,
  X: Matrix,
  X2: Matrix,
): { output: Matrix; hidden: Matrix } {
  const [input, readout] = scales(network);
  const [m] = widths(network);
  const weight = input.alpha ** 2 * variances.c;
  const bias = network.bias ? input.beta ** 2 * variances.d : 0;
  const { tangent } = input;
  const gain = readout.alpha ** 2 * m;
  const trained = readout.tangent.alpha ** 2 * m;
  const activation = valueAt(network.activation, 0) as BuiltIn;
  const { dualActivation } = rowOf(activation);
  const record = recordOf(activation);
  const expectations = new Float64Array(3);
  const output = matrix(X.rows, X2.rows);
  const hidden = matrix(X.rows, X2.rows);
  for (let i = 0; i < X.rows; i++) {
    for (let j = 0; j < X2.rows; j++) {
      const at = i * X2.rows + j;
      if (X === X2 && j < i) {
        output.data[at] = output.data[j * X2.rows + i];
        hidden.data[at] = hidden.data[j * X2.rows + i];
        continue;
      }
      const pair = covariance(row(X, i), row(X2, j), weight, bias);
      dualActivation(pair.a, pair.b, pair.c, pair.delta, expectations, record);
      const [value, slope] = expectations;
      output.data[at] = readout.tangent.beta ** 2 + trained * value;
      hidden.data[at] = (tangent.alpha ** 2 * pair.dot + tangent.beta ** 2) * gain * variances.b * slope;
    }
  }
  return { output, hidden };
}

function row({ data, cols }: Matrix, i: number): Float64Array {
  return data.subarray(i * cols, (i + 1) * cols);
}

/** a, b, c of the pre-activations at x and y, x·y, and ab − c² as a ‖v − (c/a) u‖², which has no cancellation. */
function covariance(x: Float64Array, y: Float64Array, weight: number, bias: number) {
  let [xx, yy, dot] = [0, 0, 0];
  for (let t = 0; t < x.length; t++) {
    xx += x[t] * x[t];
    yy += y[t] * y[t];
    dot += x[t] * y[t];
  }
  const [a, b, c] = [weight * xx + bias, weight * yy + bias, weight * dot + bias];
  const slope = a > 0 ? c / a : 0;
  let rest = bias * (1 - slope) ** 2;
  for (let t = 0; t < x.length; t++) rest += weight * (y[t] - slope * x[t]) ** 2;
  return { a, b, c, dot, delta: a * rest };
}

function largestOf({ data }: Matrix): number {
  return data.reduce((top, x) => Math.max(top, Math.abs(x)), 0);
}

/** tr A/unit. */
function trace({ data, rows }: Matrix, unit: number): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += data[i * (rows + 1)] / unit;
  return sum;
}
