// An activation is a class with two methods. `apply` gives σ and σ'; `pair` gives their Gaussian expectations.
// The class is final and has no fields: its calls are resolved and inlined. Of an activation with parameters `this` is
// the address of its record (src/ops.ts); of the others it is no address at all.
// How to add one: ARCHITECTURE.md, "One obvious place".

// @ts-ignore: decorator
@unmanaged
export abstract class Activation {
  /** Stores σ(z) at s and gain·σ'(z) at g, two lanes each. */
  abstract apply(z: v128, gain: v128, s: usize, g: usize): void;
  /**
   * The dual activation (MATH.md §6), two pairs at a time: for (u, v) ~ N(0, [[a, c], [c, b]]) and delta = ab − c² it
   * stores T = E[σ(u)σ(v)] at out and Ṫ = E[σ'(u)σ'(v)] at out + 16. abRelu also stores √(T11 T22) − T12 at out + 32.
   * `nodes`: the probit mixture (probit.ts).
   */
  abstract pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void;
}

/** Parameter i of an activation's record, in both lanes: a load, like a constant. */
// @ts-ignore: decorator
@inline
export function parameter(record: usize, i: usize): v128 {
  return v128.load64_splat(record + 16 + (i << 3));
}

/** The 2 E[σ(x)²] of a record, x a standard normal, where σ is positively homogeneous; else 0. */
// @ts-ignore: decorator
@inline
export function homogeneity(activation: i32): f64 {
  return isRecord(activation) ? load<f64>(<usize>activation, 8) : 0;
}

/** True where an op's argument `activation` is the address of a record. */
// @ts-ignore: decorator
@inline
export function isRecord(activation: i32): bool {
  return <u32>activation >= 1024 && (activation & 7) == 0;
}

/** σ and σ' in four lanes of float. An activation without one is computed in double and rounded. */
// @ts-ignore: decorator
@unmanaged
export abstract class Float32Activation {
  /** Stores σ(z) at s and gain·σ'(z) at g, four lanes each. */
  abstract apply(z: v128, gain: v128, s: usize, g: usize): void;
}
