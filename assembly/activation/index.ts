// The table of activations: two cases each, by the codes of src/activationCode.ts.
import { ActivationCode } from "../../src/activationCode";
import { mapPairs } from "../infinite/row";
import { Closed, Way, LogisticSeries, SiluSeries, SoftplusSeries } from "../infinite/ways";
import { Activation } from "./activation";
import { Erf } from "./erf";
import { Gelu } from "./gelu";
import { Identity } from "./identity";
import { Relu } from "./relu";
import { Sigmoid } from "./sigmoid";
import { Silu } from "./silu";
import { Sin } from "./sin";
import { Softplus } from "./softplus";
import { Tanh } from "./tanh";

/** S = σ(S) in place and G = gain ∘ σ' for one row of m; false for an unknown code. `tmp`: 32 bytes. */
export function activate(code: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  switch (code) {
    case ActivationCode.sigmoid: mapRow<Sigmoid>(m, gain, s, g, tmp); return true;
    case ActivationCode.tanh: mapRow<Tanh>(m, gain, s, g, tmp); return true;
    case ActivationCode.erf: mapRow<Erf>(m, gain, s, g, tmp); return true;
    case ActivationCode.relu: mapRow<Relu>(m, gain, s, g, tmp); return true;
    case ActivationCode.identity: mapRow<Identity>(m, gain, s, g, tmp); return true;
    case ActivationCode.gelu: mapRow<Gelu>(m, gain, s, g, tmp); return true;
    case ActivationCode.softplus: mapRow<Softplus>(m, gain, s, g, tmp); return true;
    case ActivationCode.silu: mapRow<Silu>(m, gain, s, g, tmp); return true;
    case ActivationCode.sin: mapRow<Sin>(m, gain, s, g, tmp); return true;
    default: return false;
  }
}

/** One row of dual activations, with the arguments of mapPairs; false for an unknown code. */
export function mapDualActivation(
  code: i32, groups: i32, nodes: usize, terms: i32, held: i32, a: usize, p: usize, b: usize, q: usize, c: usize, d: usize, t: usize,
  next: usize, nextB: usize, layer: usize, work: usize,
): bool {
  switch (code) {
    case ActivationCode.sigmoid: if (terms) mapPairs<LogisticSeries>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.tanh: if (terms) mapPairs<LogisticSeries>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.erf: mapPairs<Closed<Erf>>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.relu: mapPairs<Closed<Relu>>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.identity: mapPairs<Closed<Identity>>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.gelu: mapPairs<Closed<Gelu>>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    case ActivationCode.softplus: if (terms) mapPairs<SoftplusSeries>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.silu: if (terms) mapPairs<SiluSeries>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); break;
    case ActivationCode.sin: mapPairs<Closed<Sin>>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work); return true;
    default: return false;
  }
  if (!terms) mapPairs<DoubleSum>(code, groups, nodes, terms, held, a, p, b, q, c, d, t, next, nextB, layer, work);
  return true;
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
    code: i32, terms: i32, held: i32, nodes: usize, w: usize, mean: f64, a: v128, b: usize, c: usize, d: usize, q: usize, out: usize,
  ): void {
    mixture(code, nodes, a, v128.load(b), v128.load(c), v128.load(d), out);
    mixture(code, nodes, a, v128.load(b, 16), v128.load(c, 16), v128.load(d, 16), out + 48);
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
function mapRow<A extends Activation>(m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const act = changetype<A>(0), step: usize = gain ? 32 : 0;
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
