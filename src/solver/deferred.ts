/** The float64 Cholesky factor of a system that was solved without one: made when something first needs it, then kept. */
import type { Context } from "../arena.js";
import type { Factor } from "./factor.js";
import { factorSystem } from "./system.js";

export class DeferredFactor implements Factor {
  readonly kind = "cholesky";
  readonly truncated = false;
  readonly modes = undefined;
  readonly #context: Context;
  readonly #fill: (out: number) => void;
  #made: Factor | undefined;

  constructor(
    context: Context,
    readonly n: number,
    readonly ridge: number,
    fill: (out: number) => void,
  ) {
    this.#context = context;
    this.#fill = fill;
  }

  get rank(): number {
    return this.n;
  }

  get halfWidth(): number {
    return this.n;
  }

  ready(): void {
    this.#made ??= factorSystem(this.#context, this.n, this.ridge, this.#fill);
  }

  half(b: number, rows: number): number {
    return this.#factor.half(b, rows);
  }

  solve(b: number, rows: number): void {
    this.#factor.solve(b, rows);
  }

  project(): void {}

  logDeterminant(): number {
    return this.#factor.logDeterminant();
  }

  inverseDiagonal(): Float64Array {
    return this.#factor.inverseDiagonal();
  }

  free(): void {
    this.#made?.free();
    this.#made = undefined;
  }

  get #factor(): Factor {
    if (!this.#made) throw new Error("internal: a deferred factor is used before ready()");
    return this.#made;
  }
}
