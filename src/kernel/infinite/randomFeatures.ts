/**
 * Random features of an infinitely wide network, layer by layer (MATH.md §6). φ are features of the covariances C of a
 * layer's pre-activations, ψ of its tangent kernel. With rows w of W and g of G standard normal,
 *
 *   φ ← (√(weight/m) σ(Wφ), √bias),   ψ ← (√(weight/k) (Gψ) ∘ σ'(Wφ), √(scale/m) σ(Wφ), √shift),
 *
 * because E[(g·ψ)(g·ψ')σ'(w·φ)σ'(w·φ')] = ψ·ψ' Ṫ. The last ψ are the features; with `nngp` the last φ.
 */
import type { Context } from "../../context.js";
import { gemm, hadamard, khatriRao } from "../../linalg/blas.js";
import { copyIn, scratch, type View } from "../../linalg/view.js";
import { type Matrix, rowsOf } from "../../matrix.js";
import { isDefined } from "../../model/definedActivation.js";
import { drawBy } from "../../model/draw.js";
import { residualOf } from "../../model/networkLayers.js";
import { valueAt } from "../../model/perLayer.js";
import type { RandomFeatures } from "../../model/randomFeatures.js";
import { activationArgument } from "../activationArgument.js";
import { layerFeatures } from "../finite/layers.js";
import { type First, firstOf, type Step, stepOf } from "./recursion.js";

/** Widths of φ and ψ of a layer; ψ has none with `nngp`. */
interface Widths {
  readonly phi: number;
  readonly psi: number;
}

/** A hidden layer: where its W (units×φ) and G (products×ψ) lie among the drawn numbers. */
interface Stage extends Step {
  readonly below: Widths;
  readonly units: number;
  /** Random products with the tangent features below; 0 where there are none. */
  readonly products: number;
  readonly W: number;
  readonly G: number;
  /** The layer whose pre-activation is added to the next one's; −1 where there is none. */
  readonly skip: number;
}

/** The layers of random features for d inputs, and the numbers that they draw. */
export interface FeaturePlan {
  readonly features: RandomFeatures;
  readonly first: First;
  readonly stages: readonly Stage[];
  readonly size: number;
}

/** Features for d inputs. */
export function planOf(features: RandomFeatures, d: number): FeaturePlan {
  const { model, count } = features;
  const nngp = model.kernel === "nngp";
  const first = firstOf(model, d);
  const live = (alpha: number, beta: number) => (alpha > 0 ? d : 0) + (beta > 0 ? 1 : 0);
  const widths: Widths[] = [
    { phi: live(first.alpha, first.beta), psi: nngp ? 0 : live(first.thetaAlpha, first.thetaBeta) },
  ];
  const stages: Stage[] = [];
  let size = 0;
  for (let l = 0; l < model.depth; l++) {
    const step = stepOf(model, l);
    const below = widths[l];
    const rest = count - ((nngp ? step.bias : step.shift) > 0 ? 1 : 0);
    const products = below.psi > 0 ? rest >> 1 : 0;
    const units = rest - products;
    const skip = l + 1 < model.depth ? residualOf(model, l + 1) : -1;
    const joined = skip < 0 ? { phi: 0, psi: 0 } : widths[skip];
    widths.push({
      phi: units + (step.bias > 0 ? 1 : 0) + joined.phi,
      psi: nngp ? 0 : products + units + (step.shift > 0 ? 1 : 0) + joined.psi,
    });
    stages.push({ ...step, below, units, products, W: size, G: size + units * below.phi, skip });
    size += units * below.phi + products * below.psi;
  }
  return { features, first, stages, size };
}

/** W and G of all layers, one after the other: the same bits in every engine. @throws MemoryLimitError */
export function drawFeatures(context: Context, { features, stages, size }: FeaturePlan): Float64Array {
  context.arena.require(2 * size);
  const parts = stages.flatMap(({ units, products, below, W, G }, l) => [
    { offset: W, length: units * below.phi, stream: 2 * l, std: 1 },
    { offset: G, length: products * below.psi, stream: 2 * l + 1, std: 1 },
  ]);
  return drawBy(context, { size, uniform: false, parts }, features.seed);
}

