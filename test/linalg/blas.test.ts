/** Shapes that do not fit are an error of whoever calls, before an op writes beyond a matrix. */
import { describe, expect, test } from "vitest";
import * as blas from "../../src/linalg/blas.js";
import { scratch, type View } from "../../src/linalg/view.js";
import { loadContext, variants } from "../setup/variants.js";

interface Case {
  call: (...views: View[]) => void;
  shapes: [rows: number, cols: number][];
  /** Operands and their dimensions that may be larger: nothing else depends on them. */
  free?: [operand: number, dimension: 0 | 1][];
  /** Operands that may be transposed. */
  transposed?: number[];
}

const CASES: Record<string, Case> = {
  gemm: {
    call: (A, B, C) => blas.gemm(1, A, B, 0, C),
    shapes: [
      [2, 3],
      [3, 4],
      [2, 4],
    ],
    transposed: [0, 1],
  },
  syrk: {
    call: (A, C) => blas.syrk(1, A, 0, C),
    shapes: [
      [2, 3],
      [2, 2],
    ],
    free: [[0, 1]],
    transposed: [0],
  },
  "gram with one factor's half": {
    call: (C, G, A) => {
      const { A2, ...whole } = { A, A2: A, alpha: 1, beta: 1, gamma: 0 };
      blas.gram(C, G, undefined, whole);
      expect(() => blas.gram(C, G, undefined, { ...whole, A2 })).toThrow(/gram/);
      expect(() => blas.gram(C, G, G, whole)).toThrow(/gram/);
    },
    shapes: [
      [3, 3],
      [3, 4],
      [3, 2],
    ],
    free: [
      [1, 1],
      [2, 1],
    ],
  },
  "gram of itself": {
    call: (C, G, A) => blas.gram(C, G, undefined, { A, alpha: 1, beta: 1, gamma: 0 }),
    shapes: [
      [3, 3],
      [3, 4],
      [3, 2],
    ],
    free: [
      [1, 1],
      [2, 1],
    ],
  },
  gram: {
    call: (C, G, G2, A, A2) => blas.gram(C, G, G2, { A, A2, alpha: 1, beta: 1, gamma: 0 }),
    shapes: [
      [3, 5],
      [3, 4],
      [5, 4],
      [3, 2],
      [5, 2],
    ],
  },
  "gramBlock of itself": {
    call: (C, G, F) => blas.gramBlock(C, G, undefined, F, 0),
    shapes: [
      [4, 4],
      [4, 3],
      [2, 2],
    ],
    free: [[1, 1]],
  },
  gramBlock: {
    call: (C, G, G2, F) => blas.gramBlock(C, G, G2, F, 0),
    shapes: [
      [4, 6],
      [4, 3],
      [6, 3],
      [2, 3],
    ],
  },
  hadamard: {
    call: (A, B, C) => blas.hadamard(1, A, B, C),
    shapes: [
      [2, 3],
      [2, 3],
      [4, 3],
    ],
  },
  khatriRao: {
    call: (G, X, J) => blas.khatriRao(1, G, X, J),
    shapes: [
      [4, 3],
      [2, 2],
      [4, 6],
    ],
  },
  addTo: {
    call: (A, B) => blas.addTo(A, B),
    shapes: [
      [2, 3],
      [2, 3],
    ],
  },
  mirror: { call: (A) => blas.mirror(A), shapes: [[3, 3]] },
  asymmetry: { call: (A) => void blas.asymmetry(A), shapes: [[3, 3]], transposed: [0] },
  gemv: {
    call: (A, x, y) => blas.gemv(1, A, x, 0, y),
    shapes: [
      [2, 3],
      [1, 3],
      [1, 2],
    ],
    free: [
      [1, 0],
      [2, 0],
    ],
    transposed: [1, 2],
  },
  rowDotsInto: {
    call: (A, B, y) => blas.rowDotsInto(1, A, B, 0, y),
    shapes: [
      [2, 3],
      [2, 3],
      [1, 2],
    ],
    transposed: [2],
  },
  transpose: {
    call: (A, B) => blas.transpose(A, B),
    shapes: [
      [2, 3],
      [3, 2],
    ],
  },
  getrf: { call: (A) => void blas.getrf(A, 0), shapes: [[3, 3]] },
  eigh: { call: (A) => void blas.eigh(A, true), shapes: [[3, 3]] },
  potrf: { call: (A) => void blas.potrf(A), shapes: [[3, 3]] },
  rankOneUpdate: {
    call: (L, x) => blas.rankOneUpdate(L, x),
    shapes: [
      [3, 3],
      [1, 3],
    ],
    free: [[1, 0]],
  },
  rankOneDowndate: {
    call: (L, x) => void blas.rankOneDowndate(L, x, 0),
    shapes: [
      [3, 3],
      [1, 3],
    ],
    free: [[1, 0]],
  },
  trsm: {
    call: (B, L) => blas.trsm(B, L),
    shapes: [
      [2, 3],
      [3, 3],
    ],
    free: [[0, 0]],
    transposed: [1],
  },
  /** Of few rows. */
  trsv: {
    call: (B, L) => blas.substitute(B, L),
    shapes: [
      [2, 3],
      [3, 3],
    ],
    free: [[0, 0]],
    transposed: [1],
  },
};

describe.each(variants)("%s", (variant) => {
  const context = loadContext(variant);

  test.each(Object.entries(CASES))("%s", (name, { call, shapes, free = [], transposed = [] }) => {
    const run = (changed: [number, number][], trans = -1) =>
      context.arena.run(() => {
        const views = changed.map(([rows, cols], i) => {
          const A = i === trans ? scratch(context, cols, rows).t : scratch(context, rows, cols);
          A.t.t.numbers().fill(0);
          return A;
        });
        call(...views);
      });
    const error = new RegExp(name.split(" ")[0]);
    expect(() => run(shapes)).not.toThrow();
    shapes.forEach((shape, operand) => {
      for (const dimension of [0, 1]) {
        const larger = shapes.map((other): [number, number] => [...other]);
        larger[operand][dimension] = shape[dimension] + 1;
        const what = `operand ${operand} of ${larger.map((other) => other.join("×"))}`;
        if (free.some(([i, d]) => i === operand && d === dimension)) expect(() => run(larger), what).not.toThrow();
        else expect(() => run(larger), what).toThrow(error);
      }
      const what = `operand ${operand} transposed`;
      if (transposed.includes(operand)) expect(() => run(shapes, operand), what).not.toThrow();
      else expect(() => run(shapes, operand), what).toThrow(error);
    });
  });

  test("operands of two precisions are refused", () => {
    context.arena.run(() => {
      const [A, B] = [scratch(context, 3, 3, 8), scratch(context, 3, 3, 4)];
      for (const [one, two, three] of [
        [A, A, B],
        [A, B, A],
        [B, A, A],
      ])
        expect(() => blas.gemm(1, one, two, 0, three)).toThrow(
          /^internal: gemm of .*(?:8 bytes.*4 bytes|4 bytes.*8 bytes)/,
        );
    });
  });

  test("what has no op in float32 refuses it", () => {
    context.arena.run(() => {
      const A = scratch(context, 3, 3, 4);
      A.numbers().fill(0);
      expect(() => blas.getrf(A, 0)).toThrow(/^internal: getrf of 3×3 of 4 bytes/);
      expect(() => blas.asymmetry(A)).toThrow(/^internal: asymmetry of 3×3 of 4 bytes/);
    });
  });
});
