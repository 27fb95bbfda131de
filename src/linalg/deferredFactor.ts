/**
 * The float64 factor of a system that has a solution already: one from float32, or one from a snapshot. The factor is
 * made when something first needs it, and then kept.
 */
import type { Context } from "../context.js";
import type { Factor } from "./factor.js";
import { factorByEigen, factorSystem } from "./system.js";
import type { View } from "./view.js";

export class DeferredFactor implements Factor {
  readonly kind: Factor["kind"];
  readonly ridges: Float64Array;
  readonly #truncated: boolean;
  readonly #context: Context;
  readonly #fill: (A: View) => void;
  #made: Factor | undefined;

  constructor(
    context: Context,
    readonly n: number,
    ridges: Float64Array,
    fill: (A: View) => void,
    /** `kind`: how the factor is made. `truncated`: what is known of it before it is made. */
    { kind, truncated }: { kind: Factor["kind"]; truncated: boolean } = { kind: "cholesky", truncated: false },
  ) {
    this.kind = kind;
    this.#truncated = truncated;
    this.#context = context;
    this.#fill = fill;
    this.ridges = ridges;
  }

  get rank(): number {
    return this.#known?.rank ?? this.n;
  }

  get truncated(): boolean {
    return this.#made?.truncated ?? this.#truncated;
  }

  get conditionNumber(): number | undefined {
    return this.#known?.conditionNumber;
  }

  get notes(): readonly string[] {
    return this.#known?.notes ?? [];
  }

  /** The factor; it is the caller's from here on. */
  take(): Factor {
    this.ready();
    const factor = this.#factor;
    this.#made = undefined;
    return factor;
  }

  /**
   * The factor, for questions that only an eigendecomposition can answer: those make it. A Cholesky factor has no such
   * answers, so it is undefined until something else makes it.
   */
  get #known(): Factor | undefined {
    if (this.kind === "eigen") this.ready();
    return this.#made;
  }

  ready(): void {
    const make = this.kind === "eigen" ? factorByEigen : factorSystem;
    this.#made ??= make(this.#context, this.n, this.ridges, this.#fill);
  }

  half(B: View, k?: number): View {
    return this.#factor.half(B, k);
  }

  explained(B: View): Float64Array {
    return this.#factor.explained(B);
  }

  solve(B: View): void {
    this.#factor.solve(B);
  }

  project(B: View): void {
    this.#made?.project(B);
  }

  projected(B: View): View {
    return this.#factor.projected(B);
  }

  logDeterminant(k: number): number | undefined {
    return this.#factor.logDeterminant(k);
  }

  inverseDiagonal(k: number): Float64Array {
    return this.#factor.inverseDiagonal(k);
  }

  degreesOfFreedom(k: number): number {
    return this.#factor.degreesOfFreedom(k);
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
