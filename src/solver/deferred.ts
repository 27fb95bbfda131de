/** The float64 factor of a system that was solved without one: made when something first needs it, then kept. */
import type { Context } from "../arena.js";
import type { Factor } from "./factor.js";
import { factorSystem } from "./system.js";

export class DeferredFactor implements Factor {
  readonly kind = "cholesky";
  readonly ridges: Float64Array;
  readonly #context: Context;
  readonly #fill: (out: number) => void;
  #made: Factor | undefined;

  constructor(
    context: Context,
    readonly n: number,
    ridge: number,
    fill: (out: number) => void,
  ) {
    this.#context = context;
    this.#fill = fill;
    this.ridges = Float64Array.of(ridge);
  }

  get rank(): number {
    return this.#made?.rank ?? this.n;
  }

  get truncated(): boolean {
    return this.#made?.truncated ?? false;
  }

  get conditionNumber(): number | undefined {
    return this.#made?.conditionNumber;
  }

  get notes(): readonly string[] {
    return this.#made?.notes ?? [];
  }

  get halfWidth(): number {
    return this.#factor.halfWidth;
  }

  ready(): void {
    this.#made ??= factorSystem(this.#context, this.n, this.ridges, this.#fill);
  }

  half(b: number, rows: number): number {
    return this.#factor.half(b, rows);
  }

  explained(b: number, rows: number): Float64Array {
    return this.#factor.explained(b, rows);
  }

  solve(b: number, rows: number): void {
    this.#factor.solve(b, rows);
  }

  project(b: number, rows: number): void {
    this.#made?.project(b, rows);
  }

  projected(b: number, rows: number): number {
    return this.#factor.projected(b, rows);
  }

  logDeterminant(): number | undefined {
    return this.#factor.logDeterminant(0);
  }

  inverseDiagonal(): Float64Array {
    return this.#factor.inverseDiagonal(0);
  }

  degreesOfFreedom(): number {
    return this.#factor.degreesOfFreedom(0);
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
