/**
 * Cases: numbers at the ends of the doubles, matrices by family, networks, kernels and options. Every case is plain
 * data, so that a case that failed can be kept (`codec.ts`). `build.ts` makes models of it.
 */
import fc from "fast-check";
import { INITS } from "../../src/model/initSchemes.js";
import { EXAMPLE } from "../oracle/activations.js";

export type Rows = number[][];

/** Mostly 1; else an end of the doubles, or near the place where squares leave them. */
const ENDS = [5e-324, 1e-320, 1e-308, 1e-300, 1e-200, 1e-160, 1e-154, 1e-100, 1e100, 1e150, 1e154, 1e160, 1e200, 1e300];
export const scale = fc.oneof(
  { weight: 6, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.constantFrom(1e-8, 1e-3, 1e3, 1e8) },
  { weight: 3, arbitrary: fc.constantFrom(...ENDS) },
);
/** A scale that is no end of the doubles. */
export const mild = fc.constantFrom(1, 1, 1, 1e-6, 1e-3, 0.1, 10, 1e3, 1e6);

/** A number about 1 in size, and ±0. */
export const entry = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -4, max: 4 }).map((k) => k / 2) },
  { weight: 5, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -0, 1, -1) },
);

const rowsOf = (rows: number, cols: number) =>
  fc.array(fc.array(entry, { minLength: cols, maxLength: cols }), { minLength: rows, maxLength: rows });

const size = (max: number) =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 5, arbitrary: fc.integer({ min: 1, max }) });

/** What is done to a matrix of numbers about 1. */
const FAMILIES: Record<string, (rows: Rows) => Rows> = {
  any: (rows) => rows,
  duplicates: (rows) => rows.map((row, i) => (i % 2 === 1 ? rows[i - 1] : row)),
  "all equal": (rows) => rows.map(() => rows[0]),
  "constant column": (rows) => rows.map((row) => row.map((x, j) => (j === 0 ? rows[0][0] : x))),
  "collinear columns": (rows) => rows.map((row) => row.map((_, j) => row[0] * (j + 1))),
  "rank one": (rows) => rows.map((row) => rows[0].map((x) => x * row[0])),
  "nearly equal": (rows) => rows.map((row, i) => rows[0].map((x, j) => x * (1 + i * 2 ** -50) + row[j] * 2 ** -48)),
  hilbert: (rows) => rows.map((row, i) => row.map((_, j) => 1 / (i + j + 1))),
  zero: (rows) => rows.map((row) => row.map(() => 0)),
  "columns of many sizes": (rows) => rows.map((row) => row.map((x, j) => x * 10 ** (j % 2 === 0 ? 6 : -6))),
};

/** A matrix of a family, times a scale. */
export function matrixOf(rows: number, cols: number, by: fc.Arbitrary<number> = scale): fc.Arbitrary<Rows> {
  const family = fc.oneof(
    { weight: 3, arbitrary: fc.constant("any") },
    { weight: 3, arbitrary: fc.constantFrom(...Object.keys(FAMILIES)) },
  );
  return fc
    .tuple(rowsOf(rows, cols), family, by)
    .map(([base, name, s]) => FAMILIES[name](base).map((row) => row.map((x) => x * s)));
}

/** Numbers of rows and columns, and what follows from them. */
export function sized<T>(most: readonly number[], of: (...sizes: number[]) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.tuple(...most.map(size)).chain((sizes) => of(...sizes));
}

const product = (B: Rows) => B.map((a) => B.map((b) => a.reduce((sum, x, k) => sum + x * b[k], 0)));
const plus = (A: Rows, shift: number) => A.map((row, i) => row.map((x, j) => (i === j ? x + shift : x)));

/** Symmetric matrices: definite, of low rank, Hilbert's, indefinite, and one that is not symmetric. */
const SQUARES: Record<string, (B: Rows) => Rows> = {
  definite: (B) => plus(product(B), 1),
  gram: (B) => product(B),
  shifted: (B) => plus(product(B), 1e-13),
  diagonal: (B) => B.map((row, i) => row.map((x, j) => (i === j ? x : 0))),
  hilbert: (B) => B.map((row, i) => row.map((_, j) => 1 / (i + j + 1))),
  indefinite: (B) => B.map((row, i) => row.map((_, j) => B[Math.max(i, j)][Math.min(i, j)])),
  ones: (B) => B.map((row) => row.map(() => 1)),
  asymmetric: (B) => B,
  // D A D: condition up to 1e24, as good as A for Cholesky.
  graded: (B) =>
    plus(product(B), 1).map((row, i) => row.map((x, j) => x * 10 ** ((i % 5) * 3 - 6) * 10 ** ((j % 5) * 3 - 6))),
};

