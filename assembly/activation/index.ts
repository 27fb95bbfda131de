// The table of activations: two cases each, by the codes of src/codes.ts. An op's argument is a code, or the
// address of a record that starts with one: an activation with parameters is unknown without its record.
import { ActivationCode } from "../../src/codes";
import { mapPairs } from "../infinite/row";
import { Closed, Way, LogisticSeries, SiluSeries, SoftplusSeries } from "../infinite/ways";
import { AbRelu, RELU } from "./abRelu";
import { Activation, isRecord } from "./activation";
import { Elu } from "./elu";
import { Erf } from "./erf";
import { Exp } from "./exp";
import { Gaussian } from "./gaussian";
import { Gelu } from "./gelu";
import { HardTanh } from "./hardTanh";
import { Identity } from "./identity";
import { Polynomial } from "./polynomial";
import { Relu } from "./relu";
import { Sigmoid } from "./sigmoid";
import { Silu } from "./silu";
import { Sin, SIN, Wave } from "./sin";
import { Softplus } from "./softplus";
import { Step } from "./step";
import { Tanh } from "./tanh";

/** S = σ(S) in place and G = gain ∘ σ' for one row of m; false for an unknown activation. `tmp`: 32 bytes. */
export function activate(activation: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  if (isRecord(activation)) return activateBy(<usize>activation, m, gain, s, g, tmp);
  switch (activation) {
    case ActivationCode.sigmoid: mapRow<Sigmoid>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.tanh: mapRow<Tanh>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.erf: mapRow<Erf>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.relu: mapRow<Relu>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.identity: mapRow<Identity>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.gelu: mapRow<Gelu>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.softplus: mapRow<Softplus>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.silu: mapRow<Silu>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.sin: mapRow<Sin>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.exp: mapRow<Exp>(0, m, gain, s, g, tmp); return true;
    case ActivationCode.step: mapRow<Step>(0, m, gain, s, g, tmp); return true;
    default: return false;
  }
}

/** Activations with parameters. */
function activateBy(record: usize, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  switch (<i32>load<f64>(record)) {
    case ActivationCode.sin:
    case ActivationCode.cos: mapRow<Wave>(record, m, gain, s, g, tmp); return true;
    case ActivationCode.leakyRelu:
    case ActivationCode.abRelu:
    case ActivationCode.abs: mapRow<AbRelu>(record, m, gain, s, g, tmp); return true;
    case ActivationCode.gaussian: mapRow<Gaussian>(record, m, gain, s, g, tmp); return true;
    case ActivationCode.monomial:
    case ActivationCode.hermite: mapRow<Polynomial>(record, m, gain, s, g, tmp); return true;
    case ActivationCode.hardTanh: mapRow<HardTanh>(record, m, gain, s, g, tmp); return true;
    case ActivationCode.elu:
    case ActivationCode.selu: mapRow<Elu>(record, m, gain, s, g, tmp); return true;
    default: return false;
  }
}

/** One row of dual activations, with the arguments of mapPairs; false for an unknown activation. */
export function mapDualActivation(
  activation: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize, t: usize,
  next: usize, nextB: usize, layer: usize, work: usize,
): bool {
  if (isRecord(activation)) return mapDualBy(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work);
  switch (activation) {
    case ActivationCode.sigmoid: if (terms) mapPairs<LogisticSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.tanh: if (terms) mapPairs<LogisticSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.erf: mapPairs<Closed<Erf>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.relu: mapPairs<Closed<AbRelu>>(<i32>RELU, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.identity: mapPairs<Closed<Identity>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.gelu: mapPairs<Closed<Gelu>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.softplus: if (terms) mapPairs<SoftplusSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.silu: if (terms) mapPairs<SiluSeries>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.sin: mapPairs<Closed<Wave>>(<i32>SIN, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.exp: mapPairs<Closed<Exp>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.step: mapPairs<Closed<Step>>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    default: return false;
  }
  if (!terms) mapPairs<DoubleSum>(activation, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work);
  return true;
}

/** Dual activations with parameters. */
function mapDualBy(
  record: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize, t: usize,
  next: usize, nextB: usize, layer: usize, work: usize,
): bool {
  switch (<i32>load<f64>(<usize>record)) {
    case ActivationCode.sin:
    case ActivationCode.cos: mapPairs<Closed<Wave>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.leakyRelu:
    case ActivationCode.abRelu:
    case ActivationCode.abs: mapPairs<Closed<AbRelu>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.gaussian: mapPairs<Closed<Gaussian>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.monomial:
    case ActivationCode.hermite: mapPairs<Closed<Polynomial>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.hardTanh: mapPairs<Closed<HardTanh>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.elu:
    case ActivationCode.selu: mapPairs<Closed<Elu>>(record, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    default: return false;
  }
}

/** Mixtures of probits where no series serves: one loop for all, for a double sum takes far longer than to find it. */
// @ts-ignore: decorator
@final @unmanaged
class DoubleSum extends Way {
  // @ts-ignore: decorator
  @inline
  prepare(terms: i32, p: usize, w: usize): void {}

  // @ts-ignore: decorator
  @inline
  group(
    activation: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    mixture(activation, nodes, a, v128.load(b), v128.load(c), v128.load(d), out);
    mixture(activation, nodes, a, v128.load(b, 16), v128.load(c, 16), v128.load(d, 16), out + 48);
  }
}

function mixture(code: i32, nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void {
  switch (code) {
    case ActivationCode.sigmoid: changetype<Sigmoid>(0).pair(nodes, a, b, c, delta, out); return;
    case ActivationCode.tanh: changetype<Tanh>(0).pair(nodes, a, b, c, delta, out); return;
    case ActivationCode.softplus: changetype<Softplus>(0).pair(nodes, a, b, c, delta, out); return;
    default: changetype<Silu>(0).pair(nodes, a, b, c, delta, out);
  }
}

/** What a missing gain points to. */
const ONES: usize = memory.data<f64>([1.0, 1.0, 1.0, 1.0]);

/**
 * Two independent vectors in flight beside what the processor overlaps itself; four were no faster (sigmoid 4.2 ms
 * either way) and 4 kB longer.
 */
function mapRow<A extends Activation>(record: usize, m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const act = changetype<A>(record), step: usize = gain ? 32 : 0;
  const end4 = s + (<usize>(m & ~3) << 3);
  if (!gain) gain = ONES;
  while (s < end4) {
    const z0 = v128.load(s), z1 = v128.load(s, 16);
    act.apply(z0, v128.load(gain), s, g);
    act.apply(z1, v128.load(gain, 16), s + 16, g + 16);
    s += 32;
    g += 32;
    gain += step;
  }
  if (m & 2) {
    act.apply(v128.load(s), v128.load(gain), s, g);
    s += 16;
    g += 16;
    gain += step >> 1;
  }
  if (m & 1) {
    act.apply(v128.load64_splat(s), v128.load64_splat(gain), tmp, tmp + 16);
    store<f64>(s, load<f64>(tmp));
    store<f64>(g, load<f64>(tmp, 16));
  }
}
