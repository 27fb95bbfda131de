// The table of activations: one row each, numbered like `ActivationCode` in src/ops.ts.
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
    case 0: mapRow<Sigmoid>(m, gain, s, g, tmp); return true;
    case 1: mapRow<Tanh>(m, gain, s, g, tmp); return true;
    case 2: mapRow<Erf>(m, gain, s, g, tmp); return true;
    case 3: mapRow<Relu>(m, gain, s, g, tmp); return true;
    case 4: mapRow<Identity>(m, gain, s, g, tmp); return true;
    case 5: mapRow<Gelu>(m, gain, s, g, tmp); return true;
    case 6: mapRow<Softplus>(m, gain, s, g, tmp); return true;
    case 7: mapRow<Silu>(m, gain, s, g, tmp); return true;
    case 8: mapRow<Sin>(m, gain, s, g, tmp); return true;
    default: return false;
  }
}

/** What a missing gain points to. */
const ONES: usize = memory.data<f64>([1.0, 1.0, 1.0, 1.0]);

/** Two independent vectors in flight beside what the processor overlaps itself; four were no faster (sigmoid 4.2 ms either way) and 4 kB longer. */
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