/** A square matrix, and of which kind. */
export interface Square {
  kind: string;
  A: Rows;
}

export function squareOf(n: number, by: fc.Arbitrary<number> = scale): fc.Arbitrary<Square> {
  return fc
    .tuple(rowsOf(n, n), fc.constantFrom(...Object.keys(SQUARES)), by)
    .map(([B, kind, s]) => ({ kind, A: SQUARES[kind](B).map((row) => row.map((x) => x * s)) }));
}

const ACTIVATIONS = Object.keys(EXAMPLE);
/** An activation: the name of one of the oracle's, or of two of one's own. */
export const activation = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom("sigmoid", "relu", ...ACTIVATIONS) },
  // Series of thousands of terms: a case takes as long as a hundred others.
  { weight: 1, arbitrary: fc.constantFrom("own bump", "own sine") },
);

export const stdOf = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0.5, 1, 1, 1.5) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1e-3, 10) },
  { weight: 1, arbitrary: scale },
);
const rate = fc.constantFrom(1, 1, 1, 0, 0.25, 4);
const outputScale = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(1, 1, 1, 0.5) }, { weight: 1, arbitrary: scale });

/** Options of `createNetwork`, with activations by name. */
export interface NetCase {
  kind: "net";
  activation: string | string[];
  options: Record<string, unknown>;
  /** Multiplies the parameters. */
  weights: number;
}

/** A scheme of drawing, with the parametrisation that goes with it. */
const schemes = fc.oneof(
  fc.constantFrom(...INITS).map((init) => ({ init })),
  fc.constant({ parametrization: "ntk" }),
  fc.constant({}),
);

export function netOf(inputs: number, outputs: number, by: fc.Arbitrary<number> = scale): fc.Arbitrary<NetCase> {
  const shallow = fc.record({
    hidden: fc.integer({ min: 1, max: 6 }).map((m) => [m]),
    more: fc.constantFrom({}, {}, {}, { centeredStart: true }, { parametrization: "meanField" }),
  });
  const deep = fc.record({
    hidden: fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 2, maxLength: 3 }),
    more: fc.constant({}),
  });
  const residual = fc.record({
    hidden: fc.integer({ min: 2, max: 4 }).map((m) => [m, m, m]),
    more: fc.constantFrom({ residual: 1 }, { residual: 2 }),
  });
  const shape = fc.oneof(
    { weight: 5, arbitrary: shallow as fc.Arbitrary<{ hidden: number[]; more: object }> },
    { weight: 3, arbitrary: deep as fc.Arbitrary<{ hidden: number[]; more: object }> },
    { weight: 1, arbitrary: residual as fc.Arbitrary<{ hidden: number[]; more: object }> },
  );
  return fc
    .record({
      shape,
      scheme: schemes,
      activation,
      other: activation,
      std: stdOf,
      biasStd: fc.option(stdOf, { nil: undefined }),
      bias: fc.boolean(),
      rates: fc.oneof(fc.constant(1), fc.record({ b: rate })),
      outputScale,
      seed: fc.integer({ min: 0, max: 99 }),
      weights: fc.oneof({ weight: 8, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: by }),
      list: fc.boolean(),
    })
    .map(({ shape, scheme, activation, other, std, biasStd, weights, list, ...rest }) => {
      const { hidden, more } = shape;
      const own = "parametrization" in more ? {} : scheme;
      return {
        kind: "net" as const,
        activation: list ? hidden.map((_, l) => (l === 0 ? activation : other)) : activation,
        options: {
          ...rest,
          ...own,
          ...more,
          inputs,
          outputs,
          hidden: hidden.length === 1 ? hidden[0] : hidden,
          weightStd: std,
          ...(biasStd !== undefined && { biasStd }),
        },
        weights,
      };
    });
}

export interface InfiniteCase {
  kind: "infinite";
  activation: string | string[];
  options: Record<string, unknown>;
}

/** Options of `createInfiniteNetwork`. */
export const infinite: fc.Arbitrary<InfiniteCase> = fc
  .record({
    depth: fc.integer({ min: 0, max: 3 }),
    activation,
    std: stdOf,
    biasStd: fc.option(stdOf, { nil: undefined }),
    bias: fc.boolean(),
    kernel: fc.constantFrom("ntk", "ntk", "nngp"),
    rates: fc.oneof(fc.constant(1), fc.record({ b: rate })),
    outputScale,
    standard: fc.constantFrom(false, false, false, true),
    residual: fc.constantFrom(0, 0, 0, 1),
  })
  .map(({ activation, std, biasStd, standard, residual, ...rest }) => ({
    kind: "infinite" as const,
    activation,
    options: {
      ...rest,
      weightStd: std,
      ...(biasStd !== undefined && { biasStd }),
      ...(standard && { parametrization: "standard", width: 7 }),
      residual: residual < rest.depth ? residual : 0,
    },
  }));