/** Calls `body(rows of the features, first row)` for tiles of X. */
export function forEachFeatures(
  context: Context,
  plan: FeaturePlan,
  drawn: Float64Array,
  X: Matrix,
  body: (Phi: View, first: number) => void,
): void {
  const { arena } = context;
  const { count } = plan.features;
  arena.run(() => {
    const numbers = copyIn(context, drawn, 1, drawn.length);
    const size = Math.max(1, Math.min(X.rows, Math.floor(2 ** 20 / count)));
    for (let row = 0; row < X.rows; row += size) {
      const rows = Math.min(size, X.rows - row);
      arena.run(() => {
        const Phi = scratch(context, rows, count);
        arena.run(() => fill(context, plan, numbers, rowsOf(X, row, rows), Phi));
        body(Phi, row);
      });
    }
  });
}

/** Features of C and of Theta of a layer. */
interface Pair {
  readonly phi: View;
  readonly psi: View | undefined;
}

function fill(context: Context, { features, first, stages }: FeaturePlan, numbers: View, X: Matrix, Phi: View): void {
  const { model } = features;
  const [rows, last] = [X.rows, stages.length - 1];
  const { unit, alpha, beta, thetaAlpha, thetaBeta } = first;
  const { phi, psi } = stages[0].below;
  const pairs: Pair[] = [
    {
      phi: affineRows(context, X, unit, alpha, beta, phi),
      psi: psi > 0 ? affineRows(context, X, unit, thetaAlpha, thetaBeta, psi) : undefined,
    },
  ];
  stages.forEach((stage, l) => {
    const { weight, bias, scale, shift, units, products, skip } = stage;
    const below = pairs[l];
    const nngp = model.kernel === "nngp";
    const S = scratch(context, rows, units);
    const slopes = products > 0 ? scratch(context, rows, units) : undefined;
    activate(context, features, l, numbers.part(stage.W, units, stage.below.phi), below.phi, S, slopes);
    const joined = skip < 0 ? undefined : pairs[skip];
    const values = (out: View, at: number, factor: number, constant: number, more: View | undefined) => {
      khatriRao(Math.sqrt(factor / units), S, undefined, out.block(0, at, rows, units));
      if (constant > 0) fillColumn(out, at + units, Math.sqrt(constant));
      if (more) khatriRao(1, more, undefined, out.block(0, out.cols - more.cols, rows, more.cols));
    };
    const up = (part: "phi" | "psi", own: number) => scratch(context, rows, own + (joined?.[part]?.cols ?? 0));
    let above: View | undefined;
    if (l < last || nngp) {
      above = l < last ? up("phi", units + (bias > 0 ? 1 : 0)) : Phi;
      values(above, 0, weight, bias, joined?.phi);
    }
    if (nngp) {
      if (above) pairs.push({ phi: above, psi: undefined });
      return;
    }
    const tangents = l < last ? up("psi", products + units + (shift > 0 ? 1 : 0)) : Phi;
    if (slopes && below.psi) {
      const V = scratch(context, rows, products);
      gemm(1, below.psi, numbers.part(stage.G, products, stage.below.psi).t, 0, V);
      const own = slopes.block(0, 0, rows, products);
      hadamard(Math.sqrt(weight / products), V, own, tangents.block(0, 0, rows, products));
    }
    values(tangents, products, scale, shift, joined?.psi);
    pairs.push({ phi: above ?? tangents, psi: tangents });
  });
}

/** S = σ(φ Wᵀ) and slopes = σ'(φ Wᵀ) of hidden layer l. */
function activate(
  context: Context,
  { model }: RandomFeatures,
  l: number,
  W: View,
  phi: View,
  S: View,
  slopes: View | undefined,
): void {
  const activation = valueAt(model.activation, l);
  const own = isDefined(activation) ? activation : undefined;
  context.arena.run(() => {
    const code = isDefined(activation) ? -1 : activationArgument(context, activation);
    layerFeatures({ weights: W, bias: undefined, alpha: 1, beta: 0, code, own }, phi, undefined, S, slopes);
  });
}

/** Rows (√alpha unit x, √beta), without the parts that are 0. */
function affineRows(
  context: Context,
  { data, rows, cols: d }: Matrix,
  unit: number,
  alpha: number,
  beta: number,
  width: number,
): View {
  const out = scratch(context, rows, width);
  const entries = out.entries();
  const root = Math.sqrt(alpha);
  if (alpha > 0)
    for (let i = 0; i < rows; i++) for (let j = 0; j < d; j++) entries[i * width + j] = root * (unit * data[i * d + j]);
  if (beta > 0) fillColumn(out, width - 1, Math.sqrt(beta));
  return out;
}

function fillColumn(out: View, column: number, value: number): void {
  for (let i = 0; i < out.rows; i++) out.row(i)[column] = value;
}
