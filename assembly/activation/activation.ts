// An activation is a class with two methods. `apply` gives σ and σ'; `pair` gives their Gaussian expectations.
// The class is final, has no fields and never exists in memory: its calls are resolved and inlined.
// How to add one: ARCHITECTURE.md, "One obvious place".

// @ts-ignore: decorator
@unmanaged
export abstract class Activation {
  /** Stores σ(z) at s and gain·σ'(z) at g, two lanes each. */
  abstract apply(z: v128, gain: v128, s: usize, g: usize): void;
  /**
   * The dual activation (MATH.md §6), two pairs at a time: for (u, v) ~ N(0, [[a, c], [c, b]]) and delta = ab − c² it
   * stores T = E[σ(u)σ(v)] at out and Ṫ = E[σ'(u)σ'(v)] at out + 16. relu also stores √(T11 T22) − T12 at out + 32.
   * `nodes`: the probit mixture (probit.ts).
   */
  abstract pair(nodes: usize, a: v128, b: v128, c: v128, delta: v128, out: usize): void;
}

/** σ and σ' in four lanes of float. An activation without one is computed in double and rounded. */
// @ts-ignore: decorator
@unmanaged
export abstract class Float32Activation {
  /** Stores σ(z) at s and gain·σ'(z) at g, four lanes each. */
  abstract apply(z: v128, gain: v128, s: usize, g: usize): void;
}