export type ModelCase =
  | NetCase
  | InfiniteCase
  | { kind: "rbf" | "matern" | "periodic" | "linear"; options: Record<string, unknown> }
  | { kind: "custom"; of: string; s: number }
  | { kind: "scaled"; model: ModelCase; s: number }
  | { kind: "inputScaled"; model: ModelCase; scales: number[] }
  | { kind: "sum"; terms: { model: ModelCase; weight: number }[] }
  | { kind: "product"; factors: ModelCase[] };

const length = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0.3, 1, 3) }, { weight: 1, arbitrary: scale });
const stationary: fc.Arbitrary<ModelCase> = fc.oneof(
  fc.record({ lengthScale: length, amplitude: length }).map((options) => ({ kind: "rbf" as const, options })),
  fc
    .record({ lengthScale: length, amplitude: length, nu: fc.constantFrom(0.5, 1.5, 2.5) })
    .map((options) => ({ kind: "matern" as const, options })),
  fc.record({ lengthScale: length, period: length }).map((options) => ({ kind: "periodic" as const, options })),
  fc.record({ weightStd: stdOf, biasStd: stdOf }).map((options) => ({ kind: "linear" as const, options })),
);

/** Kernels of one's own: one that is what it says, and those that lie. */
export const HONEST = ["brownian", "polynomial"] as const;
export const LIES = ["asymmetric", "NaN", "short", "wide", "indefinite", "throws", "text", "diagonal", "mean"] as const;
export const lying: fc.Arbitrary<ModelCase> = fc
  .record({ of: fc.constantFrom(...LIES), s: scale })
  .map((own) => ({ kind: "custom" as const, ...own }));

/** A model for inputs of d columns and targets of C columns. */
export function modelOf(d: number, C: number, by: fc.Arbitrary<number> = scale): fc.Arbitrary<ModelCase> {
  const honest = fc
    .record({ of: fc.constantFrom(...HONEST), s: by })
    .map((own) => ({ kind: "custom" as const, ...own }));
  const simple: fc.Arbitrary<ModelCase> = fc.oneof(
    { weight: 4, arbitrary: netOf(d, C, by) as fc.Arbitrary<ModelCase> },
    { weight: 3, arbitrary: infinite as fc.Arbitrary<ModelCase> },
    { weight: 2, arbitrary: stationary },
    { weight: 1, arbitrary: honest },
  );
  const factor = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0.5, 1, 2) }, { weight: 1, arbitrary: by });
  return fc.oneof(
    { weight: 8, arbitrary: simple },
    {
      weight: 1,
      arbitrary: fc.record({ model: simple, s: factor }).map((all) => ({ kind: "scaled" as const, ...all })),
    },
    {
      weight: 1,
      arbitrary: fc
        .record({ model: simple, scales: fc.array(factor, { minLength: d, maxLength: d }) })
        .map((all) => ({ kind: "inputScaled" as const, ...all })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(fc.record({ model: simple, weight: factor }), { minLength: 1, maxLength: 2 })
        .map((terms) => ({ kind: "sum" as const, terms })),
    },
    {
      weight: 1,
      arbitrary: fc
        .array(simple, { minLength: 1, maxLength: 2 })
        .map((factors) => ({ kind: "product" as const, factors })),
    },
  );
}

/** A ridge: none, one that counts, or an end of the doubles. */
export const ridge = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.constantFrom(1e-6, 1e-3, 0.1, 1, 10) },
  { weight: 1, arbitrary: fc.constantFrom(1e-300, 1e-160, 1e-30, 1e30, 1e160, 1e300) },
);

/** N numbers > 0. */
export const positives = (N: number) =>
  fc.array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0.1, 1, 2) }, { weight: 1, arbitrary: scale }), {
    minLength: N,
    maxLength: N,
  });

/** N labels of C classes, each of which occurs. */
export const labelsOf = (N: number, C: number) =>
  fc
    .array(fc.integer({ min: 0, max: C - 1 }), { minLength: N, maxLength: N })
    .map((labels) => labels.map((label, i) => (i < C ? i : label)));

/** A time: 0, some steps, and what is no time. */
export const time = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 2, 7, 100, 1e6) },
  { weight: 2, arbitrary: fc.constantFrom(-1, 1e300, Infinity, -Infinity, Number.NaN, 0.5) },
);
