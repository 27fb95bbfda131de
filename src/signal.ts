/** An `AbortSignal`, also where a consumer compiles without the types of the DOM. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } }
  ? S
  : { readonly aborted: boolean };
