// xoshiro256++ (Blackman & Vigna 2021) on a state of four words in memory: draws and jumps of src/model/random.ts.

/** Powers of the transition matrix that make a jump of 2^128 draws, as published. */
const JUMP: usize = memory.data<u64>([0x180ec6d33cfd0aba, 0xd5a61266f0c9392c, 0xa9582618e03fc9aa, 0x39abdc4529b1661c]);

/** q_i = u − ½ for the next n uniforms u = (k + ½)·2^−52. Nothing rounds. */
export function centredUniforms(n: i32, state: usize, q: usize): void {
  run(false, n, state, q);
}

/** To the start of the next substream. */
export function jump(state: usize): i32 {
  run(true, 256, state, 0);
  return 0;
}

/** n steps. Each draws, or as a jump adds the states that JUMP names; the words stay in registers. */
// @ts-ignore: decorator
@inline
function run(jumping: bool, n: i32, state: usize, q: usize): void {
  let s0 = load<u64>(state), s1 = load<u64>(state, 8), s2 = load<u64>(state, 16), s3 = load<u64>(state, 24);
  let a0: u64 = 0, a1: u64 = 0, a2: u64 = 0, a3: u64 = 0;
  for (let i = 0; i < n; i++) {
    if (jumping) {
      const mask = 0 - ((load<u64>(JUMP + (<usize>(i >> 6) << 3)) >> <u64>(i & 63)) & 1);
      a0 ^= s0 & mask;
      a1 ^= s1 & mask;
      a2 ^= s2 & mask;
      a3 ^= s3 & mask;
    } else {
      const bits = rotl<u64>(s0 + s3, 23) + s0;
      store<f64>(q + (<usize>i << 3), (<f64><i64>(bits >> 12) + 0.5) * 2.220446049250313e-16 - 0.5);
    }
    const shifted = s1 << 17;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotl<u64>(s3, 45);
  }
  store<u64>(state, jumping ? a0 : s0);
  store<u64>(state, jumping ? a1 : s1, 8);
  store<u64>(state, jumping ? a2 : s2, 16);
  store<u64>(state, jumping ? a3 : s3, 24);
}
