/**
 * The float64 factor of a system whose solution is there without it (solved in float32, or restored from a snapshot): made when something first
 * needs it, then kept.
 */
import type { Context } from "../context.js";
import type { Factor } from "./factor.js";
import { factorByEigen, factorSystem } from "./system.js";

export class DeferredFactor implements Factor {
  readonly kind: Factor["kind"];
  readonly ridges: Float64Array;
  readonly #truncated: boolean;
  readonly #context: Context;
  readonly #fill: (out: number) => void;
  #made: Factor | undefined;

  constructor(
    context: Context,
    readonly n: number,
    ridges: Float64Array,
    fill: (out: number) => void,
    /** How it is made, and what is known of it before. */
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

  /** The factor, which the caller takes over. */
  take(): Factor {
    this.ready();
    const factor = this.#factor;
    this.#made = undefined;
    return factor;
  }

  /** What only an eigendecomposition knows, so that it is made; a Cholesky factor has nothing to tell before. */
  get #known(): Factor | undefined {
    if (this.kind === "eigen") this.ready();
    return this.#made;
  }

  get halfWidth(): number {
    return this.#factor.halfWidth;
  }

  ready(): void {
    const make = this.kind === "eigen" ? factorByEigen : factorSystem;
    this.#made ??= make(this.#context, this.n, this.ridges, this.#fill);
  }

  half(b: number, rows: number, k?: number): number {
    return this.#factor.half(b, rows, k);
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
