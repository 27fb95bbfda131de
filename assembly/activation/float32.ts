// Activations in float32, four lanes at a time. sigmoid, tanh, erf, relu and identity have a class
// of their own for it. All others go through the double one and are rounded once.
import { ActivationCode } from "../../src/codes";
import { Float32Activation } from "./activation";
import { Erf4 } from "./erf";
import { Identity4 } from "./identity";
import { activate } from "./index";
import { Relu4 } from "./relu";
import { Sigmoid4 } from "./sigmoid";
import { Tanh4 } from "./tanh";

/** S = σ(S) in place and G = gain ∘ σ' for one row of m floats; false for an unknown activation. `tmp`: 256 bytes. */
export function activateFloat32(activation: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): bool {
  switch (activation) {
    case ActivationCode.sigmoid: mapFloats<Sigmoid4>(m, gain, s, g, tmp); return true;
    case ActivationCode.tanh: mapFloats<Tanh4>(m, gain, s, g, tmp); return true;
    case ActivationCode.erf: mapFloats<Erf4>(m, gain, s, g, tmp); return true;
    case ActivationCode.relu: mapFloats<Relu4>(m, gain, s, g, tmp); return true;
    case ActivationCode.identity: mapFloats<Identity4>(m, gain, s, g, tmp); return true;
    default:
      if (!activate(activation, 0, 0, s, g, tmp)) return false;
      mapWidened(activation, m, gain, s, g, tmp);
      return true;
  }
}

/** What a missing gain points to: as many as a step reads. */
const ONES: usize = memory.data<f32>([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]);

function mapFloats<A extends Float32Activation>(m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const act = changetype<A>(0), step: usize = gain ? 32 : 0;
  const end = s + (<usize>m << 2), end8 = s + (<usize>(m & ~7) << 2);
  if (!gain) gain = ONES;
  while (s < end8) {
    const z0 = v128.load(s), z1 = v128.load(s, 16);
    act.apply(z0, v128.load(gain), s, g);
    act.apply(z1, v128.load(gain, 16), s + 16, g + 16);
    s += 32;
    g += 32;
    gain += step;
  }
  if (m & 4) {
    act.apply(v128.load(s), v128.load(gain), s, g);
    s += 16;
    g += 16;
    gain += step >> 1;
  }
  while (s < end) {
    act.apply(v128.load32_splat(s), v128.load32_splat(gain), tmp, tmp + 16);
    store<f32>(s, load<f32>(tmp));
    store<f32>(g, load<f32>(tmp, 16));
    s += 4;
    g += 4;
    gain += step >> 3;
  }
}

/** Eight at a time through the double activation, in 256 bytes of `tmp`. */
function mapWidened(activation: i32, m: i32, gain: usize, s: usize, g: usize, tmp: usize): void {
  const value = tmp, slope = tmp + 64, weight = tmp + 128, rest = tmp + 192;
  for (let j = 0; j < m; j += 8) {
    const live = min(8, m - j), o = <usize>j << 2;
    widen(live, s + o, value);
    if (gain) widen(live, gain + o, weight);
    activate(activation, live, gain ? weight : 0, value, slope, rest);
    narrow(live, value, s + o);
    narrow(live, slope, g + o);
  }
}

function widen(count: i32, from: usize, to: usize): void {
  for (; count > 1; count -= 2, from += 8, to += 16) v128.store(to, f64x2.promote_low_f32x4(v128.load64_zero(from)));
  if (count) store<f64>(to, <f64>load<f32>(from));
}

function narrow(count: i32, from: usize, to: usize): void {
  for (; count > 1; count -= 2, from += 16, to += 8) v128.store64_lane(to, f32x4.demote_f64x2_zero(v128.load(from)), 0);
  if (count) store<f32>(to, <f32>load<f64>(from));
}
