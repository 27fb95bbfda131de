// What an activation is: a class whose one method turns a vector of pre-activations into σ and gain·σ'. It is final,
// has no fields and never exists in memory: the call is resolved and inlined in `mapRow`.
// To add one: a file beside this one, a row in `index.ts` and a row in the TypeScript table.

// @ts-ignore: decorator
@unmanaged
export abstract class Activation {
  /** Stores σ(z) at s and gain·σ'(z) at g, two lanes each. */
  abstract apply(z: v128, gain: v128, s: usize, g: usize): void;
}
